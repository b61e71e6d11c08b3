"""What is accepted although it is invalid inside line items and the inline customer, or wrong in several places."""

from __future__ import annotations

from collections.abc import Callable

from sandbox import reading
from sandbox.behaviour import Call, Change
from sandbox.changes import with_seams
from sandbox.faults.builders import any_type, falling_over, without_rule
from sandbox.faults.model import MUST, SHOULD, Fault, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    SIGN_IN,
    SIGN_UP,
    Json,
    JsonObject,
)
from sandbox.validation import FIELDS, LINE_ITEM_FIELDS, findings

ITEM = "CHECKOUT-VALID-40"
INLINE = "CHECKOUT-VALID-42"


def _mending(mend: Callable[[list[Json]], list[Json]]) -> Change:
    """Mend the line items of a checkout session before they are looked at."""

    def parse(call: Call) -> Json:
        value = reading.parsed(call.raw)
        if call.operation == CREATE_CHECKOUT and isinstance(value, dict) and isinstance(value.get("lineItems"), list):
            value["lineItems"] = mend(value["lineItems"])
        return value

    return with_seams(parse=parse)


def _objects_alone(items: list[Json]) -> list[Json]:
    return [item for item in items if isinstance(item, dict)]


def _first_checked(items: list[Json]) -> list[Json]:
    """Only the first item is looked at; of the others, what is wrong is left out."""
    return [*items[:1], *(_without_wrong(item) for item in items[1:])]


def _without_wrong(item: Json) -> Json:
    if not isinstance(item, dict):
        return {}
    wrong = {found.field for found in findings(LINE_ITEM_FIELDS, item)}
    return {name: value for name, value in item.items() if name not in wrong}


def _whole(value: Json) -> Json:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _digits_as_numbers(items: list[Json]) -> list[Json]:
    return [_whole_item(item) if isinstance(item, dict) else item for item in items]


def _whole_item(item: JsonObject) -> JsonObject:
    return {name: _whole(value) if name in ("quantity", "amount") else value for name, value in item.items()}


def _wrong_in_two(operation: str) -> Callable[[Call], bool]:
    def holds(call: Call) -> bool:
        try:
            body = reading.parsed(call.raw)
        except (ValueError, RecursionError):
            return False
        return isinstance(body, dict) and len(findings(FIELDS[operation], body)) > 1

    return holds


def _odd(name: str, right: type) -> Callable[[Call], bool]:
    """Tell whether a request has an optional field of another type than the right one."""

    def holds(call: Call) -> bool:
        try:
            body = reading.parsed(call.raw)
        except (ValueError, RecursionError):
            return False
        return isinstance(body, dict) and body.get(name) is not None and not isinstance(body[name], right)

    return holds


def _without_odd_customer(call: Call) -> Json:
    """A `customerId` that is no text is left out before the body is looked at."""
    value = reading.parsed(call.raw)
    if isinstance(value, dict) and not isinstance(value.get("customerId"), (str, type(None))):
        return {name: item for name, item in value.items() if name != "customerId"}
    return value


FAULTS = table(
    "validation",
    *(
        Fault(
            f"{short}-{name.lower()}-of-another-type-500",
            operation,
            MUST,
            f"{name} of another type is a 500",
            falling_over(operation, _odd(name, right)),
            (f"{prefix}-STATUS-3", f"{prefix}-HOSTILE-1"),
        )
        for short, operation, prefix, name, right in (
            ("signup", SIGN_UP, "SIGNUP", "image", str),
            ("signup", SIGN_UP, "SIGNUP", "rememberMe", bool),
            ("signin", SIGN_IN, "SIGNIN", "rememberMe", bool),
            ("organization", CREATE_ORGANIZATION, "ORG", "logo", str),
            ("organization", CREATE_ORGANIZATION, "ORG", "metadata", dict),
        )
    ),
    Fault(
        "checkout-customer-id-of-another-type-overlooked",
        CREATE_CHECKOUT,
        MUST,
        "a customerId that is no text is overlooked, and the session has no customer",
        with_seams(parse=_without_odd_customer),
        ("CHECKOUT-VALID-43", "CHECKOUT-EXISTING-1", "CHECKOUT-TENANT-31"),
    ),
    *(
        Fault(
            f"checkout-item-{says}-of-any-type",
            CREATE_CHECKOUT,
            MUST,
            f"{field} of a line item is accepted whatever its JSON type",
            any_type(CREATE_CHECKOUT, f"lineItems.{field}"),
            requirements,
        )
        for field, says, requirements in (
            ("amount", "amount", (ITEM, "CHECKOUT-VALID-8")),
            ("name", "name", (ITEM,)),
            ("currency", "currency", (ITEM,)),
            ("imageUrl", "image-url", (ITEM,)),
            ("productId", "product-id", (ITEM,)),
        )
    ),
    Fault(
        "checkout-item-digits-as-numbers",
        CREATE_CHECKOUT,
        MUST,
        "quantity and amount of a line item may be texts of digits, and come back as numbers",
        _mending(_digits_as_numbers),
        (ITEM, "CHECKOUT-ECHO-8"),
    ),
    Fault(
        "checkout-first-item-checked-alone",
        CREATE_CHECKOUT,
        MUST,
        "only the first line item is looked at, what is wrong in the others is left out",
        _mending(_first_checked),
        (ITEM, "CHECKOUT-VALID-41", "CHECKOUT-VALID-8", "CHECKOUT-ECHO-8"),
    ),
    Fault(
        "checkout-items-of-other-types-dropped",
        CREATE_CHECKOUT,
        MUST,
        "null and texts among the line items are left out",
        _mending(_objects_alone),
        ("CHECKOUT-VALID-41", "CHECKOUT-ECHO-8"),
    ),
    *(
        Fault(
            f"inline-{says}-of-any-type",
            CREATE_CHECKOUT,
            MUST,
            f"{field} of an inline customer is accepted whatever its JSON type",
            any_type(CREATE_CHECKOUT, f"customer.{field}"),
            requirements,
        )
        for field, says, requirements in (
            ("name", "name", (INLINE, "CHECKOUT-INLINE-4")),
            ("email", "email", (INLINE,)),
            ("phoneNumber", "phone-number", (INLINE, "CHECKOUT-INLINE-20")),
            ("metadata", "metadata", ("CHECKOUT-VALID-44", "CHECKOUT-INLINE-21")),
        )
    ),
    Fault(
        "checkout-item-amount-negative",
        CREATE_CHECKOUT,
        SHOULD,
        "a line item's amount may be negative",
        without_rule(CREATE_CHECKOUT, "lineItems.amount", "sign"),
        ("CHECKOUT-VALID-8",),
    ),
    Fault(
        "inline-phone-unchecked",
        CREATE_CHECKOUT,
        SHOULD,
        "any text is accepted as the phone number of an inline customer",
        without_rule(CREATE_CHECKOUT, "customer.phoneNumber", "format"),
        ("CHECKOUT-VALID-9",),
    ),
    *(
        Fault(
            f"{short}-wrong-in-two-500",
            operation,
            MUST,
            "a body that is wrong in more than one field is a 500",
            falling_over(operation, _wrong_in_two(operation)),
            requirements=(f"{prefix}-STATUS-3",),
        )
        for short, operation, prefix in (
            ("signup", SIGN_UP, "SIGNUP"),
            ("signin", SIGN_IN, "SIGNIN"),
            ("organization", CREATE_ORGANIZATION, "ORG"),
            ("customer", CREATE_CUSTOMER, "CUSTOMER"),
            ("checkout", CREATE_CHECKOUT, "CHECKOUT"),
        )
    ),
)
