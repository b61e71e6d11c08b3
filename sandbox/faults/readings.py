"""How a careless reader takes what was sent, or finds what it reads: lists of one, outer blanks, a phone number."""

from __future__ import annotations

import re
from typing import Any

from sandbox import identity, policies, presentation
from sandbox.behaviour import Call
from sandbox.changes import arriving, with_seams
from sandbox.faults.builders import broken, falling_over, succeeding
from sandbox.faults.model import must, table
from sandbox.faults.second_looks import parsing
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    GET_CUSTOMER,
    LIST_CUSTOMERS,
    SIGN_IN,
    SIGN_UP,
    JsonObject,
    Reply,
)
from sandbox.store import Customer


def _first_of_lists(_: Call, body: JsonObject) -> None:
    for name in ("currency", "successUrl", "cancelUrl"):
        if isinstance(body.get(name), list) and len(body[name]) == 1:
            body[name] = body[name][0]


def _list_as_object(call: Call, body: JsonObject) -> None:
    if call.operation == CREATE_CUSTOMER and isinstance(body.get("metadata"), list):
        body["metadata"] = {str(place): item for place, item in enumerate(body["metadata"])}


def _without_outer_blanks(call: Call, body: JsonObject) -> None:
    if call.operation == SIGN_UP and isinstance(body.get("password"), str):
        body["password"] = body["password"].strip()


def _beyond_16_bits_alike(password: str) -> str:
    return re.sub("[\U00010000-\U0010ffff]", "?", identity.password_key(password))


def _in_turkish(email: str) -> str:
    return email.replace("I", "ı").lower()


def _no_items(call: Call) -> bool:
    return call.method == "POST" and b'"lineItems": []' in call.raw


def _list_without_page(call: Call) -> Reply | None:
    return broken(call, Reply(500)) if call.operation == LIST_CUSTOMERS and not call.query else None


def _by_phone(call: Call, merchant_id: str) -> Customer | None:
    """A new customer whose phone number one of before had is that one."""
    given = call.fields["customer"]
    phone = given.get("phoneNumber") if isinstance(given, dict) else None
    known: dict[Any, str] = call.memory.setdefault("inline customers by phone", {})
    if (merchant_id, phone) in known:
        return call.store.customer(known[merchant_id, phone])
    customer = policies.attach_inline(call, merchant_id)
    if customer is not None:
        known[merchant_id, phone] = customer.id
    return customer


def _latest_of_email(call: Call, reply: Reply) -> Reply:
    """A copy for reads is kept by the e-mail, whosever the customer is."""
    query = (
        "SELECT b.id FROM customer a JOIN customer b ON a.email = b.email WHERE a.id = ? ORDER BY b.rowid DESC LIMIT 1"
    )
    found = call.store.execute(query, (reply.body["id"],))
    customer = call.store.customer(found[0][0]) if found else None
    return reply if customer is None else Reply(200, presentation.customer(call, customer))


FAULTS = table(
    "readings",
    must(
        "checkout-single-lists-taken",
        CREATE_CHECKOUT,
        "currency and URLs in a list of one are taken for themselves",
        parsing(_first_of_lists),
        "CHECKOUT-VALID-3",
    ),
    must(
        "customer-metadata-list-taken",
        CREATE_CUSTOMER,
        "metadata may be a list",
        parsing(_list_as_object),
        "CUSTOMER-VALID-1",
    ),
    must(
        "password-trimmed-at-signup",
        SIGN_UP,
        "a password loses its outer blanks at sign-up alone",
        parsing(_without_outer_blanks),
        "SIGNIN-STATUS-1",
    ),
    must(
        "password-emoji-alike",
        SIGN_IN,
        "characters beyond 16 bits are one in a password",
        with_seams(password_key=_beyond_16_bits_alike),
        "SIGNIN-AUTH-32",
    ),
    must(
        "signup-email-in-turkish",
        SIGN_UP,
        "a capital I in an e-mail becomes a dotless one",
        with_seams(email_stored=_in_turkish),
        "SIGNUP-ECHO-1",
    ),
    must(
        "checkout-empty-items-500",
        CREATE_CHECKOUT,
        "an empty list of line items is a 500",
        falling_over(CREATE_CHECKOUT, _no_items),
        "CHECKOUT-STATUS-3",
        "CHECKOUT-HOSTILE-1",
    ),
    must(
        "list-plain-500",
        LIST_CUSTOMERS,
        "the list is a 500 where neither limit nor offset is named",
        arriving(_list_without_page),
        "API-STATUS-1",
    ),
    must(
        "inline-known-by-phone",
        CREATE_CHECKOUT,
        "a new customer with the phone number of one of before is that one",
        with_seams(inline=_by_phone),
        "CHECKOUT-INLINE-2",
    ),
    must(
        "customer-read-by-email",
        GET_CUSTOMER,
        "a customer reads as the latest one of the e-mail, whosever it is",
        succeeding(GET_CUSTOMER, _latest_of_email),
        "CUSTOMER-STATE-51",
    ),
)
