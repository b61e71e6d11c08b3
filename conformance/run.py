"""One run of the suite: everything that its tests share."""

from __future__ import annotations

import random
import secrets
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

from conformance.checks.responses import unavailable
from conformance.checks.rules import Rules
from conformance.client import Client, FarSender, Sender
from conformance.contract.catalogue import Catalogue
from conformance.contract.document import Contract
from conformance.errors import NotTested, Why
from conformance.masking import Masker
from conformance.recorder import Found, Recorder
from conformance.results.audit import Audit, audit, is_kept
from conformance.results.history import History
from conformance.results.records import Record
from conformance.settings import Settings
from conformance.sharing import Shared, Store
from conformance.values import field as field_of
from conformance.wire.client import TargetGone
from conformance.wire.evidence import MaskedOnce
from conformance.wire.exchange import Call, Exchange, Intent
from conformance.wire.together import Sent, told_in_order

_TESTS_A_CONTROL: Final = 8
_SHORTEST_GENERATED: Final = 8
_DIFFERENT_CHARACTERS: Final = 5


class JudgeBeside(Protocol):
    """Another process that judges the exchanges of this one, and tells of them as evidence."""

    def hand_over(self, exchange: Exchange) -> None:
        """Let an exchange be judged, after those that came before it."""

    def known(self, fact: str) -> Mapping[str, Any]:
        """Return what was learned of a fact of the catalogue, by its keys."""

    def write(self, exchange: Exchange, name: str) -> None:
        """Let an exchange be written as evidence, as a file of Allure's."""


