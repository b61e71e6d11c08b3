"""What the parts of the plugin hand to each other: the run, and what has come of its tests so far."""

from __future__ import annotations

from typing import Final

import pytest

from conformance.report.model import Report
from conformance.results.records import Record
from conformance.run import Run

RUN: Final = pytest.StashKey[Run]()
OUTCOME: Final = pytest.StashKey["Outcome"]()


class Outcome:
    """What the process that reports has gathered: the records of all tests and why others did not run."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.stopped: str | None = None
        self.checked: tuple[str, ...] = ()
        self.report: Report | None = None
