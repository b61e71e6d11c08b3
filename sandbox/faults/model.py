"""What a fault is: one thing that a broken server does, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sandbox.behaviour import Behaviour

Change: TypeAlias = Callable[[Behaviour], Behaviour]
Level: TypeAlias = Literal["MUST", "SHOULD"]
Row: TypeAlias = tuple[str, str, Level, str, Change]

MUST: Level = "MUST"
SHOULD: Level = "SHOULD"
ANY = "any"
"""The operation of a fault that is not tied to one."""


@dataclass(frozen=True)
class Fault:
    """A defect that breaks the contract page in one place; ``level`` is that of the sentence broken."""

    id: str
    operation: str
    kind: str
    level: Level
    description: str
    change: Change
    requirements: tuple[str, ...] = ()


def table(kind: str, *rows: Row) -> tuple[Fault, ...]:
    """The faults of one kind, from rows of id, operation, level, description and change."""
    return tuple(Fault(name, operation, kind, level, says, change) for name, operation, level, says, change in rows)
