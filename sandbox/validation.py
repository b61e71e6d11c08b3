"""The rules that a request body is held against: one table of fields for each operation (contract page: Operations)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Json,
)

Check: TypeAlias = Callable[[Json], bool]

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
EMAIL = re.compile(rf"{ATOM}(?:\.{ATOM})*@(?:{LABEL}\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]")
PHONE = re.compile(r"\+[1-9][0-9]{1,14}")
CURRENCY = re.compile(r"[A-Z]{3}")
LARGEST_INTEGER = 2**53 - 1


def is_text(value: Json) -> bool:
    return isinstance(value, str)


def is_flag(value: Json) -> bool:
    return isinstance(value, bool)


def is_object(value: Json) -> bool:
    return isinstance(value, dict)


def is_list(value: Json) -> bool:
    return isinstance(value, list)


def is_number(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_integer(value: Json) -> bool:
    """JSON knows no integers: 100.0 is one, and anything beyond 2^53 cannot be told exactly."""
    return is_number(value) and value == value // 1 and abs(value) <= LARGEST_INTEGER


def is_email(value: Json) -> bool:
    return isinstance(value, str) and len(value) <= 320 and EMAIL.fullmatch(value) is not None


def is_phone(value: Json) -> bool:
    return isinstance(value, str) and PHONE.fullmatch(value) is not None


def is_currency(value: Json) -> bool:
    return isinstance(value, str) and CURRENCY.fullmatch(value) is not None


def is_web_address(value: Json) -> bool:
    if not isinstance(value, str) or any(character.isspace() or ord(character) < 32 for character in value):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def utf16_units(value: Json) -> int:
    return len(value.encode("utf-16-le", "surrogatepass")) // 2 if isinstance(value, str) else 0


def not_blank(value: Json) -> bool:
    return not isinstance(value, str) or value != ""


def not_negative(value: Json) -> bool:
    return not is_number(value) or value >= 0


def no_more_than(limit: int) -> Check:
    return lambda value: utf16_units(value) <= limit


def no_less_than(limit: int) -> Check:
    return lambda value: utf16_units(value) >= limit


def is_payment(value: Json) -> bool:
    return bool(value == "payment")


@dataclass(frozen=True)
class Rule:
    """One demand on a field's value; its name is how a fault or a variant finds it."""

    name: str
    holds: Check
    says: str
    code: str = "VALIDATION_ERROR"


@dataclass(frozen=True)
class Field:
    """One member of a request body: the first rule broken is the one reported.

    A required one may be left out where the body has the member named by ``unless``.
    """

    name: str
    rules: tuple[Rule, ...]
    required: bool = True
    nullable: bool = False
    inside: tuple[Field, ...] = ()
    unless: str = ""


@dataclass(frozen=True)
class Finding:
    field: str
    says: str
    code: str


TEXT = Rule("type", is_text, "must be a string")
FLAG = Rule("type", is_flag, "must be a boolean")
OBJECT = Rule("type", is_object, "must be an object")
LIST = Rule("type", is_list, "must be an array")
INTEGER = Rule("type", is_integer, "must be an integer number")
BLANK = Rule("empty", not_blank, "must not be empty")
EMAIL_FORMAT = Rule("format", is_email, "must be an email")
PHONE_FORMAT = Rule("format", is_phone, "must be a phone number in E.164 format")
CURRENCY_FORMAT = Rule("format", is_currency, "must be an ISO 4217 currency code")
URL_FORMAT = Rule("format", is_web_address, "must be an absolute URL")
SIGN = Rule("sign", not_negative, "must not be less than 0")
SHORT = Rule("short", no_less_than(8), "must have at least 8 characters", "PASSWORD_TOO_SHORT")
LONG = Rule("long", no_more_than(128), "must have at most 128 characters", "PASSWORD_TOO_LONG")
MODE = Rule("value", is_payment, "must be one of the following values: payment")


