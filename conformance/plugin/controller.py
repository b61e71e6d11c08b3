"""In the controller: the target's life, the gathered records, the exit status and the reports."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from traceback import format_exc
from typing import Final

import pytest

from conformance import __version__
from conformance.errors import Told
from conformance.plugin import adapters, hooks, started
from conformance.plugin.features import definitions_of_steps, feature_mistakes
from conformance.plugin.interim import Interim
from conformance.plugin.mistakes import broken_import
from conformance.plugin.sandbox import SANDBOX
from conformance.plugin.secrecy import mask_metadata
from conformance.plugin.signals import Signals
from conformance.plugin.state import RUN, STATE
from conformance.plugin.statuses import Status, exit_reason, exit_status
from conformance.plugin.workers import Relay
from conformance.report import UNFINISHED, begin_reports, pages_seen_from, write_reports, write_traffic
from conformance.report.known import render_known_failures
from conformance.report.messages import repeated
from conformance.report.model import Report, build_report
from conformance.report.reproduce.script import scripts
from conformance.report.summary import github_annotations
from conformance.report.terminal import print_breaches, print_failures, print_summary
from conformance.results.comparison import read_report
from conformance.results.records import CHECK, Record
from conformance.settings import Size
from conformance.wire.connection import wait_for_target
from conformance.wire.target import TargetError
from conformance.wire.together import MOST, worth_sending_side_by_side

_SHARE_OF_ACCOUNTS: Final = 0.2
"""About how many of a gate's requests sign up or sign in."""
_WORTH_TELLING: Final = 3.0
_WORKERS: Final = 8
_START_OF_WORKERS: Final = 6.0
_WORTH_WORKERS: Final = 5.0


