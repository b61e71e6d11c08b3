"""A session of another merchant's that has no active organization: it opens nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from pytest_bdd import then, when

from conformance.errors import Why
from conformance.values import MISSING, field, first_field
from conformance.wire.exchange import Call
from steps import operations
from steps.accounts import signs_in
from steps.fixtures import Story, need, saved_for
from steps.keepsakes import keepsakes
from steps.merchant import Merchant
from steps.merchants import any_customer, send, session_token, text_field
from steps.organizations import make_active, send_default, send_default_session
from steps.outcomes import FORBIDDEN, refused
from steps.reads import rows_of

_MUST = "ACTIVE-TENANT-40"
_SHOWN = 3


@when("somebody else signs in, and makes no organization active")
def signs_in_without_active(story: Story) -> None:
    saved_for(story, operations.SIGN_IN)
    account = story.merchants.account
    is_other = account.organization_id != story.actor.organization_id
    need(is_other, "no account is there besides the two merchants that were given", Why.CAPABILITY)
    token = session_token(signs_in(story, account))
    need(bool(token), "sign-in hands out no token")
    story.notes["intruder"] = replace(account, token=token)


@then("that session attaches no customer of the merchant")
def attaches_no_foreign_customer(story: Story) -> None:
    run, intruder = story.run, story.notes["intruder"]
    body = operations.create_checkout.body(run, intruder.organization_id)
    body["customerId"] = any_customer(run, story.actor)
    exchange = send(run, operations.CREATE_CHECKOUT, body, intruder)
    refused(run, exchange, (*FORBIDDEN, 401), "another merchant's customer", _MUST)


@then("that session creates nothing for the merchant")
def creates_nothing_foreign(story: Story) -> None:
    """Nor does it once it has made null active, which some targets take for no organization, and others refuse."""
    run, intruder = story.run, story.notes["intruder"]
    closed = story.actor.organization_id
    customer = send(run, operations.CREATE_CUSTOMER, operations.create_customer.body(run, closed), intruder)
    refused(run, customer, FORBIDDEN, "another merchant", _MUST)
    make_active(run, intruder, None)
    session = send(run, operations.CREATE_CHECKOUT, operations.create_checkout.body(run, closed), intruder)
    refused(run, session, FORBIDDEN, "another merchant", _MUST)
    for exchange in (send_default(run, intruder), send_default_session(run, intruder)):
        got = first_field(exchange.response_json, ["merchantId"])
        held = not exchange.is_success or got not in (closed, story.rival.organization_id)
        told = f"{exchange.outcome}, merchantId {got}"
        run.check(held, "nothing of another merchant", told, exchange, _MUST)
    refused(run, make_active(run, intruder, closed), FORBIDDEN, "another merchant's organization", _MUST)


@then("that session reads nothing of the merchant, where the target offers it")
def reads_nothing_foreign(story: Story) -> None:
    """A list that is shown to a session that may not see the merchant's holds customers of the reader's own alone."""
    run, intruder = story.run, story.notes["intruder"]
    customers = run.contract.operations[operations.CREATE_CUSTOMER].path
    customer = any_customer(run, story.actor)
    session = text_field(keepsakes(run, story.actor).session, "id")
    sessions = run.contract.operations[operations.CREATE_CHECKOUT].path
    for path, identifier in (
        (f"{customers}/{quote(customer, safe='')}", customer),
        (f"{customers}?limit=100&offset=0", customer),
        (f"{sessions}/{quote(session, safe='')}", session),
    ):
        exchange = run.send(Call("GET", path, token=intruder.token, actor=intruder.key))
        shown = [exchange.response_json, *rows_of(exchange)] if exchange.is_success else []
        found = [str(field(one, "id")) for one in shown if _is_of(story.actor, one, identifier)]
        told = f"{exchange.outcome}, {', '.join(found[:_SHOWN])} of the merchant"
        run.check(not found, "nothing of another merchant", told, exchange)


def _is_of(merchant: Merchant, shown: Any, identifier: str) -> bool:
    """Return whether a customer or session is a merchant's; where it does not say whose it is, its id tells."""
    owner = field(shown, "merchantId")
    return owner == merchant.organization_id or (owner is MISSING and field(shown, "id") == identifier)
