"""The rules of HTTP and JSON for every response: one value of a header, the charset that is told, names once."""

from __future__ import annotations

from email.message import Message
from typing import Final

from conformance.checks.base import Basis, Check, Finding, Params
from conformance.values import in_pairs
from conformance.wire.exchange import Exchange, Response


def _one_value(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    """A header that comes twice with one and the same value tells one thing."""
    if exchange.response is None:
        return None
    told = {name: _values(exchange.response, name) for name in params["value"]}
    if not any(told.values()):
        return None
    return [
        Finding(f"one value of {name}", f"{len(values)} that differ")
        for name, values in told.items()
        if len(values) > 1
    ]


def _values(response: Response, wanted: str) -> set[str]:
    return {value.strip() for name, value in response.headers if name.lower() == wanted.lower()}


def _charset(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    """JSON is UTF-8 (RFC 8259 section 8.1): another charset is told wrongly, unless it reads the same."""
    response = exchange.response
    if response is None or not response.says_json or response.body.isascii():
        return None
    header = Message()
    header["content-type"] = response.header("content-type") or ""
    charset = header.get_content_charset()
    if charset is None:
        return []
    try:
        same = response.body.decode(charset) == response.body.decode("utf-8")
    except UnicodeDecodeError:
        same = False
    except LookupError:
        return None
    return [] if same else [Finding("a body in the charset that is told", f"charset {charset}, which it is not in")]


def _names_once(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if exchange.response is None or not isinstance(exchange.response_json, dict | list):
        return None
    _, twice = in_pairs(exchange.response.text)
    return [Finding("each name once in an object", f"`{name}` twice") for name in twice]


def _head_without_body(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if exchange.call.method != "HEAD" or exchange.response is None:
        return None
    excess = exchange.response.excess
    return [Finding("no body in a response to HEAD", f"{excess} bytes behind the headers")] if excess else []


KINDS: Final[dict[str, Check]] = {
    "one-value": _one_value,
    "charset": _charset,
    "names-once": _names_once,
    "head-without-body": _head_without_body,
}
