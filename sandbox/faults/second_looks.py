"""What shows at a second look: in another session, by another spelling of a value, once more, or afterwards."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sandbox import policies, presentation, reading
from sandbox.behaviour import Attach, Behaviour, Call, Change
from sandbox.changes import admitting, arriving, both, finishing, with_seams
from sandbox.faults.builders import (
    Rewrite,
    alter,
    editing,
    failing,
    falling_over,
    keeps_slug,
    raw,
    receiving,
    somebody,
    succeeding,
    when,
)
from sandbox.faults.model import ANY, Fault, must, table
from sandbox.faults.together import overlapping
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    GET_CHECKOUT,
    GET_CUSTOMER,
    LIST_CUSTOMERS,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Json,
    JsonObject,
    Reply,
    text,
)
from sandbox.store import Customer

_PAGE = "<!doctype html><title>Unauthorized</title><h1>Unauthorized</h1>"


def parsing(edit: Callable[[Call, JsonObject], None]) -> Change:
    """Read the body of a request, and change it before anybody looks at it."""

    def parse(call: Call) -> Json:
        found = reading.parsed(call.raw)
        if isinstance(found, dict):
            edit(call, found)
        return found

    return with_seams(parse=parse)


# What a refused request leaves --------------------------------------------------------------------------------------


def _inactive_by_slug(call: Call, reply: Reply) -> Reply:
    if call.session is not None and call.store.slug_taken(text(call.fields.get("slug"))):
        call.store.activate(call.caller.token, None)
    return reply


def _email_kept(call: Call, reply: Reply) -> Reply:
    call.memory.setdefault("kept e-mails", set()).add(str(call.fields.get("email")))
    return reply


def _email_kept_late(call: Call, reply: Reply) -> Reply:
    """The metadata are checked last, when the e-mail is reserved already."""
    metadata = call.fields.get("metadata")
    return reply if metadata is None or isinstance(metadata, dict) else _email_kept(call, reply)


def _refuse_kept(call: Call) -> None:
    if call.fields.get("email") in call.memory.get("kept e-mails", ()):
        call.refuse("same-customer")


def _sessions_closed(call: Call, reply: Reply) -> Reply:
    query = "DELETE FROM session WHERE user_id IN (SELECT id FROM user WHERE lookup = ?)"
    call.store.execute(query, (text(call.fields.get("email")).lower(),))
    return reply


# What is kept for another request -----------------------------------------------------------------------------------


def _one_of_many(*names: str) -> Change:
    """A session is taken for the one of before where these fields are the same, texts alone in the metadata."""

    def finish(call: Call, reply: Reply) -> Reply:
        if call.operation != CREATE_CHECKOUT or not reply.succeeded:
            return reply
        given = {name: call.fields.get(name) for name in names}
        metadata = given.get("metadata")
        if isinstance(metadata, dict):
            given["metadata"] = {name: value for name, value in metadata.items() if isinstance(value, str)}
        return replace(reply, body=call.memory.setdefault(f"session of {json.dumps(given)}", reply.body))

    return finishing(finish)


def _answering_the_same(operation: str, to_anybody: bool) -> Change:
    """A body that was answered before is answered again: to anybody, or to whoever has a session."""

    def answer(call: Call, reply: Reply) -> Reply:
        if call.operation != operation or call.method != "POST":
            return reply
        kept: dict[bytes, Reply] = call.memory.setdefault("answered", {})
        if reply.succeeded:
            kept[call.raw] = reply
        return kept.get(call.raw, reply) if to_anybody or call.session is not None else reply

    return finishing(answer)


def _read_kept(call: Call, reply: Reply) -> Reply:
    """What its merchant has read is kept, and shown to all."""
    if call.operation != GET_CUSTOMER or call.session is None:
        return reply
    kept: dict[str, Reply] = call.memory.setdefault("read customers", {})
    if reply.succeeded:
        kept[call.path] = reply
    return kept.get(call.path, reply)


def _with_customer_for_all(call: Call, reply: Reply) -> Reply:
    if call.operation != GET_CHECKOUT or call.session is None or reply.succeeded:
        return reply
    found = call.store.checkout(call.parameter)
    shown = found is not None and found.customer_id is not None
    return Reply(200, presentation.checkout(call, found)) if found is not None and shown else reply


def _list_kept(call: Call, reply: Reply) -> Reply:
    """A list is kept by its query and the reader's token until somebody creates a customer."""
    kept: dict[str, Reply] = call.memory.setdefault("lists", {})
    if reply.succeeded and call.operation in (CREATE_CUSTOMER, CREATE_CHECKOUT):
        kept.clear()
    if call.operation != LIST_CUSTOMERS or not reply.succeeded:
        return reply
    return kept.setdefault(f"{call.caller.token} {call.query}", reply)


# Customers ----------------------------------------------------------------------------------------------------------


def _inline(attach: Attach) -> Change:
    return with_seams(inline=attach)


def _of_the_same_name(call: Call, merchant_id: str) -> Customer | None:
    given = call.fields["customer"]
    query = "SELECT id FROM customer WHERE merchant_id = ? AND name = ? LIMIT 1"
    rows = call.store.execute(query, (merchant_id, given.get("name"))) if isinstance(given, dict) else []
    return call.store.customer(rows[0][0]) if rows else policies.attach_inline(call, merchant_id)


