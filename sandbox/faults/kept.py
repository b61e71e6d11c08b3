"""What was accepted and is optional in a response, told there as another value than the one that was sent."""

from __future__ import annotations

from sandbox.behaviour import Call, Change
from sandbox.faults.builders import alter, editing
from sandbox.faults.model import must, table
from sandbox.model import CREATE_CHECKOUT, Json, JsonObject


def _swapped(_: Call, session: JsonObject) -> None:
    session["successUrl"], session["cancelUrl"] = session["cancelUrl"], session["successUrl"]


def _inline(name: str, value: Json) -> Change:
    """Show another value of the new customer that a session has taken along."""

    def edit(call: Call, session: JsonObject) -> None:
        if isinstance(session.get("customer"), dict) and call.fields.get("customer") is not None:
            session["customer"][name] = value

    return editing(CREATE_CHECKOUT, edit)


FAULTS = table(
    "echo",
    must(
        "checkout-urls-swapped",
        CREATE_CHECKOUT,
        "successUrl and cancelUrl are told in each other's place",
        editing(CREATE_CHECKOUT, _swapped),
        "CHECKOUT-ECHO-4",
        "CHECKOUT-ECHO-5",
    ),
    must(
        "checkout-items-without-quantity",
        CREATE_CHECKOUT,
        "the quantity of each line item comes back as 1",
        editing(CREATE_CHECKOUT, alter("lineItems", lambda items: [{**item, "quantity": 1} for item in items])),
        "CHECKOUT-ECHO-8",
    ),
    must(
        "inline-phone-masked",
        CREATE_CHECKOUT,
        "the phone number of each new customer of a session is told with its digits masked",
        _inline("phoneNumber", "+266*****"),
        "CHECKOUT-INLINE-20",
    ),
    must(
        "inline-metadata-emptied",
        CREATE_CHECKOUT,
        "the metadata of each new customer of a session is told as empty",
        _inline("metadata", {}),
        "CHECKOUT-INLINE-21",
    ),
)
