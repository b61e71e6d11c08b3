"""Workers forked from a process that has collected the tests: they run side by side where the target is far.

A request to a far target is mostly waited for, so that one process could wait for several at a time. The workers of
pytest-xdist (`-n`) do so too, and each of them starts as a new process that imports and collects all anew; a fork has
all of that already. The controller keeps what it is to workers of either kind: it sends their requests and reports
their tests.

Without `fork`, and where the user looks into the running process (`--pdb`, `-s`), tests run one after the other.
"""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from traceback import format_exc
from typing import Any, Final

import pytest

from conformance.plugin import adapters
from conformance.plugin.state import RUN, STATE
from conformance.plugin.workers import FarWire, Relay
from conformance.results.records import Record

LAST: Final = "last"
"""The mark of a test that looks at what the others have left."""

_WORTH_IT: Final = 4
"""The fewest tests for each worker that is forked."""
_NEXT: Final = "next"
_REPORTS: Final = "reports"
_FAILED: Final = "failed"


def can_fork(config: pytest.Config) -> bool:
    """Return whether tests may run in forks of this process: on Linux, where nobody looks into it as it runs."""
    return sys.platform == "linux" and not adapters.runs_in_workers(config) and not adapters.wants_one_process(config)


class Forks:
    """In the controller: run the tests in forked workers, as many as requests are worth sending side by side."""

    def __init__(self, config: pytest.Config, relay: Relay, say: Callable[[str], None]) -> None:
        self.config = config
        self.relay = relay
        self._say = say
        self.run = config.stash[RUN]
        self._workers: list[_Worker] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Run all tests here, unless they are better left to pytest's own loop."""
        number = min(self.run.concurrency, len(session.items) // _WORTH_IT)
        if number < 2 or session.testsfailed or not can_fork(self.config):
            return None
        why = self.run.waits_because
        self._say(f"{why:<8} {number} tests run side by side; --concurrency 1 runs them one after the other")
        self.run.processes = number
        self.config.hook.pytest_conformance_fork(items=session.items)
        adapters.leave_files_out(self.config)
        try:
            self._start(number, session)
            self._deal(session)
        finally:
            for worker in self._workers:
                worker.end()
        return True

    def _start(self, number: int, session: pytest.Session) -> None:
        """Fork all workers before the first of them is served, by a thread: a fork has the locks of other threads."""
        channels: list[tuple[Connection, str]] = []
        for count in range(1, number + 1):
            (here, there), (near, far) = Pipe(), Pipe()
            name = f"w{count}"
            process = fork()
            if not process:
                for connection in (here, near, *(other for other, _ in channels), *self._connections):
                    connection.close()
                _work(session, _ForkChannel(there), far, name, self.run.concurrency)
            there.close()
            far.close()
            channels.append((here, name))
            self._workers.append(_Worker(name, process, near))
        for connection, name in channels:
            self.relay.serve(_ForkChannel(connection), name)

    @property
    def _connections(self) -> list[Connection]:
        return [worker.connection for worker in self._workers]

    def _deal(self, session: pytest.Session) -> None:
        """Give each worker that is free the next test, and report what the workers tell, until all tests have run.

        A test of which another has ended a session runs again: from then on, one test runs at a time. So do those that
        look at what the others have left, after them.
        """
        places = range(len(session.items))
        late = [place for place in places if session.items[place].get_closest_marker(LAST)]
        soon, alone = deque(place for place in places if place not in late), deque[int]()
        working = {worker.connection: worker for worker in self._workers}
        free: list[_Worker] = []
        while soon or alone or late or len(free) < len(working):
            for connection in wait(list(working)):
                worker = working[connection]  # type: ignore[index]
                verb, told = worker.hear()
                if verb == _FAILED:
                    raise RuntimeError(f"in the worker {worker.name}, which ran {worker.runs}:\n{told}")
                if verb == _NEXT:
                    free.append(worker)
                elif self.relay.was_disturbed(worker.name):
                    worker.connection.send(False)
                    self._keep_traces(told)
                    alone.extend([worker.place, *soon])
                    soon.clear()
                else:
                    worker.connection.send(True)
                    self._report(session, told)
            while free and soon:
                free.pop().carry_out(session.items, soon.popleft())
            if len(free) == len(working) and (alone or late):
                self.relay.let_one_work()
                known = dict(self.run.successes)
                free.pop().carry_out(session.items, alone.popleft() if alone else late.pop(0), known)

    def _keep_traces(self, told: Sequence[dict[str, Any]]) -> None:
        """Keep of a test that runs again what it has sent and created, and nothing that it found."""
        for report in self._reports(told):
            data = adapters.detach_record(report)
            if data is not None:
                record = Record.from_data(data)
                traces = Record(f"{record.test} (disturbed)", requests=record.requests, created=record.created)
                self.config.stash[STATE].records.append(traces)

    def _reports(self, told: Sequence[dict[str, Any]]) -> list[pytest.TestReport]:
        read = self.config.hook.pytest_report_from_serializable
        return [read(config=self.config, data=data) for data in told]

    def _report(self, session: pytest.Session, told: Sequence[dict[str, Any]]) -> None:
        """Tell all plugins of a test that a worker has run; raise as pytest's own loop where the session is to stop."""
        hook, reports = self.config.hook, self._reports(told)
        about = {"nodeid": reports[0].nodeid, "location": reports[0].location}
        hook.pytest_runtest_logstart(**about)
        for report in reports:
            hook.pytest_runtest_logreport(report=report)
        hook.pytest_runtest_logfinish(**about)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)


