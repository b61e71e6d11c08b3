"""The rules for secrets in disguise: passwords in another form, tokens of other sessions, and what headers tell."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, quote_plus, unquote

from conformance.checks.base import Basis, Check, Finding, Params
from conformance.checks.leaks import INTERNALS
from conformance.values import field as field_of
from conformance.values import shown
from conformance.wire.exchange import Exchange

_LONG_ENOUGH: Final = 12
_DISTINCT: Final = 6
_TOKEN: Final = re.compile(r"(?=.*\d)[\w.~+/=%-]{16,}", re.ASCII)
_DIGESTS: Final = ("md5", "sha1", "sha256", "sha512")
_TRACE: Final = "a stack trace"
_IN_HEADERS: Final = (_TRACE, "SQL", "an internal address")
_SOURCE_FILE: Final = re.compile(
    r"(?<![\w.:/])/(?:(?:usr|home|var|opt|app|srv|root|tmp|workspace|src|Users|code)/[\w.@/-]{1,200}"
    r"\.(?:py|rb|go|java|php|cs|ts|mjs)(?![\w/])|[\w.@/-]{1,200}\.(?:py|rb|go|java|php|cs|js|ts|mjs):\d+)"
)
"""A file of source code in a folder that has such, or in any folder where a line number follows."""
_SESSIONS_NAMED: Final = re.compile(r'sessions"', re.IGNORECASE)
_SESSIONS: Final = re.compile(r"(?:other|active|open|user|all)?_?sessions", re.IGNORECASE)
_OF_A_DEVICE: Final = frozenset({"useragent", "user_agent", "ipaddress", "ip_address", "ip", "browser", "device"})
_OF_URLS: Final = frozenset({"location", "content-location", "link", "set-cookie", "content-security-policy"})
"""Headers that name resources, whose paths are the target's as a client knows it."""


def _places(exchange: Exchange) -> list[str]:
    """Return every text of a response: its body as it came and as JSON reads it, and the values of its headers."""
    if exchange.response is None:
        return []
    headers = [value for _, value in exchange.response.headers]
    return [exchange.response.text, *exchange.response_texts, *headers]


@lru_cache(maxsize=256)
def forms(password: str) -> dict[str, str]:
    """Return the forms in which a password can hide in a text, each with the words for it."""
    octets = password.encode("utf-8", "surrogatepass")
    found = {password: "the password itself"}
    for text in (quote(password, safe=""), quote(password), quote_plus(password), html.escape(password)):
        found.setdefault(text, "the password, quoted")
    for text in _in_base64(octets):
        found.setdefault(text, "the password in base64")
    for text in (octets.hex(), octets.hex().upper()):
        found.setdefault(text, "the password in hexadecimal digits")
    for name in _DIGESTS:
        digest = hashlib.new(name, octets, usedforsecurity=False)
        found.setdefault(digest.hexdigest(), f"the {name} of the password")
        found.setdefault(base64.b64encode(digest.digest()).decode().rstrip("="), f"the {name} of the password")
    return found


def _in_base64(octets: bytes) -> Iterator[str]:
    """Yield what stands for octets in base64 of a text around them, in both of its alphabets."""
    for offset in range(3):
        core = _base64_core(octets, offset)
        yield from (core, core.replace("+", "-").replace("/", "_"))


def _base64_core(octets: bytes, offset: int) -> str:
    """Return the letters that stand in base64 for these octets alone, when `offset` others come before them."""
    whole = base64.b64encode(b"\0" * offset + octets).decode().rstrip("=")
    first = (0, 2, 3)[offset]
    last = (offset + len(octets)) * 8 // 6
    return whole[first:last]


@lru_cache(maxsize=256)
def _forms_of_token(token: str) -> dict[str, str]:
    """Return the forms in which a session token can stand in a body; its signature may be left out."""
    bare = token.partition(".")[0]
    if len(bare) < _LONG_ENOUGH:
        return {}
    found = {bare: "the token of the request stands in it"}
    for text in _in_base64(bare.encode("utf-8", "replace")):
        found.setdefault(text, "the token of the request stands in it in base64")
    return found


