"""The audit of a run: could its passive checks have failed here at all?

After a run its recorded exchanges are gone through once more, in memory. One thing is changed in each, as a broken
target would have it, and the passive rules are held against the changed exchange. A requirement that was decided, and
that no change makes fail, was vacuous in this run: its pass says nothing.
"""

from __future__ import annotations

import json
import pickle
from base64 import b64encode
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from conformance.contract.catalogue import Catalogue, Requirement, Secrets
from conformance.values import MISSING, field, first_field, without
from conformance.wire.exchange import Exchange, Response

KEPT_BYTES: Final = 100_000
"""Exchanges with larger bodies are left out of an audit."""
_LIKE_EACH_OTHER: Final = 6
"""How many exchanges of one operation, status and intent are changed."""
_DEEPEST: Final = 4
_BEFORE: Final = "1970-01-01T00:00:00.000Z"
_AFTER: Final = "2999-01-01T00:00:00.000Z"
_HASH: Final = "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"
_TRACE: Final = "Error: at handler (/usr/src/app/dist/server.js:118:23)"
_STATUSES: Final = (500, 418)
_SECONDS: Final = 600.0
_DISTINCT: Final = 12


class Judge(Protocol):
    """The passive rules: they yield each requirement that an exchange decides, with its findings.

    `memory` is what they remember from one exchange for the next: plain data, which can be pickled.
    """

    memory: Any

    def apply(
        self, exchange: Exchange, only: Collection[str] | None = None
    ) -> Iterable[tuple[Requirement, list[Any]]]: ...


@dataclass(frozen=True)
class Audit:
    """Which of the decided passive requirements could have failed: `able`, and those that could not: `vacuous`."""

    able: tuple[str, ...]
    vacuous: tuple[str, ...]

    def to_data(self) -> dict[str, Any]:
        """Return the audit as JSON data."""
        return {"able": len(self.able), "of": len(self.able) + len(self.vacuous), "vacuous": list(self.vacuous)}


@dataclass
class _Earlier:
    """Values of earlier exchanges: by operation and place those of responses, by actor those of requests."""

    responses: dict[tuple[str, str], Any]
    requests: dict[str, str]
    passwords: dict[str, str]
    tokens: dict[str, str]

    def secrets(self, exchange: Exchange) -> Iterator[str]:
        """Yield, in base64, the password of whoever sent a request, and the token of another session."""
        if exchange.call.actor in self.passwords:
            yield b64encode(self.passwords[exchange.call.actor].encode("utf-8", "replace")).decode()
        yield from (token for actor, token in self.tokens.items() if actor != exchange.call.actor)


def _shape(exchange: Exchange) -> frozenset[str]:
    """Return the fields of a response beside the operations, which tell a customer that is read from a session."""
    body = exchange.response_json
    return frozenset(body) if not exchange.call.operation and isinstance(body, dict) else frozenset()


def is_kept(exchange: Exchange) -> bool:
    """Return whether an exchange is small enough for an audit."""
    body = exchange.response.body if exchange.response is not None else b""
    return len(exchange.request_body) + len(body) <= KEPT_BYTES


def audit(exchanges: Iterable[Exchange], catalogue: Catalogue, decided: Iterable[str], judge: Judge) -> Audit:
    """Return which of the decided passive requirements a change of one exchange makes fail.

    The exchanges are those of a run, in their order; `judge` has not seen any yet. Of exchanges that are like each
    other only some are changed, and none where all of its operation's requirements have failed already.
    """
    wanted = {name for name in decided if catalogue.by_id[name].rule is not None}
    able: set[str] = set()
    earlier = _Earlier({}, {}, {}, {})
    changed: Counter[tuple[str, int, str, frozenset[str]]] = Counter()
    for exchange in exchanges:
        rows = [row for row in catalogue if row.id in wanted - able and row.operation == _owner(exchange)]
        like = (_owner(exchange), exchange.status, exchange.call.intent, _shape(exchange))
        if rows and changed[like] < _LIKE_EACH_OTHER:
            changed[like] += 1
            able |= _made_to_fail(exchange, rows, earlier, judge)
        able |= {row.id for row, findings in judge.apply(exchange) if findings}
        _remember(exchange, earlier, catalogue)
    order = [row.id for row in catalogue if row.id in wanted]
    return Audit(tuple(name for name in order if name in able), tuple(name for name in order if name not in able))


