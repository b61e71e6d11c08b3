"""Walks over the links of the OpenAPI document: a state machine whose requests go over the one wire."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.errors import Flaky
from schemathesis.core.transport import Response

from conformance.generate.adapters import AnyCase, is_valid
from conformance.generate.cases import Generator, judge, parts_of
from conformance.run import Run
from conformance.wire.client import NotSendable
from steps import operations
from steps.generated import prepared
from steps.merchants import Merchants

_WALKS, _STEPS = 4, 8


def walk_machine(run: Run, merchants: Merchants, generator: Generator, purpose: str) -> None:
    """A few walks of several steps each, derived from the seed; every response is judged as it comes."""
    base: Any = generator.schema.as_state_machine()
    names = {operation.path: name for name, operation in run.contract.operations.items()}

    class Walk(base):  # type: ignore[misc]
        """A walk in which each step is sent as the merchant of the run, with real ids where links gave none."""

        def before_call(self, case: AnyCase) -> None:
            if isinstance(case.body, dict) and "customerId" in case.body:
                case.body.pop("customer", None)

        def call(self, case: AnyCase, **_: Any) -> Response:
            name = names[case.path]
            linked = str(case.body.get("customerId", "")) if isinstance(case.body, dict) else ""
            valid = is_valid(case)
            try:
                call = prepared(run, parts_of(case), name, operations.sender(merchants, name), linked, valid=valid)
                exchange = run.send(call)
            except NotSendable:
                return _response(case, 0, [], b"")
            judge(run, case, exchange, valid=valid)
            response = exchange.response
            return _response(
                case, exchange.status, list(response.headers) if response else [], response.body if response else b""
            )

        def validate_response(self, response: Response, case: AnyCase, **_: Any) -> None:
            """The response has been judged when it came."""

    seeded = seed(run.random(purpose).randrange(2**32))
    chosen = settings(
        max_examples=_WALKS,
        stateful_step_count=_STEPS,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    try:
        seeded(Walk).run(settings=chosen)
    except Flaky:
        run.record.notes.append("hypothesis found a walk flaky: creates are never the same twice")


def _response(case: AnyCase, status: int, headers: list[tuple[str, str]], body: bytes) -> Response:
    """A response of the wire in the form that links are read from."""
    plain = [(name, value) for name, value in headers if name.lower() not in ("content-encoding", "transfer-encoding")]
    request = httpx.Request("POST", "http://target" + case.path)
    response = httpx.Response(status or 599, headers=plain, content=body, request=request)
    response.elapsed = timedelta(0)
    return Response.from_any(response)
