"""Characters, words and numbers at which software fails, put into generated cases: at random they are too rare."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final
from zlib import crc32

from conformance.contract.yamlfile import DataPath

CHARACTERS: Final = ("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "ßẞÿéİıǅ", "\u00a0\u00ad\u2028\u200b\u202e\ue000", "😀𝒳")
WORDS: Final = (
    *(character for group in CHARACTERS for character in group),
    *(
        "%s",
        "%00",
        "..",
        "--",
        "||",
        "&&",
        "''",
        "{{7*7}}",
        "${7*7}",
        "<b>",
        "null",
        "true",
        "NaN",
        "0",
        "-1",
        "1e9",
        "  ",
    ),
)
_BOUNDS: Final = (
    *(0, 1, 7, 10, 99, 100, 101, 127, 128, 255, 256, 511, 512, 999, 1000, 9_999, 10_000, 65_535, 65_536),
    *(99_999, 100_000, 999_999, 1_000_000, 9_999_999, 16_777_216, 99_999_999, 2**31 - 1, 2**31, 2**53),
)
NUMBERS: Final = tuple(sign * number for number in _BOUNDS for sign in (1, -1))
_TRIES: Final = 6


def with_word(body: Any, is_valid: Callable[[Any], bool]) -> Any:
    """Return a body with a word or number of the dictionary in one place, which one a digest of the body says.

    The same body is always changed alike, so that a case can be repeated and made smaller. The body is returned as it
    is where nothing that was tried leaves it valid.
    """
    source = Random(crc32(repr(body).encode("utf-8", "surrogatepass")))
    places = list(_leaves(body))
    for _ in range(_TRIES if places else 0):
        path, value = source.choice(places)
        changed = _put(body, path, _changed(value, source))
        if is_valid(changed):
            return changed
    return body


def _changed(value: Any, source: Random) -> Any:
    if not isinstance(value, str):
        return source.choice(NUMBERS)
    place = source.choice((0, len(value), source.randint(0, len(value))))
    return value[:place] + source.choice(WORDS) + value[place:]


def _leaves(value: Any, path: DataPath = ()) -> Iterator[tuple[DataPath, Any]]:
    """Yield the texts and numbers of a body, with the way to each."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(item, (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _leaves(item, (*path, number))
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield path, value


def _put(value: Any, path: DataPath, new: Any) -> Any:
    """Return a body with another value at the end of a path; the body itself stays."""
    if not path:
        return new
    step = path[0]
    if isinstance(value, list):
        return [_put(item, path[1:], new) if number == step else item for number, item in enumerate(value)]
    return {name: _put(item, path[1:], new) if name == step else item for name, item in value.items()}
