"""Requests that are wrong in exactly one way, made from a request that is accepted as it stands.

The catalogue says what is to be tried (`refuses:` and `survives:`); this module turns it into cases.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final
from urllib.parse import urlencode

from conformance.values import MISSING, field, with_value, without

_KINDS: Final[dict[str, Any]] = {
    **{"a number": 1234567890, "text": "text", "an array": [], "true": True, "an object": {}},
    **{"the number 0": 0, "false": False},
}
"""The empty ones are taken for a missing field where a server looks at whether a value counts as true."""
_OF_A_FORM: Final = re.compile(r"[A-Z]{3}|https?://\S+|\S+@\S+")
"""Currencies, URLs and e-mails, for which a number is not taken even where numbers are read as texts."""
_MEGABYTE: Final = 1024 * 1024
_DEPTH: Final = 500
_DEPARTMENTS: Final = "a-name-of-some-department." * 9
_REFUSED_TEXT: Final = {"a NUL byte": "before\0after", "a lone surrogate": "before\ud800after"}
_ODD_TEXT: Final = {
    "emoji": "👩🏽‍🚀🏳️‍🌈",
    "quotes and markup": "'\"--><b>&amp;${7*7}{{7*7}}%s%n",
    "direction marks": "\u202eabc\u200b\ufeff",
}
_HOSTILE_NUMBERS: Final = {
    "of floating point": {"1e400": "1e400"},
    "of 32 bits": {"2^31": "2147483648"},
    "of 64 bits": {
        "2^63": "9223372036854775808",
        "minus 2^63 less one": "-9223372036854775809",
        "10^30": "1" + "0" * 30,
    },
}
"""By the column that they do not fit."""
BODIES: Final[dict[str, tuple[str, Callable[[str], str]]]] = {
    "malformed": ("JSON with a comma too many", lambda valid: f"{valid[:-1]},}}"),
    "truncated": ("JSON without its last brace", lambda valid: valid[:-1]),
    "comment": ("JSON with a comment", lambda valid: f"{{ /* a comment */ {valid[1:]}"),
    "not-a-number": ("JSON with NaN", lambda valid: _with_member(valid, "NaN")),
    "trailing": ("JSON with something after its end", lambda valid: f"{valid} {{}}"),
    "control": ("JSON with a raw line break in a text", lambda valid: _with_member(valid, '"two\nlines"')),
    "quotes": ("JSON with a text in single quotes", lambda valid: _with_member(valid, "'text'")),
    "words": ("JSON with a word of another language", lambda valid: _with_member(valid, "True")),
    "escape": ("JSON with an escape that JSON has not", lambda valid: _with_member(valid, r'"\x41"')),
    "zeros": ("JSON with a number behind zeros", lambda valid: _with_member(valid, "0070")),
    "empty": ("an empty body", lambda _: ""),
    "nothing": ("no body and no media type", lambda _: ""),
    "array": ("a JSON array around the body", lambda valid: f"[{valid}]"),
    "text": ("a JSON text", lambda _: '"text"'),
    "number": ("a JSON number", lambda _: "42"),
    "null": ("a JSON null", lambda _: "null"),
    "true": ("a JSON true", lambda _: "true"),
    "marked": ("JSON behind a byte order mark", lambda valid: f"\ufeff{valid}"),
    "untyped": ("JSON without a media type", lambda valid: valid),
    "form": ("form data", lambda valid: urlencode(json.loads(valid))),
    "twice": ("JSON in which each field stands twice", lambda valid: f"{valid[:-1]}, {valid[1:]}"),
    "bytes": ("JSON with bytes that are no UTF-8", lambda valid: _with_member(valid, '"\udcc3("')),
}
_MOST_ALSO: Final = 2
_IN_PARTS: Final = "multipart/form-data"
_BOUNDARY: Final = "conformance-part"
_MEDIA_TYPES: Final = {"nothing": "", "untyped": "", "form": "application/x-www-form-urlencoded"}


def _with_member(valid: str, value: str) -> str:
    """Return an object with a value that only a lax reader takes, in the first object in it where it has any."""
    inner = valid.find('": {')
    at = 1 if inner < 0 else inner + len('": {')
    return f'{valid[:at]}"conformanceExtra": {value}, {valid[at:]}'


@dataclass(frozen=True)
class Case:
    """One wrong request: what is wrong with it in words, and either a JSON body or raw bytes with their media type.

    An empty media type is none. `group` is what the case has in common with others of its table: the field. One that
    `leads` its group is among those that are always sent.
    """

    label: str
    json: Any = MISSING
    body: bytes | None = None
    media_type: str | None = None
    group: str = ""
    leads: bool = False


@dataclass(frozen=True)
class Part:
    """The cases of a table on one valid body, which `base` names.

    `each` is how many of a group a gate sends, or None for all; `always` is how many of these are the first ones. Where
    a table has several bases, its groups take turns through them: every `of`-th group from `turn` is of this part.
    Where the target does not accept its body, a part is made from that of `instead`, or left out where that is None.
    """

    base: str
    each: int | None
    always: int = 1
    turn: int = 0
    of: int = 1
    instead: str | None = None

    def cases(self, made: Iterable[Case]) -> Iterator[Case]:
        """Yield those of a table's cases that are of this part's groups."""
        groups: dict[str, int] = {}
        for case in made:
            if groups.setdefault(case.group, len(groups)) % self.of == self.turn:
                yield replace(case, label=f"{case.label} ({self.base})") if self.base else case


def parts(spec: Mapping[str, Any]) -> Iterator[Part]:
    """Yield the parts of a table: one for each base of its own, and one for each on which a few cases are tried `also`.

    A server that has code of its own for each kind of body may lack any check of a field in one of them alone.
    """
    named = spec.get("base", "")
    bases = [named] if isinstance(named, str) else named
    always = spec.get("always", 1)
    for turn, base in enumerate(bases):
        yield Part(base, spec.get("each"), always, turn, len(bases), bases[0])
    few = min(always, _MOST_ALSO)
    for base in spec.get("also", ()):
        yield Part(base, few, few)


def refused_cases(spec: Mapping[str, Any], valid: Mapping[str, Any]) -> Iterator[Case]:
    """A `refuses:` table and a valid body: yields a case for each change, each of which a target has to refuse."""
    yield from _missing(spec, valid)
    for path in spec.get("nulled", ()):
        yield Case(f"`{path}` null", with_value(valid, path, None), group=path)
    for path in spec.get("emptied", ()):
        yield Case(f"`{path}` the number 0", with_value(valid, path, 0), group=f"{path} emptied")
    for path in spec.get("types", ()):
        yield from _other_types(path, valid)
    yield from _values(spec, valid)
    if "together" in spec:
        yield _together(spec["together"], valid)
    yield from _bodies(spec, valid)
    for media_type in spec.get("media", ()):
        yield _of_media_type(media_type, valid)


def survived_cases(spec: Mapping[str, Any], valid: Mapping[str, Any]) -> Iterator[Case]:
    """A `survives:` table and a valid body: yields cases that a target may refuse or accept, in an orderly way."""
    yield from _missing(spec, valid)
    for paths in spec.get("text", ()):
        yield from _hostile_texts([paths] if isinstance(paths, str) else paths, valid)
    yield from _values(spec, valid)
    for path in spec.get("long", ()):
        yield Case(f"a megabyte in `{path}`", with_value(valid, path, "x" * _MEGABYTE), group="long")
    for path in spec.get("wide", ()):
        long = _wide(field(valid, path))
        yield Case(f"an e-mail of {len(long)} characters in `{path}`", with_value(valid, path, long), group="wide")
    for path in spec.get("names", ()):
        for label, text in _REFUSED_TEXT.items():
            odd = {**field(valid, path), text: "in an odd place"}
            yield Case(f"{label} in a name in `{path}`", with_value(valid, path, odd), group=f"names in {path}")
    for path in spec.get("deep", ()):
        nested: Any = "deep"
        for _ in range(_DEPTH):
            nested = {"n": nested}
        yield Case(f"{_DEPTH} levels in `{path}`", with_value(valid, path, nested), group="deep")
    for path in spec.get("numbers", ()):
        for column, numbers in _HOSTILE_NUMBERS.items():
            for label, digits in numbers.items():
                text = json.dumps(with_value(valid, path, "@number@")).replace('"@number@"', digits)
                yield Case(f"{label} in `{path}`", body=text.encode(), group=f"{path} {column}")
    yield from _bodies(spec, valid)


def chosen(cases: Sequence[Case], number: int, source: Random, always: int = 1, turn: int = 0) -> list[int]:
    """Choose so many cases of each group, those that lead it or else its first ones, and others; return their places.

    Tables that are alike take turns: the next one, from the same source, goes on where the one before has ended.
    """
    groups: dict[str, list[int]] = {}
    for place, case in enumerate(cases):
        groups.setdefault(case.group, []).append(place)
    found: list[int] = []
    for group in groups.values():
        first = [place for place in group if cases[place].leads] or group[:always]
        rest = [place for place in group if place not in first]
        rest = source.sample(rest, len(rest))
        others = max(0, min(number, len(group)) - len(first))
        found += [*first, *(rest[(turn * others + place) % len(rest)] for place in range(others))]
    return sorted(found)


def _together(paths: Sequence[str], valid: Mapping[str, Any]) -> Case:
    """Return a case that is wrong in several fields: the first is missing, the others are of another type."""
    body: Any = without(valid, paths[0])
    for path in paths[1:]:
        body = with_value(body, path, {} if isinstance(field(valid, path), list) else [])
    return Case(f"{', '.join(f'`{path}`' for path in paths)} wrong at once", body, group="together")


def _missing(spec: Mapping[str, Any], valid: Mapping[str, Any]) -> Iterator[Case]:
    for path in spec.get("missing", ()):
        if field(valid, path) is MISSING:
            continue
        yield Case(f"without `{path}`", without(valid, path), group=f"without {path}")


def _values(spec: Mapping[str, Any], valid: Mapping[str, Any]) -> Iterator[Case]:
    for path, values in spec.get("values", {}).items():
        for value in values:
            label = f"`{path}` {json.dumps(value, ensure_ascii=False)[:60]}"
            yield Case(label, with_value(valid, path, value), group=path)


def _bodies(spec: Mapping[str, Any], valid: Mapping[str, Any]) -> Iterator[Case]:
    for name in spec.get("bodies", ()):
        label, change = BODIES[name]
        body = change(json.dumps(valid)).encode(errors="surrogateescape")
        yield Case(label, body=body, media_type=_MEDIA_TYPES.get(name))


def _of_media_type(media_type: str, valid: Mapping[str, Any]) -> Case:
    """Return the valid body as JSON under another media type; where it is that of a form in parts, as such a form."""
    if media_type != _IN_PARTS:
        return Case(f"the media type {media_type}", body=json.dumps(valid).encode(), media_type=media_type)
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{_in_part(value)}\r\n'
        for name, value in valid.items()
    ]
    body = f"{''.join(parts)}--{_BOUNDARY}--\r\n".encode(errors="surrogateescape")
    return Case(f"the media type {media_type}", body=body, media_type=f"{media_type}; boundary={_BOUNDARY}")


def _in_part(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _hostile_texts(paths: Sequence[str], valid: Mapping[str, Any]) -> Iterator[Case]:
    """Yield a case for each hostile text, in each of several fields that go together, whose others have odd ones.

    No two texts that are often refused are in one case, where the refusal of one would hide what the other does.
    """
    odd = list(_ODD_TEXT.items())
    for turn in range(len(paths)):
        for number, told in enumerate([*_REFUSED_TEXT.items(), *odd]):
            body, labels = valid, []
            for place, path in enumerate(paths):
                is_its = place == (turn + number) % len(paths)
                label, text = told if is_its else odd[(2 * number + place) % len(odd)]
                body = with_value(body, path, _hostile(path, valid, text))
                labels.append(f"{label} in `{path}`")
            leads = len(paths) > 1 and not turn and number < len(_REFUSED_TEXT)
            yield Case(" and ".join(labels), body, group=" ".join(paths), leads=leads)


def _taken_soonest(path: str, right: Any) -> dict[str, Any]:
    """Return the value of another type, by its label, that a lax reader takes the soonest for the right one, if any."""
    if isinstance(right, list):
        return {"an object of its places": {str(place): item for place, item in enumerate(right)}}
    if isinstance(right, dict) or path.endswith("Id") or (isinstance(right, str) and _OF_A_FORM.fullmatch(right)):
        return {"a list of it": [right]}
    return {}


def _other_types(path: str, valid: Mapping[str, Any]) -> Iterator[Case]:
    """Yield a case for each other type: first what a lax reader takes for the right one, as it takes a list of one.

    An id comes as an operator of a query, too.
    """
    right = field(valid, path)
    if right is MISSING:
        return
    soonest = _taken_soonest(path, right)
    kinds = {**soonest, **_KINDS} if soonest else {**_KINDS, "an array": [right]}
    if path.endswith("Id"):
        kinds["an object"] = {"$ne": ""}
    for label, value in kinds.items():
        same = isinstance(value, type(right)) and not (isinstance(value, bool) and not isinstance(right, bool))
        if not same:
            other = str(right) if label == "text" and not isinstance(right, dict | list) else value
            is_flag_for_number = value is True and isinstance(right, int | float)
            group = f"{path} as a flag" if is_flag_for_number else path
            yield Case(f"`{path}` as {label}", with_value(valid, path, other), group=group)


def _wide(email: str) -> str:
    """Return an e-mail of right form that is longer than columns often are; no part is longer than it may be."""
    name, _, domain = email.partition("@")
    return f"{name.ljust(64, 'x')}@{_DEPARTMENTS}{domain}"


def _hostile(path: str, valid: Mapping[str, Any], text: str) -> str:
    """Hostile text in the place of a text that has a form of its own, such as an e-mail, keeps that form around it."""
    right = field(valid, path)
    return f"{right}{text}" if isinstance(right, str) else text
