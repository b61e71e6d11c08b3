"""The ledger: what each test decided, with evidence; and the verdict on each requirement that follows from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from conformance.contract.catalogue import Catalogue, Requirement

Verdict = Literal["passed", "failed", "warned", "not tested"]
BREACHES_KEPT: Final = 3
EVIDENCE_KEPT: Final = 6


@dataclass(frozen=True)
class Breach:
    """One departure from a requirement: where it was seen, what was expected, what came, and the masked exchange.

    `refusal` says that the request was refused, though in another way than it had to be: where its control is
    refused as well, that says nothing.
    """

    requirement: str
    test: str
    expected: str
    got: str
    exchange: dict[str, Any] | None = None
    refusal: bool = False


@dataclass
class Record:
    """What one test did: requirements it decided, breaches it found, what it could not test, and its requests."""

    test: str
    requirements: tuple[str, ...] = ()
    decided: set[str] = field(default_factory=set)
    breaches: list[Breach] = field(default_factory=list)
    more_breaches: Counter[str] = field(default_factory=Counter)
    not_tested: dict[str, str] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    created: dict[str, None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    gone: str = ""

    def breach(self, breach: Breach) -> None:
        """A breach: kept with its evidence, or counted only where the test has shown the same one often enough."""
        self.decided.add(breach.requirement)
        if sum(known.requirement == breach.requirement for known in self.breaches) < BREACHES_KEPT:
            self.breaches.append(breach)
        else:
            self.more_breaches[breach.requirement] += 1

    def drop_refusals(self, requirements: Iterable[str]) -> None:
        """A test whose control was refused too: forgets breaches that are no more than a refusal of another kind."""
        doubtful = set(requirements)
        self.breaches = [item for item in self.breaches if item.requirement not in doubtful or not item.refusal]

    def to_data(self) -> dict[str, Any]:
        """The record as JSON data, to travel with a test report between processes."""
        return {
            **vars(self),
            "decided": sorted(self.decided),
            "requirements": list(self.requirements),
            "breaches": [asdict(breach) for breach in self.breaches],
            "more_breaches": dict(self.more_breaches),
            "requests": dict(self.requests),
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Record:
        """The reverse of `to_data`."""
        known = [Breach(**breach) for breach in data["breaches"]]
        counters = {name: Counter(data[name]) for name in ("more_breaches", "requests")}
        requirements = tuple(data["requirements"])
        sets = {"requirements": requirements, "decided": set(data["decided"]), "breaches": known}
        return cls(**{**data, **counters, **sets})


@dataclass(frozen=True)
class Result:
    """The verdict on one requirement, with what supports it."""

    requirement: Requirement
    verdict: Verdict
    reason: str
    tests: tuple[str, ...]
    breaches: tuple[Breach, ...]
    more_breaches: int = 0


def results(
    catalogue: Catalogue, records: Iterable[Record], reasons: dict[str, str], undecided: str
) -> tuple[Result, ...]:
    """A run's records: returns the verdict on every requirement of the catalogue, in its order.

    `reasons` says by id why a requirement could not be tested where no test says it; `undecided` is for the rest.
    """
    records = list(records)
    by_id: dict[str, list[Record]] = {}
    for record in records:
        for requirement_id in {*record.decided, *record.not_tested}:
            by_id.setdefault(requirement_id, []).append(record)
    return tuple(
        _result(requirement, by_id.get(requirement.id, []), reasons.get(requirement.id, undecided))
        for requirement in catalogue
    )


def _result(requirement: Requirement, records: list[Record], reason: str) -> Result:
    breaches = tuple(breach for record in records for breach in record.breaches if breach.requirement == requirement.id)
    more = sum(record.more_breaches[requirement.id] for record in records)
    deciding = tuple(record.test for record in records if requirement.id in record.decided)
    if breaches:
        tests = tuple(dict.fromkeys(breach.test for breach in breaches))
        verdict: Verdict = "failed" if requirement.level == "MUST" else "warned"
        more += max(0, len(breaches) - EVIDENCE_KEPT)
        return Result(requirement, verdict, "", tests, breaches[:EVIDENCE_KEPT], more)
    if deciding:
        return Result(requirement, "passed", "", deciding, ())
    told = [record.not_tested[requirement.id] for record in records if requirement.id in record.not_tested]
    return Result(requirement, "not tested", requirement.not_testable or (told[0] if told else reason), (), ())
