"""The HTML report."""

from __future__ import annotations

import html
import json
from typing import Any


def render_html(data: dict[str, Any]) -> str:
    """A report as data: returns a self-contained page."""
    return f"<!doctype html><pre>{html.escape(json.dumps(data, indent=1))}</pre>"
