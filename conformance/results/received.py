"""What the kept responses of a broken requirement show: their statuses, the value at a field, where an id came from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

from conformance.results.records import Breach
from conformance.results.verdicts import Result
from conformance.values import MISSING
from conformance.values import field as field_of

_SHORTEST: Final = 3
_DENIED: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
_QUOTED: Final = re.compile(r'"([^"]+)"')
_WORD: Final = re.compile(r"[A-Za-z0-9_-]{8,}")
_TEXT_FIELD: Final = re.compile(r'"(\w+)": "([\w-]{8,})"')
_SUCCESS: Final = re.compile(r"(?<=status )2\d\d\b")
_STATUS: Final = re.compile(r"\b[1-5]\d\d\b")
_MISSING_WORDS: Final = ("missing", "null")

Source = tuple[str, str]
"""Where a value came from: a method and path, and the field of its response."""


def statuses(result: Result) -> frozenset[int]:
    """Return the statuses of the responses that show it broken; 0 stands for no response."""
    return frozenset(_status(breach) for breach in result.breaches)


def is_refused(result: Result) -> bool:
    """Return whether it was broken by refusals and errors alone, so that nothing was let through."""
    return bool(result.breaches) and min(statuses(result)) >= HTTPStatus.BAD_REQUEST


def operations(result: Result) -> frozenset[str | None]:
    """Return the operations of the requests that show it broken."""
    return frozenset(breach.exchange["operation"] if breach.exchange else None for breach in result.breaches)


def in_same_words(one: Breach, other: Breach) -> bool:
    """Return whether two breaches are told in the same words; 200 and 201 say the same."""
    return one.expected == other.expected and _SUCCESS.sub("2xx", one.got) == _SUCCESS.sub("2xx", other.got)


def got_the_same(one: Breach, other: Breach) -> bool:
    """Return whether two breaches got the same, and differ in the status that was expected alone."""
    return one.got == other.got and _STATUS.sub("", one.expected) == _STATUS.sub("", other.expected)


def tells_value_at(result: Result, places: Iterable[str]) -> bool:
    """Return whether each breach is about what stands at one of these places, as its words tell of its response."""
    places = tuple(places)
    return bool(places) and all(_tells(breach, places) for breach in result.breaches)


def is_missing_at(result: Result, places: Iterable[str]) -> bool:
    """Return whether nothing stands at any of these places in the responses that show it broken."""
    places = tuple(places)
    bodies = [_body(breach.exchange) for breach in result.breaches]
    return all(
        body is not MISSING and all(field_of(body, place) in (MISSING, None) for place in places) for body in bodies
    )


def denied_sources(result: Result) -> frozenset[Source]:
    """Return where the values of each request that was denied had come from, as the steps before it show."""
    if not result.breaches or not statuses(result) <= _DENIED:
        return frozenset()
    found = [frozenset(_sources(breach)) for breach in result.breaches if breach.before]
    return frozenset.intersection(*found) if found else frozenset()


def _status(breach: Breach) -> int:
    response = breach.exchange["response"] if breach.exchange else None
    return int(response["status"]) if response else 0


def _tells(breach: Breach, places: Iterable[str]) -> bool:
    body = _body(breach.exchange)
    named = (breach.got.startswith(f"`{place}`:") or _is_told(field_of(body, place), breach.got) for place in places)
    return body is not MISSING and any(named)


def _is_told(value: Any, got: str) -> bool:
    """Return whether words name a value, or a part of it in quotes."""
    if value is MISSING or value is None:
        return any(word in got for word in _MISSING_WORDS)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) < _SHORTEST:
        return False
    parts = (part for part in _QUOTED.findall(got) if len(part) >= _SHORTEST)
    return text.casefold() in got.casefold() or any(part.casefold() in text.casefold() for part in parts)


def _sources(breach: Breach) -> Iterator[Source]:
    """Yield where the ids in a request came from: the method and path that gave each, and the field."""
    if breach.exchange is None:
        return
    request = breach.exchange["request"]
    named = set(_WORD.findall(f"{request['url']} {request['body']}"))
    for step in breach.before:
        for earlier in step["exchanges"]:
            what = earlier["summary"].partition(" → ")[0]
            for name, text in _TEXT_FIELD.findall(earlier["response"]):
                if text in named and text not in earlier["request"] and text not in what:
                    yield what, name


def _body(exchange: dict[str, Any] | None) -> Any:
    response = exchange["response"] if exchange else None
    return _parsed(response["body"]) if response else MISSING


@lru_cache(maxsize=256)
def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return MISSING
