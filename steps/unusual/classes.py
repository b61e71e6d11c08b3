"""Classes of unusual values; each member changes a valid body in one place.

A gate takes one member of each class by the seed, a full run takes all. No value is one that servers lawfully
normalise: all text is composed, without outer blanks and, but for a line break in metadata, control characters; all
numbers are exact.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from typing import Any, Final
from uuid import UUID

from conformance.run import Run
from steps.operations.base import Body
from steps.operations.create_checkout import line_item

Change = Callable[[Run, Body], Body]
Class = tuple[Change, ...]


class Led(tuple[Change, ...]):
    """A class whose first member says the most, so that a gate takes no other one."""


_PLAIN: Final = "Conformance Store and Sons "
_LATIN: Final = "Café Zoë and Sons "
"""In letters that Latin-1 has, so that a response that is not in UTF-8 can be told."""
_QUOTED: Final = "O'Brien  & \"D'Arcy\" \\ Sons  "
_SCRIPTS: Final = "Zoë Ångström Ελλάδα Привет 東京 "
_LARGEST: Final = 2**53 - 1
_OF_32_BITS: Final = 2**31
_PIECES: Final = 2**16
_FEW: Final = 21
_FOLDERS: Final = "a-folder-of-pictures/" * 11
"""So that a URL is longer than the 255 characters that a column may have."""


def _digits(run: Run, length: int) -> str:
    return f"{zlib.crc32(run.unique().encode()):010d}{zlib.crc32(run.unique().encode()):010d}"[:length]


def _text(name: str, make: Callable[[Run], Any]) -> Change:
    return lambda run, body: {**body, name: make(run)}


def _of_length(length: int, filler: str) -> Callable[[Run], str]:
    """Make a text of so many characters that is like no other one."""

    def make(run: Run) -> str:
        mark = f"{run.unique()}z"
        return (filler * length)[: length - len(mark)] + mark

    return make


def names(*makers: Callable[[Run], str]) -> Class:
    return tuple(_text("name", make) for make in makers)


def _lengths(around: Iterable[int], filler: str = _PLAIN) -> Class:
    return Led(names(*(_of_length(length, filler) for length in around)))


DIGITS: Final = Led(
    names(
        lambda run: f"00{_digits(run, 6)}",
        lambda run: f"{_digits(run, 6)}.50",
        lambda _: "1e5",
        lambda _: "true",
        lambda _: "null",
        lambda _: "NaN",
    )
)
OF_64: Final = _lengths((64, 63, 65), _SCRIPTS)
OF_100: Final = _lengths((100, 99, 101), _QUOTED)
OF_255: Final = _lengths((255, 254), _LATIN)
OF_256: Final = _lengths((256, 257), _LATIN)
BLANKS: Final = names(
    lambda run: f"Seán  O'Brien & Co   {run.unique()}",
    lambda run: f'The "Best"  Shop & Sons   {run.unique()}',
    lambda run: f"Back\\slash  & more   {run.unique()}",
)
SCRIPTS: Final = names(
    lambda run: f"Thabo – Société\u00a0 Ñandú 東京 Ελλάδα Привет שלום می\u200cخواهم ﬁn Ａｂｃ ½ ① {run.unique()}"
)
EMOJI: Final = names(lambda run: f"Thabo 😀 👩🏽 𝒜 {run.unique()}")
CAPITALS: Final = names(lambda run: f"@JOSÉ NUÑEZ MÜLLER {run.unique().upper()}")
"""In capitals alone, in letters that Latin-1 has, and with a beginning that spreadsheets take for a formula."""
NOTHING: Final = names(lambda _: "Null")
MARKUP: Final = names(
    lambda run: f"Salt & Pepper 100% <b>{run.unique()}</b> &amp; %41 Co",
    lambda run: f"a < b > c & d 5%s %20 {run.unique()}",
)
SLUG_OF_DIGITS: Final = (_text("slug", lambda run: f"00{_digits(run, 14)}"),)
SLUG_WITH_CAPITALS: Final = (_text("slug", lambda run: f"Conformance-{run.unique()}-Shop-1"),)
SLUG_WITH_DOTS: Final = (_text("slug", lambda run: f"conformance_{run.unique()}.shop--1"),)
LONG_SLUG: Final = (_text("slug", lambda run: f"conformance-{'long-' * 27}{run.unique()}"),)


def metadata(**more: Any) -> Class:
    return (_metadata(more),)


def _metadata(more: Body) -> Change:
    return lambda _, body: {**body, "metadata": {**body["metadata"], **more}}


LOOKALIKES: Final = metadata(
    zeros="007",
    number="4000123412341230",
    exponent="1e5",
    truth="true",
    nothing="null",
    nan="NaN",
    minus="-0",
    hex="0x1F",
    day="2026-01-01",
    time="2026-01-01T10:00:00+02:00",
    utc="2026-01-01T08:00:00Z",
    agreed="yes",
    off="off",
    no="No",
    tilde="~",
    octal="0o17",
    infinity="Infinity",
    undefined="undefined",
    list="[1]",
    record="{}",
)
OTHER_TYPES: Final = metadata(
    no=False,
    yes=True,
    zero=0,
    empty="",
    nothing=None,
    decimals=29.315167,
    fraction=-0.1234567,
    negative=-7,
    large=2**31 + 1,
    length=120,
)
WORDING: Final = metadata(
    blanks="two  blanks   inside",
    apostrophe="O'Brien",
    scripts="東京 Ελλάδα Zoë",
    wide="ﬁ Ａ ½",
    back="a\\b",
    lines="two\nlines",
    windows="two\r\nlines",
    emoji="👍🏽 💳",
    joined="12\u00a0345",
    typed="it's (c) 2026 -- so be it ... :-)",
    inside="a transcript of the reunion, dropped and inserted",
    address="see https://shop.example.com/a//b?x=1 or www.example.com",
    token="of thanks",
    secret="of the house",
    password="to be agreed",
    name="Somebody in metadata",
    email="somebody@example.com",
    phoneNumber="+26650000000",
)
KEYS: Final = Led(
    (
        _metadata(
            {
                "": "an empty key",
                "a.b": "a dot",
                "constructor": "text",
                "__proto__": "text",
                "$where": "1",
                "CamelCase": "1",
                "snake_case": "2",
                "_private": "8",
                "@id": "9",
                "Size": "L",
                "size": "M",
                "with a blank": "3",
                "ключ": "4",
                "0": "5",
                "clé": "6",
                "007": "7",
                **{"k" * length: f"{length} letters" for length in (41, 65, 256)},
                **{f"key-{number}": f"value {number}" for number in range(60)},
            }
        ),
        _metadata({"k" * 40: "40 characters", "k" * 100: "100 characters", "k" * 256: "256 characters"}),
    )
)
LONG_TEXTS: Final = (
    _metadata(
        {
            **{f"text-{length}": ("0123456789" * 50)[:length] for length in (41, 64, 100, 255, 256, 500)},
            **{f"key-{number:02d}": f"value {number}" for number in range(19)},
        }
    ),
)
NESTED: Final = metadata(
    inner={"a": {"b": {"c": {"d": "deep"}}}, "nothing": None},
    list=[3, "two", None, [1, []], {"x": 1}],
    none=[],
    bare={},
    numbered={"0": "first", "1": "second"},
    one=["alone"],
    tags=["red", "blue", "red"],
    many=list(range(25)),
    coded={"code": "00123"},
    wrapped={"value": "5"},
    bag={"data": {"id": "in a bag"}},
    parcel={"length": 3, "width": 20, "height": 5},
    long="0123456789" * 410,
    customer={"name": "Somebody in metadata", "email": "nobody@example.com"},
    customerId="in metadata",
)
NO_METADATA: Final = (_text("metadata", lambda _: {}),)
MARKED_UP: Final = metadata(markup="<b>a & b</b>", entity="&amp;", percent="%41 100%")

LOGOS: Final = Led(
    (
        _text(
            "logo", lambda run: f"https://shop.example.com:8443/{_FOLDERS}{run.unique()}/logo%20a.png?size=2&v=1#top"
        ),
        _text("logo", lambda run: f"/static/{run.unique()}/logo.png"),
    )
)
IMAGES: Final = Led(
    (
        _text("image", lambda run: f"https://shop.example.com:8443/{_FOLDERS}{run.unique()}/me%20a.png?size=2&v=1#top"),
        _text("image", lambda run: f"/static/{run.unique()}/me.png"),
    )
)

PHONE_OF_8: Final = (_text("phoneNumber", lambda run: f"+290{_digits(run, 5)}"),)
PHONE_OF_15: Final = Led(
    (
        _text("phoneNumber", lambda run: f"+49151{_digits(run, 10)}"),
        _text("phoneNumber", lambda run: f"+49151{_digits(run, 9)}"),
    )
)
PHONE_WITH_ZEROS: Final = (_text("phoneNumber", lambda run: f"+4479100{_digits(run, 5)}"),)
PHONE_ABROAD: Final = (_text("phoneNumber", lambda run: f"+1201555{_digits(run, 4)}"),)
PHONE_OF_ITALY: Final = (_text("phoneNumber", lambda run: f"+3906{_digits(run, 8)}"),)
"""There the zero stays after the code of the country."""


def amounts(*choice: int) -> Class:
    """Change the total, and with it that of the only line item."""
    return Led(tuple(_amount(amount) for amount in choice))


def _amount(amount: int) -> Change:
    """A large round amount is that of very many pieces, so that the product is larger than its factors."""
    quantity = _PIECES if amount >= _OF_32_BITS and amount % _PIECES == 0 else 1
    return lambda _, body: {
        **body,
        "totalAmount": amount,
        "lineItems": [{**item, "quantity": quantity, "amount": amount // quantity} for item in body["lineItems"][:1]],
    }


BEYOND_32_BITS: Final = amounts(2**31, 2**31 + 1, 2**32 + 19)
LARGEST: Final = amounts(_LARGEST)


def currencies(*choice: str) -> Class:
    return tuple(_currency(currency) for currency in choice)


def _currency(currency: str) -> Change:
    return lambda _, body: {
        **body,
        "currency": currency,
        "lineItems": [{**item, "currency": currency} for item in body["lineItems"]],
    }


THREE_DECIMALS: Final = currencies("KWD", "BHD", "TND", "OMR", "JOD")
YEN: Final = currencies("JPY")
NO_DECIMALS: Final = currencies("KRW", "VND", "CLP", "ISK", "UGX", "XAF", "RWF", "HUF", "TWD")
"""Without decimals by ISO 4217, or in the payments of some platforms."""


def line_items(*choice: int) -> Class:
    return Led(tuple(_line_items(number) for number in choice))


def _line_items(number: int) -> Change:
    """Change the line items to so many: in no order, two of them alike, with quantities and odd names."""

    def change(run: Run, body: Body) -> Body:
        mark = run.unique()
        texts = (
            "007",
            "Café crème, Zoë",
            f"Gift card 🎁 50 {run.unique()}",
            _of_length(100, _QUOTED)(run),
            _of_length(255, _PLAIN)(run),
        )
        found = []
        for place in range(number):
            name = texts[place] if place < len(texts) else f"Ware {(place * 37) % number} {mark}"
            item = line_item(run, name, 199 + (place * 53) % 1_000, 1 + place % 3)
            found.append({**item, "currency": body["currency"]})
        folders = _FOLDERS if number <= _FEW else ""
        for item in found[:3]:
            item["imageUrl"] = f"https://shop.example.com/{folders}{mark}/a%20b.png?v=1"
        found[-1] = dict(found[1])
        return {
            **body,
            "lineItems": found,
            "totalAmount": sum(item["quantity"] * item["amount"] for item in found),
        }

    return change


def _with_fee(_: Run, body: Body) -> Body:
    """A total may have more in it than the line items, such as what the delivery costs."""
    return {**body, "totalAmount": body["totalAmount"] + 2_500}


def _with_discount(_: Run, body: Body) -> Body:
    return {**body, "totalAmount": body["totalAmount"] - 150}


def _free(_: Run, body: Body) -> Body:
    """A discount may leave nothing to pay."""
    return {**body, "totalAmount": 0}


OWN_TOTAL: Final = (_with_fee, _with_discount)
FREE: Final = (_free,)


def _product(run: Run, body: Body) -> Body:
    """Two line items of one product, the first of which is free, and between them one of its name, of another."""
    product = {"productId": f"00{_digits(run, 8)}", "imageId": f"0{_digits(run, 8)}"}
    items = [{**product, **item} for item in body["lineItems"]]
    sample = {**items[0], "name": f"A sample {run.unique()}", "amount": 0}
    gift = {
        **sample,
        "productId": f"urn:uuid:{UUID(int=run.random('a product').getrandbits(128))}",
    }
    return {**body, "lineItems": [sample, gift, *items]}


PRODUCTS: Final = (_product,)


def _of_another_currency(_: Run, body: Body) -> Body:
    currency = "USD" if body["currency"] != "USD" else "EUR"
    return {**body, "lineItems": [{**item, "currency": currency} for item in body["lineItems"]]}


OTHER_CURRENCY: Final = (_of_another_currency,)


def urls(*endings: str) -> Class:
    return Led(tuple(_urls(ending) for ending in endings))


def _urls(ending: str) -> Change:
    def change(run: Run, body: Body) -> Body:
        mark = run.unique()
        shop = f"https://shop.example.com{'' if ending.startswith(':') else '/'}{ending}"
        joint = "&" if "?" in shop else "?"
        whole, sharp, fragment = shop.partition("#")
        return {
            **body,
            "successUrl": f"{whole}{joint}order={mark}{sharp}{fragment}",
            "cancelUrl": f"{whole}{joint}cancel={mark}{sharp}{fragment}",
        }

    return change


def _without_tls(run: Run, body: Body) -> Body:
    """One of the two without TLS and with an empty query, the other one a host alone."""
    mark = run.unique()
    return {
        **body,
        "successUrl": f"https://shop-{mark}.example.com",
        "cancelUrl": f"http://shop.example.com/{mark}/no?",
    }


WITHOUT_TLS: Final = (_without_tls,)
WITH_PORT: Final = urls(":8443/shop//a?a=1&b=two%20words&a=2&utm_source=mail&gclid=x1&ref=7", ":443/?q=")
WITH_FRAGMENT: Final = urls("pay/#/done?x=1", "a?b=c#section-2")
ENCODED: Final = urls("a%2Fb%20c/%E6%9D%B1/%7Bid%7D/?q=%26%3D+x", "a;b=1,c/~d/(e)/'f'!*/@g")
INTERNATIONAL: Final = urls("käse/東京?stadt=Zürich")
MARKED_UP_ITEM: Final[Class] = (
    lambda run, body: {
        **body,
        "lineItems": [{**item, "name": f"Tin <b>{run.unique()}</b> & lid 100%"} for item in body["lineItems"]],
    },
)
LONG_ITEM: Final[Class] = (
    lambda run, body: {
        **body,
        "lineItems": [{**item, "name": _of_length(300, _PLAIN)(run)} for item in body["lineItems"]],
    },
)
LONG_URL: Final = urls(f"{'a-long-path/' * 155}x?session={{CHECKOUT_SESSION_ID}}")


def within(name: str, kind: Class) -> Class:
    """Change what stands in an object of the body."""
    return type(kind)(_within(name, change) for change in kind)


def _within(name: str, change: Change) -> Change:
    return lambda run, body: {**body, name: change(run, body[name])}
