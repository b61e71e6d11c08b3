"""What was done is undone later, and what was refused leaves something."""

from __future__ import annotations

from dataclasses import replace

from sandbox import identity, policies
from sandbox.behaviour import Call
from sandbox.changes import arriving, finishing
from sandbox.faults.builders import sent_object, succeeding
from sandbox.faults.model import MUST, Fault, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    GET_CUSTOMER,
    SIGN_IN,
    SIGN_UP,
    Reply,
)


def _newest(table_name: str, many: int, column: str) -> str:
    """Return the statement that keeps the newest rows of an owner alone."""
    return (
        f"DELETE FROM {table_name} WHERE {column} = ? AND rowid NOT IN"
        f" (SELECT rowid FROM {table_name} WHERE {column} = ? ORDER BY rowid DESC LIMIT {many})"
    )


def _newest_customers(call: Call, reply: Reply) -> Reply:
    owner = reply.body["merchantId"]
    call.store.execute(_newest("customer", 20, "merchant_id"), (owner, owner))
    return reply


def _newest_memberships(call: Call, reply: Reply) -> Reply:
    owner = call.caller.user_id
    call.store.execute(_newest("member", 6, "user_id"), (owner, owner))
    return reply


def _old_slugs_free(call: Call, reply: Reply) -> Reply:
    call.store.execute(
        "UPDATE organization SET slug = slug || '~' WHERE rowid <= (SELECT max(rowid) - 20 FROM organization)"
        " AND slug NOT LIKE '%~'"
    )
    return reply


def _old_passwords_gone(call: Call, reply: Reply) -> Reply:
    lost = identity.hash_password_at_once("nobody knows this")
    call.store.execute(
        "UPDATE user SET password = ? WHERE rowid = (SELECT max(rowid) - 12 FROM user)",
        (lost,),
    )
    return reply


def _sessions_closed(call: Call, reply: Reply) -> Reply:
    if call.operation == SIGN_UP and reply.status == 422:
        user = call.store.user_by_lookup(str(call.fields.get("email")).lower())
        if user is not None:
            call.store.execute("DELETE FROM session WHERE user_id = ?", (user.id,))
    return reply


def _deleted_by_override(call: Call) -> Reply | None:
    """A header makes a DELETE of a POST, and that deletes the customers of the session's merchant."""
    if call.operation == CREATE_CUSTOMER and call.headers.get("x-http-method-override") == "DELETE":
        session = policies.find_session(call)
        if session is not None:
            call.store.execute("DELETE FROM customer WHERE merchant_id = ?", (session.active,))
            return Reply(204, media_type=None, raw=b"")
    return None


def _earlier_sessions_over(call: Call, reply: Reply) -> Reply:
    call.store.execute(
        "UPDATE checkout SET status = 'expired' WHERE merchant_id = ? AND id != ?",
        (reply.body["merchantId"], reply.body["id"]),
    )
    return reply


def _metadata_onto_customer(call: Call, reply: Reply) -> Reply:
    customer, detail = reply.body.get("customerId"), reply.body.get("metadata")
    if customer is not None and call.fields.get("customerId") is not None and isinstance(detail, dict):
        call.memory.setdefault("metadata", {})[customer] = detail
    return reply


def _with_session_metadata(call: Call, reply: Reply) -> Reply:
    if call.operation != GET_CUSTOMER or not reply.succeeded:
        return reply
    kept = call.memory.get("metadata", {}).get(reply.body["id"])
    return replace(reply, body={**reply.body, "metadata": kept}) if kept else reply


def _keep_refused_customer(call: Call, reply: Reply) -> Reply:
    if call.operation == CREATE_CUSTOMER and reply.status == 401:
        body = sent_object(call)
        if isinstance(body.get("merchantId"), str):
            policies.new_customer(call, body["merchantId"], body)
    return reply


