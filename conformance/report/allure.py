"""Allure: scenarios with their steps, and the exchanges of a test as attachments."""

from __future__ import annotations

import os
from ast import literal_eval
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any, Final

import allure
import allure_commons
import pytest
from allure_commons.model2 import Parameter, Status, StatusDetails

from conformance.contract.catalogue import Requirement
from conformance.errors import Breached, NotTested, Told
from conformance.masking import Masker
from conformance.report.allure_run import WARNING
from conformance.report.messages import by_requirement, facts, headline
from conformance.results.records import Breach
from conformance.run import Run
from conformance.wire.evidence import as_text, with_curl
from conformance.wire.exchange import Exchange

_PREFIXES: Final = (f"{Breached.__module__}.{Breached.__name__}: ", "Skipped: ")
_SHOWN: Final = "expected and got"
_SEVERITIES: Final = {"MUST": "critical", "SHOULD": "minor", "": "normal"}


class AllureMask:
    """Hooks of Allure itself: mask whatever it is about to write, and leave out what is of this machine alone."""

    def __init__(self, masker: Masker, steps: AllureSteps) -> None:
        self.masker = masker
        self.steps = steps
        self.root = f"{steps.run.root}{os.sep}"

    @allure_commons.hookimpl(tryfirst=True)
    def report_result(self, result: Any) -> None:
        self.steps.conclude(result)
        if result.status == Status.SKIPPED and result.statusDetails is not None:
            result.statusDetails.trace = None
        result.parameters = [item for known in result.parameters for item in _told_parameters(known)]
        _change_texts(result, self._cleaned)

    def _cleaned(self, text: str) -> str:
        for prefix in _PREFIXES:
            text = text.removeprefix(prefix)
        return self.masker.text(text.replace(self.root, ""))


class AllureSteps:
    """Hooks that tell allure-pytest of scenarios, steps, requirements and evidence."""

    def __init__(
        self,
        run: Run,
        step_of: Callable[[str], Any] = lambda _: None,
        fail_step: Callable[[Any, Breached, str], None] = lambda *_: None,
    ) -> None:
        """`step_of` returns the result of a step that is open, by its id; `fail_step` lets one that has ended fail."""
        self.run = run
        self._step_of, self._fail_step = step_of, fail_step
        self._results: dict[int, Any] = {}
        self.step: Any = None
        self.known = 0
        self.attached: set[int] = set()
        self.warnings: list[str] = []
        self.is_scenario = self.is_interrupted = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """Begin a test afresh; one that is interrupted is not what its last phase made it."""
        self.attached, self.warnings, self._results = set(), [], {}
        self.is_scenario = self.is_interrupted = False
        try:
            return (yield)
        except BaseException:
            self.is_interrupted = True
            raise

    def conclude(self, result: Any) -> None:
        """Let the result of a test tell that it was interrupted, or which SHOULD it found not to be kept."""
        if self.is_interrupted:
            result.status = Status.SKIPPED
            result.statusDetails = StatusDetails(message="not tested: the run was interrupted")
        elif result.status == Status.PASSED and self.warnings:
            result.statusDetails = StatusDetails(message="\n".join(self.warnings))

    def pytest_bdd_before_scenario(self, feature: Any, scenario: Any) -> None:
        self.is_scenario = True
        allure.dynamic.feature(feature.name)
        allure.dynamic.story(scenario.name)
        allure.dynamic.title(scenario.name)
        allure.dynamic.description(f"{Path(feature.filename).name}: {scenario.name}")

    def pytest_bdd_before_step(self, step: Any) -> None:
        self.step = allure.step(self.run.masker.text(f"{step.keyword} {step.name}"))
        self.step.__enter__()
        self.known = len(self.run.record.breaches)

    def pytest_bdd_after_step(self) -> None:
        self._leave(self._broken_in_step())

    def _broken_in_step(self) -> Breached | None:
        """Return what the open step broke, as far as it is known by now; all of it, where any is."""
        recorder = self.run.recorder
        if recorder.record.breaches[self.known :]:
            recorder.settle()
        recorder.late.pop(len(recorder.steps), None)
        earlier = {id(breach) for breaches in recorder.late.values() for breach in breaches}
        return self._breached([item for item in recorder.record.breaches[self.known :] if id(item) not in earlier])

    def _breached(self, breaches: list[Breach]) -> Breached | None:
        """Return what a step broke, to be shown at that step though it went on, or None."""
        strict, catalogue = self.run.settings.strict, self.run.catalogue
        new = [item for item in breaches if not item.known]
        failing = [item for item in new if strict or catalogue[item.requirement].level == "MUST"]
        told = [
            Told(headline(catalogue[name]), "\n\n".join(dict.fromkeys("\n".join(facts(item)) for item in same)))
            for name, same in by_requirement(catalogue, failing).items()
        ]
        return Breached(told) if told else None

    def pytest_bdd_step_error(self, exception: BaseException) -> None:
        error = pytest.skip.Exception(str(exception)) if isinstance(exception, NotTested) else exception
        self.run.recorder.settle()
        self._leave(self._broken_in_step() or error)

    def _leave(self, error: BaseException | None) -> None:
        if self.step is not None:
            self._attach_exchanges()
            if isinstance(error, Breached):
                allure.attach(error.text, _SHOWN, allure.attachment_type.TEXT)
            self._results[len(self.run.recorder.steps)] = self._step_of(self.step.uuid)
            self.step.__exit__(type(error) if error else None, error, None)
            self.step = None

    def _attach_exchanges(self) -> None:
        """Attach each exchange once, to the step that sent it, or else to the test."""
        for exchange in self.run.recent:
            if exchange.number not in self.attached:
                self.attached.add(exchange.number)
                allure.attach(self._evidence(exchange), exchange.summary, allure.attachment_type.JSON)

    def _evidence(self, exchange: Exchange) -> Any:
        """Return the text of an attachment, or where another process writes it, how it is told to."""
        judge = self.run.judge_beside
        return as_text(with_curl(self.run.masked.of(exchange))) if judge is None else partial(judge.write, exchange)

    def _tell_late(self) -> None:
        """Show what was found out after a step had ended at that step."""
        for number, breaches in self.run.recorder.late.items():
            result, error = self._results.get(number), self._breached(breaches)
            if result is not None and error is not None:
                self._fail_step(result, error, _SHOWN)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Any:
        requirements = [self.run.catalogue[name] for name in self.run.record.requirements]
        allure.dynamic.epic(self.run.contract.document.get("info", {}).get("title", "API conformance"))
        if not self.is_scenario:
            allure.dynamic.feature(_first_line(getattr(item, "module", None)))
            allure.dynamic.story(requirements[0].concern if len(requirements) == 1 else _in_words(item.name)[0])
            allure.dynamic.title(
                headline(requirements[0]) if len(requirements) == 1 else ", ".join(_in_words(item.name))
            )
        allure.dynamic.severity(_severity(requirements))
        for requirement in requirements:
            allure.dynamic.tag(requirement.id)
        for concern in dict.fromkeys(requirement.concern for requirement in requirements):
            allure.dynamic.label("layer", concern)
        self._attach_exchanges()
        self._tell_late()
        self.warnings = [
            f"{WARNING}{headline(self.run.catalogue[name])}"
            for name in dict.fromkeys(breach.requirement for breach in self.run.record.breaches if not breach.known)
            if self.run.catalogue[name].level == "SHOULD"
        ]
        return (yield)