def _owner(exchange: Exchange) -> str:
    return exchange.call.operation or "general"


def _made_to_fail(exchange: Exchange, rows: list[Requirement], earlier: _Earlier, judge: Judge) -> set[str]:
    """Return the rows that fail on a changed exchange; the judge forgets what it saw in it."""
    before = judge.memory
    judge.memory = pickle.loads(pickle.dumps(before))
    missing = {row.id for row in rows}
    found: set[str] = set()
    for change in _changes(exchange, rows, earlier):
        found |= {row.id for row, findings in judge.apply(change, missing - found) if findings}
        if found == missing:
            break
    judge.memory = before
    return found


def _changes(exchange: Exchange, rows: Iterable[Requirement], earlier: _Earlier) -> Iterator[Exchange]:
    """Yield the exchange with one thing changed, for each thing that a broken target may do."""
    response = exchange.response
    yield replace(exchange, response=None, failure="the connection ended in the middle of the response")
    yield replace(exchange, seconds=_SECONDS)
    if response is None:
        return
    for status in _STATUSES:
        yield replace(exchange, response=replace(response, status=status))
    for changed in _other_headers(response, earlier, _owner(exchange)):
        yield replace(exchange, response=changed)
    if exchange.call.method == "HEAD":
        yield replace(exchange, response=replace(response, excess=1))
    for raw in (b"", b"<html><body>Oops</body></html>", b"[]", b'"text"', b'{"once": 1, "once": 2}'):
        yield replace(exchange, response=replace(response, body=raw))
    if isinstance(response.json, dict):
        yield from _without_both(exchange, response, rows)
        yield replace(exchange, response=_in_another_charset(response))
        for value in _other_bodies(exchange, response.json, rows, earlier):
            raw = json.dumps(value, ensure_ascii=True).encode()
            yield replace(exchange, response=replace(response, body=raw))


def _other_headers(response: Response, earlier: _Earlier, owner: str) -> Iterator[Response]:
    """Yield the response with one header missing, empty, with an earlier response's value, or of another media type."""
    for number, (name, _) in enumerate(response.headers):
        others = response.headers[:number], response.headers[number + 1 :]
        yield replace(response, headers=(*others[0], *others[1]))
        yield replace(response, headers=(*response.headers, (name, f"{response.headers[number][1]}x")))
        values = ["", earlier.responses.get((owner, f"header {name.lower()}"))]
        values += ["text/plain", "application/json; charset=utf-16"] if name.lower() == "content-type" else []
        for value in values:
            if isinstance(value, str):
                yield replace(response, headers=(*others[0], (name, value), *others[1]))


def _other_bodies(
    exchange: Exchange, body: dict[str, Any], rows: Iterable[Requirement], earlier: _Earlier
) -> Iterator[dict[str, Any]]:
    for path, value in _places(body):
        yield without(body, path)
        for other in _other_values(value):
            yield _with(body, path, other)
        repeated = earlier.responses.get((_owner(exchange), path), MISSING)
        if repeated is not MISSING and repeated != value:
            yield _with(body, path, repeated)
    for path in {path for row in rows for path in _named(row, "response")}:
        for value in ("x", 4711, _AFTER):
            yield _with(body, path, value)
    for secret in _secrets(exchange, rows, earlier):
        yield {**body, "note": secret}
    yield {**body, "passwordHash": _HASH}


