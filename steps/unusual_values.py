"""Unusual values: sent in combination, and read back where the target offers it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from pytest_bdd import parsers, then, when

from conformance.errors import NotTested
from conformance.run import Run
from conformance.values import COMPARISONS, MISSING, field, shown
from conformance.wire.exchange import Call, Exchange, Intent
from steps import operations
from steps.accounts import send_sign_up, sign_in
from steps.checkout import attached
from steps.customers import OF_A_CUSTOMER, item_path, offers_read, read_back
from steps.fixtures import Story, need, saved_for
from steps.merchant import Merchant
from steps.merchants import call, check_token, organization_id, send, session_token, text_field
from steps.operations.base import Body
from steps.organizations import make_active, slug_is_taken
from steps.outcomes import refused
from steps.unusual.rows import applied, combinations, singles

Send = Callable[[Body, str], Exchange]
_FOR_VALUES: Final = (400, 409, 422)
_SESSION: Final = ("currency", "totalAmount", "successUrl", "cancelUrl", "mode", "metadata", "lineItems")


def send_row(story: Story, what: str, words: str, plain: Callable[[], Body], transmit: Send) -> None:
    """Send the requests of a row, and take those that were accepted into the story.

    Where several values together were refused for what they are, each is tried by itself: a target may have a policy
    for one of them alone. A full run does so after any refusal. Raises `NotTested` with the reason where nothing was
    accepted.
    """
    run = story.run
    for changes in combinations(run, what, words):
        tries = [transmit(applied(run, plain(), changes), f"{what} with {words}")]
        parts = list(singles(changes))
        if len(parts) > 1 and _is_worth_parting(run, tries[0]):
            tries += [transmit(applied(run, plain(), alone), f"{what} with a part of: {words}") for alone in parts]
        story.exchanges += [exchange for exchange in tries if exchange.is_success]
    if not story.exchanges:
        raise run.why_not(tries[0])


def _is_worth_parting(run: Run, exchange: Exchange) -> bool:
    """Return whether values may be why a request was refused, and a further one need not wait for a limit."""
    if run.settings.size == "full":
        return not exchange.is_success
    is_refused = exchange.status in _FOR_VALUES and exchange.gateway is None
    return is_refused and run.why_unavailable(exchange) is None and not run.limited(exchange.call.operation or "")


@when(parsers.parse("somebody signs up with unusual values ({words}) and signs in"))
def signs_up_unusually(story: Story, words: str) -> None:
    saved_for(story, operations.SIGN_UP)
    run = story.run

    def sign_up(body: Body, value: str) -> Exchange:
        exchange = send_sign_up(run, body, intent=Intent.UNUSUAL, value=value)
        if 400 <= exchange.status < 500 and run.why_unavailable(exchange) is None:
            _left_no_account(story, exchange)
        return exchange

    send_row(story, "an account", words, lambda: operations.sign_up.body(run), sign_up)
    for exchange in tuple(story.exchanges):
        body = exchange.request_json
        actor = f"account {body['email']}"
        story.add(sign_in(story, body["email"], body["password"], intent=Intent.VALID, actor=actor))


@then("the token of each sign-in opens a session")
def each_token_opens_a_session(story: Story) -> None:
    """A target may have written the name into the token; an organization that nobody has is refused otherwise."""
    run = story.run
    for exchange in tuple(story.exchanges):
        token = session_token(exchange) if exchange.call.operation == operations.SIGN_IN else None
        if token:
            body = operations.set_active.body(run.unique())
            check_token(run, send(run, operations.SET_ACTIVE, body, token=token, actor=exchange.call.actor))


def _left_no_account(story: Story, sign_up: Exchange) -> None:
    """A sign-up that was refused: check that its e-mail and password open nothing."""
    run, body = story.run, sign_up.request_json
    if run.limited(operations.SIGN_IN):
        return
    exchange = sign_in(story, body["email"], body["password"])
    run.check(not exchange.is_success, "no account of a refused sign-up", exchange.outcome, exchange, "SIGNUP-UNIQUE-6")


@when(parsers.parse("the merchant creates an organization with unusual values ({words})"))
def creates_unusual_organization(story: Story, words: str) -> None:
    run, spare = story.run, story.merchants.spare(story.actor)
    send_row(
        story,
        "an organization",
        words,
        lambda: operations.create_organization.body(run),
        lambda body, value: send(run, operations.CREATE_ORGANIZATION, body, spare, intent=Intent.UNUSUAL, value=value),
    )


@then("each organization that was created can be made active, and is shown as it was sent")
def each_can_be_active(story: Story) -> None:
    """The passive checks hold the organization that set-active shows against what was told before."""
    spare = story.merchants.spare(story.actor)
    for exchange in story.exchanges:
        story.run.need_success(make_active(story.run, spare, organization_id(exchange), intent=Intent.VALID))


@then("its slug is taken from then on")
def unusual_slug_is_taken(story: Story) -> None:
    run, spare = story.run, story.merchants.spare(story.actor)
    for exchange in tuple(story.exchanges):
        slug = exchange.request_json["slug"]
        slug_is_taken(run, spare, slug, "a slug with capitals that is taken", "ORG-UNIQUE-2")


@then("the same session is refused once its last line item has an amount that is a text")
def last_item_is_looked_at(story: Story) -> None:
    for exchange in tuple(story.exchanges):
        *items, last = exchange.request_json["lineItems"]
        wrong = {**exchange.request_json, "lineItems": [*items, {**last, "amount": str(last["amount"])}]}
        again = send(story.run, operations.CREATE_CHECKOUT, wrong, story.actor)
        refused(
            story.run, again, (400,), f"line item {len(items) + 1} with an amount that is a text", "CHECKOUT-VALID-40"
        )


@when(parsers.parse("the merchant creates a customer with unusual values ({words})"))
def creates_unusual_customer(story: Story, words: str) -> None:
    run, who = story.run, story.actor
    send_row(
        story,
        "a customer",
        words,
        lambda: operations.create_customer.body(run, who.organization_id),
        lambda body, value: run.send(_customer(run, body, who, value)),
    )


def _customer(run: Run, body: Body, who: Merchant, value: str) -> Call:
    """Return the call of a customer; one with emoji is written in ASCII, as many writers of JSON do, with escapes."""
    sent = call(run, operations.CREATE_CUSTOMER, body, who, intent=Intent.UNUSUAL, value=value)
    return replace(sent, json=MISSING, body=json.dumps(body).encode()) if "emoji" in value else sent


@when(parsers.parse("the merchant creates a checkout session with unusual values ({words})"))
def creates_unusual_session(story: Story, words: str) -> None:
    run, who = story.run, story.actor
    send_row(
        story,
        "a checkout session",
        words,
        lambda: operations.create_checkout.body(run, who.organization_id),
        lambda body, value: send(run, operations.CREATE_CHECKOUT, body, who, intent=Intent.UNUSUAL, value=value),
    )


@then("the customer reads as it was sent")
def customer_reads_as_sent(story: Story) -> None:
    for created in story.exchanges:
        _customer_reads(story, text_field(created, "id"), created.request_json, "CUSTOMER-READ-40")


@then("the new customer of the session reads as it was sent")
def new_customer_reads_as_sent(story: Story) -> None:
    for created in story.exchanges:
        customer = attached(created)
        need(isinstance(customer, str), "the session names no customer")
        _customer_reads(story, customer, created.request_json["customer"], "CHECKOUT-INLINE-42")


@then("the checkout session reads as it was sent")
def session_reads_as_sent(story: Story) -> None:
    """What a session may leave out is compared where the read gives it."""
    for created in story.exchanges:
        exchange = _read_back(story, operations.CREATE_CHECKOUT, text_field(created, "id"), "CHECKOUT-READ-40")
        for name in _SESSION:
            got = field(exchange.response_json, name)
            if got is not MISSING and got is not None:
                _agrees(story, exchange, name, created.request_json[name], got, "contains", "CHECKOUT-READ-40")


def _customer_reads(story: Story, identifier: str, sent: Body, requirement: str) -> None:
    exchange = _read_back(story, operations.CREATE_CUSTOMER, identifier, requirement)
    for name, comparison in OF_A_CUSTOMER.items():
        _agrees(story, exchange, name, sent[name], field(exchange.response_json, name), comparison, requirement)


def _agrees(
    story: Story, exchange: Exchange, name: str, sent: Any, got: Any, comparison: str, requirement: str
) -> None:
    held = COMPARISONS[comparison](sent, got)
    story.run.check(held, f"{name} {shown(sent)}, as it was sent", f"{name} {shown(got)}", exchange, requirement)


def _read_back(story: Story, operation: str, identifier: str, requirement: str) -> Exchange:
    """Return how something reads that was created; raise `NotTested` where the target offers no such read."""
    run = story.run
    offers_read(run, story.actor, operation, lambda: identifier)
    exchange = read_back(run, item_path(run, operation, identifier), story.actor)
    if not exchange.is_success:
        run.check(False, "what was created can be read", exchange.outcome, exchange, requirement)
        raise NotTested(f"precondition missing: {exchange.summary}")
    return exchange
