"""Cases that schemathesis makes from the OpenAPI document, sent over the one wire and judged by requirement."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

import httpx
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import Flaky, HypothesisException, Unsatisfiable
from hypothesis.strategies import SearchStrategy
from schemathesis.schemas import BaseSchema

from conformance.checks.base import BELOW_THE_API, BY_POLICY
from conformance.errors import NotTested
from conformance.generate import adapters
from conformance.generate.adapters import MODES, AnyCase
from conformance.generate.used import CHECKS
from conformance.results.records import Breach, Record
from conformance.run import Run
from conformance.values import MISSING
from conformance.wire.client import NotSendable, TargetGone
from conformance.wire.exchange import Call, Exchange

_OF_ERRORS: Final = {"documented-status", "error-media-type", "error-shape"}
_OF_SUCCESS: Final = {"documented-status", "media-type", "header", "schema"}
_SHRINK_LIMIT: Final = 60
_CHOICE: Final = 6


@dataclass(frozen=True)
class Generator:
    """The document as schemathesis reads it."""

    schema: BaseSchema

    @classmethod
    def load(cls, file: Path) -> Generator:
        """Read the OpenAPI document; TRACE and other unexpected methods are left to the features."""
        return cls(adapters.load(file))

    def operation(self, name: str) -> Any:
        """Return an operation by its id."""
        return adapters.operation(self.schema, name)

    def examples(self, name: str) -> list[SearchStrategy[AnyCase]]:
        """Return the examples that the document gives for an operation's requests."""
        return adapters.example_cases(self.schema, name)

    def coverage(self, name: str, mode: str) -> Iterator[AnyCase]:
        """Return the cases at and beyond every bound of an operation's request."""
        return adapters.coverage_cases(self.schema, name, mode)

    def fuzzing(self, name: str, mode: str) -> SearchStrategy[AnyCase]:
        """Return a strategy of random cases of an operation."""
        strategy: SearchStrategy[AnyCase] = self.operation(name).as_strategy(generation_mode=MODES[mode])
        return strategy


def to_call(case: AnyCase, run: Run, operation: str, token: str | None, actor: str) -> Call:
    """A generated case: returns the call that carries it, with the token of a session that is alive.

    Raises `NotSendable` for a case that cannot be written as a request.
    """
    try:
        parts = adapters.request_parts(case, run.base_url or "http://localhost")
    except (ValueError, TypeError, UnicodeError) as error:
        raise NotSendable(f"schemathesis cannot write this case: {type(error).__name__}") from None
    hidden = {"authorization", "user-agent", "x-schemathesis-testcaseid", "cookie"}
    headers = {name: str(value) for name, value in (parts.get("headers") or {}).items() if name.lower() not in hidden}
    body = parts.get("data") if isinstance(parts.get("data"), bytes) else None
    known = run.contract.operations[operation]
    return Call(
        method=known.method,
        path=known.path,
        operation=operation,
        json=parts["json"] if "json" in parts and body is None else MISSING,
        body=body,
        headers=headers,
        token=token,
        actor=actor,
        generated=True,
    )


def judge(run: Run, case: AnyCase, exchange: Exchange, *, valid: bool) -> None:
    """A generated case that was answered: applies schemathesis' own checks, beside the passive ones of the wire.

    What the passive checks have found already is not told twice. Where a request that is not valid was accepted, its
    response may lawfully repeat the wrong values, so that schemathesis does not hold it against the schema.
    """
    response = exchange.response
    elsewhere = exchange.status in BELOW_THE_API | BY_POLICY or exchange.status >= 500
    if response is None or exchange.gateway or elsewhere or not response.body:
        return
    request = httpx.Request(exchange.call.method, exchange.url, headers=list(exchange.request_headers))
    headers = [
        (name, value)
        for name, value in response.headers
        if name.lower() not in ("content-encoding", "transfer-encoding")
    ]
    status = run.contract.documented(exchange.call.operation or "", response.status)
    received = httpx.Response(status, headers=headers, content=response.body, request=request)
    received.elapsed = timedelta(seconds=exchange.seconds)
    for complaint in adapters.complaints(case, received, with_schema=valid or not exchange.is_success):
        _record(run, exchange, complaint)


def _record(run: Run, exchange: Exchange, complaint: adapters.Complaint) -> None:
    kinds = set(CHECKS[complaint.check]) & (_OF_ERRORS if exchange.status >= 400 else _OF_SUCCESS)
    rows = [
        row
        for row in run.catalogue
        if row.operation == exchange.call.operation and row.rule and kinds & row.rule.keys()
    ]
    known = {breach.requirement for breach in run.record.breaches}
    if rows and not any(row.id in known for row in rows):
        run.breach(
            rows[0].id,
            f"no finding of schemathesis ({complaint.title})",
            complaint.message or complaint.title,
            exchange,
        )


class _Found(Exception):
    """Raised inside a search, so that hypothesis makes the example smaller."""


def explore(
    run: Run, strategy: SearchStrategy[AnyCase], send: Callable[[AnyCase], None], examples: int, purpose: str
) -> int:
    """Random cases: sends up to `examples` of them and returns how many; a breach is shrunk to a minimal request.

    Everything is derived from the seed of the run. A requirement that is known to be broken is not searched again.
    """
    record, sent = run.record, 0
    found: dict[str, Breach] = {}
    known = {breach.requirement for breach in record.breaches} | run.recorder.broken
    shrinking = 0
    stopped: list[Exception] = []

    @seed(run.random(purpose).randrange(2**32))
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        print_blob=False,
        derandomize=False,
    )
    @given(case=strategy)
    def search(case: AnyCase) -> None:
        nonlocal sent, shrinking
        if found:
            shrinking += 1
            if shrinking > _SHRINK_LIMIT:
                return
        if stopped:
            return
        scratch = Record(record.test)
        try:
            with run.recording(scratch):
                send(case)
        except (NotTested, TargetGone) as reason:
            stopped.append(reason)
        sent += 1
        record.decided += scratch.decided
        record.requests += scratch.requests
        record.created |= scratch.created
        fresh: list[Breach] = [breach for breach in scratch.breaches if breach.requirement not in known]
        if fresh and (not found or fresh[0].requirement in found):
            found.update({breach.requirement: breach for breach in fresh})
            raise _Found(fresh[0].requirement)
        if not found:
            for breach in scratch.breaches:
                record.breach(breach)

    try:
        search()
    except (_Found, Flaky, Unsatisfiable):
        pass
    except HypothesisException as error:
        record.notes.append(f"hypothesis: {type(error).__name__}")
    for breach in found.values():
        record.breach(breach)
    if stopped:
        raise stopped[0]
    return sent


def sample(cases: Iterable[AnyCase], number: int | None, source: random.Random) -> list[AnyCase]:
    """All cases, or as many as a gate has room for, chosen by the seed among the first (making them takes time)."""
    everything = list(cases if number is None else islice(cases, _CHOICE * number))
    if number is None or len(everything) <= number:
        return everything
    return source.sample(everything, number)


def within(seconds: float) -> Callable[[], bool]:
    """A time budget that starts now: returns a function that says whether any of it is left."""
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() < deadline