class Session:
    """In the one process that reports: the target's life, the gathered records, the exit status and the reports."""

    def __init__(self, config: pytest.Config, relay: Relay, surroundings: Sequence[str] = ()) -> None:
        self.config = config
        self.relay = relay
        self._surroundings = surroundings
        self.run = config.stash[RUN]
        self.state = config.stash[STATE]
        self.run.client.limits.on_wait = self._tell_wait
        self._signals = Signals(self._stopped_by_signal)
        self._failure = ""
        self._written = ""
        self._told: dict[str, str] = {}
        self._unreached = False
        self._uncollected = False
        self._misread: list[str] = []
        self._enough = False
        self._saying = threading.Lock()
        self._earlier = read_report(Path(self.run.settings.compare)) if self.run.settings.compare else None
        self._interim = Interim(lambda: write_reports(self._unfinished(), self._folder, self._pages))

    def pytest_report_header(self) -> list[str]:
        settings = self.run.settings
        shown = ", ".join(f"{name}={value}" for name, value in settings.shown().items())
        target = self.config.getoption("base_url", None) or "the bundled sandbox"
        lines = [
            f"conformance {__version__}: target {target}, size {settings.size}, seed {settings.seed}, run {self.run.id}"
        ]
        lines += [f"configuration: {self.run.masker.text(shown)}"] if shown else []
        lines += self._surroundings
        lines += ["warning: --insecure is set, so that any TLS certificate is accepted"] if settings.insecure else []
        return lines

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Read the features, wait for the sandbox where no target is given, and mark the reports as not finished."""
        run = self.run
        for words in self._feature_mistakes():
            raise pytest.UsageError(words)
        self._signals.install()
        adapters.tell_version(self.config, __version__)
        if started.is_command(self.config):
            adapters.show_ids_as_they_are(self.config)
        mask_metadata(self.config, run.masker)
        if SANDBOX in self.config.stash:
            try:
                run.client.base_url = self.config.stash[SANDBOX].url
            except TargetError as error:
                raise pytest.UsageError(str(error)) from None
            run.is_bundled = True
            adapters.tell_target(self.config, run.base_url)
        try:
            begin_reports(self._unfinished(), self._folder)
        except OSError as error:
            raise pytest.UsageError(f"--report-dir: {_unwritable(error)}") from None

    def _feature_mistakes(self) -> Iterator[str]:
        """Yield a sentence for each mistake in the features, before anything is sent (ini key of pytest-bdd)."""
        root, folder = self.config.rootpath, self.config.getini("bdd_features_base_dir")
        if folder:
            ids, marks = self.run.catalogue.by_id, adapters.known_marks(self.config)
            yield from feature_mistakes(root / folder, root, ids, marks, definitions_of_steps(root))

    def _require_target(self) -> None:
        """End the session where the target cannot be reached.

        The exit status is made exact at the end: of a status of our own, pytest would not print the summary.
        """
        run = self.run
        path = next(iter(run.contract.operations.values())).path
        reason = wait_for_target(run.client.own_wire, path, run.settings.wait_for_target, self.say)
        if reason is not None:
            run.client.gone = self.state.stopped = f"the target {run.base_url} cannot be reached: {reason}"
            self._unreached = True
            pytest.exit(
                f"{run.client.gone}; check the URL, or give a deploy time to come up with --wait-for-target SECONDS"
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_exception_interact(
        self, call: pytest.CallInfo[object], report: pytest.CollectReport | pytest.TestReport
    ) -> None:
        """Tell a file of tests that cannot be imported by one sentence, in place of a traceback."""
        if isinstance(report, pytest.CollectReport) and call.excinfo is not None:
            error = call.excinfo.value
            told = broken_import(error.__cause__ or error, self.config.rootpath)
            if told is not None:
                report.longrepr = told
                self._misread.append(told)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Try what the target lets us do, once all tests are collected and at a moment when its merchants are needed.

        A breach that is found here counts; since no test can be blamed for it, the tests start afresh and find it too.
        Nothing is sent where a test could not be collected, which is a mistake, or where none is selected.
        """
        if session.testsfailed and not adapters.goes_on_after_collection_errors(self.config):
            self._uncollected = True
            remedy = f"correct {self._misread[0]}" if self._misread else "correct it, see the error above"
            self.state.stopped = f"a file of tests could not be read: {remedy}"
            return
        if not session.items and not adapters.runs_in_workers(self.config):
            self._failure = (
                "no test was selected: name a folder or file that has some, or look at the words of -k and -m; "
                f"`{started.word(self.config)} --collect-only -q` lists all"
            )
            return
        self._require_target()
        record = Record(CHECK)
        try:
            with self.run.recording(record):
                told = self.config.hook.pytest_conformance_check(run=self.run) or []
                self._learn_distance()
                self._use_processors()
        except (hooks.CheckFailed, hooks.NotTheTarget) as error:
            record.breaches.clear()
            record.seen.clear()
            self.state.stopped = reason = self.run.masker.text(str(error))
            if isinstance(error, hooks.CheckFailed):
                pytest.exit(reason, Status.MISTAKE)
            self.run.client.gone, self._unreached = reason, True
            pytest.exit(reason)
        finally:
            record.decided = Counter(breach.requirement for breach in record.breaches)
            record.cases.clear()
            self.state.records.append(record)
        if record.breaches:
            self.run.store.clear()
        self.state.checked = tuple(map(self.run.masker.text, told))
        for line in self.state.checked:
            self.say(f"check    {line}")

    def _learn_distance(self) -> None:
        """Find out from the quickest responses of the check how many requests are worth sending side by side.

        Where reads lag behind, tests wait as they do for a far target. Where passwords are hashed well, signing up and
        in takes long, and counts for its share. The bundled sandbox is never far, however long it may take on a busy
        machine.
        """
        if self.run.is_bundled:
            return
        operations = self.run.contract.operations
        answered = [exchange for exchange in self.run.recent if exchange.response is not None]
        without_token = {name for name, operation in operations.items() if not operation.needs_token}
        quickest = min((exchange.seconds for exchange in answered), default=0.0)
        accounts = (exchange.seconds for exchange in answered if exchange.call.operation in without_token)
        mean = quickest + _SHARE_OF_ACCOUNTS * (min(accounts, default=quickest) - quickest)
        if self.run.reads_lag:
            self.run.side_by_side, self.run.waits_because = MOST, "lagging"
        else:
            self.run.side_by_side = worth_sending_side_by_side(mean)
            self.run.waits_because = "far" if worth_sending_side_by_side(quickest) > 1 else "slow"

    def _use_processors(self) -> None:
        """Let as many tests of a full run, which mostly makes its requests, run at a time as there are processors."""
        processors = min(os.cpu_count() or 1, MOST)
        if self.run.settings.size is Size.FULL and processors > self.run.side_by_side:
            self.run.side_by_side, self.run.waits_because = processors, "full"

    def _saved_by_workers(self) -> str:
        """Return in words what workers would save where the target is far and limits nothing, or an empty text."""
        client = self.run.client
        spread = adapters.runs_in_workers(self.config) or self.run.processes > 1
        if spread or self.run.side_by_side == 1 or client.wire.limited:
            return ""
        saved = client.spent * (1 - 1 / _WORKERS) - _START_OF_WORKERS
        told = (
            f"{client.spent:.0f} s went into waiting for responses; -n {_WORKERS} would save some {saved:.0f} s of it"
        )
        return told if saved > _WORTH_WORKERS else ""

    def _tell_wait(self, what: str, seconds: float) -> None:
        if seconds >= _WORTH_TELLING:
            self.say(f"waiting  {seconds:.0f} s: the target limits the rate of {what}")

    def say(self, line: str) -> None:
        """Tell the user something while the run goes on, whatever captures the output of the tests."""
        if not adapters.has_terminal(self.config):
            return
        writer = self.config.get_terminal_writer()
        with self._saying, adapters.uncaptured(self.config):
            if writer.width_of_current_line:
                writer.line()
            writer.line(line)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what a test decided, and let each breach be told in full by the first report alone that has it."""
        parts = [Told(*part) for part in adapters.parts_of(report)]
        if parts:
            adapters.set_failure(report, adapters.failure_message(report), repeated(parts, self._told, report.nodeid))
        data = adapters.detach_record(report)
        if data is not None:
            self.state.records.append(Record.from_data(data))
            self.run.client.gone = self.run.client.gone or data["gone"] or None
            self.run.recorder.broken |= {breach["requirement"] for breach in data["breaches"]}
            self._interim.after_test()

    def _stopped_by_signal(self, words: str) -> None:
        self.state.stopped = words

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note why the run ends: by the user, or by pytest-xdist itself, as after `-x`, which is a failure."""
        self._enough = adapters.was_ended_by_workers(excinfo)
        if self.state.stopped is None:
            self.state.stopped = str(excinfo.value) if self._enough else "the run was interrupted"
        self.relay.end()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Come to the verdicts, write the reports and make the exit status exact; a crash of ours is status 3."""
        self._signals.finish()
        try:
            self._finish(session, int(exitstatus))
        except OSError as error:
            session.exitstatus = Status.SUITE_FAILED
            self._failure = f"the reports could not be written: {_unwritable(error)}"
        except Exception:
            session.exitstatus = Status.SUITE_FAILED
            told = self.run.masker.text(format_exc())
            self._failure = f"the suite itself failed while it came to its verdict:\n{told}"
        finally:
            self.run.client.close()

    def _finish(self, session: pytest.Session, status: int) -> None:
        run, state = self.run, self.state
        if state.stopped is None:
            state.stopped = run.client.out_of_time or run.client.gone or run.client.tally.unreliable
        report = build_report(run, state.records, state.stopped, state.checked)
        if run.settings.audit:
            report = replace(report, audit=run.audit(report.decided_ids))
        report = replace(report, scripts=scripts(run, state.records, report.results), earlier=self._earlier)
        if self._enough:
            status = Status.BROKEN
        if self._uncollected:
            status = Status.MISTAKE
        if status in (Status.KEPT, Status.BROKEN) or self._unreached:
            status = exit_status(
                report,
                status,
                out_of_time=bool(run.client.out_of_time),
                unreached=bool(run.client.gone or run.client.tally.unreliable),
                allow_incomplete=run.settings.allow_incomplete,
            )
        session.exitstatus = status
        if status == Status.KEPT and adapters.too_many_warnings(self.config):
            status = Status.TOO_MANY_WARNINGS  # pytest says so, and ends with it, after the reports
        state.report = report.finished(datetime.now(UTC), status, exit_reason(report, status))
        write_reports(state.report, self._folder, self._pages)
        write_traffic(run, self.config.hook.pytest_conformance_walk(run=run) or [], self._folder)
        if state.allure is not None:
            state.allure.close()
        if run.settings.write_known_failures and state.report.finished_well:
            file = Path(run.settings.write_known_failures)
            file.write_text(render_known_failures(state.report), encoding="utf-8")
            self._written = (
                f"wrote    {file}; give each new entry its reason and owner, and name it by --known-failures"
            )

    def _unfinished(self) -> Report:
        """Return the report of what was done so far, as it stands should the run be killed."""
        state = self.state
        return build_report(self.run, state.records, UNFINISHED, state.checked).finished(
            datetime.now(UTC), Status.SUITE_FAILED
        )

    @property
    def _pages(self) -> str | None:
        return pages_seen_from(self._folder, self.config.rootpath, self.config.getini("conformance_pages"))

    @property
    def _folder(self) -> Path:
        return Path(started.home(self.config), self.run.settings.report_dir)

    def pytest_unconfigure(self) -> None:
        self._signals.restore()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None]:
        """Write each breach once, in place of its tests' failures, and the summary below all that others write."""
        report = self.state.report
        if report is None:
            yield
        else:
            with adapters.without_failures_of_breaches(terminalreporter) as held:
                yield
            names = adapters.lists_failures(self.config)
            print_breaches(terminalreporter, report, adapters.traceback_style(self.config), names=names)
            failures = [(test.nodeid, adapters.failure_message(test)) for test in held]
            print_failures(terminalreporter, failures, all_of_them=names)
            print_summary(terminalreporter, report, self.run.settings.report_dir)
            if words := self._saved_by_workers():
                terminalreporter.write_line(f"far      {words}")
            if os.environ.get("GITHUB_ACTIONS") == "true":
                for line in github_annotations(report.to_data()):
                    terminalreporter.write_line(line)
        if self._written:
            terminalreporter.write_line(self._written)
        if self._failure:
            terminalreporter.write_line(f"error    {self._failure}", red=True, bold=True)


def _unwritable(error: OSError) -> str:
    """Return in words what could not be written, and why."""
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or error}"
