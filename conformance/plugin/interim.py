"""Reports that are written while a run goes on, so that one which is killed leaves what it has done."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

_SECONDS: Final = 1.0
_SHARE: Final = 40


class Interim:
    """Calls `write` now and then: it takes one part in forty of the time, and is called once a second at most."""

    def __init__(self, write: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._clock = clock
        self._next = clock()

    def after_test(self) -> None:
        """Write the reports where they are due; what cannot be written now is told at the end of the run."""
        begun = self._clock()
        if begun < self._next:
            return
        with suppress(OSError):
            self._write()
        ended = self._clock()
        self._next = ended + max(_SECONDS, _SHARE * (ended - begun))
