"""Processes of the project's own modules, `python -m MODULE`, as forks of a process that has imported them already.

Hundreds of the suite's own tests start a sandbox, and many a maker of generated requests; their imports would take most
of the time. How those processes start in earnest is tested in `test_command_line.py` and `test_installation.py`.
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, Final

LATE: Final = ("encodings.idna", "jsonschema", "rfc3986_validator")
"""What the suite imports only when it is needed, and needs in nearly every run."""
MODULES: Final = {"sandbox": "sandbox.__main__", "conformance.generate.maker": "conformance.generate.maker"}


def import_late() -> None:
    """Import what forks of this process would import each for itself (`LATE`)."""
    for name in LATE:
        importlib.import_module(name)


class ForkedModule:
    """A process that is forked here, with so much of the interface of `subprocess.Popen` as the suite uses."""

    _inputs: Final[list[IO[Any]]] = []
    """The standard inputs of earlier processes: each fork closes its copies of them, since those processes end so."""

    def __init__(
        self,
        words: Sequence[str],
        *,
        stderr: int,
        env: Mapping[str, str],
        text: bool = False,
        **_pipes: int,
    ) -> None:
        module, arguments = words[words.index("-m") + 1], words[words.index("-m") + 2 :]
        main = importlib.import_module(MODULES[module]).main
        (asked, asking), (telling, told) = os.pipe(), os.pipe()
        complaints, complaining = os.pipe() if stderr == subprocess.PIPE else (None, os.open(os.devnull, os.O_WRONLY))
        self.returncode: int | None = None
        self.pid = os.fork()
        if not self.pid:
            for here in (asking, telling, complaints, *(known.fileno() for known in self._inputs if not known.closed)):
                if here is not None:
                    os.close(here)
            _become(main, arguments, env, (asked, told, complaining))
        for there in (asked, told, complaining):
            os.close(there)
        mode, encoding = ("", "utf-8") if text else ("b", None)
        self.stdin: IO[Any] = os.fdopen(asking, f"w{mode}", encoding=encoding)
        self._inputs.append(self.stdin)
        self.stdout: IO[Any] = os.fdopen(telling, f"r{mode}", encoding=encoding)
        self.stderr: IO[Any] | None = (
            None if complaints is None else os.fdopen(complaints, f"r{mode}", encoding=encoding)
        )

    def kill(self) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        if self.returncode is None:
            _, status = os.waitpid(self.pid, 0)
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def _become(main: Any, arguments: Sequence[str], environment: Mapping[str, str], streams: Sequence[int]) -> None:
    """Be the process of a module, from its standard streams to its exit status."""
    status: Any = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        for place, stream in enumerate(streams):
            os.dup2(stream, place)
            os.close(stream)
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["", *arguments]
        status = main(*([arguments] if arguments else []))
    except SystemExit as ended:
        status = ended.code
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 0)
