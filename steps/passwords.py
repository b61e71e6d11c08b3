"""What a password is compared with: exactly what was set, and nothing like it."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from itertools import islice
from typing import Any, Final

from pytest_bdd import parsers, then, when

from conformance.run import Run
from conformance.values import first_field
from conformance.wire.client import USER_AGENT
from conformance.wire.exchange import Intent
from steps import made_up, operations
from steps.access import opens_nothing
from steps.accounts import send_sign_up, sign_in, signs_in
from steps.fixtures import Story, need, saved_for
from steps.lookalikes import SQL, WILDCARD
from steps.merchant import Merchant
from steps.merchants import organization_id, send, session_token
from steps.organizations import make_active, takes_default

_AT_A_TIME: Final = 2
"""Wrong passwords between two right ones: three may lock an account."""
_DECOMPOSED: Final = "Cafe\u0301"
"""With an accent that is a character of its own."""


def like_an_injection(right: str, token: str) -> dict[str, Any]:
    """Return what a careless query or comparison takes for a password, by what it is in words."""
    return {
        "a token of the account": token,
        "SQL": SQL,
        "a wildcard": WILDCARD,
        "a wildcard for each character": "_" * len(right),
        "an operator": {"$ne": ""},
        "a list that holds the password": [right],
    }


def like_the_right_one(right: str) -> dict[str, Any]:
    """Return texts that are nearly a password, by what they are in words."""
    return {
        "the characters in another order": right[::-1],
        "the characters in another order once more": right[::-1],
        "a line break after the password": f"{right}\n",
        "an invisible character in the password": f"{right[:4]}\u200b{right[4:]}",
        "a NUL and more after the password": f"{right}\0x",
        "a colon and more after the password": f"{right}:x",
        "markup in the password": f"{right[:4]}<b>{right[4:]}",
        "a backslash in the password": f"{right[:4]}\\{right[4:]}",
        "the SHA-256 of the password": hashlib.sha256(right.encode()).hexdigest(),
    }


def new_password(run: Run, value: str) -> tuple[str, dict[str, Any]]:
    """Return a new password of some sort, and what must not open its account, by what it is in words."""
    match value:
        case "a long password":
            right = made_up.long_password(run)
            return right, {"the same beginning of 100 characters": f"{right[:100]}{'~' * (len(right) - 100)}"}
        case "a short password like a number":
            digits = str(run.random(f"password {run.unique()}").randrange(10_000, 99_999))
            return f"{digits}E+7", {
                "the same with a blank for the plus": f"{digits}E 7",
                "the same number in other characters": f"{digits}0E6",
            }
        case "a password of many scripts":
            right = f' Pässwörd  😀 & "<3" {run.unique()} %41 {_DECOMPOSED} Ελλάδα Здравствуйте мир '
            return right, {
                "the same in its first 72 octets alone": f"{right[:-4]}тут ",
                "the same without accents": _without_accents(right),
                "the same with single blanks": right.replace("  ", " "),
                "the same with another emoji": right.replace("😀", "🚀"),
            }
    raise LookupError(f"no password is known as {value!r}")


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _batches(wrong: Mapping[str, Any]) -> Iterator[list[tuple[str, Any]]]:
    items = iter(wrong.items())
    while batch := list(islice(items, _AT_A_TIME)):
        yield batch


def try_passwords(story: Story, account: Merchant, wrong: Mapping[str, Any], requirement: str) -> None:
    """Sign in with wrong passwords, and with the right one after every two: check that none of the wrong ones opens.

    Where sign-ins are limited, the last of them alone is tried.
    """
    if story.run.limited(operations.SIGN_IN):
        wrong = dict(list(wrong.items())[-1:])
    story.run.record.plan(requirement, len(wrong))
    for batch in _batches(wrong):
        for what, password in batch:
            opens_nothing(story.run, sign_in(story, account.email, password), what, requirement)
        story.add(signs_in(story, account))


@when("somebody signs in with what only looks like a password")
def signs_in_with_injections(story: Story) -> None:
    saved_for(story, operations.SIGN_IN)
    try_passwords(
        story, story.actor, like_an_injection(story.actor.password, story.actor.token), story.run.record.requirements[0]
    )


@when("somebody signs in with what is nearly the password")
def signs_in_with_lookalikes(story: Story) -> None:
    saved_for(story, operations.SIGN_IN)
    try_passwords(story, story.actor, like_the_right_one(story.actor.password), story.run.record.requirements[0])


@when("somebody signs in with the password and what is nearly the e-mail")
def signs_in_with_other_emails(story: Story) -> None:
    saved_for(story, operations.SIGN_IN)
    name, _, domain = story.actor.email.partition("@")
    emails = {
        "a wildcard in the e-mail": f"{name.replace('.', '_')}@{domain}",
        "a plus tag in the e-mail": f"{name}+tag@{domain}",
        "the e-mail without its dot": f"{name.replace('.', '')}@{domain}",
        "a list that holds the e-mail": [story.actor.email],
    }
    story.run.record.plan(story.run.recorder.active_requirement(), len(emails))
    for what, email in emails.items():
        if email != story.actor.email:
            opens_nothing(story.run, sign_in(story, email, story.actor.password), what)


@when(parsers.re(r"somebody signs up with (?P<value>a .*password.*), and says how long to stay"))
def signs_up_with_password(story: Story, value: str) -> None:
    saved_for(story, operations.SIGN_UP)
    right, story.notes["wrong"] = new_password(story.run, value)
    body = {**operations.sign_up.body(story.run), "password": right, "rememberMe": value == "a long password"}
    name, _, domain = body["email"].partition("@")
    if value == "a password of many scripts":
        body["email"] = f"{name.capitalize()}@{domain}"
    if value == "a long password":
        body |= {"email": f"{name}+shop@{domain}", "callbackURL": "/welcome"}
    exchange = story.run.need_success(send_sign_up(story.run, body, intent=Intent.UNUSUAL, value=value))
    found = first_field(exchange.response_json, ["user.id"])
    account = Merchant(f"account {body['email']}", body["email"], right, user_id=str(found))
    if token := session_token(exchange):
        _create_organization(story, replace(account, token=token))
    story.merchant = account


def _create_organization(story: Story, account: Merchant) -> None:
    """Create an organization in a session of the account, and keep it for later."""
    body = operations.create_organization.body(story.run)
    created = send(story.run, operations.CREATE_ORGANIZATION, body, account)
    held, requirement = not story.run.has_status(created, HTTPStatus.UNAUTHORIZED), story.run.record.requirements[1]
    story.run.check(held, "the token opens a session", created.outcome, created, requirement)
    story.notes["organization"] = organization_id(story.run.need_success(created))


@then("nothing but that password opens the account")
def only_that_password(story: Story) -> None:
    try_passwords(story, story.actor, story.notes["wrong"], story.run.record.requirements[0])


@then("the sessions of the account work like any other")
def sessions_work(story: Story) -> None:
    """The session of the sign-up creates an organization, where there is one; that of the sign-in makes it active."""
    run, account, requirement = story.run, story.actor, story.run.record.requirements[1]
    signed_in = session_token(story.last)
    need(bool(signed_in), "sign-in hands out no token")
    if "organization" not in story.notes:
        _create_organization(story, replace(account, token=signed_in))
    organization = story.notes["organization"]
    forms = {"the sign-in's token": signed_in, "the other form of it": first_field(story.last.response_json, ["token"])}
    for what, token in forms.items():
        if what == "the sign-in's token" or (isinstance(token, str) and token not in (signed_in, "")):
            exchange = make_active(run, account, organization, token=token, intent=Intent.VALID)
            may_be_closed = what != "the sign-in's token" and run.has_status(exchange, HTTPStatus.UNAUTHORIZED)
            held = exchange.is_success or may_be_closed
            run.check(held, f"{what} opens the session of the same user", exchange.outcome, exchange, requirement)


@when(parsers.parse("the account signs in {how}"))
def account_signs_in(story: Story, how: str) -> None:
    saved_for(story, operations.SIGN_IN)
    account = story.actor
    email = account.email.upper() if how == "with the e-mail in capitals" else account.email
    body = operations.sign_in.body(email, account.password)
    body |= {"rememberMe": how != "to stay for a day", "callbackURL": "/welcome"}
    browser = {
        "User-Agent": f"{USER_AGENT} {' '.join(['Mozilla/5.0 (in an app)'] * 12)}",
        "X-Forwarded-For": "203.0.113.9:4711",
    }
    exchange = send(
        story.run,
        operations.SIGN_IN,
        body,
        intent=Intent.UNUSUAL,
        value=f"a sign-in {how}",
        actor=account.key,
        headers=browser,
    )
    story.merchants.need_no_lock(exchange)
    story.add(story.run.need_success(exchange))


@then("its session works like any other")
def session_works_like_any_other(story: Story) -> None:
    """The organization that it makes active is that of its next customer, where the target has such a default."""
    run, token = story.run, session_token(story.last)
    need(bool(token), "sign-in hands out no token")
    organization = story.actor.organization_id
    owner = None if takes_default(run, story.actor) else organization
    bodies = {
        operations.SET_ACTIVE: operations.set_active.body(organization),
        operations.CREATE_CUSTOMER: operations.create_customer.body(run, owner),
        operations.CREATE_CHECKOUT: operations.create_checkout.body(run, organization),
    }
    for operation, body in bodies.items():
        exchange = send(run, operation, body, story.actor, token=token)
        run.check(exchange.is_success, "the session works", exchange.outcome, exchange)
