"""Mistakes that no option shows by itself: a variable that nobody reads, an id that is none, a selection of nothing."""

from __future__ import annotations

import re
import traceback
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

from conformance.contract.words import remedy

_PREFIX: Final = "CONFORMANCE_"
_BASE_URL: Final = f"{_PREFIX}BASE_URL"
_ID: Final = re.compile(r"""requirement\s*\(\s*id\s*=\s*(["'])(.*?)\1""")


def unknown_variable(names: Iterable[str], known: Collection[str], own: Collection[str] = ()) -> str | None:
    """Return a sentence about a variable of the environment that looks like an option's and is none.

    `own` are the variables that the user's profile names.
    """
    for name in sorted(set(names) - set(own)):
        if name == _BASE_URL:
            return f"environment variable {name} is not read: the base URL is in PYTEST_BASE_URL, or in --base-url"
        if name.startswith(_PREFIX) and name not in known:
            near = get_close_matches(name.removeprefix(_PREFIX), [word.removeprefix(_PREFIX) for word in known], 1)
            words = f"did you mean `{_PREFIX}{near[0]}`?" if near else "remove it, or see `pytest --help`"
            return f"environment variable {name} is none of this suite's; {words}"
    return None


def unknown_selection(expression: str, ids: Collection[str]) -> str | None:
    """Return a sentence about an id in the expression of `-m` that is not in the catalogue."""
    wrong = next((found[2] for found in _ID.finditer(expression) if found[2] not in ids), None)
    if wrong is None:
        return None
    near = remedy(wrong, ids) or "; --list-requirements lists all"
    return f"-m names {wrong!r}, which is not in the catalogue{near}"


def imported(names: Iterable[str], root: Path) -> list[ModuleType]:
    """Return modules by their names. Raises `ImportError` with file, line and reason for one that is broken."""
    found = []
    for name in names:
        try:
            found.append(import_module(name))
        except Exception as error:
            told = broken_import(error, root) or f"the module {name} cannot be imported: {error}"
            raise ImportError(told) from None
    return found


def broken_import(error: BaseException, root: Path) -> str | None:
    """Return file, line and reason of a module that cannot be imported; None where no file below `root` is at fault."""
    if isinstance(error, SyntaxError) and error.filename:
        file, line = Path(error.filename), error.lineno
        reason = f"this is no valid Python: {error.msg}"
    else:
        frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
        own = [frame for frame in frames if frame[0].is_relative_to(root) and "site-packages" not in frame[0].parts]
        if not own:
            return None
        file, line = own[-1]
        reason = str(error) if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
    place = file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)
    return f"{place}, line {line}: {reason}" if line else f"{place}: {reason}"
