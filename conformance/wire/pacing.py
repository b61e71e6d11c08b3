"""Pacing: how fast requests may be sent, and how long to wait where a target asks for it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from conformance.wire.exchange import Response

_RATE: Final = re.compile(r"(\d+)/(s|m|h)")
_PLAIN_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_SECONDS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}


def parse_rate(text: str) -> float:
    """Return the least seconds between two requests for a rate as users write it (`10/s`, `100/m`).

    Raises `ValueError` with one sentence for anything else.
    """
    found = _RATE.fullmatch(text.strip())
    if not found or found[1].strip("0") == "":
        raise ValueError(f"{text!r} is not a rate; write a number of requests per s, m or h, such as 10/s")
    return _SECONDS[found[2]] / int(found[1])


def advised_wait(response: Response, now: datetime | None = None) -> float | None:
    """Return the seconds that a 429 asks the client to wait, or None where it does not say, or says none.

    They stand in `Retry-After` (seconds or a date, RFC 9110 section 10.2.3) or `X-Retry-After` (seconds).
    """
    value = (response.header("retry-after") or response.header("x-retry-after") or "").strip()
    if _PLAIN_NUMBER.fullmatch(value):
        return float(value) or None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    seconds = (moment - (now or datetime.now(UTC))).total_seconds()
    return seconds if seconds > 0 else None


@dataclass
class Pacer:
    """Keep the least interval between two requests, and count the seconds that were spent waiting on a 429.

    Several threads may wait at once; seconds that they wait side by side count once.
    """

    interval: float = 0.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    waited: float = 0.0
    _next: float = 0.0
    _waiting: int = 0
    _since: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def before_request(self) -> None:
        """Sleep before a request where the last one was sent less than the interval ago."""
        if self.interval:
            with self._lock:
                now = self.clock()
                slot = max(now, self._next)
                self._next = slot + self.interval
            if slot > now:
                self.sleep(slot - now)

    def wait(self, seconds: float) -> None:
        """Sleep because the target asked for it, and count it."""
        with self._lock:
            if not self._waiting:
                self._since = self.clock()
            self._waiting += 1
        try:
            self.sleep(seconds)
        finally:
            with self._lock:
                self._waiting -= 1
                if not self._waiting:
                    self.waited += self.clock() - self._since
