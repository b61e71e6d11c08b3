"""Installs the better-auth target, and starts it in one of its configurations."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
OLDEST_NODE: Final = 20
_LISTENING: Final = "listening on "
_INSTALL: Final = ("install", "--no-audit", "--no-fund", "--no-package-lock", "--prefer-offline")


@dataclass(frozen=True)
class Target:
    """A running target: its base URL and its process."""

    url: str
    process: subprocess.Popen[str]


def missing() -> str | None:
    """What of Node 20 and npm this machine lacks, in a sentence; None where both are there."""
    lacking = [name for name in ("node", "npm") if shutil.which(name) is None]
    if lacking:
        return f"the better-auth target needs Node {OLDEST_NODE} or later with npm; not found: {', '.join(lacking)}"
    written = _output("node", "--version")
    major = re.match(r"v(\d+)\.", written)
    if major is None or int(major[1]) < OLDEST_NODE:
        return f"the better-auth target needs Node {OLDEST_NODE} or later; found: {written}"
    return None


def install() -> None:
    """Fetch better-auth into `node_modules`, which git ignores; a second time takes a second.

    Raises `CalledProcessError`, with what npm said, where that fails.
    """
    _output(shutil.which("npm") or "npm", *_INSTALL)


def _output(*words: str) -> str:
    done = subprocess.run(
        words, cwd=FOLDER, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300
    )
    if done.returncode:
        error = subprocess.CalledProcessError(done.returncode, words, done.stdout)
        error.add_note(done.stdout)
        raise error
    return done.stdout.strip()


@contextmanager
def running(configuration: str, options: Sequence[str] = ()) -> Iterator[Target]:
    """The target in a configuration, on a free port; it is ended at the end.

    Raises `RuntimeError` where it ends before it listens.
    """
    words = ["node", str(FOLDER / "server.js"), "--configuration", configuration, *options]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        try:
            line = process.stdout.readline()
            if not line.startswith(_LISTENING):
                raise RuntimeError(f"the better-auth target ended before it listened: {line!r}")
            yield Target(line.removeprefix(_LISTENING).strip(), process)
        finally:
            process.send_signal(signal.SIGTERM)
