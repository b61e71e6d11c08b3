"""The rules for times: now is now, later is later, and what was created once was created then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from conformance.checks.base import Basis, Check, Finding, Params, documented_success
from conformance.values import MISSING, fact_key, first_field, shown
from conformance.values import field as field_of
from conformance.wire.exchange import Exchange


def time_of(value: Any) -> datetime | None:
    """Return an RFC 3339 time with its offset, in capital letters or small ones, or None for anything else."""
    try:
        moment = datetime.fromisoformat(value.upper()) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def _now(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    """A clock may be off by `hours`: ours, or that of the response's `Date`."""
    if not documented_success(exchange, rules) or exchange.call.repeat:
        return None
    if any(field_of(exchange.request_json, path) is not MISSING for path in params["response"]):
        return None
    value = first_field(exchange.response_json, params["response"])
    moment = time_of(value)
    if moment is None:
        return None
    if is_near(moment, exchange, timedelta(hours=params["hours"])):
        return []
    return [Finding(f"`{params['response'][0]}` within {params['hours']} h of now", shown(value))]


def is_near(moment: datetime, exchange: Exchange, bound: timedelta) -> bool:
    """Return whether a moment is so near to now, by our clock or by the `Date` of a response."""
    return any(abs(_distance(moment, clock)) <= bound for clock in _clocks(exchange))


def _distance(one: datetime, other: datetime) -> timedelta:
    """Return the time between two moments; offsets at the ends of the calendar do not matter."""
    return one.replace(tzinfo=None) - (one.utcoffset() or timedelta()) - other.astimezone(UTC).replace(tzinfo=None)


def _clocks(exchange: Exchange) -> list[datetime]:
    told = exchange.response.header("date") if exchange.response is not None else None
    try:
        date = parsedate_to_datetime(told) if told else None
    except (ValueError, OverflowError):
        date = None
    if date is None:
        return [datetime.now(UTC)]
    return [datetime.now(UTC), date if date.tzinfo is not None else date.replace(tzinfo=UTC)]


def _in_order(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    """`seconds` lie between the two at least; below zero, the later one may be earlier by so many."""
    documented = documented_success(exchange, rules) if exchange.call.operation else exchange.is_success
    if not documented:
        return None
    earlier, later = (time_of(field_of(exchange.response_json, params[name])) for name in ("earlier", "later"))
    if earlier is None or later is None:
        return None
    seconds = params.get("seconds", 0)
    between = later - earlier
    if between > timedelta(seconds=seconds) or (seconds and between == timedelta(seconds=seconds)):
        return []
    wanted = f"{seconds} s after" if seconds > 0 else "after" if seconds == 0 else "not before"
    return [
        Finding(f"`{params['later']}` {wanted} `{params['earlier']}`", f"{later.isoformat()}, {earlier.isoformat()}")
    ]


def _same_time(exchange: Exchange, params: Params, rules: Basis) -> list[Finding] | None:
    """Stores round times, and write them with other offsets: two seconds are no difference."""
    if not documented_success(exchange, rules):
        return None
    key = fact_key(field_of(exchange.request_json, params["by"]))
    told = time_of(rules.memory.facts.get(params["fact"], {}).get(key))
    value = first_field(exchange.response_json, params["response"])
    moment = time_of(value)
    if told is None or moment is None:
        return None
    if abs(moment - told) <= _ROUNDED:
        return []
    return [Finding(f"`{params['response'][0]}` {told.isoformat()}, as told before", shown(value))]


_ROUNDED: Final = timedelta(seconds=2)

KINDS: Final[dict[str, Check]] = {
    "now": _now,
    "in-order": _in_order,
    "same-time": _same_time,
}
