"""The generated requests of a full run, which import schemathesis and hypothesis: loaded where a run has them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, suppress
from math import ceil
from pathlib import Path
from typing import Final

from hypothesis.strategies import SearchStrategy

from conformance.errors import NotTested
from conformance.generate.adapters import AnyCase
from conformance.generate.cases import explore, judge, parts_of, within
from conformance.generate.maker import maker
from conformance.generate.plain import Order
from conformance.run import Run
from conformance.wire.client import NotSendable
from conformance.wire.exchange import Call
from steps import operations
from steps.generated import preparer
from steps.machine import walk_machine
from steps.merchants import Merchants

BATCH: Final = 100
_SHARE_OF_LINKS: Final = 2
_SHARES: Final = 2 * len(operations.ALL) + _SHARE_OF_LINKS
"""The parts of a time budget: one for each operation and mode of values, the others for the walks over the links."""


class DeepGeneration:
    """Generated requests of the operations in a document: all that it says, and random ones for as long as there is."""

    def __init__(self, run: Run, merchants: Merchants, document: Path) -> None:
        self.run = run
        self.merchants = merchants
        self.generator = maker(document).generator

    def cover(self, operation: str, mode: str) -> None:
        """Send the cases at and beyond every bound."""
        run = self.run
        prepare = preparer(run, self.merchants, operation, mode)
        sent: deque[AnyCase] = deque()

        def calls() -> Iterator[Call]:
            for case in self.generator.coverage(operation, mode):
                with suppress(NotSendable):
                    call = prepare(parts_of(case))
                    sent.append(case)
                    yield call

        with closing(run.send_each(calls())) as outcomes:
            for outcome in outcomes:
                case = sent.popleft()
                with suppress(NotSendable):
                    judge(run, case, outcome.exchange, valid=mode == "positive")

    def send_examples(self, operation: str) -> None:
        """Send the examples of the document; raise `NotTested` where none was accepted."""
        accepted: list[bool] = []
        for number, strategy in enumerate(self.generator.examples(operation)):
            accepted += self._explore(strategy, operation, "positive", 1, f"example {operation} {number}")
        if not any(accepted):
            raise NotTested("no example was accepted")

    def fuzz(self, operation: str, mode: str) -> None:
        """Send random cases, as many as the time budget allows; the first batch is whole, so that a seed repeats it."""
        cases = self.generator.fuzzing(operation, mode)
        left, batch = within(self.share), 0
        while left():
            self._explore(cases, operation, mode, BATCH, f"{operation} {mode} {batch}", left if batch else None)
            batch += 1

    def walk(self) -> None:
        """Walk over the links for a share of the time budget."""
        left, batch = within(_SHARE_OF_LINKS * self.share), 0
        while left():
            walk_machine(self.run, self.merchants, self.generator, f"links {batch}")
            batch += 1

    @property
    def share(self) -> float:
        """Return the seconds on the clock of one part of the time budget: each process takes a part at a time."""
        return self.run.settings.time_budget / ceil(_SHARES / self.run.processes)

    def _explore(
        self,
        cases: SearchStrategy[AnyCase],
        operation: str,
        mode: str,
        examples: int,
        purpose: str,
        left: Callable[[], bool] | None = None,
    ) -> list[bool]:
        """Send random cases; return which of them the target accepted."""
        run, accepted = self.run, list[bool]()
        send = _sender(run, self.merchants, operation, mode)
        known = {breach.requirement for breach in run.record.breaches} | run.recorder.broken
        number = run.random(purpose).randrange(2**32)
        explore(run, cases, lambda case: accepted.append(send(case)), examples, number, known, left)
        return accepted


def search(run: Run, merchants: Merchants, document: Path, order: Order, known: Collection[str]) -> None:
    """Send the cases of a gate's order again, one of which has broken what is not `known`, to make it smaller."""
    send = _sender(run, merchants, order.operation, order.mode)
    examples = 1 if order.kind == "examples" else order.number
    for strategy in maker(document).strategies(order):
        explore(run, strategy, send, examples, order.seed, known)


def _sender(run: Run, merchants: Merchants, operation: str, mode: str) -> Callable[[AnyCase], bool]:
    """Return what sends a generated case of an operation, and says whether the target accepted it."""
    prepare = preparer(run, merchants, operation, mode)

    def send(case: AnyCase) -> bool:
        try:
            exchange = run.send(prepare(parts_of(case)))
        except NotSendable:
            return False
        judge(run, case, exchange, valid=mode == "positive")
        return exchange.is_success

    return send
