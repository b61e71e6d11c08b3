"""The rules for the tokens that a target hands out: nobody can guess or make one, and none holds a secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import re
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import takewhile
from typing import Any, Final
from urllib.parse import unquote

from conformance.checks.base import Basis, Check, Finding, Params, documented_success
from conformance.values import MISSING, from_base64, parse_json
from conformance.values import field as field_of
from conformance.wire.exchange import Exchange

BITS_AT_LEAST: Final = 48
"""OWASP asks for 64 bits of chance in a session's id; what has fewer than this is guessable beyond doubt."""
_SHORTEST: Final = 4
_LONG: Final = 8
"""The length from which an id does not stand in a text by chance."""
_LONGEST: Final = 400
_A_YEAR: Final = 365 * 24 * 3600
_DIGESTS: Final = {"md5": 32, "sha1": 40, "sha256": 64}
"""Digests that a token may be made with, each with its length in hexadecimal digits."""
_RUN: Final = re.compile(r"[A-Za-z0-9]+")
_COUNTED: Final = 64
"""How often an account has signed in at most, where a digest of its name and that number may be the token."""
_ROWS: Final = 10_000
_SECONDS: Final = 10
_HEXADECIMAL: Final = re.compile(r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})(?![0-9A-Za-z])")
_JOINTS: Final = ("", ":", "-", "_", ".", "|")
_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?|(?<!\d)\d{10}(?:\d{3})?(?!\d)"
)
_KEYS: Final = (
    "secret",
    "password",
    "changeme",
    "test",
    "key",
    "jwt",
    "your-256-bit-secret",
    "supersecret",
    "123456",
    "",
)
_ALPHABETS: Final = (
    (re.compile(r"\d+"), 10),
    (re.compile(r"[0-9a-f]+|[0-9A-F]+"), 16),
    (re.compile(r"[0-9a-z]+|[0-9A-Z]+"), 36),
)


