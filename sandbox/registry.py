"""Finding what can be switched on: the modules of a package are its list."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Protocol, TypeVar


class Named(Protocol):
    """Anything with an id of its own."""

    @property
    def id(self) -> str: ...


Entry = TypeVar("Entry", bound=Named)


def gathered(package: ModuleType, name: str, kind: type[Entry]) -> Mapping[str, Entry]:
    """Return, by id, the entries of every module of a package that defines a tuple of that name.

    The order is that of the modules' names, and of the entries in each. Raises ``TypeError`` where one of them is of
    another type, and ``ValueError`` where an id is given twice.
    """
    table: dict[str, Entry] = {}
    for module in sorted(found.name for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")):
        for entry in _defined(module, name):
            if not isinstance(entry, kind):
                raise TypeError(f"{module}: {entry!r} is no {kind.__name__}")
            if entry.id in table:
                raise ValueError(f"{module}: the id {entry.id!r} is given twice")
            table[entry.id] = entry
    return table


def _defined(module: str, name: str) -> Iterable[object]:
    entries: Iterable[object] = getattr(importlib.import_module(module), name, ())
    return entries
