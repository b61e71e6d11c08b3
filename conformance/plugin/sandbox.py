"""The process of the bundled sandbox, which is the target where no base URL is given."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from conformance.subprocesses import environment_for
from conformance.wire.target import TargetError

_START_SECONDS: Final = 20.0
_LISTENING: Final = "listening on "


@dataclass
class Sandbox:
    """The bundled target in a process of its own, on a free loopback port; it ends with this process."""

    process: subprocess.Popen[str]
    url: str

    @classmethod
    def start(cls, arguments: Sequence[str] = ()) -> Self:
        """Start it with further command-line arguments; raise `TargetError` with its last words if it fails."""
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "sandbox", "--port", "0", "--exit-with-stdin", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment_for("sandbox"),
        )
        assert process.stdout is not None
        assert process.stderr is not None
        lines: queue.Queue[str] = queue.Queue()
        output = process.stdout
        threading.Thread(target=lambda: lines.put(output.readline()), daemon=True).start()
        try:
            line = lines.get(timeout=_START_SECONDS)
        except queue.Empty:
            line = ""
        if _LISTENING not in line:
            process.kill()
            said = process.stderr.read().strip().splitlines()
            raise TargetError(
                f"the sandbox did not start: {said[-1].removeprefix('sandbox: ') if said else 'it said nothing'}"
            )
        threading.Thread(target=process.stderr.read, daemon=True).start()
        return cls(process, line.split(_LISTENING, 1)[1].strip())

    def stop(self) -> None:
        """Terminate it and wait until it has ended."""
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
