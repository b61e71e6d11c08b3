"""In the controller, after other plugins have written their reports: put the verdict into each of them."""

from __future__ import annotations

import html
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import pytest

from conformance.plugin import adapters, started
from conformance.plugin.state import RUN, STATE
from conformance.report import pytest_html
from conformance.report.allure_run import write_run
from conformance.report.junit import add_verdicts


class Afterwards:
    """Tell the verdict in the reports of other plugins: JUnit and Allure when they are written, pytest-html before."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.state = config.stash[STATE]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: Any) -> None:
        report.title = html.escape(pytest_html.page_title(self.config.stash[RUN].base_url))

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, prefix: list[str]) -> None:
        if self.state.report is not None:
            prefix.extend(pytest_html.summary(self.state.report))

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_html(self, report: pytest.TestReport, data: list[str]) -> None:
        """Tell a reason as a sentence, where pytest would show the tuple that it keeps it in."""
        if isinstance(report.longrepr, tuple) and data:
            data[:] = [html.escape(report.longrepr[2].removeprefix("Skipped: "))]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        report = self.state.report
        if report is None:
            return
        file, folder = adapters.junit_file(self.config), adapters.allure_folder(self.config)
        with suppress(OSError, ParseError):
            if file is not None and file.is_file():
                add_verdicts(file, report)
        with suppress(OSError):
            if folder is not None and folder.is_dir():
                write_run(report, folder, Path(started.home(self.config), self.config.stash[RUN].settings.report_dir))