def _of_the_same_moment(call: Call, merchant_id: str) -> Customer | None:
    """A new customer whose e-mail another request has just brought is that one."""
    given = call.fields["customer"]
    email = given.get("email") if isinstance(given, dict) else None
    query = "SELECT id FROM customer WHERE merchant_id = ? AND email = ? ORDER BY rowid DESC LIMIT 1"
    rows = call.store.execute(query, (merchant_id, email)) if call.memory["overlaps"] else []
    return call.store.customer(rows[0][0]) if rows else policies.attach_inline(call, merchant_id)


def remembered(call: Call, merchant_id: str) -> Customer | None:
    customer = policies.attach_inline(call, merchant_id)
    if customer is not None:
        call.memory.setdefault("inline customers", {})[customer.id] = 0
    return customer


def _any_made_inline(call: Call, customer: Customer, merchant_id: str) -> bool:
    known = call.memory.get("inline customers", {})
    return customer.id in known or policies.same_merchant(call, customer, merchant_id)


def _three_times(call: Call, merchant_id: str) -> Customer | None:
    used: dict[str, int] = call.memory.get("inline customers", {})
    name = text(call.fields["customerId"])
    if name in used:
        used[name] += 1
        if used[name] > 3:
            call.refuse("unknown-customer")
    return policies.attach_existing(call, merchant_id)


def _renamed_by_phone(call: Call) -> None:
    values = (call.fields.get("name"), call.fields.get("merchantId"), call.fields.get("phoneNumber"))
    call.store.execute("UPDATE customer SET name = ? WHERE merchant_id = ? AND phone = ?", values)


def _named_is_active(call: Call, reply: Reply) -> Reply:
    call.store.activate(call.caller.token, reply.body["merchantId"])
    return reply


# Values -------------------------------------------------------------------------------------------------------------


def _is_capitals(name: Json) -> bool:
    return isinstance(name, str) and len(re.findall(r"[A-Z]", name)) > 8 and name.isupper()


def _of_short_ones(password: str) -> str:
    if len(password) > 72:
        return password
    return password.encode()[:72].decode(errors="ignore")


def _in_latin_1(call: Call, reply: Reply) -> Reply:
    """An answer whose letters Latin-1 has is written in it, and announced as UTF-8."""
    written = json.dumps(reply.body, ensure_ascii=False)
    with suppress(UnicodeEncodeError):
        if not written.isascii():
            return raw(written.encode("latin-1"), "application/json; charset=utf-8")(call, reply)
    return reply


def _octets_counted_as_characters(call: Call, reply: Reply) -> Reply:
    """An answer ends after as many octets as it has characters."""
    written = json.dumps(reply.body, ensure_ascii=False)
    return raw(written.encode()[: len(written)], "application/json")(call, reply)


def _cut_at_emoji(name: Json) -> Json:
    """Keep a name up to its first character of four octets."""
    return re.sub("[\U00010000-\U0010ffff].*", "", str(name))


def _number_as_password(call: Call, body: JsonObject) -> None:
    if call.operation == SIGN_UP and type(body.get("password")) is int:
        body["password"] = str(body["password"])


def _customer_of_metadata(call: Call, _: str) -> Customer | None:
    metadata = call.fields.get("metadata")
    return call.store.customer(text(metadata.get("customerId"))) if isinstance(metadata, dict) else None


def _eight_times(call: Call, merchant_id: str) -> Customer | None:
    times = call.memory.setdefault("times attached", {})
    customer = policies.attach_existing(call, merchant_id)
    named = text(call.fields["customerId"])
    times[named] = times.get(named, 0) + 1
    return customer if times[named] <= 8 else None


def _new_one_before_refusal(call: Call) -> None:
    if isinstance(call.fields["customer"], dict):
        policies.new_customer(call, text(call.fields.get("merchantId")), call.fields["customer"])
    call.refuse("two-options")


def _claimed_renamed(call: Call) -> None:
    call.store.execute("UPDATE customer SET name = ? WHERE id = ?", (call.fields.get("name"), call.fields.get("id")))


def _members_since_epoch(_: Call, organization: JsonObject) -> None:
    for member in organization.get("members") or ():
        member["createdAt"] = 1_790_000_000_000


def _error_of_the_moment(call: Call, reply: Reply) -> Reply:
    """The body of an error is kept in one place for all: who arrives meanwhile gets that of the one before."""
    kept = call.memory.get("body of an error")
    call.memory["body of an error"] = reply.body
    return replace(reply, body=kept) if kept is not None and call.memory.get("overlaps") else reply


def _where_preferred(media_type: str, body: str | bytes) -> Rewrite:
    """Give this body to clients that would rather have this media type."""
    return when(lambda call: call.headers.get("accept", "").startswith(media_type), raw(body, media_type))


def _repeating_body(call: Call, reply: Reply) -> Reply:
    if call.operation or not isinstance(reply.body, dict):
        return reply
    with suppress(ValueError):
        return replace(reply, body={**reply.body, "received": reading.parsed(call.raw)})
    return reply


