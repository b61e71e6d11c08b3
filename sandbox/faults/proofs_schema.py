"""One field of a success that is missing, null or of another type, for each field that the contract names."""

from __future__ import annotations

from sandbox.behaviour import Change
from sandbox.changes import drop, put
from sandbox.faults.builders import alter, editing, editing_top, for_option
from sandbox.faults.model import MUST, Fault, table
from sandbox.model import CREATE_CHECKOUT, CREATE_CUSTOMER, CREATE_ORGANIZATION, SET_ACTIVE, SIGN_IN, SIGN_UP, Json


def _date(written: Json) -> Json:
    return str(written)[:10]


def _masked(email: Json) -> Json:
    return f"{str(email)[:1]}***"


def _text(value: Json) -> Json:
    return str(value)


def _wrong(name: str, operation: str, words: str, change: Change, *requirements: str) -> Fault:
    return Fault(name, operation, MUST, words, change, requirements)


FAULTS = table(
    "schema",
    _wrong(
        "signup-email-masked",
        SIGN_UP,
        "the e-mail comes back masked",
        editing(SIGN_UP, alter("email", _masked)),
        "SIGNUP-SCHEMA-3",
    ),
    _wrong(
        "signup-verified-text",
        SIGN_UP,
        "emailVerified is the text false",
        editing(SIGN_UP, put("emailVerified", "false")),
        "SIGNUP-SCHEMA-4",
    ),
    _wrong("signup-name-null", SIGN_UP, "the name is null", editing(SIGN_UP, put("name", None)), "SIGNUP-SCHEMA-5"),
    _wrong(
        "signup-updated-at-missing",
        SIGN_UP,
        "updatedAt is missing",
        editing(SIGN_UP, drop("updatedAt")),
        "SIGNUP-SCHEMA-7",
    ),
    _wrong(
        "signup-banned-text", SIGN_UP, "banned is the text no", editing(SIGN_UP, put("banned", "no")), "SIGNUP-SCHEMA-8"
    ),
    _wrong("signin-user-id-number", SIGN_IN, "user.id is 0", editing(SIGN_IN, put("id", 0)), "SIGNIN-SCHEMA-2"),
    _wrong(
        "signin-email-masked",
        SIGN_IN,
        "the e-mail comes back masked",
        editing(SIGN_IN, alter("email", _masked)),
        "SIGNIN-SCHEMA-3",
    ),
    _wrong(
        "signin-verified-null",
        SIGN_IN,
        "emailVerified is null",
        editing(SIGN_IN, put("emailVerified", None)),
        "SIGNIN-SCHEMA-4",
    ),
    _wrong("signin-name-missing", SIGN_IN, "the name is missing", editing(SIGN_IN, drop("name")), "SIGNIN-SCHEMA-5"),
    _wrong(
        "signin-created-at-date",
        SIGN_IN,
        "createdAt is a date without a time",
        editing(SIGN_IN, alter("createdAt", _date)),
        "SIGNIN-SCHEMA-6",
    ),
    _wrong(
        "signin-updated-at-zero", SIGN_IN, "updatedAt is 0", editing(SIGN_IN, put("updatedAt", 0)), "SIGNIN-SCHEMA-7"
    ),
    _wrong("signin-url-false", SIGN_IN, "url is false", editing_top(SIGN_IN, put("url", False)), "SIGNIN-SCHEMA-11"),
    _wrong(
        "organization-name-null",
        CREATE_ORGANIZATION,
        "the name is null",
        editing(CREATE_ORGANIZATION, put("name", None)),
        "ORG-SCHEMA-3",
    ),
    _wrong(
        "set-active-id-missing", SET_ACTIVE, "the id is missing", editing(SET_ACTIVE, drop("id")), "ACTIVE-SCHEMA-2"
    ),
    _wrong(
        "set-active-name-number",
        SET_ACTIVE,
        "the name is a number",
        editing(SET_ACTIVE, put("name", 1)),
        "ACTIVE-SCHEMA-3",
    ),
    _wrong(
        "set-active-slug-null",
        SET_ACTIVE,
        "the slug is null",
        editing(SET_ACTIVE, put("slug", None)),
        "ACTIVE-SCHEMA-4",
    ),
    _wrong(
        "set-active-created-at-date",
        SET_ACTIVE,
        "createdAt is a date without a time",
        editing(SET_ACTIVE, alter("createdAt", _date)),
        "ACTIVE-SCHEMA-5",
    ),
    _wrong(
        "customer-merchant-id-missing",
        CREATE_CUSTOMER,
        "merchantId is missing",
        editing(CREATE_CUSTOMER, drop("merchantId")),
        "CUSTOMER-SCHEMA-3",
    ),
    _wrong(
        "customer-created-at-missing",
        CREATE_CUSTOMER,
        "createdAt is missing",
        editing(CREATE_CUSTOMER, drop("createdAt")),
        "CUSTOMER-SCHEMA-4",
    ),
    _wrong(
        "customer-metadata-list",
        CREATE_CUSTOMER,
        "metadata is a list",
        editing(CREATE_CUSTOMER, put("metadata", [])),
        "CUSTOMER-SCHEMA-6",
    ),
    _wrong(
        "checkout-id-number",
        CREATE_CHECKOUT,
        "the id is 1",
        editing(CREATE_CHECKOUT, put("id", 1)),
        "CHECKOUT-SCHEMA-2",
    ),
    _wrong(
        "checkout-currency-lower-case",
        CREATE_CHECKOUT,
        "the currency is in lower case",
        editing(CREATE_CHECKOUT, alter("currency", str.lower)),
        "CHECKOUT-SCHEMA-5",
    ),
    _wrong(
        "checkout-status-complete",
        CREATE_CHECKOUT,
        "a new session is complete",
        editing(CREATE_CHECKOUT, put("status", "complete")),
        "CHECKOUT-SCHEMA-6",
    ),
    _wrong(
        "checkout-created-at-zero",
        CREATE_CHECKOUT,
        "createdAt is 0",
        editing(CREATE_CHECKOUT, put("createdAt", 0)),
        "CHECKOUT-SCHEMA-7",
    ),
    _wrong(
        "checkout-updated-at-missing",
        CREATE_CHECKOUT,
        "updatedAt is missing",
        editing(CREATE_CHECKOUT, drop("updatedAt")),
        "CHECKOUT-SCHEMA-8",
    ),
    _wrong(
        "checkout-amount-text",
        CREATE_CHECKOUT,
        "totalAmount is a text",
        editing(CREATE_CHECKOUT, alter("totalAmount", _text)),
        "CHECKOUT-SCHEMA-9",
    ),
    _wrong(
        "checkout-customer-is-its-id",
        CREATE_CHECKOUT,
        "customer is the customer's id in place of the customer",
        for_option("existing", alter("customer", lambda customer: customer["id"])),
        "CHECKOUT-SCHEMA-10",
    ),
    _wrong(
        "checkout-line-items-counted",
        CREATE_CHECKOUT,
        "lineItems is their number",
        editing(CREATE_CHECKOUT, alter("lineItems", len)),
        "CHECKOUT-SCHEMA-12",
    ),
    _wrong(
        "checkout-payment-intent-id-zero",
        CREATE_CHECKOUT,
        "paymentIntentId is 0",
        editing(CREATE_CHECKOUT, put("paymentIntentId", 0)),
        "CHECKOUT-SCHEMA-13",
    ),
)
