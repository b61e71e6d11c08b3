"""The pytest plugin: options, the target's life, one record for each test, verdicts, exit status and reports."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from conformance import allure_steps
from conformance.catalogue import Catalogue, CatalogueError, load_catalogue
from conformance.contract import ContractError, load_contract
from conformance.gateway import NOT_REACHED
from conformance.ledger import Breached, NotTested, Record
from conformance.masking import Masker
from conformance.messages import breaches_message
from conformance.options import SIZES, add_options, read_settings
from conformance.report import write_reports
from conformance.report.model import Report, build_report
from conformance.report.terminal import print_summary
from conformance.rules import Rules
from conformance.run import Run, wait_for_target
from conformance.secrecy import mask_logs, mask_metadata, masked_traceback
from conformance.target import Sandbox, TargetError, checked_url, refuse_load
from conformance.wire import TargetGone

RUN: Final = pytest.StashKey[Run]()
SANDBOX: Final = pytest.StashKey[Sandbox]()
OUTCOME: Final = pytest.StashKey["Outcome"]()
TARGET_NOT_REACHED: Final = 7
NOTHING_DECIDED: Final = 5
_NOT_TESTED: Final = "not tested: "
PLACES: Final = {
    "conformance_contract": "the OpenAPI document of the target; without it this plugin does nothing",
    "conformance_catalogue": "the folder of the requirement catalogue",
    "conformance_own_tests": "the folder of the suite's own tests, which never run against a given target",
}


class Outcome:
    """What the process that reports has gathered: the records of all tests and why others did not run."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.items: dict[str, tuple[str, ...]] = {}
        self.deselected: dict[str, str] = {}
        self.stopped: str | None = None
        self.report: Report | None = None


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)
    for name, words in PLACES.items():
        parser.addini(name, words, default="")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Sets where the reports go, before the plugins that write them are configured.

    pytest takes the value of an option that it does not know yet for a path, and, where such a folder exists, looks for
    its configuration there; where it missed ours for that, it is started once more with the right one.
    """
    here = Path(config.invocation_params.dir, "pyproject.toml")
    if config.inipath is None and here.is_file() and "conformance_contract" in here.read_text(encoding="utf-8"):
        return int(pytest.main(["-c", str(here), *config.invocation_params.args]))
    if _is_inert(config):
        return None
    folder = Path(config.rootpath, read_settings(config).report_dir)
    _make_writable(folder)
    option = config.option
    if config.pluginmanager.hasplugin("junitxml"):
        option.xmlpath = option.xmlpath or str(folder / "junit.xml")
    if config.pluginmanager.hasplugin("html"):
        option.htmlpath = getattr(option, "htmlpath", None) or str(folder / "report.html")
        option.self_contained_html = True
    if config.pluginmanager.hasplugin("allure_pytest") and not option.allure_report_dir:
        option.allure_report_dir, option.clean_alluredir = str(folder / "allure-results"), True
    return None


def _make_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise pytest.UsageError(f"--report-dir: the folder {folder} cannot be made ({error.strerror})") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise pytest.UsageError(f"--report-dir: nothing can be written into the folder {folder}; choose another")


def _is_inert(config: pytest.Config) -> bool:
    """Whether nothing is to be sent to a target: the suite's own tests, or a question to pytest itself."""
    option = config.option
    asked = option.help or option.version or option.collectonly or option.markers or option.showfixtures
    if asked or not config.getini("conformance_contract"):
        return True
    own = Path(config.rootpath, config.getini("conformance_own_tests"))
    paths = [Path(config.invocation_params.dir, argument.partition("::")[0]).resolve() for argument in config.args]
    if not any(path == own or own in path.parents for path in paths):
        return False
    if config.getoption("base_url", None):
        raise pytest.UsageError("the suite's own tests never run against a given target: leave --base-url out")
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Reads configuration, contract and catalogue; any mistake in them ends the session with one sentence."""
    config.addinivalue_line("markers", "requirement(id): the catalogue's requirement that a test decides")
    for size in SIZES:
        config.addinivalue_line("markers", f"{size}: the smallest size of run that a test belongs to")
    if not config.getini("conformance_contract"):
        return
    inert = _is_inert(config)
    try:
        settings = read_settings(config)
        catalogue = load_catalogue(config.rootpath / config.getini("conformance_catalogue"))
        contract = load_contract(config.rootpath / config.getini("conformance_contract"))
        base_url = config.getoption("base_url", None) or config.getini("base_url") or ""
        config.option.base_url = base_url = checked_url(base_url) if base_url else None
        refuse_load(base_url, settings.size, settings.allow_load)
        if base_url and (settings.sandbox_fault or settings.sandbox_variant):
            raise TargetError("--sandbox-fault and --sandbox-variant are for the bundled sandbox: leave --base-url out")
        rules = Rules(catalogue, contract)
    except (CatalogueError, ContractError, TargetError) as error:
        raise pytest.UsageError(str(error)) from None
    masker = Masker()
    mask_logs(config, masker)
    masker.add(settings.merchant_password, settings.second_merchant_password)
    for header in settings.header:
        name, _, value = header.partition(":")
        masker.add_header(name.strip())
        masker.add(value.strip())
    given = ["--base-url", base_url] if base_url else []
    given += [word for name in settings.sandbox_fault for word in ("--sandbox-fault", name)]
    given += [word for name in settings.sandbox_variant for word in ("--sandbox-variant", name)]
    if settings.size != "gate":
        given += ["--size", settings.size]
    run = Run(settings, contract, catalogue, rules, masker, config.rootpath, base_url or "", tuple(given))
    config.stash[RUN] = run
    handed = getattr(config, "workerinput", {}).get("conformance")
    if handed:
        told = json.loads(handed)
        run.base_url, run.id, run.shared = told["base_url"], told["id"], told["shared"]
        run.worker = config.workerinput["workerid"]  # type: ignore[attr-defined]
        settings.values["seed"] = told["seed"]
        masker.add(*told["secrets"])
    config.stash[OUTCOME] = Outcome()
    if not inert and not handed:
        config.pluginmanager.register(Session(config), "conformance-session")
    if not inert or config.option.collectonly:
        config.pluginmanager.register(Tests(config), "conformance-tests")
    if not inert and config.pluginmanager.hasplugin("allure_pytest"):
        config.pluginmanager.register(allure_steps.AllureSteps(run), "conformance-allure")


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """The run that all tests share; its connections end with the session."""
    current = request.config.stash[RUN]
    yield current
    current.close()


@pytest.hookimpl(tryfirst=True)
def pytest_bdd_apply_tag(tag: str, function: Any) -> bool | None:
    """A tag of a feature: a requirement's id becomes a mark that selects and decides; other tags stay plain marks."""
    if tag != tag.upper() or not tag[-1].isdigit():
        return None
    pytest.mark.requirement(id=tag)(function)
    return True


