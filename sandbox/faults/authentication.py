"""Who is let in: tokens, sessions and passwords."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sandbox import identity, policies, presentation
from sandbox.behaviour import Behaviour, Call, Change
from sandbox.changes import both, drop, with_seams
from sandbox.faults.builders import editing_top, somebody, succeeding, without_header
from sandbox.faults.headers import TOKEN
from sandbox.faults.model import ANY, MUST, SHOULD, Fault, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Reply,
    text,
)
from sandbox.store import Session, User


def _no_header(call: Call) -> bool:
    return "authorization" not in call.headers


def _some_token(call: Call) -> bool:
    return policies.bearer(call) is not None


def empty_bearer(call: Call) -> bool:
    return call.headers.get("authorization", "").strip().lower() == "bearer"


def _finding(find: Callable[[Call], str | None]) -> Change:
    """Take also the token that ``find`` makes of the header for the bare one."""

    def change(behaviour: Behaviour) -> Behaviour:
        def search(call: Call) -> Session | None:
            return behaviour.find_session(call) or policies.living_session(call, find(call))

        return replace(behaviour, find_session=search)

    return change


def _unverified(call: Call) -> str | None:
    return (policies.bearer(call) or "").partition(".")[0] or None


def _any_case(call: Call) -> str | None:
    rows = call.store.execute("SELECT token FROM session WHERE lower(token) = ?", ((_unverified(call) or "").lower(),))
    return rows[0][0] if rows else None


def _capital_bearer_alone(call: Call) -> Session | None:
    header = call.headers.get("authorization", "")
    return policies.find_session(call) if header.startswith("Bearer ") else None


def _not_kept(which: str) -> Callable[[Call, User], Session]:
    """A session that one operation opens is not kept."""

    def open_session(call: Call, user: User) -> Session:
        session = policies.open_session(call, user)
        if call.operation == which:
            call.store.execute("DELETE FROM session WHERE token = ?", (session.token,))
        return session

    return open_session


def _second_dead(call: Call, user: User) -> Session:
    mine = call.store.execute("SELECT count(*) FROM session WHERE user_id = ?", (user.id,))[0][0]
    session = policies.open_session(call, user)
    if mine >= 2:
        call.store.execute("DELETE FROM session WHERE token = ?", (session.token,))
    return session


def keyed_by(change: Callable[[str], str]) -> Change:
    return with_seams(password_key=lambda password: change(identity.password_key(password)))


def _opened_by_nothing(call: Call) -> Reply | None:
    user = call.store.user_by_lookup(text(call.fields.get("email")).lower()) if call.operation == SIGN_IN else None
    if user is None or call.fields.get("password") != "":
        return None
    session = call.behaviour.open_session(call, user)
    shown = {"redirect": False, "token": session.token, "user": presentation.user(call, user)}
    return Reply(200, shown, call.behaviour.token_header(call, session))


FAULTS = table(
    "authentication",
    Fault(
        "organization-without-token",
        CREATE_ORGANIZATION,
        MUST,
        "no token is needed",
        somebody(CREATE_ORGANIZATION, _no_header),
        requirements=("ORG-AUTH-1",),
    ),
    Fault(
        "set-active-without-token",
        SET_ACTIVE,
        MUST,
        "no token is needed",
        somebody(SET_ACTIVE, _no_header),
        requirements=("ACTIVE-AUTH-1",),
    ),
    Fault(
        "customer-without-token",
        CREATE_CUSTOMER,
        MUST,
        "no token is needed",
        somebody(CREATE_CUSTOMER, _no_header),
        requirements=("CUSTOMER-AUTH-1",),
    ),
    Fault(
        "checkout-without-token",
        CREATE_CHECKOUT,
        MUST,
        "no token is needed",
        somebody(CREATE_CHECKOUT, _no_header),
        requirements=("CHECKOUT-AUTH-1",),
    ),
    Fault(
        "organization-any-token",
        CREATE_ORGANIZATION,
        MUST,
        "any token will do",
        somebody(CREATE_ORGANIZATION, _some_token),
        requirements=("ORG-AUTH-2", "ORG-AUTH-3"),
    ),
    Fault(
        "set-active-any-token",
        SET_ACTIVE,
        MUST,
        "any token will do",
        somebody(SET_ACTIVE, _some_token),
        requirements=("ACTIVE-AUTH-2", "ACTIVE-AUTH-3"),
    ),
    Fault(
        "customer-any-token",
        CREATE_CUSTOMER,
        MUST,
        "any token will do",
        somebody(CREATE_CUSTOMER, _some_token),
        requirements=("CUSTOMER-AUTH-2", "CUSTOMER-AUTH-3"),
    ),
    Fault(
        "checkout-any-token",
        CREATE_CHECKOUT,
        MUST,
        "any token will do",
        somebody(CREATE_CHECKOUT, _some_token),
        requirements=("CHECKOUT-AUTH-2", "CHECKOUT-AUTH-3"),
    ),
    Fault(
        "customer-empty-bearer",
        CREATE_CUSTOMER,
        MUST,
        "the word Bearer alone will do",
        somebody(CREATE_CUSTOMER, empty_bearer),
        requirements=("CUSTOMER-AUTH-5",),
    ),
    Fault(
        "organization-empty-bearer",
        CREATE_ORGANIZATION,
        MUST,
        "the word Bearer alone will do",
        somebody(CREATE_ORGANIZATION, empty_bearer),
        requirements=("ORG-AUTH-5",),
    ),
    Fault(
        "token-signature-not-verified",
        ANY,
        MUST,
        "TOKEN.SIGNATURE is taken whatever the signature",
        _finding(_unverified),
        requirements=("ACTIVE-AUTH-3", "CUSTOMER-AUTH-3", "CHECKOUT-AUTH-3"),
    ),
    Fault(
        "token-in-any-case",
        ANY,
        MUST,
        "a token in another letter case is taken",
        _finding(_any_case),
        requirements=("ACTIVE-AUTH-3", "CUSTOMER-AUTH-3", "CHECKOUT-AUTH-3"),
    ),
    Fault(
        "bearer-in-one-case",
        ANY,
        SHOULD,
        "the word bearer in lower case is not known",
        with_seams(find_session=_capital_bearer_alone),
        requirements=("ORG-AUTH-6", "ACTIVE-AUTH-6", "CUSTOMER-AUTH-6", "CHECKOUT-AUTH-6"),
    ),
    Fault(
        "signin-without-any-token",
        SIGN_IN,
        MUST,
        "sign-in gives a token neither in the header nor in the body",
        both(succeeding(SIGN_IN, without_header(TOKEN)), editing_top(SIGN_IN, drop("token"))),
        requirements=("SIGNIN-TOKEN-1",),
    ),
    Fault(
        "signup-token-dead",
        SIGN_UP,
        MUST,
        "the session of a sign-up is not kept",
        with_seams(open_session=_not_kept(SIGN_UP)),
        requirements=("SIGNUP-TOKEN-1",),
    ),
    Fault(
        "signin-third-session-dead",
        SIGN_IN,
        MUST,
        "from a user's third session on, new tokens open nothing",
        with_seams(open_session=_second_dead),
        requirements=("SIGNIN-UNIQUE-2", "SIGNIN-STATE-1"),
    ),
    Fault(
        "signin-empty-password-opens",
        SIGN_IN,
        MUST,
        "an empty password signs in as anybody",
        lambda behaviour: replace(behaviour, admit=(*behaviour.admit, _opened_by_nothing)),
        requirements=("SIGNIN-AUTH-9",),
    ),
    Fault(
        "signin-password-trimmed",
        SIGN_IN,
        MUST,
        "white space around a password does not count",
        keyed_by(str.strip),
        requirements=("SIGNIN-AUTH-5",),
    ),
)
