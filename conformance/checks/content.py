"""The rules for what a response says: it repeats the request, agrees with what was told, and is not told twice."""

from __future__ import annotations

from typing import Final

from conformance.checks.base import Basis, Check, Finding, Params, documented_success
from conformance.checks.places import is_missing, nearest
from conformance.values import COMPARISONS, MISSING, fact_key, first_field, plain, shown
from conformance.values import field as field_of
from conformance.wire.exchange import Exchange


def _echo(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    wanted = field_of(exchange.request_json, params["request"])
    compare = params.get("compare", "exact")
    if wanted is MISSING or wanted is None or not _applies(exchange, params, rules):
        return None
    if compare in ("exact", "caseless") and not isinstance(wanted, str | int | float):
        return None
    if not isinstance(exchange.response_json, dict) or (exchange.call.generated and not plain(wanted)):
        return None
    place = params["response"][0]
    got = first_field(exchange.response_json, params["response"])
    if wanted == "" and (got in (None, MISSING) or params.get("tolerates") == "absent"):
        return None  # many servers take an empty text in an optional field for none
    if params.get("tolerates") == "always-absent":
        inconsistent = _sometimes_absent(exchange, params["id"], place, got is not MISSING, rules)
        if inconsistent:
            return inconsistent
    if got is MISSING:
        if "tolerates" in params:
            return None
        instead = nearest(exchange, place, rules)
        return [Finding(f"`{place}` {shown(wanted)}", is_missing(place, instead), instead)]
    return [] if COMPARISONS[compare](wanted, got) else [Finding(f"`{place}` {shown(wanted)}", shown(got))]


def _sometimes_absent(exchange: Exchange, name: str, place: str, present: bool, rules: Basis) -> list[Finding]:
    """Return a finding where a field is in this response and was not in an earlier one, or the other way round."""
    seen = rules.memory.presence.setdefault(name, {})
    seen.setdefault(present, exchange.number)
    if (not present) not in seen:
        return []
    here, there = ("present here", "absent from") if present else ("absent here", "present in")
    earlier = f"{here}, {there} exchange #{seen[not present]}"
    return [Finding(f"`{place}` in every response, or in none", earlier)]


def _applies(exchange: Exchange, params: Params, rules: Basis) -> bool:
    """Return whether an exchange succeeded and its request has the fields of `when` and none of those of `unless`."""
    if not documented_success(exchange, rules) or not isinstance(exchange.request_json, dict):
        return False
    present = [field_of(exchange.request_json, name) for name in params.get("when", ())]
    unwanted = [field_of(exchange.request_json, name) for name in params.get("unless", ())]
    return all(value is not MISSING and value is not None for value in present) and all(
        value is MISSING for value in unwanted
    )


def _absent(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if not _applies(exchange, params, rules):
        return None
    found = [(path, field_of(exchange.response_json, path)) for path in params["response"]]
    return [
        Finding(f"no `{path}`", shown(value)) for path, value in found if value is not MISSING and value is not None
    ]


def _present(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if not _applies(exchange, params, rules):
        return None
    value = first_field(exchange.response_json, params["response"])
    if isinstance(value, str) and value:
        return []
    wanted = " or ".join(f"`{path}`" for path in params["response"])
    return [Finding(wanted, shown(value))]


def _an_object(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    """A success of a request that names something is an object, where for others it may be null."""
    if not _applies(exchange, params, rules) or not all(field_of(exchange.request_json, n) for n in params["when"]):
        return None
    got = exchange.response_json
    return [] if isinstance(got, dict) else [Finding("an object", shown(got))]


def _unique(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if exchange.call.repeat or not _applies(exchange, params, rules):
        return None
    value = first_field(exchange.response_json, params["response"])
    if "header" in params and exchange.response is not None:
        value = exchange.response.header(params["header"]) or value
    if not isinstance(value, str | int) or value == "":
        return None
    seen = rules.memory.seen.setdefault(str(params.get("scope", params["id"])), {})
    first = seen.setdefault(str(value), f"#{exchange.number}")
    if first == f"#{exchange.number}":
        return []
    return [Finding("a value of its own in every response", f"one that exchange {first} had already: {shown(value)}")]


def _recall(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if not documented_success(exchange, rules) or not isinstance(exchange.response_json, dict):
        return None
    key = field_of(exchange.request_json, params["by"])
    fact = rules.memory.facts.get(params["fact"], {}).get(fact_key(key), MISSING)
    got = first_field(exchange.response_json, params["response"])
    if fact is MISSING or (got is MISSING and params.get("tolerates") == "absent"):
        return None
    if COMPARISONS[params.get("compare", "contains")](fact, got):
        return []
    return [Finding(f"`{params['response'][0]}` {shown(fact)}, as told before", shown(got))]


KINDS: Final[dict[str, Check]] = {
    "echo": _echo,
    "absent": _absent,
    "present": _present,
    "object": _an_object,
    "unique": _unique,
    "recall": _recall,
}
