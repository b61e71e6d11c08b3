"""What a generated request needs to get past the door: a live token, real ids, and names that nobody has used."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.generate.cases import AnyCase, to_call
from conformance.run import Run
from conformance.wire.exchange import Call
from steps import payloads
from steps.merchants import Merchant, Merchants


def sender(merchants: Merchants, operation: str) -> Merchant | None:
    """Who sends an operation's requests: nobody to sign up, and the spare session for what moves the active one."""
    match operation:
        case payloads.SIGN_UP:
            return None
        case payloads.SIGN_IN:
            return merchants.account
        case payloads.CREATE_ORGANIZATION | payloads.SET_ACTIVE:
            return merchants.spare(merchants.first)
    return merchants.first


def prepared(run: Run, case: AnyCase, operation: str, who: Merchant | None, customer: str, *, valid: bool) -> Call:
    """A generated case: returns its call, in which ids are real and, for a valid one, unique values are unique."""
    token = who.token if who is not None and run.contract.operations[operation].needs_token else None
    sent = to_call(case, run, operation, token, who.key if who is not None else "")
    if not isinstance(sent.json, dict):
        return sent
    body = _marked(run, _real(sent.json, who, customer))
    return replace(sent, json=_unique(run, operation, body, who) if valid else body)


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
    """A body that is the run's test data, and says so where it has metadata."""
    metadata = body.get("metadata")
    return {**body, "metadata": {**metadata, "conformanceRun": run.id}} if isinstance(metadata, dict) else body


def _unique(run: Run, operation: str, body: dict[str, Any], who: Merchant | None) -> dict[str, Any]:
    body = _whole_numbers(body)
    match operation:
        case payloads.SIGN_UP:
            return {**body, "email": payloads.email(run)}
        case payloads.SIGN_IN if who is not None:
            return {**body, "email": who.email, "password": who.password}
        case payloads.CREATE_ORGANIZATION:
            return {**body, "slug": f"{body.get('slug', '')}-{run.unique()}"[-100:]}
        case payloads.CREATE_CUSTOMER:
            return {**body, "email": payloads.email(run), "phoneNumber": payloads.phone_number(run)}
        case payloads.CREATE_CHECKOUT:
            return _consistent_checkout(run, body)
    return body


def _consistent_checkout(run: Run, body: dict[str, Any]) -> dict[str, Any]:
    """A session whose line items have its currency, add up to its total and name no made-up product or image."""
    items = [
        {
            name: value
            for name, value in {**item, "currency": body["currency"]}.items()
            if name not in ("productId", "imageId")
        }
        for item in body.get("lineItems", [])
    ]
    total = sum(item.get("quantity", 1) * item.get("amount", 0) for item in items)
    body = {**body, "lineItems": items, "totalAmount": total if items else body.get("totalAmount", 0)}
    customer = body.get("customer")
    if isinstance(customer, dict):
        unique = {"email": payloads.email(run), "phoneNumber": payloads.phone_number(run)}
        body["customer"] = {**customer, **unique}
        body.pop("customerId", None)
    return body


def _whole_numbers(value: Any) -> Any:
    """Schemathesis writes many integers as 5.0, which is the same number in JSON but not in every server."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _whole_numbers(item) for name, item in value.items()}
    return [_whole_numbers(item) for item in value] if isinstance(value, list) else value