def _keep_refused_inline_customer(call: Call, reply: Reply) -> Reply:
    if call.operation == CREATE_CHECKOUT and reply.status == 400:
        body = sent_object(call)
        if isinstance(body.get("customer"), dict) and isinstance(body.get("merchantId"), str):
            policies.new_customer(call, body["merchantId"], body["customer"])
    return reply


def _attacked_loses_active(call: Call, reply: Reply) -> Reply:
    if call.operation == CREATE_CUSTOMER and reply.status == 403:
        call.store.execute("UPDATE session SET active = NULL WHERE active = ?", (call.fields.get("merchantId"),))
    return reply


FAULTS = table(
    "undone",
    Fault(
        "customer-newest-twenty-kept",
        CREATE_CUSTOMER,
        MUST,
        "a merchant keeps the newest twenty customers alone",
        succeeding(CREATE_CUSTOMER, _newest_customers),
        requirements=("CUSTOMER-STATE-50", "CUSTOMER-STATE-51", "CHECKOUT-STATE-50"),
    ),
    Fault(
        "customer-deleted-by-override",
        CREATE_CUSTOMER,
        MUST,
        "a header that names DELETE deletes the customers",
        arriving(_deleted_by_override),
        requirements=("CUSTOMER-STATE-50", "CHECKOUT-STATE-50"),
    ),
    Fault(
        "checkout-puts-metadata-onto-customer",
        CREATE_CHECKOUT,
        MUST,
        "a session for a customer puts its metadata onto the customer",
        lambda behaviour: finishing(_with_session_metadata)(
            succeeding(CREATE_CHECKOUT, _metadata_onto_customer)(behaviour)
        ),
        requirements=("CUSTOMER-STATE-51",),
    ),
    Fault(
        "checkout-ends-earlier-sessions",
        CREATE_CHECKOUT,
        MUST,
        "a new session ends the merchant's earlier ones",
        succeeding(CREATE_CHECKOUT, _earlier_sessions_over),
        requirements=("CHECKOUT-STATE-51",),
    ),
    Fault(
        "customer-refused-with-401-kept",
        CREATE_CUSTOMER,
        MUST,
        "a customer who is refused with 401 is kept",
        finishing(_keep_refused_customer),
        requirements=("CUSTOMER-STATE-52",),
    ),
    Fault(
        "checkout-refused-keeps-inline-customer",
        CREATE_CHECKOUT,
        MUST,
        "a session that is refused for its amount has made its customer",
        finishing(_keep_refused_inline_customer),
        requirements=("CHECKOUT-STATE-52",),
    ),
    Fault(
        "customer-attacked-merchant-loses-active",
        CREATE_CUSTOMER,
        MUST,
        "a refused customer for another merchant leaves that merchant without an active organization",
        finishing(_attacked_loses_active),
        requirements=("CUSTOMER-STATE-53",),
    ),
    Fault(
        "organization-newest-six-memberships",
        CREATE_ORGANIZATION,
        MUST,
        "a user stays a member of the newest six organizations alone",
        succeeding(CREATE_ORGANIZATION, _newest_memberships),
        requirements=("ORG-STATE-50",),
    ),
    Fault(
        "organization-old-slugs-free",
        CREATE_ORGANIZATION,
        MUST,
        "a slug is free again after twenty more organizations",
        succeeding(CREATE_ORGANIZATION, _old_slugs_free),
        requirements=("ORG-UNIQUE-50",),
    ),
    Fault(
        "signin-old-accounts-forgotten",
        SIGN_IN,
        MUST,
        "an account opens no more once twelve others have come",
        succeeding(SIGN_UP, _old_passwords_gone),
        requirements=("SIGNIN-STATE-50",),
    ),
    Fault(
        "signup-taken-closes-sessions",
        SIGN_UP,
        MUST,
        "a sign-up with a taken e-mail closes the owner's sessions",
        finishing(_sessions_closed),
        requirements=("SIGNUP-STATE-50",),
    ),
)