def optional(name: str, *rules: Rule, nullable: bool = False, inside: tuple[Field, ...] = ()) -> Field:
    return Field(name, rules, required=False, nullable=nullable, inside=inside)


CUSTOMER_FIELDS = (
    Field("phoneNumber", (TEXT, PHONE_FORMAT)),
    Field("email", (TEXT, EMAIL_FORMAT)),
    Field("name", (TEXT,)),
    Field("metadata", (OBJECT,)),
)
INLINE_FIELDS = tuple(Field(field.name, field.rules, required=False, nullable=True) for field in CUSTOMER_FIELDS)
LINE_ITEM_FIELDS = (
    optional("name", TEXT, nullable=True),
    optional("productId", TEXT, nullable=True),
    optional("quantity", INTEGER, SIGN),
    optional("amount", INTEGER, SIGN),
    optional("currency", TEXT, CURRENCY_FORMAT, nullable=True),
    optional("imageId", TEXT, nullable=True),
    optional("imageUrl", TEXT, nullable=True),
)

FIELDS: Mapping[str, tuple[Field, ...]] = {
    SIGN_UP: (
        Field("name", (TEXT,)),
        Field("email", (TEXT, EMAIL_FORMAT)),
        Field("password", (TEXT, SHORT, LONG)),
        optional("image", TEXT),
        optional("callbackURL", TEXT),
        optional("rememberMe", FLAG),
    ),
    SIGN_IN: (
        Field("email", (TEXT, EMAIL_FORMAT)),
        Field("password", (TEXT,)),
        optional("callbackURL", TEXT),
        optional("rememberMe", FLAG),
    ),
    CREATE_ORGANIZATION: (
        Field("name", (TEXT, BLANK)),
        Field("slug", (TEXT, BLANK)),
        optional("logo", TEXT, nullable=True),
        optional("metadata", OBJECT),
    ),
    SET_ACTIVE: (
        Field("organizationId", (TEXT, BLANK), nullable=True, unless="organizationSlug"),
        optional("organizationSlug", TEXT, BLANK),
    ),
    CREATE_CUSTOMER: (optional("merchantId", TEXT, BLANK), *CUSTOMER_FIELDS),
    CREATE_CHECKOUT: (
        Field("merchantId", (TEXT, BLANK)),
        Field("currency", (TEXT, CURRENCY_FORMAT)),
        Field("metadata", (OBJECT,)),
        Field("totalAmount", (INTEGER, SIGN)),
        Field("lineItems", (LIST,), inside=LINE_ITEM_FIELDS),
        Field("successUrl", (TEXT, URL_FORMAT)),
        Field("cancelUrl", (TEXT, URL_FORMAT)),
        Field("mode", (TEXT, MODE)),
        optional("customerId", TEXT, BLANK, nullable=True),
        optional("customer", OBJECT, nullable=True, inside=INLINE_FIELDS),
    ),
}


def findings(fields: Iterable[Field], body: Mapping[str, Json], path: str = "") -> list[Finding]:
    """Every field of a body that breaks a rule, one finding each."""
    found: list[Finding] = []
    for field in fields:
        name = path + field.name
        if field.name not in body:
            if field.required and (not field.unless or field.unless not in body):
                found.append(Finding(name, "is required", "VALIDATION_ERROR"))
            continue
        value = body[field.name]
        if value is None and field.nullable:
            continue
        broken = next((rule for rule in field.rules if not rule.holds(value)), None)
        if broken is not None:
            found.append(Finding(name, broken.says, broken.code))
        elif field.inside:
            found.extend(_inner(field, value, name))
    return found


def _inner(field: Field, value: Json, name: str) -> list[Finding]:
    if isinstance(value, dict):
        return findings(field.inside, value, f"{name}.")
    found: list[Finding] = []
    for place, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            found.extend(findings(field.inside, item, f"{name}.{place}."))
        else:
            found.append(Finding(f"{name}.{place}", "must be an object", "VALIDATION_ERROR"))
    return found
