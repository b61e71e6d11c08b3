"""Times that cannot be."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from itertools import count

from sandbox.behaviour import Call
from sandbox.changes import Edit, put
from sandbox.faults.builders import editing, succeeding
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
    Reply,
)


def _moved(name: str, **by: float) -> Edit:
    """A time of the response, moved by so much."""

    def edit(_: Call, entity: JsonObject) -> None:
        if isinstance(entity.get(name), str):
            entity[name] = (datetime.fromisoformat(entity[name]) + timedelta(**by)).isoformat()

    return edit


def _moving(name: str) -> Edit:
    """A time of the response that is another one each time."""
    hours = count(1)

    def edit(call: Call, entity: JsonObject) -> None:
        _moved(name, hours=-next(hours))(call, entity)

    return edit


def _soon_over(_: Call, session: JsonObject) -> None:
    session["expiresAt"] = datetime.fromtimestamp(time.time() + 20, UTC).isoformat()


def _customer_made_with_session(call: Call, reply: Reply) -> Reply:
    """The customer in a session tells the session's time as its own, two hours later."""
    customer: Json = reply.body.get("customer")
    if isinstance(customer, dict):
        _moved("createdAt", hours=2)(call, customer)
        customer["updatedAt"] = customer["createdAt"]
    return reply


FAULTS = table(
    "times",
    Fault(
        "signup-created-1970",
        SIGN_UP,
        MUST,
        "a user's createdAt is the beginning of 1970",
        editing(SIGN_UP, put("createdAt", "1970-01-01T00:00:00.000Z")),
        requirements=("SIGNUP-TIME-50", "SIGNIN-TIME-52"),
    ),
    Fault(
        "organization-created-constant",
        CREATE_ORGANIZATION,
        MUST,
        "an organization's createdAt is a constant",
        editing(CREATE_ORGANIZATION, put("createdAt", "2024-05-17T09:30:00.000Z")),
        requirements=("ORG-TIME-50", "ACTIVE-TIME-52"),
    ),
    Fault(
        "customer-created-next-week",
        CREATE_CUSTOMER,
        MUST,
        "a customer is created a week ahead",
        editing(CREATE_CUSTOMER, _moved("createdAt", days=7), _moved("updatedAt", days=7)),
        requirements=("CUSTOMER-TIME-50", "CHECKOUT-TIME-52"),
    ),
    Fault(
        "checkout-created-two-days-ago",
        CREATE_CHECKOUT,
        MUST,
        "a session was created two days ago",
        editing(CREATE_CHECKOUT, _moved("createdAt", days=-2)),
        requirements=("CHECKOUT-TIME-50",),
    ),
    Fault(
        "signup-updated-before-created",
        SIGN_UP,
        MUST,
        "a new user's updatedAt lies before createdAt",
        editing(SIGN_UP, _moved("updatedAt", minutes=-1)),
        requirements=("SIGNUP-TIME-51",),
    ),
    Fault(
        "signin-updated-before-created",
        SIGN_IN,
        MUST,
        "a user's updatedAt lies before createdAt at sign-in",
        editing(SIGN_IN, _moved("updatedAt", days=-1)),
        requirements=("SIGNIN-TIME-51",),
    ),
    Fault(
        "customer-updated-before-created",
        CREATE_CUSTOMER,
        MUST,
        "a customer's updatedAt lies before createdAt",
        editing(CREATE_CUSTOMER, _moved("updatedAt", seconds=-10)),
        requirements=("CUSTOMER-TIME-51",),
    ),
    Fault(
        "checkout-updated-before-created",
        CREATE_CHECKOUT,
        MUST,
        "a session's updatedAt lies before createdAt",
        editing(CREATE_CHECKOUT, _moved("updatedAt", hours=-1)),
        requirements=("CHECKOUT-TIME-51",),
    ),
    Fault(
        "signin-created-moves",
        SIGN_IN,
        MUST,
        "a user's createdAt is another one at each sign-in",
        editing(SIGN_IN, _moving("createdAt")),
        requirements=("SIGNIN-TIME-52",),
    ),
    Fault(
        "set-active-created-moves",
        SET_ACTIVE,
        MUST,
        "an organization's createdAt is another one each time it is made active",
        editing(SET_ACTIVE, _moving("createdAt")),
        requirements=("ACTIVE-TIME-52",),
    ),
    Fault(
        "checkout-customer-created-later",
        CREATE_CHECKOUT,
        MUST,
        "an existing customer in a session was created later than told",
        succeeding(CREATE_CHECKOUT, _customer_made_with_session),
        requirements=("CHECKOUT-TIME-52",),
    ),
    Fault(
        "checkout-expires-in-seconds",
        CREATE_CHECKOUT,
        MUST,
        "a session expires after twenty seconds",
        editing(CREATE_CHECKOUT, _soon_over),
        requirements=("CHECKOUT-TIME-53",),
    ),
)
