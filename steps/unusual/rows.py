"""What one request carries of unusual values: a class for each of several fields, by the words of the features.

Values that policies often refuse together (very large amounts, many line items, scripts, markup) share no row with
others, so that a refusal hides as little as it can.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from conformance.run import Run
from steps.operations import create_customer
from steps.operations.base import Body
from steps.unusual import classes as of
from steps.unusual.classes import Change, Class, Led, within

Row = tuple[Class, ...]


def _email(make: str) -> Class:
    return (lambda run, body: {**body, "email": make.format(mark=run.unique(), domain=run.settings.email_domain)},)


def _namesake(run: Run, body: Body) -> Body:
    """Sign up with the e-mail of the first merchant, but for its domain."""
    known = str(run.shared.told("e-mail of first") or f"c{run.unique()}@")
    return {**body, "email": f"{known.partition('@')[0]}@mail-1.shop.{run.settings.email_domain}"}


def _password(run: Run, body: Body) -> Body:
    return {**body, "password": f"Pass wörd {run.unique()} – Ελλάδα 東京 😀"}


def _remembered(_: Run, body: Body) -> Body:
    return {**body, "rememberMe": True}


def _new_customer(run: Run, body: Body) -> Body:
    return {**body, "customer": create_customer.person(run)}


def _inline(*classes: Class) -> Row:
    return ((_new_customer,), *(within("customer", kind) for kind in classes))


_PLUS: Final = _email("conformance.{mark}+shop-1@{domain}")
_CAPITALS: Final = _email("Conformance.{mark}@{domain}")
_SUBDOMAIN: Final = _email("c{mark}@mail-1.shop.{domain}")
_APOSTROPHE: Final = _email("conformance.o'{mark}@{domain}")
_LONG: Final = _email("conformance.{mark}@" + "long-name-of-a-department." * 3 + "{domain}")
ACCOUNTS: Final[dict[str, Row]] = {
    "a name of 256 characters": (of.Led((*of.OF_256, *of.OF_255)),),
    "a name with emoji and an apostrophe in the e-mail": (of.EMOJI, _APOSTROPHE),
    "a name of 64 characters and a plus-addressed e-mail": (of.OF_64, _PLUS),
    "a name of 100 characters and capitals in the e-mail": (of.OF_100, _CAPITALS),
    "a name of digits and an image": (of.DIGITS, of.IMAGES, (_remembered,)),
    "inner blanks in the name and an e-mail of a subdomain": (of.BLANKS, (_namesake,)),
    "markup in the name and a long e-mail": (of.MARKUP, _LONG),
    "a name and a password in scripts": (of.SCRIPTS, (_password,)),
}
ORGANIZATIONS: Final[dict[str, Row]] = {
    "digits as text": (of.DIGITS, of.LOOKALIKES, of.SLUG_OF_DIGITS, of.LOGOS),
    "a name of 64 characters, values of other types and dots in the slug": (
        of.OF_64,
        of.OTHER_TYPES,
        of.SLUG_WITH_DOTS,
    ),
    "a name of 100 characters and odd keys": (of.OF_100, of.KEYS),
    "a name of 255 characters and long texts": (of.OF_255, of.LONG_TEXTS),
    "a name of 256 characters, nested values and a long slug": (of.OF_256, of.NESTED, of.LONG_SLUG),
    "inner blanks, apostrophes and capitals in the slug": (of.BLANKS, of.WORDING, of.LOGOS, of.SLUG_WITH_CAPITALS),
    "markup": (of.MARKUP, of.MARKED_UP),
    "a name with emoji and empty metadata": (of.EMOJI, of.NO_METADATA),
}
CUSTOMERS: Final[dict[str, Row]] = {
    "digits as text": (of.DIGITS, of.LOOKALIKES, of.PHONE_OF_8),
    "a name of 64 characters and values of other types": (of.OF_64, of.OTHER_TYPES, of.PHONE_OF_15),
    "a name of 100 characters and odd keys": (of.OF_100, of.KEYS, of.PHONE_WITH_ZEROS),
    "a name of 255 characters, long texts and a long e-mail": (of.OF_255, of.LONG_TEXTS, _LONG),
    "a name of 256 characters, nested values and an e-mail of a subdomain": (
        of.OF_256,
        of.NESTED,
        of.PHONE_ABROAD,
        _SUBDOMAIN,
    ),
    "inner blanks, apostrophes and a plus-addressed e-mail": (of.BLANKS, of.WORDING, _PLUS),
    "a name in scripts and no metadata": (of.SCRIPTS, of.NO_METADATA),
    "a name with emoji and capitals in the e-mail": (of.EMOJI, _CAPITALS),
    "markup": (of.MARKUP, of.MARKED_UP),
    "the name Null": (of.NOTHING,),
    "a name in capitals and a phone number of Italy": (of.CAPITALS, of.PHONE_OF_ITALY),
}
SESSIONS: Final[dict[str, Row]] = {
    "the amount 1 and digits as text": (
        of.amounts(1),
        of.WITH_PORT,
        of.LOOKALIKES,
        *_inline(of.DIGITS, of.LOOKALIKES, of.PHONE_OF_15),
    ),
    "an amount of 99 to 101 and values of other types": (
        of.amounts(100, 99, 101),
        of.WITH_FRAGMENT,
        of.OTHER_TYPES,
        *_inline(of.OF_64, of.OTHER_TYPES, of.NESTED),
    ),
    "markup": (of.MARKED_UP_ITEM, of.MARKED_UP, *_inline(of.MARKUP, of.MARKED_UP)),
    "encoded URLs and odd keys": (of.ENCODED, of.KEYS, *_inline(of.OF_255, of.KEYS)),
    "inner blanks, apostrophes and a plus-addressed e-mail": (
        of.amounts(16_777_217, 123_457),
        of.WORDING,
        *_inline(of.BLANKS, of.LONG_TEXTS, _PLUS),
    ),
    "a currency of three decimals and long texts": (
        of.amounts(12_347, 1_234_563),
        of.THREE_DECIMALS,
        of.LONG_TEXTS,
        of.LONG_ITEM,
    ),
    "yen and nested values": (of.amounts(12_347, 509), of.YEN, of.NESTED, of.urls("shop/../paid")),
    "a currency without decimals and product ids of digits": (
        of.amounts(12_349),
        of.NO_DECIMALS,
        of.PRODUCTS,
        of.WITHOUT_TLS,
    ),
    "several line items and empty metadata": (of.line_items(5, 20, 21), of.OWN_TOTAL, of.NO_METADATA),
    "many line items": (of.line_items(51, 50),),
    "very many line items": (of.line_items(200, 101, 100),),
    "the amount 0": (of.amounts(0),),
    "the amount 0 for an item that costs more": (of.FREE,),
    "a line item of another currency": (of.OTHER_CURRENCY,),
    "an amount of 31 bits": (of.amounts(2**31 - 1),),
    "an amount beyond 32 bits": (of.BEYOND_32_BITS,),
    "the largest amount": (of.LARGEST,),
    "long URLs": (of.LONG_URL,),
    "international URLs": (of.INTERNATIONAL,),
}
ROWS: Final[dict[str, dict[str, Row]]] = {
    "an account": ACCOUNTS,
    "an organization": ORGANIZATIONS,
    "a customer": CUSTOMERS,
    "a checkout session": SESSIONS,
}


def combinations(run: Run, what: str, words: str) -> Iterator[tuple[Change, ...]]:
    """Yield the changes of each request for a row: one request by the seed in a gate, every value in a full run."""
    row = ROWS[what][words]
    if run.settings.size != "full":
        source = run.random(f"unusual values: {what}, {words}")
        yield tuple(kind[0] if isinstance(kind, Led) else source.choice(kind) for kind in row)
        return
    for number in range(max(map(len, row))):
        yield tuple(kind[number % len(kind)] for kind in row)


def applied(run: Run, body: Body, changes: tuple[Change, ...]) -> Body:
    """Return a valid body with all changes made, one after the other."""
    for change in changes:
        body = change(run, body)
    return body


def singles(changes: tuple[Change, ...]) -> Iterator[tuple[Change, ...]]:
    """Yield each of several changes by itself, with what it needs to be made."""
    needed = tuple(change for change in changes if change is _new_customer)
    for change in changes:
        if change not in needed:
            yield (*needed, change)
