"""The end of the process of a command: at once, with nothing freed.

Python would first free all that a run has held, object by object, which takes up to half a second of a gate and helps
nobody: the system takes the memory of a process back in any case.
"""

from __future__ import annotations

import atexit
import os
import sys

import pytest

from conformance.plugin import adapters


class Leaving:
    """In the process that reports: end it at once where it is pytest's own command, once the session is over."""

    def __init__(self) -> None:
        self._session: pytest.Session | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Prepare the end, with the status that the session has come to."""
        if self._session is not None and adapters.is_command():
            leave_at_once(int(self._session.exitstatus))


def leave_at_once(status: int) -> None:
    """Let the process end with a status, without freeing anything, once all that is registered for its end has run.

    A process that somebody looks into, or measures, ends as it always does.
    """
    if not _is_watched():
        atexit.register(_leave, status, os.getpid())


def _is_watched() -> bool:
    tools = sys.gettrace(), sys.getprofile(), sys.modules.get("coverage")
    return any(tool is not None for tool in tools) or bool(sys.flags.interactive or sys.flags.inspect)


def _leave(status: int, process: int) -> None:
    """Run what others have registered, which would come next, and end; a fork of the process ends by itself."""
    if os.getpid() != process:
        return
    atexit.unregister(_leave)
    adapters.run_exit_functions()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            status = status or 1
    os._exit(status)
