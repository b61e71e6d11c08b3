"""Exchanges as evidence that may be shown to anybody: masked, bounded, and as a curl line."""

from __future__ import annotations

import json
import shlex
from typing import Any, Final

from conformance.masking import Masker
from conformance.values import MISSING, visible
from conformance.wire.exchange import Exchange

EVIDENCE_BYTES: Final = 4096


def evidence(exchange: Exchange, masker: Masker) -> dict[str, Any]:
    """Return an exchange as JSON data for the reports: masked and bounded."""
    response = exchange.response
    return {
        "number": exchange.number,
        "operation": exchange.call.operation,
        "summary": masker.text(exchange.summary),
        "request": {
            "method": exchange.call.method,
            "url": masker.text(exchange.url),
            "headers": masker.headers(exchange.request_headers),
            "body": _body(exchange.request_body, exchange.request_json, masker),
        },
        "response": None
        if response is None
        else {
            "status": response.status,
            "headers": masker.headers(response.headers),
            "body": _body(response.body, response.json, masker),
        },
        "failure": exchange.failure and masker.text(exchange.failure),
        "seconds": round(exchange.seconds, 4),
        "curl": curl(exchange, masker),
    }


def curl(exchange: Exchange, masker: Masker) -> str:
    """Return a curl line for a shell that sends the request again, with secrets as `***`."""
    words = ["curl", "-sS", "-i", "-X", exchange.call.method, masker.text(exchange.url)]
    hidden = {"host", "content-length", "accept-encoding", "connection", "user-agent"}
    for name, value in masker.headers(exchange.request_headers):
        if name.lower() not in hidden:
            words += ["-H", f"{name}: {value}"]
    if exchange.request_body:
        words += ["--data-raw", _body(exchange.request_body, exchange.request_json, masker)]
    return shlex.join(words)


def _body(raw: bytes, value: Any, masker: Masker) -> str:
    if value is MISSING or len(raw) > 50 * EVIDENCE_BYTES:
        text = masker.text(raw[: 50 * EVIDENCE_BYTES].decode("utf-8", "backslashreplace"))
    else:
        try:
            text = json.dumps(masker.value(value), ensure_ascii=False)
        except RecursionError:
            text = masker.text(raw.decode("utf-8", "backslashreplace"))
    text = visible(text)
    return text if len(text) <= EVIDENCE_BYTES else f"{text[:EVIDENCE_BYTES]}… ({len(raw)} bytes)"
