"""The verdict on each requirement, and on the run, as they follow from the records of its tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from conformance.contract.catalogue import Catalogue, Requirement
from conformance.errors import NOT_SHOWN_BY_TARGET, Why
from conformance.results.known import NONE_KNOWN, KnownFailure, KnownFailures
from conformance.results.records import Breach, Cases, Reason, Record

EVIDENCE_KEPT: Final = 6


class Verdict(StrEnum):
    """The verdict on one requirement; a known failure is broken in a way that the target's team has accepted."""

    PASSED = "passed"
    FAILED = "failed"
    WARNED = "warned"
    KNOWN = "known failure"
    NOT_TESTED = "not tested"


class RunVerdict(StrEnum):
    """The verdict on a run.

    Conformant: every MUST that this target can show was decided and kept. No breach found: some were left out, by the
    size, a selection, a limit or a missing precondition. Known failures: what is broken is known and accepted.
    """

    CONFORMANT = "conformant"
    NO_BREACH = "no breach found"
    KNOWN_FAILURES = "known failures"
    NOT_CONFORMANT = "not conformant"
    NOT_FINISHED = "not finished"


class Sighting(NamedTuple):
    """Where a requirement was broken: the test, and the number of the exchange, or 0 where no single one shows it."""

    test: str
    exchange: int


@dataclass(frozen=True)
class Result:
    """The verdict on one requirement, with what supports it: the cases, the deciding tests and the breaches.

    `reason` is given where the verdict is not tested, and where only some of the cases were decided. `known` is the
    entry of the known failures for the requirement, if there is one, and `matches_seen` what of it was seen. `seen` has
    every place at which it was broken, and `looks` counts the looks at a response that decided it.
    """

    requirement: Requirement
    verdict: Verdict
    reason: Reason | None
    tests: tuple[str, ...]
    cases: Cases
    breaches: tuple[Breach, ...] = ()
    more_breaches: int = 0
    known: KnownFailure | None = None
    matches_seen: frozenset[str] = frozenset()
    seen: tuple[Sighting, ...] = ()
    looks: int = 0

    @property
    def times_broken(self) -> int:
        """Return in how many looks at a response the requirement was broken, of the `looks` that there were."""
        return min(len({seen.exchange or -number for number, seen in enumerate(self.seen, 1)}), self.looks)

    @property
    def leaves_gap(self) -> bool:
        """Return whether the requirement was left out though the target could have shown it.

        An operation that the target withholds is not shown by it; what builds on that operation could be shown.
        """
        if self.verdict is not Verdict.NOT_TESTED or self.reason is None:
            return False
        elsewhere = self.reason.operation not in ("", self.requirement.operation)
        return elsewhere or self.reason.why not in NOT_SHOWN_BY_TARGET

    @property
    def is_partial(self) -> bool:
        """Return whether the verdict rests on some of the cases alone."""
        return self.verdict is Verdict.PASSED and self.cases.decided < self.cases.planned


def results(
    catalogue: Catalogue,
    records: Iterable[Record],
    reasons: Mapping[str, Reason],
    undecided: Reason,
    known: KnownFailures = NONE_KNOWN,
) -> tuple[Result, ...]:
    """Return the verdict on every requirement of the catalogue, in its order.

    `reasons` says by id why a requirement could not be tested where no test says it; `undecided` is for the rest.
    """
    by_id: dict[str, list[Record]] = {}
    for record in records:
        for requirement_id in {*record.decided, *record.not_tested, *record.cases}:
            by_id.setdefault(requirement_id, []).append(record)
    found = (
        _result(requirement, by_id.get(requirement.id, []), reasons.get(requirement.id, undecided))
        for requirement in catalogue
    )
    return tuple(
        replace(result, known=entry) if (entry := known.get(result.requirement.id)) else result for result in found
    )


