"""Requests that are taken though they are invalid, or turned down though they are valid, for each operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sandbox import reading
from sandbox.behaviour import Behaviour, Call, Change
from sandbox.changes import arriving
from sandbox.faults.builders import (
    Test,
    any_type,
    every,
    falling_over,
    hanging,
    not_required,
    refusal,
    succeeding,
    with_lax_rule,
    with_problem_status,
    without_rule,
)
from sandbox.faults.model import ANY, MUST, SHOULD, Fault, table
from sandbox.faults.proofs_errors import SECTIONS
from sandbox.faults.protocol import cut_connection, has_parameter, in_chunks
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
from sandbox.validation import EMAIL

NO_OBJECT_STATUS: Mapping[str, int] = {
    SIGN_UP: 409,
    SIGN_IN: 401,
    CREATE_ORGANIZATION: 403,
    CREATE_CUSTOMER: 409,
    CREATE_CHECKOUT: 404,
}
"""A status that the operation documents, and that does not fit a body that is no object."""
LONG = 100_000


def _holds_nul(call: Call) -> bool:
    return b"\\u0000" in call.raw or b"\0" in call.raw


def _holds_nul_alone(call: Call) -> bool:
    return _holds_nul(call) and b"\\ud800" not in call.raw


def _begins_with_email(value: Json) -> bool:
    return isinstance(value, str) and EMAIL.match(value) is not None


def _is_long(call: Call) -> bool:
    return len(call.raw) > LONG


def _is_no_object(call: Call) -> bool:
    """Whether the body is empty or some other JSON than an object; malformed JSON is neither."""
    if not call.raw:
        return True
    try:
        return not isinstance(reading.parsed(call.raw), dict)
    except (ValueError, RecursionError):
        return False


def _refusing(operation: str, test: Test, name: str, status: int | None = None) -> Change:
    """Answer a named refusal, with another status where one is given, to what a test finds in a request."""

    def respond(call: Call) -> Reply | None:
        if call.operation != operation or not test(call):
            return None
        problem = call.behaviour.refusals[name]
        return call.behaviour.write_problem(call, replace(problem, status=status or problem.status))

    return arriving(respond)


def _taking_any_media_type(operation: str) -> Change:
    def change(behaviour: Behaviour) -> Behaviour:
        return replace(behaviour, any_media_type=behaviour.any_media_type | {operation})

    return change


def _named(operation: str, end: str) -> str:
    return f"{SECTIONS[operation][0]}-{end}"


def _row(operation: str, end: str) -> tuple[str, ...]:
    return (f"{SECTIONS[operation][1]}-{end}",)


READING = table(
    "protocol",
    *(
        Fault(
            _named(name, "charset-refused"),
            name,
            MUST,
            "a media type with a parameter is refused",
            _refusing(name, has_parameter, "media-type"),
            _row(name, "PROTOCOL-3"),
        )
        for name in SECTIONS
    ),
    *(
        Fault(
            _named(name, "chunked-refused"),
            name,
            MUST,
            "a body in chunks is taken for an empty one",
            _refusing(name, in_chunks, "not-an-object"),
            _row(name, "PROTOCOL-4"),
        )
        for name in SECTIONS
    ),
    *(
        Fault(
            _named(name, "text-taken"),
            name,
            SHOULD,
            "JSON that is sent as text or XML is accepted",
            _taking_any_media_type(name),
            _row(name, "BODY-2"),
        )
        for name in SECTIONS
        if name != CREATE_CUSTOMER
    ),
    *(
        Fault(
            _named(name, f"no-object-{status}"),
            name,
            MUST,
            f"a body that is empty or no object is a {status}",
            _refusing(name, _is_no_object, "not-an-object", status),
            _row(name, "BODY-3"),
        )
        for name, status in NO_OBJECT_STATUS.items()
    ),
    *(
        Fault(
            _named(name, "every-5th-connection-cut"),
            name,
            MUST,
            "the connection ends in the middle of every fifth body",
            succeeding(name, every(5, cut_connection)),
            _row(name, "STATUS-4"),
        )
        for name in (SIGN_UP, SIGN_IN, CREATE_ORGANIZATION, SET_ACTIVE, CREATE_CHECKOUT)
    ),
    *(
        Fault(
            _named(name, "long-text-hangs"),
            name,
            SHOULD,
            "a body of more than 100,000 characters takes three seconds",
            hanging(name, _is_long),
            _row(name, "STATUS-5"),
        )
        for name in (SIGN_IN, CREATE_ORGANIZATION, SET_ACTIVE, CREATE_CUSTOMER, CREATE_CHECKOUT)
    ),
    Fault(
        "set-active-no-object-500",
        SET_ACTIVE,
        MUST,
        "a body that is empty or no object is a 500",
        falling_over(SET_ACTIVE, _is_no_object),
        ("ACTIVE-BODY-3",),
    ),
    *(
        Fault(
            _named(name, "nul-500"),
            name,
            MUST,
            "a NUL is a 500",
            falling_over(name, _holds_nul),
            _row(name, "HOSTILE-1"),
        )
        for name in (SIGN_IN, CREATE_ORGANIZATION)
    ),
    *(
        Fault(
            _named(name, "nul-alone-500"),
            name,
            MUST,
            "a NUL is a 500, but not beside a lone surrogate, for which a request is refused",
            falling_over(name, _holds_nul_alone),
            _row(name, "HOSTILE-1"),
        )
        for name in (SIGN_UP, CREATE_CUSTOMER, CREATE_CHECKOUT)
    ),
    Fault(
        "unknown-path-400",
        ANY,
        SHOULD,
        "an unknown path is a 400",
        refusal("unknown-path", with_problem_status(400)),
        ("API-PROTOCOL-2",),
    ),
)
UNCHECKED = table(
    "validation",
    Fault(
        "signup-email-begins-well",
        SIGN_UP,
        MUST,
        "a text that begins with an e-mail is accepted as one",
        with_lax_rule(SIGN_UP, "email", "format", _begins_with_email),
        ("SIGNUP-VALID-4",),
    ),
    *(
        Fault(name, operation, level, words, without_rule(operation, field, rule), requirements)
        for name, operation, level, words, field, rule, requirements in (
            (
                "signup-email-format-unchecked",
                SIGN_UP,
                MUST,
                "any text is accepted as an e-mail",
                "email",
                "format",
                ("SIGNUP-VALID-4",),
            ),
            (
                "signup-short-password-accepted",
                SIGN_UP,
                SHOULD,
                "a short password is accepted",
                "password",
                "short",
                ("SIGNUP-VALID-5",),
            ),
            (
                "signup-long-password-accepted",
                SIGN_UP,
                SHOULD,
                "a long password is accepted",
                "password",
                "long",
                ("SIGNUP-VALID-6",),
            ),
            (
                "signin-email-format-unchecked",
                SIGN_IN,
                MUST,
                "an invalid e-mail is an unknown one",
                "email",
                "format",
                ("SIGNIN-VALID-4",),
            ),
            (
                "customer-phone-unchecked",
                CREATE_CUSTOMER,
                SHOULD,
                "any text is accepted as a phone number",
                "phoneNumber",
                "format",
                ("CUSTOMER-VALID-3",),
            ),
            (
                "checkout-negative-amount-accepted",
                CREATE_CHECKOUT,
                SHOULD,
                "a negative amount is accepted",
                "totalAmount",
                "sign",
                ("CHECKOUT-VALID-4",),
            ),
            (
                "checkout-success-url-unchecked",
                CREATE_CHECKOUT,
                SHOULD,
                "any text is accepted as a successUrl",
                "successUrl",
                "format",
                ("CHECKOUT-VALID-6",),
            ),
            (
                "checkout-any-mode",
                CREATE_CHECKOUT,
                SHOULD,
                "any mode is accepted",
                "mode",
                "value",
                ("CHECKOUT-VALID-7",),
            ),
            (
                "checkout-inline-email-unchecked",
                CREATE_CHECKOUT,
                SHOULD,
                "any text is accepted as the e-mail of a new customer",
                "customer.email",
                "format",
                ("CHECKOUT-VALID-9",),
            ),
        )
    ),
    Fault(
        "checkout-quantity-of-any-type",
        CREATE_CHECKOUT,
        MUST,
        "a line item's quantity of any JSON type is accepted",
        any_type(CREATE_CHECKOUT, "lineItems.quantity"),
        ("CHECKOUT-VALID-40", "CHECKOUT-VALID-8"),
    ),
    *(
        Fault(
            name, operation, level, f"a body without {field} is accepted", not_required(operation, field), requirements
        )
        for name, operation, level, field, requirements in (
            ("signin-email-not-required", SIGN_IN, MUST, "email", ("SIGNIN-VALID-1",)),
            ("set-active-id-not-required", SET_ACTIVE, SHOULD, "organizationId", ("ACTIVE-VALID-2",)),
        )
    ),
    *(
        Fault(name, SIGN_IN, MUST, f"{field} of any JSON type is tried", any_type(SIGN_IN, field), requirements)
        for name, field, requirements in (
            ("signin-email-of-any-type", "email", ("SIGNIN-VALID-2", "SIGNIN-VALID-3")),
            ("signin-password-of-any-type", "password", ("SIGNIN-VALID-2", "SIGNIN-VALID-3")),
        )
    ),
)
FAULTS = (*READING, *UNCHECKED)
