"""What is accepted although it is invalid, refused although it is valid, or too much for the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sandbox import reading
from sandbox.behaviour import Behaviour
from sandbox.faults.builders import (
    Test,
    any_type,
    both,
    falling_over,
    hanging,
    not_required,
    with_rule,
    with_seams,
    without_rule,
)
from sandbox.faults.model import MUST, SHOULD, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Call,
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


def _is_null(call: Call) -> bool:
    return _peek(call) is None


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


def _longer(length: int) -> Callable[[Json], bool]:
    return lambda value: len(value) > length


def _one_dot(value: Json) -> bool:
    return bool(value.rpartition("@")[2].count(".") == 1)


def _one_country(value: Json) -> bool:
    return bool(value.startswith("+266"))


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
        (
            f"{short}-{says}-not-required",
            operation,
            MUST,
            f"a body without {field} is accepted",
            not_required(operation, field),
        )
        for short, operation, field, says in (
            ("signup", SIGN_UP, "name", "name"),
            ("signup", SIGN_UP, "email", "email"),
            ("signup", SIGN_UP, "password", "password"),
            ("organization", CREATE_ORGANIZATION, "name", "name"),
            ("organization", CREATE_ORGANIZATION, "slug", "slug"),
            ("checkout", CREATE_CHECKOUT, "merchantId", "merchant-id"),
            ("checkout", CREATE_CHECKOUT, "currency", "currency"),
            ("checkout", CREATE_CHECKOUT, "totalAmount", "total-amount"),
            ("checkout", CREATE_CHECKOUT, "lineItems", "line-items"),
            ("checkout", CREATE_CHECKOUT, "successUrl", "success-url"),
            ("checkout", CREATE_CHECKOUT, "cancelUrl", "cancel-url"),
            ("checkout", CREATE_CHECKOUT, "mode", "mode"),
            ("checkout", CREATE_CHECKOUT, "metadata", "metadata"),
        )
    ),
)
TYPES = table(
    "validation",
    *(
        (
            f"{short}-{says}-of-any-type",
            operation,
            MUST,
            f"{field} of any JSON type is accepted",
            any_type(operation, field),
        )
        for short, operation, field, says in (
            ("signup", SIGN_UP, "name", "name"),
            ("signup", SIGN_UP, "password", "password"),
            ("organization", CREATE_ORGANIZATION, "name", "name"),
            ("organization", CREATE_ORGANIZATION, "slug", "slug"),
            ("customer", CREATE_CUSTOMER, "name", "name"),
            ("customer", CREATE_CUSTOMER, "email", "email"),
            ("customer", CREATE_CUSTOMER, "phoneNumber", "phone-number"),
            ("customer", CREATE_CUSTOMER, "metadata", "metadata"),
            ("checkout", CREATE_CHECKOUT, "currency", "currency"),
            ("checkout", CREATE_CHECKOUT, "totalAmount", "total-amount"),
            ("checkout", CREATE_CHECKOUT, "lineItems", "line-items"),
            ("checkout", CREATE_CHECKOUT, "successUrl", "success-url"),
            ("checkout", CREATE_CHECKOUT, "metadata", "metadata"),
        )
    ),
)
OTHERS = table(
    "validation",
    (
        "signup-password-of-8-refused",
        SIGN_UP,
        MUST,
        "a password needs nine characters",
        with_rule(SIGN_UP, "password", _longer(8)),
    ),
    (
        "signup-subdomain-email-refused",
        SIGN_UP,
        MUST,
        "an e-mail with more than one dot in its domain is refused",
        with_rule(SIGN_UP, "email", _one_dot),
    ),
    (
        "organization-empty-slug-accepted",
        CREATE_ORGANIZATION,
        SHOULD,
        "an empty slug is accepted",
        without_rule(CREATE_ORGANIZATION, "slug", "empty"),
    ),
    (
        "set-active-id-of-any-type",
        SET_ACTIVE,
        MUST,
        "organizationId of any JSON type is taken for the current one",
        both(any_type(SET_ACTIVE, "organizationId"), _current_for_other_types),
    ),
    (
        "customer-email-format-unchecked",
        CREATE_CUSTOMER,
        SHOULD,
        "any text is accepted as an e-mail",
        without_rule(CREATE_CUSTOMER, "email", "format"),
    ),
    (
        "customer-other-country-refused",
        CREATE_CUSTOMER,
        MUST,
        "a phone number outside +266 is refused",
        with_rule(CREATE_CUSTOMER, "phoneNumber", _one_country),
    ),
    (
        "checkout-currency-unchecked",
        CREATE_CHECKOUT,
        SHOULD,
        "any text is accepted as a currency",
        without_rule(CREATE_CHECKOUT, "currency", "format"),
    ),
    (
        "checkout-malformed-mended",
        CREATE_CHECKOUT,
        MUST,
        "JSON with its last brace missing is accepted",
        with_seams(parse=_mending),
    ),
    (
        "organization-null-500",
        CREATE_ORGANIZATION,
        MUST,
        "null for a body is a 500",
        falling_over(CREATE_ORGANIZATION, _is_null),
    ),
    ("signin-empty-body-500", SIGN_IN, MUST, "an empty body is a 500", falling_over(SIGN_IN, _is_empty)),
    (
        "customer-text-accepted",
        CREATE_CUSTOMER,
        SHOULD,
        "JSON sent as text/plain or XML is accepted",
        with_seams(any_media_type=frozenset({CREATE_CUSTOMER})),
    ),
    (
        "signup-long-email-hangs",
        SIGN_UP,
        SHOULD,
        "an e-mail of more than 100,000 characters takes three seconds",
        hanging(SIGN_UP, _long("email")),
    ),
)
FAULTS = (*MISSING, *TYPES, *OTHERS)
