"""Answers that hold, besides what was sent, what another request sent; and null where something was named."""

from __future__ import annotations

from dataclasses import replace

from sandbox import presentation
from sandbox.behaviour import Call
from sandbox.changes import Edit
from sandbox.faults.builders import editing, every, for_option, succeeding, when
from sandbox.faults.model import MUST, Fault, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    LIST_CUSTOMERS,
    SET_ACTIVE,
    SIGN_UP,
    JsonObject,
    Reply,
)


def _piling_up(name: str) -> Edit:
    """A list keeps the members of the response before, or an object those that it does not have itself."""

    def edit(call: Call, entity: JsonObject) -> None:
        key, own = f"piling up {call.operation} {name}", entity.get(name)
        before = call.memory.get(key)
        call.memory[key] = own
        if isinstance(own, list) and isinstance(before, list):
            entity[name] = [*own, *before]
        elif isinstance(own, dict) and isinstance(before, dict):
            entity[name] = {**{f"{key} before": value for key, value in before.items()}, **own}

    return edit


def _everybody(call: Call, organization: JsonObject) -> None:
    rows = call.store.execute("SELECT DISTINCT organization_id FROM member ORDER BY rowid")
    organization["members"] = [member for (name,) in rows for member in presentation.members(call, name)]


def _shared_user(call: Call, user: JsonObject) -> None:
    user["invitedBy"] = call.memory.get("invited by")
    call.memory["invited by"] = user["id"]


def _everybody_listed(call: Call, reply: Reply) -> Reply:
    rows = call.store.execute("SELECT merchant_id FROM customer GROUP BY merchant_id ORDER BY merchant_id")
    found = [customer for (name,) in rows for customer in call.store.customers(name, 3, 0)[0]]
    shown = [presentation.customer(call, customer) for customer in found]
    return replace(reply, body={**reply.body, "data": [*reply.body["data"], *shown]})


def _customer_of_before(name: str) -> Edit:
    def edit(call: Call, session: JsonObject) -> None:
        customer = session.get("customer")
        if isinstance(customer, dict):
            kept = call.memory.get(f"customer {name}", customer[name])
            call.memory[f"customer {name}"] = customer[name]
            session["customer"] = {**customer, name: kept}

    return edit


def _with_metadata_of_customer(_: Call, session: JsonObject) -> None:
    session["metadata"] = {**session["customer"]["metadata"], **session["metadata"]}


def _nothing(_: Call, reply: Reply) -> Reply:
    return replace(reply, body=None)


FAULTS = table(
    "another request's",
    Fault(
        "customer-metadata-pile-up",
        CREATE_CUSTOMER,
        MUST,
        "metadata hold those of the customer before too",
        editing(CREATE_CUSTOMER, _piling_up("metadata")),
        requirements=("CUSTOMER-LEAK-23",),
    ),
    Fault(
        "checkout-metadata-pile-up",
        CREATE_CHECKOUT,
        MUST,
        "metadata hold those of the session before too",
        editing(CREATE_CHECKOUT, _piling_up("metadata")),
        requirements=("CHECKOUT-LEAK-23",),
    ),
    Fault(
        "checkout-metadata-of-customer",
        CREATE_CHECKOUT,
        MUST,
        "metadata hold those of the existing customer too",
        for_option("existing", _with_metadata_of_customer),
        requirements=("CHECKOUT-LEAK-23",),
    ),
    Fault(
        "organization-metadata-pile-up",
        CREATE_ORGANIZATION,
        MUST,
        "metadata hold those of the organization before too",
        editing(CREATE_ORGANIZATION, _piling_up("metadata")),
        requirements=("ORG-LEAK-23",),
    ),
    Fault(
        "organization-members-of-all",
        CREATE_ORGANIZATION,
        MUST,
        "the members are those of all organizations",
        editing(CREATE_ORGANIZATION, _everybody),
        requirements=("ORG-LEAK-23",),
    ),
    Fault(
        "signup-user-of-before-named",
        SIGN_UP,
        MUST,
        "the user names the id of the one who signed up before",
        editing(SIGN_UP, _shared_user),
        requirements=("SIGNUP-LEAK-23",),
    ),
    Fault(
        "customers-of-all-listed",
        LIST_CUSTOMERS,
        MUST,
        "the list holds customers of every merchant",
        succeeding(LIST_CUSTOMERS, _everybody_listed),
        requirements=("API-LEAK-1", "API-LEAK-23"),
    ),
    Fault(
        "checkout-existing-customer-name-of-before",
        CREATE_CHECKOUT,
        MUST,
        "the existing customer has the name of the one of the session before",
        for_option("existing", _customer_of_before("name")),
        requirements=("CHECKOUT-EXISTING-20", "CHECKOUT-LEAK-3", "CHECKOUT-LEAK-23"),
    ),
    Fault(
        "checkout-existing-customer-phone-of-before",
        CREATE_CHECKOUT,
        MUST,
        "the existing customer has the phone number of the one of the session before",
        for_option("existing", _customer_of_before("phoneNumber")),
        requirements=("CHECKOUT-EXISTING-21", "CHECKOUT-LEAK-23"),
    ),
    Fault(
        "checkout-existing-customer-email-of-before",
        CREATE_CHECKOUT,
        MUST,
        "the existing customer has the e-mail of the one of the session before",
        for_option("existing", _customer_of_before("email")),
        requirements=("CHECKOUT-EXISTING-23", "CHECKOUT-LEAK-3", "CHECKOUT-LEAK-23"),
    ),
    Fault(
        "checkout-existing-customer-metadata-of-session",
        CREATE_CHECKOUT,
        MUST,
        "the existing customer has the session's metadata",
        for_option("existing", lambda _, session: session["customer"].update(metadata=session["metadata"])),
        requirements=("CHECKOUT-EXISTING-22",),
    ),
    Fault(
        "checkout-inline-phone-lost",
        CREATE_CHECKOUT,
        MUST,
        "the phone number of a new customer comes back cut",
        for_option("inline", lambda _, session: session["customer"].update(phoneNumber="+266")),
        requirements=("CHECKOUT-INLINE-20",),
    ),
    Fault(
        "checkout-inline-metadata-lost",
        CREATE_CHECKOUT,
        MUST,
        "the metadata of a new customer come back empty",
        for_option("inline", lambda _, session: session["customer"].update(metadata={})),
        requirements=("CHECKOUT-INLINE-21",),
    ),
    Fault(
        "set-active-every-third-null",
        SET_ACTIVE,
        MUST,
        "every third activation is answered with null",
        succeeding(SET_ACTIVE, every(3, when(lambda call: bool(call.fields.get("organizationId")), _nothing))),
        requirements=("ACTIVE-ECHO-20",),
    ),
)
