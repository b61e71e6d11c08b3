"""The rules for refusals: their media type, their shape, and a status in the body that is that of HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from conformance.checks.base import BELOW_THE_API, Basis, Check, Finding, Params
from conformance.values import MISSING, exactly, shown
from conformance.values import field as field_of
from conformance.wire.exchange import Exchange


def _is_client_error(exchange: Exchange) -> bool:
    return 400 <= exchange.status < 500 and exchange.status not in BELOW_THE_API and exchange.call.method != "HEAD"


def _has_status(exchange: Exchange, statuses: Iterable[int], rules: Basis) -> bool:
    return exchange.status in rules.contract.accepted(exchange.call.operation, statuses)


def _error_media_type(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if not _is_client_error(exchange) or exchange.response is None or not exchange.response.body:
        return None
    if exchange.response.says_json:
        return []
    return [Finding("an error in application/json", exchange.response.header("content-type") or "no Content-Type")]


def _error_shape(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if not _is_client_error(exchange) or exchange.response is None:
        return None
    if params.get("reads") and not _is_read_of_one(exchange, rules):
        return None
    if not exchange.response.body.strip():
        if _has_status(exchange, params.get("tolerates_empty", ()), rules):
            return None
        return [Finding("an error body", f"status {exchange.status} with an empty body")]
    body = exchange.response_json
    if body is MISSING:
        return [Finding("an error body that is JSON", shown(exchange.response.text, 80))]
    shapes = [
        shape["fields"]
        for shape in params["shapes"]
        if _has_status(exchange, shape.get("statuses", (exchange.status,)), rules)
    ]
    if any(_has(body, fields) for fields in shapes):
        return []
    return [Finding(" or ".join(map(_in_words, shapes)), shown(body))]


def _is_read_of_one(exchange: Exchange, rules: Basis) -> bool:
    """Return whether what an operation creates was asked for by its id, whatever that looks like."""
    parent, _, name = exchange.call.path.partition("?")[0].rpartition("/")
    paths = {operation.path for operation in rules.contract.operations.values()}
    return exchange.call.method == "GET" and parent in paths and name.replace("_", "").replace("-", "").isalnum()


def _has(body: Any, fields: Mapping[str, str]) -> bool:
    return all(_VALUES[kind](field_of(body, name)) for name, kind in fields.items())


def _in_words(fields: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{name}: {kind}' for name, kind in fields.items())}}}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_text_or_texts(value: Any) -> bool:
    return _is_text(value) or (isinstance(value, list) and all(map(_is_text, value)))


_VALUES: Final = {"number": _is_number, "text": _is_text, "text or texts": _is_text_or_texts}


def _error_body(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if not _has_status(exchange, params["value"], rules) or exchange.response is None or exchange.call.method == "HEAD":
        return None
    return [] if exchange.response.body.strip() else [Finding("an error body", "an empty body")]


def _error_status(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    name = params["value"]
    status = field_of(exchange.response_json, name)
    if exchange.status < 400 or status is MISSING:
        return None
    return [] if exactly(status, exchange.status) else [Finding(f"{name} {exchange.status}", shown(status))]


KINDS: Final[dict[str, Check]] = {
    "error-media-type": _error_media_type,
    "error-shape": _error_shape,
    "error-body": _error_body,
    "error-status": _error_status,
}
