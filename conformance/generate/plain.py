"""Generated cases as plain data, which the process that makes and judges them hands to the one that sends them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

from conformance.checks.base import BELOW_THE_API, BY_POLICY
from conformance.generate.used import CHECKS
from conformance.run import Run
from conformance.values import MISSING
from conformance.wire.exchange import Call, Exchange

_OF_ERRORS: Final = {"documented-status", "error-media-type", "error-shape"}
_OF_SUCCESS: Final = {"documented-status", "media-type", "header", "schema"}


@dataclass(frozen=True)
class Order:
    """The cases that a gate wants of an operation: of which kind, how many, and the seed and purpose to draw them by.

    The kind is `coverage`, `examples` or `fuzzing`.
    """

    kind: str
    operation: str
    mode: str
    number: int
    seed: int


@dataclass(frozen=True)
class Parts:
    """What a generated case asks to be sent: headers, and a JSON value or bytes, or neither."""

    headers: dict[str, str] = field(default_factory=dict)
    json: Any = MISSING
    body: bytes | None = None


@dataclass(frozen=True)
class Answer:
    """The response to a generated case, as a check of schemathesis has to see it.

    `status` is the documented one in whose place the target's stands; `with_schema` says whether the body is checked.
    """

    method: str
    url: str
    request_headers: tuple[tuple[str, str], ...]
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    seconds: float
    with_schema: bool


class Complaint(NamedTuple):
    """What a check of schemathesis, named as in `CHECKS`, holds against a response, in its words and in one line."""

    check: str
    title: str
    message: str


class Source(Protocol):
    """What makes the cases of a gate, and holds responses against the checks of schemathesis."""

    def made(self, order: Order) -> list[Parts | None]:
        """Return the cases of an order, the same whenever it is asked for; None stands for one that cannot be sent."""

    def complaints(self, order: Order, place: int, answer: Answer) -> list[Complaint]:
        """Return what the checks hold against the response to one case of an order."""


def to_call(parts: Parts, run: Run, operation: str, token: str | None, actor: str) -> Call:
    """Return the call that carries a generated case, with the token of a session that is alive."""
    known = run.contract.operations[operation]
    return Call(
        method=known.method,
        path=known.path,
        operation=operation,
        json=parts.json,
        body=parts.body,
        headers=parts.headers,
        token=token,
        actor=actor,
        generated=True,
    )


def answer_to(run: Run, exchange: Exchange, *, valid: bool) -> Answer | None:
    """Return the response to a generated case for the checks of schemathesis, or None where they have nothing to say.

    Where a request that is not valid was accepted, its response may lawfully repeat the wrong values, so that
    schemathesis does not hold it against the schema.
    """
    response = exchange.response
    elsewhere = exchange.status in BELOW_THE_API | BY_POLICY or exchange.status >= 500
    if response is None or exchange.gateway or elsewhere or not response.body:
        return None
    return Answer(
        method=exchange.call.method,
        url=exchange.url,
        request_headers=tuple(exchange.request_headers),
        status=run.contract.documented(exchange.call.operation or "", response.status),
        headers=tuple(
            (name, value)
            for name, value in response.headers
            if name.lower() not in ("content-encoding", "transfer-encoding")
        ),
        body=response.body,
        seconds=exchange.seconds,
        with_schema=valid or not exchange.is_success,
    )


def record_complaint(run: Run, exchange: Exchange, complaint: Complaint) -> None:
    """Record what schemathesis complains of; what the passive checks have found already is not told twice."""
    kinds = set(CHECKS[complaint.check]) & (_OF_ERRORS if exchange.status >= 400 else _OF_SUCCESS)
    rows = [
        row
        for row in run.catalogue
        if row.operation == exchange.call.operation and row.rule and kinds & row.rule.keys()
    ]
    run.recorder.settle()
    known = {breach.requirement for breach in run.record.breaches}
    if rows and not any(row.id in known for row in rows):
        run.breach(
            rows[0].id,
            f"no finding of schemathesis ({complaint.title})",
            complaint.message or complaint.title,
            exchange,
        )
