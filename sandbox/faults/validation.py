"""What is accepted although it is invalid, refused although it is valid, or too much for the server."""

from __future__ import annotations

import json
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
    other_rule,
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
from sandbox.validation import is_number

LONG = 100_000
NOT_JSON = object()


def _peek(call: Call) -> Json:
    try:
        return reading.parsed(call.raw)
    except (ValueError, RecursionError):
        return NOT_JSON


def _is(kind: type) -> Test:
    return lambda call: isinstance(_peek(call), kind)


def _is_null(call: Call) -> bool:
    return _peek(call) is None


def _is_scalar(call: Call) -> bool:
    return isinstance(_peek(call), (str, int, float))


def _is_malformed(call: Call) -> bool:
    return bool(call.raw) and _peek(call) is NOT_JSON


def _is_empty(call: Call) -> bool:
    return not call.raw


def _holds(part: bytes) -> Test:
    return lambda call: part in call.raw


def _has_lone_surrogate(call: Call) -> bool:
    try:
        json.dumps(json.loads(call.raw), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):
        return False
    return False


def _has_emoji(call: Call) -> bool:
    found = _peek(call)
    return isinstance(found, dict) and any(ord(letter) > 0xFFFF for letter in str(found.get("name")))


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


def _nested(call: Call) -> bool:
    return call.raw.count(b"{") > 200 or call.raw.count(b"[") > 200


def _media_type(part: str) -> Test:
    return lambda call: part in call.headers.get("content-type", "")


def _ascii(value: Json) -> bool:
    return not isinstance(value, str) or value.isascii()


def _not_plus(value: Json) -> bool:
    return not isinstance(value, str) or "+" not in value


def _at_most(limit: int) -> Callable[[Json], bool]:
    return lambda value: not isinstance(value, (int, float)) or value <= limit


def _longer(length: int) -> Callable[[Json], bool]:
    return lambda value: len(value) > length


def _shorter(length: int) -> Callable[[Json], bool]:
    return lambda value: len(value) < length


def _lower(value: Json) -> bool:
    return bool(value == value.lower())


def _one_dot(value: Json) -> bool:
    return bool(value.rpartition("@")[2].count(".") == 1)


def _twelve_digits(value: Json) -> bool:
    return len(value) <= 13


def _one_country(value: Json) -> bool:
    return bool(value.startswith("+266"))


def _mending(call: Call) -> Json:
    """A parser that closes what was left open."""
    try:
        return reading.parsed(call.raw)
    except ValueError:
        return reading.parsed(call.raw + b"}") if call.operation == CREATE_CHECKOUT else reading.parsed(call.raw)


