"""Signals that end a run: the first one ends it in an orderly way, with its reports."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

_PATIENCE: Final = 3
_ENDING: Final = ("SIGINT", "SIGTERM", "SIGHUP")


class Signals:
    """Handles what ends a run from outside (Ctrl-C, SIGTERM of a CI job, SIGHUP of a closed terminal).

    The first signal tells `stop` the words for the reports and raises `KeyboardInterrupt`. While the reports are
    written, further signals are ignored; the third one of them is the default again, for a run that hangs.
    """

    def __init__(self, stop: Callable[[str], None]) -> None:
        self._stop = stop
        self._before: dict[int, Any] = {}
        self._seen = 0

    def install(self) -> None:
        """Take over the signals that are not ignored; only the main thread can."""
        if threading.current_thread() is not threading.main_thread():
            return
        for name in _ENDING:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._handle)

    def finish(self) -> None:
        """Say that the run comes to its end, so that no signal tears the reports that are being written."""
        self._seen = max(self._seen, 1)

    def restore(self) -> None:
        """Give the signals back to who had them."""
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before.clear()

    def _handle(self, number: int, _: FrameType | None) -> None:
        self._seen += 1
        if self._seen == 1:
            name = signal.Signals(number).name
            self._stop("the run was interrupted" if name == "SIGINT" else f"the run was interrupted by {name}")
            raise KeyboardInterrupt
        if self._seen > _PATIENCE:
            self.restore()
