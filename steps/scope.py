"""Several organizations of one user: the one that a request names, the active one, and those of other sessions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from pytest_bdd import then, when

from conformance.errors import NotTested, Why
from conformance.sharing import once
from conformance.values import MISSING, first_field
from conformance.wire.exchange import Exchange, Intent
from steps import made_up, operations
from steps.checkout import attached
from steps.claims import owned_by
from steps.customers import is_read, item_path, keeps_name, read_back
from steps.fixtures import Story, deciding, need
from steps.keepsakes import keepsakes
from steps.merchant import Merchant
from steps.merchants import create_checkout, create_customer, send, text_field
from steps.organizations import default_customer, known_slug, make_active, not_into, send_default, send_default_session
from steps.outcomes import FORBIDDEN, refused

_ELSEWHERE = "CUSTOMER-TENANT-23"
_NAMED = "an organization of one's own that is not the active one"


def second_scope(story: Story) -> Merchant:
    """Return the merchant with the second organization, in the session that the scenario may move."""
    spare: Merchant = story.notes["spare"]
    return replace(spare, organization_id=story.notes["second"])


def session_for(story: Story, merchant: Merchant, **changes: Any) -> Exchange:
    """Send a checkout session of a merchant that may have to be refused; return the exchange."""
    body = {**operations.create_checkout.body(story.run, merchant.organization_id), **changes}
    return send(story.run, operations.CREATE_CHECKOUT, body, merchant)


def _belongs(story: Story, exchange: Exchange, organization: str, requirement: str) -> None:
    got = first_field(exchange.response_json, ["merchantId"])
    held = exchange.is_success and got == organization
    told = f"{exchange.outcome}, merchantId {got}"
    story.run.check(held, f"merchantId {organization}", told, exchange, requirement)


@when("the merchant makes the second organization active twice")
def second_active_twice(story: Story) -> None:
    """From the first one on, so that the second time changes nothing, whatever was active before.

    That time the URL names the first one: what counts is the body.
    """
    run, scope, first = story.run, second_scope(story), story.actor.organization_id
    for organization in (first, scope.organization_id):
        run.need_success(make_active(run, scope, organization, intent=Intent.VALID))
    path = f"{run.contract.operations[operations.SET_ACTIVE].path}?{urlencode({'organizationId': first})}"
    what = {"intent": Intent.UNUSUAL, "value": "an organization in the URL"}
    make_active(run, scope, scope.organization_id, path=path, **what)


@then("a customer without a named organization belongs to the second organization")
def default_belongs_to_second(story: Story) -> None:
    """Where the target wants customers to name their organization, the steps that follow have one who does."""
    run, scope = story.run, second_scope(story)
    with deciding(run, "ACTIVE-STATE-20"):
        exchange = story.add(run.need_success(default_customer(run, scope)))
        _belongs(story, exchange, story.notes["second"], "ACTIVE-STATE-20")
        by_null = send_default(run, scope, merchantId=None)
        if by_null.is_success:
            _belongs(story, by_null, story.notes["second"], "ACTIVE-STATE-20")
    if not story.exchanges:
        story.add(run.need_success(create_customer(run, scope)))


@then("a customer of the first organization makes no difference to the second")
def own_customer_makes_no_difference(story: Story) -> None:
    """A customer with the same identity may be refused where the merchant has one, which the second has not."""
    scope, run = second_scope(story), story.run
    known = run.need_success(create_customer(run, story.actor)).request_json
    body = {**known, "merchantId": scope.organization_id}
    exchange = send(run, operations.CREATE_CUSTOMER, body, scope, repeat=True)
    run.check(exchange.is_success, "a customer of the second organization", exchange.outcome, exchange, _ELSEWHERE)


@then("the first organization takes that customer in no field")
def first_takes_no_customer_of_second(story: Story) -> None:
    """Where a request names no organization, a target may take that of the customer."""
    customer = text_field(story.last, "id")
    story.run.need_success(create_checkout(story.run, second_scope(story), customerId=customer))
    named = session_for(story, story.actor, customerId=customer)
    refused(story.run, named, FORBIDDEN, "a customer of another organization of the user", "CHECKOUT-TENANT-20")
    exchange = send_default_session(story.run, story.actor, customerId=customer)
    into = first_field(exchange.response_json, ["merchantId"])
    held = not exchange.is_success or into in (story.notes["second"], MISSING)
    expected = "without a `merchantId`, a refusal or a session of the customer's organization"
    told = f"{exchange.outcome}, merchantId {into}"
    story.run.check(held, expected, told, exchange, "CHECKOUT-TENANT-20")
    there = replace(second_scope(story), organization_id=story.actor.organization_id)
    named = session_for(story, there, customerId=customer)
    told = "a customer of the active organization for another one that is named"
    refused(story.run, named, FORBIDDEN, told, "CHECKOUT-TENANT-20")
    not_adopted(story, customer, "CHECKOUT-TENANT-21")


def not_adopted(story: Story, customer: str, requirement: str) -> None:
    """A new customer that claims the id of somebody else's: is refused, or gets an id of its own."""
    person = {**operations.create_customer.person(story.run), "id": customer, "customerId": customer}
    exchange = session_for(story, story.actor, customer=person)
    orderly = exchange.is_success or 400 <= exchange.status < 500
    need(orderly, f"{exchange.summary} is neither a success nor a refusal")
    got = attached(exchange) if exchange.is_success else MISSING
    told = f"{exchange.outcome}, attached to {got}"
    story.run.check(got != customer, "a refusal, or a customer with an id of its own", told, exchange, requirement)


