"""Ids that are not quite those of something: in other letters, with a blank, as a prefix, a list, a wildcard or SQL."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from pytest_bdd import then, when

from conformance.run import Run
from conformance.values import MISSING, fact_key, first_field
from conformance.wire.exchange import Call
from steps import claims, operations
from steps.access import tried, try_all
from steps.checkout import attached
from steps.customers import OWNERS
from steps.fixtures import Story
from steps.merchant import Merchant
from steps.merchants import TENANT_HEADERS, call, create_checkout, new_customer, twice
from steps.organizations import make_active, not_into, send_default

_CASELESS: Final = re.compile(r"[0-9a-f-]+", re.IGNORECASE)
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_SHORT: Final = 10
PADDED: Final = "with a blank after it"
"""Frameworks cut blanks off all texts of a body: such an id may open what is one's own, and nothing of others."""
BEGINNING: Final = "without its last character"
WILDCARD: Final = "%"
SQL: Final = "' OR '1'='1"


def almost(identifier: str) -> dict[str, Any]:
    """Return values that are nearly an id, by what they are in words.

    An id of hexadecimal digits or UUID form knows no letter case; a short one may have others as its beginning.
    """
    forms: dict[str, Any] = {PADDED: f"{identifier} "}
    if _CASELESS.fullmatch(identifier) is None and identifier.swapcase() != identifier:
        forms["in another letter case"] = identifier.swapcase()
    if len(identifier) > _SHORT:
        forms[BEGINNING] = identifier[:-1]
    return forms


def same(identifier: str) -> dict[str, str]:
    """Return an id of the form of a UUID as stores read it too, which its owner may send as well; nothing of others."""
    if _UUID.fullmatch(identifier) is None:
        return {}
    bare = identifier.replace("-", "")
    return {"in the other letter case": identifier.swapcase(), "without its hyphens": bare}


def of_another(own: str, foreign: str) -> dict[str, Any]:
    """Return values by which a careless comparison finds another organization, by what they are in words."""
    near = {
        f"another organization's id {words}": value
        for words, value in {**almost(foreign), **same(foreign)}.items()
        if value != own
    }
    return {**near, "a list of one's own id and another's": [own, foreign], "a wildcard": WILDCARD, "SQL": SQL}


def _customer(run: Run, merchant: Merchant, merchant_id: Any) -> Call:
    return call(run, operations.CREATE_CUSTOMER, operations.create_customer.body(run, merchant_id), merchant)


def _session(run: Run, merchant: Merchant, **changes: Any) -> Call:
    body = {**operations.create_checkout.body(run, merchant.organization_id), **changes}
    return call(run, operations.CREATE_CHECKOUT, body, merchant)


@when("the other merchant tries what is nearly the id of the merchant's organization")
def activates_lookalikes(story: Story) -> None:
    story.notes["intruder"] = intruder = story.merchants.intruder
    for what, value in of_another(story.rival.organization_id, story.actor.organization_id).items():
        tried(story, what, make_active(story.run, intruder, value))
    body = operations.set_active.body(story.actor.organization_id)
    tried(story, "another organization's id as form data", story.run.send(_as_form(_call_active(story, body))))


@then("nothing is opened where a request names both organizations")
def both_named_in_set_active(story: Story) -> None:
    """The other merchant's own comes first: a reader of JSON takes the one or the other, and checks what it takes."""
    run, intruder, closed = story.run, story.notes["intruder"], story.actor.organization_id
    sent = _call_active(story, operations.set_active.body(story.rival.organization_id))
    exchange = run.send(twice(sent, "organizationId", closed))
    got = first_field(exchange.response_json, ["id", "organization.id"])
    run.check(got != closed, "a refusal, or an organization of one's own", f"{exchange.outcome}, {got}", exchange)
    not_into(run, send_default(run, intruder), closed)


def _call_active(story: Story, body: dict[str, Any]) -> Call:
    return call(story.run, operations.SET_ACTIVE, body, story.merchants.intruder)


def _as_form(sent: Call) -> Call:
    """Return a call with its texts as form data, which a target may refuse or read like JSON."""
    texts = {name: value for name, value in sent.json.items() if isinstance(value, str)}
    headers = {**sent.headers, "Content-Type": "application/x-www-form-urlencoded"}
    return replace(sent, json=MISSING, body=urlencode(texts).encode(), headers=headers)


