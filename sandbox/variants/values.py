"""How ids and times are written."""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime, timedelta, timezone
from string import ascii_letters

from sandbox import identity
from sandbox.behaviour import Call
from sandbox.changes import with_seams
from sandbox.model import CREATE_CHECKOUT, GET_CHECKOUT, JsonObject
from sandbox.variants.builders import entities
from sandbox.variants.model import Variant


def _uuid(_: Call, __: str) -> str:
    return str(uuid.uuid4())


def _integer(call: Call, _: str) -> str:
    call.memory["ids"] = call.memory.get("ids", 1000) + 1
    return str(call.memory["ids"])


def _counted(call: Call, kind: str) -> str:
    """Ids of each kind are counted from 1, so that things of two kinds have one id."""
    counts = call.memory.setdefault("counts", {})
    counts[kind] = counts.get(kind, 0) + 1
    return str(counts[kind])


def _lettered(call: Call, kind: str) -> str:
    """Ids are counted in letters of both cases, so that two may differ by case alone."""
    number, text = int(_counted(call, kind)) + len(ascii_letters) ** 2, ""
    while number:
        number, digit = divmod(number, len(ascii_letters))
        text = ascii_letters[digit] + text
    return f"{kind}_kwDO{text}"


def _paired(call: Call, kind: str) -> str:
    """Every other id is the one before it and a letter more, without a letter of its own besides."""
    before: dict[str, str] = call.memory.setdefault("ids without a pair", {})
    if kind in before:
        return f"{before.pop(kind)}a"
    before[kind] = f"{secrets.randbelow(10**12):012d};"
    return before[kind]


def _prefixed(_: Call, kind: str) -> str:
    return f"{kind}_{identity.random_text(20)}"


def _with_offset(moment: float) -> str:
    return datetime.fromtimestamp(moment, timezone(timedelta(hours=2))).isoformat(timespec="milliseconds")


def _microseconds(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _whole_seconds(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _in_capitals(_: Call, session: JsonObject) -> None:
    """Scheme and host have no letter case (RFC 3986, 6.2.2.1)."""
    session["sessionUrl"] = f"HTTPS://Pay.Example.com/{session['id']}"


def _signed_anew(_: Call, session: JsonObject) -> None:
    session["sessionUrl"] += f"?signature={identity.random_text(20)}"
    session["hostedCheckoutConfig"] = {"clientSecret": identity.random_text(20)}


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "session-url-capitals",
        "scheme and host of the page to pay at are in capitals",
        entities({CREATE_CHECKOUT, GET_CHECKOUT}, _in_capitals),
    ),
    Variant(
        "session-url-signed-anew",
        "each response has another signature in the URL of the page to pay at, and another secret for it",
        entities({CREATE_CHECKOUT, GET_CHECKOUT}, _signed_anew),
    ),
    Variant("ids-uuid", "ids are UUIDs", with_seams(new_id=_uuid)),
    Variant("ids-integer", "ids are whole numbers, as strings", with_seams(new_id=_integer)),
    Variant("ids-counted", "ids of each kind are counted from 1", with_seams(new_id=_counted)),
    Variant("ids-in-letters", "ids are counted in letters, so that two differ by case", with_seams(new_id=_lettered)),
    Variant("ids-in-pairs", "every other id is the one before and a letter more", with_seams(new_id=_paired)),
    Variant("ids-prefixed", "ids have a prefix for their kind", with_seams(new_id=_prefixed)),
    Variant("times-with-offset", "date-times have the offset +02:00", with_seams(timestamp=_with_offset)),
    Variant("times-with-microseconds", "date-times have microseconds", with_seams(timestamp=_microseconds)),
    Variant("times-in-seconds", "date-times have no fraction", with_seams(timestamp=_whole_seconds)),
)