class Tests:
    """In every process that runs tests: which tests run, and what each of them decides."""

    def __init__(self, config: pytest.Config) -> None:
        self.run = config.stash[RUN]
        self.outcome = config.stash[OUTCOME]

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Marks a test with each requirement on its own, so that `-m 'requirement(id="…")'` finds it by any of them."""
        for name in requirement_ids(item):
            item.add_marker(pytest.mark.requirement(id=name))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Drops what a size leaves out, and refuses a test that names a requirement the catalogue lacks."""
        size = self.run.settings.size
        kept: list[pytest.Item] = []
        dropped: list[pytest.Item] = []
        for item in items:
            ids = requirement_ids(item)
            unknown = [name for name in ids if name not in self.run.catalogue]
            if unknown:
                raise pytest.UsageError(f"{item.nodeid} names {unknown[0]}, which is not in the catalogue")
            smallest = next((name for name in ("full", "smoke") if item.get_closest_marker(name)), "gate")
            fits = SIZES.index(size) >= SIZES.index(smallest)
            (kept if fits else dropped).append(item)
            self.outcome.items[item.nodeid] = ids
        for item in dropped:
            for name in requirement_ids(item):
                self.outcome.deselected.setdefault(name, f"deselected: the size is {size}")
        if dropped:
            config.hook.pytest_deselected(items=dropped)
            items[:] = kept

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        for item in items:
            for name in requirement_ids(item):
                self.outcome.deselected.setdefault(name, "deselected")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Opens the record of a test before its fixtures, and closes it after them."""
        record = Record(item.nodeid, requirement_ids(item))
        item.stash[RECORD] = record
        with self.run.recording(record):
            try:
                return (yield)
            except (KeyboardInterrupt, pytest.exit.Exception):
                undecided = set(record.requirements) - record.decided
                record.not_tested.update(dict.fromkeys(undecided, self.outcome.stopped or "the run was interrupted"))
                self.outcome.records.append(record)
                raise

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._phase(item, last=False))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        return (yield from self._phase(item, last=True))

    def _phase(self, item: pytest.Item, last: bool) -> Generator[None, object, object]:
        """Runs a phase of a test; turns what could not be tested into a skip, and breaches into one failure."""
        record, result, reason = item.stash[RECORD], None, None
        try:
            result = yield
        except TargetGone as error:
            record.gone = reason = str(error)
        except NotTested as error:
            reason = str(error)
        active = [name for name in record.requirements if self.run.catalogue[name].rule is None]
        if reason is not None:
            reason = self.run.masker.text(reason)
            record.drop_refusals(active)
            undecided = set(active) - {breach.requirement for breach in record.breaches}
            record.decided -= undecided
            record.not_tested.update(dict.fromkeys(undecided, reason))
        elif last:
            record.decided.update(active)
        if (last or reason) and self._fails(record):
            raise Breached(breaches_message(self.run.catalogue, record, self.run.given, self.run.settings.seed))
        if reason is not None:
            pytest.skip(f"{_NOT_TESTED}{reason}")
        return result

    def _fails(self, record: Record) -> bool:
        strict = self.run.settings.strict
        return any(strict or self.run.catalogue[breach.requirement].level == "MUST" for breach in record.breaches)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Masks every text of a report, and lets the test's record travel with its last one."""
        report = yield
        mask = self.run.masker.text
        if report.longrepr is not None and not isinstance(report.longrepr, tuple):
            if call.excinfo is not None and not call.excinfo.errisinstance(Breached):
                report.longrepr = masked_traceback(item, call.excinfo, report.longrepr, self.run.masker)
            else:
                report.longrepr = mask(str(call.excinfo.value if call.excinfo is not None else report.longrepr))
        elif isinstance(report.longrepr, tuple):
            file, line, reason = report.longrepr
            if call.excinfo is not None and _NOT_TESTED in reason:
                file, line = str(item.path), (item.location[1] or 0) + 1
            report.longrepr = (file, line, mask(reason))
        report.sections = [(name, mask(text)) for name, text in report.sections]
        if report.when == "teardown":
            report.conformance = item.stash[RECORD].to_data()  # type: ignore[attr-defined]
        return report


