"""One value of a success that is not the one that was sent, or that goes against another one in the response."""

from __future__ import annotations

from sandbox.behaviour import Call, Change
from sandbox.changes import Edit, put
from sandbox.faults.builders import alter, copy, editing, for_option, previous
from sandbox.faults.model import MUST, SHOULD, Fault, Level, table
from sandbox.model import CREATE_CHECKOUT, CREATE_CUSTOMER, CREATE_ORGANIZATION, SET_ACTIVE, SIGN_UP, Json, JsonObject


def _other(value: Json) -> Json:
    return f"{value}x"


def _inside(name: str, value: Json) -> Edit:
    """Give a member of the session's customer another value."""

    def edit(_: Call, session: JsonObject) -> None:
        if isinstance(session.get("customer"), dict):
            session["customer"] = {**session["customer"], name: value}

    return edit


def _wrong(name: str, operation: str, level: Level, words: str, change: Change, *requirements: str) -> Fault:
    return Fault(name, operation, level, words, change, requirements)


def _changed(operation: str, name: str) -> Change:
    return editing(operation, alter(name, _other))


FAULTS = table(
    "echo",
    _wrong(
        "signup-image-changed", SIGN_UP, MUST, "the image is another one", _changed(SIGN_UP, "image"), "SIGNUP-ECHO-3"
    ),
    _wrong(
        "organization-metadata-emptied",
        CREATE_ORGANIZATION,
        MUST,
        "metadata comes back empty",
        editing(CREATE_ORGANIZATION, put("metadata", {})),
        "ORG-ECHO-3",
    ),
    _wrong(
        "organization-logo-changed",
        CREATE_ORGANIZATION,
        MUST,
        "the logo is another one",
        _changed(CREATE_ORGANIZATION, "logo"),
        "ORG-ECHO-4",
    ),
    _wrong(
        "set-active-id-of-previous",
        SET_ACTIVE,
        MUST,
        "the id is that of the activation before",
        editing(SET_ACTIVE, previous("id")),
        "ACTIVE-ECHO-1",
    ),
    _wrong(
        "set-active-name-changed",
        SET_ACTIVE,
        MUST,
        "the name is another one",
        _changed(SET_ACTIVE, "name"),
        "ACTIVE-ECHO-2",
    ),
    _wrong(
        "set-active-slug-changed",
        SET_ACTIVE,
        MUST,
        "the slug is another one",
        _changed(SET_ACTIVE, "slug"),
        "ACTIVE-ECHO-3",
    ),
    _wrong(
        "customer-email-of-previous",
        CREATE_CUSTOMER,
        MUST,
        "the e-mail is that of the customer before",
        editing(CREATE_CUSTOMER, previous("email")),
        "CUSTOMER-ECHO-2",
    ),
    _wrong(
        "customer-deleted-at-birth",
        CREATE_CUSTOMER,
        SHOULD,
        "a new customer is deleted",
        editing(CREATE_CUSTOMER, copy("createdAt", "deletedAt")),
        "CUSTOMER-ECHO-7",
    ),
    _wrong(
        "checkout-cancel-url-is-success-url",
        CREATE_CHECKOUT,
        MUST,
        "cancelUrl is the successUrl",
        editing(CREATE_CHECKOUT, copy("successUrl", "cancelUrl")),
        "CHECKOUT-ECHO-5",
    ),
    _wrong(
        "checkout-mode-setup",
        CREATE_CHECKOUT,
        MUST,
        "mode is setup",
        editing(CREATE_CHECKOUT, put("mode", "setup")),
        "CHECKOUT-ECHO-6",
    ),
    _wrong(
        "checkout-metadata-emptied",
        CREATE_CHECKOUT,
        MUST,
        "metadata comes back empty",
        editing(CREATE_CHECKOUT, put("metadata", {})),
        "CHECKOUT-ECHO-7",
    ),
    _wrong(
        "checkout-line-items-emptied",
        CREATE_CHECKOUT,
        MUST,
        "lineItems come back empty",
        editing(CREATE_CHECKOUT, put("lineItems", [])),
        "CHECKOUT-ECHO-8",
    ),
    _wrong(
        "checkout-expires-at-birth",
        CREATE_CHECKOUT,
        MUST,
        "a new session expires when it is made",
        editing(CREATE_CHECKOUT, copy("createdAt", "expiresAt")),
        "CHECKOUT-ECHO-9",
    ),
    _wrong(
        "checkout-deleted-at-birth",
        CREATE_CHECKOUT,
        SHOULD,
        "a new session is deleted",
        editing(CREATE_CHECKOUT, copy("createdAt", "deletedAt")),
        "CHECKOUT-ECHO-10",
    ),
    _wrong(
        "inline-customer-name-changed",
        CREATE_CHECKOUT,
        MUST,
        "the new customer in the response has another name",
        for_option("inline", _inside("name", "Guest")),
        "CHECKOUT-INLINE-4",
    ),
    _wrong(
        "inline-customer-email-changed",
        CREATE_CHECKOUT,
        MUST,
        "the new customer in the response has another e-mail",
        for_option("inline", _inside("email", "guest@example.com")),
        "CHECKOUT-INLINE-5",
    ),
    _wrong(
        "inline-customer-id-differs",
        CREATE_CHECKOUT,
        MUST,
        "customer.id is another one than customerId",
        for_option("inline", _inside("id", "cus_000000000000000000000000")),
        "CHECKOUT-INLINE-7",
    ),
)
