"""Requests that arrive at the same moment."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from pytest_bdd import then, when

from conformance.errors import NotTested, Why
from conformance.values import MISSING, first_field
from conformance.wire.exchange import Call, Intent
from steps import made_up, operations
from steps.access import opens_nothing
from steps.fixtures import Story, need
from steps.merchant import Merchant
from steps.merchants import call, organization_id, send, session_token, text_field
from steps.organizations import make_active, second_organization
from steps.outcomes import TAKEN, refused
from steps.scope import second_scope


def _sign_in(story: Story, merchant: Merchant) -> Call:
    body = operations.sign_in.body(merchant.email, merchant.password)
    return call(story.run, operations.SIGN_IN, body, intent=Intent.VALID, actor=merchant.key)


@when("two people sign up with one e-mail, in small letters and in capitals, and somebody else, at the same moment")
def sign_up_with_one_email(story: Story) -> None:
    first, second, other = (operations.sign_up.body(story.run) for _ in range(3))
    second["email"] = first["email"].upper()
    story.run.masker.add(first["password"], second["password"], other["password"])
    calls = [call(story.run, operations.SIGN_UP, body) for body in (first, second)]
    calls.append(call(story.run, operations.SIGN_UP, other, intent=Intent.VALID))
    story.exchanges += story.run.send_together(calls)


@then("one account is made for the e-mail")
def one_account(story: Story) -> None:
    """Where e-mails must be verified, the second sign-up may be hidden behind an invented user without a token."""
    run, (first, second, _) = story.run, story.exchanges
    for exchange in (first, second):
        if run.why_unavailable(exchange):
            raise run.why_not(exchange)
    made = [exchange for exchange in (first, second) if exchange.is_success]
    hidden = len(made) == 2 and not any(session_token(exchange) for exchange in made)
    need(not hidden, "both sign-ups are answered alike, since the e-mail has to be verified first", Why.CAPABILITY)
    got = f"{len(made)} accounts: {first.status} and {second.status}"
    run.check(len(made) == 1, "one account for the e-mail", got, second, "SIGNUP-TOGETHER-50")
    for exchange in (first, second):
        if not exchange.is_success:
            refused(run, exchange, TAKEN, "an e-mail that was taken at the same moment", "SIGNUP-TOGETHER-50")


@then("the two new users have sessions of their own")
def own_sign_up_sessions(story: Story) -> None:
    """An organization of the one is closed to the other."""
    run, (first, second, other) = story.run, story.exchanges
    made = [exchange for exchange in (first, second) if exchange.is_success]
    tokens = [session_token(run.need_success(other)), *(session_token(exchange) for exchange in made[:1])]
    need(len(tokens) == 2 and all(tokens), "sign-up opens no session, which is lawful", Why.CAPABILITY)
    one, another = (
        Merchant(f"user {exchange.request_json['email']}", exchange.request_json["email"], "", token=token)
        for exchange, token in zip((other, made[0]), tokens, strict=True)
    )
    body = operations.create_organization.body(run)
    created = organization_id(run.need_success(send(run, operations.CREATE_ORGANIZATION, body, one)))
    tried = make_active(run, another, created)
    refused(run, tried, (403, 400, 404), "the organization of who signed up at the same moment", "SIGNUP-TOGETHER-51")


@when("both merchants create an organization with one slug and one of their own at the same moment")
def organizations_with_one_slug(story: Story) -> None:
    run = story.run
    first, second = story.merchants.spare(story.actor), story.merchants.intruder
    bodies = [operations.create_organization.body(run) for _ in range(4)]
    bodies[1]["slug"] = bodies[0]["slug"]
    senders = (first, second, first, second)
    calls = [
        call(run, operations.CREATE_ORGANIZATION, body, sender, intent=Intent.VALID if number > 1 else "any")
        for number, (body, sender) in enumerate(zip(bodies, senders, strict=True))
    ]
    story.exchanges += run.send_together(calls)
    story.notes["owners"] = (first, second)


@then("one organization has the slug")
def one_slug(story: Story) -> None:
    run, (first, second, *_) = story.run, story.exchanges
    for exchange in (first, second):
        if run.why_unavailable(exchange):
            raise run.why_not(exchange)
    made = [exchange for exchange in (first, second) if exchange.is_success]
    got = f"{len(made)} organizations: {first.status} and {second.status}"
    run.check(len(made) == 1, "one organization with the slug", got, second, "ORG-TOGETHER-50")
    for exchange in (first, second):
        if not exchange.is_success:
            refused(run, exchange, TAKEN, "a slug that was taken at the same moment", "ORG-TOGETHER-50")


@then("each merchant can make the organization of her own active")
def own_organizations(story: Story) -> None:
    """She who got the slug has two organizations of that moment, and both are hers."""
    for exchange in story.exchanges[2:]:
        story.run.need_success(exchange)
    for owner, exchange in zip(2 * story.notes["owners"], story.exchanges, strict=True):
        if not exchange.is_success:
            continue
        activated = make_active(story.run, owner, organization_id(exchange))
        story.run.check(
            activated.is_success, "the organization is its creator's", activated.outcome, activated, "ORG-TOGETHER-51"
        )


@when("the two users sign in at the same moment, one of them twice, and somebody with a wrong password")
def sign_in_together(story: Story) -> None:
    story.notes["users"] = users = (story.actor, story.rival, story.actor)
    wrong = f"{made_up.PASSWORD}-{story.run.unique()}"
    story.run.masker.add(wrong)
    body = operations.sign_in.body(story.actor.email, wrong)
    calls = [*(_sign_in(story, user) for user in users), call(story.run, operations.SIGN_IN, body)]
    if not story.run.limited(operations.SIGN_UP):
        newcomer = operations.sign_up.body(story.run)
        story.run.masker.add(newcomer["password"])
        calls.append(call(story.run, operations.SIGN_UP, newcomer, intent=Intent.VALID))
    *story.exchanges, story.notes["wrong"] = story.run.send_together(calls)[: len(users) + 1]


@then("the wrong password opens nothing")
def wrong_opens_nothing(story: Story) -> None:
    exchange, must = story.notes["wrong"], "SIGNIN-TOGETHER-51"
    opens_nothing(story.run, exchange, "a wrong password at the moment of the right one", must)


@then("each session is the user's own")
def own_sessions(story: Story) -> None:
    """The organization of a user is open in a session of that user alone."""
    run, must = story.run, "SIGNIN-TOGETHER-50"
    for user, exchange in zip(story.notes["users"], story.exchanges, strict=True):
        token = session_token(run.need_success(exchange))
        need(bool(token), "sign-in hands out no token")
        got = first_field(exchange.response_json, ["user.id"])
        same = not user.user_id or got in (user.user_id, MISSING)
        run.check(same, f"user.id {user.user_id}", f"user.id {got}", exchange, must)
        opened = make_active(run, replace(user, token=token), user.organization_id)
        run.check(opened.is_success, "a session of the user", opened.outcome, opened, must)


@when("both merchants make their organizations active at the same moment")
def activate_together(story: Story) -> None:
    """In their spare sessions, where organizations that were created since are active.

    Where a user may have several, the first merchant makes another one active in the session beside it.
    """
    sessions = [story.merchants.intruder, story.actor]
    with suppress(NotTested):
        second_organization(story)
        sessions.append(second_scope(story))
    story.notes["sessions"] = sessions
    calls = [
        call(
            story.run, operations.SET_ACTIVE, operations.set_active.body(one.organization_id), one, intent=Intent.VALID
        )
        for one in sessions
    ]
    for exchange in story.run.send_together(calls):
        story.run.need_success(exchange)


@when("both merchants create customers without naming an organization at the same moment")
def default_customers_together(story: Story) -> None:
    calls = [
        call(story.run, operations.CREATE_CUSTOMER, operations.create_customer.body(story.run, None), one)
        for one in story.notes["sessions"]
    ]
    story.exchanges += story.run.send_together(calls)


@then("each customer belongs to the organization of the merchant")
def customers_of_their_own(story: Story) -> None:
    run = story.run
    refused = all(run.has_status(exchange, HTTPStatus.BAD_REQUEST) for exchange in story.exchanges)
    need(not refused, "the target wants a customer's merchant to be named", Why.POLICY)
    for one, exchange in zip(story.notes["sessions"], story.exchanges, strict=True):
        got = first_field(exchange.response_json, ["merchantId"])
        held = exchange.is_success and got in (one.organization_id, MISSING)
        own = [other.organization_id for other in story.notes["sessions"] if other.key == one.key]
        mixed = not held and got in own
        told = f"{exchange.outcome}, {got}"
        if len(own) > 1:
            run.check(not mixed, f"merchantId {one.organization_id}", told, exchange, "ACTIVE-TOGETHER-51")
        for requirement in () if mixed else ("ACTIVE-TOGETHER-50", "CUSTOMER-TOGETHER-50"):
            run.check(held, f"merchantId {one.organization_id}", told, exchange, requirement)


@when("both merchants create four customers, and three who are refused, at the same moment")
def customers_together(story: Story) -> None:
    """Those who are refused arrive among the others, and last; then two of one e-mail, of whom one may be refused.

    Most of those have a name of another type, one a token of nobody's: the response to one is not that to another.
    """
    run, own, other = story.run, story.actor, story.rival
    wrong, stranger = {"name": {"first": "Thabo"}}, replace(own, token=f"nobody-{run.unique()}")
    planned: list[tuple[Merchant, dict[str, Any]]] = [
        (own, {}),
        (own, wrong),
        (other, {}),
        (own, {}),
        (other, {}),
        (stranger, wrong),
        (other, wrong),
    ]
    calls = []
    for who, changes in planned:
        body = {**operations.create_customer.body(run, who.organization_id), **changes}
        calls.append(call(run, operations.CREATE_CUSTOMER, body, who, intent=Intent.ANY if changes else "valid"))
    alike = [operations.create_customer.body(run, own.organization_id) for _ in range(2)]
    alike[1]["email"] = alike[0]["email"]
    calls += [call(run, operations.CREATE_CUSTOMER, body, own) for body in alike]
    story.notes["planned"] = planned
    story.exchanges += run.send_together(calls)[: len(planned)]


@then("all but the refused ones are created")
def all_created(story: Story) -> None:
    run, must = story.run, "CUSTOMER-TOGETHER-51"
    story.notes["created"] = created = []
    for (who, changes), exchange in zip(story.notes["planned"], story.exchanges, strict=True):
        if not changes:
            run.check(exchange.is_success, "a customer beside the others", exchange.outcome, exchange, must)
        if not changes and exchange.is_success:
            created.append((who, text_field(exchange, "id")))


@then("checkout sessions for them, and with new customers, are created at the same moment")
def sessions_together(story: Story) -> None:
    """The passive checks compare each session with its request, and the ids of all; here no customer may be lost.

    The first customer gets two sessions. The last two new customers have one e-mail, for which either may be refused.
    """
    run, bodies = story.run, []
    for one, customer in story.notes["created"]:
        body = operations.create_checkout.body(run, one.organization_id)
        bodies.append((one, {**body, "customerId": customer}))
    bodies += [
        (one, {**operations.create_checkout.body(run, one.organization_id), "customerId": body["customerId"]})
        for one, body in bodies[:1]
    ]
    for one in (story.actor, story.rival, story.actor):
        body = operations.create_checkout.body(run, one.organization_id)
        bodies.append((one, {**body, "customer": operations.create_customer.person(run)}))
    calls = [call(run, operations.CREATE_CHECKOUT, body, one, intent=Intent.VALID) for one, body in bodies[:-1]]
    calls.append(call(run, operations.CREATE_CHECKOUT, bodies[-1][1], bodies[-1][0]))
    last = operations.create_checkout.body(run, story.actor.organization_id)
    email = bodies[-1][1]["customer"]["email"]
    last["customer"] = {**operations.create_customer.person(run), "email": email}
    calls.append(call(run, operations.CREATE_CHECKOUT, last, story.actor))
    for exchange, (_, body) in zip(run.send_together(calls), bodies, strict=False):
        if "customerId" in body:
            told = "the customer who was created with others is known"
            run.check(exchange.is_success, told, exchange.outcome, exchange, "CUSTOMER-TOGETHER-51")
