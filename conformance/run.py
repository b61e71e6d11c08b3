"""One run of the suite: everything that its tests share."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from conformance.checks.base import Finding
from conformance.checks.responses import unavailable
from conformance.checks.rules import Rules
from conformance.contract.catalogue import Catalogue, Requirement
from conformance.contract.document import Contract
from conformance.errors import NotTested
from conformance.masking import Masker
from conformance.results.records import Breach, Record
from conformance.settings import Settings
from conformance.sharing import Shared, Store
from conformance.values import first_field, visible
from conformance.wire.client import TargetGone, Wire
from conformance.wire.connection import connection
from conformance.wire.evidence import evidence
from conformance.wire.exchange import Call, Exchange
from conformance.wire.limits import Limits, Silence
from conformance.wire.pacing import Pacer, parse_rate

_SHOWN_EXCHANGES = 12
_PATIENCE = 2.0
_LONGEST_NAME = 100

Found = list[tuple[str, list[Finding]]]
"""What an exchange decides: requirements by id, each with its findings, of which none means that it held."""


class Sender(Protocol):
    """The wire as tests see it: in this process, or in the one that leads."""

    @property
    def limited(self) -> Collection[str]:
        """The paths whose rate the target has shown that it limits."""

    def send(self, call: Call) -> Exchange: ...


@dataclass
class Run:
    """The state of a run: settings, contract, catalogue, wire and the record of the test that is running.

    `record` takes whatever is found; between tests it is a record of the suite's own, so that nothing is lost.
    """

    settings: Settings
    contract: Contract
    catalogue: Catalogue
    rules: Rules
    masker: Masker
    root: Path
    base_url: str = ""
    given: tuple[str, ...] = ()
    id: str = field(default_factory=lambda: secrets.token_hex(4))
    worker: str = ""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    record: Record = field(default_factory=lambda: Record("(between tests)"))
    recent: list[Exchange] = field(default_factory=list)
    gone: str | None = None
    out_of_time: str | None = None
    store: Store = field(default_factory=Store)
    shared: Shared = field(init=False)
    broken: set[str] = field(default_factory=set)
    accepted: set[str] = field(default_factory=set)
    names: int = 0
    limits: Limits = field(default_factory=Limits)
    _silence: Silence = field(default_factory=Silence)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    far_wire: Sender | None = None
    _is_alone: bool = False

    def __post_init__(self) -> None:
        pace = parse_rate(self.settings.rate_limit) if self.settings.rate_limit else 0.0
        ends = time.monotonic() + self.settings.time_limit
        self.limits = Limits(Pacer(pace), self.settings.longest_wait, ends)
        self.shared = self.store

    @property
    def wire(self) -> Sender:
        """The wire to the target: in a worker, that of the controller."""
        return self.far_wire or self.own_wire

    @cached_property
    def own_wire(self) -> Wire:
        """The wire of this process, opened on first use."""
        return self.open_wire(self.observe)

    def open_wire(self, observe: Callable[[Exchange], None] = lambda _: None) -> Wire:
        """A wire to the target, which keeps to the limits of the run together with its other wires."""
        return Wire(
            connection(self.settings, self.base_url),
            self.masker,
            observe=observe,
            patience=max(_PATIENCE, self.settings.wait_for_target),
            limits=self.limits,
            silence=self._silence,
            numbers=self._numbers,
        )

    def close(self) -> None:
        """Ends the connections to the target."""
        if "own_wire" in self.__dict__:
            self.own_wire.close()

    def send(self, call: Call) -> Exchange:
        """Sends a call over the wire; the passive checks have been applied when it returns."""
        return self.dispatch(self.wire, call)

    def dispatch(self, wire: Sender, call: Call) -> Exchange:
        """Sends a call over one of the run's wires, unless the target is gone or the time of the run is up."""
        if self.gone is not None:
            raise NotTested(self.gone)
        if time.monotonic() >= self.limits.ends:
            limit = f"{self.settings.time_limit:g} s"
            self.out_of_time = f"the run was interrupted by its time limit of {limit} (--time-limit)"
            raise NotTested(self.out_of_time)
        try:
            return wire.send(call)
        except TargetGone as error:
            self.gone = self.masker.text(str(error))
            raise

    def be_alone(self) -> None:
        """From now on until the running test ends, the run's other processes send nothing."""
        self._is_alone = True
        self.shared.be_alone()

    def end_test(self) -> None:
        """A test has ended: what it held for itself is free again."""
        if self._is_alone:
            self._is_alone = False
            self.shared.release()

    def observe(self, exchange: Exchange) -> None:
        """Holds an exchange against every passive rule, and takes it into the record of the running test."""
        self.take(exchange, self.judge(exchange))

    def judge(self, exchange: Exchange) -> Found:
        """An exchange that came back: returns what it decides, and learns from it what the run has to know."""
        self._learn_secrets(exchange)
        if exchange.call.intent == "valid" and exchange.is_success and exchange.call.operation:
            self.accepted.add(exchange.call.operation)
        found = [(requirement.id, findings) for requirement, findings in self.rules.apply(exchange)]
        self.broken |= {name for name, findings in found if findings}
        return found

    def take(self, exchange: Exchange, found: Found) -> None:
        """Takes an exchange, and what it decides, into the record of the running test."""
        key = exchange.call.operation or f"{exchange.call.method} {exchange.call.path.partition('?')[0]}"
        self.record.requests[f"{key} {exchange.status or 'no answer'}"] += 1
        self.recent = [*self.recent[1 - _SHOWN_EXCHANGES :], exchange]
        self.record.created.update(dict.fromkeys(self._created(exchange)))
        for requirement_id, findings in found:
            self.record.decided.add(requirement_id)
            for finding in findings:
                self.breach(requirement_id, finding.expected, finding.got, exchange)

    def _created(self, exchange: Exchange) -> Iterator[str]:
        """What an exchange has left on the target: a kind and a name each."""
        if exchange.is_success:
            both = {"request": exchange.request_json, "response": exchange.response_json}
            for creation in self.catalogue.creations.get(exchange.call.operation or "", ()):
                name = first_field(both, creation.name)
                if isinstance(name, str) and name:
                    yield self.masker.text(f"{creation.kind} {visible(name[:_LONGEST_NAME])}")

    def _learn_secrets(self, exchange: Exchange) -> None:
        if exchange.response is not None:
            self.masker.add(exchange.response.header("set-auth-token"))
            self.masker.add(first_field(exchange.response_json, ["token"]))
        self.masker.add(first_field(exchange.request_json, ["password"]) if not exchange.call.generated else None)

    def breach(
        self, requirement_id: str, expected: str, got: str, exchange: Exchange | None = None, *, refusal: bool = False
    ) -> None:
        """Records a breach of a requirement with its masked evidence; the test goes on and fails at its end."""
        self.broken.add(requirement_id)
        self.record.breach(
            Breach(
                requirement=requirement_id,
                test=self.record.test,
                expected=self.masker.text(expected),
                got=self.masker.text(got),
                exchange=evidence(exchange, self.masker) if exchange is not None else None,
                refusal=refusal,
            )
        )

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
        """An active check: records whether it held for `requirement`, or else for the one that the test decides.

        Raises `NotTested` where a gateway answered, which says nothing about the target either way.
        """
        if exchange is not None and exchange.gateway:
            raise NotTested(exchange.gateway)
        requirement_id = requirement or self.active_requirement()
        self.record.decided.add(requirement_id)
        if not held:
            self.breach(requirement_id, expected, got, exchange, refusal=refusal)
        return held

    def active_requirement(self) -> str:
        """The requirement that the running test itself decides: the only one of its ids without a passive rule."""
        active = [name for name in self.record.requirements if self.catalogue[name].rule is None]
        if len(active) != 1:
            raise LookupError(
                f"{self.record.test} decides {len(active)} requirements itself; name the one that is meant"
            )
        return active[0]

    def need_success(self, exchange: Exchange) -> Exchange:
        """An exchange that the next step builds on: returns it, or raises `NotTested` with the reason why not."""
        if exchange.is_success:
            return exchange
        raise NotTested(self.why_unavailable(exchange) or f"precondition missing: {exchange.summary}")

    def why_unavailable(self, exchange: Exchange) -> str | None:
        """An answer that lawfully withholds an operation (a captcha, a limit, a gateway): returns the reason."""
        if exchange.gateway:
            return exchange.gateway
        rows = [
            row
            for row in self.catalogue
            if row.operation == exchange.call.operation and row.rule and "accepts" in row.rule
        ]
        return next((reason for row in rows if (reason := unavailable(exchange, _lawful_refusals(row)))), None)

    def limited(self, operation: str) -> bool:
        """Whether the target has shown that it limits the rate of an operation, so that requests are to be saved."""
        return self.contract.operations[operation].path in self.wire.limited

    def saves(self, operation: str) -> bool:
        """Whether a valid request beside a wrong one is saved: the rate is limited, and one was accepted before."""
        return self.limited(operation) and operation in self.accepted

    def random(self, purpose: str) -> random.Random:
        """A source of made-up values that depends on the seed and the purpose alone."""
        return random.Random(f"{self.settings.seed}:{purpose}")

    def unique(self) -> str:
        """A short text that no other request of this or another run uses, and that is no part of another one."""
        self.names += 1
        return f"{self.id}{self.worker}n{self.names}x"

    @contextmanager
    def recording(self, record: Record) -> Iterator[Record]:
        """While it lasts, everything that is found belongs to this record."""
        before, self.record, self.recent = self.record, record, []
        try:
            yield record
        finally:
            self.record = before


def _lawful_refusals(requirement: Requirement) -> Any:
    return (requirement.rule or {}).get("accepts", {}).get("tolerates", ())
