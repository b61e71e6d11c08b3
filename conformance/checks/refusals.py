"""The rules for refusals: their media type, their shape, and a status in the body that is that of HTTP."""

from __future__ import annotations

from typing import Any, Final

from conformance.checks.base import BELOW_THE_API, Basis, Check, Finding, Params
from conformance.values import MISSING, exactly, shown
from conformance.values import field as field_of
from conformance.wire.exchange import Exchange


def _is_client_error(exchange: Exchange) -> bool:
    return 400 <= exchange.status < 500 and exchange.status not in BELOW_THE_API and exchange.call.method != "HEAD"


def _error_media_type(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if not _is_client_error(exchange) or exchange.response is None or not exchange.response.body:
        return None
    if exchange.response.says_json:
        return []
    return [Finding("an error in application/json", exchange.response.header("content-type") or "no Content-Type")]


def _error_shape(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if not _is_client_error(exchange) or exchange.response is None:
        return None
    if not exchange.response.body.strip():
        if exchange.status in params.get("tolerates_empty", ()):
            return None
        return [Finding("an error body", f"status {exchange.status} with an empty body")]
    body = exchange.response_json
    if body is MISSING:
        return [Finding("an error body that is JSON", shown(exchange.response.text, 80))]
    if _is_status_error(body) or _is_code_error(body) or (exchange.status == 400 and _has_message(body)):
        return []
    wanted = "{statusCode: number, message: text or texts, error: text} or {code: text, message: text}"
    return [Finding(wanted, shown(body))]


def _has_text(body: Any, name: str) -> bool:
    return isinstance(field_of(body, name), str)


def _is_status_error(body: Any) -> bool:
    status = field_of(body, "statusCode")
    counted = isinstance(status, int | float) and not isinstance(status, bool)
    return counted and _has_message(body) and _has_text(body, "error")


def _has_message(body: Any) -> bool:
    message = field_of(body, "message")
    return isinstance(message, str) or (isinstance(message, list) and all(isinstance(item, str) for item in message))


def _is_code_error(body: Any) -> bool:
    return _has_text(body, "code") and _has_text(body, "message")


def _error_body(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if exchange.status not in params["value"] or exchange.response is None or exchange.call.method == "HEAD":
        return None
    return [] if exchange.response.body.strip() else [Finding("an error body", "an empty body")]


def _error_status(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    status = field_of(exchange.response_json, "statusCode")
    if exchange.status < 400 or status is MISSING:
        return None
    return [] if exactly(status, exchange.status) else [Finding(f"statusCode {exchange.status}", shown(status))]


KINDS: Final[dict[str, Check]] = {
    "error-media-type": _error_media_type,
    "error-shape": _error_shape,
    "error-body": _error_body,
    "error-status": _error_status,
}
