"""What the parts of the plugin share: the run, and the state that its session has gathered."""

from __future__ import annotations

from typing import Final

import pytest

from conformance.report.allure_files import Folder
from conformance.report.model import Report
from conformance.results.records import Record
from conformance.run import Run

RUN: Final = pytest.StashKey[Run]()
STATE: Final = pytest.StashKey["SessionState"]()


class SessionState:
    """The state that a session gathers: the records of its tests, why it was stopped, and its report at the end.

    `allure` keeps Allure's files.
    """

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.stopped: str | None = None
        self.checked: tuple[str, ...] = ()
        self.report: Report | None = None
        self.allure: Folder | None = None
