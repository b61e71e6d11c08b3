"""Proofs in a warm process: the tests of a gate are collected once, and each case runs them in a fork of its own.

A proof of a fault runs the tests that name the requirements that the fault breaks, then the walk and the others, until
all of these requirements have fired. Without an expectation, as for variants, all tests run. The generated requests are
left out, and no reports are written; whole gates, which have both, are those of `tests.suite.detection`.
"""

from __future__ import annotations

import gc
import hashlib
import multiprocessing
import os
import pickle
import queue
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from conformance.plugin.interim import Interim
from conformance.plugin.items import requirement_ids
from conformance.plugin.state import RUN, STATE
from conformance.report.model import decided
from conformance.results.verdicts import Verdict
from tests.suite.detection import (
    AFTER_WALK,
    GENERATED,
    GIVEN,
    SLOW,
    Case,
    Gate,
    arguments_of,
    run,
    sandbox,
    silence,
)
from tests.suite.forked_modules import import_late

UNENDED: Final = -1
_PATIENCE: Final = 400
_GIVE_WAY: Final = 10
_POLL: Final = 0.01
_WALK_FIRST, _NAMED, _WALK, _NAMED_LAST, _NEAR, _NAMED_AFTER_NEAR, _FAR, _LAST = range(8)
_HAVE_TO_RUN: Final = (_WALK_FIRST, _NAMED, _NAMED_LAST)

Tell = Callable[[Gate], None]
Expected = Callable[[Case], frozenset[str] | None]


def prove(
    cases: Sequence[Case], expected: Expected, tell: Tell, jobs: int | None = None, parent: int | None = None
) -> None:
    """Run a proof for each case, several at a time, and tell each gate as it ends.

    `expected` returns the requirements at which a case's proof may stop, or None where all tests are to run. A proof
    that was killed has the status `UNENDED`. Slow cases mostly wait, and run beside the others; since others wait now
    and then, there is one proof more at a time than there are processors. Where the process that started this one,
    `parent`, has ended, all proofs are ended too.
    """
    if not cases:
        return
    import_late()
    with tempfile.TemporaryDirectory() as folder, sandbox(Case()) as url, _no_interim_reports():
        proofs = _Proofs(cases, expected, tell, jobs or (os.cpu_count() or 1) + 1, Path(folder), parent or os.getppid())
        with silence(Path(folder, "output.txt")):
            pytest.main(
                [*arguments_of(url, folder), "--time-limit=86400", f"--ignore={GENERATED}"], plugins=[_Register(proofs)]
            )
        if proofs.ended < len(cases):
            raise RuntimeError(f"not all proofs ended:\n{Path(folder, 'output.txt').read_text(encoding='utf-8')}")


