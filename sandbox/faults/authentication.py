"""Who is let in: tokens, sessions and passwords."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from sandbox import identity, policies, presentation
from sandbox.behaviour import Behaviour
from sandbox.faults.builders import (
    both,
    drop,
    editing_top,
    put,
    somebody,
    succeeding,
    with_seams,
    without_header,
)
from sandbox.faults.headers import TOKEN
from sandbox.faults.model import ANY, MUST, SHOULD, Change, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Call,
    Reply,
    text,
)
from sandbox.store import Session, User

NO_PASSWORD = "00:00"


def _no_header(call: Call) -> bool:
    return "authorization" not in call.headers


def _some_token(call: Call) -> bool:
    return policies.bearer(call) is not None


def _empty_bearer(call: Call) -> bool:
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


def _basic(call: Call) -> str | None:
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return identity.unsigned(token.strip(), call.store.secret) if scheme.lower() in ("basic", "token") else None


def _beginning(call: Call) -> str | None:
    token = _unverified(call) or ""
    rows = call.store.execute("SELECT token FROM session WHERE substr(token, 1, ?) = ?", (len(token), token))
    return rows[0][0] if rows and len(token) >= 8 else None


def _any_case(call: Call) -> str | None:
    rows = call.store.execute("SELECT token FROM session WHERE lower(token) = ?", ((_unverified(call) or "").lower(),))
    return rows[0][0] if rows else None


def _capital_bearer_alone(call: Call) -> Session | None:
    header = call.headers.get("authorization", "")
    return policies.find_session(call) if header.startswith("Bearer ") else None


def _opening(act: Callable[[Call, User], None]) -> Change:
    """Do something else when a session is opened."""

    def open_session(call: Call, user: User) -> Session:
        act(call, user)
        return policies.open_session(call, user)

    return with_seams(open_session=open_session)


def _forget_older(call: Call, user: User) -> None:
    call.store.execute("DELETE FROM session WHERE user_id = ?", (user.id,))


def _same_session(call: Call, user: User) -> Session:
    rows = call.store.execute("SELECT * FROM session WHERE user_id = ? LIMIT 1", (user.id,))
    return Session(*rows[0]) if rows and call.operation == SIGN_IN else policies.open_session(call, user)


def _lasting(seconds: float) -> Callable[[Call, User], Session]:
    def open_session(call: Call, user: User) -> Session:
        session = policies.open_session(call, user)
        call.store.execute("UPDATE session SET expires = ? WHERE token = ?", (time.time() + seconds, session.token))
        return session

    return open_session


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


def _used_up(times: int) -> Change:
    """A token works so many times."""

    def find(call: Call) -> Session | None:
        session = policies.find_session(call)
        if session is None:
            return None
        used = call.memory.setdefault("uses of tokens", {})
        used[session.token] = used.get(session.token, 0) + 1
        return session if used[session.token] <= times else None

    return with_seams(find_session=find)


def _works_for_nothing_but(operation: str) -> Change:
    def find(call: Call) -> Session | None:
        return policies.find_session(call) if call.operation != operation else None

    return with_seams(find_session=find)


def _admit(act: Callable[[Call], Reply | None]) -> Change:
    return lambda behaviour: replace(behaviour, admit=(*behaviour.admit, act))


def _let_anybody_in(call: Call) -> Reply | None:
    """An unknown e-mail at sign-in makes an account of it."""
    lookup = text(call.fields.get("email")).lower()
    if call.operation != SIGN_IN or call.store.user_by_lookup(lookup) is not None:
        return None
    user = User(identity.random_text(32), "", lookup, lookup, NO_PASSWORD, None, time.time())
    call.store.add_user(user)
    return _signed_in(call, user)


def _master_password(call: Call) -> Reply | None:
    """The password of whoever signed up last opens every account."""
    given = text(call.fields.get("password"))
    if call.operation == SIGN_UP:
        call.memory["last password"] = given
    user = call.store.user_by_lookup(text(call.fields.get("email")).lower())
    if call.operation != SIGN_IN or user is None or call.memory.get("last password") != given:
        return None
    return _signed_in(call, user)


def _signed_in(call: Call, user: User) -> Reply:
    session = call.behaviour.open_session(call, user)
    shown = {"redirect": False, "token": session.token, "user": presentation.user(call, user)}
    return Reply(200, shown, call.behaviour.token_header(call, session))


def _as_at_sign_up(call: Call) -> Reply | None:
    user = call.store.user_by_lookup(text(call.fields.get("email")).lower())
    if call.operation == SIGN_IN and user is not None and user.email != text(call.fields.get("email")):
        call.refuse("unknown-email")
    return None


def _long_is_wrong(call: Call) -> Reply | None:
    if call.operation == SIGN_IN and len(text(call.fields.get("password"))) > 64:
        call.refuse("wrong-password")
    return None


def _key(change: Callable[[str], str]) -> Change:
    return with_seams(password_key=lambda password: change(identity.password_key(password)))


FAULTS = table(
    "authentication",
    (
        "organization-without-token",
        CREATE_ORGANIZATION,
        MUST,
        "no token is needed",
        somebody(CREATE_ORGANIZATION, _no_header),
    ),
    ("set-active-without-token", SET_ACTIVE, MUST, "no token is needed", somebody(SET_ACTIVE, _no_header)),
    ("customer-without-token", CREATE_CUSTOMER, MUST, "no token is needed", somebody(CREATE_CUSTOMER, _no_header)),
    ("checkout-without-token", CREATE_CHECKOUT, MUST, "no token is needed", somebody(CREATE_CHECKOUT, _no_header)),
    (
        "organization-any-token",
        CREATE_ORGANIZATION,
        MUST,
        "any token will do",
        somebody(CREATE_ORGANIZATION, _some_token),
    ),
    ("set-active-any-token", SET_ACTIVE, MUST, "any token will do", somebody(SET_ACTIVE, _some_token)),
    ("customer-any-token", CREATE_CUSTOMER, MUST, "any token will do", somebody(CREATE_CUSTOMER, _some_token)),
    ("checkout-any-token", CREATE_CHECKOUT, MUST, "any token will do", somebody(CREATE_CHECKOUT, _some_token)),
    (
        "customer-empty-bearer",
        CREATE_CUSTOMER,
        MUST,
        "the word Bearer alone will do",
        somebody(CREATE_CUSTOMER, _empty_bearer),
    ),
    (
        "organization-empty-bearer",
        CREATE_ORGANIZATION,
        MUST,
        "the word Bearer alone will do",
        somebody(CREATE_ORGANIZATION, _empty_bearer),
    ),
    (
        "token-signature-not-verified",
        ANY,
        MUST,
        "TOKEN.SIGNATURE is taken whatever the signature",
        _finding(_unverified),
    ),
    ("token-beginning-is-enough", ANY, MUST, "a token cut after 8 characters or more is taken", _finding(_beginning)),
    ("token-in-any-case", ANY, MUST, "a token in another letter case is taken", _finding(_any_case)),
    ("token-under-another-scheme", ANY, MUST, "a token under Basic or Token is taken", _finding(_basic)),
    (
        "bearer-in-one-case",
        ANY,
        SHOULD,
        "the word bearer in lower case is not known",
        with_seams(find_session=_capital_bearer_alone),
    ),
    (
        "signin-without-any-token",
        SIGN_IN,
        MUST,
        "sign-in gives a token neither in the header nor in the body",
        both(succeeding(SIGN_IN, without_header(TOKEN)), editing_top(SIGN_IN, drop("token"))),
    ),
    (
        "signin-token-null-and-no-header",
        SIGN_IN,
        MUST,
        "the token in the body is null and there is none in the header",
        both(succeeding(SIGN_IN, without_header(TOKEN)), editing_top(SIGN_IN, put("token", None))),
    ),
    (
        "signin-token-dead",
        SIGN_IN,
        MUST,
        "the session of a sign-in is not kept",
        with_seams(open_session=_not_kept(SIGN_IN)),
    ),
    (
        "signup-token-dead",
        SIGN_UP,
        SHOULD,
        "the session of a sign-up is not kept",
        with_seams(open_session=_not_kept(SIGN_UP)),
    ),
    ("signin-same-token", SIGN_IN, MUST, "two sign-ins give the same token", with_seams(open_session=_same_session)),
    ("signin-ends-older-sessions", SIGN_IN, MUST, "a sign-in ends the user's older sessions", _opening(_forget_older)),
    (
        "signin-third-session-dead",
        SIGN_IN,
        MUST,
        "from a user's third session on, new tokens open nothing",
        with_seams(open_session=_second_dead),
    ),
    (
        "session-expires-at-once",
        SIGN_IN,
        MUST,
        "sessions are over when they begin",
        with_seams(open_session=_lasting(-1.0)),
    ),
    ("session-works-once", ANY, MUST, "a token works one time", _used_up(1)),
    ("session-works-five-times", ANY, MUST, "a token works five times", _used_up(5)),
    (
        "token-not-known-to-customers",
        CREATE_CUSTOMER,
        MUST,
        "no token opens create customer",
        _works_for_nothing_but(CREATE_CUSTOMER),
    ),
    ("signin-any-password", SIGN_IN, MUST, "any password is right", with_seams(password_checked=False)),
    ("signin-password-in-any-case", SIGN_IN, MUST, "a password in another letter case is right", _key(str.lower)),
    (
        "signin-password-cut-at-8",
        SIGN_IN,
        MUST,
        "the first eight characters of a password count",
        _key(lambda key: key[:8]),
    ),
    (
        "signin-password-cut-at-72-bytes",
        SIGN_IN,
        MUST,
        "the first 72 bytes of a password count",
        _key(lambda key: key.encode()[:72].decode("utf-8", "replace")),
    ),
    ("signin-password-trimmed", SIGN_IN, MUST, "white space around a password does not count", _key(str.strip)),
    (
        "signin-password-without-unicode",
        SIGN_IN,
        MUST,
        "letters outside ASCII do not count in a password",
        _key(lambda key: key.encode("ascii", "replace").decode()),
    ),
    (
        "signin-password-of-newest-user",
        SIGN_IN,
        MUST,
        "the password of the last who signed up opens every account",
        _admit(_master_password),
    ),
    (
        "signin-long-password-refused",
        SIGN_IN,
        MUST,
        "a right password longer than 64 characters is refused",
        _admit(_long_is_wrong),
    ),
    (
        "signin-unknown-email-let-in",
        SIGN_IN,
        MUST,
        "an unknown e-mail gets an account and a session",
        _admit(_let_anybody_in),
    ),
    (
        "signin-email-case-matters",
        SIGN_IN,
        SHOULD,
        "the e-mail in another letter case than at sign-up is unknown",
        both(with_seams(email_stored=policies.as_given), _admit(_as_at_sign_up)),
    ),
)
