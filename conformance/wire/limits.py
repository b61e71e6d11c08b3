"""What the wires of a run share: the target's rate limits, and the requests that it did not answer in time."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from conformance.errors import NotTested, Why
from conformance.wire.exchange import Call, Response
from conformance.wire.pacing import Pacer, advised_wait

_MARGIN: Final = 0.05
_RETRIES: Final = 4
_SHORTEST_GUESS: Final = 1.0
_LONGEST_GUESS: Final = 15.0
_MOST_GUESSED: Final = 45.0


@dataclass
class Limits:
    """The rate limits of a target as a run meets them.

    Of the requests to a path that has responded with 429, one is under way at a time, from whichever process it comes,
    so that the others do not spoil its wait. `longest_wait` is how many seconds in all may
    be spent waiting; `ends` is the moment by which the run has to be over; `on_wait` is told of each wait; `helped` has
    by path the seconds that had to be waited where no 429 said how many.
    """

    pacer: Pacer = field(default_factory=Pacer)
    longest_wait: float = 150.0
    ends: float = float("inf")
    on_wait: Callable[[str, float], None] = lambda *_: None
    paths: set[str] = field(default_factory=set)
    helped: dict[str, float] = field(default_factory=dict)
    _turns: defaultdict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))

    def turn(self, call: Call) -> Turn:
        """Return the context in which a request may be sent: alone, where the rate of its path is limited."""
        return Turn(self, call)


class Turn(ExitStack):
    """One request from its first attempt to its last."""

    def __init__(self, limits: Limits, call: Call) -> None:
        super().__init__()
        self._limits = limits
        self._call = call
        self._is_mine = False
        self._retries = 0
        self._guessed = 0.0

    def __enter__(self) -> Turn:
        super().__enter__()
        if self._call.path in self._limits.paths:
            self._take()
        return self

    def wait(self, response: Response) -> None:
        """Wait as long as a 429 asks for, or where it does not say, a second, and longer if that does not help.

        Raises `NotTested` where the run may not wait so long, or where waiting has not helped.
        """
        limits, call = self._limits, self._call
        told = advised_wait(response)
        seconds = self._guess() if told is None else told
        if self._retries == _RETRIES or self._guessed >= _MOST_GUESSED:
            words = f"rate limited: {call.method} {call.path} went on answering 429 (Too Many Requests)"
            raise NotTested(words, Why.RATE_LIMITED)
        self._refuse(seconds)
        if told is None:
            self._guessed += seconds
        else:
            self._retries += 1
        limits.paths.add(call.path)
        if not self._is_mine:
            queued = time.monotonic()
            self._take()
            queued = time.monotonic() - queued
            if queued > _MARGIN:
                seconds -= queued
                self._refuse(seconds)
        if seconds >= 0:
            limits.on_wait(call.operation or call.path, seconds)
            limits.pacer.wait(seconds + _MARGIN)

    def answered(self) -> None:
        """Remember how long it took where no 429 said it."""
        if self._guessed:
            self._limits.helped[self._call.path] = self._guessed

    def _guess(self) -> float:
        """Return as many seconds as were waited so far; at first half of what helped the last time."""
        waited = self._guessed or self._limits.helped.get(self._call.path, 0.0) / 2
        return min(max(waited, _SHORTEST_GUESS), _LONGEST_GUESS)

    def _refuse(self, seconds: float) -> None:
        limits, call = self._limits, self._call
        told = f"rate limited: {call.method} {call.path} was answered with 429 (Too Many Requests), and waiting"
        if limits.pacer.waited + seconds > limits.longest_wait:
            raise NotTested(f"{told} {seconds:.0f} s more is beyond what --longest-wait allows", Why.RATE_LIMITED)
        if time.monotonic() + seconds > limits.ends:
            raise NotTested(f"{told} {seconds:.0f} s more is beyond what --time-limit allows", Why.RATE_LIMITED)

    def _take(self) -> None:
        self.enter_context(self._limits._turns[self._call.path])
        self._is_mine = True


@dataclass
class Silence:
    """Counts of requests without a response in time: by path in all and in a row, and in a row over all paths."""

    timeouts: Counter[str] = field(default_factory=Counter)
    in_a_row: Counter[str] = field(default_factory=Counter)
    of_all: int = 0

    def count(self, path: str, silent: bool) -> None:
        """Count a request by whether its response stayed out until the time was up."""
        if silent:
            self.timeouts[path] += 1
            self.in_a_row[path] += 1
            self.of_all += 1
        else:
            self.in_a_row[path] = self.of_all = 0
