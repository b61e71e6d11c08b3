"""Reports that are written while a run goes on, so that one which is killed leaves what it has done."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

_BEFORE_THE_FIRST: Final = 10.0
_BETWEEN: Final = 1.0
_SHARE: Final = 60


class Interim:
    """Calls `write` now and then: it takes one part in sixty of the time, and is called once a second at most.

    What stands there in the first ten seconds, in which most runs end, is what the run began with.

    What it takes is counted in this thread's own seconds of the processor: on a busy machine it is not written less.
    """

    def __init__(
        self,
        write: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        work: Callable[[], float] = time.thread_time,
    ) -> None:
        self._write = write
        self._clock = clock
        self._work = work
        self._next = clock() + _BEFORE_THE_FIRST

    def after_test(self) -> None:
        """Write the reports where they are due; what cannot be written now is told at the end of the run."""
        if self._clock() < self._next:
            return
        begun = self._work()
        with suppress(OSError):
            self._write()
        self._next = self._clock() + max(_BETWEEN, _SHARE * (self._work() - begun))
