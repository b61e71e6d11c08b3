"""Loose comparisons: of ids, e-mails and passwords."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace

from sandbox import policies, presentation, writing
from sandbox.behaviour import Behaviour, Call, Change
from sandbox.changes import arriving, with_seams
from sandbox.faults.authentication import keyed_by
from sandbox.faults.model import MUST, Fault, table
from sandbox.model import (
    AUTHENTICATION,
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Json,
    Reply,
    text,
)
from sandbox.reading import parsed
from sandbox.store import Session, User


def reading_id(operation: str, name: str, mend: Callable[[Call, Json], Json]) -> Change:
    """Read an id in a request as another one."""

    def arrive(call: Call) -> None:
        given = given_in(call) if call.operation == operation else {}
        if given.get(name) is not None:
            call.raw = writing.as_json({**given, name: mend(call, given[name])})

    return arriving(arrive)


def given_in(call: Call) -> dict[str, Json]:
    try:
        given = parsed(call.raw)
    except (ValueError, RecursionError):
        return {}
    return given if isinstance(given, dict) else {}


def _like(table_name: str) -> Callable[[Call, Json], Json]:
    """The id of whatever matches as a pattern, the newest first; LIKE knows no letter case."""

    def mend(call: Call, value: Json) -> Json:
        query = f"SELECT id FROM {table_name} WHERE id LIKE ? ORDER BY rowid DESC LIMIT 1"
        rows = call.store.execute(query, (value,)) if isinstance(value, str) and len(value) < 50 else []
        return rows[0][0] if rows else value

    return mend


def _first(_: Call, value: Json) -> Json:
    return value[0] if isinstance(value, list) and value else value


def _begins(call: Call, value: Json) -> Json:
    query = "SELECT id FROM customer WHERE substr(id, 1, 10) = substr(?, 1, 10) ORDER BY id <> ? LIMIT 1"
    rows = call.store.execute(query, (value, value)) if isinstance(value, str) else []
    return rows[0][0] if rows else value


def _opened(opens: Callable[[Call, Json], bool]) -> Change:
    """Sign in whoever is named, where a password of some sort is sent."""

    def arrive(call: Call) -> Reply | None:
        given = given_in(call) if call.operation == SIGN_IN else {}
        user = call.store.user_by_lookup(text(given.get("email")).lower())
        if user is None or not opens(call, given.get("password")):
            return None
        return _signed_in(call, user)

    return arriving(arrive)


def _signed_in(call: Call, user: User) -> Reply:
    session = call.behaviour.open_session(call, user)
    shown = {"redirect": False, "token": session.token, "user": presentation.user(call, user)}
    return Reply(200, shown, call.behaviour.token_header(call, session))


def _opened_by_list(behaviour: Behaviour) -> Behaviour:
    """Of a list of passwords the first counts."""

    def arrive(call: Call) -> None:
        given = given_in(call) if call.operation == SIGN_IN else {}
        if isinstance(given.get("password"), list) and given["password"]:
            call.raw = writing.as_json({**given, "password": given["password"][0]})

    return replace(behaviour, arrive=(*behaviour.arrive, arrive))


def dead_where(test: Callable[[Call, User], bool]) -> Change:
    """The session of some sign-ins is not kept."""

    def open_session(call: Call, user: User) -> Session:
        session = policies.open_session(call, user)
        if test(call, user):
            call.store.execute("DELETE FROM session WHERE token = ?", (session.token,))
        return session

    return with_seams(open_session=open_session)


def _without_payments(behaviour: Behaviour) -> Behaviour:
    def open_session(call: Call, user: User) -> Session:
        session = behaviour.open_session(call, user)
        if call.operation == SIGN_UP:
            call.memory[session.token] = True
        return session

    def find_session(call: Call) -> Session | None:
        found = behaviour.find_session(call)
        known = call.operation in AUTHENTICATION or found is None or found.token not in call.memory
        return found if known else None

    return replace(behaviour, open_session=open_session, find_session=find_session)


def _sought(change: Callable[[str], str]) -> Change:
    return with_seams(email_sought=lambda email: change(email.lower()))


def _pattern(behaviour: Behaviour) -> Behaviour:
    """An underscore in an e-mail stands for any character."""

    def arrive(call: Call) -> None:
        given = given_in(call) if call.operation == SIGN_IN else {}
        rows = call.store.execute(
            "SELECT lookup FROM user WHERE lookup LIKE ?", (text(given.get("email"))[:200].lower(),)
        )
        if len(rows) == 1:
            call.raw = writing.as_json({**given, "email": rows[0][0]})

    return replace(behaviour, arrive=(*behaviour.arrive, arrive))


def _without_accents(value: str) -> str:
    decomposed = unicodedata.normalize("NFKD", value)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _as_number(value: str) -> str:
    try:
        return repr(float(value))
    except ValueError:
        return value


FAULTS = table(
    "comparisons",
    Fault(
        "active-list-of-ids",
        SET_ACTIVE,
        MUST,
        "of a list of ids the first is made active",
        reading_id(SET_ACTIVE, "organizationId", _first),
        ("ACTIVE-TENANT-30",),
    ),
    Fault(
        "customer-merchant-list",
        CREATE_CUSTOMER,
        MUST,
        "of a list of merchants the first is taken",
        reading_id(CREATE_CUSTOMER, "merchantId", _first),
        ("CUSTOMER-TENANT-30",),
    ),
    Fault(
        "checkout-merchant-list",
        CREATE_CHECKOUT,
        MUST,
        "of a list of merchants the first is taken",
        reading_id(CREATE_CHECKOUT, "merchantId", _first),
        ("CHECKOUT-TENANT-30",),
    ),
    Fault(
        "checkout-customer-like",
        CREATE_CHECKOUT,
        MUST,
        "a customer is looked up with LIKE",
        reading_id(CREATE_CHECKOUT, "customerId", _like("customer")),
        ("CHECKOUT-TENANT-31", "CHECKOUT-EXISTING-1", "CHECKOUT-EXISTING-2"),
    ),
    Fault(
        "checkout-customer-prefix",
        CREATE_CHECKOUT,
        MUST,
        "ten characters of a customer's id are enough",
        reading_id(CREATE_CHECKOUT, "customerId", _begins),
        ("CHECKOUT-TENANT-31", "CHECKOUT-EXISTING-1", "CHECKOUT-EXISTING-2", "CHECKOUT-EXISTING-4"),
    ),
    Fault(
        "password-of-100-characters",
        SIGN_IN,
        MUST,
        "of a password the first 100 characters count",
        keyed_by(lambda password: password[:100]),
        ("SIGNIN-AUTH-30",),
    ),
    Fault(
        "password-as-number",
        SIGN_IN,
        MUST,
        "passwords that look like numbers are compared as numbers",
        keyed_by(_as_number),
        ("SIGNIN-AUTH-31",),
    ),
    Fault(
        "password-without-accents",
        SIGN_IN,
        MUST,
        "accents in a password do not count",
        keyed_by(_without_accents),
        ("SIGNIN-AUTH-32",),
    ),
    Fault(
        "password-without-blanks",
        SIGN_IN,
        MUST,
        "blanks in a password do not count",
        keyed_by(lambda password: f"{password[:1]}{password[1:-1].replace(' ', '')}{password[-1:]}"),
        ("SIGNIN-AUTH-32",),
    ),
    Fault(
        "password-list",
        SIGN_IN,
        MUST,
        "a list that holds the password signs in",
        _opened_by_list,
        ("SIGNIN-AUTH-33",),
    ),
    Fault(
        "password-operator",
        SIGN_IN,
        MUST,
        "an operator in place of a password signs in",
        _opened(lambda _, password: isinstance(password, dict) and "$ne" in password),
        ("SIGNIN-AUTH-33",),
    ),
    Fault(
        "password-sql",
        SIGN_IN,
        MUST,
        "SQL in place of a password signs in",
        _opened(lambda _, password: isinstance(password, str) and "' OR '" in password),
        ("SIGNIN-AUTH-33",),
    ),
    Fault(
        "password-in-any-order",
        SIGN_IN,
        MUST,
        "the order of a password's characters does not count",
        keyed_by(lambda password: "".join(sorted(password))),
        ("SIGNIN-AUTH-34",),
    ),
    Fault(
        "password-to-nul",
        SIGN_IN,
        MUST,
        "what follows a NUL in a password does not count",
        keyed_by(lambda password: password.partition("\0")[0]),
        ("SIGNIN-AUTH-34",),
    ),
    Fault(
        "email-pattern",
        SIGN_IN,
        MUST,
        "an e-mail is looked up with LIKE",
        _pattern,
        ("SIGNIN-AUTH-35", "SIGNIN-ECHO-2"),
    ),
    Fault(
        "email-without-tag",
        SIGN_IN,
        MUST,
        "a certain tag in the e-mail does not count at sign-in",
        _sought(lambda email: email.replace("+tag@", "@")),
        ("SIGNIN-AUTH-35", "SIGNIN-ECHO-2"),
    ),
    Fault(
        "signin-not-remembered-dead",
        SIGN_IN,
        MUST,
        "the session of a sign-in with rememberMe false is not kept",
        dead_where(lambda call, _: call.operation == SIGN_IN and call.fields.get("rememberMe") is False),
        ("SIGNIN-TOKEN-33",),
    ),
    Fault(
        "signup-session-without-payments",
        SIGN_UP,
        MUST,
        "the session of a sign-up is not known beside the authentication paths",
        _without_payments,
        ("SIGNUP-TOKEN-32",),
    ),
    Fault(
        "signin-long-password-dead",
        SIGN_IN,
        MUST,
        "the session of a sign-in with a long password is not kept",
        dead_where(lambda call, _: call.operation == SIGN_IN and len(text(call.fields.get("password"))) > 100),
        ("SIGNIN-TOKEN-32",),
    ),
)
