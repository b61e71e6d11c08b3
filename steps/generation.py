"""The generated requests of a gate: a few of each kind, which are made beside the tests, or where they are sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from conformance.errors import NotTested
from conformance.generate.plain import Order, Source, answer_to, record_complaint
from conformance.results.records import Record
from conformance.run import Run
from conformance.wire.client import NotSendable, TargetGone
from conformance.wire.exchange import Call, Exchange
from steps.generated import preparer
from steps.merchants import Merchants

DOCUMENT: Final = Path(__file__).parents[1] / "openapi" / "onboarding.yaml"
CASES_OF_A_GATE: Final = {"coverage": 1, "examples": 1, "fuzzing": 1}


def order(run: Run, kind: str, operation: str, mode: str = "positive") -> Order:
    """Return the order for what a gate sends of a kind of cases, an operation and a mode of values."""
    seed = run.random(f"{kind} {operation} {mode}").randrange(2**32)
    return Order(kind, operation, mode, CASES_OF_A_GATE[kind], seed)


class Generation:
    """Generated requests of a gate, sent in a run on behalf of its merchants."""

    def __init__(self, run: Run, merchants: Merchants, source: Source) -> None:
        self.run = run
        self.merchants = merchants
        self.source = source

    def cover(self, operation: str, mode: str) -> None:
        """Send cases at and beyond the bounds of the document: a choice by the seed."""
        chosen = order(self.run, "coverage", operation, mode)
        prepare = preparer(self.run, self.merchants, operation, mode)
        sent: deque[int] = deque()

        def calls() -> Iterator[Call]:
            for place, parts in enumerate(self.source.made(chosen)):
                if parts is not None:
                    sent.append(place)
                    yield prepare(parts)

        with closing(self.run.send_each(calls())) as outcomes:
            for outcome in outcomes:
                place = sent.popleft()
                with suppress(NotSendable):
                    self._judge(chosen, place, outcome.exchange)

    def send_examples(self, operation: str) -> None:
        """Send an example of the document; raise `NotTested` where it was not accepted."""
        if not any(self._send_all(order(self.run, "examples", operation))):
            raise NotTested("no example was accepted")

    def fuzz(self, operation: str, mode: str) -> None:
        """Send a random case."""
        self._send_all(order(self.run, "fuzzing", operation, mode))

    def _send_all(self, chosen: Order) -> list[bool]:
        """Send the cases of an order, and return which the target accepted; a new breach is made smaller."""
        run, record, accepted = self.run, self.run.record, list[bool]()
        prepare = preparer(run, self.merchants, chosen.operation, chosen.mode)
        run.recorder.settle()
        known = {breach.requirement for breach in record.breaches} | run.recorder.broken
        for place, parts in enumerate(self.source.made(chosen)):
            if parts is None:
                continue
            scratch, stopped = Record(record.test), None
            with run.recording(scratch):
                try:
                    accepted.append(self._send(chosen, place, prepare(parts)))
                except (NotTested, TargetGone) as reason:
                    stopped = reason
            record.take_counts(scratch)
            if stopped is None and any(breach.requirement not in known for breach in scratch.breaches):
                self._search(chosen, known)
            found = {breach.requirement for breach in record.breaches}
            for breach in scratch.breaches:
                if breach.requirement in known or breach.requirement not in found:
                    record.breach(breach)
            if stopped is not None:
                raise stopped
        return accepted

    def _send(self, chosen: Order, place: int, call: Call) -> bool:
        try:
            exchange = self.run.send(call)
        except NotSendable:
            return False
        self._judge(chosen, place, exchange)
        return exchange.is_success

    def _judge(self, chosen: Order, place: int, exchange: Exchange) -> None:
        """Hold a response against schemathesis' own checks, beside the passive ones of the wire."""
        answer = answer_to(self.run, exchange, valid=chosen.mode == "positive")
        for complaint in self.source.complaints(chosen, place, answer) if answer is not None else ():
            record_complaint(self.run, exchange, complaint)

    def _search(self, chosen: Order, known: set[str]) -> None:
        from steps.deep_generation import search  # noqa: PLC0415

        search(self.run, self.merchants, DOCUMENT, chosen, known)
