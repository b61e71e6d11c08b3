"""Broken requirements by their cause: one defect is told once, with what follows from it folded under it.

A target shows one defect in many ways: a missing field breaks its schema, then the echo, then every test that needed
the field. What follows from what is told by the catalogue (`follows`), by tables over concerns, and by what was seen:
the same field of the same operation, the same response, the same test. It is a guess, and told as one: every broken
requirement keeps its verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

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

DEPTHS: Final = (
    "tenancy",
    "authentication",
    "validation",
    "status",
    "protocol",
    "schema",
    "uniqueness and state",
    "echo",
    "customer options",
    "errors",
    "headers",
    "leaks",
)
"""The concerns from cause to consequence: a breach of one is explained by breaches of those before it."""

GRAVE: Final = frozenset({"tenancy", "authentication", "leaks"})
EXPLAIN_GRAVE: Final = GRAVE | {"validation", "uniqueness and state"}
"""What is grave is folded under none but these, so that nobody overlooks it."""

AFTERWARDS: Final[Mapping[str, frozenset[str]]] = {
    "tenancy": frozenset({"tenancy", "leaks", "status", "echo", "uniqueness and state"}),
    "authentication": frozenset({"authentication", "status", "echo", "uniqueness and state"}),
    "status": frozenset({"status", "protocol", "authentication", "uniqueness and state", "customer options"}),
    "schema": frozenset({"status", "echo", "uniqueness and state", "customer options"}),
    "uniqueness and state": frozenset({"status", "echo", "leaks", "uniqueness and state", "customer options"}),
    "echo": frozenset({"echo", "customer options", "uniqueness and state"}),
    "customer options": frozenset({"echo", "customer options"}),
}
"""What a breach may bring about later in the same test, by concern."""

_MOSTLY: Final = 0.9
_PLACES: Final = ("response", "field", "later")
_TICKED: Final = re.compile("`([^`]+)`")
_WORD: Final = re.compile(r"\w+(?:\.\w+)*")


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
    broken = sorted(map(_Broken, (result for result in results if result.breaches)), key=lambda item: item.order)
    roots: dict[str, str] = {}
    for number, item in enumerate(broken):
        cause = next((other for other in broken[:number] if other.explains(item)), None)
        roots[item.id] = roots[cause.id] if cause is not None else item.id
    found = [
        Group(item.result, tuple(other.result for other in broken if roots[other.id] == item.id and other is not item))
        for item in broken
        if roots[item.id] == item.id
    ]
    return tuple(sorted(found, key=lambda group: (group.cause.requirement.level, DANGERS.index(group.endangers))))


def danger(result: Result) -> str:
    """Return what a broken requirement endangers."""
    return result.requirement.endangers or result.requirement.concern


@dataclass(frozen=True)
class _Broken:
    """A broken requirement as grouping looks at it."""

    result: Result

    @property
    def id(self) -> str:
        return self.result.requirement.id

    @property
    def concern(self) -> str:
        return self.result.requirement.concern

    @cached_property
    def order(self) -> tuple[str, int, bool]:
        """Return where it stands between cause and consequence; a SHOULD explains no MUST."""
        return self.result.requirement.level, DEPTHS.index(self.concern), bool(self.result.requirement.follows)

    @cached_property
    def places(self) -> frozenset[str]:
        """Return the fields of the response that it is about, as its rule names them; none for the whole response."""
        rule: Mapping[str, Any] = self.result.requirement.rule or {}
        named: list[str] = []
        for kind, params in rule.items():
            values = [params] if kind == "schema" else [params.get(key) for key in _PLACES if isinstance(params, dict)]
            named += [name for value in values if value for name in ([value] if isinstance(value, str) else value)]
        return frozenset() if "" in named else frozenset(named)

    @cached_property
    def exchanges(self) -> frozenset[int]:
        return frozenset(seen.exchange for seen in self.result.seen) - {0}

    @cached_property
    def first_in(self) -> Mapping[str, int]:
        """Return by test the first exchange that broke it."""
        found: dict[str, int] = {}
        for seen in self.result.seen:
            found[seen.test] = min(seen.exchange, found.get(seen.test, seen.exchange))
        return found

    @property
    def is_now_and_then(self) -> bool:
        """Return whether it was broken less than every second time: what breaks with it then is no coincidence."""
        return 2 * self.result.times_broken < self.result.looks

    def explains(self, other: _Broken) -> bool:
        """Return whether this breach is a likely cause of another one, which stands behind it."""
        if {self.id, self.id.rpartition("-")[0]} & set(other.result.requirement.follows):
            return True
        is_grave = other.concern in GRAVE and other.result.requirement.level == "MUST"
        if is_grave and self.concern not in EXPLAIN_GRAVE:
            return False
        return (
            self._is_same_place(other)
            or self._is_same_sentence(other)
            or self._is_same_refusal(other)
            or self._is_same_gap(other)
            or self._is_same_response(other)
            or self._comes_before(other)
        )

    def _is_same_place(self, other: _Broken) -> bool:
        """The same field of the same operation: a missing `url` is not also the same `url` twice."""
        return self.result.requirement.operation == other.result.requirement.operation and bool(
            self.places & other.places
        )

    def _is_same_sentence(self, other: _Broken) -> bool:
        """The same sentence for another operation, broken in the same words."""
        if self.result.requirement.operation == other.result.requirement.operation:
            return False
        mine, others = self.result.breaches[0], other.result.breaches[0]
        same = self.id.partition("-")[2] == other.id.partition("-")[2]
        return same and (mine.expected, mine.got) == (others.expected, others.got)

    def _is_same_refusal(self, other: _Broken) -> bool:
        """Valid requests are refused, and those of the other requirement with the same status."""
        refused = "accepts" in (self.result.requirement.rule or {})
        return refused and other.concern in AFTERWARDS["status"] and self._got_the_same(other)

    def _is_same_gap(self, other: _Broken) -> bool:
        """What had to be refused was answered with the same status: a gap in one operation's tokens or tenants."""
        mine, others = self.result.requirement, other.result.requirement
        same = (mine.operation, mine.concern) == (others.operation, others.concern)
        return same and self.concern in GRAVE and not (mine.rule or others.rule) and self._got_the_same(other)

    def _got_the_same(self, other: _Broken) -> bool:
        got = self.result.breaches[0].got
        return all(breach.got == got for breach in other.result.breaches)

    def _is_same_response(self, other: _Broken) -> bool:
        """The same responses broke both, and this one is about a whole response, or seldom broken elsewhere.

        An id that stands twice is mostly that of another object, with all that is in it.
        """
        shared = len(other.exchanges & self.exchanges)
        if not shared:
            return False
        if "unique" in (self.result.requirement.rule or {}):
            return shared >= _MOSTLY * len(other.exchanges)
        return shared == len(other.exchanges) and (not self.places or self.is_now_and_then)

    def _comes_before(self, other: _Broken) -> bool:
        """In each test that broke the other one, this one was broken before, and may bring it about."""
        if other.concern not in AFTERWARDS.get(self.concern, ()) or not self._touches(other):
            return False
        return all(self.first_in.get(test, number + 1) <= number for test, number in other.first_in.items())

    def _touches(self, other: _Broken) -> bool:
        """Return whether the other breach can rest on this one's field, which it names then; or on a whole response."""
        names = {_last(place) for place in self.places}
        told = _TICKED.findall(other.result.requirement.statement)
        told += [word for breach in other.result.breaches for word in _WORD.findall(breach.expected)]
        return not names or bool(names & {_last(name) for name in (*other.places, *told)})


def _last(place: str) -> str:
    return place.rpartition(".")[2]
