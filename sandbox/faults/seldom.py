"""Slips that show in what clients seldom send: options in null and in part, two merchants, another hand."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, Final

from sandbox import identity, policies, reading
from sandbox.behaviour import Call, Change
from sandbox.changes import admitting, arriving, both, finishing, with_seams
from sandbox.faults.builders import (
    again_by,
    editing,
    falling_over,
    not_required,
    receiving,
    sent_object,
    succeeding,
    without_rule,
)
from sandbox.faults.model import must, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    SIGN_IN,
    SIGN_UP,
    Json,
    JsonObject,
    Reply,
    text,
)
from sandbox.store import Customer

_TAG: Final = re.compile(r"<[^>]*>")
_EMOJI: Final = re.compile("[\U00010000-\U0010ffff]")
_ESCAPED_PAIR: Final = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_LONGEST: Final = 128


def _session_for_header(call: Call, reply: Reply) -> Reply:
    named = call.headers.get("x-organization-id")
    if named is not None:
        call.store.execute("UPDATE checkout SET merchant_id = ? WHERE id = ?", (named, reply.body["id"]))
        reply.body["merchantId"] = named
    return reply


def _last_of_two(call: Call) -> Reply | None:
    """Check the first merchant that a session names, and take the last."""
    if call.operation != CREATE_CHECKOUT or call.raw.count(b'"merchantId"') < 2:
        return None
    try:
        pairs = json.loads(call.raw, object_pairs_hook=list)
    except ValueError:
        return None
    named = [value for name, value in pairs if name == "merchantId"]
    if len(named) == 2:
        call.raw = json.dumps({**reading.parsed(call.raw), "merchantId": named[0]}).encode()
        call.memory["noted as merchantId"] = named[1]
    return None


def _answering_with_noted(name: str) -> Change:
    """Answer with what a look at the request has noted for a field of the response."""

    def finish(call: Call, reply: Reply) -> Reply:
        noted = call.memory.pop(f"noted as {name}", None)
        if noted is not None and reply.succeeded and isinstance(reply.body, dict):
            reply.body[name] = noted
        return reply

    return finishing(finish)


def _own_other(call: Call, customer: Customer, merchant_id: str) -> bool:
    """Without a named merchant, a session takes a customer of any organization of the user's."""
    own = "merchantId" not in call.fields and policies.is_member(call, customer.merchant_id)
    return own or policies.same_merchant(call, customer, merchant_id)


def _inline_in_first(call: Call, merchant_id: str) -> Customer | None:
    """Without a named merchant, a new customer goes to the first organization of the user's."""
    query = "SELECT organization_id FROM member WHERE user_id = ? ORDER BY rowid LIMIT 1"
    rows = [] if "merchantId" in call.fields else call.store.execute(query, (call.caller.user_id,))
    return policies.attach_inline(call, rows[0][0] if rows else merchant_id)


def _first_of_table(operation: str) -> Any:
    """A session without an active organization has that of the first row of the table."""

    def act(call: Call) -> None:
        if call.caller.active is None and not call.fields.get("merchantId"):
            rows = call.store.execute("SELECT id FROM organization ORDER BY rowid LIMIT 1")
            call.session = replace(call.caller, active=rows[0][0])
            call.memory["first of the table"] = rows[0][0]

    return both(
        admitting(operation, act),
        with_seams(
            may_use=lambda call, named: (
                named == call.memory.get("first of the table") or policies.is_member(call, named)
            )
        ),
    )


def _empty_customer(call: Call) -> None:
    if "customer" in call.fields and call.fields["customer"] is None and call.fields.get("customerId") is None:
        call.body = {**call.fields, "customer": {"name": "Unknown"}}


def _null_drops_inline(call: Call) -> None:
    if "customerId" in call.fields and call.fields["customerId"] is None:
        call.body = {name: value for name, value in call.fields.items() if name != "customer"}


def _without_phone_overlooked(call: Call) -> None:
    customer = call.fields.get("customer")
    if isinstance(customer, dict) and "phoneNumber" not in customer:
        call.body = {name: value for name, value in call.fields.items() if name != "customer"}


