"""Doors beside the bearer token: what else is taken for one, and where else it is looked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias
from urllib.parse import parse_qs

from sandbox import identity, policies, reading
from sandbox.behaviour import Behaviour, Call, Change
from sandbox.changes import arriving, both, finishing
from sandbox.faults.builders import somebody
from sandbox.faults.model import ANY, MUST, Fault, table
from sandbox.model import CREATE_CHECKOUT, CREATE_CUSTOMER, CREATE_ORGANIZATION, SET_ACTIVE, SIGN_IN, Reply
from sandbox.store import Session

Look: TypeAlias = Callable[[Call], Session | None]


def also_by(look: Look, operation: str = ANY) -> Change:
    """Let in also whom another look at the request finds."""

    def change(behaviour: Behaviour) -> Behaviour:
        def find(call: Call) -> Session | None:
            found = behaviour.find_session(call)
            return look(call) if found is None and operation in (ANY, call.operation) else found

        return replace(behaviour, find_session=find)

    return change


def newest_session(call: Call, condition: str, value: str | None) -> Session | None:
    """The newest session with an active organization of whom a condition names."""
    query = (
        "SELECT s.* FROM session s JOIN user u ON u.id = s.user_id"
        f" WHERE {condition} ORDER BY s.active IS NULL, s.rowid DESC LIMIT 1"
    )
    rows = call.store.execute(query, (value,)) if value else []
    return Session(*rows[0]) if rows else None


def _by_user(call: Call) -> Session | None:
    return newest_session(call, "u.id = ?", policies.bearer(call))


def _by_email(call: Call) -> Session | None:
    return newest_session(call, "u.email = ?", policies.bearer(call))


def _by_organization(call: Call) -> Session | None:
    return newest_session(call, "s.active = ?", policies.bearer(call))


def in_query(names: Sequence[str], call: Call) -> Session | None:
    """The session of a token in the query, under the first of some names that is there."""
    given = parse_qs(call.query)
    bare = next((given[name][0] for name in names if name in given), "")
    return policies.living_session(call, bare.partition(".")[0])


def _in_cookie(cookie: str, call: Call) -> Session | None:
    pairs = [pair.strip().partition("=") for pair in call.headers.get("cookie", "").split(";")]
    bare = next((value for name, _, value in pairs if name == cookie), "")
    return policies.living_session(call, bare.partition(".")[0])


def _own_cookie(behaviour: Behaviour) -> Behaviour:
    """Set a cookie at sign-in that opens the session for which it stands, though its token is not in it."""

    def finish(call: Call, reply: Reply) -> Reply:
        if call.operation != SIGN_IN or not reply.succeeded:
            return reply
        name = identity.random_text(24)
        call.memory[f"cookie {name}"] = dict(reply.headers).get("set-auth-token", "").partition(".")[0]
        return replace(reply, headers=(*reply.headers, ("set-cookie", f"sandbox={name}; Path=/; HttpOnly")))

    def look(call: Call) -> Session | None:
        name = call.headers.get("cookie", "").partition("sandbox=")[2].partition(";")[0]
        return policies.living_session(call, call.memory.get(f"cookie {name}", ""))

    return both(finishing(finish), also_by(look))(behaviour)


def _in_body(call: Call) -> Session | None:
    given = reading.parsed(call.raw)
    token = given.get("token") if isinstance(given, dict) else None
    return policies.living_session(call, token.partition(".")[0]) if isinstance(token, str) else None


def _in_another_header(call: Call) -> Session | None:
    return policies.living_session(call, call.headers.get("x-auth-token", "").partition(".")[0])


def unwatched(path: str) -> Change:
    """Take another spelling of a path for the plain one, where nobody asks for a token."""

    def arrive(call: Call) -> Reply | None:
        meant = call.method == "POST" and call.path.endswith(path) and "authorization" not in call.headers
        return Reply(201, {"id": call.behaviour.new_id(call, "cus")}) if meant else None

    return arriving(arrive)


def _ids(number: int, *shorts: str) -> tuple[str, ...]:
    return tuple(f"{short}-AUTH-{number}" for short in shorts or ("ORG", "ACTIVE", "CUSTOMER", "CHECKOUT"))


FAULTS = table(
    "doors",
    Fault("token-is-user-id", ANY, MUST, "a user's id works as a token", also_by(_by_user), _ids(30)),
    Fault(
        "checkout-token-is-organization",
        CREATE_CHECKOUT,
        MUST,
        "an organization's id works as a token",
        also_by(_by_organization, CREATE_CHECKOUT),
        _ids(30, "CHECKOUT"),
    ),
    Fault(
        "token-is-pattern",
        ANY,
        MUST,
        "a wildcard is taken for a token",
        somebody(ANY, lambda call: "%" in (policies.bearer(call) or "")),
        _ids(30, "ORG"),
    ),
    Fault(
        "token-in-query",
        ANY,
        MUST,
        "a token in the query is taken",
        also_by(partial(in_query, ("access_token", "token"))),
        _ids(31),
    ),
    Fault(
        "customer-token-in-cookie",
        CREATE_CUSTOMER,
        MUST,
        "a token in a cookie is taken",
        also_by(partial(_in_cookie, "session_token"), CREATE_CUSTOMER),
        _ids(31, "CUSTOMER"),
    ),
    Fault(
        "cookie-of-sign-in-opens",
        ANY,
        MUST,
        "the cookie of a sign-in opens its session",
        _own_cookie,
        _ids(31, "CUSTOMER", "CHECKOUT"),
    ),
    Fault(
        "checkout-token-in-cookie-of-a-framework",
        CREATE_CHECKOUT,
        MUST,
        "a token in the cookie of a web framework is taken",
        also_by(partial(_in_cookie, "sessionid"), CREATE_CHECKOUT),
        _ids(31, "CHECKOUT"),
    ),
    Fault(
        "checkout-token-in-body",
        CREATE_CHECKOUT,
        MUST,
        "a token in the body is taken",
        also_by(_in_body, CREATE_CHECKOUT),
        _ids(31, "CHECKOUT"),
    ),
    Fault(
        "organization-token-in-another-header",
        CREATE_ORGANIZATION,
        MUST,
        "a token in X-Auth-Token is taken",
        also_by(_in_another_header, CREATE_ORGANIZATION),
        _ids(31, "ORG"),
    ),
    Fault(
        "customer-slash-unwatched",
        CREATE_CUSTOMER,
        MUST,
        "the path with a slash at the end asks for no token",
        unwatched("/customers/"),
        _ids(32, "CUSTOMER"),
    ),
    Fault(
        "checkout-double-slash-unwatched",
        CREATE_CHECKOUT,
        MUST,
        "the path with a double slash asks for no token",
        unwatched("/checkout//sessions"),
        _ids(32, "CHECKOUT"),
    ),
    Fault(
        "organization-double-slash-unwatched",
        CREATE_ORGANIZATION,
        MUST,
        "the path with a double slash asks for no token",
        unwatched("/authentication/organization//create"),
        _ids(32, "ORG"),
    ),
    Fault(
        "active-slash-unwatched",
        SET_ACTIVE,
        MUST,
        "the path with a slash at the end asks for no token",
        unwatched("/authentication/organization/set-active/"),
        _ids(32, "ACTIVE"),
    ),
)
