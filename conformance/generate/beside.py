"""The maker of a gate's generated cases in a process of its own: schemathesis is imported while the first tests run."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from conformance.generate.plain import Answer, Complaint, Order, Parts, Source
from conformance.subprocesses import environment_for

_LOST: Final = (EOFError, OSError, pickle.UnpicklingError, ValueError)


class Beside:
    """Hands out the cases that the other process makes; where it is lost, `here` makes them in this one.

    What the other process is asked is answered in order, so that its cases are read before the first question.
    """

    def __init__(self, document: Path, orders: Sequence[Order], here: Callable[[], Source]) -> None:
        self._here = here
        self._waiting = list(orders)
        self._made: dict[Order, list[Parts | None]] = {}
        self._process: subprocess.Popen[bytes] | None = _started()
        self._tell((document, list(orders)))

    def made(self, order: Order) -> list[Parts | None]:
        """Return the cases of an order: see `Source`."""
        while order not in self._made and order in self._waiting:
            self._read_next()
        if order not in self._made:
            self._made[order] = self._here().made(order)
        return self._made[order]

    def complaints(self, order: Order, place: int, answer: Answer) -> list[Complaint]:
        """Return what the checks hold against the response to one case of an order."""
        while self._waiting:
            self._read_next()
        self._tell((order, place, answer))
        found = self._hear()
        return self._here().complaints(order, place, answer) if found is None else found

    def stop(self) -> None:
        """End the other process, whatever it does."""
        process, self._process = self._process, None
        self._waiting.clear()
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with suppress(OSError):  # what was not sent any more
                        stream.close()

    def _read_next(self) -> None:
        found = self._hear()
        if found is not None:
            self._made[self._waiting.pop(0)] = found

    def _tell(self, what: object) -> None:
        if self._process is None or self._process.stdin is None:
            return
        try:
            pickle.dump(what, self._process.stdin)
            self._process.stdin.flush()
        except _LOST:
            self.stop()

    def _hear(self) -> Any:
        """Return what the other process says next, or None where it is lost."""
        if self._process is None or self._process.stdout is None:
            return None
        try:
            return pickle.load(self._process.stdout)
        except _LOST:
            self.stop()
            return None


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "conformance.generate.maker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment_for("conformance"),
    )
