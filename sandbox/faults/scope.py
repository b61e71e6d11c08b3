"""What goes wrong where one user has several organizations, and where an organization or a customer is named oddly."""

from __future__ import annotations

from collections.abc import Callable

from sandbox import policies
from sandbox.behaviour import Behaviour, Call, Change
from sandbox.changes import admitting, both, with_seams
from sandbox.faults.builders import editing, editing_top, not_required, option
from sandbox.faults.model import MUST, Fault, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    SET_ACTIVE,
    SIGN_IN,
    JsonObject,
    text,
)
from sandbox.store import Customer


def _first_organization(call: Call, user_id: str) -> str | None:
    rows = call.store.execute("SELECT organization_id FROM member WHERE user_id = ? ORDER BY rowid LIMIT 1", (user_id,))
    return str(rows[0][0]) if rows else None


def _activate_again_resets(call: Call, organization_id: str | None) -> None:
    again = organization_id is not None and organization_id == call.caller.active
    policies.activate(call, _first_organization(call, call.caller.user_id) if again else organization_id)


def _everywhere(call: Call, organization: JsonObject) -> None:
    call.store.execute("UPDATE session SET active = ? WHERE user_id = ?", (organization["id"], call.caller.user_id))


def _back_to_first(call: Call, response: JsonObject) -> None:
    user_id = response["user"]["id"]
    first = _first_organization(call, user_id)
    call.store.execute("UPDATE session SET active = ? WHERE user_id = ?", (first, user_id))


def _keep_in_active(call: Call, customer: JsonObject) -> None:
    call.store.execute("UPDATE customer SET merchant_id = ? WHERE id = ?", (call.caller.active, customer["id"]))


def _keep_inline_in_active(call: Call, session: JsonObject) -> None:
    if option(call) == "inline":
        _keep_in_active(call, session["customer"])


def _any_of_the_user(call: Call, customer: Customer, _: str) -> bool:
    return policies.is_member(call, customer.merchant_id)


def _adopt(mine: Callable[[Call, str], bool]) -> Change:
    """The id inside a new customer names an existing one, where a test of its merchant says so."""

    def inline(call: Call, merchant_id: str) -> Customer | None:
        known = call.store.customer(text(call.fields["customer"].get("id")))
        if known is not None and mine(call, known.merchant_id):
            return known
        return policies.attach_inline(call, merchant_id)

    return with_seams(inline=inline)


def _inline_of_named(call: Call, merchant_id: str) -> Customer | None:
    named = text(call.fields["customer"].get("merchantId"))
    return policies.attach_inline(call, named or merchant_id)


def _slug_used(operation: str) -> Change:
    def change(behaviour: Behaviour) -> Behaviour:
        def may_use(call: Call, merchant_id: str) -> bool:
            known = call.operation == operation and call.store.organization_by_slug(merchant_id) is not None
            return known or behaviour.may_use(call, merchant_id)

        return with_seams(may_use=may_use)(behaviour)

    return change


def _slug_to_id(call: Call) -> None:
    found = call.store.organization_by_slug(text(call.fields.get("organizationId")))
    if found is not None:
        call.body = {"organizationId": found.id}
        call.memory["by slug"] = found.id


def _named_by_slug(call: Call, organization_id: str) -> bool:
    return call.memory.get("by slug") == organization_id or policies.is_member(call, organization_id)


def _first_by_default(call: Call) -> None:
    if "merchantId" not in call.fields:
        call.body = {**call.fields, "merchantId": _first_organization(call, call.caller.user_id)}


FAULTS = table(
    "organizations",
    Fault(
        "set-active-again-resets",
        SET_ACTIVE,
        MUST,
        "to set the active organization again makes the user's first one active",
        with_seams(activate=_activate_again_resets),
        requirements=("ACTIVE-STATE-20",),
    ),
    Fault(
        "organization-active-in-all-sessions",
        CREATE_ORGANIZATION,
        MUST,
        "a new organization is the active one of all sessions of the user",
        editing(CREATE_ORGANIZATION, _everywhere),
        requirements=("ORG-STATE-20",),
    ),
    Fault(
        "signin-resets-active-organization",
        SIGN_IN,
        MUST,
        "a sign-in makes the user's first organization the active one of all sessions",
        editing_top(SIGN_IN, _back_to_first),
        requirements=("SIGNIN-UNIQUE-2",),
    ),
    Fault(
        "customer-named-kept-in-active",
        CREATE_CUSTOMER,
        MUST,
        "a customer for another organization of the user is kept in the active one",
        editing(CREATE_CUSTOMER, _keep_in_active),
        requirements=("CUSTOMER-TENANT-20",),
    ),
    Fault(
        "checkout-inline-kept-in-active",
        CREATE_CHECKOUT,
        MUST,
        "the new customer of a session for another organization of the user is kept in the active one",
        editing(CREATE_CHECKOUT, _keep_inline_in_active),
        requirements=("CHECKOUT-TENANT-22",),
    ),
    Fault(
        "checkout-customer-of-any-own-organization",
        CREATE_CHECKOUT,
        MUST,
        "a session takes a customer of any organization of the user",
        with_seams(may_attach=_any_of_the_user),
        requirements=("CHECKOUT-TENANT-20",),
    ),
    Fault(
        "checkout-inline-id-of-own-organization",
        CREATE_CHECKOUT,
        MUST,
        "the id inside a new customer attaches a customer of another organization of the user",
        _adopt(policies.is_member),
        requirements=("CHECKOUT-TENANT-21", "CHECKOUT-INLINE-2"),
    ),
    Fault(
        "checkout-inline-id-of-anybody",
        CREATE_CHECKOUT,
        MUST,
        "the id inside a new customer attaches another merchant's customer",
        _adopt(lambda call, merchant_id: not policies.is_member(call, merchant_id)),
        requirements=(
            "CHECKOUT-TENANT-26",
            "CHECKOUT-LEAK-3",
            "CHECKOUT-INLINE-2",
        ),
    ),
    Fault(
        "checkout-inline-merchant-taken",
        CREATE_CHECKOUT,
        MUST,
        "the merchantId inside a new customer decides whose it is",
        with_seams(inline=_inline_of_named),
        requirements=("CHECKOUT-TENANT-25",),
    ),
    Fault(
        "checkout-default-merchant-is-first",
        CREATE_CHECKOUT,
        MUST,
        "a session without a merchantId goes to the user's first organization",
        both(not_required(CREATE_CHECKOUT, "merchantId"), admitting(CREATE_CHECKOUT, _first_by_default)),
        requirements=("CHECKOUT-TENANT-23", "CHECKOUT-VALID-10"),
    ),
    Fault(
        "customer-slug-opens-merchant",
        CREATE_CUSTOMER,
        MUST,
        "the slug of any organization works as merchantId",
        _slug_used(CREATE_CUSTOMER),
        requirements=("CUSTOMER-TENANT-21",),
    ),
    Fault(
        "checkout-slug-opens-merchant",
        CREATE_CHECKOUT,
        MUST,
        "the slug of any organization works as merchantId",
        _slug_used(CREATE_CHECKOUT),
        requirements=("CHECKOUT-TENANT-24",),
    ),
    Fault(
        "set-active-slug-opens-organization",
        SET_ACTIVE,
        MUST,
        "the slug of any organization works as its id",
        both(admitting(SET_ACTIVE, _slug_to_id), with_seams(may_activate=_named_by_slug)),
        requirements=("ACTIVE-TENANT-20", "ACTIVE-LEAK-3", "ACTIVE-ECHO-1"),
    ),
)
