"""What is taken for another thing: an account for a customer, an own id for a new one, a number for its digits."""

from __future__ import annotations

import json
from dataclasses import replace

from sandbox import policies, presentation
from sandbox.behaviour import Call
from sandbox.changes import admitting, arriving, both, finishing, with_seams
from sandbox.faults.builders import again_by, broken, editing, head_for_anybody, holder, somebody, succeeding
from sandbox.faults.model import ANY, must, table
from sandbox.faults.second_looks import remembered
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    GET_CHECKOUT,
    LIST_CUSTOMERS,
    SIGN_IN,
    SIGN_UP,
    JsonObject,
    Reply,
    text,
)
from sandbox.store import Customer, Session

_COLUMN = 255


def _refuse_email_of_account(call: Call) -> None:
    if holder(call) is not None:
        call.refuse("same-customer")


def _own(call: Call, identifier: str, merchant_id: str) -> Customer | None:
    found = call.store.customer(identifier)
    return found if found is not None and found.merchant_id == merchant_id else None


def _write_over_own(call: Call, reply: Reply) -> Reply:
    """A customer with the id of another one of the merchant is written over that one."""
    known = _own(call, text(call.fields.get("id")), reply.body["merchantId"])
    if known is None:
        return reply
    call.store.execute("UPDATE customer SET name = ? WHERE id = ?", (call.fields.get("name"), known.id))
    return replace(reply, body={**reply.body, "id": known.id})


def _adopt_own(call: Call, merchant_id: str) -> Customer | None:
    given = call.fields["customer"]
    known = _own(call, text(given.get("id")), merchant_id) if isinstance(given, dict) else None
    return known or policies.attach_inline(call, merchant_id)


def _merged(call: Call, user: JsonObject) -> None:
    """A user with the id of one who is there is that one."""
    if call.store.user(text(call.fields.get("id"))) is not None:
        user["id"] = call.fields["id"]


def _session_of_bearer(call: Call, reply: Reply) -> Reply:
    """Who signs in with the token of a session gets that session, whosever it is."""
    session: Session | None = policies.find_session(call)
    user = call.store.user(session.user_id) if session is not None else None
    if session is None or user is None:
        return reply
    body = {**reply.body, "token": session.token, "user": presentation.user(call, user)}
    return replace(reply, body=body, headers=policies.token_header(call, session))


def _long_agent(call: Call) -> Reply | None:
    too_long = len(call.headers.get("user-agent", "")) > _COLUMN
    return broken(call, Reply(500)) if call.operation == SIGN_IN and too_long else None


def _address_with_port(call: Call) -> Reply | None:
    is_odd = ":" in call.headers.get("x-forwarded-for", "")
    return broken(call, Reply(500)) if call.operation == SIGN_IN and is_odd else None


def _values_as_texts(body: JsonObject) -> str:
    return json.dumps(body, sort_keys=True).replace('"', "")


def _without_empty_query(_: Call, session: JsonObject) -> None:
    session["cancelUrl"] = text(session["cancelUrl"]).removesuffix("?")


def _listed_without_metadata(call: Call, reply: Reply) -> Reply:
    """Customers who came with a session are listed without their metadata."""
    if call.operation != LIST_CUSTOMERS or not reply.succeeded:
        return reply
    known = call.memory.get("inline customers", {})
    rows = [{**row, "metadata": {}} if row["id"] in known else row for row in reply.body["data"]]
    return replace(reply, body={**reply.body, "data": rows})


FAULTS = table(
    "mixed up",
    must(
        "customer-email-of-account-taken",
        CREATE_CUSTOMER,
        "a customer with the e-mail of an account is refused as taken",
        admitting(CREATE_CUSTOMER, _refuse_email_of_account),
        "CUSTOMER-STATUS-1",
    ),
    must(
        "customer-own-id-written-over",
        CREATE_CUSTOMER,
        "a customer with the id of another one of the merchant is written over that one",
        succeeding(CREATE_CUSTOMER, _write_over_own),
        "CUSTOMER-STATE-55",
    ),
    must(
        "inline-own-id-adopted",
        CREATE_CHECKOUT,
        "a new customer with the id of one of the merchant's is that one",
        with_seams(inline=_adopt_own),
        "CHECKOUT-INLINE-2",
    ),
    must(
        "signup-id-merged",
        SIGN_UP,
        "a sign-up with the id of a user is answered with that user's",
        editing(SIGN_UP, _merged),
        "SIGNUP-PROPERTY-20",
    ),
    must(
        "signin-in-session-of-bearer",
        SIGN_IN,
        "a sign-in that carries a token is answered with the session of that token",
        succeeding(SIGN_IN, _session_of_bearer),
        "SIGNIN-ECHO-1",
    ),
    must(
        "signin-long-agent-500",
        SIGN_IN,
        "a sign-in by a client whose name is longer than 255 characters is a 500",
        arriving(_long_agent),
        "SIGNIN-STATUS-3",
    ),
    must(
        "signin-forwarded-with-port-500",
        SIGN_IN,
        "a sign-in that is forwarded for an address with a port is a 500",
        arriving(_address_with_port),
        "SIGNIN-STATUS-3",
    ),
    must(
        "checkout-same-but-for-types",
        CREATE_CHECKOUT,
        "a session that differs from another in the type of a value alone is answered with that one",
        again_by(_values_as_texts),
        "CHECKOUT-UNIQUE-5",
    ),
    must(
        "checkout-read-head-for-anybody",
        GET_CHECKOUT,
        "HEAD of another merchant is answered with 200 where there is a session",
        head_for_anybody(GET_CHECKOUT, lambda call: call.store.checkout(call.parameter)),
        "CHECKOUT-READ-26",
    ),
    must(
        "framework-requests-let-in",
        ANY,
        "a header of the framework's own requests is taken in the place of a token",
        somebody(ANY, lambda call: "x-middleware-subrequest" in call.headers),
        "CUSTOMER-AUTH-31",
        "CHECKOUT-AUTH-31",
    ),
    must(
        "list-inline-without-metadata",
        LIST_CUSTOMERS,
        "customers who came with a session are listed without their metadata",
        both(with_seams(inline=remembered), finishing(_listed_without_metadata)),
        "CUSTOMER-LIST-29",
    ),
    must(
        "checkout-cancel-url-without-empty-query",
        CREATE_CHECKOUT,
        "a cancelUrl loses a question mark at its end",
        editing(CREATE_CHECKOUT, _without_empty_query),
        "CHECKOUT-ECHO-5",
    ),
)