def _first_value(call: Call) -> Json:
    """A parser that stops after the first value."""
    if call.operation != CREATE_CUSTOMER:
        return reading.parsed(call.raw)
    written = call.raw.decode("utf-8-sig", "replace").lstrip()
    _, end = json.JSONDecoder().raw_decode(written)
    return reading.parsed(written[:end].encode("utf-8", "replace"))


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
        "signup-email-format-unchecked",
        SIGN_UP,
        MUST,
        "any text is accepted as an e-mail",
        without_rule(SIGN_UP, "email", "format"),
    ),
    (
        "signup-password-of-7-accepted",
        SIGN_UP,
        MUST,
        "a password of any length below 8 is accepted",
        without_rule(SIGN_UP, "password", "short"),
    ),
    (
        "signup-password-of-129-accepted",
        SIGN_UP,
        MUST,
        "a password longer than 128 characters is accepted",
        without_rule(SIGN_UP, "password", "long"),
    ),
    (
        "signup-password-of-8-refused",
        SIGN_UP,
        SHOULD,
        "a password needs nine characters",
        with_rule(SIGN_UP, "password", _longer(8)),
    ),
    (
        "signup-password-of-128-refused",
        SIGN_UP,
        SHOULD,
        "a password of 128 characters is refused",
        with_rule(SIGN_UP, "password", _shorter(128)),
    ),
    (
        "signup-plus-address-refused",
        SIGN_UP,
        MUST,
        "a plus-addressed e-mail is refused",
        with_rule(SIGN_UP, "email", _not_plus),
    ),
    (
        "signup-capitals-in-email-refused",
        SIGN_UP,
        MUST,
        "an e-mail with capitals is refused",
        with_rule(SIGN_UP, "email", _lower),
    ),
    (
        "signup-subdomain-email-refused",
        SIGN_UP,
        MUST,
        "an e-mail with more than one dot in its domain is refused",
        with_rule(SIGN_UP, "email", _one_dot),
    ),
    (
        "signup-unicode-name-refused",
        SIGN_UP,
        MUST,
        "a name with letters outside ASCII is refused",
        with_rule(SIGN_UP, "name", _ascii),
    ),
    (
        "organization-empty-slug-accepted",
        CREATE_ORGANIZATION,
        SHOULD,
        "an empty slug is accepted",
        without_rule(CREATE_ORGANIZATION, "slug", "empty"),
    ),
    (
        "organization-empty-name-accepted",
        CREATE_ORGANIZATION,
        SHOULD,
        "an empty name is accepted",
        without_rule(CREATE_ORGANIZATION, "name", "empty"),
    ),
    (
        "set-active-id-of-any-type",
        SET_ACTIVE,
        SHOULD,
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
        "customer-unicode-name-refused",
        CREATE_CUSTOMER,
        MUST,
        "a name with letters outside ASCII is refused",
        with_rule(CREATE_CUSTOMER, "name", _ascii),
    ),
    (
        "customer-plus-address-refused",
        CREATE_CUSTOMER,
        MUST,
        "a plus-addressed e-mail is refused",
        with_rule(CREATE_CUSTOMER, "email", _not_plus),
    ),
    (
        "customer-long-phone-refused",
        CREATE_CUSTOMER,
        MUST,
        "an E.164 number of more than 12 digits is refused",
        with_rule(CREATE_CUSTOMER, "phoneNumber", _twelve_digits),
    ),
    (
        "customer-other-country-refused",
        CREATE_CUSTOMER,
        MUST,
        "a phone number outside +266 is refused",
        with_rule(CREATE_CUSTOMER, "phoneNumber", _one_country),
    ),
    (
        "checkout-amount-negative-accepted",
        CREATE_CHECKOUT,
        SHOULD,
        "a negative totalAmount is accepted",
        without_rule(CREATE_CHECKOUT, "totalAmount", "sign"),
    ),
    (
        "checkout-amount-fraction-accepted",
        CREATE_CHECKOUT,
        SHOULD,
        "a fractional totalAmount is accepted",
        other_rule(CREATE_CHECKOUT, "totalAmount", "type", is_number),
    ),
    (
        "checkout-amount-above-999999-refused",
        CREATE_CHECKOUT,
        MUST,
        "a totalAmount above 999999 is refused",
        with_rule(CREATE_CHECKOUT, "totalAmount", _at_most(999_999)),
    ),
    (
        "checkout-amount-above-32-bits-refused",
        CREATE_CHECKOUT,
        MUST,
        "a totalAmount above 2^31 - 1 is refused",
        with_rule(CREATE_CHECKOUT, "totalAmount", _at_most(2**31 - 1)),
    ),
    (
        "checkout-currency-unchecked",
        CREATE_CHECKOUT,
        SHOULD,
        "any text is accepted as a currency",
        without_rule(CREATE_CHECKOUT, "currency", "format"),
    ),
    (
        "checkout-success-url-unchecked",
        CREATE_CHECKOUT,
        SHOULD,
        "any text is accepted as successUrl",
        without_rule(CREATE_CHECKOUT, "successUrl", "format"),
    ),
    (
        "checkout-cancel-url-unchecked",
        CREATE_CHECKOUT,
        SHOULD,
        "any text is accepted as cancelUrl",
        without_rule(CREATE_CHECKOUT, "cancelUrl", "format"),
    ),
    ("signup-malformed-500", SIGN_UP, MUST, "malformed JSON is a 500", falling_over(SIGN_UP, _is_malformed)),
    (
        "customer-malformed-500",
        CREATE_CUSTOMER,
        MUST,
        "malformed JSON is a 500",
        falling_over(CREATE_CUSTOMER, _is_malformed),
    ),
    (
        "checkout-malformed-mended",
        CREATE_CHECKOUT,
        MUST,
        "JSON with its last brace missing is accepted",
        with_seams(parse=_mending),
    ),
    (
        "customer-malformed-tail-accepted",
        CREATE_CUSTOMER,
        MUST,
        "anything after the JSON object is accepted",
        with_seams(parse=_first_value),
    ),
    ("signup-array-500", SIGN_UP, MUST, "an array for a body is a 500", falling_over(SIGN_UP, _is(list))),
    (
        "organization-null-500",
        CREATE_ORGANIZATION,
        MUST,
        "null for a body is a 500",
        falling_over(CREATE_ORGANIZATION, _is_null),
    ),
    (
        "customer-scalar-500",
        CREATE_CUSTOMER,
        MUST,
        "a string or number for a body is a 500",
        falling_over(CREATE_CUSTOMER, _is_scalar),
    ),
    (
        "checkout-empty-body-500",
        CREATE_CHECKOUT,
        MUST,
        "an empty body is a 500",
        falling_over(CREATE_CHECKOUT, _is_empty),
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
        "signup-text-accepted",
        SIGN_UP,
        SHOULD,
        "JSON sent as text/plain or XML is accepted",
        with_seams(any_media_type=frozenset({SIGN_UP})),
    ),
    (
        "checkout-xml-500",
        CREATE_CHECKOUT,
        MUST,
        "a body sent as XML is a 500",
        falling_over(CREATE_CHECKOUT, _media_type("xml")),
    ),
    (
        "customer-nul-500",
        CREATE_CUSTOMER,
        MUST,
        "a NUL character is a 500",
        falling_over(CREATE_CUSTOMER, _holds(b"\\u0000")),
    ),
    (
        "organization-nul-500",
        CREATE_ORGANIZATION,
        MUST,
        "a NUL character is a 500",
        falling_over(CREATE_ORGANIZATION, _holds(b"\\u0000")),
    ),
    (
        "signup-lone-surrogate-500",
        SIGN_UP,
        MUST,
        "a lone surrogate is a 500",
        falling_over(SIGN_UP, _has_lone_surrogate),
    ),
    (
        "customer-emoji-500",
        CREATE_CUSTOMER,
        MUST,
        "an emoji in the name is a 500",
        falling_over(CREATE_CUSTOMER, _has_emoji),
    ),
    (
        "organization-long-name-500",
        CREATE_ORGANIZATION,
        MUST,
        "a name of more than 100,000 characters is a 500",
        falling_over(CREATE_ORGANIZATION, _long("name")),
    ),
    (
        "checkout-nesting-500",
        CREATE_CHECKOUT,
        MUST,
        "nesting deeper than 200 levels is a 500",
        falling_over(CREATE_CHECKOUT, _nested),
    ),
    (
        "checkout-huge-amount-500",
        CREATE_CHECKOUT,
        MUST,
        "an amount beyond 64 bits is a 500",
        falling_over(CREATE_CHECKOUT, _number("totalAmount", lambda value: abs(value) >= 2**63)),
    ),
    (
        "customer-long-name-hangs",
        CREATE_CUSTOMER,
        SHOULD,
        "a name of more than 100,000 characters takes three seconds",
        hanging(CREATE_CUSTOMER, _long("name")),
    ),
    (
        "signup-long-email-hangs",
        SIGN_UP,
        SHOULD,
        "an e-mail of more than 100,000 characters takes three seconds",
        hanging(SIGN_UP, _long("email")),
    ),
    (
        "checkout-nesting-hangs",
        CREATE_CHECKOUT,
        SHOULD,
        "nesting deeper than 200 levels takes three seconds",
        hanging(CREATE_CHECKOUT, _nested),
    ),
)
FAULTS = (*MISSING, *TYPES, *OTHERS)
