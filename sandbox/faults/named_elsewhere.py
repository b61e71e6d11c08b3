"""Whose it is, as a careless target reads it: from the URL, a header, a nested object, or one of two equal names."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from sandbox import policies, presentation, reading
from sandbox.behaviour import Call, Change
from sandbox.changes import arriving, both, finishing, with_seams
from sandbox.faults.builders import any_type, head_for_anybody, succeeding
from sandbox.faults.model import must, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    GET_CHECKOUT,
    GET_CUSTOMER,
    LIST_CUSTOMERS,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Reply,
    text,
)
from sandbox.store import Customer, Member


def _first_of_two(call: Call, name: str) -> str:
    """Return the first value of a name that a body may have twice."""
    found = [value for key, value in json.loads(call.raw, object_pairs_hook=list) if key == name]
    return text(found[0]) if len(found) > 1 else ""


def _member_of_first(call: Call, organization_id: str) -> bool:
    first = _first_of_two(call, "organizationId")
    return policies.is_member(call, first or organization_id)


def _customer_of_first(call: Call, customer: Customer, merchant_id: str) -> bool:
    first = call.store.customer(_first_of_two(call, "customerId"))
    return policies.same_merchant(call, first or customer, merchant_id)


def _activate_of_url(call: Call, organization_id: str | None) -> None:
    named = parse_qs(call.query).get("organizationId", [organization_id])[0]
    policies.activate(call, named)


def _member_of_header(call: Call, organization_id: str) -> bool:
    return call.store.is_member(organization_id, call.headers.get("x-user-id", "") or call.caller.user_id)


def _null_is_any(call: Call, organization_id: str | None) -> None:
    """A session that has made null active is one for all organizations."""
    if organization_id is None and call.operation == SET_ACTIVE:
        call.memory.setdefault("for all", set()).add(call.caller.token)
    policies.activate(call, organization_id)


def _may_use_any(call: Call, merchant_id: str) -> bool:
    return policies.is_member(call, merchant_id) or call.caller.token in call.memory.get("for all", ())


def _may_use_without(call: Call, merchant_id: str) -> bool:
    """An empty list of memberships limits nothing."""
    return policies.is_member(call, merchant_id) or not call.store.owned(call.caller.user_id)


def _active_by_claim(call: Call, reply: Reply) -> Reply:
    named = call.fields.get("activeOrganizationId")
    if isinstance(named, str):
        call.store.activate(reply.body["token"], named)
    return reply


def _member_by_claim(call: Call, reply: Reply) -> Reply:
    named, user = call.fields.get("organizationId"), reply.body["user"]["id"]
    if isinstance(named, str) and call.store.organization(named) is not None:
        call.store.add_member(Member(call.behaviour.new_id(call, "member"), named, user, "member", 0.0))
    return reply


def _moved(call: Call, merchant_id: Any, customer_id: str) -> None:
    if isinstance(merchant_id, str) and call.store.organization(merchant_id) is not None:
        call.store.execute("UPDATE customer SET merchant_id = ? WHERE id = ?", (merchant_id, customer_id))


def _nested_merchant(call: Call, reply: Reply) -> Reply:
    nested = call.fields.get("merchant")
    if isinstance(nested, dict):
        _moved(call, nested.get("id"), reply.body["id"])
        reply.body["merchantId"] = nested.get("id")
    return reply


def _null_is_first(call: Call, reply: Reply) -> Reply:
    if "merchantId" in call.fields and call.fields["merchantId"] is None:
        query = "SELECT organization_id FROM member WHERE user_id = ? ORDER BY rowid LIMIT 1"
        rows = call.store.execute(query, (call.caller.user_id,))
        _moved(call, rows[0][0], reply.body["id"])
        reply.body["merchantId"] = rows[0][0]
    return reply


def _inline_elsewhere(call: Call, merchant_id: str) -> Customer | None:
    customer = policies.attach_inline(call, merchant_id)
    given = call.fields["customer"]
    if customer is not None and isinstance(given, dict):
        _moved(call, given.get("organizationId"), customer.id)
    return customer


def _slash_creates_for_all(call: Call) -> Reply | None:
    if call.method != "POST" or not call.path.endswith("/customers/") or policies.find_session(call) is None:
        return None
    given = reading.parsed(call.raw)
    customer = policies.new_customer(call, text(given.get("merchantId")), given)
    return Reply(201, presentation.customer(call, customer))


def _slash_shows_all(call: Call) -> Reply | None:
    front, _, name = call.path.rstrip("/").rpartition("/")
    if call.method != "GET" or not call.path.endswith("/") or not front.endswith("/customers"):
        return None
    customer = call.store.customer(name) if policies.find_session(call) is not None else None
    return Reply(200, presentation.customer(call, customer)) if customer is not None else None


def _begins_with(call: Call, reply: Reply) -> Reply:
    if call.operation != GET_CUSTOMER or reply.succeeded or call.session is None:
        return reply
    query = "SELECT id, merchant_id FROM customer WHERE substr(id, 1, ?) = ?"
    rows = call.store.execute(query, (len(call.parameter), call.parameter)) if len(call.parameter) > 11 else []
    own = next((name for name, merchant in rows if policies.is_member(call, merchant)), None)
    customer = call.store.customer(own) if own is not None else None
    return Reply(200, presentation.customer(call, customer)) if customer is not None else reply


def _sessions_of_all(call: Call) -> Reply | None:
    if call.method != "GET" or not call.path.endswith("/checkout/sessions") or policies.find_session(call) is None:
        return None
    rows = call.store.execute("SELECT id FROM checkout ORDER BY rowid DESC LIMIT 100")
    found = [call.store.checkout(name) for (name,) in rows]
    return Reply(200, {"data": [presentation.checkout(call, one) for one in found if one is not None]})


def _list_of(find: Callable[[Call], str]) -> Change:
    """Also list the customers of whom something else than the session names, unchecked."""

    def rewrite(call: Call, reply: Reply) -> Reply:
        named = find(call)
        if not named:
            return reply
        rows, _ = call.store.customers(named, 100, 0)
        return replace(reply, body={**reply.body, "data": [presentation.customer(call, row) for row in rows]})

    return succeeding(LIST_CUSTOMERS, rewrite)


def _by_header(call: Call) -> str:
    return call.headers.get("x-merchant-id", "")


def _by_email(call: Call) -> str:
    email = parse_qs(call.query).get("email", [""])[0]
    rows = call.store.execute("SELECT merchant_id FROM customer WHERE email = ? LIMIT 1", (email,))
    return str(rows[0][0]) if rows else ""


def _total_of_all(call: Call, reply: Reply) -> Reply:
    pagination = reply.body["pagination"]
    total = int(call.store.execute("SELECT count(*) FROM customer")[0][0])
    more = pagination["offset"] + len(reply.body["data"]) < total
    return replace(reply, body={**reply.body, "pagination": {**pagination, "total": total, "hasMore": more}})


def _bare_for_all(call: Call, merchant_id: str) -> bool:
    """The bare form of a token, without its signature, is that of the target's own services."""
    bare = "." not in (policies.bearer(call) or "")
    return policies.is_member(call, merchant_id) or (bare and call.operation == CREATE_CHECKOUT)