RECORD: Final = pytest.StashKey[Record]()


def requirement_ids(item: pytest.Item) -> tuple[str, ...]:
    """The requirements that a test names, by its marks or by the `requirement` column of an outline, sorted."""
    ids: list[str] = []
    for mark in item.iter_markers("requirement"):
        ids += [mark.kwargs["id"]] if "id" in mark.kwargs else mark.args
    example = getattr(getattr(item, "callspec", None), "params", {}).get("_pytest_bdd_example", {})
    ids += example.get("requirement", "").split()
    return tuple(sorted(set(ids)))


class Session:
    """In the one process that reports: the target's life, the gathered records, the exit status and the reports."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.run = config.stash[RUN]
        self.outcome = config.stash[OUTCOME]
        self._before: Any = None
        self._unreached = False

    def pytest_report_header(self) -> list[str]:
        settings = self.run.settings
        shown = ", ".join(f"{name}={value}" for name, value in settings.shown().items())
        target = self.config.getoption("base_url", None) or "the bundled sandbox"
        lines = [f"conformance: target {target}, size {settings.size}, seed {settings.seed}, run {self.run.id}"]
        lines += [f"configuration: {self.run.masker.text(shown)}"] if shown else []
        lines += ["warning: --insecure is set, so that any TLS certificate is accepted"] if settings.insecure else []
        return lines

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Starts the sandbox where no target is given."""
        run = self.run
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._terminated)
        mask_metadata(self.config, run.masker)
        if not run.base_url:
            faults = [word for name in run.settings.sandbox_fault for word in ("--fault", name)]
            variants = [word for name in run.settings.sandbox_variant for word in ("--variant", name)]
            try:
                sandbox = Sandbox.start([*faults, *variants])
            except TargetError as error:
                raise pytest.UsageError(str(error)) from None
            self.config.stash[SANDBOX] = sandbox
            run.base_url = sandbox.url

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Makes sure that the target can be reached, at a moment from which on pytest writes reports of a run.

        The exit status is made exact at the end: of a status of our own, pytest would not print the summary.
        """
        run = self.run
        reason = wait_for_target(run.wire, run.settings.wait_for_target)
        if reason is not None:
            run.gone = self.outcome.stopped = f"the target {run.base_url} cannot be reached: {reason}"
            self._unreached = True
            pytest.exit(f"{run.gone}; check the URL, or give a deploy time to come up with --wait-for-target SECONDS")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = getattr(report, "conformance", None)
        if data is not None:
            self.outcome.records.append(Record.from_data(data))
            self.run.gone = self.run.gone or data["gone"] or None
            del report.conformance

    def _terminated(self, *_: object) -> None:
        """A CI that ends its job: treated as Ctrl-C is, with the same status (2), so that the reports are written.

        Only the first SIGTERM counts: a second one would tear the reports that are being written.
        """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.outcome.stopped = "the run was interrupted by SIGTERM"
        raise KeyboardInterrupt

    def pytest_keyboard_interrupt(self) -> None:
        if self.outcome.stopped is None:
            self.outcome.stopped = "the run was interrupted"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Comes to the verdicts, writes the reports and makes the exit status exact."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        run, outcome = self.run, self.outcome
        if run.gone and outcome.stopped is None:
            outcome.stopped = run.gone
        report = build_report(run, outcome.records, outcome.deselected, outcome.items, outcome.stopped)
        status = int(exitstatus)
        if status in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) or self._unreached:
            status = self._status(report, status)
        session.exitstatus = status
        outcome.report = report.finished(datetime.now(UTC), status)
        folder = Path(self.config.rootpath, run.settings.report_dir)
        write_reports(outcome.report, folder)
        run.close()
        if SANDBOX in self.config.stash:
            self.config.stash[SANDBOX].stop()

    def _status(self, report: Report, status: int) -> int:
        if report.broken:
            return int(pytest.ExitCode.TESTS_FAILED)
        if self.run.gone:
            return TARGET_NOT_REACHED
        if status == pytest.ExitCode.OK and not report.decided:
            kept_out = any(result.reason.endswith(NOT_REACHED) for result in report.results)
            return TARGET_NOT_REACHED if kept_out else NOTHING_DECIDED
        return status

    def pytest_unconfigure(self) -> None:
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None]:
        """Writes the summary below all that other plugins write."""
        yield
        if self.outcome.report is not None:
            print_summary(terminalreporter, self.outcome.report, self.run.settings.report_dir)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    run = node.config.stash[RUN]
    node.workerinput["conformance"] = json.dumps(
        {"base_url": run.base_url, "id": run.id, "seed": run.settings.seed, "shared": run.shared, "secrets": []}
    )


def catalogue_of(config: pytest.Config) -> Catalogue:
    """The catalogue of the session, for tests that are made from its rows at collection."""
    return config.stash[RUN].catalogue
