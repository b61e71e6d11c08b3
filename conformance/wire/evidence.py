"""Exchanges as evidence that may be shown to anybody: masked, bounded, and as a curl line."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from conformance.masking import Masker
from conformance.values import MISSING, parse_json, visible
from conformance.wire.exchange import Exchange

EVIDENCE_BYTES: Final = 4096
_BODY_IN_SHORT: Final = 600
_MOST_KEPT: Final = 2_000
_MUCH, _MOST = 4 * EVIDENCE_BYTES, 50 * EVIDENCE_BYTES
_LONGEST_SECRET: Final = 2 * EVIDENCE_BYTES


class MaskedOnce:
    """What the reports tell of the exchanges of a run: each of the first thousands is masked once."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self.kept: dict[int, dict[str, Any]] = {}

    def of(self, exchange: Exchange) -> dict[str, Any]:
        """Return an exchange as `without_curl` does. What is kept is shared: it is not to be changed."""
        found = self.kept.get(exchange.number)
        if found is None:
            found = without_curl(exchange, self._masker)
            if len(self.kept) < _MOST_KEPT:
                self.kept[exchange.number] = found
        return found

    def take(self, kept: Mapping[int, dict[str, Any]]) -> None:
        """Keep what another process has masked, by the numbers of the exchanges."""
        self.kept.update(kept)


def evidence(exchange: Exchange, masker: Masker) -> dict[str, Any]:
    """Return an exchange as JSON data for the reports: masked and bounded, with a curl line that sends it again."""
    return with_curl(without_curl(exchange, masker))


def with_curl(told: dict[str, Any]) -> dict[str, Any]:
    """Return an exchange that was told without a curl line with one."""
    return {**told, "curl": _curl(told["request"])}


def without_curl(exchange: Exchange, masker: Masker) -> dict[str, Any]:
    """Return an exchange as JSON data for those who have no use for a curl line."""
    response = exchange.response
    request = {
        "method": exchange.call.method,
        "url": masker.text(exchange.url),
        "headers": masker.headers(exchange.request_headers),
        "body": _sent(exchange, masker),
    }
    return {
        "number": exchange.number,
        "operation": exchange.call.operation,
        "summary": masker.text(exchange.summary),
        "request": request,
        "response": None
        if response is None
        else {
            "status": response.status,
            "headers": masker.headers(response.headers),
            "body": _body(response.body, response.json, masker),
        },
        "failure": exchange.failure and masker.text(exchange.failure),
        "seconds": round(exchange.seconds, 4),
    }


def in_short(exchange: Exchange, masker: Masker) -> dict[str, Any]:
    """Return an exchange that led to another one as JSON data: masked, its bodies cut short."""
    response = exchange.response
    came = _body(response.body, response.json, masker) if response is not None else ""
    return {
        "number": exchange.number,
        "summary": masker.text(exchange.summary),
        "request": _cut(_body(exchange.request_body, exchange.request_json, masker)),
        "response": _cut(came),
    }


def _cut(text: str) -> str:
    return text if len(text) <= _BODY_IN_SHORT else f"{text[:_BODY_IN_SHORT]}…"


def _curl(request: Mapping[str, Any]) -> str:
    """Return a curl line for a shell that sends a masked request again, with secrets as `***`."""
    words = ["curl", "-sS", "-i", "-X", request["method"], request["url"]]
    hidden = {"host", "content-length", "accept-encoding", "connection", "user-agent"}
    for name, value in request["headers"]:
        if name.lower() not in hidden:
            words += ["-H", f"{name}: {value}"]
    if request["body"]:
        words += ["--data-raw", request["body"]]
    return shlex.join(words)


def as_text(value: Any, deep: int = 2) -> str:
    """Return JSON data as text for a reader: a line for each name of the first two levels.

    The encoder of the standard library is twenty times slower where it has to indent.
    """
    if not deep or not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    blank = " " * (3 - deep)
    lines = [f"{blank}{json.dumps(name)}: {as_text(item, deep - 1)}" for name, item in value.items()]
    return "{\n" + ",\n".join(lines) + f"\n{blank[1:]}}}"


def _sent(exchange: Exchange, masker: Masker) -> str:
    """Return the body of a request; short JSON of an unusual form as it was written, since its form may be the breach.

    It may be laid out in lines, have escapes, or a name twice. What is masked in it has to be what is masked elsewhere.
    """
    raw, value = exchange.request_body, exchange.request_json
    told = _body(raw, value, masker)
    if exchange.call.json is not MISSING or value is MISSING or len(raw) > EVIDENCE_BYTES:
        return told
    text = masker.text(raw.decode())
    written = visible(text)
    with suppress(RecursionError):
        if written != told and parse_json(text.encode()) == masker.value(value):
            return written
    return told


def _body(raw: bytes, value: Any, masker: Masker) -> str:
    if value is MISSING or len(raw) > _MOST:
        text = _beginning(raw, masker)
    else:
        try:
            text = masker.json(value)
        except RecursionError:
            text = masker.text(raw.decode("utf-8", "backslashreplace"))
    text = visible(text)
    return text if len(text) <= EVIDENCE_BYTES else f"{text[:EVIDENCE_BYTES]}… ({len(raw)} bytes)"


def _beginning(raw: bytes, masker: Masker) -> str:
    """Return what a long body begins with, masked: of more than is shown, since a secret may begin before the end."""
    text = masker.text(raw[:_MUCH].decode("utf-8", "backslashreplace"))
    if len(raw) > _MUCH and len(text) < EVIDENCE_BYTES + _LONGEST_SECRET:
        text = masker.text(raw[:_MOST].decode("utf-8", "backslashreplace"))
    return text
