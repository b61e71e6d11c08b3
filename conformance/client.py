"""The client of a run: the wires to its target, and what they have in common."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any, Final, Protocol

from conformance.checks.base import Finding
from conformance.errors import NotTested, Why
from conformance.masking import Masker
from conformance.settings import Settings
from conformance.wire.client import TargetGone, Wire
from conformance.wire.connection import connection
from conformance.wire.exchange import Call, Exchange
from conformance.wire.gateway import Tally
from conformance.wire.limits import Limits, Silence
from conformance.wire.pacing import Pacer, parse_rate
from conformance.wire.together import Sent, send_at_once, send_side_by_side

_PATIENCE: Final = 2.0


class Sender(Protocol):
    """A wire as tests see it: in this process, or in the controller."""

    @property
    def limited(self) -> Collection[str]:
        """Return the paths whose rate the target has shown that it limits."""

    def send(self, call: Call) -> Exchange: ...


Told = tuple[Sent, list[list[tuple[str, list[Finding]]]]]
"""What became of a call, and what each of its exchanges decides."""


class FarSender(Sender, Protocol):
    """A wire in the controller, which sends several calls at once too."""

    def send_together(self, calls: Sequence[Call]) -> list[Exchange]: ...

    @property
    def side_by_side(self) -> int:
        """Return how many requests the controller has found worth sending side by side."""

    def send_each(self, calls: Sequence[Call]) -> list[Told]:
        """Send independent calls side by side; return what became of each, with what each exchange decides."""

    def known(self, fact: str) -> dict[str, Any]:
        """Return what the controller remembers of a fact, by its keys."""

    def heard(self, operations: Sequence[str]) -> list[Exchange]:
        """Return the exchanges of some operations, of all processes of the run, in their order."""


@dataclass
class Client:
    """Send the calls of a run. `observe` is handed each exchange of this process's own wire.

    `gone` says why the target is not asked any more, and `out_of_time` that the time limit of the run has passed.
    `spent` is how many seconds went into requests.
    `far_wire` is set in a worker, whose requests the controller sends. `repeatable` has the operations that may be
    carried out twice without a trace, and `tally` counts what answers in the target's place.
    """

    settings: Settings
    masker: Masker
    observe: Callable[[Exchange], None]
    base_url: str = ""
    spent: float = 0.0
    gone: str | None = None
    out_of_time: str | None = None
    far_wire: FarSender | None = None
    repeatable: Collection[str] = ()
    tally: Tally = field(default_factory=Tally)
    limits: Limits = field(init=False)
    _idle: SimpleQueue[Wire] = field(default_factory=SimpleQueue)
    _silence: Silence = field(default_factory=Silence)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _own_wire: Wire | None = None

    def __post_init__(self) -> None:
        pace = parse_rate(self.settings.rate_limit) if self.settings.rate_limit else 0.0
        ends = time.monotonic() + self.settings.time_limit
        self.limits = Limits(Pacer(pace), self.settings.longest_wait, ends)

    @property
    def wire(self) -> Sender:
        """Return the wire to the target: in a worker, that of the controller."""
        return self.far_wire or self.own_wire

    @property
    def own_wire(self) -> Wire:
        """Return the wire of this process, opened on first use."""
        if self._own_wire is None:
            self._own_wire = self.open_wire(self.observe)
        return self._own_wire

    def open_wire(self, observe: Callable[[Exchange], None] = lambda _: None) -> Wire:
        """Open a wire to the target, which keeps to the limits of the run together with its other wires."""
        return Wire(
            connection(self.settings, self.base_url),
            self.masker,
            observe=observe,
            patience=max(_PATIENCE, self.settings.wait_for_target),
            limits=self.limits,
            silence=self._silence,
            tally=self.tally,
            repeatable=self.repeatable,
            numbers=self._numbers,
        )

    def close(self) -> None:
        """End the connections to the target; the next request opens new ones."""
        if self._own_wire is not None:
            self._own_wire.close()
            self._own_wire = None
        with suppress(Empty):
            while True:
                self._idle.get_nowait().close()

    def send(self, call: Call, wire: Sender | None = None) -> Exchange:
        """Send a call, unless the target is gone or the time of the run is up; return the exchange."""
        self._require_going()
        began = time.monotonic()
        try:
            return (wire or self.wire).send(call)
        except TargetGone as error:
            self.gone = self.masker.text(str(error))
            raise
        finally:
            self.spent += time.monotonic() - began

    def send_together(self, calls: Sequence[Call]) -> list[Sent]:
        """Send calls at the same moment, each over a wire of its own; return what became of each, unjudged."""
        self._require_going()
        return self._heard(send_at_once(self.open_wire, calls))

    def send_each(self, calls: Sequence[Call]) -> list[Sent]:
        """Send independent calls side by side; return what became of each, unjudged."""
        self._require_going()
        began = time.monotonic()
        try:
            return self._heard(send_side_by_side(self._lent_wire, calls))
        finally:
            self.spent += time.monotonic() - began

    @contextmanager
    def _lent_wire(self, observe: Callable[[Exchange], None]) -> Iterator[Wire]:
        """Lend a wire of those that are kept for calls side by side, so that its connection is kept too."""
        try:
            wire = self._idle.get_nowait()
        except Empty:
            wire = self.open_wire()
        wire.observe = observe
        try:
            yield wire
        finally:
            self._idle.put(wire)

    def _heard(self, outcomes: list[Sent]) -> list[Sent]:
        gone = next((sent.error for sent in outcomes if isinstance(sent.error, TargetGone)), None)
        if gone is not None:
            self.gone = self.masker.text(str(gone))
        return outcomes

    def _require_going(self) -> None:
        """Raise `NotTested` where the target is gone, or the time of the run is up."""
        if self.gone is not None:
            raise NotTested(self.gone, Why.STOPPED)
        if time.monotonic() >= self.limits.ends:
            limit = f"{self.settings.time_limit:g} s"
            self.out_of_time = f"the run was interrupted by its time limit of {limit} (--time-limit)"
            raise NotTested(self.out_of_time, Why.STOPPED)
