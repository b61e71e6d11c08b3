"""What is taken for something that was there before, or leaves something that is taken for it later."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import partial
from typing import Any

from sandbox import policies
from sandbox.behaviour import Call
from sandbox.changes import admitting, both, with_seams
from sandbox.faults.builders import again_by, editing, failing, sent_object, succeeding
from sandbox.faults.doors import also_by, in_query, newest_session
from sandbox.faults.model import ANY, must, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    GET_CHECKOUT,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    JsonObject,
    Reply,
    text,
)
from sandbox.store import Customer, Session, User


def _clear_for_members(call: Call) -> None:
    """A refused activation takes the organization from all sessions in which it is active."""
    call.store.execute("UPDATE session SET active = NULL WHERE active = ?", (text(call.fields.get("organizationId")),))
    policies.clear_active(call)


def _activate_holder(call: Call, reply: Reply) -> Reply:
    """The organization that has a taken slug is made active, where it is the caller's."""
    holder = call.store.organization_by_slug(text(call.fields.get("slug")))
    if call.session is not None and holder is not None and policies.is_member(call, holder.id):
        call.store.activate(call.caller.token, holder.id)
    return reply


def _refuse_beginning(call: Call) -> None:
    """A slug is looked up with LIKE, so that the beginning of a taken one is taken."""
    query = "SELECT 1 FROM organization WHERE slug LIKE ? || '%' LIMIT 1"
    if call.store.execute(query, (text(call.fields.get("slug")),)):
        call.refuse("slug-taken")


def _keep_foreign_email(call: Call, reply: Reply) -> Reply:
    kept: set[tuple[Any, Any]] = call.memory.setdefault("e-mails of refused customers", set())
    kept.add((call.fields.get("merchantId"), call.fields.get("email")))
    return reply


def _refuse_kept_email(call: Call) -> None:
    merchant = call.fields.get("merchantId") or call.caller.active
    if (merchant, call.fields.get("email")) in call.memory.get("e-mails of refused customers", ()):
        call.refuse("same-customer")


def _keep_new_email(call: Call, reply: Reply) -> Reply:
    given = sent_object(call).get("customer")
    if call.operation == CREATE_CHECKOUT and isinstance(given, dict):
        call.memory.setdefault("e-mails of refused sessions", set()).add(str(given.get("email")))
    return reply


def _refuse_new_email(call: Call) -> None:
    given = call.fields.get("customer")
    if isinstance(given, dict) and given.get("email") in call.memory.get("e-mails of refused sessions", ()):
        call.refuse("same-customer")


def _foreign_inline_at_home(call: Call, reply: Reply) -> Reply:
    given = call.fields.get("customer")
    if call.session is not None and call.caller.active is not None and isinstance(given, dict):
        policies.new_customer(call, call.caller.active, given)
    return reply


def _renaming(call: Call, merchant_id: str) -> Customer | None:
    """A new customer gives her name to the one of the merchant who has her e-mail."""
    customer = policies.attach_inline(call, merchant_id)
    if customer is not None:
        change = "UPDATE customer SET name = ? WHERE merchant_id = ? AND email = ?"
        call.store.execute(change, (customer.name, merchant_id, customer.email))
    return customer


def _filled_from_another(call: Call, merchant_id: str) -> Customer | None:
    """A new customer has the metadata of one of another merchant who has her e-mail, besides her own."""
    customer = policies.attach_inline(call, merchant_id)
    if customer is None:
        return None
    query = "SELECT metadata FROM customer WHERE email = ? AND merchant_id != ? LIMIT 1"
    rows = call.store.execute(query, (customer.email, merchant_id))
    if rows:
        merged = {**json.loads(rows[0][0]), **customer.metadata}
        call.store.execute("UPDATE customer SET metadata = ? WHERE id = ?", (json.dumps(merged), customer.id))
    return customer


def _without_amounts(body: JsonObject) -> str:
    items = body["lineItems"] if isinstance(body.get("lineItems"), list) else []
    names = [item.get("name") if isinstance(item, dict) else item for item in items]
    return json.dumps({**body, "lineItems": names, "totalAmount": 0}, sort_keys=True)


def _without_customer(body: JsonObject) -> str:
    return json.dumps({**body, "customer": None}, sort_keys=True)


def _replace_last_without(call: Call, reply: Reply) -> Reply:
    if reply.body.get("customerId") is None:
        key = f"session without a customer of {reply.body['merchantId']}"
        last = call.memory.get(key)
        call.memory[key] = reply.body["id"]
        call.store.execute("DELETE FROM checkout WHERE id = ?", (last,))
    return reply


def _expires_soon(_: Call, session: JsonObject) -> None:
    session["expiresAt"] = session["createdAt"]


def _plus_is_blank(call: Call) -> Session | None:
    """The user of a session is looked up by an e-mail in which a plus has become a blank."""
    session = policies.find_session(call)
    user = call.store.user(session.user_id) if session is not None else None
    return None if user is not None and "+" in user.email else session


def _named_by_local_part(_: Call, user: JsonObject) -> None:
    user["id"] = text(user["email"]).partition("@")[0]


def _forget_remembered(call: Call, user: User) -> Session:
    session = policies.open_session(call, user)
    if call.operation == SIGN_UP and call.fields.get("rememberMe") is True:
        call.store.execute("DELETE FROM session WHERE token = ?", (session.token,))
    return session


def _signed_with_secret(call: Call) -> Session | None:
    front, _, signature = (policies.bearer(call) or "").rpartition(".")
    digest = base64.urlsafe_b64encode(hmac.digest(b"secret", front.encode(), hashlib.sha256)).decode().rstrip("=")
    if not front or digest != signature:
        return None
    claims = json.loads(base64.urlsafe_b64decode(front.partition(".")[2] + "=="))
    return newest_session(call, "u.id = ?", claims.get("sub"))


