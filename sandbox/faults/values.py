"""Unusual values that do not come back as they went, in the response or only where they are read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime

from sandbox.behaviour import Call, Change
from sandbox.changes import admitting, finishing
from sandbox.faults.builders import alter, edited, editing, receiving
from sandbox.faults.model import Fault, must, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    GET_CHECKOUT,
    GET_CUSTOMER,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Json,
    JsonObject,
    Reply,
)

Mend = Callable[[Json], Json]
NO_DECIMALS = ("JPY", "KRW", "VND", "CLP")
THREE_DECIMALS = ("KWD", "BHD", "TND", "OMR", "JOD")
READ = "CUSTOMER-READ-40"
CUSTOMER_NAME = ("CUSTOMER-ECHO-3", READ)
CUSTOMER_METADATA = ("CUSTOMER-ECHO-5", READ)


def _cut(length: int) -> Mend:
    return lambda value: value[:length] if isinstance(value, str) else value


def _carried(value: Json) -> Json:
    """Build line items in one object that is never emptied."""
    kept: JsonObject = {}
    found: list[Json] = []
    for item in value if isinstance(value, list) else ():
        kept = {**kept, **item} if isinstance(item, dict) else kept
        found.append(dict(kept) if isinstance(item, dict) else item)
    return found


def _single_blanks(value: Json) -> Json:
    return re.sub(" +", " ", value)


def _doubled_apostrophes(value: Json) -> Json:
    return value.replace("'", "''")


def _escaped(value: Json) -> Json:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _guessed(value: Json) -> Json:
    """A text that looks like a number, true or null is taken for one."""
    known = {"true": True, "false": False, "null": None}
    if not isinstance(value, str):
        return value
    return int(value) if value.isdecimal() and value.isascii() else known.get(value, value)


def _values(change: Mend) -> Mend:
    return lambda metadata: {name: change(value) for name, value in metadata.items()}


def _array_like(value: Json) -> Json:
    return [*value.values()] if isinstance(value, dict) and isinstance(value.get("length"), int) else value


def _unwrapped(value: Json) -> Json:
    return value["value"] if isinstance(value, dict) and list(value) == ["value"] else value


def _typeset(value: Json) -> Json:
    return value.replace("...", "…").replace("(c)", "©") if isinstance(value, str) else value


def _keys(change: Callable[[str], str]) -> Mend:
    return lambda metadata: {change(name): value for name, value in metadata.items()}


def _without(test: Callable[[str, Json], bool]) -> Mend:
    return lambda metadata: {name: value for name, value in metadata.items() if not test(name, value)}


def _first(number: int) -> Mend:
    return lambda value: dict(list(value.items())[:number]) if isinstance(value, dict) else value[:number]


def _cents(value: Json) -> Json:
    return int(value * 100) / 100 if isinstance(value, float) else value


def _single(items: Json) -> Json:
    """Line items that are alike become one."""
    return [item for place, item in enumerate(items) if item not in items[:place]]


def _names(change: Mend) -> Mend:
    return lambda items: [{**item, "name": change(item["name"])} if "name" in item else item for item in items]


def _sorted(by: str) -> Mend:
    return lambda items: sorted(items, key=lambda item: str(item.get(by)))


def _item_ids(items: Json) -> Json:
    return [{**item, "productId": item["productId"].lstrip("0")} if "productId" in item else item for item in items]


def _amount_of(currencies: tuple[str, ...], change: Callable[[int], int]) -> Change:
    def edit(call: Call, session: JsonObject) -> None:
        if session.get("currency") in currencies:
            session["totalAmount"] = change(session["totalAmount"])

    return editing(CREATE_CHECKOUT, edit)


def _reading(operation: str, name: str, change: Mend) -> Change:
    """Tell another value where a thing is read than where it was created."""

    def rewrite(call: Call, reply: Reply) -> Reply:
        meant = call.operation == operation and reply.succeeded
        return edited(operation, alter(name, change))(call, reply) if meant else reply

    return finishing(rewrite)


def _sum_of_items(call: Call, reply: Reply) -> Reply:
    """Work out the amount of a session that is read, as if it had neither fees nor discounts."""
    if call.operation != GET_CHECKOUT or not reply.succeeded:
        return reply
    return edited(GET_CHECKOUT, _add_up)(call, reply)


def _add_up(_: Call, session: JsonObject) -> None:
    items = session.get("lineItems") or []
    session["totalAmount"] = sum(item["amount"] * item["quantity"] for item in items)


def _inline(name: str, change: Mend) -> Change:
    """Keep another value of a new customer than a session has taken along; the session's response shows it, too."""

    def given(customer: Json) -> Json:
        return {**customer, name: change(customer[name])} if customer.get(name) is not None else customer

    return receiving(CREATE_CHECKOUT, "customer", given)


