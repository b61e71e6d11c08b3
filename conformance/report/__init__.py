"""The reports of a run: one model, and a writer for each format."""

from __future__ import annotations

import json
from pathlib import Path

from conformance.report.html import render_html
from conformance.report.model import Report


def write_reports(report: Report, folder: Path) -> None:
    """A finished run: writes `conformance.json` and `conformance.html` into the folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    data = report.to_data()
    text = json.dumps(data, indent=1, ensure_ascii=False)
    (folder / "conformance.json").write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
    (folder / "conformance.html").write_text(render_html(data), encoding="utf-8", errors="backslashreplace")
