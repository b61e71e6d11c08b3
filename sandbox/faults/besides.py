"""What shows only beside something else: a second name, another session, an earlier customer, a read by somebody."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace

from sandbox import policies, presentation, reading
from sandbox.behaviour import Call
from sandbox.changes import admitting, arriving, both, finishing, with_seams
from sandbox.faults.authentication import keyed_by
from sandbox.faults.builders import editing, failing, succeeding
from sandbox.faults.model import ANY, MUST, Fault, table
from sandbox.faults.together import overlapping
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    GET_CHECKOUT,
    GET_CUSTOMER,
    LIST_CUSTOMERS,
    SET_ACTIVE,
    SIGN_IN,
    Json,
    JsonObject,
    Reply,
    text,
)
from sandbox.store import Customer, Session


def _without_allow(path: str, call: Call, reply: Reply) -> Reply:
    if reply.status != 405 or not call.path.startswith(path):
        return reply
    return replace(reply, headers=tuple(pair for pair in reply.headers if pair[0].lower() != "allow"))


def _without_metadata(_: Call, reply: Reply) -> Reply:
    return replace(reply, body={**reply.body, "data": [{**row, "metadata": {}} for row in reply.body["data"]]})


def _any_beside_new(call: Call, customer: Customer, merchant_id: str) -> bool:
    return call.fields.get("customer") is not None or policies.same_merchant(call, customer, merchant_id)


def _same_amount(call: Call, reply: Reply) -> Reply:
    """A session is taken for one of before with the same amount, URLs and metadata."""
    if call.operation != CREATE_CHECKOUT or not reply.succeeded:
        return reply
    key = json.dumps([call.fields.get(name) for name in ("merchantId", "totalAmount", "successUrl", "metadata")])
    return replace(reply, body=call.memory.setdefault(f"session of {key}", reply.body))


def _kept_as_unknown(call: Call, reply: Reply) -> Reply:
    """What was not shown to one reader is shown to no other one."""
    if call.operation != GET_CUSTOMER:
        return reply
    unknown: dict[str, Reply] = call.memory.setdefault("unknown customers", {})
    if reply.status == 404:
        unknown[call.path] = reply
    return unknown.get(call.path, reply)


def _newest_customer(call: Call, session: JsonObject) -> None:
    if session.get("customerId") is None:
        newest = "SELECT id FROM customer WHERE merchant_id = ? ORDER BY rowid DESC LIMIT 1"
        session["customerId"] = call.store.execute(newest, (session["merchantId"],))[0][0]


def _over_the_older(call: Call) -> None:
    name, email = call.fields.get("name"), call.fields.get("email")
    update = "UPDATE customer SET name = ? WHERE merchant_id = ? AND email = ?"
    call.store.execute(update, (name, call.fields.get("merchantId"), email))


def _wrong_beside_right(call: Call, reply: Reply) -> Reply:
    """A wrong password signs in where another sign-in with the same e-mail has just arrived."""
    user = call.store.user_by_lookup(_email(call))
    if call.operation != SIGN_IN or reply.status != 401 or user is None or call.memory[_email(call)] < 2:
        return reply
    session = call.behaviour.open_session(call, user)
    shown = {"redirect": False, "token": session.token, "user": presentation.user(call, user)}
    return Reply(200, shown, call.behaviour.token_header(call, session))


def _email(call: Call) -> str:
    return text(call.fields.get("email")).lower()


def _count_arrivals(call: Call) -> None:
    """Count the sign-ins with one e-mail that have arrived while the operation was busy."""
    before = call.memory.get(_email(call), 0) if call.memory["overlaps"] else 0
    call.memory[_email(call)] = before + 1


def _known_to_the_user(call: Call) -> None:
    """A customer whom any organization of the user has is refused."""
    query = (
        "SELECT 1 FROM customer JOIN member ON member.organization_id = customer.merchant_id"
        " WHERE member.user_id = ? AND customer.email = ? LIMIT 1"
    )
    if call.store.execute(query, (call.caller.user_id, call.fields.get("email"))):
        call.refuse("same-customer")


def _named_twice(call: Call, organization_id: str) -> bool:
    return call.raw.count(b'"merchantId"') > 1 or policies.is_member(call, organization_id)


def _of_the_header(call: Call, reply: Reply) -> Reply:
    organization = call.headers.get("x-organization-id")
    if call.operation != CREATE_CUSTOMER or not reply.succeeded or organization is None:
        return reply
    call.store.execute("UPDATE customer SET merchant_id = ? WHERE id = ?", (organization, reply.body["id"]))
    return replace(reply, body={**reply.body, "merchantId": organization})


def _any_without_active(call: Call, customer: Customer, merchant_id: str) -> bool:
    return call.caller.active is None or policies.same_merchant(call, customer, merchant_id)


def _of_all_without_active(call: Call, reply: Reply) -> Reply:
    if call.operation != LIST_CUSTOMERS or call.session is None or call.caller.active is not None:
        return reply
    rows = call.store.execute("SELECT DISTINCT merchant_id FROM customer")
    found = [one for (name,) in rows for one in call.store.customers(name, 100, 0)[0]]
    return Reply(200, presentation.customers(call, found, len(found), 0, len(found)))


def _inactive_by_type(call: Call, reply: Reply) -> Reply:
    session = call.behaviour.find_session(call)
    if session is not None and not isinstance(call.fields.get("organizationId", ""), str):
        call.store.activate(session.token, None)
    return reply


def _named_latin_1(call: Call, reply: Reply) -> Reply:
    if call.operation != GET_CUSTOMER:
        return reply
    return replace(reply, media_type="application/json; charset=iso-8859-1")


def _with_detail(call: Call, reply: Reply) -> Reply:
    read = call.operation in (GET_CUSTOMER, GET_CHECKOUT)
    return replace(reply, body={"detail": "Not found."}) if read and reply.status == 404 else reply


def _with_raw_lines(call: Call) -> Json:
    try:
        return reading.parsed(call.raw)
    except ValueError:
        return reading.parsed(call.raw.replace(b"\n", b" "))


def _without_tags(password: str) -> str:
    return re.sub(r"<[^>]*>", "", password)


def _unsigned(call: Call) -> Session | None:
    """A web token without a signature is believed."""
    parts = (policies.bearer(call) or "").split(".")
    if len(parts) != 3 or parts[2]:
        return policies.find_session(call)
    claimed = json.loads(base64.urlsafe_b64decode(f"{parts[1]}==="))
    user = claimed.get("sub")
    rows = call.store.execute("SELECT token FROM session WHERE user_id = ? ORDER BY rowid DESC LIMIT 1", (user,))
    return call.store.session(rows[0][0]) if rows else None


def _open_by_slashes(call: Call) -> Reply | None:
    """A path that begins with two slashes passes by the guard of the reads."""
    if call.method != "GET" or not call.path.startswith("//"):
        return None
    name = call.path.rpartition("/")[2]
    customer, checkout = call.store.customer(name), call.store.checkout(name)
    if customer is not None:
        return Reply(200, presentation.customer(call, customer))
    return Reply(200, presentation.checkout(call, checkout)) if checkout is not None else None


FAULTS = table(
    "besides",
    *(
        Fault(
            f"{name}-read-405-without-allow",
            operation,
            MUST,
            f"a 405 to another method on a {name} names no method",
            finishing(lambda call, reply, path=path: _without_allow(path, call, reply)),  # type: ignore[misc]
            (requirement,),
        )
        for name, operation, path, requirement in (
            ("customer", GET_CUSTOMER, "/customers/", "CUSTOMER-READ-28"),
            ("checkout", GET_CHECKOUT, "/checkout/sessions/", "CHECKOUT-READ-28"),
        )
    ),
    Fault(
        "customers-listed-without-metadata",
        LIST_CUSTOMERS,
        MUST,
        "customers have empty metadata in the list",
        succeeding(LIST_CUSTOMERS, _without_metadata),
        ("CUSTOMER-LIST-29",),
    ),
    Fault(
        "checkout-foreign-customer-beside-new",
        CREATE_CHECKOUT,
        MUST,
        "customerId beside a new customer may be another merchant's",
        with_seams(may_attach=_any_beside_new, two_options=lambda _: None),
        ("CHECKOUT-BOTH-2",),
    ),
    Fault(
        "checkout-same-but-for-products",
        CREATE_CHECKOUT,
        MUST,
        "a session that differs from another in its products or customer alone is answered with that one",
        finishing(_same_amount),
        ("CHECKOUT-UNIQUE-5",),
    ),
    Fault(
        "customer-refused-read-kept",
        GET_CUSTOMER,
        MUST,
        "a customer whom another merchant asked for in vain is unknown from then on",
        finishing(_kept_as_unknown),
        ("CUSTOMER-STATE-54",),
    ),
    Fault(
        "checkout-none-reads-newest-customer",
        GET_CHECKOUT,
        MUST,
        "a session without a customer reads with the newest one",
        editing(GET_CHECKOUT, _newest_customer),
        ("CHECKOUT-STATE-54",),
    ),
    Fault(
        "customer-refused-overwrites-older",
        CREATE_CUSTOMER,
        MUST,
        "a customer whose e-mail is known is refused, and gives the older one its name",
        admitting(CREATE_CUSTOMER, _over_the_older),
        ("CUSTOMER-STATE-55",),
    ),
    Fault(
        "signin-wrong-beside-right-at-once",
        SIGN_IN,
        MUST,
        "a wrong password opens at the moment at which the right one does",
        overlapping(SIGN_IN, admitting(SIGN_IN, _count_arrivals), finishing(_wrong_beside_right)),
        ("SIGNIN-TOGETHER-51",),
    ),
    Fault(
        "customer-of-own-organizations-refused",
        CREATE_CUSTOMER,
        MUST,
        "a customer whom another organization of the user has is refused",
        admitting(CREATE_CUSTOMER, _known_to_the_user),
        ("CUSTOMER-TENANT-23",),
    ),
    Fault(
        "customer-merchant-named-twice",
        CREATE_CUSTOMER,
        MUST,
        "of two merchants in one body the one is checked and the other taken",
        with_seams(may_use=_named_twice),
        ("CUSTOMER-TENANT-40",),
    ),
    Fault(
        "customer-merchant-of-header",
        CREATE_CUSTOMER,
        MUST,
        "X-Organization-Id names the merchant of a customer, whoever's it is",
        finishing(_of_the_header),
        ("CUSTOMER-TENANT-40",),
    ),
    Fault(
        "checkout-any-customer-without-active",
        CREATE_CHECKOUT,
        MUST,
        "a session of a user without an active organization attaches any merchant's customer",
        both(with_seams(active_demanded=False), with_seams(may_attach=_any_without_active)),
        ("ACTIVE-TENANT-40",),
    ),
    Fault(
        "customers-of-all-without-active",
        LIST_CUSTOMERS,
        MUST,
        "without an active organization the list holds everybody's customers",
        finishing(_of_all_without_active),
        ("ACTIVE-TENANT-40",),
    ),
    Fault(
        "set-active-of-wrong-type-clears",
        SET_ACTIVE,
        MUST,
        "an id of another type is refused, and ends the active organization",
        failing(_inactive_by_type, SET_ACTIVE, 400),
        ("ACTIVE-STATE-21",),
    ),
    Fault(
        "customer-read-named-latin-1",
        GET_CUSTOMER,
        MUST,
        "the read of a customer announces iso-8859-1 and is UTF-8",
        finishing(_named_latin_1),
        ("API-HEADERS-51",),
    ),
    Fault(
        "reads-refused-with-detail",
        ANY,
        MUST,
        "an unknown customer or session is 404 with a `detail` alone",
        finishing(_with_detail),
        ("API-ERROR-3",),
    ),
    Fault(
        "any-json-with-raw-lines",
        ANY,
        MUST,
        "JSON with a raw line break in a text is accepted",
        with_seams(parse=_with_raw_lines),
        ("CHECKOUT-BODY-1",),
    ),
    Fault(
        "password-without-tags",
        SIGN_IN,
        MUST,
        "what stands in angle brackets does not count in a password",
        keyed_by(_without_tags),
        ("SIGNIN-AUTH-34",),
    ),
    Fault(
        "token-unsigned",
        ANY,
        MUST,
        "a web token with a user's id and without a signature opens a session",
        with_seams(find_session=_unsigned),
        ("CUSTOMER-AUTH-30",),
    ),
    Fault(
        "reads-open-by-slashes",
        ANY,
        MUST,
        "a path with two slashes in front shows customers and sessions without a token",
        arriving(_open_by_slashes),
        ("CHECKOUT-READ-22",),
    ),
)