def _six_digits(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _six_digits(item) for name, item in value.items()}
    return float(f"{value:g}") if isinstance(value, float) else value


def _keys_without_case(value: Json) -> Json:
    last = {name.casefold(): item for name, item in value.items()}
    first: dict[str, str] = {}
    for name in value:
        first.setdefault(name.casefold(), name)
    return {first[name]: item for name, item in last.items()}


def _without_nested_null(value: Json, is_top: bool = True) -> Json:
    if not isinstance(value, dict):
        return value
    return {
        name: _without_nested_null(item, is_top=False) for name, item in value.items() if is_top or item is not None
    }


def _as_sets(value: Json) -> Json:
    return {
        name: sorted(set(item))
        if isinstance(item, list) and item and all(isinstance(one, str) for one in item)
        else item
        for name, item in value.items()
    }


def _without_accents(value: Json) -> Json:
    return "".join(one for one in unicodedata.normalize("NFD", value) if not unicodedata.combining(one))


def _decoded(value: Json) -> Json:
    return value.replace("%20", " ").replace("%2F", "/")


def _braces_encoded(value: Json) -> Json:
    return value.replace("{", "%7B").replace("}", "%7D")


def _time_anew(value: Json) -> Json:
    """A text that is a time is parsed, and written in another form."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else None
    except ValueError:
        return value
    return value if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _alone(value: Json) -> Json:
    """A list of one is what it holds."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _product_of_32_bits(call: Call) -> bool:
    items = [item for item in call.fields.get("lineItems", ()) if isinstance(item, dict)]
    pairs = [(item.get("quantity"), item.get("amount")) for item in items]
    return any(quantity > 1 and quantity * amount >= 2**31 for quantity, amount in pairs if quantity and amount)


def _falls_over(call: Call) -> None:
    if _product_of_32_bits(call):
        raise RuntimeError("integer out of range")


def _kept(name: str, operation: str, field: str, description: str, change: Mend, *requirements: str) -> Fault:
    """Describe a fault that keeps another value of a field than the one that was sent."""
    return must(name, operation, description, receiving(operation, field, change), *requirements)


