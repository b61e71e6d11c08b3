"""Slips of columns, libraries and pages: what is longer, emptier or of another kind than their authors thought of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qs

from sandbox import policies
from sandbox.behaviour import Call
from sandbox.changes import admitting, arriving, finishing, with_seams
from sandbox.faults.builders import (
    again_by,
    editing,
    failing,
    falling_over,
    message,
    receiving,
    refusal,
    sent_object,
    succeeding,
)
from sandbox.faults.http import parsing, up_to_its_end
from sandbox.faults.model import ANY, must, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    GET_CHECKOUT,
    GET_CUSTOMER,
    LIST_CUSTOMERS,
    SIGN_UP,
    Json,
    JsonObject,
    Reply,
    text,
)
from sandbox.store import Customer

_COLUMN: Final = 255
_BEYOND_16_BITS: Final = re.compile("[\U00010000-\U0010ffff]")
_SURROGATE_NAME: Final = re.compile(rb'\\ud800[^"]*"\s*:')
_WITHOUT_BLANK: Final = "application/json;charset=UTF-8"
_OF_64_BITS: Final = 2**63
_DEFAULT_PAGE: Final = 20
_LIMIT: Final = 102_400
_SHORTEST: Final = 8


def _texts(value: Json, change: Callable[[str], str]) -> Json:
    """Return JSON with each of its texts changed."""
    if isinstance(value, dict):
        return {name: _texts(inner, change) for name, inner in value.items()}
    if isinstance(value, list):
        return [_texts(inner, change) for inner in value]
    return change(value) if isinstance(value, str) else value


def _keys_cut(value: Json) -> Json:
    return {name[:40]: inner for name, inner in value.items()} if isinstance(value, dict) else value


def _taken_for_list(value: Json) -> Json:
    counts = isinstance(value, dict) and type(value.get("length")) is int
    return {} if counts else value


def _items(change: Callable[[JsonObject], JsonObject]) -> Callable[[Json], Json]:
    return lambda items: [change(item) if isinstance(item, dict) else item for item in items]


def _up_to_emoji(item: JsonObject) -> JsonObject:
    return {**item, "name": _BEYOND_16_BITS.split(text(item["name"]))[0]}


def _short_product(item: JsonObject) -> JsonObject:
    return {**item, "productId": item["productId"][:32]} if isinstance(item.get("productId"), str) else item


def _without_currency(fields: JsonObject) -> str:
    items = [{**item, "currency": None} for item in fields["lineItems"]]
    return json.dumps({**fields, "currency": None, "lineItems": items}, sort_keys=True)


def _long_email(call: Call) -> bool:
    email = sent_object(call).get("email")
    return isinstance(email, str) and _COLUMN < len(email) < 4 * _COLUMN


def _surrogate_in_name(call: Call) -> bool:
    return _SURROGATE_NAME.search(call.raw) is not None


def _many_pieces(call: Call) -> bool:
    items = sent_object(call).get("lineItems")
    numbers = [item.get("quantity") for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return any(isinstance(number, int | float) and number >= 2**31 for number in numbers)


def _beyond_64_bits(call: Call) -> bool:
    total = sent_object(call).get("totalAmount")
    return isinstance(total, int) and total >= _OF_64_BITS


def _beside_without_metadata(call: Call) -> bool:
    given = sent_object(call)
    new = given.get("customer")
    return given.get("customerId") is not None and isinstance(new, dict) and "metadata" not in new


def _large_to_a_page(call: Call) -> Reply | None:
    """The error page that the parser of a framework has for what is longer than its limit."""
    page = "<pre>PayloadTooLargeError: too large<br> &nbsp; &nbsp;at readStream (/app/raw-body.js:163:17)</pre>"
    large = call.operation == CREATE_CHECKOUT and len(call.raw) > _LIMIT
    return Reply(413, raw=page.encode(), media_type="text/html; charset=utf-8") if large else None


def _quoting_password(call: Call, reply: Reply) -> Reply:
    password = sent_object(call).get("password")
    if not isinstance(reply.body, dict) or not isinstance(password, str) or not 0 < len(password) < _SHORTEST:
        return reply
    return replace(reply, body={**reply.body, "message": f"The password {password} is too short"})


def _with_nul(call: Call) -> bool:
    return "\0" in call.path


def _late_page(call: Call) -> bool:
    offset = parse_qs(call.query).get("offset", ["0"])[0]
    return offset.isdigit() and int(offset) >= _OF_64_BITS


def _seems_whole(call: Call, reply: Reply) -> Reply:
    """Without a limit the first ones are shown as if they were all."""
    if "limit" in parse_qs(call.query) or not isinstance(reply.body, dict):
        return reply
    rows = reply.body["data"][:_DEFAULT_PAGE]
    pagination = {**reply.body["pagination"], "total": len(rows), "hasMore": False}
    return replace(reply, body={"data": rows, "pagination": pagination})


def _rounded(call: Call) -> Reply | None:
    """An offset is made the number of a page, and back."""
    asked = parse_qs(call.query)
    if call.operation == LIST_CUSTOMERS and {"limit", "offset"} <= set(asked):
        limit, offset = asked["limit"][0], asked["offset"][0]
        if limit.isdigit() and offset.isdigit() and int(limit):
            call.memory["offset"] = int(offset)
            call.query = f"limit={limit}&offset={int(offset) // int(limit) * int(limit)}"
    return None


def _tells_offset(call: Call, reply: Reply) -> Reply:
    asked = call.memory.pop("offset", None)
    if asked is None or not isinstance(reply.body, dict):
        return reply
    return replace(reply, body={**reply.body, "pagination": {**reply.body["pagination"], "offset": asked}})


def _refuse_without_blank(call: Call) -> Reply | None:
    if call.method == "POST" and call.headers.get("content-type") == _WITHOUT_BLANK:
        return call.behaviour.write_problem(call, call.behaviour.refusals["media-type"])
    return None


def _null_for_none(call: Call) -> Reply | None:
    given = sent_object(call)
    if call.operation == CREATE_CHECKOUT and given.get("cancelUrl", "") is None:
        call.raw = json.dumps({**given, "cancelUrl": "https://shop.example.com/none"}).encode()
    return None


def _detached_beside_null(call: Call) -> None:
    if "customer" in call.fields and call.fields["customer"] is None:
        call.body = {name: value for name, value in call.fields.items() if name != "customerId"}


def _oldest_of_its_phone(call: Call, merchant_id: str) -> Customer | None:
    customer = policies.attach_existing(call, merchant_id)
    rows = call.store.execute(
        "SELECT id FROM customer WHERE merchant_id = ? AND phone = ? ORDER BY created LIMIT 1",
        (merchant_id, customer.phone if customer else None),
    )
    return call.store.customer(rows[0][0]) if rows else customer


def _left_by_currency(call: Call, reply: Reply) -> Reply:
    """A session that is refused for its currency has made its new customer."""
    given = sent_object(call) if call.operation == CREATE_CHECKOUT and reply.status == 400 else {}
    wrong = isinstance(given.get("currency"), str) and re.fullmatch("[A-Z]{3}", given["currency"]) is None
    if wrong and call.session is not None and call.session.active and isinstance(given.get("customer"), dict):
        policies.new_customer(call, call.session.active, given["customer"])
    return reply


def _of_the_year_one(call: Call, customer: JsonObject) -> None:
    """Of whom a session brought along, nobody has noted the time."""
    rows = call.store.execute("SELECT min(created) FROM checkout WHERE customer_id = ?", (customer["id"],))
    known = call.store.customer(customer["id"])
    if rows[0][0] is not None and known is not None and rows[0][0] - known.created < 0.005:
        customer["createdAt"] = customer["updatedAt"] = "0001-01-01T00:00:00Z"


def _urls_cut(_: Call, session: JsonObject) -> None:
    for name in ("successUrl", "cancelUrl"):
        session[name] = text(session[name])[:_COLUMN]


FAULTS = table(
    "shipped",
    must(
        "media-type-without-blank-refused",
        ANY,
        "a media type with a charset and no blank before it is refused",
        arriving(_refuse_without_blank),
        "SIGNIN-PROTOCOL-3",
        "ACTIVE-PROTOCOL-3",
        "CHECKOUT-PROTOCOL-3",
    ),
    must(
        "organization-trailing-overlooked",
        CREATE_ORGANIZATION,
        "what follows the end of the JSON is overlooked",
        parsing(CREATE_ORGANIZATION, up_to_its_end),
        "ORG-BODY-1",
    ),
    must(
        "organization-taken-slug-tells-mysql",
        CREATE_ORGANIZATION,
        "the refusal of a taken slug is the database's own",
        refusal("slug-taken", message("Duplicate entry 'my-shop' for key 'organization.uq_organization_slug'")),
        "ORG-ERROR-4",
    ),
    must(
        "checkout-unknown-customer-tells-source",
        CREATE_CHECKOUT,
        "the refusal of an unknown customer tells the line of source code",
        refusal("unknown-customer", message("Customer not found. Location: src/routes/checkout.rs:118:37")),
        "CHECKOUT-ERROR-4",
    ),
    must(
        "signup-short-password-quoted",
        SIGN_UP,
        "the refusal of a short password quotes it",
        failing(_quoting_password, SIGN_UP, 400),
        "SIGNUP-LEAK-1",
    ),
    must(
        "signup-long-email-500",
        SIGN_UP,
        "a sign-up falls over an e-mail of more than 255 characters",
        falling_over(SIGN_UP, _long_email),
        "SIGNUP-HOSTILE-1",
    ),
    must(
        "customer-long-email-500",
        CREATE_CUSTOMER,
        "a customer falls over an e-mail of more than 255 characters",
        falling_over(CREATE_CUSTOMER, _long_email),
        "CUSTOMER-HOSTILE-1",
    ),
    must(
        "checkout-quantity-of-32-bits-500",
        CREATE_CHECKOUT,
        "a session falls over a quantity of more than 31 bits",
        falling_over(CREATE_CHECKOUT, _many_pieces),
        "CHECKOUT-HOSTILE-1",
    ),
    must(
        "checkout-total-of-64-bits-500",
        CREATE_CHECKOUT,
        "a session falls over a total of more than 63 bits",
        falling_over(CREATE_CHECKOUT, _beyond_64_bits),
        "CHECKOUT-HOSTILE-1",
    ),
    must(
        "checkout-both-without-metadata-500",
        CREATE_CHECKOUT,
        "a session falls over a new customer without metadata beside an existing one",
        falling_over(CREATE_CHECKOUT, _beside_without_metadata),
        "CHECKOUT-BOTH-1",
    ),
    must(
        "checkout-large-413-trace",
        CREATE_CHECKOUT,
        "a session of more than 100 kB is refused with a page that shows a trace",
        arriving(_large_to_a_page),
        "CHECKOUT-ERROR-4",
    ),
    must(
        "customer-surrogate-in-name-500",
        CREATE_CUSTOMER,
        "a customer falls over a lone surrogate in a name of its metadata",
        falling_over(CREATE_CUSTOMER, _surrogate_in_name),
        "CUSTOMER-HOSTILE-1",
    ),
    must(
        "customer-read-nul-500",
        GET_CUSTOMER,
        "the read of a customer falls over an id with NUL",
        falling_over(GET_CUSTOMER, _with_nul),
        "CUSTOMER-READ-24",
    ),
    must(
        "checkout-read-nul-500",
        GET_CHECKOUT,
        "the read of a checkout session falls over an id with NUL",
        falling_over(GET_CHECKOUT, _with_nul),
        "CHECKOUT-READ-24",
    ),
    must(
        "list-late-page-500",
        LIST_CUSTOMERS,
        "the list falls over an offset of more than 63 bits",
        falling_over(LIST_CUSTOMERS, _late_page),
        "CUSTOMER-LIST-27",
    ),
    must(
        "list-default-page-seems-whole",
        LIST_CUSTOMERS,
        "the list without a limit shows the first twenty as if they were all",
        succeeding(LIST_CUSTOMERS, _seems_whole),
        "CUSTOMER-LIST-21",
    ),
    must(
        "list-offset-rounded",
        LIST_CUSTOMERS,
        "a page begins at a multiple of its limit, whatever its offset says",
        lambda behaviour: succeeding(LIST_CUSTOMERS, _tells_offset)(arriving(_rounded)(behaviour)),
        "CUSTOMER-LIST-24",
    ),
    must(
        "customer-named-null-nameless",
        CREATE_CUSTOMER,
        "a customer with the name Null has none",
        receiving(CREATE_CUSTOMER, "name", lambda name: None if text(name).lower() == "null" else name),
        "CUSTOMER-ECHO-3",
    ),
    must(
        "customer-metadata-cut-at-4000",
        CREATE_CUSTOMER,
        "texts in metadata are cut after 4,000 characters",
        receiving(CREATE_CUSTOMER, "metadata", lambda value: _texts(value, lambda words: words[:4_000])),
        "CUSTOMER-ECHO-5",
    ),
    must(
        "customer-metadata-keys-cut",
        CREATE_CUSTOMER,
        "names in metadata are cut after 40 characters",
        receiving(CREATE_CUSTOMER, "metadata", _keys_cut),
        "CUSTOMER-ECHO-5",
    ),
    must(
        "customer-metadata-with-length-emptied",
        CREATE_CUSTOMER,
        "metadata that have a whole number as `length` are taken for a list, and emptied",
        receiving(CREATE_CUSTOMER, "metadata", _taken_for_list),
        "CUSTOMER-ECHO-5",
    ),
    must(
        "customer-metadata-emoji-lost",
        CREATE_CUSTOMER,
        "characters beyond 16 bits in metadata become question marks",
        receiving(
            CREATE_CUSTOMER, "metadata", lambda value: _texts(value, lambda words: _BEYOND_16_BITS.sub("?", words))
        ),
        "CUSTOMER-ECHO-5",
    ),
    must(
        "checkout-item-name-up-to-emoji",
        CREATE_CHECKOUT,
        "the name of a line item ends before its first emoji",
        receiving(CREATE_CHECKOUT, "lineItems", _items(_up_to_emoji)),
        "CHECKOUT-ECHO-8",
    ),
    must(
        "checkout-item-name-cut-at-255",
        CREATE_CHECKOUT,
        "the name of a line item is cut after 255 characters",
        receiving(CREATE_CHECKOUT, "lineItems", _items(lambda item: {**item, "name": text(item["name"])[:_COLUMN]})),
        "CHECKOUT-ECHO-8",
    ),
    must(
        "checkout-product-id-cut-at-32",
        CREATE_CHECKOUT,
        "the productId of a line item is cut after 32 characters",
        receiving(CREATE_CHECKOUT, "lineItems", _items(_short_product)),
        "CHECKOUT-ECHO-8",
    ),
    must(
        "checkout-read-urls-cut-at-255",
        GET_CHECKOUT,
        "a session reads with URLs that are cut after 255 characters",
        editing(GET_CHECKOUT, _urls_cut),
        "CHECKOUT-READ-40",
    ),
    must(
        "customer-of-session-of-the-year-one",
        GET_CUSTOMER,
        "a customer who came with a session reads as created in the year 1",
        editing(GET_CUSTOMER, _of_the_year_one),
        "CHECKOUT-INLINE-6",
    ),
    must(
        "checkout-same-but-for-currency",
        CREATE_CHECKOUT,
        "a session that differs from another in its currency alone is answered with that one",
        again_by(_without_currency),
        "CHECKOUT-UNIQUE-5",
    ),
    must(
        "checkout-existing-beside-null-detached",
        CREATE_CHECKOUT,
        "a customerId beside a customer that is null is overlooked",
        admitting(CREATE_CHECKOUT, _detached_beside_null),
        "CHECKOUT-BOTH-1",
    ),
    must(
        "checkout-existing-merged-by-phone",
        CREATE_CHECKOUT,
        "a session is attached to the oldest customer with the phone number of the one who was named",
        with_seams(existing=_oldest_of_its_phone),
        "CHECKOUT-EXISTING-3",
    ),
    must(
        "checkout-null-cancel-url-accepted",
        CREATE_CHECKOUT,
        "a cancelUrl that is null is accepted",
        arriving(_null_for_none),
        "CHECKOUT-VALID-2",
    ),
    must(
        "checkout-refused-currency-leaves-customer",
        CREATE_CHECKOUT,
        "a session that is refused for its currency leaves its new customer",
        finishing(_left_by_currency),
        "CHECKOUT-STATE-52",
    ),
)
