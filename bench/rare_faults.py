"""Thirty faults that only rare values show: a gate hardly ever meets one, so that generated requests have to find it.

They are in the way of real defects: a character that is a format or a quote somewhere behind the API, a number of one
byte, a text that is put in order before it is kept. They stand apart from the sandbox's own faults, each of which has a
requirement that a gate proves.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sandbox.behaviour import Call, Change
from sandbox.changes import admitting
from sandbox.faults.builders import broken, editing, receiving, refused, succeeding, when
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    JsonObject,
)

Value = Any
Test = Callable[[Value], bool]


@dataclass(frozen=True)
class Rare:
    """A fault that a rare value shows, at one operation."""

    id: str
    operation: str
    description: str
    change: Change


def _falls(name: str, operation: str, field: str, description: str, test: Test) -> Rare:
    """Describe a target that falls over on some values of a field.

    It does so when the work is done, as a defect behind the checks of tokens and tenants does; where a made-up value is
    refused, before that.
    """
    fall = refused("broken")

    def holds(call: Call) -> bool:
        return call.fields.get(field) is not None and test(call.fields[field])

    def act(call: Call) -> None:
        if holds(call):
            fall(call)

    early = operation in (SIGN_IN, SET_ACTIVE)
    change = admitting(operation, act) if early else succeeding(operation, when(holds, broken))
    return Rare(name, operation, f"a 5xx where {description}", change)


def _keeps(name: str, operation: str, field: str, description: str, change: Callable[[Value], Value]) -> Rare:
    """Describe a target that keeps another value of a field than the one it was sent."""
    return Rare(name, operation, description, receiving(operation, field, change))


def _tells(name: str, operation: str, field: str, description: str, test: Test, edit: str) -> Rare:
    """Describe a target that answers with a member of another type for some values of a field."""

    def tell(call: Call, entity: JsonObject) -> None:
        if call.fields.get(field) is not None and test(call.fields[field]):
            entity[edit] = {}

    return Rare(name, operation, description, editing(operation, tell))


def _has(*characters: str) -> Test:
    return lambda value: isinstance(value, str) and any(character in value for character in characters)


def _values(change: Callable[[Value], Value]) -> Callable[[Value], Value]:
    return lambda metadata: {name: change(value) for name, value in metadata.items()}


def _any_item(test: Callable[[JsonObject], bool]) -> Test:
    return lambda items: any(test(item) for item in items)


def _items(change: Callable[[JsonObject], JsonObject]) -> Callable[[Value], Value]:
    return lambda items: [change(item) for item in items]


def _number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(value: str) -> str:
    return "".join("?" if unicodedata.category(character) == "Co" else character for character in value)


def _not_formula(value: Value) -> Value:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "@", "|") else value


ROUNDS: Final[tuple[tuple[Rare, ...], ...]] = (
    (
        _falls("signup-name-tilde", SIGN_UP, "name", "a name holds a tilde", _has("~")),
        _falls("signin-password-quote", SIGN_IN, "password", "a password holds a backquote", _has("`")),
        _falls("organization-name-percent", CREATE_ORGANIZATION, "name", "a name holds a percent sign", _has("%")),
        _falls("active-id-semicolon", SET_ACTIVE, "organizationId", "an id holds a semicolon", _has(";")),
        _falls("customer-name-pipe", CREATE_CUSTOMER, "name", "a name holds a pipe or a caret", _has("|", "^")),
        _falls("checkout-currency-q", CREATE_CHECKOUT, "currency", "a currency begins with Q", lambda v: v[:1] == "Q"),
    ),
    (
        _keeps("signup-name-private-use", SIGN_UP, "name", "characters for private use become question marks", _plain),
        _falls("signin-email-plus", SIGN_IN, "email", "an e-mail holds two plus signs", lambda v: v.count("+") > 1),
        _tells(
            "organization-slug-z",
            CREATE_ORGANIZATION,
            "slug",
            "of a slug that begins with z `name` is an object",
            lambda v: v[:1] == "z",
            "name",
        ),
        _falls(
            "active-id-brace", SET_ACTIVE, "organizationId", "an id begins with a brace", lambda v: v[:1] in ("{", "}")
        ),
        _keeps(
            "customer-metadata-formula", CREATE_CUSTOMER, "metadata", "a formula gets a quote", _values(_not_formula)
        ),
        _keeps(
            "checkout-quantity-byte",
            CREATE_CHECKOUT,
            "lineItems",
            "a quantity is kept in nine bits",
            _items(
                lambda item: {**item, "quantity": item["quantity"] % 512} if _number(item.get("quantity")) else item
            ),
        ),
    ),
    (
        _falls("signup-password-backslash", SIGN_UP, "password", "a password holds a backslash", _has("\\")),
        _falls("signin-password-caret", SIGN_IN, "password", "a password holds a caret", _has("^")),
        _falls(
            "organization-metadata-negative",
            CREATE_ORGANIZATION,
            "metadata",
            "metadata holds a number under minus a million",
            lambda v: any(_number(value) and value < -1_000_000 for value in v.values()),
        ),
        _keeps(
            "customer-metadata-millions",
            CREATE_CUSTOMER,
            "metadata",
            "numbers of seven digits lose their minus sign",
            _values(lambda value: -value if _number(value) and -10_000_000 < value <= -1_000_000 else value),
        ),
        _keeps("checkout-url-point", CREATE_CHECKOUT, "cancelUrl", "a URL's last point goes", lambda v: v.rstrip(".")),
    ),
    (
        _keeps("signup-name-trailing", SIGN_UP, "name", "blanks and points at the end go", lambda v: v.rstrip(" .")),
        _falls("signin-password-dollar", SIGN_IN, "password", "a password begins with $", lambda v: v[:1] == "$"),
        _keeps(
            "organization-metadata-key",
            CREATE_ORGANIZATION,
            "metadata",
            "keys of over 14 characters are dropped",
            lambda v: {name: value for name, value in v.items() if len(name) <= 14 or name.startswith("conformance")},
        ),
        _falls(
            "customer-metadata-key",
            CREATE_CUSTOMER,
            "metadata",
            "a key of metadata ends in Q",
            lambda v: any(name.endswith("Q") for name in v),
        ),
        _falls(
            "checkout-inline-name",
            CREATE_CHECKOUT,
            "customer",
            "a new customer's name begins with a letter of Latin Extended-B",
            lambda v: isinstance(v, dict) and "\u0180" <= str(v.get("name", ""))[:1] <= "\u024f",
        ),
    ),
    (
        _falls("signup-image-dots", SIGN_UP, "image", "an image's path holds two points in a row", _has("..")),
        _keeps(
            "organization-logo-letters",
            CREATE_ORGANIZATION,
            "logo",
            "a logo's URL that ends in a capital is written small",
            lambda v: v.lower() if v[-1:].isupper() else v,
        ),
        _tells(
            "customer-name-private-use",
            CREATE_CUSTOMER,
            "name",
            "of a customer whose name begins with a character for private use `updatedAt` is an object",
            lambda v: unicodedata.category(v[0]) == "Co",
            "updatedAt",
        ),
        _falls(
            "checkout-item-name",
            CREATE_CHECKOUT,
            "lineItems",
            "a line item's name holds a backslash, a tilde or a backquote",
            _any_item(lambda item: _has("\\", "~", "`")(item.get("name"))),
        ),
    ),
    (
        _falls(
            "signup-name-latin", SIGN_UP, "name", "a name begins with a sharp s", lambda v: v[:1] in ("ß", "ẞ", "ÿ")
        ),
        _keeps(
            "organization-name-sign",
            CREATE_ORGANIZATION,
            "name",
            "a name that ends in a mathematical sign or one of a currency loses it",
            lambda v: v[:-1] if v[1:] and unicodedata.category(v[-1]) in ("Sm", "Sc") else v,
        ),
        _keeps(
            "customer-metadata-letter",
            CREATE_CUSTOMER,
            "metadata",
            "a text of one character beyond ASCII becomes null in metadata",
            _values(lambda value: None if isinstance(value, str) and len(value) == 1 and value > "~" else value),
        ),
        _falls(
            "checkout-amount-101",
            CREATE_CHECKOUT,
            "lineItems",
            "a line item's amount is a multiple of 101 over 50 000",
            _any_item(lambda item: item.get("amount", 0) > 50_000 and item["amount"] % 101 == 0),
        ),
    ),
)
"""The faults in rounds: in each, an operation has one at most, so that what is found at an operation is that fault."""

FAULTS: Final = tuple(fault for faults in ROUNDS for fault in faults)