def _severity(requirements: list[Requirement]) -> str:
    """Return how severe a failure of a test is, by the strictest level of what it decides."""
    levels = {requirement.level for requirement in requirements}
    return _SEVERITIES["MUST" if "MUST" in levels else "SHOULD" if levels else ""]


def _first_line(module: object) -> str:
    """Return what the tests of a module are about, as the first sentence of the module says it."""
    return (getattr(module, "__doc__", None) or "Tests").strip().splitlines()[0].partition(": ")[0].rstrip(".")


def _in_words(name: str) -> list[str]:
    """Return the name of a test and its parameters as words for people."""
    function, _, parameters = name.partition("[")
    words = function.removeprefix("test_").replace("_", " ").capitalize()
    return [words, *parameters.rstrip("]").split("-")] if parameters else [words]


def _told_parameters(parameter: Any) -> list[Any]:
    """Return a parameter as people read it: the row of a scenario outline column by column, a text without quotes."""
    try:
        value = literal_eval(parameter.value)
    except (SyntaxError, ValueError):
        return [parameter]
    if isinstance(value, dict):
        return [Parameter(name=name, value=str(told)) for name, told in value.items()]
    return [Parameter(name=parameter.name, value=str(value))]


def _change_texts(node: Any, change: Callable[[str], str]) -> None:
    """Change every text in a result of Allure's model, and in what it consists of."""
    for name, value in vars(node).items():
        if isinstance(value, str):
            setattr(node, name, change(value))
        elif isinstance(value, list):
            for place, item in enumerate(value):
                if isinstance(item, str):
                    value[place] = change(item)
                elif hasattr(item, "__dict__"):
                    _change_texts(item, change)
        elif hasattr(value, "__dict__") and not isinstance(value, type):
            _change_texts(value, change)
