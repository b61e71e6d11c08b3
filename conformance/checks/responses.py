"""The rules for every response: that it comes, in time, with a documented status, media type, schema and headers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from statistics import median
from typing import Final

from conformance.checks.base import BELOW_THE_API, BY_POLICY, Basis, Check, Finding, Params, documented_success
from conformance.checks.places import is_missing, nearest
from conformance.contract.document import Contract
from conformance.contract.schemas import SchemaBreach
from conformance.values import MISSING, shown
from conformance.values import field as field_of
from conformance.wire.exchange import Exchange, Intent

_REFUSES_BY_POLICY: Final = BY_POLICY | {HTTPStatus.CONFLICT}
_BETWEEN_WORDS: Final = re.compile(r"[\s_-]")


def unavailable(exchange: Exchange, cases: Iterable[Params], contract: Contract) -> str | None:
    """A response that lawfully withholds an operation (a captcha, a limit): returns the reason, or None."""
    for case in cases:
        withheld = exchange.status in contract.accepted(exchange.call.operation, case["statuses"])
        if withheld and re.search(case["says"], exchange.response.text if exchange.response else ""):
            return str(case["reason"])
    return None


def _answered(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if exchange.failure is None:
        return []
    return [Finding("a complete HTTP response within the time limit", exchange.failure)]


def _in_time(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    """Slow is what takes seconds, and many times as long as valid requests of the operation usually do."""
    key = exchange.call.operation or ""
    usual = rules.memory.durations.setdefault(key, [])
    if exchange.is_success and exchange.call.intent == Intent.VALID:
        usual.append(exchange.seconds)
        return []
    if exchange.response is None or not usual:
        return None
    bound = max(params["seconds"], params["times"] * median(usual))
    found = Finding(f"a response within {bound:.1f} s", f"one after {exchange.seconds:.1f} s")
    return [] if exchange.seconds <= bound else [found]


def _no_server_error(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if exchange.response is None:
        return None
    return [Finding("no 5xx", f"status {exchange.status}")] if exchange.status >= 500 else []


def _accepts(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if exchange.call.intent != Intent.VALID or exchange.response is None or exchange.status >= 500:
        return None
    if unavailable(exchange, params.get("tolerates", ()), rules.contract) or _token_is_new(exchange, rules):
        return None
    if asked_for(exchange, params.get("asks_for", ()), rules.contract):
        return None
    if exchange.status in params["statuses"]:
        return []
    wanted = " or ".join(map(str, params["statuses"]))
    return [Finding(f"status {wanted} for a valid request", f"status {exchange.status}")]


def asked_for(exchange: Exchange, paths: Iterable[str], contract: Contract) -> str | None:
    """Return the path of the field that a refusal asks for and the request lacks, of those given, or None."""
    if exchange.response is None or exchange.status not in contract.accepted(exchange.call.operation, (400,)):
        return None
    told = _BETWEEN_WORDS.sub("", exchange.response.text).casefold()
    for path in paths:
        name = path.rpartition(".")[2]
        if name not in exchange.request_text and name.casefold() in told:
            return path
    return None


def _token_is_new(exchange: Exchange, rules: Basis) -> bool:
    """A 401 for a token that never worked says something about where the token came from, not about this operation."""
    if exchange.is_success and exchange.call.token:
        rules.memory.tokens.add(exchange.call.token)
    token = exchange.call.token
    refused = exchange.status in rules.contract.accepted(exchange.call.operation, (HTTPStatus.UNAUTHORIZED,))
    return refused and token is not None and token not in rules.memory.tokens


def _documented(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if exchange.response is None or exchange.status >= 500:
        return None
    operation = rules.contract.operations[exchange.call.operation or ""]
    if exchange.status in operation.bodies or exchange.status in BELOW_THE_API or _is_policy(exchange):
        return []
    known = ", ".join(map(str, sorted(operation.bodies)))
    return [Finding(f"a documented status ({known})", f"status {exchange.status}")]


def _is_policy(exchange: Exchange) -> bool:
    """Return whether a refusal may be a rule of the target's own (contract: "Policy is not breach")."""
    if exchange.call.intent == Intent.UNUSUAL:
        return 400 <= exchange.status < 500
    return exchange.call.intent != Intent.VALID and exchange.status in _REFUSES_BY_POLICY


def _media_type(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if not documented_success(exchange, rules) or exchange.response is None:
        return None
    if exchange.response.says_json:
        return []
    return [Finding("Content-Type application/json", exchange.response.header("content-type") or "no Content-Type")]


def _schema(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if not documented_success(exchange, rules) or exchange.response is None:
        return None
    return [
        _departure(exchange, breach, rules)
        for breach in _schema_breaches(exchange, rules)
        if rules.schema_owner(exchange.call.operation or "", breach.path) == params["id"]
        and not _repeats(exchange, breach)
    ]


def _departure(exchange: Exchange, breach: SchemaBreach, rules: Basis) -> Finding:
    expected = f"`{breach.path or 'the body'}` {breach.expected}"
    if breach.got is not MISSING:
        return Finding(expected, shown(breach.got), breach.path)
    instead = nearest(exchange, breach.path, rules)
    return Finding(expected, is_missing(breach.path, instead), instead)


def _repeats(exchange: Exchange, breach: SchemaBreach) -> bool:
    """A field that the request had, wrong perhaps: that it was accepted is told by the check that sent it."""
    return (
        breach.path != ""
        and exchange.call.intent != Intent.VALID
        and field_of(exchange.request_json, breach.path.partition(".")[0]) is not MISSING
    )


def _schema_breaches(exchange: Exchange, rules: Basis) -> tuple[SchemaBreach, ...]:
    if exchange.response_json is MISSING:
        text = exchange.response.text if exchange.response else ""
        return (SchemaBreach("", "to be JSON", text[:100]),)
    return rules.schema_breaches(exchange)


def _header(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    name = params["value"]
    if not documented_success(exchange, rules) or exchange.response is None or exchange.response.header(name) is None:
        return None
    value = exchange.response.header(name) or ""
    breaches = rules.contract.header_breaches(exchange.call.operation or "", exchange.status, name, value)
    return [Finding(f"header {name} {breach.expected}", shown(breach.got)) for breach in breaches]


def _header_or_field(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if not documented_success(exchange, rules) or exchange.response is None:
        return None
    if exchange.response.header(params["header"]) or (
        isinstance(exchange.response_json, dict) and exchange.response_json.get(params["field"])
    ):
        return []
    return [Finding(f"header {params['header']} or field `{params['field']}`", "neither")]


def _header_beside_field(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    """Where the body has the field, the header is there too; undecided until some response of the run has had it."""
    if (
        not documented_success(exchange, rules)
        or exchange.response is None
        or not isinstance(exchange.response_json, dict)
        or not exchange.response_json.get(params["field"])
    ):
        return None
    header = params["header"]
    if exchange.response.header(header):
        return []
    is_sent = header in rules.memory.headers
    return [Finding(f"header {header} beside `{params['field']}`", "no such header")] if is_sent else None


KINDS: Final[dict[str, Check]] = {
    "answered": _answered,
    "in-time": _in_time,
    "no-server-error": _no_server_error,
    "accepts": _accepts,
    "documented-status": _documented,
    "media-type": _media_type,
    "schema": _schema,
    "header": _header,
    "header-or-field": _header_or_field,
    "header-beside-field": _header_beside_field,
}
