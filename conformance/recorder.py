"""The recorder of a process: take what its exchanges decide into the record of the running test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from conformance.checks.base import Finding
from conformance.checks.places import offending
from conformance.checks.responses import unavailable
from conformance.contract.catalogue import Catalogue
from conformance.contract.document import Contract
from conformance.errors import NotTested, Why
from conformance.masking import Masker
from conformance.results.known import NONE_KNOWN, KnownFailures, told
from conformance.results.records import Breach, Record
from conformance.values import first_field, visible
from conformance.wire.evidence import evidence, in_short
from conformance.wire.exchange import Call, Exchange, Intent

_SHOWN_EXCHANGES: Final = 12
_LONGEST_NAME: Final = 100

Found = list[tuple[str, list[Finding]]]
"""What an exchange decides: requirements by id, each with its findings, of which none means that it held."""


@dataclass(frozen=True)
class _Sent:
    """An exchange, if there is one, and where it belongs: the record of its test, and the step that sent it."""

    exchange: Exchange | None
    record: Record
    step: str
    step_number: int


@dataclass
class Recorder:
    """What is found belongs to `record`; between tests that is a record of the suite's own, so that nothing is lost.

    `recent` has the last exchanges of the running test, `steps` its steps up to the one that runs, and `sent_in` by
    number the step in which an exchange was sent, counted from 1, or 0 before them. `broken` has all requirements that
    the run knows to be broken; `known` are the failures that the target's team has accepted for a time. Where another
    process judges, `judged` returns what the exchanges decide that were taken unjudged since it was called last, and
    `late` has by step the breaches that have come to light this way.
    """

    catalogue: Catalogue
    contract: Contract
    masker: Masker
    record: Record = field(default_factory=lambda: Record("(between tests)"))
    recent: list[Exchange] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    sent_in: dict[int, int] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    known: KnownFailures = NONE_KNOWN
    judged: Callable[[], list[Found | RuntimeError]] = list
    late: dict[int, list[Breach]] = field(default_factory=dict)
    _unjudged: list[_Sent] = field(default_factory=list)

    @contextmanager
    def recording(self, record: Record) -> Iterator[Record]:
        """Let everything that is found belong to this record while the context lasts."""
        before, self.record, self.recent, self.steps, self.sent_in = self.record, record, [], [], {}
        self.late = {}
        try:
            yield record
        finally:
            self.settle()
            self.record, self.steps = before, []

    @property
    def step(self) -> str:
        """Return the step that runs; an empty text where the test has none."""
        return self.steps[-1] if self.steps else ""

    def _here(self, exchange: Exchange | None) -> _Sent:
        return _Sent(exchange, self.record, self.step, len(self.steps))

    def take(self, exchange: Exchange, found: Found) -> None:
        """Take an exchange, and what it decides, into the record."""
        self._take(exchange)
        self._take_found(self._here(exchange), found)

    def take_unjudged(self, exchange: Exchange) -> None:
        """Take an exchange into the record; what it decides is added by `settle`."""
        self._take(exchange)
        self._unjudged.append(self._here(exchange))

    def settle(self) -> None:
        """Add what the exchanges decide that were taken unjudged, each to the record of its test.

        Raises the error of a rule that failed, once all others have been added.
        """
        if not self._unjudged:
            return
        judged, error = self.judged(), None
        waiting, self._unjudged = self._unjudged, []
        for place, found in zip(waiting, judged, strict=True):
            if isinstance(found, RuntimeError):
                error = error or found
                continue
            before = len(place.record.breaches)
            self._take_found(place, found)
            if new := place.record.breaches[before:]:
                self.late.setdefault(place.step_number, []).extend(new)
        if error is not None:
            raise error

    def _take(self, exchange: Exchange) -> None:
        record = self.record
        record.requests[_name(exchange.call), exchange.status] += 1
        record.numbers.append(exchange.number)
        self.recent = [*self.recent[1 - _SHOWN_EXCHANGES :], exchange]
        self.sent_in[exchange.number] = len(self.steps)
        record.created.update(dict.fromkeys(self._created(exchange)))
        if (policy := _policy(exchange)) and not self._is_withheld(exchange):
            record.policies[self.masker.text(policy)] = None

    def _take_found(self, place: _Sent, found: Found) -> None:
        for requirement_id, findings in found:
            place.record.decided[requirement_id] += 1
            for finding in findings:
                self._breach(place, requirement_id, finding)

    def _is_withheld(self, exchange: Exchange) -> bool:
        """Return whether the target withholds the operation as a whole, whatever the values."""
        cases = self.catalogue.withheld.get(exchange.call.operation or "", ())
        return unavailable(exchange, cases, self.contract) is not None

    def _created(self, exchange: Exchange) -> Iterator[str]:
        """Yield what an exchange has left on the target: a kind and a name each."""
        if exchange.is_success:
            both = {"request": exchange.request_json, "response": exchange.response_json}
            for creation in self.catalogue.creations.get(exchange.call.operation or "", ()):
                name = first_field(both, creation.name)
                if isinstance(name, str) and name:
                    yield self.masker.text(f"{creation.kind} {visible(name[:_LONGEST_NAME])}")

    def breach(
        self,
        requirement_id: str,
        expected: str,
        got: str,
        exchange: Exchange | None = None,
        *,
        refusal: bool = False,
    ) -> None:
        """Record a breach of a requirement with its masked evidence; the test goes on and fails at its end."""
        self.settle()
        self._breach(self._here(exchange), requirement_id, Finding(expected, got), refusal=refusal)

    def _breach(self, sent: _Sent, requirement_id: str, finding: Finding, *, refusal: bool = False) -> None:
        self.broken.add(requirement_id)
        exchange, record = sent.exchange, sent.record
        seen = {
            "expected": self.masker.text(finding.expected),
            "got": self.masker.text(finding.got),
            "test": record.test,
        }
        proof = evidence(exchange, self.masker) if exchange is not None else None
        record.breach(
            Breach(
                requirement=requirement_id,
                **seen,
                exchange=proof,
                refusal=refusal,
                place=finding.place or self._place(requirement_id, finding.expected, exchange),
                step=sent.step,
                before=self._before(requirement_id, exchange),
                known=self.known.covers(requirement_id, told(**seen, summary=proof["summary"] if proof else "")),
            )
        )

    def _place(self, requirement_id: str, expected: str, exchange: Exchange | None) -> str:
        if exchange is None:
            return ""
        return self.masker.text(offending(exchange, expected, self.catalogue[requirement_id].statement))

    def _before(self, requirement_id: str, exchange: Exchange | None) -> list[dict[str, Any]]:
        """Return the steps that led to a breach, with their exchanges, for the first breach of what a test decides."""
        told = any(breach.requirement == requirement_id for breach in self.record.breaches)
        if told or self.catalogue[requirement_id].rule is not None:
            return []
        earlier = [sent for sent in self.recent if exchange is None or sent.number < exchange.number]
        steps = [
            {
                "step": step,
                "exchanges": [in_short(sent, self.masker) for sent in earlier if self.sent_in[sent.number] == number],
            }
            for number, step in enumerate(["", *self.steps])
        ]
        return [step for step in steps if step["step"] or step["exchanges"]]

    def check(
        self,
        held: bool,
        expected: str,
        got: str,
        exchange: Exchange | None = None,
        requirement: str | None = None,
        *,
        refusal: bool = False,
    ) -> bool:
        """Decide `requirement`, or else the only one that the test itself decides: record whether it held.

        Raises `NotTested` where a gateway answered, which says nothing about the target either way.
        """
        if exchange is not None and exchange.gateway:
            raise NotTested(exchange.gateway, Why.GATEWAY)
        requirement_id = requirement or self.active_requirement()
        self.record.decided[requirement_id] += 1
        if not held:
            self.breach(requirement_id, expected, got, exchange, refusal=refusal)
        return held

    def active_requirements(self) -> tuple[str, ...]:
        """Return the requirements that the running test itself decides: those of its ids without a passive rule."""
        return tuple(name for name in self.record.requirements if self.catalogue[name].rule is None)

    def active_requirement(self) -> str:
        """Return the only requirement that the running test itself decides; raise `LookupError` for none or several."""
        active = self.active_requirements()
        if len(active) != 1:
            raise LookupError(
                f"{self.record.test} decides {len(active)} requirements itself; name the one that is meant"
            )
        return active[0]


def _name(call: Call) -> str:
    return call.operation or f"{call.method} {call.path.partition('?')[0]}"


def _policy(exchange: Exchange) -> str | None:
    """Return in words that an unusual value was lawfully refused, or None."""
    call = exchange.call
    refused = exchange.response is not None and exchange.gateway is None and 400 <= exchange.status < 500
    if call.intent != Intent.UNUSUAL or not refused or exchange.status in (401, 429):
        return None
    return f"{_name(call)}: {call.value} is refused with {exchange.status}"
