"""Refusals of another shape, media type or status than the contract's, and responses that give something away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from sandbox.behaviour import Call, Change
from sandbox.changes import Edit, finishing, put
from sandbox.faults.builders import body, editing, editing_top, failing, header, media_type, raw, succeeding
from sandbox.faults.headers import TOKEN
from sandbox.faults.model import ANY, MUST, SHOULD, Fault, Level, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    LIST_CUSTOMERS,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    JsonObject,
    Reply,
)

HASH = "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"
TRACE = "TypeError: no organization\n    at activate (/usr/src/app/dist/organization.js:118:23)"
SECTIONS: Mapping[str, tuple[str, str]] = {
    SIGN_UP: ("signup", "SIGNUP"),
    SIGN_IN: ("signin", "SIGNIN"),
    CREATE_ORGANIZATION: ("organization", "ORG"),
    SET_ACTIVE: ("set-active", "ACTIVE"),
    CREATE_CUSTOMER: ("customer", "CUSTOMER"),
    CREATE_CHECKOUT: ("checkout", "CHECKOUT"),
}
"""The start of a fault's id and of a requirement's, by operation."""


def _status_code(call: Call, reply: Reply) -> Reply:
    told = {**reply.body, "statusCode": 500} if isinstance(reply.body, dict) else reply.body
    return replace(reply, body=told)


def show_token(call: Call, entity: JsonObject) -> None:
    entity["sessionToken"] = call.caller.token


def _recent_users(call: Call, entity: JsonObject) -> None:
    rows = call.store.execute("SELECT email FROM user ORDER BY rowid DESC LIMIT 50")
    entity["recent"] = [row[0] for row in rows]


def _everybody(call: Call, reply: Reply) -> Reply:
    rows = call.store.execute("SELECT email FROM customer ORDER BY rowid DESC LIMIT 50")
    return replace(reply, body={**reply.body, "related": [row[0] for row in rows]})


def _leaking(operation: str, edit: Edit) -> Change:
    return editing_top(operation, edit) if operation in (SIGN_UP, SIGN_IN) else editing(operation, edit)


def for_each(
    operations: tuple[str, ...], end: str, level: Level, words: str, row: str, make: Callable[[str], Change]
) -> tuple[Fault, ...]:
    """One fault for each operation: its id ends in ``end``, and its requirement's in ``row``."""
    return tuple(
        Fault(f"{SECTIONS[name][0]}-{end}", name, level, words, make(name), (f"{SECTIONS[name][1]}-{row}",))
        for name in operations
    )


FAULTS = (
    *table(
        "errors",
        *for_each(
            (SIGN_UP, SIGN_IN, CREATE_ORGANIZATION, CREATE_CHECKOUT),
            "error-status-code-500",
            MUST,
            "errors carry statusCode 500 whatever the status",
            "ERROR-3",
            lambda name: failing(_status_code, name),
        ),
        *for_each(
            (SIGN_IN, CREATE_ORGANIZATION, SET_ACTIVE),
            "401-empty",
            SHOULD,
            "a 401 has no body",
            "ERROR-5",
            lambda name: failing(raw(b""), name, 401),
        ),
        Fault(
            "set-active-error-media-type-html",
            SET_ACTIVE,
            MUST,
            "JSON of an error is called text/html",
            failing(media_type("text/html"), SET_ACTIVE),
            ("ACTIVE-ERROR-1",),
        ),
        Fault(
            "set-active-error-stack-trace",
            SET_ACTIVE,
            MUST,
            "an error's message holds a stack trace",
            failing(body(lambda told: {**told, "message": TRACE}), SET_ACTIVE),
            ("ACTIVE-ERROR-4",),
        ),
        Fault(
            "unknown-path-status-code-500",
            ANY,
            MUST,
            "the error of an unknown path carries statusCode 500",
            finishing(lambda call, reply: reply if call.methods else _status_code(call, reply)),
            ("API-ERROR-2",),
        ),
    ),
    *table(
        "leaks",
        *for_each(
            (CREATE_ORGANIZATION, CREATE_CUSTOMER, CREATE_CHECKOUT),
            "password-hash",
            MUST,
            "the response holds a password hash",
            "LEAK-1",
            lambda name: _leaking(name, put("owner", {"passwordHash": HASH})),
        ),
        *for_each(
            (CREATE_ORGANIZATION, CREATE_CUSTOMER, CREATE_CHECKOUT),
            "session-token",
            MUST,
            "the response repeats the session token",
            "LEAK-2",
            lambda name: _leaking(name, show_token),
        ),
        Fault(
            "set-active-session-token",
            SET_ACTIVE,
            SHOULD,
            "the response repeats the session token",
            editing(SET_ACTIVE, show_token),
            ("ACTIVE-LEAK-2",),
        ),
        *for_each(
            (SIGN_UP, SIGN_IN, CREATE_ORGANIZATION, CREATE_CUSTOMER),
            "recent-users",
            MUST,
            "the response holds the e-mails of other users",
            "LEAK-3",
            lambda name: _leaking(name, _recent_users),
        ),
        Fault(
            "list-customers-of-everybody",
            ANY,
            MUST,
            "the list of customers holds the e-mails of other merchants' customers",
            succeeding(LIST_CUSTOMERS, _everybody),
            ("API-LEAK-1",),
        ),
    ),
    *table(
        "headers",
        *for_each(
            (SIGN_UP, SIGN_IN, SET_ACTIVE),
            "token-header-empty",
            MUST,
            "set-auth-token is sent empty",
            "HEADERS-2",
            lambda name: succeeding(name, header(TOKEN, lambda _: "")),
        ),
        Fault(
            "signin-media-type-missing",
            SIGN_IN,
            MUST,
            "the response has no Content-Type",
            succeeding(SIGN_IN, media_type(None)),
            ("SIGNIN-HEADERS-1",),
        ),
    ),
)
