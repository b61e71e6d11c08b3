"""What a client may not set, and does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from sandbox.behaviour import Call, Change
from sandbox.changes import Edit, admitting, both
from sandbox.faults.builders import editing
from sandbox.faults.model import MUST, Fault, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Json,
    JsonObject,
    Problem,
    Refused,
    text,
)

Fields: TypeAlias = Callable[[Call], Mapping[str, Json]]


def _body(call: Call) -> Mapping[str, Json]:
    return call.fields


def _inside(name: str) -> Fields:
    def fields(call: Call) -> Mapping[str, Json]:
        inner = call.fields.get(name)
        return inner if isinstance(inner, dict) else {}

    return fields


def _takes(*names: str, source: Fields = _body) -> Edit:
    """The response has the values that the request claims."""

    def edit(call: Call, entity: JsonObject) -> None:
        entity.update({name: value for name, value in source(call).items() if name in names})

    return edit


def _inside_customer(*names: str) -> Edit:
    def edit(call: Call, session: JsonObject) -> None:
        if isinstance(session.get("customer"), dict):
            _takes(*names, source=_inside("customer"))(call, session["customer"])

    return edit


def _bans_as_claimed(call: Call) -> None:
    if call.fields.get("banned") is True:
        call.memory.setdefault("banned", set()).add(call.fields["email"])


def _refuses_the_banned(call: Call) -> None:
    if call.fields["email"] in call.memory.get("banned", ()):
        raise Refused(Problem(403, "BANNED_USER", "You have been banned"))


def _renamed(call: Call, organization: JsonObject) -> None:
    """Set-active writes the name that it is given."""
    name = call.fields.get("name")
    if isinstance(name, str):
        call.store.execute("UPDATE organization SET name = ? WHERE id = ?", (name, organization["id"]))


def _taken_over(call: Call, organization: JsonObject) -> None:
    """An id that exists is written over; no other is taken."""
    if call.store.organization(text(call.fields.get("id"))) is not None:
        organization["id"] = call.fields["id"]


def _signs_in_renamed(call: Call, user: JsonObject) -> None:
    if isinstance(call.fields.get("name"), str):
        user["name"] = call.fields["name"]


def _members_added(call: Call, organization: JsonObject) -> None:
    given = call.fields.get("members")
    organization["members"] = [*organization["members"], *(given if isinstance(given, list) else ())]


def _keep_customer_elsewhere(call: Call, customer: JsonObject) -> None:
    claimed = text(_inside("metadata")(call).get("merchantId"))
    if claimed:
        call.store.execute("UPDATE customer SET merchant_id = ? WHERE id = ?", (claimed, customer["id"]))


def _inherits(call: Call, customer: JsonObject) -> None:
    """What one request has in `__proto__` is a default of all that follow."""
    call.memory.setdefault("inherited", {}).update(_inside("__proto__")(call))
    customer.update({name: value for name, value in call.memory["inherited"].items() if name not in customer})


def _remembers_role(call: Call, user: JsonObject) -> None:
    call.memory.setdefault("roles", {})[user["id"]] = call.fields.get("role")


def _shows_role(call: Call, user: JsonObject) -> None:
    user["role"] = call.memory.get("roles", {}).get(user["id"])


def _fault(name: str, operation: str, description: str, change: Change, requirement: str, *others: str) -> Fault:
    return Fault(name, operation, MUST, description, change, requirements=(requirement, *others))


FAULTS = table(
    "properties",
    _fault(
        "signup-id-taken",
        SIGN_UP,
        "the user has the id that was claimed",
        editing(SIGN_UP, _takes("id")),
        "SIGNUP-PROPERTY-20",
    ),
    _fault(
        "signup-verified-as-claimed",
        SIGN_UP,
        "whoever claims to be verified is",
        editing(SIGN_UP, _takes("emailVerified")),
        "SIGNUP-PROPERTY-20",
    ),
    _fault(
        "signup-nested-user-taken",
        SIGN_UP,
        "the members of a nested user are taken",
        editing(SIGN_UP, _takes("role", "createdAt", source=_inside("user"))),
        "SIGNUP-PROPERTY-20",
    ),
    _fault(
        "signup-banned-as-claimed",
        SIGN_UP,
        "whoever claims to be banned is, and is refused at sign-in",
        both(admitting(SIGN_UP, _bans_as_claimed), admitting(SIGN_IN, _refuses_the_banned)),
        "SIGNUP-PROPERTY-20",
    ),
    _fault(
        "signin-role-of-signup",
        SIGN_IN,
        "the role that a sign-up claims shows at the sign-in",
        both(editing(SIGN_UP, _remembers_role), editing(SIGN_IN, _shows_role)),
        "SIGNIN-PROPERTY-20",
    ),
    _fault(
        "organization-created-as-claimed",
        CREATE_ORGANIZATION,
        "the time of creation is the one that was claimed",
        editing(CREATE_ORGANIZATION, _takes("createdAt")),
        "ORG-PROPERTY-20",
    ),
    _fault(
        "organization-of-others-taken-over",
        CREATE_ORGANIZATION,
        "a new organization with the id of another one takes its place",
        editing(CREATE_ORGANIZATION, _taken_over),
        "ORG-PROPERTY-20",
        "ORG-UNIQUE-1",
    ),
    _fault(
        "signin-renames",
        SIGN_IN,
        "the name in a sign-in request is the user's",
        editing(SIGN_IN, _signs_in_renamed),
        "SIGNIN-PROPERTY-20",
        "SIGNIN-ECHO-3",
    ),
    _fault(
        "organization-members-as-claimed",
        CREATE_ORGANIZATION,
        "the members that a request names are members",
        editing(CREATE_ORGANIZATION, _members_added),
        "ORG-PROPERTY-20",
    ),
    _fault(
        "set-active-renames",
        SET_ACTIVE,
        "the name in a set-active request is the organization's from then on",
        editing(SET_ACTIVE, _renamed, _takes("name")),
        "ACTIVE-PROPERTY-20",
        "ACTIVE-ECHO-2",
        "ACTIVE-LEAK-23",
    ),
    _fault(
        "customer-deleted-as-claimed",
        CREATE_CUSTOMER,
        "a customer is deleted from when the request says",
        editing(CREATE_CUSTOMER, _takes("deletedAt")),
        "CUSTOMER-PROPERTY-20",
        "CUSTOMER-ECHO-7",
    ),
    _fault(
        "customer-id-of-metadata",
        CREATE_CUSTOMER,
        "an id inside metadata is the customer's",
        editing(CREATE_CUSTOMER, _takes("id", source=_inside("metadata"))),
        "CUSTOMER-PROPERTY-20",
        "CHECKOUT-STATUS-1",
    ),
    _fault(
        "customer-merchant-of-metadata",
        CREATE_CUSTOMER,
        "a merchantId inside metadata decides whose the customer is",
        editing(CREATE_CUSTOMER, _keep_customer_elsewhere),
        "CHECKOUT-STATUS-1",
    ),
    _fault(
        "customer-prototype-inherited",
        CREATE_CUSTOMER,
        "later customers have what one request has in `__proto__`",
        editing(CREATE_CUSTOMER, _inherits),
        "CUSTOMER-PROPERTY-21",
        "CUSTOMER-LEAK-23",
    ),
    _fault(
        "checkout-status-as-claimed",
        CREATE_CHECKOUT,
        "the session has the status that was claimed",
        editing(CREATE_CHECKOUT, _takes("status")),
        "CHECKOUT-PROPERTY-20",
    ),
    _fault(
        "checkout-url-as-claimed",
        CREATE_CHECKOUT,
        "the session has the URL that was claimed",
        editing(CREATE_CHECKOUT, _takes("sessionUrl", "paymentIntentId")),
        "CHECKOUT-PROPERTY-20",
    ),
    _fault(
        "checkout-status-of-metadata",
        CREATE_CHECKOUT,
        "a status inside metadata is the session's",
        editing(CREATE_CHECKOUT, _takes("status", source=_inside("metadata"))),
        "CHECKOUT-PROPERTY-20",
    ),
    _fault(
        "checkout-inline-created-as-claimed",
        CREATE_CHECKOUT,
        "the new customer was created when the request says",
        editing(CREATE_CHECKOUT, _inside_customer("createdAt")),
        "CHECKOUT-PROPERTY-20",
    ),
)
