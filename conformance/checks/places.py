"""The place of a breach in a response: the field that is wrong, or what stands nearest to one that is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any, Final

from conformance.checks.base import Basis
from conformance.values import MISSING, with_value
from conformance.values import field as field_of
from conformance.wire.exchange import Exchange

_NAMED: Final = re.compile(r"`([\w.]+)`|\b([a-z]+(?:[A-Z]\w*|\.\w+)+)")
"""A field in a sentence: in backticks, or a word with an inner capital or dot."""

_ALIKE: Final = 0.5
_DEEPEST: Final = 3


def offending(exchange: Exchange, *texts: str) -> str:
    """Return the first field that the texts name and the response has, as a dotted path; an empty text for none."""
    body = exchange.response_json
    if not isinstance(body, dict):
        return ""
    named = (ticked or plain for text in texts for ticked, plain in _NAMED.findall(text))
    return next((path for path in named if field_of(body, path) is not MISSING), "")


def nearest(exchange: Exchange, path: str, rules: Basis) -> str:
    """Return the field that has what a missing one should have, as a dotted path; an empty text for none.

    It is one of the same name elsewhere, or an undocumented one beside it whose name is alike; and its value is such
    that the schema takes it at the missing place.
    """
    body, operation = exchange.response_json, exchange.call.operation or ""
    if not isinstance(body, dict):
        return ""
    parent, _, name = path.rpartition(".")
    known = rules.contract.operations[operation].response
    found = [place for place in _places(body, name) if place != path and not known.knows(place)]
    siblings = field_of(body, parent)
    if isinstance(siblings, dict):
        beside = [f"{parent}.{other}".lstrip(".") for other in siblings if _likeness(other, name) >= _ALIKE]
        found += [place for place in beside if not known.knows(place)]
    fitting = [place for place in found if _fits(exchange, path, field_of(body, place), rules)]
    return max(fitting, key=lambda place: _likeness(place.rpartition(".")[2], name), default="")


def is_missing(path: str, instead: str) -> str:
    """Return in words that a field is missing, and where such a value stands, if anywhere."""
    return f"`{path}` is missing; `{instead}` holds such a value" if instead else f"`{path}` is missing"


def _fits(exchange: Exchange, path: str, value: Any, rules: Basis) -> bool:
    if value is None or field_of(exchange.response_json, path.rpartition(".")[0]) is MISSING:
        return False
    moved = with_value(exchange.response_json, path, value)
    return all(
        breach.path != path for breach in rules.contract.breaches(exchange.call.operation or "", exchange.status, moved)
    )


def _likeness(one: str, other: str) -> float:
    """Return how alike two names are, from 0 to 1, whatever their case and the marks in them; a part is quite alike."""
    first, second = (re.sub(r"[^a-z0-9]", "", name.lower()) for name in (one, other))
    part = len(first) > 2 and len(second) > 2 and (first in second or second in first)
    return max(0.9 if part else 0.0, SequenceMatcher(None, first, second).ratio())


def _places(value: Any, name: str, depth: int = _DEEPEST) -> Iterator[str]:
    """Yield where objects within a value have a field of this name."""
    for key, inner in value.items() if isinstance(value, dict) and depth else ():
        if key == name:
            yield key
        yield from (f"{key}.{place}" for place in _places(inner, name, depth - 1))