def run_verdict(results: Iterable[Result], *, strict: bool, finished: bool, complete: bool) -> RunVerdict:
    """Return the verdict on a run; `complete` says that all of its tests were selected and ran."""
    results = tuple(results)
    bad = {Verdict.FAILED, Verdict.WARNED} if strict else {Verdict.FAILED}
    if any(result.verdict in bad for result in results):
        return RunVerdict.NOT_CONFORMANT
    if not finished:
        return RunVerdict.NOT_FINISHED
    if any(result.verdict is Verdict.KNOWN and (strict or result.requirement.level == "MUST") for result in results):
        return RunVerdict.KNOWN_FAILURES
    gap = any(result.leaves_gap for result in results if result.requirement.level == "MUST")
    return RunVerdict.NO_BREACH if gap or not complete else RunVerdict.CONFORMANT


def _result(requirement: Requirement, records: list[Record], reason: Reason) -> Result:
    name = requirement.id
    breaches = tuple(breach for record in records for breach in record.breaches if breach.requirement == name)
    more = sum(record.more_breaches[name] for record in records)
    cases = Cases()
    for record in records:
        cases = cases.plus(record.cases_of(name))
    told = next((record.not_tested[name] for record in records if name in record.not_tested), None)
    if breaches:
        tests = tuple(dict.fromkeys(breach.test for breach in breaches))
        verdict = Verdict.FAILED if requirement.level == "MUST" else Verdict.WARNED
        if all(breach.known for breach in breaches):
            verdict = Verdict.KNOWN
        more += max(0, len(breaches) - EVIDENCE_KEPT)
        new_first = tuple(sorted(breaches, key=_place))[:EVIDENCE_KEPT]
        matches = frozenset(breach.known for breach in breaches)
        seen = tuple(Sighting(record.test, number) for record in records for number in record.seen.get(name, ()))
        looks = max(1, sum(record.decided[name] for record in records))
        return Result(
            requirement, verdict, None, tests, cases, new_first, more, matches_seen=matches, seen=seen, looks=looks
        )
    deciding = tuple(record.test for record in records if record.decided[name])
    if deciding:
        partly = told if cases.decided < cases.planned else None
        return Result(requirement, Verdict.PASSED, partly, deciding, cases)
    if requirement.not_testable:
        return Result(requirement, Verdict.NOT_TESTED, Reason(requirement.not_testable, Why.NOT_TESTABLE), (), cases)
    return Result(requirement, Verdict.NOT_TESTED, told or reason, (), cases)


def _place(breach: Breach) -> tuple[bool, bool]:
    """Return what sorts the breaches of a requirement: new ones first, and those that a test shows before others."""
    return bool(breach.known), "::" not in breach.test


def stale_entries(
    results: Iterable[Result], known: KnownFailures, *, complete: bool, every_case: bool
) -> tuple[str, ...]:
    """Return what no longer fits of the known failures, a sentence each with its place and the remedy.

    An entry does not fit once it has expired, and once its requirement, or a breach that it names, is broken no more.
    Only a run that is `complete` tells the latter, and of a table from which the seed chooses, one with `every_case`.
    """
    return tuple(
        words
        for result in results
        if result.known is not None
        and (words := _no_longer_fits(result, result.known, known, complete and (every_case or not _chooses(result))))
    )


def _chooses(result: Result) -> bool:
    """Return whether a run smaller than a full one takes a choice of the requirement's cases, by the seed."""
    return any("each" in (table or {}) for table in (result.requirement.refuses, result.requirement.survives))


def _no_longer_fits(result: Result, entry: KnownFailure, known: KnownFailures, complete: bool) -> str:
    about = f"{entry.place}: the known failure {entry.requirement}"
    if known.has_expired(entry):
        return f"{about} expired on {entry.expires}; mend it, or give it a new date and the reason for that"
    is_decided = complete and result.verdict is not Verdict.NOT_TESTED and result.cases.decided >= result.cases.planned
    if not is_decided or entry.intermittent:
        return ""
    if result.verdict is Verdict.PASSED:
        return f"{about} passes; take it out, or call it intermittent if some runs alone show it"
    gone = [match for match in entry.matches if match not in result.matches_seen]
    if gone:
        return f"{about} shows no breach any more that matches {gone[0]!r}; take that out, or correct it"
    return ""