@dataclass
class _Worker:
    """A worker as the controller sees it: what it asks for tests and reports them over, and what it runs."""

    name: str
    process: int
    connection: Connection
    runs: str = ""
    place: int = 0

    def carry_out(
        self, items: Sequence[pytest.Item], place: int, successes: Mapping[tuple[str, str], int] | None = None
    ) -> None:
        """Let the worker run one of the tests; one that runs alone has to know what others have carried out."""
        self.runs, self.place = items[place].nodeid, place
        self.connection.send((place, successes))

    def hear(self) -> tuple[str, Any]:
        """Return what the worker tells now. Raises `RuntimeError` where it has ended before its time."""
        try:
            told: tuple[str, Any] = self.connection.recv()
        except EOFError:
            raise RuntimeError(f"the worker {self.name} has ended while it ran {self.runs or 'no test'}") from None
        return told

    def end(self) -> None:
        """End the worker, whatever it does, and wait until it has ended."""
        self.connection.close()
        with suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self.process, 0)


@dataclass(frozen=True)
class _ForkChannel:
    """A connection between a fork and its parent, as the channel of a worker."""

    connection: Connection

    def send(self, item: Any) -> None:
        self.connection.send(item)

    def receive(self) -> Any:
        return self.connection.recv()

    def close(self) -> None:
        self.connection.close()


def fork() -> int:
    """Fork this process; return 0 in the fork, and the fork's id in this one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads: none of this process holds a lock here
        return os.fork()


def ignore_endings() -> None:
    """Leave the signals that end a run to the process that this one was forked from."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _work(session: pytest.Session, channel: _ForkChannel, connection: Connection, name: str, concurrency: int) -> None:
    """Run tests in this fork as the controller deals them, and end the process.

    It sends its share of `concurrency` requests side by side, and all of them once it is the only one at work.
    """
    try:
        ignore_endings()
        run = session.config.stash[RUN]
        wire = FarWire(channel, run)
        run.become_worker(name, wire, wire)
        run.settings = replace(run.settings, concurrency=max(1, concurrency // run.processes))
        adapters.capture_anew(session.config)
        session.config.pluginmanager.register(_Reporting(session.config, connection))
        connection.send((_NEXT, None))
        while True:
            place, successes = connection.recv()
            if successes is not None:
                run.successes = Counter(successes)
                run.settings = replace(run.settings, concurrency=concurrency)
            item = session.items[place]
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=session)
            connection.send((_NEXT, None))
    except (EOFError, OSError, pytest.exit.Exception):
        pass
    except BaseException:
        with suppress(OSError):
            connection.send((_FAILED, format_exc()))
    finally:
        os._exit(0)


class _Reporting:
    """In a forked worker: run a test and hand its reports to the controller, which says whether they count."""

    def __init__(self, config: pytest.Config, connection: Connection) -> None:
        self._config = config
        self._connection = connection
        self._finish = adapters.hook_without_terminal(config, "pytest_runtest_logfinish")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item) -> bool:
        serialize = self._config.hook.pytest_report_to_serializable
        reports = adapters.reports_of(item, nextitem)
        self._connection.send((_REPORTS, [serialize(config=self._config, report=report) for report in reports]))
        if not self._connection.recv():
            adapters.drop_allure_result(self._config, item)
        self._finish(nodeid=item.nodeid, location=item.location)
        return True