@when("the merchant creates a customer and a session with a new customer for the second organization")
def creates_for_named(story: Story) -> None:
    """The first organization is the active one. The last session has no customer: whose it is, it shows by itself."""
    run, named = story.run, story.notes["second"]
    body = operations.create_customer.body(run, named)
    story.notes["customer"] = send(
        run, operations.CREATE_CUSTOMER, body, story.actor, intent=Intent.UNUSUAL, value=f"for a customer, {_NAMED}"
    )
    there = replace(story.actor, organization_id=named)
    person = operations.create_customer.person(run)
    what = f"for a checkout session, {_NAMED}"
    story.notes["session"] = create_checkout(run, there, intent=Intent.UNUSUAL, value=what, customer=person)
    plain = create_checkout(run, there, intent=Intent.UNUSUAL, value=what)
    if plain.is_success:
        _read_from_the_active_one(story, text_field(plain, "id"))


def _read_from_the_active_one(story: Story, session: str) -> None:
    """Read a session of the second organization: it may be hidden while the first one is active, and is no other's."""
    run, who = story.run, story.actor
    if is_read(run, who, operations.CREATE_CHECKOUT, lambda: session):
        exchange = read_back(run, item_path(run, operations.CREATE_CHECKOUT, session), who)
        got = first_field(exchange.response_json, ["merchantId"])
        held = not exchange.is_success or got in (story.notes["second"], MISSING)
        told = f"{exchange.outcome}, merchantId {got}"
        run.check(held, f"merchantId {story.notes['second']}", told, exchange, "CHECKOUT-TENANT-22")


@then("the first organization is the active one still")
def first_is_active_still(story: Story) -> None:
    accepted = any(story.notes[name].is_success for name in ("customer", "session"))
    with deciding(story.run, "CUSTOMER-TENANT-24"):
        need(accepted, f"a policy of the target: {_NAMED} is refused", Why.POLICY)
        exchange = story.run.need_success(default_customer(story.run, story.actor))
        _belongs(story, exchange, story.actor.organization_id, "CUSTOMER-TENANT-24")


@then("both customers belong to the second organization")
def both_belong_to_second(story: Story) -> None:
    """What is refused is a policy; what is accepted can be used where it was asked for."""
    run, scope = story.run, second_scope(story)
    accepted = [
        (exchange, requirement)
        for name, requirement in (("customer", "CUSTOMER-TENANT-20"), ("session", "CHECKOUT-TENANT-22"))
        if (exchange := story.notes[name]).is_success
    ]
    if not accepted:
        raise run.why_not(story.notes["customer"])
    run.need_success(make_active(run, scope, scope.organization_id, intent=Intent.VALID))
    for exchange, requirement in accepted:
        _belongs(story, exchange, scope.organization_id, requirement)
        customer = text_field(exchange, "customerId", "customer.id", "id")
        by_name = exchange is story.notes["customer"] and story.notes["session"].is_success
        if not (by_name and _taken_by_name(story, customer)):
            used = session_for(story, scope, customerId=customer)
            run.check(used.is_success, "a customer of the organization that was named", used.outcome, used, requirement)
            if by_name and used.is_success:
                told = "a customer whom the organization takes once it is active"
                run.check(False, told, story.notes["by name"].outcome, story.notes["by name"], "CHECKOUT-TENANT-27")


def _taken_by_name(story: Story, customer: str) -> bool:
    """Return whether a session for the second organization takes its customer, while the first one is active."""
    there = replace(story.actor, organization_id=story.notes["second"])
    story.notes["by name"] = exchange = session_for(story, there, customerId=customer)
    if exchange.is_success:
        story.run.check(True, "its customer", exchange.outcome, exchange, "CHECKOUT-TENANT-27")
    return exchange.is_success


@then("a session without a named organization belongs to the second organization")
def default_session_belongs_to_second(story: Story) -> None:
    scope = second_scope(story)
    exchange = send_default_session(story.run, scope)
    if not exchange.is_success:
        raise NotTested("the target wants a session's merchant to be named, which is lawful", Why.POLICY)
    _belongs(story, exchange, scope.organization_id, "CHECKOUT-TENANT-23")
    person = operations.create_customer.person(story.run)
    exchange = send_default_session(story.run, scope, customer=person)
    customer = attached(exchange)
    if exchange.is_success and isinstance(customer, str):
        _belongs(story, exchange, scope.organization_id, "CHECKOUT-TENANT-23")
        used = session_for(story, scope, customerId=customer)
        told = "a customer of the organization that was active"
        story.run.check(used.is_success, told, used.outcome, used, "CHECKOUT-TENANT-23")


