"""Read JSON values by dotted paths, and compare what was sent with what was received."""

from __future__ import annotations

import base64
import json
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, Final


class _Missing:
    """The type of `MISSING`, which stands for a field that is absent (null is a value of JSON, this is not)."""

    def __repr__(self) -> str:
        return "missing"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        """Unpickle as the one `MISSING` of the other process."""
        return "MISSING"


MISSING: Final = _Missing()
MARK: Final = r"[0-9a-f]{8}(?:g?w[0-9]+)?n[0-9]+x"
"""A pattern of what the suite puts into every name that it makes up: the run, the worker if any, and a number."""
_PLAIN_ALPHABET: Final = str.maketrans("-_", "+/")
_OF_FEW_DIGITS: Final = 10_000
_EIGHTHS: Final = 8
_EXACT_IN_EVERY_LANGUAGE: Final = 2**53
_OF_A_CODE: Final = 3
"""The length of a code, such as that of a currency, which all items of a list may have in common."""
_SHORT: Final = 12
_DEEP: Final = 50
_DEEPEST: Final = 600
_LONG: Final = 10_000
_DROPPED: Final = "__proto__"
_UNSTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})


def parse_json(data: bytes) -> Any:
    """Return the JSON value of some bytes, or `MISSING` where they are not JSON by RFC 8259.

    A value that is nested deeper than any response of a contract can be counts as `MISSING`, so that values can be read
    with recursion.
    """

    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is not JSON")

    try:
        value = json.loads(data.decode("utf-8"), parse_constant=refuse)
    except (ValueError, RecursionError):
        return MISSING
    return MISSING if data.count(b"[") + data.count(b"{") > _DEEPEST and _is_too_deep(value) else value


def in_pairs(text: str) -> tuple[Any, list[str]]:
    """Return the value of JSON with its objects as lists of pairs, and the names that an object has twice."""
    twice: dict[str, None] = {}

    def pairs(items: list[tuple[str, Any]]) -> list[list[Any]]:
        names = [name for name, _ in items]
        if len(set(names)) < len(names):
            twice.update(dict.fromkeys(name for name in names if names.count(name) > 1))
        return [[name, value] for name, value in items]

    return json.loads(text, object_pairs_hook=pairs), list(twice)


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        containers = [
            item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list)
        ]
        level = [inner for container in containers for inner in container]
    return bool(level)


def fact_key(value: Any) -> str:
    """Return the key of a fact: an e-mail in small letters, and an id as it is, since ids may differ by case alone."""
    text = str(value)
    return text.casefold() if "@" in text else text


