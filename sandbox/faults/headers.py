"""Response headers that are missing or say something else than the contract."""

from __future__ import annotations

from sandbox.faults.builders import also, failing, header, media_type, succeeding, without_header
from sandbox.faults.model import MUST, SHOULD, Fault, table
from sandbox.model import CREATE_CHECKOUT, CREATE_CUSTOMER, CREATE_ORGANIZATION, SET_ACTIVE, SIGN_IN, SIGN_UP

TOKEN = "set-auth-token"

FAULTS = table(
    "headers",
    Fault(
        "signup-token-header-missing",
        SIGN_UP,
        SHOULD,
        "a session is opened but set-auth-token is missing",
        succeeding(SIGN_UP, without_header(TOKEN)),
        requirements=("SIGNUP-HEADERS-3",),
    ),
    Fault(
        "signup-token-header-garbage",
        SIGN_UP,
        MUST,
        "the token in set-auth-token opens no session",
        succeeding(SIGN_UP, header(TOKEN, lambda _: "undefined")),
        requirements=("SIGNUP-TOKEN-1",),
    ),
    Fault(
        "signin-token-header-garbage",
        SIGN_IN,
        MUST,
        "set-auth-token is [object Object]",
        succeeding(SIGN_IN, header(TOKEN, lambda _: "[object Object]")),
        requirements=("SIGNIN-TOKEN-2",),
    ),
    Fault(
        "signin-token-header-truncated",
        SIGN_IN,
        MUST,
        "set-auth-token is cut after 24 characters",
        succeeding(SIGN_IN, header(TOKEN, lambda token: token[:24])),
        requirements=("SIGNIN-TOKEN-2",),
    ),
    Fault(
        "signin-token-header-lower-cased",
        SIGN_IN,
        MUST,
        "set-auth-token is in lower case",
        succeeding(SIGN_IN, header(TOKEN, str.lower)),
        requirements=("SIGNIN-TOKEN-2",),
    ),
    Fault(
        "set-active-token-header-dead",
        SET_ACTIVE,
        SHOULD,
        "the repeated set-auth-token opens no session",
        succeeding(SET_ACTIVE, header(TOKEN, lambda token: token[::-1])),
        requirements=("ACTIVE-TOKEN-1",),
    ),
    Fault(
        "signup-media-type-missing",
        SIGN_UP,
        MUST,
        "the response has no Content-Type",
        succeeding(SIGN_UP, media_type(None)),
        requirements=("SIGNUP-HEADERS-1",),
    ),
    Fault(
        "organization-media-type-octets",
        CREATE_ORGANIZATION,
        MUST,
        "JSON is called octet-stream",
        succeeding(CREATE_ORGANIZATION, media_type("application/octet-stream")),
        requirements=("ORG-HEADERS-1",),
    ),
    Fault(
        "set-active-media-type-missing",
        SET_ACTIVE,
        MUST,
        "the response has no Content-Type",
        succeeding(SET_ACTIVE, media_type(None)),
        requirements=("ACTIVE-HEADERS-1",),
    ),
    Fault(
        "customer-media-type-text",
        CREATE_CUSTOMER,
        MUST,
        "JSON is called text/plain",
        succeeding(CREATE_CUSTOMER, media_type("text/plain; charset=utf-8")),
        requirements=("CUSTOMER-HEADERS-1",),
    ),
    Fault(
        "checkout-media-type-html",
        CREATE_CHECKOUT,
        MUST,
        "JSON is called text/html",
        succeeding(CREATE_CHECKOUT, media_type("text/html")),
        requirements=("CHECKOUT-HEADERS-1",),
    ),
    Fault(
        "customer-error-media-type-html",
        CREATE_CUSTOMER,
        MUST,
        "JSON of an error is called text/html",
        failing(media_type("text/html; charset=utf-8"), CREATE_CUSTOMER),
        requirements=("CUSTOMER-ERROR-1",),
    ),
    Fault(
        "checkout-error-media-type-text",
        CREATE_CHECKOUT,
        MUST,
        "JSON of an error is called text/plain",
        failing(media_type("text/plain"), CREATE_CHECKOUT),
        requirements=("CHECKOUT-ERROR-1",),
    ),
    Fault(
        "organization-media-type-twice",
        CREATE_ORGANIZATION,
        MUST,
        "a second Content-Type says text/html",
        succeeding(CREATE_ORGANIZATION, also("content-type", "text/html")),
        requirements=("ORG-HEADERS-50",),
    ),
)
