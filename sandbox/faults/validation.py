"""What is accepted although it is invalid, refused although it is valid, or too much for the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sandbox import reading
from sandbox.behaviour import Behaviour, Call
from sandbox.changes import both, with_seams
from sandbox.faults.builders import Test, any_type, falling_over, hanging, not_required, without_rule
from sandbox.faults.model import MUST, SHOULD, Fault, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Json,
    Reply,
)

LONG = 100_000
NOT_JSON = object()


def _peek(call: Call) -> Json:
    try:
        return reading.parsed(call.raw)
    except (ValueError, RecursionError):
        return NOT_JSON


def _is_empty(call: Call) -> bool:
    return not call.raw


def _number(name: str, test: Callable[[float], bool]) -> Test:
    def holds(call: Call) -> bool:
        found = _peek(call)
        value = found.get(name) if isinstance(found, dict) else None
        return isinstance(value, (int, float)) and bool(test(value))

    return holds


def _long(name: str) -> Test:
    def holds(call: Call) -> bool:
        found = _peek(call)
        return isinstance(found, dict) and isinstance(found.get(name), str) and len(found[name]) > LONG

    return holds


def _mending(call: Call) -> Json:
    """A parser that closes what was left open."""
    try:
        return reading.parsed(call.raw)
    except ValueError:
        return reading.parsed(call.raw + b"}") if call.operation == CREATE_CHECKOUT else reading.parsed(call.raw)


def _current_for_other_types(behaviour: Behaviour) -> Behaviour:
    def admit(call: Call) -> Reply | None:
        wanted = call.fields.get("organizationId")
        if call.operation == SET_ACTIVE and wanted is not None and not isinstance(wanted, str):
            call.body = {"organizationId": call.caller.active}
        return None

    return replace(behaviour, admit=(*behaviour.admit, admit))


MISSING = table(
    "validation",
    *(
        Fault(
            f"{short}-{says}-not-required",
            operation,
            level,
            f"a body without {field} is accepted",
            not_required(operation, field),
            requirements=requirements,
        )
        for level, short, operation, field, says, requirements in (
            (MUST, "signup", SIGN_UP, "name", "name", ("SIGNUP-VALID-1",)),
            (MUST, "signup", SIGN_UP, "email", "email", ("SIGNUP-VALID-1",)),
            (MUST, "signup", SIGN_UP, "password", "password", ("SIGNUP-VALID-1",)),
            (MUST, "organization", CREATE_ORGANIZATION, "name", "name", ("ORG-VALID-1",)),
            (MUST, "organization", CREATE_ORGANIZATION, "slug", "slug", ("ORG-VALID-1",)),
            (SHOULD, "checkout", CREATE_CHECKOUT, "merchantId", "merchant-id", ("CHECKOUT-VALID-10",)),
            (MUST, "checkout", CREATE_CHECKOUT, "currency", "currency", ("CHECKOUT-VALID-1",)),
            (MUST, "checkout", CREATE_CHECKOUT, "totalAmount", "total-amount", ("CHECKOUT-VALID-1",)),
            (MUST, "checkout", CREATE_CHECKOUT, "lineItems", "line-items", ("CHECKOUT-VALID-1",)),
            (MUST, "checkout", CREATE_CHECKOUT, "successUrl", "success-url", ("CHECKOUT-VALID-1",)),
            (MUST, "checkout", CREATE_CHECKOUT, "cancelUrl", "cancel-url", ("CHECKOUT-VALID-1",)),
            (SHOULD, "checkout", CREATE_CHECKOUT, "mode", "mode", ("CHECKOUT-VALID-10",)),
            (SHOULD, "checkout", CREATE_CHECKOUT, "metadata", "metadata", ("CHECKOUT-VALID-10",)),
        )
    ),
)
TYPES = table(
    "validation",
    *(
        Fault(
            f"{short}-{says}-of-any-type",
            operation,
            MUST,
            f"{field} of any JSON type is accepted",
            any_type(operation, field),
            requirements=requirements,
        )
        for short, operation, field, says, requirements in (
            ("signup", SIGN_UP, "name", "name", ("SIGNUP-VALID-2", "SIGNUP-VALID-3")),
            ("signup", SIGN_UP, "password", "password", ("SIGNUP-VALID-2", "SIGNUP-VALID-3")),
            ("organization", CREATE_ORGANIZATION, "name", "name", ("ORG-VALID-2", "ORG-VALID-3")),
            ("organization", CREATE_ORGANIZATION, "slug", "slug", ("ORG-VALID-2", "ORG-VALID-3")),
            ("customer", CREATE_CUSTOMER, "name", "name", ("CUSTOMER-VALID-1",)),
            ("customer", CREATE_CUSTOMER, "email", "email", ("CUSTOMER-VALID-1",)),
            ("customer", CREATE_CUSTOMER, "phoneNumber", "phone-number", ("CUSTOMER-VALID-1",)),
            ("customer", CREATE_CUSTOMER, "metadata", "metadata", ("CUSTOMER-VALID-1",)),
            ("checkout", CREATE_CHECKOUT, "currency", "currency", ("CHECKOUT-VALID-2", "CHECKOUT-VALID-3")),
            ("checkout", CREATE_CHECKOUT, "totalAmount", "total-amount", ("CHECKOUT-VALID-2", "CHECKOUT-VALID-3")),
            ("checkout", CREATE_CHECKOUT, "lineItems", "line-items", ("CHECKOUT-VALID-3",)),
            ("checkout", CREATE_CHECKOUT, "successUrl", "success-url", ("CHECKOUT-VALID-3",)),
            ("checkout", CREATE_CHECKOUT, "metadata", "metadata", ("CHECKOUT-VALID-3",)),
        )
    ),
)
OTHERS = table(
    "validation",
    Fault(
        "organization-empty-slug-accepted",
        CREATE_ORGANIZATION,
        SHOULD,
        "an empty slug is accepted",
        without_rule(CREATE_ORGANIZATION, "slug", "empty"),
        requirements=("ORG-VALID-4",),
    ),
    Fault(
        "set-active-id-of-any-type",
        SET_ACTIVE,
        MUST,
        "organizationId of any JSON type is taken for the current one",
        both(any_type(SET_ACTIVE, "organizationId"), _current_for_other_types),
        requirements=("ACTIVE-VALID-1",),
    ),
    Fault(
        "customer-email-format-unchecked",
        CREATE_CUSTOMER,
        SHOULD,
        "any text is accepted as an e-mail",
        without_rule(CREATE_CUSTOMER, "email", "format"),
        requirements=("CUSTOMER-VALID-2",),
    ),
    Fault(
        "checkout-currency-unchecked",
        CREATE_CHECKOUT,
        SHOULD,
        "any text is accepted as a currency",
        without_rule(CREATE_CHECKOUT, "currency", "format"),
        requirements=("CHECKOUT-VALID-5",),
    ),
    Fault(
        "checkout-malformed-mended",
        CREATE_CHECKOUT,
        MUST,
        "JSON with its last brace missing is accepted",
        with_seams(parse=_mending),
        requirements=("CHECKOUT-BODY-1",),
    ),
    Fault(
        "signin-empty-body-500",
        SIGN_IN,
        MUST,
        "an empty body is a 500",
        falling_over(SIGN_IN, _is_empty),
        requirements=("SIGNIN-STATUS-3",),
    ),
    Fault(
        "customer-text-accepted",
        CREATE_CUSTOMER,
        SHOULD,
        "JSON sent as text/plain or XML is accepted",
        with_seams(any_media_type=frozenset({CREATE_CUSTOMER})),
        requirements=("CUSTOMER-BODY-2",),
    ),
    Fault(
        "signup-long-email-hangs",
        SIGN_UP,
        SHOULD,
        "an e-mail of more than 100,000 characters takes three seconds",
        hanging(SIGN_UP, _long("email")),
        requirements=("SIGNUP-STATUS-5",),
    ),
)
FAULTS = (*MISSING, *TYPES, *OTHERS)
