"""One defect of a header, of the body's writing or of what is given away, for each operation that has none yet."""

from __future__ import annotations

import base64
from dataclasses import replace

from sandbox import writing
from sandbox.behaviour import Call, Change
from sandbox.changes import both, finishing
from sandbox.faults.builders import Rewrite, also, edited, editing, media_type, succeeding
from sandbox.faults.model import ANY, MUST, SHOULD, Fault, table
from sandbox.faults.proofs_errors import for_each, show_token
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    GET_CUSTOMER,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    JsonObject,
    Reply,
)


def _name_twice(_: Call, reply: Reply) -> Reply:
    written = writing.content(reply)
    return replace(reply, raw=b'{"object":"one","object":"other",' + written[1:]) if written[:1] == b"{" else reply


def _keep_password(call: Call, reply: Reply) -> Reply:
    call.memory.setdefault("passwords", {})[reply.body["user"]["id"]] = str(call.fields.get("password"))
    return reply


def _credential(call: Call, entity: JsonObject) -> None:
    known = call.memory.get("passwords", {}).get(call.caller.user_id, "")
    entity["credential"] = base64.b64encode(known.encode()).decode()


def _newest_token(call: Call, reply: Reply) -> Reply:
    """The token of another session than the one that the response is about."""
    own = reply.body.get("token") if isinstance(reply.body, dict) else None
    rows = call.store.execute("SELECT token FROM session WHERE token IS NOT ? ORDER BY rowid DESC LIMIT 1", (own,))
    return also("x-debug", rows[0][0])(call, reply) if rows else reply


def _user_of_before(call: Call, entity: JsonObject) -> None:
    entity["invitedBy"] = call.memory.get(f"before {call.operation}")
    call.memory[f"before {call.operation}"] = entity["id"]


def _without_allow(operation: str) -> Change:
    def tell(call: Call, reply: Reply) -> Reply:
        meant = reply.status == 405 and call.methods.get("POST") == operation
        return replace(reply, headers=()) if meant else reply

    return finishing(tell)


def _unknown_path(rewrite: Rewrite) -> Change:
    return finishing(lambda call, reply: reply if call.methods else rewrite(call, reply))


FAULTS = (
    *table(
        "http",
        *for_each(
            (SIGN_UP, CREATE_CUSTOMER, CREATE_CHECKOUT),
            "second-media-type",
            MUST,
            "a second Content-Type says text/html",
            "HEADERS-50",
            lambda name: succeeding(name, also("content-type", "text/html")),
        ),
        *for_each(
            (SIGN_UP, SIGN_IN, CREATE_ORGANIZATION, SET_ACTIVE, CREATE_CHECKOUT),
            "charset-latin-1-told",
            MUST,
            "iso-8859-1 is announced, the body is UTF-8",
            "HEADERS-51",
            lambda name: succeeding(name, media_type("application/json; charset=iso-8859-1")),
        ),
        *for_each(
            (SIGN_IN, CREATE_ORGANIZATION, SET_ACTIVE, CREATE_CHECKOUT),
            "405-without-allow",
            MUST,
            "a 405 has no Allow",
            "PROTOCOL-50",
            _without_allow,
        ),
        *for_each(
            (SIGN_UP, SIGN_IN, CREATE_ORGANIZATION, SET_ACTIVE, CREATE_CUSTOMER),
            "object-name-twice",
            SHOULD,
            "an object of the response has a name twice",
            "PROTOCOL-51",
            lambda name: succeeding(name, _name_twice),
        ),
        Fault(
            "unknown-path-media-type-twice",
            ANY,
            MUST,
            "the response to an unknown path has a second Content-Type",
            _unknown_path(also("content-type", "text/html")),
            ("API-HEADERS-50",),
        ),
    ),
    *table(
        "disguised secrets",
        *for_each(
            (CREATE_ORGANIZATION, SET_ACTIVE, CREATE_CHECKOUT),
            "credential",
            MUST,
            "the response holds the account's password in base64",
            "LEAK-20",
            lambda name: both(succeeding(SIGN_UP, _keep_password), editing(name, _credential)),
        ),
        Fault(
            "customer-read-credential",
            GET_CUSTOMER,
            MUST,
            "the read of a customer holds the account's password in base64",
            both(succeeding(SIGN_UP, _keep_password), succeeding(GET_CUSTOMER, edited(GET_CUSTOMER, _credential))),
            ("API-LEAK-20",),
        ),
        Fault(
            "customer-read-session-token",
            GET_CUSTOMER,
            MUST,
            "the read of a customer repeats the session token",
            succeeding(GET_CUSTOMER, edited(GET_CUSTOMER, show_token)),
            ("API-LEAK-24",),
        ),
        *for_each(
            (SIGN_UP, CREATE_ORGANIZATION, CREATE_CUSTOMER, CREATE_CHECKOUT),
            "newest-token-in-header",
            MUST,
            "a header holds the token of whoever signed in last",
            "LEAK-21",
            lambda name: succeeding(name, _newest_token),
        ),
    ),
    *table(
        "another request's",
        *for_each(
            (SIGN_IN, SET_ACTIVE),
            "shows-the-one-before",
            MUST,
            "the response names the user or organization of the response before",
            "LEAK-23",
            lambda name: editing(name, _user_of_before),
        ),
    ),
)
