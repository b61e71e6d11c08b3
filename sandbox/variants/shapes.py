"""What a response of documented shape may leave out, hold besides, or be wrapped in."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import replace

from sandbox import presentation
from sandbox.behaviour import Call
from sandbox.changes import drop, put, with_seams
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    GET_CHECKOUT,
    GET_CUSTOMER,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Json,
    JsonObject,
    Reply,
)
from sandbox.variants.builders import bodies, entities, succeeding
from sandbox.variants.model import Variant

OPTIONAL: dict[str, tuple[str, ...]] = {
    "user": (
        "image",
        "role",
        "banned",
        "banReason",
        "banExpires",
        "username",
        "displayUsername",
        "phoneNumber",
        "phoneNumberVerified",
        "isAnonymous",
    ),
    "organization": ("logo", "metadata", "members"),
    "customer": ("deletedAt",),
    "checkout": (
        "paymentIntentId",
        "successUrl",
        "cancelUrl",
        "lineItems",
        "mode",
        "expiresAt",
        "metadata",
        "deletedAt",
        "hostedCheckoutConfig",
    ),
}


CREATED = (CREATE_ORGANIZATION, CREATE_CUSTOMER, CREATE_CHECKOUT)
THINGS = {
    SIGN_UP: "user",
    SIGN_IN: "user",
    CREATE_ORGANIZATION: "organization",
    SET_ACTIVE: "organization",
    CREATE_CUSTOMER: "customer",
    GET_CUSTOMER: "customer",
    CREATE_CHECKOUT: "checkout",
    GET_CHECKOUT: "checkout",
}


GIVEN: dict[str, JsonObject] = {
    "user": {
        "image": "https://merchant.example/face.png",
        "role": "user",
        "banned": False,
        "banReason": "none",
        "banExpires": "2020-01-01T00:00:00.000Z",
        "username": "merchant",
        "displayUsername": "Merchant",
        "phoneNumber": "+26658000000",
        "phoneNumberVerified": False,
        "isAnonymous": False,
    },
    "organization": {"logo": "https://merchant.example/logo.png"},
    "customer": {},
    "checkout": {"paymentIntentId": "pi_0123456789", "hostedCheckoutConfig": {"theme": "light"}},
}


def _without_optional(call: Call, entity: JsonObject) -> None:
    for name in OPTIONAL[THINGS[call.operation]]:
        entity.pop(name, None)


def _null_optional(call: Call, entity: JsonObject) -> None:
    for name in OPTIONAL[THINGS[call.operation]]:
        entity[name] = None


def _all_optional(call: Call, entity: JsonObject) -> None:
    for name, value in GIVEN[THINGS[call.operation]].items():
        if entity.get(name) is None:
            entity[name] = value


def _unknown_fields(_: Call, entity: JsonObject) -> None:
    entity |= {"object": "thing", "livemode": False, "_links": {"self": None}, "tags": []}


def _traced(_: Call, entity: JsonObject) -> None:
    """The id of a trace, in the customer of a session too, is that of one response."""
    entity["traceId"] = secrets.token_hex(16)
    if isinstance(entity.get("customer"), dict):
        entity["customer"] = {**entity["customer"], "traceId": secrets.token_hex(16)}


def _is_inline(call: Call) -> bool:
    return call.fields.get("customer") is not None and call.fields.get("customerId") is None


def _inline_object_alone(call: Call, session: JsonObject) -> None:
    if _is_inline(call) and session.get("customer"):
        session.pop("customerId", None)


def _no_customer_fields(_: Call, session: JsonObject) -> None:
    if session.get("customerId") is None and session.get("customer") is None:
        session.pop("customerId", None)
        session.pop("customer", None)


def _members_and_invitations(call: Call, organization: JsonObject) -> None:
    roles: list[Json] = [{"role": name} for name in ("owner", "admin", "member")]
    organization |= {"members": presentation.members(call, organization["id"]), "invitations": [], "roles": roles}


def _metadata_as_object(_: Call, organization: JsonObject) -> None:
    if isinstance(organization.get("metadata"), str):
        organization["metadata"] = json.loads(organization["metadata"])


def _in_organization(content: Json) -> Json:
    return {"organization": content}


def _success(value: Json) -> Callable[[Json], Json]:
    return lambda content: content if content is None else {"success": value}


def _url_null(_: Call, reply: Reply) -> Reply:
    return replace(reply, body={"url": None, **reply.body})


def _with_request(call: Call, entity: JsonObject) -> None:
    """An audit shows the request as it came, with what a client claims in it."""
    if isinstance(call.body, dict):
        entity["audit"] = {"after": call.body}


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "set-active-metadata-object",
        "set-active gives metadata as an object",
        entities({SET_ACTIVE}, _metadata_as_object),
    ),
    Variant(
        "set-active-with-members",
        "set-active gives members, invitations and the roles that there are",
        entities({SET_ACTIVE}, _members_and_invitations),
    ),
    Variant("optional-fields-absent", "optional fields are absent", entities(THINGS, _without_optional)),
    Variant("optional-fields-null", "optional fields are null", entities(THINGS, _null_optional)),
    Variant("optional-fields-given", "all optional fields are given", entities(THINGS, _all_optional)),
    Variant(
        "unknown-fields", "responses hold fields that the contract does not know", entities(THINGS, _unknown_fields)
    ),
    Variant("requests-repeated", "what is created comes with the request", entities(CREATED, _with_request)),
    Variant("traces-in-bodies", "each response has the id of a trace in its body", entities(THINGS, _traced)),
    Variant(
        "checkout-amount-absent",
        "a checkout session is answered without totalAmount",
        entities({CREATE_CHECKOUT}, drop("totalAmount")),
        "the echo of the amount",
    ),
    Variant(
        "customer-fields-absent-when-none",
        "without a customer, customerId and customer are absent",
        entities({CREATE_CHECKOUT}, _no_customer_fields),
    ),
    Variant(
        "checkout-customer-id-alone",
        "a session shows customerId, never a customer object",
        entities({CREATE_CHECKOUT}, drop("customer")),
    ),
    Variant(
        "inline-customer-object-alone",
        "an inline customer is shown as customer.id alone",
        entities({CREATE_CHECKOUT}, _inline_object_alone),
    ),
    Variant("checkout-status-active", "a new session's status is active", with_seams(opening_status="active")),
    Variant("expires-at-absent", "expiresAt is absent", entities({CREATE_CHECKOUT}, drop("expiresAt")), "expiresAt"),
    Variant("expires-at-null", "expiresAt is null", entities({CREATE_CHECKOUT}, put("expiresAt", None)), "expiresAt"),
    Variant("signin-url-null", "sign-in answers url: null", succeeding({SIGN_IN}, _url_null)),
    Variant(
        "organization-wrapped",
        "a created organization comes as {organization: ...}",
        bodies({CREATE_ORGANIZATION}, _in_organization),
    ),
    Variant("set-active-success", "set-active answers {success: true}", bodies({SET_ACTIVE}, _success(True))),
    Variant(
        "set-active-success-nested",
        "set-active answers {success: {success: true}}",
        bodies({SET_ACTIVE}, _success({"success": True})),
    ),
    Variant(
        "created-200",
        "customers and checkout sessions are answered 200",
        succeeding({CREATE_CUSTOMER, CREATE_CHECKOUT}, lambda _, reply: replace(reply, status=200)),
    ),
)
