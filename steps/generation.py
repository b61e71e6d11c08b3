"""The tests of generated requests, which import schemathesis and hypothesis: they are loaded where a run has them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Final

from conformance.errors import NotTested, Why
from conformance.generate.adapters import AnyCase
from conformance.generate.cases import Generator, explore, judge, sample, within
from conformance.run import Run
from conformance.settings import Size
from conformance.wire.client import NotSendable
from conformance.wire.exchange import Call
from steps import operations
from steps.fixtures import any_customer
from steps.generated import prepared
from steps.machine import walk_machine
from steps.merchants import Merchants

DOCUMENT: Final = Path(__file__).parents[1] / "openapi" / "onboarding.yaml"
COVERAGE_OF_A_GATE: Final = {"positive": 1, "negative": 1}
FUZZING_OF_A_GATE: Final = {"positive": 1, "negative": 1}
EXAMPLES_OF_A_GATE: Final = 1
BATCH: Final = 40
_SHARE_OF_LINKS: Final = 2
_LOADING: Final = Lock()
_SHARES: Final = 2 * len(operations.ALL) + _SHARE_OF_LINKS
"""The parts of a time budget: one for each operation and mode of values, the others for the walks over the links."""


class Generation:
    """Generated requests of the operations in a document, sent in a run on behalf of its merchants."""

    def __init__(self, run: Run, merchants: Merchants, document: Path) -> None:
        self.run = run
        self.merchants = merchants
        self.generator = generator(document)

    def cover(self, operation: str, mode: str) -> None:
        """Send the cases at and beyond every bound: all in a full run, a choice by the seed in a gate."""
        run = self.run
        prepare = self._preparer(operation, mode)
        room = None if run.settings.size is Size.FULL else COVERAGE_OF_A_GATE[mode]
        chosen = sample(self.generator.coverage(operation, mode), room, run.random(f"coverage {operation} {mode}"))
        sent: deque[AnyCase] = deque()

        def calls() -> Iterator[Call]:
            for case in chosen:
                with suppress(NotSendable):
                    prepared_call = prepare(case)
                    sent.append(case)
                    yield prepared_call

        with closing(run.send_each(calls())) as outcomes:
            for outcome in outcomes:
                case = sent.popleft()
                with suppress(NotSendable):
                    judge(run, case, outcome.exchange, valid=mode == "positive")

    def send_examples(self, operation: str) -> None:
        """Send the examples, in a gate one of an operation; raise `NotTested` where none was accepted."""
        send = self._sender(operation, "positive")
        accepted: list[bool] = []
        strategies = self.generator.examples(operation)
        room = len(strategies) if self.run.settings.size is Size.FULL else EXAMPLES_OF_A_GATE
        for number, strategy in enumerate(strategies[:room]):
            purpose = f"example {operation} {number}"
            explore(self.run, strategy, lambda case: accepted.append(send(case)), 1, purpose)
        if not any(accepted):
            raise NotTested("no example was accepted")

    def fuzz(self, operation: str, mode: str) -> None:
        """Send random cases: a few in a gate; in a full run, as many as its time budget allows."""
        send = self._sender(operation, mode)
        cases = self.generator.fuzzing(operation, mode)
        run = self.run
        if run.settings.size is not Size.FULL:
            explore(run, cases, lambda case: _ignore(send(case)), FUZZING_OF_A_GATE[mode], f"{operation} {mode}")
            return
        left, batch = within(run.settings.time_budget / _SHARES), 0
        while left():
            explore(run, cases, lambda case: _ignore(send(case)), BATCH, f"{operation} {mode} {batch}")
            batch += 1

    def walk(self) -> None:
        """Walk over the links for a share of the time budget."""
        left, batch = within(self.run.settings.time_budget * _SHARE_OF_LINKS / _SHARES), 0
        while left():
            walk_machine(self.run, self.merchants, self.generator, f"links {batch}")
            batch += 1

    def _sender(self, operation: str, mode: str) -> Callable[[AnyCase], bool]:
        """Return what sends a generated case of an operation, and says whether the target accepted it."""
        run, prepare = self.run, self._preparer(operation, mode)

        def send(case: AnyCase) -> bool:
            try:
                exchange = run.send(prepare(case))
            except NotSendable:
                return False
            judge(run, case, exchange, valid=mode == "positive")
            return exchange.is_success

        return send

    def _preparer(self, operation: str, mode: str) -> Callable[[AnyCase], Call]:
        """Return what makes the call of a generated case of an operation, or raises `NotSendable`.

        Raises `NotTested` where requests of the operation are scarce on this target.
        """
        run = self.run
        if operation in operations.SCARCE and run.limited(operation):
            raise NotTested(
                "saved: the target limits sign-ups and sign-ins, and every requirement has a check of its own",
                Why.SAVED,
            )
        who = operations.sender(self.merchants, operation)
        customer = any_customer(run, self.merchants.first) if operations.BY_ID[operation].takes_customer else ""
        return lambda case: prepared(run, case, operation, who, customer, valid=mode == "positive")


def generator(document: Path) -> Generator:
    """Return the generator of a document, which is made once in a process, by the first thread that asks for it."""
    with _LOADING:
        return _generator(document)


@cache
def _generator(document: Path) -> Generator:
    return Generator.load(document)


def _ignore(accepted: bool) -> None:
    """A fuzzed case may be accepted or refused; the checks on its response are what counts."""