TEXTS = table(
    "echo",
    _kept(
        "signup-image-cut-at-255",
        SIGN_UP,
        "image",
        "the URL of an image is cut after 255 characters",
        _cut(255),
        "SIGNUP-ECHO-3",
    ),
    _kept(
        "organization-logo-cut-at-255",
        CREATE_ORGANIZATION,
        "logo",
        "the URL of a logo is cut after 255 characters",
        _cut(255),
        "ORG-ECHO-4",
    ),
    _kept(
        "signup-name-cut-at-255",
        SIGN_UP,
        "name",
        "a name is cut after 255 characters",
        _cut(255),
        "SIGNUP-ECHO-2",
        "SIGNIN-ECHO-3",
    ),
    _kept(
        "signup-name-of-single-blanks",
        SIGN_UP,
        "name",
        "several blanks inside a name become one",
        _single_blanks,
        "SIGNUP-ECHO-2",
        "SIGNIN-ECHO-3",
    ),
    must(
        "signin-name-cut-at-100",
        SIGN_IN,
        "sign-in shows a name cut after 100 characters",
        editing(SIGN_IN, alter("name", _cut(100))),
        "SIGNIN-ECHO-3",
    ),
    must(
        "signin-image-without-query",
        SIGN_IN,
        "sign-in shows the image without its query",
        editing(SIGN_IN, alter("image", lambda url: url.partition("?")[0])),
        "SIGNIN-ECHO-40",
    ),
    _kept(
        "organization-name-cut-at-255",
        CREATE_ORGANIZATION,
        "name",
        "a name is cut after 255 characters",
        _cut(255),
        "ORG-ECHO-1",
        "ACTIVE-ECHO-2",
    ),
    _kept(
        "organization-name-escaped",
        CREATE_ORGANIZATION,
        "name",
        "markup in a name becomes entities",
        _escaped,
        "ORG-ECHO-1",
        "ACTIVE-ECHO-2",
    ),
    _kept(
        "organization-slug-without-zeros",
        CREATE_ORGANIZATION,
        "slug",
        "a slug loses zeros at its beginning",
        lambda slug: slug.lstrip("0"),
        "ORG-ECHO-2",
        "ACTIVE-ECHO-3",
    ),
    must(
        "set-active-logo-without-port",
        SET_ACTIVE,
        "set-active shows a logo without its port",
        editing(SET_ACTIVE, alter("logo", lambda url: url.replace(":8443", ""))),
        "ACTIVE-ECHO-40",
    ),
    must(
        "set-active-metadata-emptied",
        SET_ACTIVE,
        "set-active shows empty metadata",
        editing(SET_ACTIVE, alter("metadata", lambda _: "{}")),
        "ACTIVE-ECHO-41",
    ),
    _kept(
        "customer-name-cut-at-255",
        CREATE_CUSTOMER,
        "name",
        "a name is cut after 255 characters",
        _cut(255),
        *CUSTOMER_NAME,
    ),
    _kept(
        "customer-name-of-single-blanks",
        CREATE_CUSTOMER,
        "name",
        "several blanks inside a name become one",
        _single_blanks,
        *CUSTOMER_NAME,
    ),
    _kept(
        "customer-name-apostrophe-doubled",
        CREATE_CUSTOMER,
        "name",
        "an apostrophe in a name is doubled",
        _doubled_apostrophes,
        *CUSTOMER_NAME,
    ),
    _kept(
        "customer-name-escaped", CREATE_CUSTOMER, "name", "markup in a name becomes entities", _escaped, *CUSTOMER_NAME
    ),
    _kept(
        "customer-phone-cut-at-15",
        CREATE_CUSTOMER,
        "phoneNumber",
        "a phone number loses what follows 14 digits",
        _cut(15),
        "CUSTOMER-ECHO-4",
        READ,
    ),
    must(
        "customer-read-name-cut-at-50",
        GET_CUSTOMER,
        "a customer is read with a name cut after 50 characters",
        _reading(GET_CUSTOMER, "name", _cut(50)),
        READ,
        "CHECKOUT-INLINE-42",
    ),
    must(
        "checkout-read-amount-of-32-bits",
        GET_CHECKOUT,
        "a session is read with an amount of 31 bits",
        _reading(GET_CHECKOUT, "totalAmount", lambda amount: amount % 2**31),
        "CHECKOUT-READ-40",
    ),
    must(
        "checkout-read-amount-of-items",
        GET_CHECKOUT,
        "a session is read with the sum of its line items as its amount",
        finishing(_sum_of_items),
        "CHECKOUT-READ-40",
    ),
    must(
        "checkout-read-items-cut-at-20",
        GET_CHECKOUT,
        "a session is read with its first 20 line items",
        _reading(GET_CHECKOUT, "lineItems", _first(20)),
        "CHECKOUT-READ-40",
    ),
    _kept(
        "inline-name-cut-at-63",
        CREATE_CHECKOUT,
        "customer",
        "the name of a new customer is cut after 63 characters",
        lambda given: {**given, "name": _cut(63)(given.get("name"))},
        "CHECKOUT-INLINE-4",
        "CHECKOUT-INLINE-42",
    ),
    must(
        "inline-metadata-values-as-text",
        CREATE_CHECKOUT,
        "false, numbers and null in the metadata of a new customer become texts",
        _inline("metadata", _values(lambda value: value if isinstance(value, (str, dict, list)) else str(value))),
        "CHECKOUT-INLINE-21",
        "CHECKOUT-INLINE-42",
    ),
)
METADATA = table(
    "echo",
    *(
        _kept(f"customer-metadata-{name}", CREATE_CUSTOMER, "metadata", description, change, *CUSTOMER_METADATA, *more)
        for name, description, change, *more in (
            ("guessed", "texts in metadata that look like numbers, true or null become such", _values(_guessed)),
            (
                "falsy-dropped",
                "false, 0, null and empty texts in metadata are dropped",
                _without(lambda _, value: not value and not isinstance(value, (dict, list))),
            ),
            ("cut-at-255", "texts in metadata are cut after 255 characters", _values(_cut(255))),
            ("cut-at-500", "texts in metadata are cut after 500 characters", _values(_cut(500))),
            ("20-keys", "only 20 keys of metadata are kept", _first(20)),
            ("list-of-one-bare", "a list of one in metadata becomes what it holds", _values(_alone)),
            ("cents", "decimals in metadata are cut after two places", _values(_cents)),
            ("of-six-digits", "fractions in metadata keep six digits", _six_digits),
            ("keys-without-case", "keys of metadata that differ in letter case are one", _keys_without_case),
            (
                "without-nested-null",
                "what is null inside an object of metadata is left out",
                _without_nested_null,
            ),
            (
                "lists-as-sets",
                "lists of texts in metadata are sorted, and lose what stands twice",
                _as_sets,
            ),
            (
                "keys-without-accents",
                "keys of metadata lose their accents",
                _keys(lambda key: unicodedata.normalize("NFD", key).encode("ascii", "ignore").decode() or key),
            ),
            ("array-like", "an object in metadata that has a length becomes a list", _values(_array_like)),
            ("wrapped-bare", "an object in metadata with a value alone becomes that value", _values(_unwrapped)),
            (
                "private-keys-dropped",
                "keys of metadata that begin with an underscore are dropped",
                _without(lambda name, _: name.startswith("_") and not name.startswith("__")),
            ),
            ("typeset", "three dots and (c) in metadata come back as one character", _values(_typeset)),
            (
                "words-removed",
                "words that SQL has are taken out of metadata",
                _values(lambda value: re.sub("script|union|insert", "", value) if isinstance(value, str) else value),
            ),
            (
                "linked",
                "addresses of the web in metadata become links",
                _values(lambda value: re.sub(r"(www\.\S+)", r"<a>\1</a>", value) if isinstance(value, str) else value),
            ),
            (
                "snake-case",
                "keys of metadata come back in snake case",
                _keys(lambda key: re.sub("(?<=[a-z])([A-Z])", r"_\1", key).lower()),
                "CHECKOUT-EXISTING-22",
            ),
            (
                "empty-dropped",
                "empty lists and objects in metadata become null",
                _values(lambda value: value if value not in ([], {}) else None),
            ),
        )
    ),
    *(
        _kept(
            f"{what}-metadata-empty-list",
            operation,
            "metadata",
            "empty metadata is a list, as languages without objects write it",
            lambda found: [] if found == {} else found,
            *requirements,
        )
        for what, operation, *requirements in (
            ("organization", CREATE_ORGANIZATION, "ORG-ECHO-3"),
            ("checkout", CREATE_CHECKOUT, "CHECKOUT-ECHO-7"),
        )
    ),
    _kept(
        "organization-metadata-guessed",
        CREATE_ORGANIZATION,
        "metadata",
        "texts in metadata that look like numbers, true or null become such",
        _values(_guessed),
        "ORG-ECHO-3",
        "ACTIVE-ECHO-41",
    ),
    _kept(
        "checkout-metadata-guessed",
        CREATE_CHECKOUT,
        "metadata",
        "texts in metadata that look like numbers, true or null become such",
        _values(_guessed),
        "CHECKOUT-ECHO-7",
        "CHECKOUT-READ-40",
    ),
    _kept(
        "checkout-metadata-times-anew",
        CREATE_CHECKOUT,
        "metadata",
        "texts in metadata that are times come back in another form",
        _values(_time_anew),
        "CHECKOUT-ECHO-7",
    ),
    _kept(
        "checkout-metadata-cut-at-255",
        CREATE_CHECKOUT,
        "metadata",
        "texts in metadata are cut after 255 characters",
        _values(_cut(255)),
        "CHECKOUT-ECHO-7",
        "CHECKOUT-READ-40",
    ),
)
AMOUNTS = table(
    "echo",
    _kept(
        "checkout-amount-of-32-bits",
        CREATE_CHECKOUT,
        "totalAmount",
        "an amount of 2^31 and more is kept as 2^31 - 1",
        lambda amount: min(amount, 2**31 - 1),
        "CHECKOUT-ECHO-1",
        "CHECKOUT-READ-40",
    ),
    must(
        "checkout-amount-of-no-decimals-hundredfold",
        CREATE_CHECKOUT,
        "an amount in a currency without decimals comes back a hundredfold",
        _amount_of(NO_DECIMALS, lambda amount: amount * 100),
        "CHECKOUT-ECHO-1",
    ),
    must(
        "checkout-amount-of-three-decimals-rounded",
        CREATE_CHECKOUT,
        "an amount in a currency of three decimals loses its last digit",
        _amount_of(THREE_DECIMALS, lambda amount: amount // 10 * 10),
        "CHECKOUT-ECHO-1",
    ),
    must(
        "checkout-product-of-32-bits-500",
        CREATE_CHECKOUT,
        "a quantity times an amount that is 2^31 or more is a 500",
        admitting(CREATE_CHECKOUT, _falls_over),
        "CHECKOUT-STATUS-3",
    ),
    must(
        "checkout-amount-zero-one",
        CREATE_CHECKOUT,
        "the amount 0 comes back as 1",
        editing(CREATE_CHECKOUT, alter("totalAmount", lambda amount: amount or 1)),
        "CHECKOUT-ECHO-1",
    ),
    *(
        _kept(f"checkout-items-{name}", CREATE_CHECKOUT, "lineItems", description, change, "CHECKOUT-ECHO-8", *reads)
        for name, description, change, reads in (
            ("cut-at-100", "line items after the hundredth are lost", _first(100), ["CHECKOUT-READ-40"]),
            ("merged", "line items that are alike become one", _single, ["CHECKOUT-READ-40"]),
            (
                "inherit",
                "a line item takes over what it leaves out from the one before",
                _carried,
                ["CHECKOUT-READ-40"],
            ),
            ("sorted", "line items come back in the order of their names", _sorted("name"), ["CHECKOUT-READ-40"]),
            (
                "sorted-by-product",
                "line items come back in the order of their products",
                _sorted("productId"),
                ["CHECKOUT-READ-40"],
            ),
            (
                "names-cut-at-100",
                "names of line items are cut after 100 characters",
                _names(_cut(100)),
                ["CHECKOUT-READ-40"],
            ),
            (
                "names-without-accents",
                "names of line items lose their accents",
                _names(_without_accents),
                ["CHECKOUT-READ-40"],
            ),
            (
                "product-without-zeros",
                "product ids of digits lose zeros at their beginning",
                _item_ids,
                ["CHECKOUT-READ-40"],
            ),
        )
    ),
)
URLS = table(
    "echo",
    *(
        _kept(f"checkout-{field.lower()}-{name}", CREATE_CHECKOUT, field, description, change, requirement)
        for field, requirement in (("successUrl", "CHECKOUT-ECHO-4"), ("cancelUrl", "CHECKOUT-ECHO-5"))
        for name, description, change in (
            ("without-fragment", f"the fragment of {field} is lost", lambda url: url.partition("#")[0]),
            ("decoded", f"percent-encoding in {field} is undone", _decoded),
            ("braces-encoded", f"braces in {field} are percent-encoded", _braces_encoded),
            ("cut-at-1024", f"{field} is cut after 1,024 characters", _cut(1024)),
        )
    ),
)
FAULTS = (*TEXTS, *METADATA, *AMOUNTS, *URLS)
