"""Allure: scenarios with their steps, and the exchanges of a test as attachments."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import uuid4

import allure
import allure_commons
import pytest
from allure_commons.model2 import TestResultContainer

from conformance.errors import Breached, NotTested, Told
from conformance.masking import Masker
from conformance.report.messages import facts, headline
from conformance.results.records import Breach
from conformance.run import Run
from conformance.wire.evidence import as_text, evidence

_PREFIX: Final = f"{Breached.__module__}.{Breached.__name__}: "


class AllureMask:
    """Hooks of Allure itself: mask whatever it is about to write."""

    def __init__(self, masker: Masker) -> None:
        self.masker = masker

    @allure_commons.hookimpl(tryfirst=True)
    def report_result(self, result: Any) -> None:
        if result.statusDetails is not None and result.statusDetails.message:
            result.statusDetails.message = result.statusDetails.message.removeprefix(_PREFIX)
        _mask_fields(result, self.masker)


class AllureSteps:
    """Hooks that tell allure-pytest of scenarios, steps, requirements and evidence."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.step: Any = None
        self.known = 0

    def pytest_bdd_before_scenario(self, feature: Any, scenario: Any) -> None:
        allure.dynamic.feature(feature.name)
        allure.dynamic.story(scenario.name)
        allure.dynamic.title(scenario.name)
        allure.dynamic.description(f"{Path(feature.filename).name}: {scenario.name}")

    def pytest_bdd_before_step(self, step: Any) -> None:
        self.step = allure.step(self.run.masker.text(f"{step.keyword} {step.name}"))
        self.step.__enter__()
        self.known = len(self.run.record.breaches)

    def pytest_bdd_after_step(self) -> None:
        self._leave(self._breached(self.run.record.breaches[self.known :]))

    def _breached(self, breaches: list[Breach]) -> Breached | None:
        """Return what a step broke, to be shown at that step though it went on, or None."""
        strict, catalogue = self.run.settings.strict, self.run.catalogue
        new = [item for item in breaches if not item.known]
        failing = [item for item in new if strict or catalogue[item.requirement].level == "MUST"]
        told = [Told(headline(catalogue[item.requirement]), "\n".join(facts(item))) for item in failing]
        return Breached(told) if told else None

    def pytest_bdd_step_error(self, exception: BaseException) -> None:
        error = pytest.skip.Exception(str(exception)) if isinstance(exception, NotTested) else exception
        self._leave(self._breached(self.run.record.breaches[self.known :]) or error)

    def _leave(self, error: BaseException | None) -> None:
        if self.step is not None:
            self.step.__exit__(type(error) if error else None, error, None)
            self.step = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Any:
        for name in self.run.record.requirements:
            requirement = self.run.catalogue[name]
            allure.dynamic.tag(name)
            allure.dynamic.label("layer", requirement.concern)
        for exchange in self.run.recent:
            text = as_text(evidence(exchange, self.run.masker))
            allure.attach(text, exchange.summary, allure.attachment_type.JSON)
        return (yield)


class AllureDelivery:
    """In a worker: hand the files that Allure writes into `folder` to the controller, test by test."""

    def __init__(self, deliver: Callable[[Path], None]) -> None:
        self._folder = TemporaryDirectory()
        self._deliver = deliver
        self.folder = Path(self._folder.name)

    def pytest_runtest_logfinish(self) -> None:
        for file in self.folder.iterdir():
            self._deliver(file)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        self.pytest_runtest_logfinish()

    def pytest_unconfigure(self) -> None:
        self._folder.cleanup()


def write_item(folder: Path, item: Any) -> None:
    """Write the result of a test into Allure's folder; leave out what only tells of pytest's fixtures.

    Every step of a scenario is a fixture to pytest, so that there are five times as many of those as tests.
    """
    if isinstance(item, TestResultContainer):
        return
    text = json.dumps(item, default=_told, ensure_ascii=False)
    (folder / item.file_pattern.format(prefix=uuid4())).write_text(text, encoding="utf-8")


def _told(node: Any) -> dict[str, Any]:
    """Return a node of Allure's model as JSON has it: without what is empty."""
    return {name: value for name, value in vars(node).items() if value or value is False}


def _mask_fields(node: Any, masker: Masker) -> None:
    """Mask every text in a result of Allure's model, and in what it consists of."""
    for name, value in vars(node).items():
        if isinstance(value, str):
            setattr(node, name, masker.text(value))
        elif isinstance(value, list):
            for place, item in enumerate(value):
                if isinstance(item, str):
                    value[place] = masker.text(item)
                elif hasattr(item, "__dict__"):
                    _mask_fields(item, masker)
        elif hasattr(value, "__dict__") and not isinstance(value, type):
            _mask_fields(value, masker)
