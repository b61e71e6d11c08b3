"""Requests: what is looked at first, and what is too much or too odd."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace

from sandbox import policies, reading
from sandbox.behaviour import Behaviour, Call
from sandbox.changes import arriving, with_seams
from sandbox.model import CREATE_CHECKOUT, OPERATIONS, SET_ACTIVE, Json, Problem, Refused, Reply, text
from sandbox.variants.builders import refusing
from sandbox.variants.model import Variant


def _nfc(call: Call) -> Reply | None:
    name = call.fields.get("name")
    if isinstance(name, str):
        call.body = {**call.fields, "name": unicodedata.normalize("NFC", name)}
    return None


def _refuse_unusual(behaviour: Behaviour) -> Behaviour:
    """NUL characters, lone surrogates and deep nesting are an orderly 400."""

    def parse(call: Call) -> Json:
        value = behaviour.parse(call)
        written = json.dumps(value)
        if "\\u0000" in written or "\\ufffd" in written or call.raw.count(b"{") + call.raw.count(b"[") > 200:
            raise Refused(behaviour.refusals["invalid"])
        return value

    return replace(behaviour, parse=parse)


def _first_of_equal_names(behaviour: Behaviour) -> Behaviour:
    """Of two equal names in an object the first one counts, as some readers of JSON have it."""

    def parse(call: Call) -> Json:
        value, text = behaviour.parse(call), call.raw.decode("utf-8-sig", "replace")
        if not isinstance(value, dict):
            return value
        last, first = json.loads(text), json.loads(text, object_pairs_hook=lambda pairs: dict(pairs[::-1]))
        return {**value, **{name: first[name] for name in last if first[name] != last[name]}}

    return replace(behaviour, parse=parse)


def _without_chunks(call: Call) -> Reply | None:
    """A server that knows a body by its Content-Length alone reads one that comes in chunks as empty."""
    if "transfer-encoding" in call.headers:
        call.raw = b""
    return None


def _empty_is_absent(behaviour: Behaviour) -> Behaviour:
    """An optional text that is empty counts as left out, and a mode as the usual one."""

    def parse(call: Call) -> Json:
        value = behaviour.parse(call)
        if not isinstance(value, dict):
            return value
        optional = {"image", "logo", "callbackURL", "customerId"}
        kept = {name: item for name, item in value.items() if item != "" or name not in optional}
        return {**kept, "mode": "payment"} if kept.get("mode") == "" else kept

    return replace(behaviour, parse=parse)


def _trimmed(value: Json) -> Json:
    """Return JSON as a framework hands it on that cuts blanks off the texts of a body, all but passwords."""
    if isinstance(value, dict):
        return {name: item if name == "password" else _trimmed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_trimmed(item) for item in value]
    return value.strip(" \t\r\n") if isinstance(value, str) else value


def _trimming(behaviour: Behaviour) -> Behaviour:
    return replace(behaviour, parse=lambda call: _trimmed(behaviour.parse(call)))


def _by_policy(call: Call) -> Reply | None:
    """Amounts, currencies and characters that the platform does not serve are refused with statuses of their own."""
    if call.operation == SET_ACTIVE and not text(call.fields.get("organizationId")).isprintable():
        return call.behaviour.write_problem(call, Problem(409, "POLICY_VIOLATION", "An id has no such characters"))
    if call.operation != CREATE_CHECKOUT:
        return None
    if not 50 <= call.fields["totalAmount"] <= 5_000_000:
        return call.behaviour.write_problem(call, Problem(402, "AMOUNT_NOT_SERVED", "The amount is not served"))
    if call.fields["currency"] not in ("LSL", "USD", "EUR"):
        return call.behaviour.write_problem(call, Problem(451, "CURRENCY_NOT_SERVED", "The currency is not served"))
    return None


def _without_product(call: Call) -> Reply | None:
    """The first line item without a product, which a target may ask for, is named."""
    if call.operation != CREATE_CHECKOUT:
        return None
    for place, item in enumerate(call.fields["lineItems"]):
        if item.get("productId") is None:
            told = f"lineItems.{place}.product_id is required"
            return call.behaviour.write_problem(call, Problem(400, "VALIDATION_ERROR", told))
    return None


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "policies-402-451",
        "an amount beyond the limits is 402, a currency that is not served 451, an id of control characters 409",
        lambda behaviour: replace(behaviour, admit=(*behaviour.admit, _by_policy)),
    ),
    Variant(
        "products-wanted",
        "each line item has to name a product",
        lambda behaviour: replace(behaviour, admit=(*behaviour.admit, _without_product)),
    ),
    Variant(
        "validation-first", "bodies are validated before tokens", with_seams(validates_first=frozenset(OPERATIONS))
    ),
    Variant("authentication-first", "tokens are looked at before bodies", with_seams(validates_first=frozenset())),
    Variant(
        "form-refused",
        "sign-up and sign-in take no form-urlencoded body",
        with_seams(form_accepted=frozenset()),
    ),
    Variant(
        "origins-unminded",
        "neither the origin nor cookies nor absolute callbacks are looked at",
        with_seams(mind_origin=policies.any_origin, mind_callback=policies.any_callback),
    ),
    Variant(
        "json-of-any-kind",
        "application/vnd.api+json and the like are JSON too",
        with_seams(json_type=reading.is_json_of_any_kind),
    ),
    Variant("first-of-equal-names", "of two equal names in an object the first one counts", _first_of_equal_names),
    Variant("media-type-400", "a wrong media type is 400", refusing(("media-type",), 400)),
    Variant("malformed-422", "malformed JSON is 422", refusing(("malformed",), 422)),
    Variant("malformed-415", "malformed JSON is 415", refusing(("malformed",), 415)),
    Variant("chunks-unread", "a body that comes in chunks is read as empty", arriving(_without_chunks)),
    Variant("texts-trimmed", "blanks around the texts of a body are cut off", _trimming),
    Variant("empty-is-absent", "an optional text that is empty counts as left out", _empty_is_absent),
    Variant("body-limit-100-kb", "bodies above 100 kB are 413", with_seams(body_limit=100_000)),
    Variant("unusual-input-refused", "NUL, lone surrogates and nesting deeper than 200 are 400", _refuse_unusual),
    Variant(
        "names-in-nfc",
        "names are kept in Unicode's NFC",
        lambda behaviour: replace(behaviour, admit=(*behaviour.admit, _nfc)),
    ),
)