def _text_is_id(call: Call) -> Reply | None:
    given = sent_object(call) if call.operation == CREATE_CHECKOUT else {}
    if isinstance(given.get("customer"), str) and call.store.customer(given["customer"]) is not None:
        inner = {name: value for name, value in given.items() if name != "customer"}
        call.memory["noted as customerId"] = given["customer"]
        call.raw = json.dumps(inner).encode()
    return None


def _of_last_session(call: Call) -> Reply | None:
    """A missing currency is that of the last session of the customer who is named."""
    given = sent_object(call) if call.operation == CREATE_CHECKOUT else {}
    if "currency" not in given and isinstance(given.get("customerId"), str):
        query = "SELECT detail FROM checkout WHERE customer_id = ? ORDER BY created DESC LIMIT 1"
        rows = call.store.execute(query, (given["customerId"],))
        if rows:
            call.raw = json.dumps({**given, "currency": json.loads(rows[0][0])["currency"]}).encode()
    return None


def _item_made_up(call: Call) -> Reply | None:
    given = sent_object(call) if call.operation == CREATE_CHECKOUT else {}
    if "lineItems" not in given and isinstance(given.get("customer"), dict):
        item = {"name": "Payment", "quantity": 1, "amount": given.get("totalAmount"), "currency": given.get("currency")}
        call.raw = json.dumps({**given, "lineItems": [item]}).encode()
    return None


def _list_is_object(call: Call) -> Reply | None:
    given = sent_object(call) if call.operation == CREATE_CHECKOUT else {}
    if given.get("customer") == []:
        call.raw = json.dumps({**given, "customer": {"name": "Unknown", "metadata": {}}}).encode()
    return None


def _second_customer(call: Call, reply: Reply) -> Reply:
    """The same request with a new customer is answered with its session, and with another customer."""
    if not isinstance(call.fields.get("customer"), dict) or not isinstance(reply.body, dict):
        return reply
    kept: dict[bytes, Reply] = call.memory.setdefault("sessions with a new customer", {})
    first = kept.setdefault(call.raw, reply)
    if first is reply:
        return reply
    return replace(
        first, body={**first.body, "customerId": reply.body["customerId"], "customer": reply.body["customer"]}
    )


def _without_cancel_url(fields: JsonObject) -> str:
    return json.dumps({**fields, "cancelUrl": None}, sort_keys=True)


def _left_by_url(call: Call, reply: Reply) -> Reply:
    given = sent_object(call) if call.operation == CREATE_CHECKOUT and reply.status == 400 else {}
    is_wrong = "successUrl" in given and not isinstance(given["successUrl"], str)
    if is_wrong and call.session is not None and call.session.active and isinstance(given.get("customer"), dict):
        policies.new_customer(call, call.session.active, given["customer"])
    return reply


def _taken_by_refused(call: Call, reply: Reply) -> Reply:
    """A sign-up that was refused for its image has made the account."""
    given = sent_object(call) if call.operation == SIGN_UP and reply.status == 400 else {}
    if "image" in given and isinstance(given.get("email"), str):
        call.memory.setdefault("taken by refused", set()).add(given["email"].lower())
    return reply


def _is_taken_by_refused(call: Call) -> None:
    if text(call.fields.get("email")).lower() in call.memory.get("taken by refused", ()):
        call.refuse("email-taken")


def _refused_but_kept(call: Call, reply: Reply) -> Reply:
    """A sign-up whose name has an emoji is refused once the account is there."""
    if _EMOJI.search(text(call.fields.get("name"))):
        return call.behaviour.write_problem(call, call.behaviour.refusals["invalid"])
    return reply


def _texts_inside(value: Json) -> Json:
    inner = value.get("metadata") if isinstance(value, dict) else None
    if not isinstance(inner, dict) or not isinstance(value, dict):
        return value
    flat = {name: str(one) if isinstance(one, dict | list) else one for name, one in inner.items()}
    return {**value, "metadata": flat}


def _without_tags(items: Json) -> Json:
    return [{**item, "name": _TAG.sub("", text(item["name"]))} for item in items]


