"""The verdict on each requirement, and on the run, as they follow from the records of its tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from conformance.contract.catalogue import Catalogue, Requirement
from conformance.errors import NOT_SHOWN_BY_TARGET, Why
from conformance.results.records import Breach, Cases, Reason, Record

EVIDENCE_KEPT: Final = 6


class Verdict(StrEnum):
    """The verdict on one requirement."""

    PASSED = "passed"
    FAILED = "failed"
    WARNED = "warned"
    NOT_TESTED = "not tested"


class RunVerdict(StrEnum):
    """The verdict on a run.

    Conformant: every MUST that this target can show was decided and kept. No breach found: some were left out, by the
    size, a selection, a limit or a missing precondition.
    """

    CONFORMANT = "conformant"
    NO_BREACH = "no breach found"
    NOT_CONFORMANT = "not conformant"
    NOT_FINISHED = "not finished"


@dataclass(frozen=True)
class Result:
    """The verdict on one requirement, with what supports it: the cases, the deciding tests and the breaches.

    `reason` is given where the verdict is not tested, and where only some of the cases were decided.
    """

    requirement: Requirement
    verdict: Verdict
    reason: Reason | None
    tests: tuple[str, ...]
    cases: Cases
    breaches: tuple[Breach, ...] = ()
    more_breaches: int = 0

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
    catalogue: Catalogue, records: Iterable[Record], reasons: Mapping[str, Reason], undecided: Reason
) -> tuple[Result, ...]:
    """Return the verdict on every requirement of the catalogue, in its order.

    `reasons` says by id why a requirement could not be tested where no test says it; `undecided` is for the rest.
    """
    by_id: dict[str, list[Record]] = {}
    for record in records:
        for requirement_id in {*record.decided, *record.not_tested, *record.cases}:
            by_id.setdefault(requirement_id, []).append(record)
    return tuple(
        _result(requirement, by_id.get(requirement.id, []), reasons.get(requirement.id, undecided))
        for requirement in catalogue
    )


def run_verdict(results: Iterable[Result], *, strict: bool, finished: bool, complete: bool) -> RunVerdict:
    """Return the verdict on a run; `complete` says that all of its tests were selected and ran."""
    results = tuple(results)
    bad = {Verdict.FAILED, Verdict.WARNED} if strict else {Verdict.FAILED}
    if any(result.verdict in bad for result in results):
        return RunVerdict.NOT_CONFORMANT
    if not finished:
        return RunVerdict.NOT_FINISHED
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
        more += max(0, len(breaches) - EVIDENCE_KEPT)
        return Result(requirement, verdict, None, tests, cases, breaches[:EVIDENCE_KEPT], more)
    deciding = tuple(record.test for record in records if record.decided[name])
    if deciding:
        partly = told if cases.decided < cases.planned else None
        return Result(requirement, Verdict.PASSED, partly, deciding, cases)
    if requirement.not_testable:
        return Result(requirement, Verdict.NOT_TESTED, Reason(requirement.not_testable, Why.NOT_TESTABLE), (), cases)
    return Result(requirement, Verdict.NOT_TESTED, told or reason, (), cases)
