"""Fields that are missing, renamed, null, of another type or of another format."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.changes import drop, put
from sandbox.faults.builders import alter, body, edited, editing, editing_top, every, rename, succeeding
from sandbox.faults.model import MUST, Fault, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Json,
)


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written.replace("Z", "+00:00")).astimezone(UTC)


def _epoch(written: Json) -> Json:
    return int(_moment(written).timestamp() * 1000)


def _in_words(written: Json) -> Json:
    return _moment(written).strftime("%a %b %d %Y %H:%M:%S GMT+0000")


def _number(_: Json) -> Json:
    return 4711


FAULTS = table(
    "schema",
    Fault(
        "signup-user-id-empty",
        SIGN_UP,
        MUST,
        "the new user's id is the empty string",
        editing(SIGN_UP, put("id", "")),
        requirements=("SIGNUP-SCHEMA-2",),
    ),
    Fault(
        "signup-created-at-epoch",
        SIGN_UP,
        MUST,
        "createdAt is a number of milliseconds",
        editing(SIGN_UP, alter("createdAt", _epoch)),
        requirements=("SIGNUP-SCHEMA-6",),
    ),
    Fault(
        "signup-token-number",
        SIGN_UP,
        MUST,
        "the token in the body is a number",
        editing_top(SIGN_UP, alter("token", _number)),
        requirements=("SIGNUP-SCHEMA-9",),
    ),
    Fault(
        "signup-every-3rd-without-user-id",
        SIGN_UP,
        MUST,
        "every third new user has no id",
        succeeding(SIGN_UP, every(3, edited(SIGN_UP, drop("id")))),
        requirements=("SIGNUP-SCHEMA-2",),
    ),
    Fault(
        "signin-user-missing",
        SIGN_IN,
        MUST,
        "sign-in answers without the user",
        editing_top(SIGN_IN, drop("user")),
        requirements=("SIGNIN-SCHEMA-1", "SIGNIN-ECHO-1", "SIGNIN-ECHO-2", "SIGNIN-ECHO-3"),
    ),
    Fault(
        "signin-redirect-string",
        SIGN_IN,
        MUST,
        "redirect is the text false",
        editing_top(SIGN_IN, put("redirect", "false")),
        requirements=("SIGNIN-SCHEMA-10",),
    ),
    Fault(
        "signin-token-object",
        SIGN_IN,
        MUST,
        "the token in the body is an object",
        editing_top(SIGN_IN, alter("token", lambda token: {"value": token})),
        requirements=("SIGNIN-SCHEMA-9",),
    ),
    Fault(
        "signin-user-image-number",
        SIGN_IN,
        MUST,
        "image is a number",
        editing(SIGN_IN, put("image", 7)),
        requirements=("SIGNIN-SCHEMA-8",),
    ),
    Fault(
        "organization-id-empty",
        CREATE_ORGANIZATION,
        MUST,
        "the organization's id is the empty string",
        editing(CREATE_ORGANIZATION, put("id", "")),
        requirements=("ORG-SCHEMA-2",),
    ),
    Fault(
        "organization-slug-missing",
        CREATE_ORGANIZATION,
        MUST,
        "the slug is missing",
        editing(CREATE_ORGANIZATION, drop("slug")),
        requirements=("ORG-SCHEMA-4", "ORG-ECHO-2"),
    ),
    Fault(
        "organization-metadata-number",
        CREATE_ORGANIZATION,
        MUST,
        "metadata is a number",
        editing(CREATE_ORGANIZATION, put("metadata", 1)),
        requirements=("ORG-SCHEMA-6",),
    ),
    Fault(
        "organization-every-4th-created-at-null",
        CREATE_ORGANIZATION,
        MUST,
        "createdAt of every fourth organization is null",
        succeeding(CREATE_ORGANIZATION, every(4, edited(CREATE_ORGANIZATION, put("createdAt", None)))),
        requirements=("ORG-SCHEMA-5",),
    ),
    Fault(
        "set-active-empty-object",
        SET_ACTIVE,
        MUST,
        "set-active answers {}",
        succeeding(SET_ACTIVE, body(lambda _: {})),
        requirements=("ACTIVE-SCHEMA-1",),
    ),
    Fault(
        "set-active-success-string",
        SET_ACTIVE,
        MUST,
        "success is the text true",
        succeeding(SET_ACTIVE, body(lambda _: {"success": "true"})),
        requirements=("ACTIVE-SCHEMA-1",),
    ),
    Fault(
        "set-active-bare-text",
        SET_ACTIVE,
        MUST,
        "set-active answers the JSON string ok",
        succeeding(SET_ACTIVE, body(lambda _: "ok")),
        requirements=("ACTIVE-SCHEMA-1",),
    ),
    Fault(
        "set-active-metadata-list",
        SET_ACTIVE,
        MUST,
        "metadata is a list",
        editing(SET_ACTIVE, put("metadata", [])),
        requirements=("ACTIVE-SCHEMA-6",),
    ),
    Fault(
        "customer-id-empty",
        CREATE_CUSTOMER,
        MUST,
        "the customer's id is the empty string",
        editing(CREATE_CUSTOMER, put("id", "")),
        requirements=("CUSTOMER-SCHEMA-2",),
    ),
    Fault(
        "customer-updated-at-epoch",
        CREATE_CUSTOMER,
        MUST,
        "updatedAt is a number of milliseconds",
        editing(CREATE_CUSTOMER, alter("updatedAt", _epoch)),
        requirements=("CUSTOMER-SCHEMA-5",),
    ),
    Fault(
        "customer-deleted-at-false",
        CREATE_CUSTOMER,
        MUST,
        "deletedAt is false",
        editing(CREATE_CUSTOMER, put("deletedAt", False)),
        requirements=("CUSTOMER-SCHEMA-7",),
    ),
    Fault(
        "customer-every-4th-without-id",
        CREATE_CUSTOMER,
        MUST,
        "every fourth customer has no id",
        succeeding(CREATE_CUSTOMER, every(4, edited(CREATE_CUSTOMER, drop("id")))),
        requirements=("CUSTOMER-SCHEMA-2",),
    ),
    Fault(
        "checkout-session-url-renamed",
        CREATE_CHECKOUT,
        MUST,
        "sessionUrl is called url",
        editing(CREATE_CHECKOUT, rename("sessionUrl", "url")),
        requirements=("CHECKOUT-SCHEMA-3",),
    ),
    Fault(
        "checkout-every-3rd-without-session-url",
        CREATE_CHECKOUT,
        MUST,
        "every third session has no sessionUrl",
        succeeding(CREATE_CHECKOUT, every(3, edited(CREATE_CHECKOUT, drop("sessionUrl")))),
        requirements=("CHECKOUT-SCHEMA-3",),
    ),
    Fault(
        "checkout-merchant-id-missing",
        CREATE_CHECKOUT,
        MUST,
        "merchantId is missing",
        editing(CREATE_CHECKOUT, drop("merchantId")),
        requirements=("CHECKOUT-SCHEMA-4", "CHECKOUT-ECHO-3"),
    ),
    Fault(
        "checkout-expires-at-in-words",
        CREATE_CHECKOUT,
        MUST,
        "expiresAt is a date in words",
        editing(CREATE_CHECKOUT, alter("expiresAt", _in_words)),
        requirements=("CHECKOUT-SCHEMA-11",),
    ),
)
