"""All exchanges of a run as an HTTP archive (HAR 1.2), which browsers and proxies read: masked as evidence is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from conformance import __version__
from conformance.wire.exchange import Exchange

MOST: Final = 10_000
_STATUSES: Final = frozenset(HTTPStatus)
_NAME: Final = "merchant-onboarding-conformance"


def archive(
    exchanges: Iterable[Exchange], tell: Callable[[Exchange], dict[str, Any]], left_out: int = 0
) -> Iterator[str]:
    """Yield the text of an archive of the first ten thousand exchanges, an entry a line.

    `tell` returns an exchange as masked data, as `without_curl` does.
    """
    head = {"version": "1.2", "creator": {"name": _NAME, "version": __version__}}
    more, entries = left_out, 0
    yield f'{{"log": {json.dumps(head)[:-1]}, "entries": ['
    for exchange in exchanges:
        if entries < MOST:
            yield ("\n" if not entries else ",\n") + json.dumps(entry(exchange, tell(exchange)), ensure_ascii=False)
            entries += 1
        else:
            more += 1
    comment = f"{more} later exchanges are left out; " if more else ""
    yield f'\n], "comment": {json.dumps(f"{comment}secrets are ***, and long bodies are cut")}}}}}\n'


def entry(exchange: Exchange, told: dict[str, Any]) -> dict[str, Any]:
    """Return an exchange, told as masked data, as an entry of an archive.

    One without a response has the status 0, as browsers write it.
    """
    milliseconds = round(exchange.seconds * 1000, 3)
    found = {
        "startedDateTime": datetime.fromtimestamp(exchange.began, UTC).isoformat(timespec="milliseconds"),
        "time": milliseconds,
        "request": _request(told["request"], exchange),
        "response": _response(told["response"] or {"status": 0, "headers": [], "body": ""}, exchange),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "comment": f"no. {exchange.number}: {exchange.call.operation or 'beside the operations'}",
    }
    return found if told["failure"] is None else {**found, "_error": told["failure"]}


def _request(told: dict[str, Any], exchange: Exchange) -> dict[str, Any]:
    query = parse_qsl(urlsplit(told["url"]).query, keep_blank_values=True)
    found = {
        "method": told["method"],
        "url": told["url"],
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(told["headers"]),
        "queryString": _pairs(query),
        "headersSize": -1,
        "bodySize": len(exchange.request_body),
    }
    if told["body"]:
        found["postData"] = {"mimeType": _header(told["headers"], "content-type"), "text": told["body"]}
    return found


def _response(told: dict[str, Any], exchange: Exchange) -> dict[str, Any]:
    size = len(exchange.response.body) if exchange.response is not None else 0
    known = told["status"] in _STATUSES
    return {
        "status": told["status"],
        "statusText": HTTPStatus(told["status"]).phrase if known else "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(told["headers"]),
        "content": {"size": size, "mimeType": _header(told["headers"], "content-type"), "text": told["body"]},
        "redirectURL": _header(told["headers"], "location"),
        "headersSize": -1,
        "bodySize": size,
    }


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _header(headers: Iterable[tuple[str, str]], wanted: str) -> str:
    return next((value for name, value in headers if name.lower() == wanted), "")