def _no_token(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    forms_of_it = _forms_of_token(exchange.call.token or "")
    if exchange.response is None or not forms_of_it:
        return None
    told = next((words for form, words in forms_of_it.items() if form in exchange.response.text), None)
    return [Finding("a body without the session token", told)] if told else []


def _refused_without_token(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    """Look at refusals alone: what was refused has opened no session."""
    if exchange.response is None or not 400 <= exchange.status < 500:
        return None
    header = exchange.response.header(params["header"]) or ""
    in_body = field_of(exchange.response_json, params["response"])
    places = {f"a header `{params['header']}`": header, f"a field `{params['response']}`": in_body}
    return [
        Finding("a refusal without a session token", what)
        for what, value in places.items()
        if isinstance(value, str) and _TOKEN.fullmatch(value)
    ]


def _no_disguised_password(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    """Hold a response against the password of its request, and against those of the account that sent it.

    A response that repeats the URL of its request, as routers do, gives nothing away.
    """
    sent = field_of(exchange.request_json, params["request"])
    passwords = {sent} if _telling(sent) else set()
    for account in rules.memory.traces.accounts_of(exchange):
        passwords |= rules.memory.traces.passwords.get(account, set())
    if not passwords or exchange.response is None or exchange.call.generated:
        return None
    if exchange.is_success and _telling(sent):
        for account in rules.memory.traces.accounts_of(exchange):
            rules.memory.traces.passwords.setdefault(account, set()).add(sent)
    request = f"{exchange.url} {exchange.request_text}"
    places = "\0".join(_places(exchange))
    found = {
        what
        for password in passwords
        for form, what in forms(password).items()
        if form in places and not (form == sent or form in request)
    }
    return [Finding("a response without the password, in whatever form", what) for what in sorted(found)]


def _telling(value: Any) -> bool:
    """Return whether a password is long and mixed enough to be told from other text."""
    return isinstance(value, str) and len(value) >= _LONG_ENOUGH and len(set(value)) >= _DISTINCT


def _no_other_token(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    """Hold a response against the tokens that earlier ones handed out, but for its own and those of the request."""
    if exchange.response is None:
        return None
    own = rules.memory.traces.handed_out(exchange)
    request = "\n".join([exchange.url, *(value for _, value in exchange.request_headers)])
    everything = "\n".join([exchange.response_text, *(value for _, value in exchange.response.headers)])
    shown = rules.memory.traces.token_texts.within(everything)
    others = [token for token in shown if token not in own and token not in request]
    found = [Finding("no token of another session", "a token that another response handed out")] if others else []
    if _SESSIONS_NAMED.search(exchange.response_text) and _lists_sessions(exchange.response_json):
        found.append(Finding("no other sessions", "a list of sessions, with the devices or addresses of their users"))
    return found


def _lists_sessions(value: Any) -> bool:
    """Return whether several sessions of a user stand in a body, told by what only such have."""
    if isinstance(value, list):
        return any(map(_lists_sessions, value))
    if not isinstance(value, dict):
        return False
    for name, inner in value.items():
        if _SESSIONS.fullmatch(name) and isinstance(inner, list) and len(inner) > 1:
            if all(isinstance(item, dict) and _OF_A_DEVICE & {key.lower() for key in item} for item in inner):
                return True
        elif _lists_sessions(inner):
            return True
    return False


def _no_trace(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    """Hold the headers of every response, and the body of a success, against what only the inside knows."""
    if exchange.response is None:
        return None
    headers = [(value, _IN_HEADERS, f"the header {name}") for name, value in exchange.response.headers]
    with_body = exchange.is_success and not exchange.call.generated
    bodies = [(text, (_TRACE,), "the body") for text in exchange.response_texts] if with_body else []
    found = [(what, hit, where) for text, kinds, where in (*headers, *bodies) for what, hit in _internals(text, kinds)]
    found += [
        ("a file path", hit[0], f"the header {name}")
        for name, value in exchange.response.headers
        if name.lower() not in _OF_URLS and (hit := _SOURCE_FILE.search(value))
    ]
    if not found:
        return []
    request = "\n".join([unquote(exchange.url), exchange.request_text, *exchange.request_texts])
    return [
        Finding("nothing of the inside", f"{what} in {where}: {shown(hit, 80)}")
        for what, hit, where in found
        if hit not in request
    ]


def _internals(text: str, kinds: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for what, pattern in INTERNALS:
        if what in kinds and (hit := pattern.search(text)):
            yield what, hit[0]


KINDS: Final[dict[str, Check]] = {
    "no-token": _no_token,
    "refused-without-token": _refused_without_token,
    "no-disguised-password": _no_disguised_password,
    "no-other-token": _no_other_token,
    "no-trace": _no_trace,
}