def is_whole(value: Any) -> bool:
    """Return whether a JSON value is a whole number, however it is written: 2, 2.0 or 2e0 (JSON Schema, `integer`)."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())


def field(value: Any, path: str) -> Any:
    """Return what stands at a dotted path (`user.id`, `items.0.name`; empty for the whole value), or `MISSING`."""
    for name in path.split(".") if path else ():
        if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, dict) and name in value:
            value = value[name]
        else:
            return MISSING
    return value


def first_field(value: Any, paths: Iterable[str]) -> Any:
    """Return the first value at several dotted paths that is present and not null, or `MISSING`."""
    for path in paths:
        found = field(value, path)
        if found is not MISSING and found is not None:
            return found
    return MISSING


def without(value: Any, path: str) -> Any:
    """Return a copy of an object without the field at a dotted path."""
    head, _, rest = path.partition(".")
    if not isinstance(value, dict):
        return value
    if rest:
        return {name: without(item, rest) if name == head else item for name, item in value.items()}
    return {name: item for name, item in value.items() if name != head}


def with_value(value: Any, path: str, new: Any) -> Any:
    """Return a copy of an object with a new value at a dotted path (list indexes are numbers)."""
    head, _, rest = path.partition(".")
    if isinstance(value, list):
        index = int(head)
        return [*value[:index], with_value(value[index], rest, new) if rest else new, *value[index + 1 :]]
    inner = with_value(value.get(head, {}), rest, new) if rest else new
    return {**value, head: inner}


def exactly(request: Any, response: Any) -> bool:
    """Return whether two values are equal as in JSON: `true` is not 1, `1.0` is 1, text character by character."""
    if isinstance(request, bool) or isinstance(response, bool):
        return request is response
    if isinstance(request, dict) and isinstance(response, dict):
        return request.keys() == response.keys() and all(exactly(request[name], response[name]) for name in request)
    if isinstance(request, list) and isinstance(response, list):
        return len(request) == len(response) and all(map(exactly, request, response))
    return bool(request == response)


def caseless(request: Any, response: Any) -> bool:
    """Return whether two texts are equal up to letter case, as e-mail addresses are compared."""
    return isinstance(request, str) and isinstance(response, str) and request.casefold() == response.casefold()


def contains(request: Any, response: Any) -> bool:
    """Return whether everything that was sent is there; a target may add fields of its own to an object.

    A field `__proto__` may be missing: parsers leave it out, since it is a way into the objects of JavaScript. What an
    item of a list adds is not what was sent with an item before it.
    """
    if isinstance(request, dict) and isinstance(response, dict):
        return all(
            contains(item, response[name]) if name in response else name == _DROPPED for name, item in request.items()
        )
    if isinstance(request, list) and isinstance(response, list):
        same = len(request) == len(response) and all(map(contains, request, response))
        return same and not _inherits(request, response)
    return exactly(request, response)


def _inherits(request: list[Any], response: list[Any]) -> bool:
    """Return whether an item has a long text that was sent with an earlier one alone, which has no text in common."""
    told: list[dict[str, str]] = []
    for sent, got in zip(request, response, strict=True):
        if not isinstance(sent, dict):
            continue
        own = {name: text for name, text in sent.items() if isinstance(text, str) and len(text) > _OF_A_CODE}
        added = {(name, text) for name, text in got.items() if name not in sent and _is_long(text)}
        if any(added & before.items() and not own.items() & before.items() for before in told):
            return True
        told.append(own)
    return False


def _is_long(text: Any) -> bool:
    return isinstance(text, str) and len(text) > _SHORT


def contains_json(request: Any, response: Any) -> bool:
    """Compare as `contains` does, where the target may keep an object as JSON text."""
    return contains(request, parse_json(response.encode("utf-8", "replace")) if isinstance(response, str) else response)


COMPARISONS: Final = {"exact": exactly, "caseless": caseless, "contains": contains, "contains-json": contains_json}


def leaves(value: Any) -> Iterator[tuple[int, Any]]:
    """Yield every scalar and every field name in a JSON value, however deep, with its depth."""
    stack: list[tuple[int, Any]] = [(0, value)]
    while stack:
        depth, item = stack.pop()
        if isinstance(item, dict):
            stack += [(depth + 1, inner) for pair in item.items() for inner in pair]
        elif isinstance(item, list):
            stack += [(depth + 1, inner) for inner in item]
        else:
            yield depth, item


def texts(value: Any) -> list[str]:
    """Return every text in a JSON value, field names included."""
    found: list[str] = []
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, dict):
            stack += [inner for pair in item.items() for inner in pair]
        elif isinstance(item, list):
            stack += item
    return found


def plain(value: Any) -> bool:
    """Return whether a target has no lawful reason to store a value other than as it was sent.

    Generated text may hold control characters, lone surrogates, outer blanks or decomposed letters, which servers
    replace, trim or compose; such text is not held against them, and neither are numbers beyond 2^53, text of more than
    10,000 characters or objects that are nested very deeply, and of floats those that a computer cannot hold exactly.
    """
    return all(depth <= _DEEP and _plain_leaf(item) for depth, item in leaves(value))


def _plain_leaf(value: Any) -> bool:
    if isinstance(value, str):
        return (
            len(value) <= _LONG
            and value == value.strip()
            and unicodedata.is_normalized("NFC", value)
            and not any(unicodedata.category(letter) in _UNSTABLE for letter in value)
        )
    if isinstance(value, float):
        return abs(value) <= _OF_FEW_DIGITS and (value * _EIGHTHS).is_integer()
    return not (isinstance(value, int) and abs(value) > _EXACT_IN_EVERY_LANGUAGE)


def from_base64(text: str) -> bytes:
    """Return the octets that stand in base64, in either of its alphabets, padded or not (RFC 4648).

    Raises `ValueError` where a text is no base64.
    """
    plain_alphabet = text.rstrip("=").translate(_PLAIN_ALPHABET)
    return base64.b64decode(plain_alphabet + "=" * (-len(plain_alphabet) % 4), validate=True)


def visible(text: str) -> str:
    """Return text of a target for a terminal or a file: invisible characters (controls, surrogates) as JSON escapes."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter in "\n\t" else json.dumps(letter)[1:-1] for letter in text)


def shown(value: Any, limit: int = 200) -> str:
    """Return a value as a message shows it: JSON, at most `limit` characters."""
    if value is MISSING:
        return "missing"
    text = visible(json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