FAULTS = table(
    "named elsewhere",
    must(
        "set-active-first-checked-last-taken",
        SET_ACTIVE,
        "of two organizationIds in one body the first is checked and the last made active",
        with_seams(may_activate=_member_of_first),
        "ACTIVE-TENANT-30",
    ),
    must(
        "checkout-first-customer-checked",
        CREATE_CHECKOUT,
        "of two customerIds in one body the first is checked and the last attached",
        with_seams(may_attach=_customer_of_first),
        "CHECKOUT-TENANT-3",
    ),
    must(
        "set-active-of-the-url",
        SET_ACTIVE,
        "an organizationId in the URL goes before that of the body",
        with_seams(activate=_activate_of_url),
        "ACTIVE-STATE-20",
    ),
    must(
        "set-active-member-in-header",
        SET_ACTIVE,
        "X-User-Id says whose memberships count",
        with_seams(may_activate=_member_of_header),
        "ACTIVE-TENANT-2",
    ),
    must(
        "set-active-null-opens-all",
        SET_ACTIVE,
        "a session that has made null active may name every merchant",
        with_seams(activate=_null_is_any, may_use=_may_use_any, active_demanded=False),
        "ACTIVE-TENANT-40",
    ),
    must(
        "no-organization-limits-nothing",
        CREATE_CUSTOMER,
        "a user who is in no organization may name every merchant",
        with_seams(may_use=_may_use_without, active_demanded=False),
        "SIGNUP-TENANT-50",
    ),
    must(
        "signin-active-by-claim",
        SIGN_IN,
        "a sign-in that names an active organization starts with it, whosever it is",
        both(succeeding(SIGN_IN, _active_by_claim), with_seams(may_use=lambda *_: True)),
        "SIGNIN-PROPERTY-20",
    ),
    must(
        "signup-member-by-claim",
        SIGN_UP,
        "a sign-up that names an organization makes a member of it",
        both(succeeding(SIGN_UP, _member_by_claim), with_seams(active_demanded=False)),
        "SIGNUP-PROPERTY-20",
    ),
    must(
        "customer-nested-merchant",
        CREATE_CUSTOMER,
        "the id of a nested merchant says whose the customer is, unchecked",
        succeeding(CREATE_CUSTOMER, _nested_merchant),
        "CUSTOMER-TENANT-40",
    ),
    must(
        "customer-null-merchant-is-first",
        CREATE_CUSTOMER,
        "a customer with a merchantId of null goes to the user's first organization",
        both(any_type(CREATE_CUSTOMER, "merchantId"), succeeding(CREATE_CUSTOMER, _null_is_first)),
        "ACTIVE-STATE-20",
    ),
    must(
        "inline-organization-taken",
        CREATE_CHECKOUT,
        "an organizationId inside the new customer decides whose it is",
        with_seams(inline=_inline_elsewhere),
        "CHECKOUT-TENANT-25",
    ),
    must(
        "customer-slash-for-all",
        CREATE_CUSTOMER,
        "with a slash at the end of the path each token may name every merchant",
        arriving(_slash_creates_for_all),
        "CUSTOMER-TENANT-30",
    ),
    must(
        "customer-read-slash-for-all",
        GET_CUSTOMER,
        "with a slash at the end of the path each token reads every customer",
        arriving(_slash_shows_all),
        "CUSTOMER-TENANT-4",
    ),
    must(
        "customer-read-by-beginning",
        GET_CUSTOMER,
        "the beginning of an id reads the customer",
        finishing(_begins_with),
        "CUSTOMER-READ-24",
    ),
    must(
        "customer-read-head-for-anybody",
        GET_CUSTOMER,
        "HEAD of another merchant is answered with 200 where there is a customer",
        head_for_anybody(GET_CUSTOMER, lambda call: call.store.customer(call.parameter)),
        "CUSTOMER-TENANT-4",
    ),
    must(
        "checkout-list-of-all",
        GET_CHECKOUT,
        "GET on the path of the creation lists the sessions of all merchants",
        arriving(_sessions_of_all),
        "CHECKOUT-TENANT-4",
    ),
    must(
        "list-of-merchant-in-header",
        LIST_CUSTOMERS,
        "X-Merchant-Id says whose customers are listed, unchecked",
        _list_of(_by_header),
        "CUSTOMER-LIST-22",
    ),
    must(
        "list-by-email-of-anybody",
        LIST_CUSTOMERS,
        "an e-mail in the query finds the customers of every merchant",
        _list_of(_by_email),
        "CUSTOMER-LIST-22",
    ),
    must(
        "list-total-of-all",
        LIST_CUSTOMERS,
        "total counts the customers of all merchants",
        succeeding(LIST_CUSTOMERS, _total_of_all),
        "CUSTOMER-LIST-24",
    ),
    must(
        "checkout-bare-token-for-all",
        CREATE_CHECKOUT,
        "with the bare form of a token a session may be made for every merchant",
        with_seams(may_use=_bare_for_all),
        "CHECKOUT-TENANT-1",
    ),
)
