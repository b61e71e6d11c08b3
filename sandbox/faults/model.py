"""What a fault is: one thing that a broken server does, as data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from sandbox.behaviour import Change

Level: TypeAlias = Literal["MUST", "SHOULD"]

MUST: Level = "MUST"
SHOULD: Level = "SHOULD"
ANY = "any"
"""The operation of a fault that is not tied to one."""


@dataclass(frozen=True)
class Fault:
    """A defect that breaks the contract page in one place.

    ``level`` is that of the sentence broken; ``requirements`` are the catalogue's ids that have to fire on it.
    """

    id: str
    operation: str
    level: Level
    description: str
    change: Change
    requirements: tuple[str, ...]
    kind: str = ""


def table(kind: str, *faults: Fault) -> tuple[Fault, ...]:
    """Return the faults as those of one kind."""
    return tuple(replace(fault, kind=kind) for fault in faults)


def must(name: str, operation: str, description: str, change: Change, *requirements: str) -> Fault:
    """Return a fault that breaks a MUST."""
    return Fault(name, operation, MUST, description, change, requirements)