def _rounded(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def _numbers_inside(value: Json) -> Json:
    """Digits inside nested objects are read as numbers."""
    if not isinstance(value, dict):
        return value
    inner = {name: item for name, item in value.items() if isinstance(item, dict)}
    read = {
        name: {key: int(text) if isinstance(text, str) and text.isdecimal() else text for key, text in item.items()}
        for name, item in inner.items()
    }
    return {**value, **read}


def _resolved(url: Json) -> Json:
    return re.sub(r"/[^/]+/\.\./", "/", str(url))


def _products_in_small_letters(_: Call, session: JsonObject) -> None:
    for item in session.get("lineItems") or ():
        if isinstance(item.get("productId"), str):
            item["productId"] = item["productId"].lower()


def _total_of_items(_: Call, session: JsonObject) -> None:
    items = session.get("lineItems") or ()
    if len(items) > 1:
        session["totalAmount"] = sum(item["quantity"] * item["amount"] for item in items)


def _owner_in_query(call: Call, reply: Reply) -> Reply:
    """The read of a customer minds the merchant who is named in the URL, and not the session."""
    if call.operation != GET_CUSTOMER or call.session is None or reply.succeeded:
        return reply
    found = call.store.customer(call.parameter)
    named = found is not None and f"merchantId={found.merchant_id}" in call.query
    return Reply(200, presentation.customer(call, found)) if found is not None and named else reply


def _slug_first(call: Call, body: JsonObject) -> None:
    if call.operation == SET_ACTIVE and isinstance(body.get("organizationSlug"), str) and "organizationId" in body:
        call.memory["named twice"] = body.pop("organizationId")


def _named_twice(call: Call, organization_id: str) -> bool:
    """The organization that is named by its id is looked at, and the one that is named by its slug made active."""
    named = call.memory.pop("named twice", organization_id)
    return isinstance(named, str) and policies.is_member(call, named)


def _by_operator(call: Call, body: JsonObject) -> None:
    """An operator of a query in the place of a customer's id finds the merchant's first customer."""
    if isinstance(body.get("customerId"), dict) and body["customerId"]:
        row = "SELECT id FROM customer WHERE merchant_id = ? LIMIT 1"
        found = call.store.execute(row, (body.get("merchantId"),))
        body["customerId"] = found[0][0] if found else body["customerId"]


def _items_of_latest(call: Call, reply: Reply) -> Reply:
    """A session is read with the line items of the latest session for its customer."""
    if call.operation not in (CREATE_CHECKOUT, GET_CHECKOUT) or not reply.succeeded or not isinstance(reply.body, dict):
        return reply
    kept = call.memory.setdefault("latest items", {})
    customer = reply.body.get("customerId")
    if call.operation == CREATE_CHECKOUT:
        kept[customer] = reply.body.get("lineItems")
        return reply
    items = kept.get(customer) if customer else reply.body.get("lineItems")
    return replace(reply, body={**reply.body, "lineItems": items})


def _told_of_unreadable(call: Call, reply: Reply, words: bytes) -> Reply:
    """Return the refusal of a body that is no JSON with other words."""
    try:
        call.behaviour.parse(call)
    except (ValueError, RecursionError):
        if call.raw and isinstance(reply.body, dict):
            return replace(reply, body={**reply.body, "message": words.decode("utf-8", "replace")})
    return reply


def _quoting_the_body(call: Call, reply: Reply) -> Reply:
    return _told_of_unreadable(call, reply, call.raw + b" is not valid JSON")


def _keeping_the_body(call: Call) -> Reply | None:
    bodies = call.memory.setdefault("bodies", [b"", b""])
    bodies[:] = [bodies[-1], call.raw]
    return None


def _quoting_the_body_before(call: Call, reply: Reply) -> Reply:
    return _told_of_unreadable(call, reply, b"invalid JSON near " + call.memory["bodies"][0][:300])


def _renaming_the_first(call: Call) -> None:
    change = "UPDATE organization SET name = ? WHERE slug = ?"
    call.store.execute(change, (str(call.fields["name"]), str(call.fields["slug"])))


def _other_case(password: str) -> str:
    """A password in the case of its first letter: what is typed with the key for capitals on opens as well."""
    return password.swapcase() if password[:1].isupper() else password


def _has_wrong_metadata(call: Call) -> bool:
    return not isinstance(call.fields.get("metadata", {}), dict)


def _with_slash(_: Call, session: JsonObject) -> None:
    for name in ("successUrl", "cancelUrl"):
        if re.fullmatch(r"https?://[^/?#]+", str(session.get(name))):
            session[name] = f"{session[name]}/"


def _items(session: JsonObject) -> Iterator[JsonObject]:
    found: Any = session.get("lineItems")
    yield from (item for item in found if isinstance(item, dict)) if isinstance(found, list) else ()


def _one_for_a_product(_: Call, session: JsonObject) -> None:
    merged: dict[str, JsonObject] = {}
    for number, item in enumerate(_items(session)):
        key = str(item.get("productId") or number)
        known = merged.setdefault(key, {**item, "quantity": 0})
        known["quantity"] += item.get("quantity", 1)
    session["lineItems"] = list(merged.values())


def _of_one_currency(_: Call, session: JsonObject) -> None:
    for item in _items(session):
        item["currency"] = session.get("currency")


def _later_amounts_read(_: Call, body: JsonObject) -> None:
    """From the fourth line item on, an amount may be a text."""
    for item in list(_items(body))[3:]:
        amount = item.get("amount")
        if isinstance(amount, str) and amount.isdigit():
            item["amount"] = int(amount)


def _list_of_one(name: str) -> Callable[[Call, JsonObject], None]:
    """Take the only item of a list for the value of a member."""

    def edit(_: Call, body: JsonObject) -> None:
        value = body.get(name)
        if isinstance(value, list) and len(value) == 1:
            body[name] = value[0]

    return edit


def _without_zeros(call: Call) -> Json:
    try:
        return reading.parsed(call.raw)
    except ValueError:
        return reading.parsed(re.sub(rb": 0+(?=[0-9])", b": ", call.raw))


def _free_where_capital(behaviour: Behaviour) -> Behaviour:
    def act(call: Call) -> None:
        if text(call.fields.get("slug")) != text(call.fields.get("slug")).lower():
            call.behaviour = replace(call.behaviour, slugs_unique=False)

    return admitting(CREATE_ORGANIZATION, act)(behaviour)


def _named_by_slug(call: Call, organization_id: str) -> bool:
    return "organizationSlug" in call.fields or policies.is_member(call, organization_id)


def _owner_inactive(call: Call, reply: Reply) -> Reply:
    """A refused activation ends that of everybody who has the organization active."""
    named = call.fields.get("organizationId")
    if call.session is not None and isinstance(named, str):
        call.store.execute("UPDATE session SET active = NULL WHERE active = ?", (named,))
    return reply


def _session_as_customer(call: Call, merchant_id: str) -> Customer | None:
    """The id of a session stands for its customer, or for none."""
    found = call.store.checkout(text(call.fields["customerId"]))
    if found is None:
        return policies.attach_existing(call, merchant_id)
    return call.store.customer(found.customer_id) if found.customer_id else None


def _user_as_merchant(call: Call, organization_id: str) -> bool:
    return organization_id == call.caller.user_id or policies.is_member(call, organization_id)


def _taken_along(call: Call, reply: Reply) -> Reply:
    """A new session takes its customer from the one that had the same."""
    query = "UPDATE checkout SET customer_id = NULL WHERE customer_id = ? AND id != ?"
    if reply.body.get("customerId"):
        call.store.execute(query, (reply.body["customerId"], reply.body["id"]))
    return reply


def _any_without_merchant(call: Call, customer: Customer, merchant_id: str) -> bool:
    return call.memory.get("unnamed", False) or policies.same_merchant(call, customer, merchant_id)


def _note_unnamed(call: Call, body: JsonObject) -> None:
    call.memory["unnamed"] = "merchantId" not in body and "customerId" in body
    if call.memory["unnamed"] and (found := call.behaviour.find_session(call)) is not None:
        body["merchantId"] = found.active


def _customer_before_token(call: Call) -> Reply | None:
    """The new customer of a session is made before anybody looks at the token."""
    if call.operation != CREATE_CHECKOUT or call.method != "POST" or policies.bearer(call) is not None:
        return None
    with suppress(ValueError, RecursionError):
        body = reading.parsed(call.raw)
        if isinstance(body, dict) and isinstance(body.get("customer"), dict) and body.get("merchantId"):
            policies.new_customer(call, str(body["merchantId"]), body["customer"])
    return None


def _one_for_a_customer(call: Call, reply: Reply) -> Reply:
    """A session for a customer, for whom another has just been asked for, is that other one."""
    if call.operation != CREATE_CHECKOUT or not reply.succeeded or not call.fields.get("customerId"):
        return reply
    kept: dict[str, Reply] = call.memory.setdefault("sessions of customers", {})
    name = text(call.fields.get("customerId"))
    if call.memory["overlaps"] and name in kept:
        return replace(reply, body=kept[name].body)
    kept[name] = reply
    return reply


def _overwrite_claimed(call: Call) -> None:
    person = call.fields.get("customer")
    if isinstance(person, dict) and isinstance(person.get("id"), str):
        call.store.execute("UPDATE customer SET name = ? WHERE id = ?", (person.get("name"), person["id"]))


def _refuse_longer(call: Call) -> None:
    rows = call.store.execute("SELECT 1 FROM organization WHERE ? LIKE slug || '-%'", (call.fields.get("slug"),))
    if rows:
        call.refuse("slug-taken")


def _allow_without_get(call: Call, reply: Reply) -> Reply:
    if reply.status != 405 or not call.path.startswith("/customers/"):
        return reply
    headers = tuple(pair for pair in reply.headers if pair[0].lower() != "allow")
    return replace(reply, headers=(*headers, ("allow", "OPTIONS")))


def _object_as_list(_: Call, body: JsonObject) -> None:
    items = body.get("lineItems")
    if isinstance(items, dict) and items and all(name.isdigit() for name in items):
        body["lineItems"] = list(items.values())


def _ampersand_escaped(call: Call) -> None:
    person = call.fields.get("customer")
    if isinstance(person, dict) and isinstance(person.get("name"), str):
        escaped = {**person, "name": person["name"].replace("&", "&amp;")}
        call.body = {**call.fields, "customer": escaped}


def _answered_before(call: Call) -> Reply | None:
    before: dict[bytes, Reply] = call.memory.setdefault("sign-ups", {})
    return before.get(call.raw) if call.operation == SIGN_UP else None


def _remembered(call: Call, reply: Reply) -> Reply:
    if call.operation == SIGN_UP and reply.succeeded:
        call.memory.setdefault("sign-ups", {})[call.raw] = reply
    return reply


def _unchecked_where_refused(call: Call) -> None:
    if call.raw in call.memory.setdefault("refused", set()):
        call.behaviour = replace(call.behaviour, password_checked=False)


def _refused_password(call: Call, reply: Reply) -> Reply:
    if call.operation == SIGN_IN and reply.status == 401:
        call.memory.setdefault("refused", set()).add(call.raw)
    return reply


FAULTS: tuple[Fault, ...] = table(
    "second looks",
    must(
        "signup-repeated-is-answered-again",
        SIGN_UP,
        "the body of a sign-up is answered as it was where it comes again",
        both(arriving(_answered_before), finishing(_remembered)),
        "SIGNUP-UNIQUE-2",
    ),
    must(
        "signin-second-refusal-opens",
        SIGN_IN,
        "a wrong password that was refused is accepted where it comes again",
        both(admitting(SIGN_IN, _unchecked_where_refused), finishing(_refused_password)),
        "SIGNIN-AUTH-34",
    ),
    must(
        "organization-taken-slug-clears-active",
        CREATE_ORGANIZATION,
        "an organization that is refused for its slug leaves the session without an active one",
        failing(_inactive_by_slug, CREATE_ORGANIZATION),
        "ORG-STATE-21",
    ),
    must(
        "customer-named-becomes-active",
        CREATE_CUSTOMER,
        "a customer for another organization of the user makes that one active",
        succeeding(CREATE_CUSTOMER, _named_is_active),
        "CUSTOMER-TENANT-24",
    ),
    must(
        "customer-refused-keeps-email",
        CREATE_CUSTOMER,
        "the e-mail of a customer who was refused for its form is taken",
        both(failing(_email_kept, CREATE_CUSTOMER, 400), admitting(CREATE_CUSTOMER, _refuse_kept)),
        "CUSTOMER-STATE-56",
    ),
    must(
        "customer-refused-late-keeps-email",
        CREATE_CUSTOMER,
        "the e-mail of a customer who was refused for its metadata is taken",
        both(failing(_email_kept_late, CREATE_CUSTOMER, 400), admitting(CREATE_CUSTOMER, _refuse_kept)),
        "CUSTOMER-STATE-56",
    ),
    must(
        "signup-malformed-closes-sessions",
        SIGN_UP,
        "a sign-up that is refused for its form closes the sessions of the account with its e-mail",
        failing(_sessions_closed, SIGN_UP, 400),
        "SIGNUP-STATE-50",
    ),
    must(
        "checkout-same-but-for-metadata",
        CREATE_CHECKOUT,
        "a session that differs from another in its metadata alone is answered with that one",
        _one_of_many("merchantId", "totalAmount", "successUrl", "lineItems", "customerId", "customer"),
        "CHECKOUT-UNIQUE-5",
    ),
    must(
        "checkout-same-but-for-nested-metadata",
        CREATE_CHECKOUT,
        "a session that differs from another inside its nested metadata alone is answered with that one",
        _one_of_many("merchantId", "totalAmount", "successUrl", "lineItems", "customerId", "customer", "metadata"),
        "CHECKOUT-UNIQUE-5",
    ),
    must(
        "checkout-repeated-without-token",
        CREATE_CHECKOUT,
        "a body that was answered before is answered again without a token",
        _answering_the_same(CREATE_CHECKOUT, to_anybody=True),
        "CHECKOUT-AUTH-1",
    ),
    must(
        "checkout-repeated-for-another-merchant",
        CREATE_CHECKOUT,
        "a body that was answered before is answered again to another merchant",
        _answering_the_same(CREATE_CHECKOUT, to_anybody=False),
        "CHECKOUT-TENANT-1",
    ),
    must(
        "customer-repeated-without-token",
        CREATE_CUSTOMER,
        "a body that was answered before is answered again without a token",
        _answering_the_same(CREATE_CUSTOMER, to_anybody=True),
        "CUSTOMER-AUTH-1",
    ),
    must(
        "customer-repeated-for-another-merchant",
        CREATE_CUSTOMER,
        "a body that was answered before is answered again to another merchant",
        _answering_the_same(CREATE_CUSTOMER, to_anybody=False),
        "CUSTOMER-TENANT-1",
    ),
    must(
        "checkout-inline-by-name",
        CREATE_CHECKOUT,
        "a new customer who has the name of another one is that one",
        _inline(_of_the_same_name),
        "CHECKOUT-INLINE-2",
    ),
    must(
        "checkout-inline-one-for-email-at-once",
        CREATE_CHECKOUT,
        "two new customers of one e-mail at the same moment are one",
        overlapping(CREATE_CHECKOUT, _inline(_of_the_same_moment)),
        "CHECKOUT-INLINE-2",
    ),
    must(
        "checkout-inline-customer-of-others",
        CREATE_CHECKOUT,
        "another merchant's customer who was created with a session is attached",
        both(_inline(remembered), with_seams(may_attach=_any_made_inline)),
        "CHECKOUT-TENANT-3",
    ),
    must(
        "checkout-inline-customer-three-times",
        CREATE_CHECKOUT,
        "a customer who was created with a session can be named three times",
        both(_inline(remembered), with_seams(existing=_three_times)),
        "CHECKOUT-INLINE-3",
    ),
    must(
        "customer-read-kept-for-all",
        GET_CUSTOMER,
        "a customer whom its merchant has read is shown to every merchant",
        finishing(_read_kept),
        "CUSTOMER-TENANT-4",
    ),
    must(
        "checkout-read-with-customer-by-all",
        GET_CHECKOUT,
        "a session that has a customer is shown to every merchant",
        finishing(_with_customer_for_all),
        "CHECKOUT-TENANT-4",
    ),
    must(
        "customers-kept-by-token",
        LIST_CUSTOMERS,
        "the list is kept by the token, whichever organization is active",
        finishing(_list_kept),
        "CUSTOMER-LIST-22",
    ),
    must(
        "customer-same-phone-renames",
        CREATE_CUSTOMER,
        "a customer with the phone number of an earlier one gives that one its name",
        admitting(CREATE_CUSTOMER, _renamed_by_phone),
        "CUSTOMER-STATE-55",
    ),
    must(
        "customer-capitals-titled",
        CREATE_CUSTOMER,
        "a name in capitals alone comes back with capital initials",
        receiving(CREATE_CUSTOMER, "name", lambda name: name.title() if _is_capitals(name) else name),
        "CUSTOMER-ECHO-3",
    ),
    must(
        "customer-zero-of-italy-dropped",
        CREATE_CUSTOMER,
        "the zero behind the code of Italy is dropped",
        receiving(CREATE_CUSTOMER, "phoneNumber", lambda phone: re.sub(r"^\+390", "+39", phone)),
        "CUSTOMER-ECHO-4",
    ),
    must(
        "customer-octets-of-latin-1",
        CREATE_CUSTOMER,
        "an answer whose letters Latin-1 has is written in it, and announced as UTF-8",
        succeeding(CREATE_CUSTOMER, _in_latin_1),
        "CUSTOMER-HEADERS-51",
    ),
    must(
        "signup-octets-counted-as-characters",
        SIGN_UP,
        "an answer with letters beyond ASCII is cut by as many octets as they have more",
        succeeding(SIGN_UP, _octets_counted_as_characters),
        "SIGNUP-SCHEMA-1",
    ),
    must(
        "signup-number-as-password",
        SIGN_UP,
        "a number of eight digits and more is taken for a password",
        parsing(_number_as_password),
        "SIGNUP-VALID-3",
    ),
    must(
        "signin-password-in-a-list",
        SIGN_IN,
        "a list that holds the password alone signs in",
        parsing(_list_of_one("password")),
        "SIGNIN-AUTH-33",
    ),
    must(
        "signin-name-cut-at-emoji",
        SIGN_IN,
        "a user's name is shown up to its first emoji",
        editing(SIGN_IN, alter("name", _cut_at_emoji)),
        "SIGNIN-ECHO-3",
    ),
    must(
        "set-active-name-cut-at-emoji",
        SET_ACTIVE,
        "an organization's name is shown up to its first emoji",
        editing(SET_ACTIVE, alter("name", _cut_at_emoji)),
        "ACTIVE-ECHO-2",
    ),
    must(
        "organization-wrong-metadata-keeps-slug",
        CREATE_ORGANIZATION,
        "an organization that is refused for its metadata has taken its slug",
        failing(when(_has_wrong_metadata, keeps_slug), CREATE_ORGANIZATION, 400),
        "ORG-STATE-1",
    ),
    must(
        "checkout-same-but-for-urls",
        CREATE_CHECKOUT,
        "a session that differs from another in its URLs alone is answered with that one",
        _one_of_many("merchantId", "totalAmount", "lineItems", "customerId", "customer", "metadata"),
        "CHECKOUT-UNIQUE-5",
        "CHECKOUT-ECHO-4",
        "CHECKOUT-ECHO-7",
    ),
    must(
        "checkout-customer-of-metadata",
        CREATE_CHECKOUT,
        "a session without a customer gets the one whose id stands in its metadata",
        with_seams(none=_customer_of_metadata),
        "CHECKOUT-NONE-2",
    ),
    must(
        "checkout-customer-eight-times",
        CREATE_CHECKOUT,
        "from the ninth session on a customer is not attached",
        with_seams(existing=_eight_times),
        "CHECKOUT-EXISTING-1",
    ),
    must(
        "checkout-both-refused-makes-customer",
        CREATE_CHECKOUT,
        "a session with customerId and customer is refused, and its new customer is made",
        with_seams(two_options=_new_one_before_refusal),
        "CHECKOUT-STATE-52",
    ),
    must(
        "customer-claimed-id-renames",
        CREATE_CUSTOMER,
        "the customer whose id a new one claims gets the name of the new one",
        admitting(CREATE_CUSTOMER, _claimed_renamed),
        "CUSTOMER-PROPERTY-20",
        "API-LEAK-1",
        "API-LEAK-23",
    ),
    must(
        "organization-members-since-epoch",
        CREATE_ORGANIZATION,
        "the members of an organization tell createdAt as a number of milliseconds",
        editing(CREATE_ORGANIZATION, _members_since_epoch),
        "ORG-SCHEMA-6",
    ),
    must(
        "customer-errors-mixed-at-once",
        CREATE_CUSTOMER,
        "two refusals at the same moment have one body",
        overlapping(CREATE_CUSTOMER, failing(_error_of_the_moment, CREATE_CUSTOMER)),
        "CUSTOMER-ERROR-3",
    ),
    must(
        "customer-as-xml-where-preferred",
        CREATE_CUSTOMER,
        "a client that would rather have XML gets it",
        succeeding(CREATE_CUSTOMER, _where_preferred("application/xml", b"<customer><id>1</id></customer>")),
        "CUSTOMER-SCHEMA-1",
        "CUSTOMER-HEADERS-1",
    ),
    must(
        "unknown-path-repeats-body",
        ANY,
        "the 404 for an unknown path repeats the body of the request",
        failing(_repeating_body, status=404),
        "API-LEAK-25",
        "API-LEAK-26",
    ),
    must(
        "password-with-capitals-locked",
        SIGN_IN,
        "a password with all letters in the other case, or the first one, opens",
        with_seams(password_key=lambda password: _other_case(password)[1:]),
        "SIGNIN-AUTH-3",
    ),
    must(
        "password-caps-lock-forgiven",
        SIGN_IN,
        "a password with all letters in the other case opens",
        with_seams(password_key=lambda password: min(password, password.swapcase())),
        "SIGNIN-AUTH-3",
    ),
    must(
        "organization-of-taken-slug-renamed",
        CREATE_ORGANIZATION,
        "a slug that is taken is refused, but the organization that has it gets the new name",
        admitting(CREATE_ORGANIZATION, _renaming_the_first),
        "ORG-STATE-1",
        "ACTIVE-ECHO-2",
    ),
    must(
        "malformed-json-quoted",
        ANY,
        "the refusal of malformed JSON quotes it, a password too",
        failing(_quoting_the_body, status=400),
        "SIGNUP-LEAK-1",
        "SIGNIN-LEAK-1",
    ),
    must(
        "malformed-json-quotes-the-body-before",
        ANY,
        "the refusal of malformed JSON quotes the body of the request before, whoever sent it",
        both(arriving(_keeping_the_body), failing(_quoting_the_body_before, status=400)),
        "CUSTOMER-LEAK-23",
        "CHECKOUT-LEAK-23",
    ),
    must(
        "password-blanks-collapsed",
        SIGN_IN,
        "several blanks in a password count as one",
        with_seams(password_key=lambda password: re.sub(" +", " ", password)),
        "SIGNIN-AUTH-32",
    ),
    must(
        "signin-page-for-browsers",
        SIGN_IN,
        "a client that takes HTML too is signed in with a page",
        succeeding(SIGN_IN, _where_preferred("text/html", b"<!doctype html><title>Signed in</title>")),
        "SIGNIN-HEADERS-1",
        "SIGNIN-SCHEMA-1",
    ),
    must(
        "signup-email-escaped",
        SIGN_UP,
        "an e-mail comes back escaped as in HTML",
        editing(SIGN_UP, alter("email", lambda email: html.escape(str(email)))),
        "SIGNUP-ECHO-1",
    ),
    must(
        "set-active-slug-goes-first",
        SET_ACTIVE,
        "beside an organizationSlug the organizationId is not looked at",
        both(parsing(_slug_first), with_seams(may_activate=_named_twice)),
        "ACTIVE-PROPERTY-20",
        "ACTIVE-ECHO-1",
    ),
    must(
        "customer-metadata-of-four-decimals",
        CREATE_CUSTOMER,
        "numbers in metadata are rounded to four decimals",
        receiving(CREATE_CUSTOMER, "metadata", _rounded),
        "CUSTOMER-ECHO-5",
    ),
    must(
        "customer-nested-digits-are-numbers",
        CREATE_CUSTOMER,
        "digits as text become numbers in nested metadata",
        receiving(CREATE_CUSTOMER, "metadata", _numbers_inside),
        "CUSTOMER-ECHO-5",
    ),
    must(
        "customer-formula-quoted",
        CREATE_CUSTOMER,
        "a name that a spreadsheet would take for a formula gets an apostrophe in front",
        receiving(CREATE_CUSTOMER, "name", lambda name: re.sub("^(?=[=+@-])", "'", name)),
        "CUSTOMER-ECHO-3",
    ),
    must(
        "customer-invisible-dropped",
        CREATE_CUSTOMER,
        "characters that join letters are dropped from names",
        receiving(CREATE_CUSTOMER, "name", lambda name: re.sub("[\u200c\u200d]", "", name)),
        "CUSTOMER-ECHO-3",
    ),
    must(
        "customer-read-by-owner-in-query",
        GET_CUSTOMER,
        "a customer is shown to whoever names its merchant in the URL",
        finishing(_owner_in_query),
        "CUSTOMER-TENANT-4",
    ),
    must(
        "checkout-url-resolved",
        CREATE_CHECKOUT,
        "steps back in the path of a URL are resolved",
        editing(CREATE_CHECKOUT, alter("successUrl", _resolved), alter("cancelUrl", _resolved)),
        "CHECKOUT-ECHO-4",
        "CHECKOUT-ECHO-5",
    ),
    must(
        "checkout-products-in-small-letters",
        CREATE_CHECKOUT,
        "product ids come back in small letters",
        editing(CREATE_CHECKOUT, _products_in_small_letters),
        "CHECKOUT-ECHO-8",
    ),
    must(
        "checkout-total-of-items",
        CREATE_CHECKOUT,
        "the total of several line items is their sum, whatever was sent",
        editing(CREATE_CHECKOUT, _total_of_items),
        "CHECKOUT-ECHO-1",
    ),
    must(
        "checkout-customer-by-operator",
        CREATE_CHECKOUT,
        "an operator of a query in the place of customerId attaches somebody",
        parsing(_by_operator),
        "CHECKOUT-VALID-43",
    ),
    must(
        "checkout-read-items-of-latest",
        GET_CHECKOUT,
        "a session is read with the line items of its customer's latest one",
        finishing(_items_of_latest),
        "CHECKOUT-READ-21",
    ),
    must(
        "organization-percent-500",
        CREATE_ORGANIZATION,
        "a percent sign in the name is a 500",
        falling_over(CREATE_ORGANIZATION, lambda call: re.search(rb'"name": "[^"]*%', call.raw) is not None),
        "ORG-STATUS-3",
    ),
    must(
        "organization-capital-slugs-free",
        CREATE_ORGANIZATION,
        "a slug with a capital in it is never taken",
        _free_where_capital,
        "ORG-UNIQUE-2",
    ),
    must(
        "password-of-72-octets-where-short",
        SIGN_IN,
        "of a password of up to 72 characters the first 72 octets count",
        with_seams(password_key=_of_short_ones),
        "SIGNIN-AUTH-32",
    ),
    must(
        "checkout-host-gets-slash",
        CREATE_CHECKOUT,
        "a URL without a path gets a slash",
        editing(CREATE_CHECKOUT, _with_slash),
        "CHECKOUT-ECHO-4",
    ),
    must(
        "checkout-items-of-one-product-merged",
        CREATE_CHECKOUT,
        "line items of one product are merged",
        editing(CREATE_CHECKOUT, _one_for_a_product),
        "CHECKOUT-ECHO-8",
    ),
    must(
        "checkout-items-of-one-currency",
        CREATE_CHECKOUT,
        "the currency of a line item is replaced by that of the session",
        editing(CREATE_CHECKOUT, _of_one_currency),
        "CHECKOUT-ECHO-8",
    ),
    must(
        "checkout-later-items-of-any-type",
        CREATE_CHECKOUT,
        "from the fourth line item on, an amount may be a text",
        parsing(_later_amounts_read),
        "CHECKOUT-VALID-40",
    ),
    must(
        "checkout-null-customer-500",
        CREATE_CHECKOUT,
        "a customerId that is null is a 500",
        falling_over(CREATE_CHECKOUT, lambda call: b'"customerId": null' in call.raw),
        "CHECKOUT-STATUS-3",
    ),
    must(
        "set-active-list-of-one",
        SET_ACTIVE,
        "an organizationId in a list is accepted",
        parsing(_list_of_one("organizationId")),
        "ACTIVE-VALID-1",
    ),
    must(
        "set-active-by-any-slug",
        SET_ACTIVE,
        "an organization that is named by its slug is made active, whoever's it is",
        with_seams(may_activate=_named_by_slug),
        "ACTIVE-TENANT-20",
    ),
    must(
        "any-json-with-zeros-in-front",
        ANY,
        "JSON with a number behind zeros is accepted",
        with_seams(parse=_without_zeros),
        "CUSTOMER-BODY-1",
    ),
    must(
        "customer-401-page-for-browsers",
        CREATE_CUSTOMER,
        "a 401 is an HTML page where the client takes one",
        failing(_where_preferred("text/html", _PAGE), CREATE_CUSTOMER, 401),
        "CUSTOMER-ERROR-1",
        "CUSTOMER-ERROR-2",
    ),
    must(
        "customer-of-the-machine-without-token",
        CREATE_CUSTOMER,
        "a client that says to be on the target's machine needs no token",
        somebody(CREATE_CUSTOMER, lambda call: call.headers.get("x-forwarded-for") == "127.0.0.1"),
        "CUSTOMER-AUTH-5",
    ),
    must(
        "set-active-refused-clears-owner",
        SET_ACTIVE,
        "a refused activation leaves the organization's own members without an active one",
        failing(_owner_inactive, SET_ACTIVE, 403),
        "ACTIVE-TENANT-1",
    ),
    must(
        "checkout-session-id-as-customer",
        CREATE_CHECKOUT,
        "the id of a session is taken for that of a customer",
        with_seams(existing=_session_as_customer),
        "CHECKOUT-EXISTING-4",
    ),
    must(
        "customer-user-id-as-merchant",
        CREATE_CUSTOMER,
        "the id of a user is taken for that of an organization",
        with_seams(may_use=_user_as_merchant),
        "CUSTOMER-TENANT-2",
    ),
    must(
        "checkout-second-takes-customer",
        CREATE_CHECKOUT,
        "a session for a customer takes it from the one before",
        succeeding(CREATE_CHECKOUT, _taken_along),
        "CHECKOUT-EXISTING-3",
    ),
    must(
        "checkout-foreign-customer-without-merchant",
        CREATE_CHECKOUT,
        "where no merchant is named, another merchant's customer is attached",
        both(parsing(_note_unnamed), with_seams(may_attach=_any_without_merchant)),
        "CHECKOUT-TENANT-3",
    ),
    must(
        "checkout-401-leaves-customer",
        CREATE_CHECKOUT,
        "a session without a token is refused, and its new customer is made",
        arriving(_customer_before_token),
        "CHECKOUT-STATE-52",
    ),
    must(
        "checkout-one-for-customer-at-once",
        CREATE_CHECKOUT,
        "two sessions for one customer at the same moment are one",
        overlapping(CREATE_CHECKOUT, finishing(_one_for_a_customer)),
        "CHECKOUT-UNIQUE-1",
    ),
    must(
        "checkout-claimed-customer-overwritten",
        CREATE_CHECKOUT,
        "a new customer with the id of another one gives that one its name",
        admitting(CREATE_CHECKOUT, _overwrite_claimed),
        "CHECKOUT-TENANT-26",
    ),
    must(
        "organization-longer-slug-taken",
        CREATE_ORGANIZATION,
        "a slug that goes on where a taken one ends is taken",
        admitting(CREATE_ORGANIZATION, _refuse_longer),
        "ORG-STATUS-1",
    ),
    must(
        "customer-read-allow-without-get",
        GET_CUSTOMER,
        "a 405 to another method on a customer does not name GET",
        finishing(_allow_without_get),
        "CUSTOMER-READ-28",
    ),
    must(
        "checkout-items-as-object",
        CREATE_CHECKOUT,
        "line items in an object with their places as names are accepted",
        parsing(_object_as_list),
        "CHECKOUT-VALID-3",
    ),
    must(
        "password-plus-is-blank",
        SIGN_IN,
        "a plus in a password is a blank",
        with_seams(password_key=lambda password: password.replace("+", " ")),
        "SIGNIN-AUTH-31",
    ),
    must(
        "inline-ampersand-escaped",
        CREATE_CHECKOUT,
        "the name of a new customer is kept with & as &amp;",
        admitting(CREATE_CHECKOUT, _ampersand_escaped),
        "CHECKOUT-INLINE-4",
    ),
)
