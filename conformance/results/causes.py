"""Which broken requirement may be the cause of another one: tables over concerns, and what their responses show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final

from conformance.results.received import (
    Source,
    denied_sources,
    got_the_same,
    in_same_words,
    is_missing_at,
    is_refused,
    operations,
    statuses,
    tells_value_at,
)
from conformance.results.verdicts import Result

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

_EVERYWHERE: Final = frozenset({"errors", "headers"})
"""Concerns of what servers do for all operations in one place: the same words for two operations are one defect."""
_ENDS: Final = frozenset({"no-server-error", "accepts"})
"""Kinds of rules that say nothing of what was wrong: where two operations break them now and then, that is chance."""
_NO_ANSWER: Final = frozenset({"no-server-error", "answered"})
"""Kinds of rules that are broken by errors and cut connections, which end whatever a request was to show."""
_MOSTLY: Final = 0.9
_PLACES: Final = ("response", "field", "later")
_TICKED: Final = re.compile("`([^`]+)`")
_FIELD: Final = re.compile(r"\b[a-z]+(?:[A-Z]\w*)+")
_NUMBER: Final = re.compile(r"\.\d+")
_WORD: Final = re.compile(r"\w+(?:\.\w+)*")


@dataclass(frozen=True)
class Broken:
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
    def told_places(self) -> frozenset[str]:
        """Return the fields that it is about, those that its breaches tell of where no rule names any."""
        if self.result.requirement.rule:
            return self.places
        refused = self.concern == "validation"
        told = [
            {breach.place, *_TICKED.findall(breach.got), *(_refused_field(breach.expected) if refused else ())} - {""}
            for breach in self.result.breaches
        ]
        return frozenset(place for places in told for place in places) if all(told) else frozenset()

    @cached_property
    def statuses(self) -> frozenset[int]:
        return statuses(self.result)

    @cached_property
    def denied(self) -> frozenset[Source]:
        return denied_sources(self.result)

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

    @cached_property
    def is_now_and_then(self) -> bool:
        """Return whether it was broken less than every second time: what breaks with it then is no coincidence."""
        return 2 * self.result.times_broken < self.result.looks

    def explains(self, other: Broken) -> bool:
        """Return whether this breach is a likely cause of another one, which stands behind it."""
        if self._is_named_by(other) or self._is_same_value(other):
            return True
        if other.is_grave and self.concern not in EXPLAIN_GRAVE:
            return False
        return (
            self._is_same_place(other)
            or self._is_same_sentence(other)
            or self._is_same_refusal(other)
            or self._is_same_gap(other)
            or self._is_same_field_let_through(other)
            or self._is_same_source(other)
            or self._is_same_response(other)
            or self._comes_before(other)
        )

    def shows(self, other: Broken) -> bool:
        """Return whether this breach is the plainer one of the same responses, even if it stands behind the other.

        A requirement on every response stands then before what one test found: an error is the cause of all that it
        ends, and so is the object of another one, and the field of which both tell.
        """
        if self._is_named_by(other):
            return True
        rule = self.result.requirement.rule or {}
        if rule and not other.places and self._is_same_value(other):
            return True
        if other.result.requirement.rule or other.result.requirement.level < self.result.requirement.level:
            return False
        if _NO_ANSWER & set(rule):
            return _within(other, self)
        if self._is_same_value(other):
            return True
        if other.is_grave and self.concern not in EXPLAIN_GRAVE:
            return False
        if "accepts" in rule:
            same = self.result.requirement.operation in operations(other.result)
            may_follow = other.concern in AFTERWARDS["status"] | {"tenancy"}
            return same and may_follow and self.statuses == other.statuses
        if "unique" in rule and _within(other, self):
            return True
        return bool(rule) and self._comes_before(other)

    @cached_property
    def is_grave(self) -> bool:
        """Return whether nobody may overlook it; what refusals alone break lets nobody in."""
        requirement = self.result.requirement
        if self.concern not in GRAVE or requirement.level != "MUST":
            return False
        return self.concern == "leaks" or not is_refused(self.result)

    def _is_named_by(self, other: Broken) -> bool:
        """The catalogue says that the other one follows from this one, or from its family; a refusal leaks nothing."""
        if other.concern == "leaks" and self.concern != "leaks" and is_refused(self.result):
            return False
        return bool({self.id, self.id.rpartition("-")[0]} & set(other.result.requirement.follows))

    def _is_same_place(self, other: Broken) -> bool:
        """The same field of the same operation: a missing `url` is not also the same `url` twice."""
        if self.result.requirement.operation != other.result.requirement.operation:
            return False
        return bool(self.told_places & other.told_places) or (self._holds(other) and _within(other, self))

    def _holds(self, other: Broken) -> bool:
        """The other one is about fields of the object that this one is about."""
        around = tuple(f"{place}." for place in self.places)
        return bool(around and other.places) and all(place.startswith(around) for place in other.places)

    def _is_same_value(self, other: Broken) -> bool:
        """The same responses broke both, and the other one tells of what stands there at this one's field."""
        if not _within(other, self) or not tells_value_at(other.result, self.places):
            return False
        may_fold = not other.is_grave or other.concern == "leaks" or self.concern in EXPLAIN_GRAVE
        return may_fold or is_missing_at(other.result, self.places)

    def _is_same_sentence(self, other: Broken) -> bool:
        """The same sentence for another operation, broken in the same words."""
        if self.result.requirement.operation == other.result.requirement.operation:
            return False
        mine, others = self.result.breaches[0], other.result.breaches[0]
        if self.id.partition("-")[2] == other.id.partition("-")[2]:
            seldom = _ENDS & set(self.result.requirement.rule or {}) and (self.is_now_and_then or other.is_now_and_then)
            return not seldom and in_same_words(mine, others)
        let_through = self.concern in GRAVE and not is_refused(self.result)
        same = self.concern == other.concern and (let_through or self.concern in _EVERYWHERE)
        return same and (in_same_words(mine, others) or got_the_same(mine, others))

    def _is_same_refusal(self, other: Broken) -> bool:
        """Valid requests are refused, and those of the other requirement with the same status."""
        operation = self.result.requirement.operation
        refused = "accepts" in (self.result.requirement.rule or {})
        refused = refused and operation in {other.result.requirement.operation, *operations(other.result)}
        return refused and other.concern in AFTERWARDS["status"] and self._got_the_same(other)

    def _is_same_source(self, other: Broken) -> bool:
        """What the same operation had handed out is denied to whoever names it."""
        mine, others = self.result.requirement, other.result.requirement
        return not (mine.rule or others.rule) and self.statuses == other.statuses and bool(self.denied & other.denied)

    def _is_same_gap(self, other: Broken) -> bool:
        """What had to be refused was answered with the same status: a gap in one operation's tokens or tenants."""
        mine, others = self.result.requirement, other.result.requirement
        same = (mine.operation, mine.concern) == (others.operation, others.concern)
        return same and self.concern in GRAVE and not (mine.rule or others.rule) and self._got_the_same(other)

    def _is_same_field_let_through(self, other: Broken) -> bool:
        """Wrong values of the same field, which both name, were accepted by the same operation."""
        mine, others = self.result.requirement, other.result.requirement
        if mine.operation != others.operation or mine.rule or others.rule:
            return False
        both = self.statuses | other.statuses
        accepted = bool(both) and max(both) < HTTPStatus.BAD_REQUEST and min(both) >= HTTPStatus.OK
        named = set(_FIELD.findall(mine.statement)) & set(_FIELD.findall(others.statement))
        return accepted and bool(named) and self._got_the_same(other)

    def _got_the_same(self, other: Broken) -> bool:
        got = self.result.breaches[0].got
        return all(breach.got == got for breach in other.result.breaches)

    def _is_same_response(self, other: Broken) -> bool:
        """The same responses broke both, and this one is about a whole response, or seldom broken elsewhere.

        An id that stands twice is mostly that of another object, with all that is in it.
        """
        shared = len(other.exchanges & self.exchanges)
        if not shared:
            return False
        if "unique" in (self.result.requirement.rule or {}):
            return shared >= _MOSTLY * len(other.exchanges)
        if not self.places:
            return shared >= _MOSTLY * len(other.exchanges)
        return shared == len(other.exchanges) and self.is_now_and_then

    def _comes_before(self, other: Broken) -> bool:
        """In each test that broke the other one, this one was broken before, and may bring it about."""
        if other.concern not in AFTERWARDS.get(self.concern, ()) or not self._touches(other):
            return False
        return all(self.first_in.get(test, number + 1) <= number for test, number in other.first_in.items())

    def _touches(self, other: Broken) -> bool:
        """Return whether the other breach can rest on this one's field, which it names then; or on a whole response."""
        names = {_last(place) for place in self.places}
        around = {part for place in self.places for part in place.split(".")[:-1]}
        told = _TICKED.findall(other.result.requirement.statement)
        told += [word for breach in other.result.breaches for word in _WORD.findall(breach.expected)]
        got = [name for breach in other.result.breaches for name in _TICKED.findall(breach.got)]
        return not names or bool(names & {_last(name) for name in (*other.places, *told, *got)} or around & set(got))


def _last(place: str) -> str:
    return place.rpartition(".")[2]


def _refused_field(expected: str) -> list[str]:
    """Return the field whose value had to be refused, as the words name it first, without places in a list."""
    return [_NUMBER.sub("", name) for name in _TICKED.findall(expected)[:1]]


def _within(one: Broken, other: Broken) -> bool:
    """Return whether each response that broke the one broke the other too."""
    return bool(one.exchanges) and one.exchanges <= other.exchanges
