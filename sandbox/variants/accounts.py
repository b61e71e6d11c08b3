"""Accounts and tokens: where a token is told, what a taken e-mail is answered, when sign-up is closed."""

from __future__ import annotations

import time
from dataclasses import replace

from sandbox import policies, presentation
from sandbox.behaviour import Behaviour, Call, Finish
from sandbox.changes import admitting, arriving, both, with_seams
from sandbox.model import SET_ACTIVE, SIGN_IN, SIGN_UP, Headers, Reply, text
from sandbox.store import Session, User
from sandbox.variants.builders import entities, refusing, succeeding
from sandbox.variants.model import Variant

ACCOUNTS = (("first@merchant.example", "sandbox-password-1"), ("second@merchant.example", "sandbox-password-2"))


def _header_alone(_: Call, reply: Reply) -> Reply:
    return replace(reply, body={name: value for name, value in reply.body.items() if name != "token"})


def _body_alone(_: Call, reply: Reply) -> Reply:
    """The body carries what the header would have carried."""
    told = dict(reply.headers).get("set-auth-token")
    headers = tuple(pair for pair in reply.headers if pair[0] != "set-auth-token")
    return replace(reply, headers=headers, body={**reply.body, "token": told} if told else reply.body)


def _two_sessions(call: Call, session: Session) -> Headers:
    """The header's token opens another session of the same user than the body's; set-active repeats its own."""
    if call.operation == SET_ACTIVE:
        return policies.token_header(call, session)
    user = call.store.user(session.user_id)
    return policies.token_header(call, policies.open_session(call, user)) if user else ()


def _no_session(null: bool) -> Finish:
    """Sign-up opens no session."""

    def finish(_: Call, reply: Reply) -> Reply:
        content = {name: value for name, value in reply.body.items() if name != "token"}
        headers = tuple(pair for pair in reply.headers if pair[0] != "set-auth-token")
        return replace(reply, headers=headers, body={**content, "token": None} if null else content)

    return finish


def _signed_alone(behaviour: Behaviour) -> Behaviour:
    def find(call: Call) -> Session | None:
        return behaviour.find_session(call) if "." in (policies.bearer(call) or "") else None

    return replace(behaviour, find_session=find)


def _invented(call: Call) -> Reply:
    """B hides that an e-mail is taken: an invented user, no token."""
    email = text(call.fields.get("email")).lower()
    user = User(call.behaviour.new_id(call, "user"), text(call.fields.get("name")), email, email, "", None, time.time())
    return Reply(200, {"token": None, "user": presentation.user(call, user)})


def _captcha(call: Call) -> Reply | None:
    if call.operation != SIGN_UP or call.headers.get("x-captcha-response"):
        return None
    return Reply(400, {"code": "MISSING_RESPONSE", "message": "Missing CAPTCHA response"})


def _small_letters(call: Call) -> None:
    email = text(call.fields.get("email"))
    if email != email.lower():
        call.refuse("invalid")


def _own_name_alone(call: Call) -> None:
    if call.store.execute("SELECT 1 FROM user WHERE name = ?", (text(call.fields.get("name")),)):
        call.refuse("email-taken")


VARIANTS: tuple[Variant, ...] = (
    Variant("user-names-unique", "two users have no name in common", admitting(SIGN_UP, _own_name_alone)),
    Variant(
        "signup-small-letters-alone", "an e-mail with capitals signs nobody up", admitting(SIGN_UP, _small_letters)
    ),
    Variant("signatures-demanded", "only signed tokens open a session", _signed_alone),
    Variant(
        "tokens-of-two-sessions", "header and body carry tokens of two sessions", with_seams(token_header=_two_sessions)
    ),
    Variant(
        "token-in-header-alone",
        "sign-up and sign-in give the token in the header alone",
        succeeding({SIGN_UP, SIGN_IN}, _header_alone),
    ),
    Variant(
        "token-in-body-alone",
        "sign-up and sign-in give the token in the body alone",
        succeeding({SIGN_UP, SIGN_IN}, _body_alone),
    ),
    Variant(
        "signup-token-null",
        "sign-up opens no session: the token is null",
        succeeding({SIGN_UP}, _no_session(null=True)),
    ),
    Variant(
        "signup-token-absent",
        "sign-up opens no session: the token is absent",
        succeeding({SIGN_UP}, _no_session(null=False)),
    ),
    Variant(
        "email-kept", "user.email comes back in the letter case of sign-up", with_seams(email_stored=policies.as_given)
    ),
    Variant("taken-email-400", "a taken e-mail is 400", refusing(("email-taken",), 400)),
    Variant("taken-email-409", "a taken e-mail is 409", refusing(("email-taken",), 409)),
    Variant(
        "taken-email-hidden",
        "a taken e-mail is 200 with an invented user; sign-up opens no session",
        both(with_seams(taken_email=_invented), succeeding({SIGN_UP}, _no_session(null=True))),
    ),
    Variant(
        "captcha",
        "sign-up wants a captcha: 400 MISSING_RESPONSE",
        lambda behaviour: replace(arriving(_captcha)(behaviour), accounts=ACCOUNTS),
        "sign-up; two accounts are there: " + ", ".join("/".join(pair) for pair in ACCOUNTS),
    ),
    Variant(
        "emails-verified-at-once",
        "every e-mail is verified by the time of the first sign-in",
        entities({SIGN_IN}, lambda _, user: user.update(emailVerified=True)),
    ),
    Variant(
        "merchants-are-administrators",
        "every user is an administrator of her own account",
        entities({SIGN_UP, SIGN_IN}, lambda _, user: user.update(role="admin")),
    ),
    Variant(
        "verification-demanded",
        "the e-mail must be verified before sign-in: sign-up gives token null, sign-in 403",
        with_seams(verification_demanded=True, accounts=ACCOUNTS, taken_email=_invented),
        "sign-in of new accounts; two verified ones are there: " + ", ".join("/".join(pair) for pair in ACCOUNTS),
    ),
    Variant(
        "verified-soon",
        "the e-mail must be verified before sign-in, and is 0.4 s after sign-up, as where a mailbox is read",
        with_seams(verification_demanded=True, verified_after=0.4),
    ),
)
