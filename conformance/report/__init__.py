"""The reports of a run: one model, and a writer for each format."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from conformance.report.har import archive
from conformance.report.html import render_begun, render_html
from conformance.report.messages import UNFINISHED as UNFINISHED
from conformance.report.model import Report
from conformance.report.postman import WalkStep, collection
from conformance.report.reproduce.script import SCRIPTS
from conformance.report.summary import badge_endpoint, badge_svg, render_summary
from conformance.run import Run

HAR: Final = "exchanges.har"
POSTMAN: Final = "walk.postman_collection.json"
_OF_AN_EARLIER_RUN: Final = ("junit.xml", "report.html", "summary.md", "badge.svg", "badge.json", HAR, POSTMAN)


def begin_reports(report: Report, folder: Path) -> None:
    """Write the reports of a run that has not finished, so that nobody reads an earlier run's for this one's.

    Raises `OSError` where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in _OF_AN_EARLIER_RUN:
        folder.joinpath(name).unlink(missing_ok=True)
    for script in folder.glob(f"{SCRIPTS}/*.sh"):
        script.unlink()
    data = report.to_data()
    _write_forms(data, render_begun(data), folder)


def write_reports(report: Report, folder: Path, pages: str | None = None) -> None:
    """Write the reports of a run, its summary and its badge into the folder, which is created if need be.

    `pages` is where the project's own pages are read, as `pages_seen_from` returns it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = report.to_data()
    _write_forms(data, render_html(data, pages), folder)
    for script in report.scripts.values():
        place = folder / SCRIPTS
        place.mkdir(exist_ok=True)
        _write(place / script.name, script.text)
        (place / script.name).chmod(0o755)


def _write_forms(data: dict[str, Any], page: str, folder: Path) -> None:
    """Write the data of a run in each of our forms, and the page that was made of them."""
    _write(folder / "conformance.json", _in_lines(data))
    _write(folder / "conformance.html", page)
    _write(folder / "summary.md", render_summary(data))
    _write(folder / "badge.svg", badge_svg(data))
    _write(folder / "badge.json", badge_endpoint(data))


def _in_lines(data: dict[str, Any]) -> str:
    """Return a JSON object with each member on a line of its own, and each item of a list: to be searched and compared.

    What json indents itself takes more than twice as long to write.
    """
    encode = json.JSONEncoder(ensure_ascii=False).encode
    members = []
    for name, value in data.items():
        items = ",\n".join(f"  {encode(item)}" for item in value) if isinstance(value, list) else ""
        members.append(f" {encode(name)}: " + (f"[\n{items}\n ]" if items else encode(value)))
    return "{\n" + ",\n".join(members) + "\n}\n"


def write_traffic(run: Run, walk: Sequence[WalkStep], folder: Path) -> None:
    """Write the exchanges of a finished run as an HTTP archive, and the walk as a Postman collection."""
    _write(folder / HAR, "".join(archive(run.history, run.masked.of, run.history.left_out)))
    if walk:
        names = [header.partition(":")[0].strip() for header in run.settings.header]
        made = collection(walk, run.contract, run.masker.text(run.base_url), names)
        _write(folder / POSTMAN, json.dumps(made, indent=1, ensure_ascii=False) + "\n")


def _write(file: Path, text: str) -> None:
    """Write a file as a whole or not at all: a reader never sees half of it."""
    fresh = file.with_name(f".{file.name}.new")
    try:
        fresh.write_text(text, encoding="utf-8", errors="backslashreplace")
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)


def pages_seen_from(folder: Path, root: Path, place: str) -> str | None:
    """Return how the reports in `folder` link to the project's pages, which stand at `place`: an address, or in `root`.

    Returns None where `place` is not set, and for reports outside `root`, whose links would hold paths of this machine.
    """
    if place.startswith("https://"):
        return place.rstrip("/") + "/"
    if not place or not folder.resolve().is_relative_to(root.resolve()):
        return None
    return Path(os.path.relpath(root.resolve() / place, folder.resolve())).as_posix() + "/"
