"""In every process that runs tests: select them, record what each decides, and report it."""

from __future__ import annotations

import gc
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest

from conformance.contract.words import remedy
from conformance.errors import Breached, NotTested, Why
from conformance.plugin.adapters import attach_parts, attach_record, outline_row, set_failure
from conformance.plugin.secrecy import masked_traceback
from conformance.plugin.state import RUN, STATE
from conformance.report.messages import known_message, told
from conformance.results.records import Reason, Record
from conformance.settings import Size
from conformance.wire.client import TargetGone

RECORD: Final = pytest.StashKey[Record]()
_SELDOM: Final = (10_000, 20, 20)
IS_UNTESTED: Final = pytest.StashKey[bool]()


def requirement_ids(item: pytest.Item) -> tuple[str, ...]:
    """Return the ids that a test names, by its marks or by the `requirement` column of an outline, sorted."""
    ids: list[str] = []
    for mark in item.iter_markers("requirement"):
        ids += [mark.kwargs["id"]] if "id" in mark.kwargs else mark.args
    ids += outline_row(item).get("requirement", "").split()
    return tuple(sorted(set(ids)))


def own_folders(config: pytest.Config) -> list[Path]:
    """Return the folders of the suite's own tests."""
    return [Path(config.rootpath, folder) for folder in config.getini("conformance_own_tests").split()]


class Tests:
    """In every process that runs tests: select them, and record what each of them decides."""

    def __init__(self, config: pytest.Config) -> None:
        self.run = config.stash[RUN]
        self.state = config.stash[STATE]
        self._items: dict[str, tuple[str, ...]] = {}
        self._deselected: dict[str, str] = {}
        self._beyond_size: set[str] = set()
        config.add_cleanup(gc.unfreeze)  # before pytest adds its own, so that it comes after the search for garbage

    def pytest_ignore_collect(self, collection_path: Path, config: pytest.Config) -> bool | None:
        """Ignore the suite's own tests wherever a process that tests a target looks for tests."""
        return True if collection_path in own_folders(config) else None

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Mark a test with each of its requirements, so that `-m 'requirement(id="…")'` finds it by any of them."""
        ids = requirement_ids(item)
        for name in ids:
            item.add_marker(pytest.mark.requirement(id=name))
        if ids:
            item.user_properties.append(("requirements", " ".join(ids)))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Deselect what is beyond the size; raise `pytest.UsageError` for an id that is not in the catalogue."""
        size = self.run.settings.size
        kept: list[pytest.Item] = []
        dropped: list[pytest.Item] = []
        for item in items:
            ids = requirement_ids(item)
            unknown = [name for name in ids if name not in self.run.catalogue]
            if unknown:
                known = remedy(unknown[0], self.run.catalogue.by_id)
                raise pytest.UsageError(f"{item.nodeid} names {unknown[0]}, which is not in the catalogue{known}")
            smallest = next((name for name in (Size.FULL, Size.SMOKE) if item.get_closest_marker(name)), Size.GATE)
            if size.holds(smallest):
                kept.append(item)
                self._items[item.nodeid] = ids
            else:
                dropped.append(item)
        decided = {name for item in kept for name in requirement_ids(item)}
        for item in dropped:
            for name in requirement_ids(item):
                if name not in decided:
                    self._deselected.setdefault(name, f"deselected: the size is {size}")
        self._beyond_size = {item.nodeid for item in dropped}
        if dropped:
            config.hook.pytest_deselected(items=dropped)
            items[:] = kept

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        for item in items:
            for name in requirement_ids(item) if item.nodeid not in self._beyond_size else ():
                self._deselected.setdefault(name, "deselected")

    def pytest_collection_finish(self) -> None:
        """Tell the controller which tests there are: it does not collect them itself where workers run them.

        What is there by now stays until the end, so that the garbage collector need not go through it again and again;
        and what tests leave behind is little.
        """
        self.run.shared.collected(self._items, self._deselected)
        gc.freeze()
        gc.set_threshold(*_SELDOM)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Open the record of a test before its fixtures, and close it after them."""
        record = Record(item.nodeid, requirement_ids(item))
        item.stash[RECORD] = record
        with self.run.recording(record):
            try:
                return (yield)
            except (KeyboardInterrupt, pytest.exit.Exception):
                self.run.recorder.settle()
                reason = Reason(self.state.stopped or "the run was interrupted", Why.STOPPED)
                record.finish(self.run.recorder.active_requirements(), reason)
                self.state.records.append(record)
                raise

    def pytest_bdd_before_step(self, step: Any) -> None:
        """Tell the recorder which step runs, for the evidence of what it finds."""
        self.run.recorder.steps.append(self.run.masker.text(f"{step.keyword} {step.name}"))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._phase(item, last=False))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._phase(item, last=True))

    def _phase(self, item: pytest.Item, last: bool) -> Generator[None, object, object]:
        """Run a phase of a test; turn what could not be tested into a skip, and breaches into one failure."""
        record, result, reason = item.stash[RECORD], None, None
        mask = self.run.masker.text
        try:
            result = yield
        except TargetGone as error:
            record.gone = str(error)
            reason = Reason(mask(record.gone), Why.STOPPED)
        except NotTested as error:
            reason = Reason(mask(error.reason), error.why, error.operation)
        self.run.recorder.settle()
        if last or reason is not None:
            record.finish(self.run.recorder.active_requirements(), reason)
        if (last or reason) and self._fails(record):
            raise Breached(told(self.run.catalogue, record, self.run.given, self.run.settings.seed))
        if last and reason is None and (known := known_message(self.run.recorder.known, record)):
            raise pytest.xfail.Exception(known)
        if reason is not None:
            item.stash[IS_UNTESTED] = True
            pytest.skip(f"not tested: {reason.words}")
        return result

    def _fails(self, record: Record) -> bool:
        strict = self.run.settings.strict
        return any(
            not breach.known and (strict or self.run.catalogue[breach.requirement].level == "MUST")
            for breach in record.breaches
        )

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Mask every text of a report, and attach the test's record to its last one."""
        self.run.recorder.settle()
        error = call.excinfo.value if call.excinfo is not None else None
        if call.excinfo is not None and isinstance(error, Breached):
            call.excinfo.traceback = call.excinfo.traceback[:0]  # pytest takes long to render what nobody will see
        report = yield
        mask = self.run.masker.text
        if isinstance(error, Breached):
            attach_parts(report, [(mask(part.headline), mask(part.text)) for part in error.parts])
            set_failure(report, mask(str(error)), mask(error.text))
        elif report.longrepr is not None and not isinstance(report.longrepr, tuple):
            if call.excinfo is not None and not isinstance(error, pytest.xfail.Exception):
                report.longrepr = masked_traceback(item, call.excinfo, report.longrepr, self.run.masker)
            else:
                report.longrepr = mask(str(error or report.longrepr))
        elif isinstance(report.longrepr, tuple):
            file, line, reason = report.longrepr
            if item.stash.get(IS_UNTESTED, False):
                file, line = str(item.path), (item.location[1] or 0) + 1
            report.longrepr = (file, line, mask(reason))
        report.sections = [(name, mask(text)) for name, text in report.sections]
        if report.when == "teardown":
            attach_record(report, item.stash[RECORD].to_data())
        return report
