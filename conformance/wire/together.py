"""Several calls at once, each over a wire of its own: at the same moment, or side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Final

from conformance.errors import NotTested
from conformance.wire.client import TargetGone, Wire
from conformance.wire.exchange import Call, Exchange

MOST: Final = 10
"""How many requests go side by side, at most."""
_LONGEST_HOLD: Final = 1.0
"""How many seconds a request waits on its open connection for those of the others: a target may serve few at once."""
_WORTH_IT: Final = 0.01

Observe = Callable[[Exchange], None]
Lend = Callable[[Observe], AbstractContextManager[Wire]]


@dataclass
class Sent:
    """What became of one of the calls: its exchanges, of which the last one counts, or why there is none."""

    exchanges: list[Exchange] = field(default_factory=list)
    error: NotTested | TargetGone | None = None

    @property
    def exchange(self) -> Exchange:
        """Return the exchange that counts, or raise why there is none."""
        if self.error is not None:
            raise self.error
        return self.exchanges[-1]


def send_at_once(open_wire: Callable[[Observe], Wire], calls: Sequence[Call]) -> list[Sent]:
    """Send calls at the same moment, ten at most; return what became of each, in their order.

    Each request is held back on a connection of its own until all the connections are open. The numbers of the
    exchanges follow the order of the calls, whichever was answered first.
    """
    assert 0 < len(calls) <= MOST, f"{len(calls)} calls are not sent at once"
    start = threading.Barrier(len(calls), timeout=_LONGEST_HOLD)

    def meet() -> None:
        with suppress(threading.BrokenBarrierError):
            start.wait()

    @contextmanager
    def lend_wire(observe: Observe) -> Iterator[Wire]:
        with closing(open_wire(observe)) as wire:
            wire.hold(meet)
            try:
                yield wire
            finally:
                start.abort()

    return send_side_by_side(lend_wire, calls)


def send_side_by_side(lend_wire: Lend, calls: Sequence[Call]) -> list[Sent]:
    """Send calls that are independent of each other side by side; return what became of each, in their order.

    Each goes over a wire that is lent to it. The numbers of the exchanges follow the order of the calls.
    """

    def send(call: Call) -> Sent:
        sent = Sent()
        with lend_wire(sent.exchanges.append) as wire:
            try:
                wire.send(call)
            except (NotTested, TargetGone) as error:
                sent.error = error
        return sent

    with ThreadPoolExecutor(len(calls)) as threads:
        return _numbered(list(threads.map(send, calls)))


def worth_sending_side_by_side(seconds: float) -> int:
    """Return how many requests to send side by side where a response takes so long; one where it comes at once."""
    return max(1, min(MOST, int(seconds / _WORTH_IT)))


def _numbered(outcomes: list[Sent]) -> list[Sent]:
    """Return outcomes whose exchanges are numbered in the order of the calls, whichever was answered first."""
    numbers = iter(sorted(exchange.number for sent in outcomes for exchange in sent.exchanges))
    for sent in outcomes:
        sent.exchanges = [replace(exchange, number=next(numbers)) for exchange in sent.exchanges]
    return outcomes


def told_in_order(outcomes: Sequence[Sent], observe: Observe) -> list[Exchange]:
    """Hand all exchanges to `observe`, in the order of the calls; return the one of each call that counts.

    Raises what one of the calls has raised, after all have been told.
    """
    for sent in outcomes:
        for exchange in sent.exchanges:
            observe(exchange)
    for sent in outcomes:
        if sent.error is not None:
            raise sent.error
    return [sent.exchanges[-1] for sent in outcomes]
