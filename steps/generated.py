"""What a generated request needs to get past the door: a live token, real ids, and names that nobody has used."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.generate.adapters import AnyCase
from conformance.generate.cases import to_call
from conformance.run import Run
from conformance.wire.exchange import Call
from steps import operations
from steps.merchants import Merchant


def prepared(run: Run, case: AnyCase, operation: str, who: Merchant | None, customer: str, *, valid: bool) -> Call:
    """A generated case: returns its call, in which ids are real and, for a valid one, unique values are unique."""
    token = who.token if who is not None and run.contract.operations[operation].needs_token else None
    sent = to_call(case, run, operation, token, who.key if who is not None else "")
    if not isinstance(sent.json, dict):
        return sent
    body = _marked(run, _real(sent.json, who, customer))
    if valid:
        body = operations.BY_ID[operation].unique(run, _whole_numbers(body), who)
    may_repeat = not isinstance(body.get("metadata"), dict)
    return replace(sent, json=body, repeat=may_repeat)


def _real(body: dict[str, Any], who: Merchant | None, customer: str) -> dict[str, Any]:
    """Ids that the target knows, in the place of made-up ones; `callbackURL` is never sent."""
    ids = {"merchantId": who.organization_id, "organizationId": who.organization_id} if who is not None else {}
    ids["customerId"] = customer
    return {
        name: ids[name] if name in ids and isinstance(value, str) else value
        for name, value in body.items()
        if name != "callbackURL"
    }


def _marked(run: Run, body: dict[str, Any]) -> dict[str, Any]:
    """Return a body that is the run's test data, and like no other one, where it has metadata to say so."""
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        return body
    return {**body, "metadata": {**metadata, "conformanceRun": run.id, "conformanceCase": run.unique()}}


def _whole_numbers(value: Any) -> Any:
    """Schemathesis writes many integers as 5.0, which is the same number in JSON but not in every server."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _whole_numbers(item) for name, item in value.items()}
    return [_whole_numbers(item) for item in value] if isinstance(value, list) else value