@when("the merchant creates an organization in another session")
def organization_elsewhere(story: Story) -> None:
    spare = story.merchants.spare(story.actor)
    body = {**operations.create_organization.body(story.run), "name": made_up.shop_name(story.run)}
    story.run.need_success(send(story.run, operations.CREATE_ORGANIZATION, body, spare, intent=Intent.VALID))


@when("the other merchant names the merchant's organization by its slug")
def names_by_slug(story: Story) -> None:
    slug = known_slug(story.actor)
    run, rival = story.run, story.rival
    story.notes["by slug"] = {
        "ACTIVE-TENANT-20": make_active(run, story.merchants.intruder, slug),
        "CUSTOMER-TENANT-21": send(run, operations.CREATE_CUSTOMER, operations.create_customer.body(run, slug), rival),
        "CHECKOUT-TENANT-24": session_for(story, replace(rival, organization_id=slug)),
    }
    named = send(run, operations.SET_ACTIVE, {"organizationSlug": slug}, story.merchants.intruder)
    story.notes["by name of slug"] = named, send_default(run, story.merchants.intruder)


@then("the slug opens nothing")
def slug_opens_nothing(story: Story) -> None:
    for requirement, exchange in story.notes["by slug"].items():
        refused(story.run, exchange, FORBIDDEN, "the slug of another merchant's organization", requirement)


@then("in a field of its own it makes nothing active either")
def slug_in_own_field(story: Story) -> None:
    """The field is one that better-auth knows; a target that does not may overlook it."""
    closed, must = story.actor.organization_id, "ACTIVE-TENANT-20"
    named, by_default = story.notes["by name of slug"]
    got = first_field(named.response_json, ["id", "organization.id"])
    told = f"{named.outcome}, the other merchant's organization"
    story.run.check(got != closed, "a refusal, or an organization of one's own", told, named, must)
    not_into(story.run, by_default, closed, must)


@when("the merchant creates a session whose new customer claims to belong to the other merchant")
def inline_claims_other_merchant(story: Story) -> None:
    """Where the one name for a merchant is refused, the others are tried without it."""
    foreign = story.rival.organization_id
    claim = {**operations.create_customer.person(story.run), **owned_by(foreign)}
    exchange = session_for(story, story.actor, customer={**claim, "merchantId": foreign})
    story.add(exchange if exchange.is_success else session_for(story, story.actor, customer=claim))


@then("the new customer is refused, or belongs to the merchant")
def inline_stays_own(story: Story) -> None:
    run, exchange = story.run, story.last
    need(exchange.is_success or 400 <= exchange.status < 500, exchange.summary)
    got = first_field(exchange.response_json, ["customer.merchantId"]) if exchange.is_success else MISSING
    told = f"{exchange.outcome}, customer.merchantId {got}"
    held = got != story.rival.organization_id
    run.check(held, "a refusal, or a customer of the merchant", told, exchange, "CHECKOUT-TENANT-25")
    if held and exchange.is_success:
        used = session_for(story, story.actor, customerId=attached(exchange))
        run.check(used.is_success, "a customer of the merchant", used.outcome, used, "CHECKOUT-TENANT-25")


@then("a new customer with the id of the other merchant's customer is refused, or has an id of its own")
def inline_adopts_nobody(story: Story) -> None:
    run, rival = story.run, story.rival
    created = run.need_success(create_customer(run, rival))
    customer = text_field(created, "id")
    not_adopted(story, customer, "CHECKOUT-TENANT-26")
    keeps_name(run, rival, created, "CHECKOUT-TENANT-26")


@when("the other merchant creates a customer, and a session with a new one, like the merchant's customer")
def same_identity_elsewhere(story: Story) -> None:
    """A customer of one merchant makes no difference to another merchant; the first of the run is read at its end."""
    run, rival = story.run, story.rival
    person = keepsakes(run, story.actor).customer.request_json
    body = {**person, "merchantId": rival.organization_id}
    first = once(
        run.shared,
        f"the first customer of {rival.key} too",
        lambda: send(run, operations.CREATE_CUSTOMER, body, rival, repeat=True),
    )
    another = operations.create_customer.person(run)
    run.need_success(create_checkout(run, story.actor, customer=another))
    alike = {**another, "metadata": operations.create_customer.person(run)["metadata"]}
    story.notes["elsewhere"] = {
        "CUSTOMER-TENANT-22": first,
        "CHECKOUT-INLINE-22": session_for(story, rival, customer=alike),
    }


@then("both are accepted, each with an id of its own")
def accepted_elsewhere(story: Story) -> None:
    """The passive checks compare the ids of all customers."""
    for requirement, exchange in story.notes["elsewhere"].items():
        story.run.check(
            exchange.is_success, "a customer of the other merchant", exchange.outcome, exchange, requirement
        )
