"""A process beside the tests that judges what they send: the next request need not wait for the rules.

It is forked once the tests have been collected and the target has been checked, so that it has the catalogue and what
the rules remember. It is handed each exchange in the order in which they are observed, and is asked at the end of a
test what they decide: verdicts are those of one process. What Allure shows of an exchange is written there too.

It is not used without `fork` or a second processor, where the user looks into the running process, in short runs, which
end sooner than it would pay, and in a full run, which is bounded by time alone and would be remembered twice.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from traceback import format_exc
from typing import Any, Final

import pytest

from conformance.plugin.forks import can_fork, fork, ignore_endings
from conformance.plugin.state import RUN, STATE
from conformance.recorder import Found
from conformance.report.allure_files import Keep
from conformance.run import Run
from conformance.settings import Size
from conformance.subprocesses import give_way
from conformance.wire.evidence import as_text, with_curl
from conformance.wire.exchange import Exchange

_WORTH_IT: Final = 20
"""The fewest tests for which a process is forked."""
_DEEPEST: Final = 20_000
_JUDGE, _WRITE, _VERDICTS, _KNOWN, _EVIDENCE = range(5)

_File = tuple[int, str]
"""A file of Allure's that is to be written: the number of the exchange that it tells of, and its name."""


class Judging:
    """In the one process that runs the tests: have a judge beside it for as long as they run."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.run = config.stash[RUN]
        self._judge: Judge | None = None

    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Start the judge after the check of the target, where no workers are forked."""
        if len(session.items) < _WORTH_IT or not can_judge_beside(self.config):
            return
        state = self.config.stash[STATE]
        self._judge = Judge.start(self.run, state.allure.keep if state.allure is not None else None)
        self.run.recorder.judged = self._judge.verdicts
        self.run.judge_beside = self._judge

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self) -> Any:
        """Take over what the judge has written down, and end it, before the reports are written."""
        judge, self._judge = self._judge, None
        if judge is not None:
            self.run.recorder.settle()
            self.run.judge_beside = None
            self.run.masked.take(judge.end())
        return (yield)


def can_judge_beside(config: pytest.Config) -> bool:
    """Return whether another process is to judge what the tests of this one send."""
    run = config.stash[RUN]
    return (os.cpu_count() or 1) > 1 and can_fork(config) and run.settings.size is not Size.FULL


class Judge:
    """The judge as the process sees it whose exchanges it judges.

    Where it is lost, this process judges from then on; what the lost one was handed is judged again.
    """

    def __init__(self, run: Run, keep: Keep | None) -> None:
        self._run = run
        self._keep = keep
        self._handed: dict[int, Exchange] = {}
        self._told = 0
        self._files: list[_File] = []
        self._known_secrets = len(run.masker.told)
        self._process = 0
        self._connection: Connection | None = None

    @classmethod
    def start(cls, run: Run, keep: Keep | None) -> Judge:
        """Fork the judge; `keep` keeps a file of Allure's in either process."""
        judge = cls(run, keep)
        run.client.close()  # a fork would hold its connections open
        here, there = Pipe()
        judge._process = fork()
        if not judge._process:
            here.close()
            _serve(run, keep, there)
        there.close()
        judge._connection = here
        return judge

    def hand_over(self, exchange: Exchange) -> None:
        """Let an exchange be judged, after those that came before it."""
        self._handed[exchange.number] = exchange
        call = replace(exchange.call, headers=dict(exchange.call.headers))
        plain = replace(exchange, call=call, response=exchange.response and replace(exchange.response))
        try:
            self._tell(_JUDGE, plain)
        except RecursionError:
            with _deeply():
                self._tell(_JUDGE, plain)

    def write(self, exchange: Exchange, name: str) -> None:
        """Let an exchange be written as evidence, as a file of Allure's."""
        file = exchange.number, name
        if self._connection is None:
            self._write_here([file])
        else:
            self._files.append(file)
            self._tell(_WRITE, file)

    def verdicts(self) -> list[Found | RuntimeError]:
        """Return what each exchange decides that was handed over since this was asked last, in their order.

        Where a rule failed, its error is in the place of what the exchange decides.
        """
        found: list[Found | RuntimeError] | None = self._ask(_VERDICTS)
        if found is None:
            found = [*self._judged_here()]
        self._told = len(self._handed)
        return found

    def known(self, fact: str) -> Mapping[str, Any]:
        """Return what was learned of a fact of the catalogue, by its keys."""
        found: Mapping[str, Any] | None = self._ask(_KNOWN, fact)
        if found is None:
            self._run.recorder.settle()
            if self._run.judge_beside is not None:
                self._judged_here()
            return self._run.known(fact)
        return found

    def end(self) -> dict[int, dict[str, Any]]:
        """End the judge; return what it has told of exchanges as evidence, by their numbers.

        What it could not write is written here, where the error is told.
        """
        told, unwritten = self._ask(_EVIDENCE) or ({}, [])
        self._write_here(unwritten)
        self._close()
        return told

    def _judged_here(self) -> list[Found]:
        """Judge in this process, from the first exchange that the lost judge was handed."""
        self._run.judge_beside = None
        found = [self._run.decided_by(exchange) for exchange in self._handed.values()]
        return found[self._told :]

    def _write_here(self, files: Iterable[_File]) -> None:
        for number, name in files:
            _write(self._run, self._keep, self._handed[number], name)

    def _tell(self, verb: int, what: Any = None) -> None:
        if self._connection is None:
            return
        secrets = self._run.masker.told[self._known_secrets :]
        message = pickle.dumps((verb, what, secrets), pickle.HIGHEST_PROTOCOL)
        self._known_secrets += len(secrets)
        with self._or_lost():
            self._connection.send_bytes(message)

    def _ask(self, verb: int, what: Any = None) -> Any:
        """Return the judge's answer, or None where it is lost."""
        self._tell(verb, what)
        answer = None
        if self._connection is not None:
            with self._or_lost():
                answer = pickle.loads(self._connection.recv_bytes())
        return answer

    @contextmanager
    def _or_lost(self) -> Iterator[None]:
        """Give the judge up where it has ended, or where an interruption leaves half a message behind."""
        try:
            yield
        except (EOFError, OSError):
            self._lose()
        except BaseException:
            self._lose()
            raise

    def _lose(self) -> None:
        self._close()
        files, self._files = self._files, []
        self._write_here(files)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            with suppress(ChildProcessError):
                os.waitpid(self._process, 0)


