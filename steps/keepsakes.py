"""What a merchant made first: kept through the run, and used once more when everything else is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pytest_bdd import given, then, when

from conformance.checks.times import time_of
from conformance.run import Run
from conformance.sharing import once
from conformance.values import MISSING, contains, field, first_field, shown, without
from conformance.wire.exchange import Exchange
from steps import made_up, operations
from steps.checkout import CUSTOMER, attached
from steps.customers import item_path, offers_read, read
from steps.fixtures import Story, need, new_session, saved_for
from steps.merchant import Merchant
from steps.merchants import (
    any_customer,
    create_checkout,
    create_customer,
    new_customer,
    send,
    session_token,
    text_field,
)
from steps.organizations import default_customer, known_slug, make_active, slug_is_taken
from steps.shown import told_by_both

_OF_CUSTOMER: Final = ("id", "merchantId", "name", "email", "phoneNumber", "metadata", "createdAt")
_OF_SESSION: Final = ("id", "merchantId", "currency", "totalAmount", "status", "sessionUrl", "customerId", "createdAt")
_APART: Final = 1.0
METHOD_HEADERS: Final = dict.fromkeys(("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"), "DELETE")
"""By which some frameworks take a POST for another method."""


@dataclass(frozen=True)
class Keepsakes:
    """The first customer of a merchant, and the first checkout session, with the customer who was created with it."""

    customer: Exchange
    session: Exchange

    @property
    def customer_id(self) -> str:
        return text_field(self.customer, "id")

    @property
    def inline_id(self) -> str:
        return text_field(self.session, *CUSTOMER)


def keepsakes(run: Run, merchant: Merchant) -> Keepsakes:
    """Return what the merchant made first: a customer, another who was refused, and a session with a new customer."""

    def make() -> Keepsakes:
        customer = run.need_success(create_customer(run, merchant))
        wrong = {**operations.create_customer.body(run, merchant.organization_id), "metadata": "text"}
        send(run, operations.CREATE_CUSTOMER, wrong, merchant)
        session = create_checkout(run, merchant, customer=operations.create_customer.person(run))
        return Keepsakes(customer, run.need_success(session))

    return once(run.shared, f"keepsakes of {merchant.key}", make)


@when("the merchant creates the first customer and the first checkout session of the run")
@given("the first customer and the first checkout session of the run")
def first_things(story: Story) -> None:
    story.notes["keepsakes"] = keepsakes(story.run, story.actor)


@then("they are kept for the end of the run")
def kept(story: Story) -> None:
    made: Keepsakes = story.notes["keepsakes"]
    story.run.need_success(made.customer)
    story.run.need_success(made.session)


@when("the user signs in once more")
def signs_in_once_more(story: Story) -> None:
    saved_for(story, operations.SIGN_IN)
    body = operations.sign_in.body(story.actor.email, story.actor.password)
    story.add(send(story.run, operations.SIGN_IN, body, story.actor, token=None))


@then("the first account of the run is open still")
def first_account(story: Story) -> None:
    exchange = story.last
    if story.run.why_unavailable(exchange):
        raise story.run.why_not(exchange)
    held = exchange.is_success and bool(session_token(exchange))
    story.run.check(held, "the first account signs in", exchange.outcome, exchange)


@when("the other merchant names that customer, and a request asks for another method than its own")
def attacked(story: Story) -> None:
    """None of them is carried out, and the session of the merchant's own neither; it is decided elsewhere."""
    run, made = story.run, story.notes["keepsakes"]
    wrong = {**operations.create_checkout.body(run, story.actor.organization_id), "lineItems": [{"name": 5}]}
    send(run, operations.CREATE_CHECKOUT, {**wrong, "customerId": made.customer_id}, story.actor)
    body = operations.create_checkout.body(run, story.rival.organization_id)
    send(run, operations.CREATE_CHECKOUT, {**body, "customerId": made.customer_id}, story.rival)
    body = operations.create_customer.body(run, story.actor.organization_id)
    send(run, operations.CREATE_CUSTOMER, body, story.actor, headers=METHOD_HEADERS)


@then("a checkout session can be created for the first customer of the run, at a time of its own")
def first_customer(story: Story) -> None:
    made: Keepsakes = story.notes["keepsakes"]
    exchange = _attached(story, made.customer_id, "CUSTOMER-STATE-50")
    same = _created_with(made.customer, exchange)
    story.run.check(not same, "a `createdAt` of its own", f"{same}, as the customer has", exchange, "CHECKOUT-TIME-50")


def _created_with(earlier: Exchange, later: Exchange) -> str:
    """Return the `createdAt` that two things share, though a second lies between them; otherwise an empty text."""
    one, other = (first_field(exchange.response_json, ["createdAt"]) for exchange in (earlier, later))
    moment, is_apart = time_of(other), later.began - earlier.began > _APART
    same = is_apart and moment is not None and moment.microsecond > 0 and moment == time_of(one)
    return shown(other) if same else ""


@then("for the customer who came with the first checkout session too")
def first_inline_customer(story: Story) -> None:
    _attached(story, story.notes["keepsakes"].inline_id, "CHECKOUT-STATE-50")