def _in_another_charset(response: Response) -> Response:
    """Return the response with a letter beyond ASCII, in another charset than the one that is announced."""
    others = tuple(pair for pair in response.headers if pair[0].lower() != "content-type")
    raw = json.dumps({**response.json, "note": "é"}, ensure_ascii=False).encode()
    return replace(response, headers=(*others, ("content-type", "application/json; charset=iso-8859-1")), body=raw)


def _without_both(exchange: Exchange, response: Response, rows: Iterable[Requirement]) -> Iterator[Exchange]:
    """Yield the response without the header and without the field of a rule that wants either."""
    for row in rows:
        for params in (row.rule or {}).values():
            if isinstance(params, dict) and {"header", "field"} <= set(params):
                headers = tuple(pair for pair in response.headers if pair[0].lower() != params["header"])
                raw = json.dumps(without(response.json, params["field"])).encode()
                yield replace(exchange, response=replace(response, headers=headers, body=raw))


def _secrets(exchange: Exchange, rows: Iterable[Requirement], earlier: _Earlier) -> Iterator[str]:
    """Yield what a response must not hold: texts and the token of the request, internals, and others' data."""
    for path in {path for row in rows for path in _named(row, "request")}:
        text = field(exchange.request_json, path)
        if isinstance(text, str):
            yield text
    if exchange.call.token:
        yield exchange.call.token
    yield _TRACE
    yield from earlier.secrets(exchange)
    yield from (text for actor, text in earlier.requests.items() if actor != exchange.call.actor)


def _named(row: Requirement, side: str) -> Iterator[str]:
    """Yield the places of a request or a response that a rule names, where it may lack them."""
    for params in (row.rule or {}).values():
        told = params.get(side) if isinstance(params, dict) else params if side == "response" else None
        for path in [told] if isinstance(told, str) else told or ():
            if isinstance(path, str):
                yield path


def _other_values(value: Any) -> Iterator[Any]:
    """Yield values of the same and of other types in place of one."""
    if isinstance(value, bool):
        yield from (None, not value, "x")
    elif isinstance(value, str):
        yield from (None, 4711, "", f"{value}x", _BEFORE)
    elif isinstance(value, int | float):
        yield from (None, value + 1, str(value), {})
    elif value is None:
        yield from ("x", 4711, _AFTER)
    elif isinstance(value, list):
        yield from (None, [], {}, "x")
    else:
        yield from (None, {}, [], "x")


def _places(value: Any, path: str = "", depth: int = _DEEPEST) -> Iterator[tuple[str, Any]]:
    """Yield the members of an object, and of the objects in it, each with its place."""
    if not isinstance(value, dict) or depth == 0:
        return
    for name, item in value.items():
        place = f"{path}.{name}" if path else name
        yield place, item
        yield from _places(item, place, depth - 1)


def _with(body: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    name, _, rest = path.partition(".")
    inner = body.get(name)
    return {**body, name: _with(inner if isinstance(inner, dict) else {}, rest, value) if rest else value}


def _remember(exchange: Exchange, earlier: _Earlier, catalogue: Catalogue) -> None:
    response, owner = exchange.response, _owner(exchange)
    if response is not None and exchange.is_success:
        for path, value in _places(response.json):
            if isinstance(value, str | int) and not isinstance(value, bool):
                earlier.responses[owner, path] = value
        for name, text in response.headers:
            earlier.responses[owner, f"header {name.lower()}"] = text
    if exchange.is_success and exchange.call.actor and exchange.call.token:
        earlier.tokens.setdefault(exchange.call.actor, exchange.call.token)
    password = first_field(exchange.request_json, catalogue.secrets.get(owner, Secrets()).request)
    account = first_field(exchange.request_json, catalogue.accounts.get(owner, ()))
    if isinstance(password, str) and isinstance(account, str):
        earlier.passwords.setdefault(exchange.call.actor or account, password)
    text = first_field(exchange.request_json, catalogue.private.get(owner, ()))
    if exchange.is_success and exchange.call.actor and isinstance(text, str) and len(text) > _DISTINCT:
        earlier.requests.setdefault(exchange.call.actor, text)