@contextmanager
def _no_interim_reports() -> Iterator[None]:
    """While it lasts, a run writes no reports before its end; each fork would write them after its first test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Interim, "after_test", lambda _: None)
        yield


class Background:
    """Proofs that run beside whatever this process does.

    They run at a lower priority by `give_way`, so that they take only what the process leaves. With a `folder`, other
    processes read there what they came to (`Elsewhere`), and this one does not ask.
    """

    def __init__(
        self, cases: Sequence[Case], expected: Expected, *, give_way: int = _GIVE_WAY, folder: Path | None = None
    ) -> None:
        context = multiprocessing.get_context("fork")
        self.cases = cases
        self._expected = expected
        self._give_way = give_way
        self._folder = folder
        self._done: multiprocessing.Queue[Gate] = context.Queue()
        self._gates: dict[str, Gate] = {}
        self._parent = os.getpid()
        self._process = context.Process(target=self._run)
        self._process.start()

    def gate(self, case: Case) -> Gate:
        """Wait for the proof of a case, and return what it came to. Raises `RuntimeError` where there will be none."""
        while case.id not in self._gates:
            try:
                gate = self._done.get(timeout=1)
            except queue.Empty:
                if not self._process.is_alive() and self._done.empty():
                    raise RuntimeError(f"the proofs ended before that of {case.id}") from None
            else:
                self._gates[gate.case] = gate
        return self._gates[case.id]

    def wait(self) -> None:
        """Wait until all proofs have ended. Raises `RuntimeError` as `gate` does."""
        for case in self.cases:
            self.gate(case)

    def stop(self) -> None:
        """End what still runs."""
        if self._process.is_alive():
            os.killpg(self._process.pid or 0, signal.SIGKILL)
        self._process.join(5)

    def _run(self) -> None:
        os.setpgrp()
        os.nice(self._give_way)
        tell = self._done.put if self._folder is None else partial(_leave, self._folder)
        prove(self.cases, self._expected, tell, parent=self._parent)


def _leave(folder: Path, gate: Gate) -> None:
    """Write what a proof came to into a folder, whole or not at all."""
    file = _place(folder, gate.case)
    unfinished = file.with_suffix(".part")
    unfinished.write_bytes(pickle.dumps(gate))
    unfinished.replace(file)


def _place(folder: Path, case: str) -> Path:
    return folder / hashlib.sha256(case.encode()).hexdigest()


class Elsewhere:
    """Proofs that another process runs: reads in a folder what they came to."""

    def __init__(self, cases: Sequence[Case], folder: Path) -> None:
        self.cases = cases
        self._folder = folder

    def gate(self, case: Case) -> Gate:
        """Wait for the proof of a case, and return it. Raises `RuntimeError` where no proof ends any more."""
        file, waited, ended = _place(self._folder, case.id), 0.0, -1
        while not file.exists():
            time.sleep(_POLL)
            waited += _POLL
            if waited > _PATIENCE:
                now = sum(1 for _ in self._folder.iterdir())
                if now == ended:
                    raise RuntimeError(f"no proof has ended for {_PATIENCE} s, and that of {case.id} has not")
                waited, ended = 0.0, now
        gate: Gate = pickle.loads(file.read_bytes())
        return gate

    def wait(self) -> None:
        """Wait until all proofs have ended. Raises `RuntimeError` as `gate` does."""
        for case in self.cases:
            self.gate(case)

    def stop(self) -> None:
        """Leave them to the process that runs them."""


class _Register:
    """Registers the proofs last, so that they come before the loop of the tests and all that is around it."""

    def __init__(self, proofs: _Proofs) -> None:
        self._proofs = proofs

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.pluginmanager.register(self._proofs, "proofs")


class _Proofs:
    """In place of the loop of the tests: forks a process for each case, in which the loop runs."""

    def __init__(
        self, cases: Sequence[Case], expected: Expected, tell: Tell, jobs: int, folder: Path, parent: int
    ) -> None:
        self.ended = 0
        self._quick = [case for case in cases if not SLOW.intersection(case.variants)]
        self._slow = [case for case in cases if SLOW.intersection(case.variants)]
        self._expected = expected
        self._tell = tell
        self._jobs = jobs
        self._parent = parent
        self._folder = folder
        self._running: dict[int, Case] = {}
        self._loop: _Loop | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if self._loop is not None:
            return None
        session.config.stash[RUN].client.close()
        gc.collect()
        gc.freeze()
        for case in self._slow:
            self._fork(session, case)
        waiting = list(self._quick)
        while waiting or self._running:
            slow = sum(bool(SLOW.intersection(case.variants)) for case in self._running.values())
            if waiting and len(self._running) - slow < self._jobs:
                self._fork(session, waiting.pop(0))
                continue
            self._reap()
            if os.getppid() != self._parent:
                os.killpg(0, signal.SIGKILL)
        return True

    def pytest_runtest_logfinish(self) -> None:
        if self._loop is not None:
            self._loop.after_test()

    def _fork(self, session: pytest.Session, case: Case) -> None:
        process = os.fork()
        if process:
            self._running[process] = case
            return
        try:
            signal.alarm(_PATIENCE)
            gate = self._gate(session, case)
            Path(self._folder, str(os.getpid())).write_bytes(pickle.dumps(gate))
        finally:
            os._exit(0)

    def _reap(self) -> None:
        process, _ = os.waitpid(-1, os.WNOHANG)
        if process not in self._running:
            time.sleep(_POLL)
            return
        self.ended += 1
        case, told = self._running.pop(process), Path(self._folder, str(process))
        self._tell(pickle.loads(told.read_bytes()) if told.exists() else Gate.unended(case.id, UNENDED))

    def _gate(self, session: pytest.Session, case: Case) -> Gate:
        if any(name in GIVEN for name in case.variants):
            return run(case, ("--ignore", GENERATED))
        self._loop = _Loop(session, self._expected(case), walk_first=not AFTER_WALK.isdisjoint(case.faults))
        return self._loop.gate(case)


class _Loop:
    """The tests of one case, in an order in which they come soon to what is expected."""

    def __init__(self, session: pytest.Session, expected: frozenset[str] | None, *, walk_first: bool) -> None:
        self._session = session
        self._walk = _WALK_FIRST if walk_first else _WALK
        self._run = session.config.stash[RUN]
        self._state = session.config.stash[STATE]
        self._missing = None if expected is None else set(expected)
        self._to_run = 0
        if expected is not None:
            ranked = [(rank, item) for item in session.items for rank in self._ranks(item, expected)]
            ranked.sort(key=lambda pair: pair[0])
            session.items = [item for _, item in ranked]
            self._to_run = max((place for place, (rank, _) in enumerate(ranked, 1) if rank in _HAVE_TO_RUN), default=0)

    def _ranks(self, item: pytest.Item, expected: frozenset[str]) -> tuple[int, ...]:
        """Return the places of a test. One that looks at what the others have left runs before, amid and after them."""
        if not item.get_closest_marker("last"):
            return (self._rank(item, expected),)
        return (_LAST,) if expected.isdisjoint(requirement_ids(item)) else (_NAMED_LAST, _NAMED_AFTER_NEAR, _LAST)

    def _rank(self, item: pytest.Item, expected: frozenset[str]) -> int:
        own, is_of_walk = set(requirement_ids(item)), item.get_closest_marker("smoke") is not None
        if own & expected and not (is_of_walk and self._walk is _WALK_FIRST):
            return _NAMED
        if is_of_walk:
            return self._walk
        operations = {self._run.catalogue[name].operation for name in expected if name in self._run.catalogue}
        return _NEAR if operations & {self._run.catalogue[name].operation for name in own} else _FAR

    def after_test(self) -> None:
        """Stop where the tests that name what is expected have run, and all of it has fired."""
        self._to_run -= 1
        if self._missing is None:
            return
        self._missing -= {breach.requirement for breach in self._state.records[-1].breaches}
        if not self._missing and self._to_run <= 0:
            self._session.shouldstop = "proven"

    def gate(self, case: Case) -> Gate:
        started = time.monotonic()
        with sandbox(case) as url:
            self._run.client.base_url = url
            with suppress(self._session.Interrupted, self._session.Failed, pytest.exit.Exception):
                self._session.config.hook.pytest_runtestloop(session=self._session)
        results = decided(self._run, self._state.records, None)
        ids = {
            verdict: tuple(result.requirement.id for result in results if result.verdict is verdict)
            for verdict in Verdict
        }
        return Gate(
            case.id,
            0,
            ids[Verdict.FAILED],
            ids[Verdict.WARNED],
            ids[Verdict.NOT_TESTED],
            {result.requirement.id: result.tests for result in results if result.breaches},
            {},
            sum(record.requests.total() for record in self._state.records),
            time.monotonic() - started,
        )
