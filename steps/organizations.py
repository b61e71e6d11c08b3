"""Organizations: creating them, making them active, and what is scoped to them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from pytest_bdd import given, then, when

from conformance.errors import NotTested, Why
from conformance.run import Run
from conformance.sharing import once
from conformance.values import MISSING, fact_key, first_field, shown, without
from conformance.wire.exchange import Exchange, Intent
from steps import made_up, operations
from steps.fixtures import Story, deciding, need
from steps.merchant import Merchant
from steps.merchants import (
    TOKEN_HEADER,
    check_token,
    create_checkout,
    create_customer,
    create_namesake,
    organization_id,
    send,
    session_token,
    text_field,
    valid_body,
)
from steps.outcomes import TAKEN, refused

_ORGANIZATIONS = "organization creation"
"""The fact of the catalogue that says which organizations were created, by their ids."""
_DEFAULT_TAKEN = "a customer without a merchant was taken"


def make_active(run: Run, merchant: Merchant, organization: Any, **more: object) -> Exchange:
    """A session that is to be scoped to an organization: returns the exchange."""
    return send(run, operations.SET_ACTIVE, {"organizationId": organization}, merchant, **more)


def default_customer(run: Run, merchant: Merchant, **changes: Any) -> Exchange:
    """A customer for whom no organization is named, with changes to the body: returns the exchange.

    One source has the active organization as the default, another wants `merchantId` always: raises `NotTested` where
    the target takes a customer with it, and takes none without it, though the organization has just been made active.
    """
    exchange = send_default(run, merchant, **changes)
    if exchange.is_success:
        run.shared.tell(_DEFAULT_TAKEN, True)
    elif run.has_status(exchange, 400) and create_customer(run, merchant).is_success:
        need_default(run, merchant)
    return exchange


def need_default(run: Run, merchant: Merchant) -> None:
    """Raise `NotTested` where the target takes no customer without a merchant."""
    told = "the target wants a customer's merchant to be named, which is lawful"
    need(takes_default(run, merchant), told, Why.POLICY)


def takes_default(run: Run, merchant: Merchant) -> bool:
    """Return whether the target takes a customer without a merchant; found out once a run, by a control."""
    if run.shared.told(_DEFAULT_TAKEN) is None:
        make_active(run, merchant, merchant.organization_id)
        run.shared.tell(_DEFAULT_TAKEN, send_default(run, merchant).is_success)
    return bool(run.shared.told(_DEFAULT_TAKEN))


def known_slug(merchant: Merchant) -> str:
    """Return the slug of a merchant's organization; raise `NotTested` where the run has not created it."""
    need("slug" in merchant.organization, "the organization was not created by this run, so that its slug is not known")
    return str(merchant.organization["slug"])


def send_default(run: Run, merchant: Merchant, **changes: Any) -> Exchange:
    """The request for a customer for whom no organization is named: returns the exchange, whatever it came to."""
    body = {**operations.create_customer.body(run, None), **changes}
    return send(run, operations.CREATE_CUSTOMER, body, merchant)


def send_default_session(run: Run, merchant: Merchant, **changes: Any) -> Exchange:
    """The request for a checkout session for which no organization is named: returns the exchange, as above."""
    body = {**operations.create_checkout.body(run, merchant.organization_id), **changes}
    return send(run, operations.CREATE_CHECKOUT, without(body, "merchantId"), merchant)


def not_into(run: Run, by_default: Exchange, closed: str, requirement: str | None = None) -> None:
    """A customer for whom no organization was named: checks that it did not go into one that is closed."""
    into = by_default.is_success and first_field(by_default.response_json, ["merchantId"]) == closed
    told = "no customer goes into the closed organization"
    run.check(not into, told, by_default.outcome, by_default, requirement)


@when("the merchant creates an organization")
def creates_organization(story: Story) -> None:
    body = {**operations.create_organization.body(story.run), "name": made_up.shop_name(story.run)}
    exchange = story.add(send(story.run, operations.CREATE_ORGANIZATION, body, story.actor, intent=Intent.VALID))
    check_token(story.run, exchange)
    found = organization_id(story.run.need_success(exchange))
    story.merchant = replace(story.actor, organization_id=found, organization=body)


@when("the merchant makes it the active organization")
@when("the merchant makes the organization active again")
def makes_it_active(story: Story) -> None:
    exchange = make_active(story.run, story.actor, story.actor.organization_id, intent=Intent.VALID)
    if "ORG-STATE-2" in story.run.record.requirements:
        open_still = not story.run.has_status(exchange, HTTPStatus.UNAUTHORIZED)
        story.run.check(open_still, "the session is open after the creation", exchange.outcome, exchange, "ORG-STATE-2")
    story.add(story.run.need_success(exchange))


