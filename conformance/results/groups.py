"""Broken requirements by their cause: one defect is told once, with what follows from it folded under it.

A target shows one defect in many ways: a missing field breaks its schema, then the echo, then every test that needed
the field. What follows from what is told by the catalogue (`follows`), by tables over concerns, and by what was seen:
the same field of the same operation, the same response, the same test. It is a guess, and told as one: every broken
requirement keeps its verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from conformance.results.causes import GRAVE, Broken
from conformance.results.received import is_refused
from conformance.results.verdicts import Result

DANGERS: Final = (
    "tenancy",
    "authentication",
    "leaks",
    "money",
    "status",
    "customer options",
    "uniqueness and state",
    "echo",
    "schema",
    "validation",
    "protocol",
    "errors",
    "headers",
)
"""What a breach endangers, the worst first: a concern of the catalogue, or what a row says that it `endangers`."""


@dataclass(frozen=True)
class Group:
    """A broken requirement that explains others, and what follows from it; `endangers` is the worst of its level."""

    cause: Result
    follows: tuple[Result, ...] = ()

    @property
    def members(self) -> tuple[Result, ...]:
        return (self.cause, *self.follows)

    @property
    def endangers(self) -> str:
        level = self.cause.requirement.level
        equals = (result for result in self.members if result.requirement.level == level)
        return min(map(danger, equals), key=DANGERS.index)


def groups(results: Iterable[Result]) -> tuple[Group, ...]:
    """Return the broken requirements of a run by their cause: what breaks a MUST first, then by what it endangers."""
    broken = sorted(map(Broken, (result for result in results if result.breaches)), key=lambda item: item.order)
    roots = _roots(broken)
    found = []
    for item in broken:
        if roots[item.id] == item.id:
            members = [other for other in broken if roots[other.id] == item.id]
            first = _plainest(item, members)
            found.append(Group(first.result, tuple(other.result for other in members if other is not first)))
    return tuple(sorted(found, key=lambda group: (group.cause.requirement.level, DANGERS.index(group.endangers))))


def _plainest(root: Broken, members: Sequence[Broken]) -> Broken:
    """Return who tells of the cause: what one test found gives way to what each response breaks at the same field."""
    if root.result.requirement.rule:
        return root
    level = root.result.requirement.level
    return next(
        (
            item
            for item in members
            if item.places & root.told_places
            and item.concern == root.concern
            and item.result.requirement.level == level
        ),
        root,
    )


def _roots(broken: Sequence[Broken]) -> dict[str, str]:
    """Return by id the cause of each broken requirement, which is itself where no other one explains it.

    What comes from cause to consequence is looked for first, then what shows the cause wherever it stands.
    """
    roots: dict[str, str] = {}
    let_through: dict[str, set[int]] = {}
    for number, item in enumerate(broken):
        cause = next((roots[other.id] for other in broken[:number] if other.explains(item)), None)
        roots[item.id] = cause = cause or _covering(item, let_through) or item.id
        if not item.places:
            let_through.setdefault(cause, set()).update(item.exchanges)
    for item in broken:
        if roots[item.id] == item.id:
            others = (other for other in broken if roots[other.id] != item.id)
            if (shown := next((other for other in others if other.shows(item)), None)) is not None:
                cause = roots[shown.id]
                roots = {name: cause if root == item.id else root for name, root in roots.items()}
    return roots


def _covering(item: Broken, let_through: Mapping[str, set[int]]) -> str | None:
    """Return the cause whose whole group breaks each response that broke the item, or None.

    What had to be refused and was accepted breaks what is said of accepted requests.
    """
    if item.is_grave or not item.exchanges:
        return None
    return next((cause for cause, exchanges in let_through.items() if item.exchanges <= exchanges), None)


def danger(result: Result) -> str:
    """Return what a broken requirement endangers; where all is refused, nobody is let in."""
    concern = result.requirement.concern
    if concern in GRAVE - {"leaks"} and is_refused(result):
        concern = "status"
    return result.requirement.endangers or concern
