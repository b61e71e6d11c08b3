"""What was accepted and is optional in a response, told there as another value than the one that was sent."""

from __future__ import annotations

from sandbox.behaviour import Call, Change
from sandbox.changes import put
from sandbox.faults.builders import alter, editing
from sandbox.faults.model import MUST, Fault, table
from sandbox.model import CREATE_CHECKOUT, CREATE_ORGANIZATION, SIGN_UP, Json, JsonObject


def _swapped(_: Call, session: JsonObject) -> None:
    session["successUrl"], session["cancelUrl"] = session["cancelUrl"], session["successUrl"]


def _inline(name: str, value: Json) -> Change:
    """Show another value of the new customer that a session has taken along."""

    def edit(call: Call, session: JsonObject) -> None:
        if isinstance(session.get("customer"), dict) and call.fields.get("customer") is not None:
            session["customer"][name] = value

    return editing(CREATE_CHECKOUT, edit)


def _must(name: str, operation: str, description: str, change: Change, *requirements: str) -> Fault:
    return Fault(name, operation, MUST, description, change, requirements)


FAULTS = table(
    "echo",
    _must(
        "signup-image-of-a-proxy",
        SIGN_UP,
        "the image comes back as the address of a proxy",
        editing(SIGN_UP, alter("image", lambda url: f"https://images.example.com/?url={url}")),
        "SIGNUP-ECHO-3",
    ),
    _must(
        "organization-metadata-emptied",
        CREATE_ORGANIZATION,
        "the metadata comes back empty",
        editing(CREATE_ORGANIZATION, alter("metadata", lambda _: {})),
        "ORG-ECHO-3",
    ),
    _must(
        "organization-logo-without-path",
        CREATE_ORGANIZATION,
        "the logo comes back as the address of its host alone",
        editing(CREATE_ORGANIZATION, alter("logo", lambda url: "/".join(url.split("/")[:3]))),
        "ORG-ECHO-4",
    ),
    _must(
        "checkout-urls-swapped",
        CREATE_CHECKOUT,
        "successUrl and cancelUrl are told in each other's place",
        editing(CREATE_CHECKOUT, _swapped),
        "CHECKOUT-ECHO-4",
        "CHECKOUT-ECHO-5",
    ),
    _must(
        "checkout-mode-subscription",
        CREATE_CHECKOUT,
        "the mode of each session is told as `subscription`",
        editing(CREATE_CHECKOUT, put("mode", "subscription")),
        "CHECKOUT-ECHO-6",
    ),
    _must(
        "checkout-metadata-emptied",
        CREATE_CHECKOUT,
        "the metadata comes back empty",
        editing(CREATE_CHECKOUT, put("metadata", {})),
        "CHECKOUT-ECHO-7",
    ),
    _must(
        "checkout-items-without-quantity",
        CREATE_CHECKOUT,
        "the quantity of each line item comes back as 1",
        editing(CREATE_CHECKOUT, alter("lineItems", lambda items: [{**item, "quantity": 1} for item in items])),
        "CHECKOUT-ECHO-8",
    ),
    _must(
        "inline-name-guest",
        CREATE_CHECKOUT,
        "the name of each new customer of a session is told as Guest",
        _inline("name", "Guest"),
        "CHECKOUT-INLINE-4",
    ),
    _must(
        "inline-email-of-the-shop",
        CREATE_CHECKOUT,
        "the e-mail of each new customer of a session is told as the shop's",
        _inline("email", "shop@example.com"),
        "CHECKOUT-INLINE-5",
    ),
    _must(
        "inline-phone-masked",
        CREATE_CHECKOUT,
        "the phone number of each new customer of a session is told with its digits masked",
        _inline("phoneNumber", "+266*****"),
        "CHECKOUT-INLINE-40",
    ),
    _must(
        "inline-metadata-emptied",
        CREATE_CHECKOUT,
        "the metadata of each new customer of a session is told as empty",
        _inline("metadata", {}),
        "CHECKOUT-INLINE-41",
    ),
)
