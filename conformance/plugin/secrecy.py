"""Mask secrets that other plugins would show: in logs of client libraries, tracebacks and CI variables."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import suppress
from types import TracebackType
from typing import Any, Final

import pytest

from conformance.masking import Masker
from conformance.plugin import adapters
from conformance.plugin.adapters import environment_table, shows_locals, traceback_text

_CHATTY: Final = ("httpcore", "hpack", "h2")
_LONGEST_LINE: Final = 500
_FRAMES_TOLD: Final = 3


def mask_logs(config: pytest.Config, masker: Masker) -> None:
    """Mask every log record of the session as it is made.

    The HTTP library's own loggers are silenced at DEBUG: they would write tokens before these are known as secrets.
    """
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    made = logging.getLogRecordFactory()

    def factory(*args: Any, **more: Any) -> logging.LogRecord:
        record = made(*args, **more)
        with suppress(TypeError, ValueError):
            record.msg, record.args = masker.text(record.getMessage()), ()
        return record

    logging.setLogRecordFactory(factory)
    config.add_cleanup(lambda: logging.setLogRecordFactory(made))


def masked_traceback(item: pytest.Item, error: pytest.ExceptionInfo[BaseException], shown: object, mask: Masker) -> str:
    """Return the masked traceback of an unexpected exception, with the local variables where `--showlocals` is set.

    pytest abridges the values in a traceback or spreads them over lines, and a part of a secret is not recognized as
    one. So each value is written whole and in one line, masked, and abridged afterwards.
    """
    told = []
    if hasattr(shown, "reprtraceback"):
        told = _locals(error) if shows_locals(item.config) else []
        shown = traceback_text(item, error)
    return "\n".join(_abridged(line) for line in [*mask.text(str(shown)).splitlines(), *map(mask.text, told)])


class MaskedEndings:
    """Hooks that mask the tracebacks which pytest writes of a session that was interrupted, or that failed itself.

    A signal may arrive at an instruction that belongs to no line, on which the traceback of pytest would fail.
    """

    def __init__(self, config: pytest.Config, masker: Masker) -> None:
        self._config = config
        self._mask = masker

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Generator[None]:
        _drop_entries_without_line(excinfo.value.__traceback__)
        if _is_meant(excinfo):
            excinfo.traceback = adapters.last_entry(excinfo)
        yield
        self._retell(adapters.interruption(self._config), excinfo)

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: object, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        self._retell(excrepr, excinfo)

    def _retell(self, shown: object, error: pytest.ExceptionInfo[BaseException]) -> None:
        if hasattr(shown, "chain"):
            lines = [str(error.value)] if _is_meant(error) else self._lines(error)
            text = "\n".join(_abridged(self._mask.text(line)) for line in lines)
            adapters.retell(shown, text, self._mask.text)

    def _lines(self, error: pytest.ExceptionInfo[BaseException]) -> list[str]:
        told = _locals(error) if shows_locals(self._config) else []
        return [*adapters.whole_traceback(self._config, error).splitlines(), *told]


def _is_meant(error: pytest.ExceptionInfo[BaseException]) -> bool:
    """Return whether the suite has ended the session: its message alone is shown, a traceback would take long."""
    return isinstance(error.value, pytest.exit.Exception)


def _drop_entries_without_line(traceback: TracebackType | None) -> None:
    while traceback is not None:
        following = traceback.tb_next
        while following is not None and not following.tb_lineno:
            following = following.tb_next
        traceback.tb_next = following
        traceback = following


def _locals(error: pytest.ExceptionInfo[BaseException]) -> list[str]:
    lines = []
    for entry in error.traceback[-_FRAMES_TOLD:]:
        lines += ["", f"locals of {entry.name} ({entry.path}:{entry.lineno + 1})"]
        lines += [f"{name} = {_in_one_line(value)}" for name, value in entry.locals.items() if not name.startswith("@")]
    return lines


def _in_one_line(value: object) -> str:
    try:
        return repr(value).replace("\n", "\\n")
    except Exception as error:
        return f"({type(value).__name__} without a text: {type(error).__name__})"


def mask_metadata(config: pytest.Config, masker: Masker) -> None:
    """Mask the environment that pytest-metadata collects for pytest-html's table and the session header."""
    table = environment_table(config)
    if table is not None:
        table.update(masker.value(dict(table)))


def _abridged(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}… ({len(line)} characters)"
