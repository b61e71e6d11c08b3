"""Faults and variants by name: what can be switched on, and the behaviour that results."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from sandbox import faults, variants
from sandbox.behaviour import REFERENCE, Behaviour
from sandbox.faults.model import Fault
from sandbox.variants import Variant


class _Named(Protocol):
    @property
    def id(self) -> str: ...


Entry = TypeVar("Entry", bound=_Named)


class UnknownName(ValueError):
    """A name that is not on the switchboard; its text is one sentence with the closest names."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.4)
        hint = f"the closest are {', '.join(close)}" if close else f"--list-{kind}s shows them all"
        super().__init__(f"there is no {kind} {name!r}; {hint}.")


def _by_id(entries: Iterable[Entry]) -> Mapping[str, Entry]:
    table: dict[str, Entry] = {}
    for entry in entries:
        if entry.id in table:
            raise ValueError(f"the id {entry.id!r} is given twice")
        table[entry.id] = entry
    return table


FAULTS: Mapping[str, Fault] = _by_id(faults.ALL)
VARIANTS: Mapping[str, Variant] = _by_id(variants.ALL)


def _chosen(kind: str, names: Sequence[str], known: Mapping[str, Entry]) -> list[Entry]:
    for name in names:
        if name not in known:
            raise UnknownName(kind, name, known)
    return [known[name] for name in names]


def behaviour_of(fault_ids: Sequence[str] = (), variant_ids: Sequence[str] = ()) -> Behaviour:
    """The reference with the named faults, then the named variants in the order of their table, switched on.

    Raises ``UnknownName`` where one of them is not on the switchboard.
    """
    behaviour = REFERENCE
    for fault in _chosen("fault", fault_ids, FAULTS):
        behaviour = fault.change(behaviour)
    chosen = {variant.id for variant in _chosen("variant", variant_ids, VARIANTS)}
    for variant in VARIANTS.values():
        if variant.id in chosen:
            behaviour = variant.change(behaviour)
    return behaviour


def listed_faults() -> list[dict[str, object]]:
    return [
        {
            "id": fault.id,
            "operation": fault.operation,
            "kind": fault.kind,
            "level": fault.level,
            "description": fault.description,
            "requirements": list(fault.requirements),
        }
        for fault in FAULTS.values()
    ]


def listed_variants() -> list[dict[str, object]]:
    return [
        {"id": variant.id, "description": variant.description, "capability": variant.capability}
        for variant in VARIANTS.values()
    ]