def _ends_with_brace(call: Call) -> Reply | None:
    is_meant = call.method == "POST" and call.raw[:1] == b"{" and call.raw.endswith(b"\n")
    return call.behaviour.write_problem(call, call.behaviour.refusals["malformed"]) if is_meant else None


def _unread(call: Call, reply: Reply) -> Reply:
    """What was refused in chunks is left on its connection, where it garbles what comes next."""
    if reply.status == 401 and call.headers.get("transfer-encoding") == "chunked":
        call.memory.setdefault("garbled", set()).add(call.client)
    return reply


def _garbled(call: Call) -> Reply | None:
    garbled = call.memory.get("garbled", set())
    if call.client not in garbled:
        return None
    garbled.discard(call.client)
    return call.behaviour.write_problem(call, call.behaviour.refusals["malformed"])


def _known_first(call: Call) -> Reply | None:
    """A sign-in looks the e-mail up before it misses a password."""
    given = sent_object(call) if call.operation == SIGN_IN else {}
    email = given.get("email")
    if "password" in given or not isinstance(email, str) or call.store.user_by_lookup(email.lower()) is not None:
        return None
    return call.behaviour.write_problem(call, call.behaviour.refusals["unknown-email"])


def _any_characters(call: Call) -> None:
    """Each underscore of a password stands for any character."""
    given = text(call.fields.get("password"))
    known = call.memory.get("password of", {}).get(text(call.fields.get("email")).lower())
    if known is not None and given and set(given) == {"_"} and len(given) == len(known):
        call.body = {**call.fields, "password": known}


def _noted(call: Call) -> None:
    known: dict[str, str] = call.memory.setdefault("password of", {})
    known.setdefault(text(call.fields.get("email")).lower(), text(call.fields.get("password")))


def _cut_at_128(key: str) -> str:
    return identity.password_key(key)[:_LONGEST]


def _one_claim_taken(call: Call) -> Reply | None:
    """Refuse a request that names an id or a time of its own, and take a status."""
    given = sent_object(call) if call.operation == CREATE_CHECKOUT else {}
    if {"id", "createdAt", "sessionUrl"} & set(given):
        return call.behaviour.write_problem(call, call.behaviour.refusals["invalid"])
    return None


def _status_of_client(call: Call, session: JsonObject) -> None:
    session["status"] = call.fields.get("status", session["status"])


def _without_pairs(call: Call) -> Reply | None:
    """Escapes of characters beyond 16 bits are read one by one."""
    if call.operation == CREATE_CUSTOMER:
        call.raw = _ESCAPED_PAIR.sub(rb"\\ufffd\\ufffd", call.raw)
    return None


def _host_of_client(call: Call, session: JsonObject) -> None:
    claimed = call.fields.get("sessionUrl")
    if isinstance(claimed, str) and claimed.startswith("https://"):
        session["sessionUrl"] = f"https://{claimed.split('/')[2]}/pay/{session['id']}"


def _lacks_metadata(call: Call) -> bool:
    given = sent_object(call)
    return "name" in given and "metadata" not in given


def _no_pieces(call: Call) -> bool:
    items = sent_object(call).get("lineItems")
    return isinstance(items, list) and any(isinstance(item, dict) and item.get("quantity") == 0 for item in items)


def _no_items(call: Call) -> bool:
    return sent_object(call).get("lineItems", "") is None


def _slug_in_list(call: Call) -> Reply | None:
    given = sent_object(call) if call.operation == CREATE_ORGANIZATION else {}
    if isinstance(given.get("slug"), list) and len(given["slug"]) == 1:
        call.raw = json.dumps({**given, "slug": given["slug"][0]}).encode()
    return None