@when("the merchant sets the organization active in the session of the sign-up")
def activates_in_sign_up_session(story: Story) -> None:
    body = {**operations.sign_up.body(story.run), "name": made_up.user_name(story.run)}
    story.run.masker.add(body["password"])
    signed_up = story.run.need_success(send(story.run, operations.SIGN_UP, body, intent=Intent.VALID))
    token = session_token(signed_up)
    need(bool(token), "sign-up hands out no token on this target, which is lawful", Why.CAPABILITY)
    newcomer = Merchant(f"newcomer {body['email']}", body["email"], body["password"], token=token)
    story.notes["newcomer"] = newcomer
    story.notes["unscoped"] = send_default(story.run, newcomer)
    named = operations.create_customer.body(story.run, story.actor.organization_id)
    story.notes["named"] = send(story.run, operations.CREATE_CUSTOMER, named, newcomer)
    story.add(send(story.run, operations.CREATE_ORGANIZATION, operations.create_organization.body(story.run), newcomer))


@then("the token of the sign-up opened a session")
def sign_up_token_opened(story: Story) -> None:
    """An organization is created in the session; a refusal other than 401 says nothing about the token."""
    exchange = story.last
    if not exchange.is_success and not story.run.has_status(exchange, HTTPStatus.UNAUTHORIZED):
        raise story.run.why_not(exchange)
    story.run.check(exchange.is_success, "the token opens a session", exchange.outcome, exchange, "SIGNUP-TOKEN-1")


@then("nobody's organization was open to it")
def no_organization_open(story: Story) -> None:
    exchange, run = story.notes["unscoped"], story.run
    known = run.known(_ORGANIZATIONS)
    got = first_field(exchange.response_json, ["merchantId"])
    held = not exchange.is_success or fact_key(got) not in known
    told = f"{exchange.outcome}, merchantId {got}"
    run.check(held, "no customer of an organization of others", told, exchange, "SIGNUP-TENANT-50")
    named = story.notes["named"]
    told = "no customer of an organization that is named"
    run.check(not named.is_success, told, named.outcome, named, "SIGNUP-TENANT-50")


@then("the session of the sign-up works for each protected operation")
def sign_up_session_works(story: Story) -> None:
    run = story.run
    newcomer = replace(story.notes["newcomer"], organization_id=organization_id(run.need_success(story.last)))
    for operation in (operations.SET_ACTIVE, operations.CREATE_CUSTOMER, operations.CREATE_CHECKOUT):
        exchange = send(run, operation, valid_body(run, operation, newcomer), newcomer)
        run.check(exchange.is_success, "the session works", exchange.outcome, exchange, "SIGNUP-TOKEN-32")


@given("a second organization of the merchant")
def second_organization(story: Story) -> None:
    """It is created in one session, and made active in another that is older: members are not those of a sign-in.

    Its first customer comes with a checkout session, which may be refused while the other organization is active.

    Where tests run side by side, they share the main session, whose active organization must not change meanwhile.
    """
    story.notes["spare"] = spare = story.merchants.spare(story.actor)

    def make() -> str:
        run, who = story.run, spare if story.run.worker else story.actor
        name = who.organization.get("name")
        created = create_namesake(run, who, name, "the name of one's first organization", intent=Intent.VALID)
        run.need_success(created)
        run.shared.tell(made_up.OWN_ORGANIZATIONS_SHARE_A_NAME, created.request_json["name"] == name)
        run.need_success(make_active(run, who, who.organization_id, intent=Intent.VALID))
        second, value = organization_id(created), "one's organization that is not active"
        person = operations.create_customer.person(run)
        create_checkout(run, replace(who, organization_id=second), Intent.UNUSUAL, value, customer=person)
        return second

    story.notes["second"] = once(story.run.shared, "second organization", make)


@when("the merchant makes the second organization active, then the first, then the second")
def makes_active_in_turn(story: Story) -> None:
    spare = story.notes["spare"]
    story.notes["turns"] = []
    for organization in (story.notes["second"], spare.organization_id, story.notes["second"]):
        story.run.need_success(make_active(story.run, spare, organization, intent=Intent.VALID))
        exchange = story.run.need_success(default_customer(story.run, spare))
        story.notes["turns"].append((organization, exchange))


@then("customers were made for the organization that was active")
def made_for_active(story: Story) -> None:
    for organization, exchange in story.notes["turns"]:
        belongs_to(story, exchange, organization)


def belongs_to(story: Story, exchange: Exchange, organization: str) -> None:
    """A customer that was made without naming an organization: checks whose it is, for each id of the scenario."""
    got = text_field(exchange, "merchantId")
    for requirement in story.run.record.requirements:
        story.run.check(got == organization, f"merchantId {organization}", f"merchantId {got}", exchange, requirement)