def _unguessable(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    tokens = _judged(exchange, params, rules)
    if not tokens:
        return None
    issued = rules.memory.issued.setdefault(params["id"], [])
    earlier = [token for number, token in issued if number != exchange.number]
    issued += [(exchange.number, token) for token in tokens]
    known = [text for path in params["known"] if isinstance(text := field_of(exchange.response_json, path), str)]
    found = [words for token in tokens if (words := _weakness(token, known, earlier))]
    return [Finding("a token that nobody can guess or make", words) for words in dict.fromkeys(found)]


def _weakness(token: str, known: list[str], earlier: list[str]) -> str:
    """Return in words what makes a token guessable, or nothing."""
    header, *rest = token.split(".")
    algorithm = field_of(parse_json(_decoded(header).encode()), "alg")
    if isinstance(algorithm, str) and algorithm.lower() == "none":
        return "a token without a signature (`alg: none`)"
    if len(rest) == 2 and (key := _weak_key(token)) is not None:
        return f"a token that is signed with the word “{key}”"
    others = [other for other in earlier if other != token]
    bits = sum(
        min(_bits(text, known, [_reading(other, place, deep) for other in others]) for deep, text in _readings(part))
        for place, part in enumerate(token.split("."))
    )
    if bits >= BITS_AT_LEAST:
        return ""
    return f"a token in which, beside what is known or common to all, at most {bits:.0f} bits are left to guess"


def _weak_key(token: str) -> str | None:
    content, _, signature = token.rpartition(".")
    for key in _KEYS:
        digest = hmac.new(key.encode(), content.encode("utf-8", "replace"), hashlib.sha256).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") == signature.rstrip("="):
            return key
    return None


def _readings(part: str) -> list[tuple[int, str]]:
    """Return a part of a token as it is, and as it reads once decoded, each with the number of decodings."""
    texts = [part]
    while len(texts) < 3 and (inner := _decoded(texts[-1])):
        texts.append(inner)
    return list(enumerate(texts))


@lru_cache(maxsize=4096)
def _reading(token: str, place: int, deep: int) -> str:
    """Return the same part of another token, decoded as often; nothing where it has none."""
    parts = token.split(".")
    readings = _readings(parts[place]) if place < len(parts) else []
    return readings[deep][1] if deep < len(readings) else ""


def _decoded(text: str) -> str:
    """Return text that stands in base64, in hexadecimal digits or as a URL has it; nothing where it is none of them."""
    plain = unquote(text)
    if plain != text and plain.isprintable() and "\ufffd" not in plain:
        return plain
    for decode in (bytes.fromhex, from_base64):
        try:
            found = decode(text).decode("utf-8")
        except ValueError:
            continue
        if len(found) >= _SHORTEST and found.isprintable():
            return found
    return ""


def _bits(text: str, known: Iterable[str], earlier: Iterable[str]) -> float:
    """Return how many bits of a text somebody has to guess who knows the account, the time and earlier tokens."""
    others = [other for other in earlier if other]
    start = max((_shared(text, other) for other in others), default=0)
    text = text[start:]
    end = max((_shared(text[::-1], other[start:][::-1]) for other in others), default=0)
    text = text[: len(text) - end]
    for item in known:
        for form in _forms(item, len(text)):
            text = re.sub(re.escape(form), " ", text, flags=re.IGNORECASE)
        for digest in _HEXADECIMAL.findall(text):
            if digest.lower() in _counted(item):
                text = text.replace(digest, " ")
    for digest in _HEXADECIMAL.findall(text):
        if digest.lower() in _of_numbers(len(digest)) or digest.lower() in _of_moments(len(digest)):
            text = text.replace(digest, " ")
    text = _TIME.sub(lambda found: " " if _is_near(found[0]) else found[0], text)
    return sum(len(run) * math.log2(_letters(run)) for run in _RUN.findall(text))


def _forms(item: str, room: int) -> Iterator[str]:
    """Yield a known text and its digests, as far as they fit into so many characters.

    A pattern of what does not fit is not made: for a name of a megabyte it takes a second.
    """
    if _SHORTEST <= len(item) <= room:
        yield item
    for name, length in _DIGESTS.items():
        if length <= room:
            yield hashlib.new(name, item.encode("utf-8", "surrogatepass")).hexdigest()


@lru_cache(maxsize=64)
def _counted(item: str) -> frozenset[str]:
    """Return the digests of a known text and a small number."""
    if not _SHORTEST <= len(item) <= _LONGEST:
        return frozenset()
    return frozenset(
        hashlib.new(name, f"{item}{joint}{number}".encode("utf-8", "surrogatepass")).hexdigest()
        for name in _DIGESTS
        for joint in _JOINTS
        for number in range(_COUNTED)
    )


@lru_cache(maxsize=len(_DIGESTS))
def _of_numbers(length: int) -> frozenset[str]:
    """Return the digests of the numbers that a table of sessions may have counted, of so many digits."""
    return frozenset(_digest(length, str(number)) for number in range(_ROWS))


def _of_moments(length: int) -> frozenset[str]:
    """Return the digests of the last few seconds, of so many digits."""
    now = int(time.time())
    return frozenset(_digest(length, str(now - seconds)) for seconds in range(-1, _SECONDS))


def _digest(length: int, text: str) -> str:
    name = next(name for name, digits in _DIGESTS.items() if digits == length)
    return hashlib.new(name, text.encode()).hexdigest()


def _shared(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _is_near(moment: str) -> bool:
    if not moment.isdigit():
        return True
    return abs(int(moment[:10]) - time.time()) < _A_YEAR


def _letters(run: str) -> int:
    return next((size for alphabet, size in _ALPHABETS if alphabet.fullmatch(run)), 62)


def _without_secret(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    tokens = _tokens(exchange, params, rules)
    secret = field_of(exchange.request_json, params["secret"])
    if not tokens or not isinstance(secret, str) or len(secret) < 8:
        return None
    forms = [
        secret,
        *(hashlib.new(name, secret.encode("utf-8", "replace")).hexdigest() for name in _DIGESTS),
    ]
    held = any(form in text for text in _contents(tokens) for form in forms)
    return (
        [Finding(f"a token without the {params['secret']}", f"a token that holds the {params['secret']}")]
        if held
        else []
    )


def _contents(tokens: Iterable[str]) -> list[str]:
    """Return tokens and their parts, as they are and decoded."""
    return [text for token in tokens for part in (token, *token.split(".")) for _, text in _readings(part)]


def _without_id(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    tokens = _tokens(exchange, params, rules)
    identifier = field_of(exchange.response_json, params["id_of"])
    if not tokens or not isinstance(identifier, str | int) or isinstance(identifier, bool) or identifier == "":
        return None
    held = any(_holds(text, str(identifier), params["claims"]) for text in _contents(tokens))
    return [Finding(f"a token without {params['id_of']}", f"a token that holds {params['id_of']}")] if held else []


def _holds(content: str, identifier: str, claims: Iterable[str]) -> bool:
    """Return whether an id stands in the content of a token; a short one has to stand in one of its claims."""
    if len(identifier) >= _LONG:
        return identifier.replace("-", "").casefold() in content.replace("-", "").casefold()
    value = parse_json(content.encode("utf-8", "replace"))
    return isinstance(value, dict) and any(str(value.get(name)) == identifier for name in claims)


def _judged(exchange: Exchange, params: Params, rules: Basis) -> list[str]:
    """Return the tokens that open a session: where the header has another form than the body, the body's may not."""
    tokens = _tokens(exchange, params, rules)
    second = tokens[1:] if rules.memory.tokens.intersection(rules.memory.second_forms) else []
    rules.memory.second_forms.update(tokens[1:])
    return tokens[:1] + second


def _tokens(exchange: Exchange, params: Params, rules: Basis) -> list[str]:
    if not documented_success(exchange, rules) or exchange.response is None:
        return []
    in_body: Any = field_of(exchange.response_json, params["field"])
    found = [exchange.response.header(params["header"]), None if in_body is MISSING else in_body]
    return list(dict.fromkeys(token for token in found if isinstance(token, str) and token))


KINDS: Final[dict[str, Check]] = {
    "unguessable-token": _unguessable,
    "token-without": _without_secret,
    "token-without-id": _without_id,
}
