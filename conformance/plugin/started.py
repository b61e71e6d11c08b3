"""How a session was started: by pytest in a checkout, or by the installed command in a folder of its user."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pytest

HOME: Final = "conformance_home"
HOME_HELP: Final = "where the command `merchant-conformance` was called, for which its reports are"
_COMMAND: Final = "merchant-conformance"


def is_command(config: pytest.Config) -> bool:
    """Return whether the installed command has started the session."""
    return bool(config.getini(HOME))


def home(config: pytest.Config) -> Path:
    """Return the folder that reports are written to: the user's, or that of the checkout."""
    return Path(config.getini(HOME) or config.rootpath)


def word(config: pytest.Config) -> str:
    """Return the word for such a session in a sentence: pytest, or the installed command."""
    return _COMMAND if is_command(config) else "pytest"


def command(config: pytest.Config) -> tuple[str, ...]:
    """Return the words that start such a session again: pytest by the interpreter that runs now, and by no other one.

    An environment in the folder of the checkout is named from there.
    """
    if is_command(config):
        return (_COMMAND,)
    interpreter, root = Path(sys.executable), config.rootpath
    inside = interpreter.is_relative_to(root)
    return str(interpreter.relative_to(root) if inside else interpreter), "-m", "pytest"