@when("the merchant makes the second organization active in another session")
def active_in_another_session(story: Story) -> None:
    story.run.need_success(make_active(story.run, story.notes["spare"], story.notes["second"], intent=Intent.VALID))


@when("the merchant creates a customer without naming an organization")
def creates_default_customer(story: Story) -> None:
    story.add(story.run.need_success(default_customer(story.run, story.actor)))


@then("the customer belongs to the active organization")
@then("the customer belongs to the merchant's first organization")
def belongs_to_active(story: Story) -> None:
    belongs_to(story, story.last, story.actor.organization_id)


@then("the merchant's session is still open")
def session_works(story: Story) -> None:
    exchange = create_customer(story.run, story.actor)
    story.run.check(exchange.is_success, "a valid customer is accepted", exchange.outcome, exchange)


@then("the token of the response, where there is one, opens the session")
def repeated_token_works(story: Story) -> None:
    token = story.last.response.header(TOKEN_HEADER) if story.last.response is not None else None
    need(bool(token), "set-active repeats no token on this target, which is lawful", Why.CAPABILITY)
    exchange = create_customer(story.run, replace(story.actor, token=token or ""))
    held = not story.run.has_status(exchange, HTTPStatus.UNAUTHORIZED)
    story.run.check(held, "the token opens the session", exchange.outcome, exchange)


@when("the merchant creates an organization with a slug that is taken")
def creates_with_own_slug(story: Story) -> None:
    """In the session of the tests, so that it shows what refusals leave of its active organization.

    The slug is that of another organization of hers, where she may have one.
    """
    nameless = without(operations.create_organization.body(story.run), "name")
    send(story.run, operations.CREATE_ORGANIZATION, nameless, story.actor)
    slug = known_slug(story.actor)
    other = next((made for made in _beside(story) if made.is_success), None)
    slug = slug if other is None else other.request_json["slug"]
    body = {**operations.create_organization.body(story.run), "slug": slug}
    story.add(send(story.run, operations.CREATE_ORGANIZATION, body, story.actor))
    if story.last.is_success:
        make_active(story.run, story.actor, story.actor.organization_id)


@when("the merchant creates an organization with the other merchant's slug")
def creates_with_others_slug(story: Story) -> None:
    body = {**operations.create_organization.body(story.run), "slug": known_slug(story.rival)}
    story.add(send(story.run, operations.CREATE_ORGANIZATION, body, story.merchants.spare(story.actor)))


@then("the active organization is the one from before")
def active_as_before(story: Story) -> None:
    with deciding(story.run, "ORG-STATE-21"):
        need(not story.last.is_success, "a taken slug was accepted")
        _in_active(story, "ORG-STATE-21")


@then("the organization that has the slug is as it was")
def owner_of_slug(story: Story) -> None:
    """A target whose success has no name decides nothing by it; the other fields are held against what was created."""
    run, spare = story.run, story.merchants.spare(story.actor)
    made = next((one for one in _beside(story) if one.is_success), None)
    if made is None or story.last.is_success:
        return
    asked = organization_id(made)
    exchange = make_active(run, spare, asked)
    is_that_one = first_field(exchange.response_json, ["id", "organization.id"]) == asked
    name, now = made.request_json["name"], first_field(exchange.response_json, ["name", "organization.name"])
    told = f"{exchange.outcome}, name {shown(now)}"
    held = exchange.is_success and (now in (name, MISSING, None) or not is_that_one)
    run.check(held, f"set active, with the name {shown(name)}", told, exchange, "ORG-STATE-1")


def _in_active(story: Story, requirement: str) -> None:
    """Check that the merchant's organization is the active one, by a customer who names none."""
    exchange = default_customer(story.run, story.actor)
    got = first_field(exchange.response_json, ["merchantId"])
    held = exchange.is_success and got == story.actor.organization_id
    told = f"{exchange.outcome}, merchantId {got}"
    story.run.check(held, "a customer of the merchant's organization", told, exchange, requirement)


def slug_is_taken(run: Run, merchant: Merchant, slug: Any, what: str, requirement: str) -> None:
    """An organization with the slug of another one: checks that it is refused as taken."""
    body = {**operations.create_organization.body(run), "slug": slug}
    exchange = send(run, operations.CREATE_ORGANIZATION, body, merchant)
    if run.why_unavailable(exchange):
        raise run.why_not(exchange)
    refused(run, exchange, TAKEN, what, requirement)


@then("organizations with a longer and a shorter slug are created")
def slugs_beside_taken(story: Story) -> None:
    for exchange in _beside(story):
        story.run.need_success(exchange)