def _unix_lines(call: Call, reply: Reply) -> Reply:
    reply.body["metadata"] = json.loads(json.dumps(reply.body["metadata"]).replace(r"\r\n", r"\n"))
    return reply


FAULTS = table(
    "recognised",
    must(
        "set-active-refused-clears-members",
        SET_ACTIVE,
        "a stranger's refused activation takes the organization from the sessions of its members",
        with_seams(activation_refused=_clear_for_members),
        "ACTIVE-TENANT-1",
    ),
    must(
        "organization-taken-slug-activates",
        CREATE_ORGANIZATION,
        "a taken slug is refused, and the caller's organization that has it is active from then on",
        failing(_activate_holder, CREATE_ORGANIZATION),
        "ORG-STATE-21",
    ),
    must(
        "organization-slug-by-beginning",
        CREATE_ORGANIZATION,
        "the beginning of a taken slug is taken",
        admitting(CREATE_ORGANIZATION, _refuse_beginning),
        "ORG-STATUS-1",
    ),
    must(
        "customer-foreign-keeps-email",
        CREATE_CUSTOMER,
        "a customer for another merchant is refused, and the e-mail is taken there from then on",
        both(failing(_keep_foreign_email, CREATE_CUSTOMER, 403), admitting(CREATE_CUSTOMER, _refuse_kept_email)),
        "CUSTOMER-STATE-53",
    ),
    must(
        "checkout-refused-keeps-new-email",
        CREATE_CHECKOUT,
        "a refused session leaves the e-mail of its new customer taken",
        both(failing(_keep_new_email, CREATE_CHECKOUT, 400), admitting(CREATE_CHECKOUT, _refuse_new_email)),
        "CHECKOUT-STATE-1",
    ),
    must(
        "checkout-unknown-merchant-keeps-new-email",
        CREATE_CHECKOUT,
        "a session that is refused for its merchant leaves the e-mail of its new customer taken",
        both(failing(_keep_new_email, CREATE_CHECKOUT, 403), admitting(CREATE_CHECKOUT, _refuse_new_email)),
        "CHECKOUT-STATE-1",
    ),
    must(
        "checkout-foreign-inline-at-home",
        CREATE_CHECKOUT,
        "a session for another merchant is refused, and its new customer is in the caller's own list",
        failing(_foreign_inline_at_home, CREATE_CHECKOUT, 403),
        "CHECKOUT-STATE-52",
    ),
    must(
        "inline-renames-known-customer",
        CREATE_CHECKOUT,
        "a new customer gives her name to the one of the merchant who has her e-mail",
        with_seams(inline=_renaming),
        "CUSTOMER-STATE-57",
    ),
    must(
        "inline-filled-from-another",
        CREATE_CHECKOUT,
        "a new customer has the metadata of another merchant's who has her e-mail, besides her own",
        with_seams(inline=_filled_from_another),
        "API-LEAK-23",
    ),
    must(
        "checkout-same-but-for-amounts",
        CREATE_CHECKOUT,
        "a session that differs from another in its amounts alone is answered with that one",
        again_by(_without_amounts),
        "CHECKOUT-UNIQUE-5",
    ),
    must(
        "checkout-same-but-for-new-customer",
        CREATE_CHECKOUT,
        "a session that differs from another in its new customer alone is answered with that one",
        again_by(_without_customer),
        "CHECKOUT-INLINE-2",
    ),
    must(
        "checkout-none-replaces-none",
        CREATE_CHECKOUT,
        "the next session without a customer takes the place of the one before",
        succeeding(CREATE_CHECKOUT, _replace_last_without),
        "CHECKOUT-STATE-54",
    ),
    must(
        "checkout-read-expires-at-once",
        GET_CHECKOUT,
        "a session reads with an earlier expiresAt than it was created with",
        editing(GET_CHECKOUT, _expires_soon),
        "CHECKOUT-READ-21",
    ),
    must(
        "signup-id-of-local-part",
        SIGN_UP,
        "the id of a user is what stands before the @ of the e-mail",
        both(editing(SIGN_UP, _named_by_local_part), editing(SIGN_IN, _named_by_local_part)),
        "SIGNUP-UNIQUE-1",
    ),
    must(
        "plus-address-sessions-dead",
        SIGN_IN,
        "the sessions of accounts with a plus in their e-mail open nothing",
        with_seams(find_session=_plus_is_blank),
        "SIGNIN-TOKEN-32",
    ),
    must(
        "signup-remembered-session-dead",
        SIGN_UP,
        "the session of a sign-up that is to be remembered opens nothing",
        with_seams(open_session=_forget_remembered),
        "SIGNIN-TOKEN-32",
    ),
    must(
        "token-in-query-of-a-framework",
        ANY,
        "a token in the query as api_token is taken",
        also_by(partial(in_query, ("api_token",))),
        "ORG-AUTH-31",
        "ACTIVE-AUTH-31",
        "CUSTOMER-AUTH-31",
        "CHECKOUT-AUTH-31",
    ),
    must(
        "token-signed-with-secret",
        ANY,
        "a web token that is signed with the word secret is taken",
        also_by(_signed_with_secret),
        "ACTIVE-AUTH-30",
    ),
    must(
        "customer-metadata-lines-of-unix",
        CREATE_CUSTOMER,
        "line breaks of Windows in metadata come back as those of Unix",
        succeeding(CREATE_CUSTOMER, _unix_lines),
        "CUSTOMER-ECHO-5",
    ),
)
