"""What shows with a value of a rare form alone: a sign that pages escape, letters in the other case, a very long id."""

from __future__ import annotations

import html
import json
from contextlib import suppress
from dataclasses import replace

from sandbox import writing
from sandbox.behaviour import Call
from sandbox.faults.builders import again_by, failing, falling_over, receiving, succeeding
from sandbox.faults.model import must, table
from sandbox.model import (
    CREATE_CHECKOUT,
    GET_CHECKOUT,
    GET_CUSTOMER,
    LIST_CUSTOMERS,
    SIGN_UP,
    JsonObject,
    Reply,
    text,
)

_COLUMN = 255
"""How many characters of an id the column of a table has."""
_QUERY = "SELECT * FROM customers WHERE id = $1: value too long for type character varying(255)"


def _in_small_letters(fields: JsonObject) -> str:
    return json.dumps(fields, sort_keys=True).lower()


def _told_by_the_store(call: Call, reply: Reply) -> Reply:
    """The refusal of an id that no column holds tells the query."""
    if len(text(call.fields.get("customerId"))) <= _COLUMN or not isinstance(reply.body, dict):
        return reply
    return replace(reply, body={**reply.body, "message": _QUERY})


def _in_latin_1(_: Call, page: Reply) -> Reply:
    """A page of the list is written in Latin-1 where that has all its characters."""
    with suppress(UnicodeEncodeError):
        return replace(page, raw=writing.content(page).decode().encode("latin-1"))
    return page


def _not_decodable(call: Call) -> bool:
    return "\ufffd" in call.path


FAULTS = table(
    "rare forms",
    must(
        "signup-password-escaped",
        SIGN_UP,
        "the password of a sign-up is kept escaped as in HTML, and compared as it is sent",
        receiving(SIGN_UP, "password", lambda value: html.escape(text(value))),
        "SIGNIN-STATUS-1",
    ),
    must(
        "checkout-same-but-for-case",
        CREATE_CHECKOUT,
        "a session that differs from another in the case of letters alone is answered with that one",
        again_by(_in_small_letters),
        "CHECKOUT-UNIQUE-5",
    ),
    must(
        "checkout-long-customer-id-tells-query",
        CREATE_CHECKOUT,
        "the refusal of a customerId of more than 255 characters tells the query",
        failing(_told_by_the_store, CREATE_CHECKOUT),
        "CHECKOUT-ERROR-4",
    ),
    must(
        "customers-listed-in-latin-1",
        LIST_CUSTOMERS,
        "the list is in Latin-1 where that has all its characters",
        succeeding(LIST_CUSTOMERS, _in_latin_1),
        "CUSTOMER-LIST-20",
        "CUSTOMER-LIST-21",
    ),
    must(
        "customer-read-not-decodable-500",
        GET_CUSTOMER,
        "the read of a customer falls over an id that is no UTF-8",
        falling_over(GET_CUSTOMER, _not_decodable),
        "CUSTOMER-READ-24",
    ),
    must(
        "checkout-read-not-decodable-500",
        GET_CHECKOUT,
        "the read of a checkout session falls over an id that is no UTF-8",
        falling_over(GET_CHECKOUT, _not_decodable),
        "CHECKOUT-READ-24",
    ),
)
