"""Clocks and stores that do not agree to the millisecond."""

from __future__ import annotations

from datetime import UTC, datetime
from time import time

from sandbox.behaviour import Call
from sandbox.changes import with_seams
from sandbox.model import GET_CHECKOUT, GET_CUSTOMER, SIGN_IN, JsonObject
from sandbox.presentation import utc_milliseconds
from sandbox.variants.builders import entities
from sandbox.variants.model import Variant

HOUR = 3600.0
MEANWHILE = 0.2


def _rounded(_: Call, user: JsonObject) -> None:
    """What is read comes from a store that keeps whole seconds."""
    moment = datetime.fromisoformat(user["createdAt"])
    user["createdAt"] = datetime.fromtimestamp(round(moment.timestamp()), UTC).isoformat()


def _updated_first(_: Call, entity: JsonObject) -> None:
    """The two times of a new row were taken one after the other, the one of the update first."""
    if "updatedAt" in entity:
        moment = datetime.fromisoformat(entity["updatedAt"]).timestamp()
        entity["updatedAt"] = utc_milliseconds(moment - 0.003)


def _moved_on(_: Call, entity: JsonObject) -> None:
    """Some time after its creation a session is active, and has the detail that was worked out meanwhile."""
    if entity.get("status") == "open" and time() - datetime.fromisoformat(entity["createdAt"]).timestamp() > MEANWHILE:
        entity |= {"status": "active", "paymentIntentId": f"pi_{entity['id']}"}


def _of_another_node(_: Call, entity: JsonObject) -> None:
    """Who writes the time of the last update has a clock that is slow."""
    moment = datetime.fromisoformat(entity["createdAt"]).timestamp()
    entity["updatedAt"] = utc_milliseconds(moment - 90)


def _in_small_letters(_: Call, entity: JsonObject) -> None:
    entity |= {name: entity[name].lower() for name in ("createdAt", "updatedAt")}


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "clock-hours-behind",
        "the target's clock is ten hours behind",
        with_seams(timestamp=lambda moment: utc_milliseconds(moment - 10 * HOUR)),
    ),
    Variant("created-in-whole-seconds", "sign-in tells createdAt in whole seconds", entities({SIGN_IN}, _rounded)),
    Variant(
        "reads-in-whole-seconds",
        "customers and sessions are read with createdAt in whole seconds",
        entities({GET_CUSTOMER, GET_CHECKOUT}, _rounded),
    ),
    Variant(
        "updated-by-a-slow-clock",
        "sign-in and the reads tell an updatedAt that is 90 s before createdAt",
        entities({SIGN_IN, GET_CUSTOMER, GET_CHECKOUT}, _of_another_node),
    ),
    Variant(
        "times-in-small-letters",
        "the reads have t and z in times, which RFC 3339 (5.6) allows",
        entities({GET_CUSTOMER, GET_CHECKOUT}, _in_small_letters),
    ),
    Variant(
        "session-active-meanwhile",
        "a session is open when new, and active with a payment intent soon after",
        entities({GET_CHECKOUT}, _moved_on),
    ),
    Variant(
        "updated-milliseconds-before",
        "updatedAt of a new thing is milliseconds before createdAt",
        entities({"signUpEmail", "createCustomer", "createCheckoutSession"}, _updated_first),
    ),
)
