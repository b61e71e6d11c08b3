"""The records of the tests: what each decided, with evidence, and what it could not test, with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NamedTuple

from conformance.errors import Why

BREACHES_KEPT: Final = 3
CHECK: Final = "the check before the first test"
"""What the record of that check has for the name of a test."""


class Reason(NamedTuple):
    """Why a requirement was not tested: in words, its kind, and the operation that the target withholds, if any."""

    words: str
    why: Why
    operation: str = ""


class Cases(NamedTuple):
    """How many cases of a requirement were decided, of how many that there are."""

    decided: int = 0
    planned: int = 0

    def plus(self, other: Cases) -> Cases:
        """Return both together."""
        return Cases(self.decided + other.decided, self.planned + other.planned)


@dataclass(frozen=True)
class Breach:
    """One departure from a requirement: where it was seen, what was expected, what came, and the masked exchange.

    `refusal` says that the request was refused, though in another way than it had to be: where its control is refused
    as well, that says nothing. `known` is the match of the known failure that covers it, empty for a new one. `place`
    is the field of the response that shows it, as a dotted path, and `step` the step of the scenario that found it.
    `before` has the steps that led to it, with their exchanges, where the test itself decides.
    """

    requirement: str
    test: str
    expected: str
    got: str
    exchange: dict[str, Any] | None = None
    refusal: bool = False
    known: str = ""
    place: str = ""
    step: str = ""
    before: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Record:
    """What one test did: the decisions it came to, the breaches it found, what it could not test, and its requests.

    `decided` counts by requirement the looks at a response that decided it. `cases` has the requirements that the test
    itself decides; one without a row there counts one case for each decision. `seen` has the numbers of the exchanges
    that broke each requirement, 0 where none shows it. `policies` are lawful refusals of unusual values, in words.
    `numbers` has those of its exchanges.
    """

    test: str
    requirements: tuple[str, ...] = ()
    decided: Counter[str] = field(default_factory=Counter)
    cases: dict[str, Cases] = field(default_factory=dict)
    breaches: list[Breach] = field(default_factory=list)
    more_breaches: Counter[str] = field(default_factory=Counter)
    seen: dict[str, list[int]] = field(default_factory=dict)
    not_tested: dict[str, Reason] = field(default_factory=dict)
    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    created: dict[str, None] = field(default_factory=dict)
    policies: dict[str, None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    gone: str = ""

    def breach(self, breach: Breach) -> None:
        """Keep a breach with its evidence, or count it where the test has shown the same one often enough.

        What is known and what is new is kept apart, so that the one never hides the other.
        """
        self.seen.setdefault(breach.requirement, []).append(breach.exchange["number"] if breach.exchange else 0)
        kind = breach.requirement, breach.known
        if sum((kept.requirement, kept.known) == kind for kept in self.breaches) < BREACHES_KEPT:
            self.breaches.append(breach)
        else:
            self.more_breaches[breach.requirement] += 1

    def take_counts(self, other: Record) -> None:
        """Take over what another record has counted, but for the breaches that it found."""
        self.decided += other.decided
        self.requests += other.requests
        self.created |= other.created
        self.numbers += other.numbers

    def plan(self, requirement: str, cases: int) -> None:
        """Say how many cases of a requirement the test is about to carry out; each decision is one of them."""
        self.cases[requirement] = Cases(self.cases.get(requirement, Cases()).decided, cases)

    def cases_of(self, requirement: str) -> Cases:
        """Return how many cases of a requirement were decided here, of how many."""
        decided = self.decided[requirement]
        planned = self.cases[requirement].planned if requirement in self.cases else decided
        return Cases(min(decided, planned), planned)

    def finish(self, active: Iterable[str], reason: Reason | None) -> None:
        """Close the test's own requirements: what is still undecided is not tested, for the reason of the test.

        A test that was cut short decides nothing but the breaches that it found; a refusal of another kind than the
        expected one is none, since the control may have been refused as well.
        """
        own = set(active)
        if reason is not None:
            self.breaches = [item for item in self.breaches if item.requirement not in own or not item.refusal]
        broken = {breach.requirement for breach in self.breaches}
        self.seen = {name: numbers for name, numbers in self.seen.items() if name in broken}
        for name in own - broken:
            if reason is not None:
                del self.decided[name]
                self.cases[name] = Cases(0, max(1, self.cases.get(name, Cases()).planned))
                self.not_tested[name] = reason
            elif not self.decided[name]:
                self.cases[name] = Cases(0, max(1, self.cases.get(name, Cases()).planned))
                self.not_tested.setdefault(name, Reason("its test came to no decision", Why.NEVER))

    def to_data(self) -> dict[str, Any]:
        """Return the record as JSON data of builtin types alone: execnet carries no other between processes."""
        return {
            **vars(self),
            "requirements": list(self.requirements),
            "decided": dict(self.decided),
            "cases": {name: list(cases) for name, cases in self.cases.items()},
            "breaches": [asdict(breach) for breach in self.breaches],
            "more_breaches": dict(self.more_breaches),
            "not_tested": {
                name: [reason.words, reason.why.value, reason.operation] for name, reason in self.not_tested.items()
            },
            "requests": [[name, status, number] for (name, status), number in self.requests.items()],
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Record:
        """Return the record that `to_data` made the data of."""
        return cls(
            **{
                **data,
                "requirements": tuple(data["requirements"]),
                "decided": Counter(data["decided"]),
                "cases": {name: Cases(*numbers) for name, numbers in data["cases"].items()},
                "breaches": [Breach(**breach) for breach in data["breaches"]],
                "more_breaches": Counter(data["more_breaches"]),
                "not_tested": {
                    name: Reason(words, Why(why), operation)
                    for name, (words, why, operation) in data["not_tested"].items()
                },
                "requests": Counter({(name, status): number for name, status, number in data["requests"]}),
            }
        )
