"""The rules for what an answer says: it repeats the request, agrees with what was told, and is not told twice."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from conformance.checks.base import Basis, Check, Finding, Params, documented_success
from conformance.values import COMPARISONS, MISSING, contains, first_field, plain, shown
from conformance.values import field as field_of
from conformance.wire.exchange import Exchange


def _echo(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    sent = field_of(exchange.sent, params["sent"])
    if params.get("how", "exact") in ("exact", "caseless") and not isinstance(sent, str | int | float):
        return None
    if sent is MISSING or sent is None or not documented_success(exchange, rules):
        return None
    if not isinstance(exchange.came, dict) or (exchange.call.generated and not plain(sent)):
        return None
    if any(field_of(exchange.sent, name) is not MISSING for name in params.get("lacks", ())):
        return None
    came = first_field(exchange.came, params["came"])
    told = rules.memory.facts.setdefault("told", {})
    if came is not MISSING:
        told[params["id"]] = True
    if came is MISSING:
        lawful = params.get("may be absent") is True or ("may be absent" in params and params["id"] not in told)
        return None if lawful else [Finding(f"`{params['came'][0]}` {shown(sent)}", "nothing")]
    if COMPARISONS[params.get("how", "exact")](sent, came):
        return []
    return [Finding(f"`{params['came'][0]}` {shown(sent)}", shown(came))]


def _applies(exchange: Exchange, params: Params, rules: Basis) -> bool:
    """Whether an exchange succeeded and its request has, and lacks, the fields that the rule is for."""
    if not documented_success(exchange, rules) or not isinstance(exchange.sent, dict):
        return False
    has = [field_of(exchange.sent, name) for name in params.get("has", ())]
    lacks = [field_of(exchange.sent, name) for name in params.get("lacks", ())]
    return all(value is not MISSING and value is not None for value in has) and not any(
        value is not MISSING for value in lacks
    )


def _absent(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if not _applies(exchange, params, rules):
        return None
    found = [(path, field_of(exchange.came, path)) for path in params["came"]]
    return [
        Finding(f"no `{path}`", shown(value)) for path, value in found if value is not MISSING and value is not None
    ]


def _present(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if not _applies(exchange, params, rules):
        return None
    value = first_field(exchange.came, params["came"])
    if isinstance(value, str) and value:
        return []
    wanted = " or ".join(f"`{path}`" for path in params["came"])
    return [Finding(wanted, shown(value))]


def _unique(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if not _applies(exchange, params, rules):
        return None
    value = first_field(exchange.came, params["came"])
    if "header" in params and exchange.response is not None:
        value = exchange.response.header(params["header"]) or value
    if not isinstance(value, str | int) or value == "":
        return None
    seen = rules.memory.seen.setdefault(str(params.get("among", params["id"])), {})
    first = seen.setdefault(str(value), f"#{exchange.number}")
    if first == f"#{exchange.number}":
        return []
    return [Finding("a value of its own for every answer", f"one that exchange {first} had already: {shown(value)}")]


def _recall(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if not documented_success(exchange, rules) or not isinstance(exchange.came, dict):
        return None
    key = field_of(exchange.sent, params["by"])
    fact = rules.memory.facts.get(params["fact"], {}).get(str(key).casefold(), MISSING)
    came = first_field(exchange.came, params["came"])
    if fact is MISSING or (came is MISSING and params.get("may be absent")):
        return None
    if contains(fact, came):
        return []
    return [Finding(f"`{params['came'][0]}` {shown(fact)}, as told before", shown(came))]


def _in_order(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    if not documented_success(exchange, rules):
        return None
    earlier, later = (_time(field_of(exchange.came, params[name])) for name in ("earlier", "later"))
    if earlier is None or later is None:
        return None
    if later > earlier or (params.get("may be equal") and later == earlier):
        return []
    return [
        Finding(
            f"`{params['later']}` after `{params['earlier']}`", f"{later.isoformat()}, not after {earlier.isoformat()}"
        )
    ]


def _time(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


KINDS: Final[dict[str, Check]] = {
    "echo": _echo,
    "absent": _absent,
    "present": _present,
    "unique": _unique,
    "recall": _recall,
    "in-order": _in_order,
}
