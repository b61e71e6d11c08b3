"""What a generated request needs to get past the door: a live token, real ids, and names that nobody has used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from zlib import crc32

from conformance.errors import NotTested, Why
from conformance.generate.dictionary import with_word
from conformance.generate.plain import Parts, to_call
from conformance.run import Run
from conformance.settings import Size
from conformance.wire.exchange import Call
from steps import operations
from steps.merchant import Merchant
from steps.merchants import Merchants, any_customer

_GUESSES, _WORDS = 3, 4
"""In a full run each third case keeps its made-up values, and of four three have a word of the dictionary."""


def prepared(run: Run, parts: Parts, operation: str, who: Merchant | None, customer: str, *, valid: bool) -> Call:
    """A generated case: returns its call, in which ids are real and, for a valid one, unique values are unique."""
    token = who.token if who is not None and run.contract.operations[operation].needs_token else None
    sent = to_call(parts, run, operation, token, who.key if who is not None else "")
    if not isinstance(sent.json, dict):
        return sent
    given, chance = sent.json, _chance(sent.json)
    full = run.settings.size is Size.FULL
    if full and valid and chance % _WORDS:
        given = with_word(given, partial(run.contract.is_valid_request, operation))
    body = _marked(run, _real(given, who, customer))
    known = operations.BY_ID[operation]
    if valid:
        body = known.unique(run, _whole_numbers(body), who)
    if full and chance % _GUESSES == 0:
        body |= {name: given[name] for name in known.guessed if name in given}
    may_repeat = not isinstance(body.get("metadata"), dict)
    return replace(sent, json=body, repeat=may_repeat)


def preparer(run: Run, merchants: Merchants, operation: str, mode: str) -> Callable[[Parts], Call]:
    """Return what makes the call of a generated case of an operation.

    Raises `NotTested` where requests of the operation are scarce on this target.
    """
    if operation in operations.SCARCE and run.limited(operation):
        raise NotTested(
            "saved: the target limits sign-ups and sign-ins, and every requirement has a check of its own",
            Why.SAVED,
        )
    who = operations.sender(merchants, operation)
    customer = any_customer(run, merchants.first) if operations.BY_ID[operation].takes_customer else ""
    return lambda parts: prepared(run, parts, operation, who, customer, valid=mode == "positive")


def _chance(body: dict[str, Any]) -> int:
    """Return a number that is the same whenever a body is made, so that a case is repeated and made smaller alike."""
    return crc32(repr(body).encode("utf-8", "surrogatepass"))


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
