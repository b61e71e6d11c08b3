"""What refusals leave, and what is looked at, kept or told in part alone."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from dataclasses import replace
from urllib.parse import unquote

from sandbox import presentation, writing
from sandbox.behaviour import Call
from sandbox.changes import arriving, both, finishing
from sandbox.faults.builders import again_by, editing, failing, receiving, sent_object, succeeding
from sandbox.faults.model import ANY, must, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_ORGANIZATION,
    LIST_CUSTOMERS,
    SET_ACTIVE,
    SIGN_IN,
    Json,
    JsonObject,
    Reply,
    text,
)

_TRACE = "SyntaxError: Unexpected token at parse (/srv/app/node_modules/parser/lib/json.js:92:19)"


def _trace_in_header(call: Call, reply: Reply) -> Reply:
    if call.raw and not sent_object(call):
        return replace(reply, headers=(*reply.headers, ("x-error", _TRACE)))
    return reply


def _hash_in_cookie(call: Call, reply: Reply) -> Reply:
    """Set a cookie that has the user's row in base64, as a cache of sessions does."""
    rows = call.store.execute("SELECT password FROM user WHERE id = ?", (reply.body["user"]["id"],))
    told = json.dumps({"user": {**reply.body["user"], "credential": f"$2b$10${rows[0][0]}"}})
    value = base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")
    return replace(reply, headers=(*reply.headers, ("set-cookie", f"sandbox.session_data={value}; HttpOnly")))


def _remember_refused(call: Call, reply: Reply) -> Reply:
    if call.session is not None:
        call.memory[f"refused to {call.caller.token}"] = call.fields.get("organizationId")
    return reply


def _list_of_refused(call: Call, reply: Reply) -> Reply:
    """The list shows the organization that was asked for last, though it was refused."""
    if call.operation != LIST_CUSTOMERS or call.session is None:
        return reply
    asked = call.memory.get(f"refused to {call.caller.token}")
    if asked is None:
        return reply
    rows, total = call.store.customers(str(asked), 20, 0)
    return Reply(200, presentation.customers(call, rows, 20, 0, total))


def _mark_foreign(call: Call, reply: Reply) -> Reply:
    """Who was named for a session that is refused has a note of it in the metadata."""
    if call.operation != CREATE_CHECKOUT or reply.status < 400:
        return reply
    customer = call.store.customer(str(sent_object(call).get("customerId")))
    if customer is None or not isinstance(customer.metadata, dict):
        return reply
    if call.session is None or customer.merchant_id != call.session.active:
        marked = json.dumps({**customer.metadata, "lastAttempt": "refused"})
        call.store.execute("UPDATE customer SET metadata = ? WHERE id = ?", (marked, customer.id))
    return reply


def _but_for_later_items(body: JsonObject) -> str:
    kept = {**body, "lineItems": [body["lineItems"][:1], len(body["lineItems"])]}
    return json.dumps(kept, sort_keys=True)


def _sum_where_free(_: Call, session: JsonObject) -> None:
    if session["totalAmount"] == 0:
        items = [item for item in session["lineItems"] or [] if isinstance(item, dict)]
        session["totalAmount"] = sum(item.get("quantity", 0) * item.get("amount", 0) for item in items)


def _whole_quantities(call: Call) -> Reply | None:
    """Of a quantity, what stands behind the point is cut off before it is looked at."""
    given = sent_object(call) if call.operation == CREATE_CHECKOUT else {}
    items = given.get("lineItems")
    if isinstance(items, list) and any(map(_has_fraction, items)):
        whole = [{**item, "quantity": int(item["quantity"])} if _has_fraction(item) else item for item in items]
        call.raw = writing.as_json({**given, "lineItems": whole})
    return None


def _has_fraction(item: Json) -> bool:
    quantity = item.get("quantity") if isinstance(item, dict) else None
    return isinstance(quantity, float) and math.isfinite(quantity)


def _slug_in_small(_: Call, organization: JsonObject) -> None:
    organization["slug"] = organization["slug"].lower()


def _row_in_header(call: Call, reply: Reply) -> Reply:
    row = {"id": "1", "password": hashlib.sha256(text(call.fields.get("password")).encode()).hexdigest()}
    return replace(reply, headers=(*reply.headers, ("x-user-context", json.dumps(row))))


FAULTS = table(
    "left over",
    must(
        "malformed-json-trace-in-header",
        ANY,
        "the refusal of malformed JSON has a stack trace in a header",
        failing(_trace_in_header, status=400),
        "SIGNUP-LEAK-22",
        "CHECKOUT-LEAK-22",
    ),
    must(
        "signin-user-in-header",
        SIGN_IN,
        "a header has the whole row of the user, with the hash of the password",
        succeeding(SIGN_IN, _row_in_header),
        "SIGNIN-LEAK-2",
    ),
    must(
        "signin-hash-in-cookie",
        SIGN_IN,
        "a cookie has the hash of the password in base64",
        succeeding(SIGN_IN, _hash_in_cookie),
        "SIGNIN-LEAK-2",
    ),
    must(
        "signin-password-percent-decoded",
        SIGN_IN,
        "sign-in reads percent signs in a password as a URL has them",
        receiving(SIGN_IN, "password", lambda value: unquote(value) if isinstance(value, str) else value),
        "SIGNIN-STATUS-1",
    ),
    must(
        "set-active-refused-opens-list",
        SET_ACTIVE,
        "an activation is refused, and the list of customers is that organization's from then on",
        both(failing(_remember_refused, SET_ACTIVE, 403), finishing(_list_of_refused)),
        "ACTIVE-TENANT-2",
    ),
    must(
        "checkout-refused-marks-foreign-customer",
        CREATE_CHECKOUT,
        "a session for another merchant's customer is refused, and the customer's metadata have a note of it",
        finishing(_mark_foreign),
        "CUSTOMER-STATE-57",
    ),
    must(
        "checkout-same-but-for-later-items",
        CREATE_CHECKOUT,
        "a session that differs from another in its second line item alone is answered with that one",
        again_by(_but_for_later_items),
        "CHECKOUT-UNIQUE-5",
    ),
    must(
        "checkout-free-costs-the-sum",
        CREATE_CHECKOUT,
        "a total of nothing is the sum of the line items",
        editing(CREATE_CHECKOUT, _sum_where_free),
        "CHECKOUT-ECHO-1",
    ),
    must(
        "checkout-quantity-cut",
        CREATE_CHECKOUT,
        "a quantity with a fraction is accepted, and cut",
        arriving(_whole_quantities),
        "CHECKOUT-ECHO-8",
    ),
    must(
        "organization-slug-in-small",
        CREATE_ORGANIZATION,
        "the capitals of a slug are written small",
        editing(CREATE_ORGANIZATION, _slug_in_small),
        "ORG-ECHO-2",
    ),
)
