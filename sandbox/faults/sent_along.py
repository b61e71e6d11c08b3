"""What comes with a request besides its body: ids of a gateway, languages, a length, odd tokens, a path in front."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from uuid import UUID

from sandbox.behaviour import Call, Change
from sandbox.changes import both
from sandbox.faults.builders import alter, editing, falling_over, succeeding
from sandbox.faults.doors import unwatched
from sandbox.faults.model import ANY, must, table
from sandbox.faults.other_clients import reads_refused_with
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    GET_CUSTOMER,
    LIST_CUSTOMERS,
    SET_ACTIVE,
    Json,
    JsonObject,
    Reply,
    text,
)

_BUDDHIST: Final = 543
"""How many years the calendar of Thailand is ahead."""
_TRACE: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_TRACKING: Final = re.compile(r"(?<=[?&])(?:utm_\w+|gclid)=[^&#]*&")
_WITH_TOKEN: Final = (CREATE_ORGANIZATION, SET_ACTIVE, CREATE_CUSTOMER, CREATE_CHECKOUT)
_KEY: Final = 1_000
"""The longest key of a cache."""


def _is_no_uuid(call: Call) -> bool:
    try:
        return bool(call.headers.get("x-request-id")) and not UUID(call.headers["x-request-id"])
    except ValueError:
        return True


def _is_no_trace(call: Call) -> bool:
    return not _TRACE.fullmatch(call.headers.get("traceparent", f"00-{'0' * 32}-{'0' * 16}-00"))


def _in_calendar_of_client(call: Call, customer: JsonObject) -> None:
    if call.headers.get("accept-language", "").startswith("th"):
        for name in ("createdAt", "updatedAt"):
            year, rest = text(customer[name])[:4], text(customer[name])[4:]
            customer[name] = f"{int(year) + _BUDDHIST} BE{rest}"


def _with_urls(change: Callable[[str], str]) -> Change:
    edits = (alter(name, lambda value: change(text(value))) for name in ("successUrl", "cancelUrl"))
    return editing(CREATE_CHECKOUT, *edits)


def _null_behind_the_end(_: Call, reply: Reply) -> Reply:
    """An empty page has no list, as a nil slice of Go is written."""
    if not isinstance(reply.body, dict):
        return reply
    rows: Json = reply.body["data"] or None
    return replace(reply, body={**reply.body, "data": rows})


def _falling_over_token(test: Callable[[str], bool]) -> Change:
    """Fall over the token of a request, whatever its operation."""

    def is_meant(call: Call) -> bool:
        return test(call.headers.get("authorization", ""))

    return both(*(falling_over(operation, is_meant) for operation in _WITH_TOKEN))


FAULTS = table(
    "sent along",
    must(
        "customer-request-id-no-uuid-500",
        CREATE_CUSTOMER,
        "an X-Request-Id that is no UUID is a 500",
        falling_over(CREATE_CUSTOMER, _is_no_uuid),
        "CUSTOMER-STATUS-3",
    ),
    must(
        "checkout-trace-of-another-form-500",
        CREATE_CHECKOUT,
        "a traceparent that is not in the form of W3C is a 500",
        falling_over(CREATE_CHECKOUT, _is_no_trace),
        "CHECKOUT-STATUS-3",
    ),
    must(
        "customer-times-in-calendar-of-client",
        CREATE_CUSTOMER,
        "a client that reads Thai gets the years of Thailand",
        editing(CREATE_CUSTOMER, _in_calendar_of_client),
        "CUSTOMER-SCHEMA-4",
        "CUSTOMER-SCHEMA-5",
    ),
    must(
        "reads-with-length-refused",
        GET_CUSTOMER,
        "a read that names the length of no body is refused",
        reads_refused_with("content-length"),
        "CUSTOMER-READ-20",
        "CHECKOUT-READ-20",
    ),
    must(
        "token-beyond-ascii-500",
        ANY,
        "a token with letters beyond ASCII is a 500",
        _falling_over_token(lambda token: not token.isascii()),
        "CHECKOUT-STATUS-3",
    ),
    must(
        "token-beyond-a-key-500",
        ANY,
        "a token that is longer than the key of a cache is a 500",
        _falling_over_token(lambda token: len(token) > _KEY),
        "CHECKOUT-STATUS-3",
    ),
    must(
        "customer-earlier-version-unwatched",
        CREATE_CUSTOMER,
        "the path with an earlier version in front asks for no token",
        unwatched("/v1/customers"),
        "CUSTOMER-AUTH-32",
    ),
    must(
        "checkout-way-back-unwatched",
        CREATE_CHECKOUT,
        "the path behind a public one, and the way back from it, asks for no token",
        unwatched("/sign-in/../../checkout/sessions"),
        "CHECKOUT-AUTH-32",
    ),
    must(
        "checkout-urls-slashes-joined",
        CREATE_CHECKOUT,
        "two slashes in the paths of URLs become one",
        _with_urls(lambda url: re.sub(r"(?<!:)//", "/", url)),
        "CHECKOUT-ECHO-4",
        "CHECKOUT-ECHO-5",
    ),
    must(
        "checkout-urls-without-tracking",
        CREATE_CHECKOUT,
        "URLs lose the parameters that say where somebody came from",
        _with_urls(lambda url: _TRACKING.sub("", url)),
        "CHECKOUT-ECHO-4",
        "CHECKOUT-ECHO-5",
    ),
    must(
        "customers-none-are-null",
        LIST_CUSTOMERS,
        "a page without customers has null in the place of the list",
        succeeding(LIST_CUSTOMERS, _null_behind_the_end),
        "CUSTOMER-LIST-20",
    ),
)