def _beside(story: Story) -> list[Exchange]:
    """Create organizations of the slug that goes on where the merchant's ends, and of one that ends before, once."""
    run, slug = story.run, known_slug(story.actor)
    spare = story.merchants.spare(story.actor)

    def make() -> list[Exchange]:
        bodies = [{**operations.create_organization.body(run), "slug": other} for other in (f"{slug}-2", slug[:-1])]
        return [send(run, operations.CREATE_ORGANIZATION, body, spare, intent=Intent.VALID) for body in bodies]

    return once(run.shared, f"organizations beside the slug {slug}", make)


@when("the merchant creates another organization")
def creates_another(story: Story) -> None:
    spare = story.merchants.spare(story.actor)
    body = operations.create_organization.body(story.run)
    story.run.need_success(send(story.run, operations.CREATE_ORGANIZATION, body, spare, intent=Intent.VALID))


@then("the older organization can be made active")
def older_can_be_active(story: Story) -> None:
    spare = story.merchants.spare(story.actor)
    exchange = make_active(story.run, spare, spare.organization_id)
    story.run.check(exchange.is_success, "the older organization is made active", exchange.outcome, exchange)


@when("the merchant creates an organization without a name, and with fields of another type")
def creates_without_name(story: Story) -> None:
    story.notes["body"] = body = operations.create_organization.body(story.run)
    spare = story.merchants.spare(story.actor)
    for optional in ({"metadata": "text"}, {"logo": 5}):
        if send(story.run, operations.CREATE_ORGANIZATION, {**body, **optional}, spare).is_success:
            story.notes["body"] = body = operations.create_organization.body(story.run)
    for wrong, more in ((without(body, "name"), {}), ({**body, "name": ["Store"]}, {}), (body, {"token": None})):
        exchange = send(story.run, operations.CREATE_ORGANIZATION, wrong, spare, **more)
        need(not exchange.is_success, "an organization without a name, or without a token, was accepted")


@then("an organization with the same slug is created")
def same_slug(story: Story) -> None:
    spare = story.merchants.spare(story.actor)
    exchange = send(story.run, operations.CREATE_ORGANIZATION, story.notes["body"], spare)
    if story.run.why_unavailable(exchange):
        raise story.run.why_not(exchange)
    story.run.check(exchange.is_success, "the slug is still free and the session open", exchange.outcome, exchange)


@when("the other merchant tries to make the merchant's organization active")
def intruder_activates(story: Story) -> None:
    story.notes["intruder"] = intruder = story.merchants.intruder
    story.add(make_active(story.run, intruder, story.actor.organization_id))


@when("the other merchant tries to make the merchant's organization active in the name of the merchant")
def intruder_activates_in_name_of_owner(story: Story) -> None:
    """Whose members are asked for is the bearer's matter, whoever the body or a header names."""
    story.notes["intruder"] = intruder = story.merchants.intruder
    user = story.actor.user_id
    body = {**operations.set_active.body(story.actor.organization_id), **({"userId": user} if user else {})}
    headers = dict.fromkeys(("X-User-Id", "X-Forwarded-User", "X-Authenticated-User"), user) if user else {}
    exchange = send(story.run, operations.SET_ACTIVE, body, intruder, headers=headers)
    told = "a refusal, whoever the body and the headers name"
    story.run.check(not exchange.is_success, told, exchange.outcome, exchange)


@when("the merchant tries to make an organization active that does not exist")
def activates_unknown(story: Story) -> None:
    unknown = made_up.unknown_id(story.run, story.actor.organization_id)
    story.add(make_active(story.run, story.merchants.intruder, unknown))


@then("it is the merchant's active organization still")
def active_still(story: Story) -> None:
    """One look more, where the target takes a customer who names no organization."""
    with suppress(NotTested):
        _in_active(story, "ACTIVE-TENANT-1")


@then("the merchant can make it active")
def merchant_activates(story: Story) -> None:
    story.run.need_success(make_active(story.run, story.actor, story.actor.organization_id, intent=Intent.VALID))


@when("the merchant tries to make an organization active whose id is no text")
def activates_no_text(story: Story) -> None:
    story.add(make_active(story.run, story.actor, 5))


@then("nothing of the other merchant goes into the merchant's organization")
def nothing_goes_in(story: Story) -> None:
    run, intruder, closed = story.run, story.notes["intruder"], story.actor.organization_id
    not_into(run, send_default(run, intruder), closed)
    named = send(run, operations.CREATE_CUSTOMER, operations.create_customer.body(run, closed), intruder)
    refused(run, named, (400, 401, 403, 404), "a customer for the closed organization")
    session = send(run, operations.CREATE_CHECKOUT, operations.create_checkout.body(run, closed), intruder)
    refused(run, session, (400, 401, 403, 404), "a checkout session for the closed organization")