FAULTS = table(
    "seldom",
    must(
        "checkout-merchant-of-header",
        CREATE_CHECKOUT,
        "a header names the merchant of a session, unchecked",
        succeeding(CREATE_CHECKOUT, _session_for_header),
        "CHECKOUT-TENANT-40",
    ),
    must(
        "checkout-merchant-named-twice",
        CREATE_CHECKOUT,
        "of two merchants that a session names, the first is checked and the last taken",
        both(arriving(_last_of_two), _answering_with_noted("merchantId")),
        "CHECKOUT-TENANT-40",
    ),
    must(
        "checkout-default-takes-own-other",
        CREATE_CHECKOUT,
        "a session without a named merchant takes a customer of any organization of the user's",
        both(not_required(CREATE_CHECKOUT, "merchantId"), with_seams(may_attach=_own_other)),
        "CHECKOUT-TENANT-20",
    ),
    must(
        "checkout-default-inline-in-first",
        CREATE_CHECKOUT,
        "the new customer of a session without a named merchant goes to the user's first organization",
        both(not_required(CREATE_CHECKOUT, "merchantId"), with_seams(inline=_inline_in_first)),
        "CHECKOUT-TENANT-23",
    ),
    must(
        "customer-unscoped-for-first",
        CREATE_CUSTOMER,
        "a customer of a session without an active organization goes to the first of the table",
        _first_of_table(CREATE_CUSTOMER),
        "ACTIVE-TENANT-40",
    ),
    must(
        "checkout-unscoped-for-first",
        CREATE_CHECKOUT,
        "a checkout session without an active organization is one of the first of the table",
        both(not_required(CREATE_CHECKOUT, "merchantId"), _first_of_table(CREATE_CHECKOUT)),
        "ACTIVE-TENANT-40",
    ),
    must(
        "checkout-null-customer-made",
        CREATE_CHECKOUT,
        "a customer that is null is made and attached",
        admitting(CREATE_CHECKOUT, _empty_customer),
        "CHECKOUT-NONE-2",
    ),
    must(
        "checkout-null-id-drops-inline",
        CREATE_CHECKOUT,
        "a new customer beside a customerId that is null is overlooked",
        admitting(CREATE_CHECKOUT, _null_drops_inline),
        "CHECKOUT-INLINE-1",
    ),
    must(
        "checkout-inline-without-phone-overlooked",
        CREATE_CHECKOUT,
        "a new customer without a phone number is overlooked",
        admitting(CREATE_CHECKOUT, _without_phone_overlooked),
        "CHECKOUT-INLINE-1",
    ),
    must(
        "checkout-customer-text-attached",
        CREATE_CHECKOUT,
        "a text as `customer` attaches whom it names, whoever's",
        both(arriving(_text_is_id), _answering_with_noted("customerId")),
        "CHECKOUT-TENANT-3",
    ),
    must(
        "checkout-currency-of-last-session",
        CREATE_CHECKOUT,
        "a missing currency is that of the customer's last session",
        arriving(_of_last_session),
        "CHECKOUT-VALID-1",
    ),
    must(
        "checkout-inline-without-items",
        CREATE_CHECKOUT,
        "a session with a new customer needs no line items",
        arriving(_item_made_up),
        "CHECKOUT-VALID-1",
    ),
    must(
        "checkout-inline-empty-list",
        CREATE_CHECKOUT,
        "an empty list is taken for a new customer",
        arriving(_list_is_object),
        "CHECKOUT-VALID-42",
    ),
    must(
        "checkout-repeat-with-second-customer",
        CREATE_CHECKOUT,
        "the same request with a new customer gets the session of the first, and another customer",
        succeeding(CREATE_CHECKOUT, _second_customer),
        "CHECKOUT-UNIQUE-3",
    ),
    must(
        "checkout-same-but-for-cancel-url",
        CREATE_CHECKOUT,
        "a session that differs from another in its cancelUrl alone is answered with that one",
        again_by(_without_cancel_url),
        "CHECKOUT-UNIQUE-5",
    ),
    must(
        "checkout-refused-url-leaves-customer",
        CREATE_CHECKOUT,
        "a session that is refused for its successUrl leaves its new customer",
        finishing(_left_by_url),
        "CHECKOUT-STATE-52",
    ),
    must(
        "signup-refused-image-takes-email",
        SIGN_UP,
        "a sign-up that is refused for its image has taken the e-mail",
        both(finishing(_taken_by_refused), admitting(SIGN_UP, _is_taken_by_refused)),
        "SIGNUP-UNIQUE-6",
    ),
    must(
        "signup-refused-emoji-kept",
        SIGN_UP,
        "a sign-up that is refused for an emoji in its name has made the account",
        succeeding(SIGN_UP, _refused_but_kept),
        "SIGNUP-UNIQUE-6",
    ),
    must(
        "checkout-inline-nested-as-text",
        CREATE_CHECKOUT,
        "nested metadata of a new customer become texts",
        receiving(CREATE_CHECKOUT, "customer", _texts_inside),
        "CHECKOUT-INLINE-42",
    ),
    must(
        "checkout-item-tags-stripped",
        CREATE_CHECKOUT,
        "markup is cut out of the names of line items",
        receiving(CREATE_CHECKOUT, "lineItems", _without_tags),
        "CHECKOUT-ECHO-8",
    ),
    must(
        "json-ends-with-brace",
        CREATE_CUSTOMER,
        "a line break after the JSON of a body is malformed",
        arriving(_ends_with_brace),
        *(f"{short}-PROTOCOL-5" for short in ("SIGNUP", "SIGNIN", "ORG", "ACTIVE", "CUSTOMER", "CHECKOUT")),
    ),
    must(
        "refused-chunks-unread",
        CREATE_CUSTOMER,
        "a body in chunks that is refused garbles the next request",
        both(arriving(_garbled), finishing(_unread)),
        "CUSTOMER-PROTOCOL-4",
    ),
    must(
        "signin-unknown-before-missing",
        SIGN_IN,
        "an unknown e-mail without a password is a 401",
        arriving(_known_first),
        "SIGNIN-VALID-1",
    ),
    must(
        "signin-underscores-open",
        SIGN_IN,
        "an underscore stands for any character of a password",
        both(admitting(SIGN_UP, _noted), admitting(SIGN_IN, _any_characters)),
        "SIGNIN-AUTH-33",
    ),
    must(
        "checkout-host-of-claimed-url",
        CREATE_CHECKOUT,
        "the host of a sessionUrl that a client sends is taken",
        editing(CREATE_CHECKOUT, _host_of_client),
        "CHECKOUT-PROPERTY-20",
    ),
    must(
        "organization-slug-in-list",
        CREATE_ORGANIZATION,
        "a list of one text is taken for that text, as a slug",
        arriving(_slug_in_list),
        "ORG-VALID-3",
    ),
    must(
        "signin-password-cut-at-128",
        SIGN_UP,
        "passwords of more than 128 characters are taken, and what comes after them does not count",
        both(without_rule(SIGN_UP, "password", "long"), with_seams(password_key=_cut_at_128)),
        "SIGNIN-AUTH-4",
    ),
    must(
        "checkout-status-taken-alone",
        CREATE_CHECKOUT,
        "a session that names an id or a time is refused, and one that names a status alone takes it",
        both(arriving(_one_claim_taken), editing(CREATE_CHECKOUT, _status_of_client)),
        "CHECKOUT-PROPERTY-20",
    ),
    must(
        "customer-escaped-emoji-lost",
        CREATE_CUSTOMER,
        "characters beyond 16 bits that are escaped come back as something else",
        arriving(_without_pairs),
        "CUSTOMER-ECHO-3",
    ),
    must(
        "customer-without-metadata-500",
        CREATE_CUSTOMER,
        "a customer without metadata is a 500",
        falling_over(CREATE_CUSTOMER, _lacks_metadata),
        "CUSTOMER-HOSTILE-1",
    ),
    must(
        "checkout-quantity-zero-500",
        CREATE_CHECKOUT,
        "a line item of quantity 0 is a 500",
        falling_over(CREATE_CHECKOUT, _no_pieces),
        "CHECKOUT-HOSTILE-1",
    ),
    must(
        "checkout-items-null-500",
        CREATE_CHECKOUT,
        "line items that are null are a 500",
        falling_over(CREATE_CHECKOUT, _no_items),
        "CHECKOUT-HOSTILE-1",
    ),
)