@dataclass(repr=False)
class Run:
    """What the tests of a run share: its settings, the contract and catalogue, the client and the recorder.

    `id` marks everything that the run creates; `given` has the words that lead to the target again. `accepted` has
    the kinds of valid requests that the target has accepted, and `successes` counts them by operation and actor.
    `absent` has the operations that it does not have, with a sentence each, `side_by_side` says how many requests
    are worth sending at a time where the user does not say it, `waits_because` in a word why that is more than one,
    `processes` how many run its tests, `is_bundled` whether the target is the bundled sandbox, `heard` has the
    exchanges for an audit, where one is asked for, and `proofs` by requirement the seeded faults that are known to
    make it fail. `judge_beside` is the process that judges in place of this one, where there is one.
    """

    settings: Settings
    contract: Contract
    catalogue: Catalogue
    rules: Rules
    masker: Masker
    root: Path
    given: tuple[str, ...] = ()
    id: str = field(default_factory=lambda: secrets.token_hex(4))
    worker: str = ""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    accepted: set[str] = field(default_factory=set)
    successes: Counter[tuple[str, str]] = field(default_factory=Counter)
    store: Store = field(default_factory=Store)
    shared: Shared = field(init=False)
    recorder: Recorder = field(init=False)
    client: Client = field(init=False)
    absent: dict[str, str] = field(default_factory=dict)
    side_by_side: int = 1
    waits_because: str = "far"
    processes: int = 1
    reads_lag: bool = False
    is_bundled: bool = False
    names: int = 0
    _controls: Counter[str] = field(default_factory=Counter)
    heard: list[Exchange] = field(default_factory=list)
    history: History = field(default_factory=History)
    masked: MaskedOnce = field(init=False)
    proofs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    judge_beside: JudgeBeside | None = None
    _shown_absent: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.shared = self.store
        self.masked = MaskedOnce(self.masker)
        self.recorder = Recorder(self.catalogue, self.contract, self.masker)
        makes = {operation for operation, creations in self.catalogue.creations.items() if creations}
        self.client = Client(
            self.settings, self.masker, self._observe, repeatable=self.contract.operations.keys() - makes
        )

    @property
    def base_url(self) -> str:
        return self.client.base_url

    @property
    def record(self) -> Record:
        """Return the record of the running test."""
        return self.recorder.record

    @property
    def recent(self) -> list[Exchange]:
        """Return the last exchanges of the running test."""
        return self.recorder.recent

    def send(self, call: Call, wire: Sender | None = None) -> Exchange:
        """Send a call; the passive checks have been applied when it returns. See `Client.send` and `Wire.send`.

        Raises `NotTested` for an operation that the target does not have, once a valid request has shown it.
        """
        self._refuse_absent(call)
        return self.client.send(call, wire)

    def _refuse_absent(self, call: Call) -> None:
        operation = call.operation or ""
        if operation in self.absent and (call.intent is not Intent.VALID or operation in self._shown_absent):
            raise NotTested(self.absent[operation], Why.PRECONDITION)
        if operation in self.absent:
            self._shown_absent.add(operation)

    def send_together(self, calls: Sequence[Call]) -> list[Exchange]:
        """Send calls at the same moment; return their exchanges in the order of the calls, in which they are judged.

        Raises `NotTested` where the target limits the rate of one of them, and as `send` does.
        """
        for call in calls:
            self._refuse_absent(call)
            if call.path in self.client.wire.limited:
                told = f"the target limits the rate of {call.path}, so that nothing is sent to it at the same moment"
                raise NotTested(told, Why.RATE_LIMITED)
        if self.client.far_wire is not None:
            return self.client.far_wire.send_together(calls)
        return told_in_order(self.client.send_together(calls), self._observe)

    def send_each(self, calls: Iterable[Call]) -> Generator[Sent]:
        """Send calls that are independent of each other, several side by side; yield what became of each, in order.

        The passive checks have been applied to what is yielded, and to nothing after it, as if the calls were sent one
        after the other. Close the iterator where not all is asked for: what was sent besides is recorded then.
        """
        rest = iter(calls)
        while batch := list(islice(rest, self.concurrency)):
            if len(batch) == 1:
                yield self._sent(batch[0])
                continue
            far = self.client.far_wire
            told = far.send_each(batch) if far is not None else [(sent, []) for sent in self.deliver_each(batch)]
            waiting = iter(told)
            try:
                for sent, found in waiting:
                    self._take(sent, found)
                    yield sent
            finally:
                for sent, found in waiting:
                    self._take(sent, found)

    def send_all(self, calls: Iterable[Call]) -> list[Exchange]:
        """Send independent calls as `send_each` does; return their exchanges in order, or raise as the first fails."""
        with closing(self.send_each(calls)) as outcomes:
            return [sent.exchange for sent in outcomes]

    def deliver_each(self, calls: Sequence[Call]) -> list[Sent]:
        """Send independent calls side by side from this process; return what became of each, unjudged."""
        for call in calls:
            self._refuse_absent(call)
        return self.client.send_each(calls)

    def _sent(self, call: Call) -> Sent:
        try:
            return Sent([self.send(call)])
        except (NotTested, TargetGone) as error:
            return Sent(error=error)

    def _take(self, sent: Sent, found: Sequence[Found]) -> None:
        for place, exchange in enumerate(sent.exchanges):
            if found:
                self.recorder.take(exchange, found[place])
            else:
                self._observe(exchange)

    @property
    def concurrency(self) -> int:
        """Return how many independent requests are sent side by side; one where the rate of any is limited."""
        if self.settings.rate_limit or self.client.wire.limited:
            return 1
        far = self.client.far_wire
        return self.settings.concurrency or (far.side_by_side if far is not None else self.side_by_side)

    def _observe(self, exchange: Exchange) -> None:
        if self.judge_beside is None:
            self.recorder.take(exchange, self.judge(exchange))
        else:
            self._learn(exchange)
            self.judge_beside.hand_over(exchange)
            self.recorder.take_unjudged(exchange)

    def judge(self, exchange: Exchange) -> Found:
        """Return what an exchange decides, and learn from it what the run has to know."""
        self._learn(exchange)
        found = self.decided_by(exchange)
        self.recorder.broken |= {name for name, findings in found if findings}
        return found

    def decided_by(self, exchange: Exchange) -> Found:
        """Return what the rules decide by an exchange and those before it."""
        return [(requirement.id, findings) for requirement, findings in self.rules.apply(exchange)]

    def _learn(self, exchange: Exchange) -> None:
        self._learn_secrets(exchange)
        self.history.add(exchange)
        if self.settings.audit and is_kept(exchange):
            self.heard.append(exchange)
        if exchange.is_success and exchange.call.operation:
            self.successes[exchange.call.operation, exchange.call.actor] += 1
            if exchange.call.intent == Intent.VALID:
                self.accepted.add(exchange.call.operation)

    def known(self, fact: str) -> Mapping[str, Any]:
        """Return what the run remembers of a fact of the catalogue, by its keys."""
        elsewhere = self.client.far_wire or self.judge_beside
        return elsewhere.known(fact) if elsewhere is not None else self.rules.memory.facts.get(fact, {})

    def sent_to(self, *operations: str) -> list[Exchange]:
        """Return the exchanges of some operations in the whole run so far, in their order; see `History.of`.

        Raises `NotTested` where the run has sent more than it keeps.
        """
        far = self.client.far_wire
        if far is not None:
            return far.heard(operations)
        if self.history.left_out:
            raise NotTested("the run has sent more requests than it keeps", Why.CAPABILITY)
        return self.history.of(operations)

    def audit(self, decided: Iterable[str]) -> Audit:
        """Return which of the decided passive requirements could have failed on what was heard: see `audit`."""
        return audit(self.heard, self.catalogue, decided, Rules(self.catalogue, self.contract))

    def _learn_secrets(self, exchange: Exchange) -> None:
        secrets = self.catalogue.secrets.get(exchange.call.operation or "")
        if secrets is None:
            return
        if exchange.response is not None:
            self.masker.add(*(exchange.response.header(name) for name in secrets.headers))
        self.masker.add(*(field_of(exchange.response_json, path) for path in secrets.response))
        if not exchange.call.generated or exchange.is_success:
            sent = [field_of(exchange.request_json, path) for path in secrets.request]
            self.masker.add(*(secret for secret in sent if not exchange.call.generated or _is_like_no_other(secret)))

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
        """Decide a requirement by a look at a response: see `Recorder.check`.

        Raises `NotTested` where it is not as expected since the target holds as many as it may: see `why_full`.
        """
        if not held and exchange is not None and (reason := self.why_full(exchange)) is not None:
            raise NotTested(reason, Why.WITHHELD, exchange.call.operation or "")
        return self.recorder.check(held, expected, got, exchange, requirement, refusal=refusal)

    def breach(self, requirement_id: str, expected: str, got: str, exchange: Exchange | None = None) -> None:
        """Record a breach: see `Recorder.breach`."""
        self.recorder.breach(requirement_id, expected, got, exchange)

    @contextmanager
    def recording(self, record: Record) -> Iterator[Record]:
        """Let everything that is found belong to this record: see `Recorder.recording`."""
        with self.recorder.recording(record) as opened:
            yield opened

    def has_status(self, exchange: Exchange, *statuses: int) -> bool:
        """Return whether a response has one of some statuses, or one that the target declares in the place of one."""
        return exchange.status in self.contract.accepted(exchange.call.operation, statuses)

    def become_worker(self, name: str, sender: FarSender, shared: Shared) -> None:
        """Send from now on over the controller's wire, and share with the tests of other processes what is there."""
        self.worker, self.client.far_wire, self.shared = name, sender, shared

    def need_success(self, exchange: Exchange) -> Exchange:
        """Return an exchange that the next step builds on, or raise `NotTested` with the reason why it cannot."""
        if exchange.is_success:
            return exchange
        raise self.why_not(exchange)

    def why_not(self, exchange: Exchange) -> NotTested:
        """Return why nothing can be built on an exchange: a gateway, a withheld operation, a policy, or a refusal."""
        if exchange.gateway:
            return NotTested(exchange.gateway, Why.GATEWAY)
        if reason := self.why_unavailable(exchange):
            return NotTested(reason, Why.WITHHELD, exchange.call.operation or "")
        if exchange.call.intent == Intent.UNUSUAL and 400 <= exchange.status < 500:
            told = f"a policy of the target: {exchange.call.value} is refused ({exchange.summary})"
            return NotTested(told, Why.POLICY)
        return NotTested(f"precondition missing: {exchange.summary}", Why.PRECONDITION)

    def why_unavailable(self, exchange: Exchange) -> str | None:
        """Return the reason where a response lawfully withholds an operation (a captcha, a limit, a gateway)."""
        if exchange.gateway:
            return exchange.gateway
        return unavailable(exchange, self._withheld(exchange), self.contract)

    def why_full(self, exchange: Exchange) -> str | None:
        """Return the reason where the target holds as many as it may of what is asked for: that decides nothing."""
        return unavailable(exchange, (case for case in self._withheld(exchange) if case.get("full")), self.contract)

    def _withheld(self, exchange: Exchange) -> Sequence[Mapping[str, Any]]:
        return self.catalogue.withheld.get(exchange.call.operation or "", ())

    def limited(self, operation: str) -> bool:
        """Return whether the target has shown that it limits the rate of an operation: requests are to be saved."""
        return self.contract.operations[operation].path in self.client.wire.limited

    def saves(self, operation: str) -> bool:
        """Return whether a control is saved: the rate is limited, and a valid request was accepted before."""
        return self.limited(operation) and operation in self.accepted

    def needs_control(self, operation: str, actor: str) -> bool:
        """Return whether a control has to be sent after refused requests of an operation.

        One control proves the session for eight tests in a row, and for each in which a refusal was not as it has to
        be; none is sent where the target limits the operation and has accepted a valid request.
        """
        key = f"{operation} {actor}"
        self._controls[key] += 1
        own = self.recorder.active_requirements()
        doubtful = any(breach.requirement in own for breach in self.record.breaches)
        return not self.saves(operation) and (doubtful or self._controls[key] % _TESTS_A_CONTROL == 1)

    def random(self, purpose: str) -> random.Random:
        """Return a source of made-up values that depends on the seed and the purpose alone."""
        return random.Random(f"{self.settings.seed}:{purpose}")

    def unique(self) -> str:
        """Return a short text that no other request of any run uses, and that is no part of another one."""
        self.names += 1
        return f"{self.id}{self.worker}n{self.names}x"


def _is_like_no_other(secret: object) -> bool:
    """Return whether a generated secret may be masked wherever it stands: `00000000` would blot out numbers."""
    return isinstance(secret, str) and len(secret) >= _SHORTEST_GENERATED and len(set(secret)) >= _DIFFERENT_CHARACTERS
