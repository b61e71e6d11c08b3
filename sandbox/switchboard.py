"""Faults and variants by name: what can be switched on, and the behaviour that results."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from sandbox import faults, variants
from sandbox.behaviour import Behaviour
from sandbox.faults.model import Fault
from sandbox.reference import REFERENCE
from sandbox.registry import Entry, gathered
from sandbox.variants.model import Variant


class UnknownName(ValueError):
    """A name that is not on the switchboard; its text is one sentence with the closest names."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.4)
        hint = f"the closest are {', '.join(close)}" if close else f"--list-{kind}s shows them all"
        super().__init__(f"there is no {kind} {name!r}; {hint}.")


FAULTS: Mapping[str, Fault] = gathered(faults, "FAULTS", Fault)
VARIANTS: Mapping[str, Variant] = gathered(variants, "VARIANTS", Variant)


def _chosen(kind: str, names: Sequence[str], known: Mapping[str, Entry]) -> list[Entry]:
    for name in names:
        if name not in known:
            raise UnknownName(kind, name, known)
    return [known[name] for name in names]


def behaviour_of(fault_ids: Sequence[str] = (), variant_ids: Sequence[str] = ()) -> Behaviour:
    """Return the reference with the named faults, then the named variants, switched on.

    Variants are applied in the order of their table, those that change how a reply is written after all others.
    Raises ``UnknownName`` where one of them is not on the switchboard.
    """
    behaviour = REFERENCE
    for fault in _chosen("fault", fault_ids, FAULTS):
        behaviour = fault.change(behaviour)
    chosen = {variant.id for variant in _chosen("variant", variant_ids, VARIANTS)}
    for variant in sorted(VARIANTS.values(), key=lambda variant: variant.writes):
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
