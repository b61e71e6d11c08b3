"""Other doors to what is there: reads by a cookie, a header or a query, and what a read or a list shows amiss."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from urllib.parse import parse_qs

from sandbox import policies, presentation
from sandbox.behaviour import Call
from sandbox.changes import arriving, both, finishing
from sandbox.faults.builders import (
    editing,
    sent_object,
    succeeding,
)
from sandbox.faults.doors import also_by, newest_session
from sandbox.faults.model import must, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    GET_CHECKOUT,
    GET_CUSTOMER,
    LIST_CUSTOMERS,
    Json,
    JsonObject,
    Reply,
    text,
)
from sandbox.store import Session

_READS: Final = (GET_CUSTOMER, GET_CHECKOUT, LIST_CUSTOMERS)


def _guest_of_customer(call: Call) -> Session | None:
    """Without a token, a session for a customer is one of the customer's merchant."""
    given = sent_object(call)
    customer = call.store.customer(text(given.get("customerId"))) if "authorization" not in call.headers else None
    return newest_session(call, "s.active = ?", customer.merchant_id) if customer else None


def _open_without_customer(call: Call, reply: Reply) -> Reply:
    if call.operation != GET_CHECKOUT or reply.status != 401 or "authorization" in call.headers:
        return reply
    checkout = call.store.checkout(call.parameter)
    is_open = checkout is not None and checkout.customer_id is None
    return Reply(200, presentation.checkout(call, checkout)) if checkout and is_open else reply


def _in_cookie_of_reads(call: Call) -> Session | None:
    pairs = dict(pair.strip().partition("=")[::2] for pair in call.headers.get("cookie", "").split(";"))
    return (
        policies.living_session(call, pairs.get("session", "").partition(".")[0]) if call.operation in _READS else None
    )


def _owner_of_header(call: Call, reply: Reply) -> Reply:
    customer = call.store.customer(call.parameter) if call.operation == GET_CUSTOMER and reply.status == 404 else None
    is_named = customer is not None and call.headers.get("x-organization-id") == customer.merchant_id
    return Reply(200, presentation.customer(call, customer)) if customer and is_named else reply


def _owner_of_query(call: Call, reply: Reply) -> Reply:
    checkout = call.store.checkout(call.parameter) if call.operation == GET_CHECKOUT and reply.status == 404 else None
    is_named = checkout is not None and checkout.merchant_id in parse_qs(call.query).get("merchantId", [])
    return Reply(200, presentation.checkout(call, checkout)) if checkout and is_named else reply


def _deleted_by_anybody(call: Call) -> Reply | None:
    is_meant = call.method == "DELETE" and "/customers/" in call.path and "authorization" not in call.headers
    return Reply(200, {"deleted": True}) if is_meant else None


def _joined(call: Call, reply: Reply) -> Reply:
    """The list joins sessions: a customer stands in it as often as it has some."""
    if not isinstance(reply.body, dict):
        return reply
    rows: list[Json] = []
    for row in reply.body["data"]:
        count = call.store.execute("SELECT count(*) FROM checkout WHERE customer_id = ?", (row["id"],))[0][0]
        rows += [row] * max(1, count)
    return replace(reply, body={**reply.body, "data": rows})


def _page_of_nobody(_: Call, session: JsonObject) -> None:
    if session.get("customerId") is None:
        session["sessionUrl"] = f"{session['sessionUrl']}/null"


def _metadata_of_customer(call: Call, session: JsonObject) -> None:
    customer = call.store.customer(text(session.get("customerId")))
    if customer is not None:
        session["metadata"] = customer.metadata


def _deleted(_: Call, customer: JsonObject) -> None:
    customer["deletedAt"] = customer["updatedAt"]


def _noted_at_active(call: Call, reply: Reply) -> Reply:
    """A customer for a named organization is noted for the list of the active one."""
    active = call.caller.active
    if active and isinstance(reply.body, dict) and reply.body["merchantId"] != active:
        call.memory.setdefault(f"listed at {active}", []).append(reply.body)
    return reply


def _listed_at_active(call: Call, reply: Reply) -> Reply:
    noted = call.memory.get(f"listed at {call.caller.active}", [])
    if not isinstance(reply.body, dict) or reply.body["pagination"]["hasMore"]:
        return reply
    return replace(reply, body={**reply.body, "data": [*reply.body["data"], *noted]})


FAULTS = table(
    "side doors",
    must(
        "checkout-guest-for-customer",
        CREATE_CHECKOUT,
        "a session for a customer asks for no token",
        also_by(_guest_of_customer, CREATE_CHECKOUT),
        "CHECKOUT-AUTH-1",
    ),
    must(
        "checkout-read-open-without-customer",
        GET_CHECKOUT,
        "a session without a customer is read without a token",
        finishing(_open_without_customer),
        "CHECKOUT-READ-22",
    ),
    must(
        "reads-take-cookie",
        GET_CUSTOMER,
        "the reads take the token from a cookie",
        also_by(_in_cookie_of_reads),
        "CUSTOMER-READ-22",
        "CHECKOUT-READ-22",
        "CUSTOMER-LIST-25",
    ),
    must(
        "customer-read-for-header",
        GET_CUSTOMER,
        "a customer is shown to whoever names its merchant in a header",
        finishing(_owner_of_header),
        "CUSTOMER-TENANT-4",
    ),
    must(
        "checkout-read-for-query",
        GET_CHECKOUT,
        "a session is shown to whoever names its merchant in the query",
        finishing(_owner_of_query),
        "CHECKOUT-TENANT-4",
    ),
    must(
        "customer-deleted-without-token",
        GET_CUSTOMER,
        "DELETE on a customer asks for no token",
        arriving(_deleted_by_anybody),
        "CUSTOMER-READ-26",
    ),
    must(
        "list-joins-sessions",
        LIST_CUSTOMERS,
        "a customer stands in the list as often as it has sessions",
        succeeding(LIST_CUSTOMERS, _joined),
        "CUSTOMER-LIST-23",
    ),
    must(
        "customer-named-listed-at-active",
        LIST_CUSTOMERS,
        "a customer for an organization that is not the active one stands in the list of the active one",
        both(succeeding(CREATE_CUSTOMER, _noted_at_active), succeeding(LIST_CUSTOMERS, _listed_at_active)),
        "CUSTOMER-LIST-22",
    ),
    must(
        "checkout-read-of-nobody-elsewhere",
        GET_CHECKOUT,
        "a session without a customer reads with another sessionUrl",
        editing(GET_CHECKOUT, _page_of_nobody),
        "CHECKOUT-READ-21",
    ),
    must(
        "checkout-read-metadata-of-customer",
        GET_CHECKOUT,
        "a session reads with the metadata of its customer",
        editing(GET_CHECKOUT, _metadata_of_customer),
        "CHECKOUT-READ-21",
    ),
    must(
        "customer-reads-deleted",
        GET_CUSTOMER,
        "a customer reads with a deletedAt",
        editing(GET_CUSTOMER, _deleted),
        "CUSTOMER-READ-21",
    ),
)
