"""The reports of a run: one model, and a writer for each format."""

from __future__ import annotations

import json
import os
from pathlib import Path

from conformance.report.html import render_html
from conformance.report.model import Report


def write_reports(report: Report, folder: Path, pages: str | None = None) -> None:
    """A finished run: writes `conformance.json` and `conformance.html` into the folder, which is made if need be.

    `pages` is where the project's own pages are read, as `pages_seen_from` returns it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = report.to_data()
    text = json.dumps(data, indent=1, ensure_ascii=False)
    (folder / "conformance.json").write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
    (folder / "conformance.html").write_text(render_html(data, pages), encoding="utf-8", errors="backslashreplace")


def pages_seen_from(folder: Path, root: Path, place: str) -> str | None:
    """Return how the reports in `folder` link to the project's pages, which stand at `place`: an address, or in `root`.

    Returns None where `place` is not set, and for reports outside `root`, whose links would hold paths of this machine.
    """
    if place.startswith("https://"):
        return place.rstrip("/") + "/"
    if not place or not folder.resolve().is_relative_to(root.resolve()):
        return None
    return Path(os.path.relpath(root.resolve() / place, folder.resolve())).as_posix() + "/"
