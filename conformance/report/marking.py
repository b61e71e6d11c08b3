"""A JSON body laid out for a reader, with the place of a breach in it marked."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from conformance.values import MISSING, shown, with_value
from conformance.values import field as field_of

_MARK: Final = "\ue000"


class Marked(NamedTuple):
    """A laid-out body in three parts: what stands before the place of a breach, the place, and what follows."""

    before: str
    place: str = ""
    after: str = ""


def laid_out(body: str, place: str = "") -> Marked:
    """Return a body with line breaks where it is JSON and where that changes nothing else, and the place in it."""
    value = _value(body)
    if not isinstance(value, dict | list) or json.dumps(value, ensure_ascii=False) != body:
        return Marked(body)
    found = field_of(value, place) if place else MISSING
    if found is MISSING:
        return Marked(_lines(value))
    before, _, after = _lines(with_value(value, place, _MARK)).partition(f'"{_MARK}"')
    start = before.rindex("\n") + 1
    indent = len(before[start:]) - len(before[start:].lstrip())
    told = _lines(found).replace("\n", "\n" + " " * indent)
    return Marked(before[: start + indent], before[start + indent :] + told, after)


def in_one_line(body: str, place: str) -> str:
    """Return the place in a body with its value, in one line; an empty text where the body has no such place."""
    found = field_of(_value(body), place) if place else MISSING
    return "" if found is MISSING else f"{json.dumps(place.rpartition('.')[2])}: {shown(found)}"


def _value(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return MISSING


def _lines(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
