"""The server under test: its URL as a user gives it, or the bundled sandbox when none is given."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

_START_SECONDS: Final = 20.0
_LISTENING: Final = "listening on "


class TargetError(ValueError):
    """A target that cannot be used; the message is one sentence with the remedy."""


def checked_url(text: str) -> str:
    """A base URL as a user wrote it: returns it without a trailing slash. Raises `TargetError` if it is none."""
    url = text.strip()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise TargetError(f"the base URL {text!r} is no URL; write it as https://HOST:PORT/PATH") from None
    if parts.scheme not in ("http", "https"):
        raise TargetError(f"the base URL {text!r} has to start with http:// or https://")
    if not parts.hostname or port == 0:
        raise TargetError(f"the base URL {text!r} names no host; write it as https://HOST:PORT/PATH")
    if parts.username is not None:
        raise TargetError("the base URL must not hold a user name or password; hand a gateway its key with --header")
    if parts.query or parts.fragment:
        raise TargetError(f"the base URL {text!r} must not have a query or a fragment; leave out what follows the path")
    return url.rstrip("/")


def refuse_load(url: str | None, size: str, allowed: str | None) -> None:
    """A full run sends thousands of requests: raises `TargetError` for a host that was not confirmed for it."""
    host = urlsplit(url or "").hostname
    if size == "full" and host not in (None, "localhost", "127.0.0.1", "::1", allowed):
        raise TargetError(f"a full run is heavy: confirm that {host} may be sent it with --allow-load {host}")


@dataclass
class Sandbox:
    """The bundled target, started in a process of its own on a free loopback port and gone with this process."""

    process: subprocess.Popen[str]
    url: str

    @classmethod
    def start(cls, arguments: Sequence[str] = ()) -> Self:
        """Starts it with further command-line arguments; raises `TargetError` with its own words if it fails."""
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", "0", "--exit-with-stdin", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
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
        """Ends it and waits until it is gone."""
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
