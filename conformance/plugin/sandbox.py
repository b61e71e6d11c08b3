"""The process of the bundled sandbox, which is the target where no base URL is given."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import pytest

from conformance.subprocesses import environment_for
from conformance.wire.target import TargetError

_START_SECONDS: Final = 20.0
_LISTENING: Final = "listening on "


SANDBOX: Final = pytest.StashKey["Sandbox"]()


@dataclass
class Sandbox:
    """The bundled target in a process of its own, on a free loopback port; it ends with this process."""

    process: subprocess.Popen[str]
    _said: queue.Queue[str]

    @classmethod
    def start(cls, arguments: Sequence[str] = ()) -> Self:
        """Start it with further command-line arguments; `url` waits until it listens."""
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "sandbox", "--port", "0", "--exit-with-stdin", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment_for("sandbox"),
        )
        assert process.stdout is not None
        said: queue.Queue[str] = queue.Queue()
        output = process.stdout
        threading.Thread(target=lambda: said.put(output.readline()), daemon=True).start()
        return cls(process, said)

    @cached_property
    def url(self) -> str:
        """Its base URL, once it listens. Raises `TargetError` with its last words if it fails."""
        assert self.process.stderr is not None
        try:
            line = self._said.get(timeout=_START_SECONDS)
        except queue.Empty:
            line = ""
        if _LISTENING not in line:
            self.process.kill()
            words = self.process.stderr.read().strip().splitlines()
            raise TargetError(
                f"the sandbox did not start: {words[-1].removeprefix('sandbox: ') if words else 'it said nothing'}"
            )
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        return line.split(_LISTENING, 1)[1].strip()

    def stop(self) -> None:
        """End it: what it keeps in memory is of no use to anybody, and it would take its time to end by itself."""
        self.process.kill()
        self.process.wait()
