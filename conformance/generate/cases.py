"""Cases that schemathesis makes from the OpenAPI document, sent over the one wire and judged by requirement."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
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

from conformance.errors import NotTested
from conformance.generate import adapters
from conformance.generate.adapters import MODES, AnyCase
from conformance.generate.plain import Answer, Complaint, Parts, answer_to, record_complaint
from conformance.results.records import Breach, Record
from conformance.run import Run
from conformance.values import MISSING
from conformance.wire.client import NotSendable, TargetGone
from conformance.wire.exchange import Exchange

_ANY_HOST: Final = "http://localhost"
_NOT_SENT: Final = frozenset({"authorization", "user-agent", "x-schemathesis-testcaseid", "cookie"})
_SETTINGS: Final[dict[str, Any]] = {
    "database": None,
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "verbosity": Verbosity.quiet,
    "report_multiple_bugs": False,
    "print_blob": False,
    "derandomize": False,
}
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


def parts_of(case: AnyCase) -> Parts:
    """Return what a generated case asks to be sent; raise `NotSendable` where it cannot be written as a request."""
    try:
        parts = adapters.request_parts(case, _ANY_HOST)
    except (ValueError, TypeError, UnicodeError) as error:
        raise NotSendable(f"schemathesis cannot write this case: {type(error).__name__}") from None
    body = parts.get("data") if isinstance(parts.get("data"), bytes) else None
    given = (parts.get("headers") or {}).items()
    headers = {name: str(value) for name, value in given if name.lower() not in _NOT_SENT}
    return Parts(headers, parts["json"] if "json" in parts and body is None else MISSING, body)


def complaints(case: AnyCase, answer: Answer) -> list[Complaint]:
    """Return what schemathesis' own checks hold against the response to a case."""
    sent = [(name.encode(), value.encode()) for name, value in answer.request_headers]
    came = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    request = httpx.Request(answer.method, answer.url, headers=sent)
    received = httpx.Response(answer.status, headers=came, content=answer.body, request=request)
    received.elapsed = timedelta(seconds=answer.seconds)
    return list(adapters.complaints(case, received, with_schema=answer.with_schema))


def judge(run: Run, case: AnyCase, exchange: Exchange, *, valid: bool) -> None:
    """Hold the response to a generated case against schemathesis' own checks, beside the passive ones of the wire."""
    answer = answer_to(run, exchange, valid=valid)
    for complaint in complaints(case, answer) if answer is not None else ():
        record_complaint(run, exchange, complaint)


class _Enough(BaseException):
    """Raised inside a search, so that hypothesis ends it at once: it would take an `Exception` for a failure."""


class _Found(Exception):
    """Raised inside a search, so that hypothesis makes the example smaller."""


def explore(
    run: Run,
    strategy: SearchStrategy[AnyCase],
    send: Callable[[AnyCase], object],
    examples: int,
    number: int,
    known: Collection[str],
    left: Callable[[], bool] | None = None,
) -> None:
    """Send up to so many random cases, drawn by a number; shrink a breach to a minimal request.

    A requirement that is `known` to be broken is not searched again. `left` returns whether there is
    time left, where that is bounded.
    """
    record = run.record
    found: dict[str, Breach] = {}
    shrinking = 0
    stopped: list[Exception] = []

    @seed(number)
    @settings(**_SETTINGS, max_examples=examples, phases=(Phase.generate, Phase.shrink))
    @given(case=strategy)
    def search(case: AnyCase) -> None:
        nonlocal shrinking
        if found:
            shrinking += 1
            if shrinking > _SHRINK_LIMIT:
                return
        elif left is not None and not left():
            raise _Enough
        if stopped:
            return
        scratch = Record(record.test)
        try:
            with run.recording(scratch):
                send(case)
        except (NotTested, TargetGone) as reason:
            stopped.append(reason)
        record.take_counts(scratch)
        fresh: list[Breach] = [breach for breach in scratch.breaches if breach.requirement not in known]
        if fresh and (not found or fresh[0].requirement in found):
            found.update({breach.requirement: breach for breach in fresh})
            raise _Found(fresh[0].requirement)
        if not found:
            for breach in scratch.breaches:
                record.breach(breach)

    try:
        search()
    except (_Found, _Enough, Flaky, Unsatisfiable):
        pass
    except HypothesisException as error:
        record.notes.append(f"hypothesis: {type(error).__name__}")
    for breach in found.values():
        record.breach(breach)
    if stopped:
        raise stopped[0]


def drawn(strategy: SearchStrategy[AnyCase], examples: int, number: int) -> list[AnyCase]:
    """Return the random cases that `explore` sends by the same number, where it finds nothing."""
    found: list[AnyCase] = []

    @seed(number)
    @settings(**_SETTINGS, max_examples=examples, phases=(Phase.generate,))
    @given(case=strategy)
    def draw(case: AnyCase) -> None:
        found.append(case)

    with suppress(HypothesisException):
        draw()
    return found


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