def _attached(story: Story, customer: str, requirement: str) -> Exchange:
    run = story.run
    body = {**operations.create_checkout.body(run, story.actor.organization_id), "customerId": customer}
    exchange = send(run, operations.CREATE_CHECKOUT, body, story.actor)
    held = exchange.is_success and attached(exchange) == customer
    got = f"{exchange.outcome}, customer {attached(exchange)}"
    run.check(held, f"a session for the customer {customer}", got, exchange, requirement)
    return exchange


@then("the first customer reads as it was created")
def reads_first_customer(story: Story) -> None:
    run, made = story.run, story.notes["keepsakes"]
    offers_read(run, story.actor, operations.CREATE_CUSTOMER, lambda: new_customer(run, story.actor))
    _reads_as(story, operations.CREATE_CUSTOMER, made.customer, _OF_CUSTOMER)


@then("the first checkout session reads as it was created")
def reads_first_session(story: Story) -> None:
    """Before its customer gets another one, which may end it, as its time does."""
    run, made = story.run, story.notes["keepsakes"]
    offers_read(run, story.actor, operations.CREATE_CHECKOUT, lambda: new_session(run, story.actor))
    ends = time_of(field(made.session.response_json, "expiresAt"))
    over = {"status"} if ends is not None and ends <= datetime.now(UTC) else set()
    _reads_as(story, operations.CREATE_CHECKOUT, made.session, tuple(name for name in _OF_SESSION if name not in over))


def _reads_as(story: Story, operation: str, created: Exchange, names: tuple[str, ...]) -> None:
    """A field that one of the two leaves out is not compared."""
    run, identifier = story.run, text_field(created, "id")
    exchange = read(run, item_path(run, operation, identifier), story.actor)
    if not run.check(exchange.is_success, f"{identifier} can be read", exchange.outcome, exchange):
        return
    for name, told, now in told_by_both(run, created, exchange, names):
        expected = f"`{name}` {shown(told)}, as it was created"
        run.check(contains(told, now), expected, f"`{name}` {shown(now)}", exchange)


@then("the first organization can be made active, and its slug is taken still")
def first_organization(story: Story) -> None:
    run, spare = story.run, story.merchants.spare(story.actor)
    exchange = make_active(run, spare, spare.organization_id)
    run.check(exchange.is_success, "the first organization is made active", exchange.outcome, exchange, "ORG-STATE-50")
    slug_is_taken(run, spare, known_slug(spare), "the slug of the first organization", "ORG-UNIQUE-50")


@then("the merchant's first session is open, where the sign-up was refused")
def session_open_after_refused_sign_up(story: Story) -> None:
    need(not story.last.is_success, "the sign-up was not refused")
    nameless = without(story.last.request_json, "name")
    again = send(story.run, operations.SIGN_UP, nameless, actor=story.last.call.actor)
    need(not again.is_success, "a sign-up without a name was accepted")
    exchange = make_active(story.run, story.actor, story.actor.organization_id)
    story.run.check(exchange.is_success, "the session is open still", exchange.outcome, exchange, "SIGNUP-STATE-50")


@when("a customer and checkout sessions with new customers are refused")
def refused_sessions(story: Story) -> None:
    """With an amount, a line item, metadata, URLs or a mode of another type, a wrong currency, without a token, for
    another merchant, and for a customer besides, who is unknown or is there.

    The last may be accepted for the customer who is there, and then makes none either.
    """
    run, own = story.run, story.actor.organization_id
    story.add(send(run, operations.CREATE_CUSTOMER, operations.create_customer.body(run, own), story.actor, token=None))
    known = any_customer(run, story.actor)
    unknown = {"customerId": made_up.unknown_id(run, known)}
    tries: tuple[tuple[Merchant, dict[str, Any], dict[str, Any]], ...] = (
        (story.actor, {"customer": operations.create_customer.person(run), "totalAmount": "much"}, {}),
        (story.actor, {"customer": operations.create_customer.person(run), "lineItems": [{"name": 5}]}, {}),
        (story.actor, {"customer": {**operations.create_customer.person(run), "metadata": "text"}}, {}),
        (story.actor, {"customer": operations.create_customer.person(run), "currency": "X"}, {}),
        (story.actor, {"customer": operations.create_customer.person(run), "successUrl": 5}, {}),
        (story.actor, {"customer": operations.create_customer.person(run), "cancelUrl": "no URL"}, {}),
        (story.actor, {"customer": operations.create_customer.person(run), "mode": ["payment"]}, {}),
        (story.actor, {"customer": operations.create_customer.person(run)}, {"token": None}),
        (story.actor, {**unknown, "customer": operations.create_customer.person(run)}, {}),
        (story.rival, {"customer": operations.create_customer.person(run)}, {}),
    )
    for who, changes, more in tries:
        body = {**operations.create_checkout.body(run, own), **changes}
        story.add(send(run, operations.CREATE_CHECKOUT, body, who, **more))
    both = {"customerId": known, "customer": operations.create_customer.person(run)}
    send(run, operations.CREATE_CHECKOUT, {**operations.create_checkout.body(run, own), **both}, story.actor)


@then("the other merchant can create that customer without naming an organization")
def other_is_as_before(story: Story) -> None:
    need(not story.last.is_success, "the customer was not refused")
    exchange = default_customer(story.run, story.rival, **without(story.last.request_json, "merchantId"))
    got = first_field(exchange.response_json, ["merchantId"])
    held = exchange.is_success and got in (story.rival.organization_id, MISSING)
    story.run.check(held, "a customer of the active organization", f"{exchange.outcome}, merchantId {got}", exchange)