class _Server:
    """The judge itself, in the fork; files are written where it is asked for nothing else."""

    def __init__(self, run: Run, keep: Keep | None) -> None:
        self._run = run
        self._keep = keep
        self._found: list[Found | RuntimeError] = []
        self._sent: dict[int, Exchange] = {}
        self._waiting: deque[_File] = deque()
        self._unwritten: list[_File] = []

    def serve(self, connection: Connection) -> None:
        """Serve until the process that hands over exchanges ends the connection. Raises `EOFError` or `OSError`."""
        while True:
            while self._waiting and not connection.poll():
                self._write_next()
            verb, what, secrets = pickle.loads(connection.recv_bytes())
            self._run.masker.add(*secrets)
            if verb == _JUDGE:
                self._judge(what)
            elif verb == _WRITE:
                self._waiting.append(what)
            else:
                connection.send_bytes(pickle.dumps(self._answer(verb, what), pickle.HIGHEST_PROTOCOL))

    def _judge(self, exchange: Exchange) -> None:
        self._sent[exchange.number] = exchange
        try:
            self._found.append(self._run.decided_by(exchange))
        except Exception:
            self._found.append(RuntimeError(f"in the process that judges:\n{format_exc()}"))

    def _answer(self, verb: int, what: Any) -> Any:
        if verb == _KNOWN:
            return self._run.rules.memory.facts.get(what, {})
        if verb == _VERDICTS:
            answer, self._found = self._found, []
            return answer
        while self._waiting:
            self._write_next()
        return self._run.masked.kept, self._unwritten

    def _write_next(self) -> None:
        number, name = file = self._waiting.popleft()
        try:
            _write(self._run, self._keep, self._sent.pop(number), name)
        except OSError:
            self._unwritten.append(file)


@contextmanager
def _deeply() -> Iterator[None]:
    """While it lasts, a body that is nested as deeply as JSON can be written can be pickled."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(_DEEPEST)
    try:
        yield
    finally:
        sys.setrecursionlimit(usual)


def _serve(run: Run, keep: Keep | None, connection: Connection) -> None:
    """Be the judge in this fork, and end the process."""
    try:
        ignore_endings()
        give_way()
        with suppress(EOFError, OSError):
            _Server(run, keep).serve(connection)
    finally:
        os._exit(0)


def _write(run: Run, keep: Keep | None, exchange: Exchange, name: str) -> None:
    """Write an exchange as evidence, as a file of Allure's; what is known as a secret by now is masked."""
    if keep is not None:
        keep(name, as_text(with_curl(run.masked.of(exchange))).encode("utf-8", "replace"))