@when("the merchant creates customers for what is nearly the id of the other merchant")
def customers_for_lookalikes(story: Story) -> None:
    values = of_another(story.actor.organization_id, story.rival.organization_id)
    foreign = _customer(story.run, story.actor, story.rival.organization_id)
    calls = {what: _customer(story.run, story.actor, value) for what, value in values.items()}
    on_another_path = replace(foreign, path=f"{foreign.path}/", operation=None)
    calls["another organization's id on the path with a slash at its end"] = on_another_path
    try_all(story, {**calls, "another organization's id as form data": _as_form(foreign)})


@when("the merchant names the other merchant besides, a second time in the body, by another name or in a header")
def names_two_merchants(story: Story) -> None:
    """A reader of JSON takes the first or the last of two equal names; a header is no place for a merchant."""
    run, own, foreign = story.run, story.actor.organization_id, story.rival.organization_id
    headers = dict.fromkeys(TENANT_HEADERS, foreign)
    unnamed = _customer(run, story.actor, None)
    calls = [replace(unnamed, headers=headers, json={**unnamed.json, **claims.owned_by(foreign)})]
    plain = _customer(run, story.actor, own)
    calls.append(replace(plain, json={**plain.json, "MerchantId": foreign}))
    calls += [twice(_customer(run, story.actor, own), "merchantId", foreign)]
    calls += [twice(_customer(run, story.actor, foreign), "merchantId", own)]
    story.exchanges += run.send_all(calls)


@when("the merchant names the other merchant of a checkout session besides, a second time in the body or in a header")
def names_two_merchants_of_session(story: Story) -> None:
    run, own, foreign = story.run, story.actor.organization_id, story.rival.organization_id
    headers = dict.fromkeys(TENANT_HEADERS, foreign)
    calls = [replace(_session(run, story.actor), headers=headers)]
    calls += [twice(_session(run, story.actor), "merchantId", foreign)]
    calls += [twice(_session(run, story.actor, merchantId=foreign), "merchantId", own)]
    story.exchanges += run.send_all(calls)


@then("no customer of the other merchant is created")
@then("no checkout session of the other merchant is created")
def none_of_other(story: Story) -> None:
    """What is refused is lawful; what is created is the merchant's own."""
    foreign = story.rival.organization_id
    for exchange in story.exchanges:
        got = first_field(exchange.response_json, ["merchantId"])
        held = not exchange.is_success or got != foreign
        told = f"{exchange.outcome}, merchantId {got}"
        story.run.check(held, "a refusal, or what is the merchant's own", told, exchange)


@when("the merchant creates checkout sessions for what is nearly the id of the other merchant")
def sessions_for_lookalikes(story: Story) -> None:
    values = of_another(story.actor.organization_id, story.rival.organization_id)
    try_all(story, {what: _session(story.run, story.actor, merchantId=value) for what, value in values.items()})


@when("the merchant creates checkout sessions for what is nearly the id of a customer")
def sessions_for_customer_lookalikes(story: Story) -> None:
    """What is nearly an id may be that of another customer of the run, whose sessions are lawful."""
    own, foreign = new_customer(story.run, story.actor), story.customers[-1]
    values = {f"a customer's id {words}": value for words, value in almost(own).items() if words != PADDED}
    if "_" in own:
        values["a customer's id with another prefix"] = f"id_{own.partition('_')[2]}"
    known = story.run.known(OWNERS)
    values = {words: value for words, value in values.items() if value != own and fact_key(value) not in known}
    values |= {"a list with a customer's id": [own], "a wildcard": WILDCARD, "SQL": SQL}
    for words, value in {PADDED: f"{foreign} ", **same(foreign)}.items():
        values[f"another merchant's customer's id {words}"] = value
    story.notes["own"] = own
    try_all(story, {what: _session(story.run, story.actor, customerId=value) for what, value in values.items()})


@then("a customer of the other merchant who is named besides is not attached")
def second_customer_not_attached(story: Story) -> None:
    """A reader of JSON takes the first or the last of two equal names, and may look at the one and use the other."""
    run, own, foreign = story.run, story.notes["own"], story.customers[-1]
    calls = [
        twice(_session(run, story.actor, customerId=first), "customerId", last)
        for first, last in ((own, foreign), (foreign, own))
    ]
    for exchange in run.send_all(calls):
        got = attached(exchange) if exchange.is_success else MISSING
        held = got != foreign
        run.check(held, "a refusal, or the merchant's own customer", f"{exchange.outcome}, customerId {got}", exchange)


@then("the right ids are accepted")
def right_ids(story: Story) -> None:
    story.run.need_success(create_checkout(story.run, story.actor, customerId=story.notes["own"]))
