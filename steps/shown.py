"""What a read shows, held against what the creation answered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, Final

from conformance.checks.times import time_of
from conformance.run import Run
from conformance.values import MISSING, contains, field, first_field, shown
from conformance.wire.exchange import Exchange

_ROUNDED: Final = timedelta(seconds=2)
_BEGINS_URL: Final = re.compile("https?://", re.IGNORECASE)
_AFTER_PATH: Final = re.compile("[?#]")
_MOVING: Final = ("updatedAt", "expiresAt")
_OF_THE_DELETED: Final = "deletedAt"


def expires_sooner(created: Exchange, found: Exchange) -> str:
    """Return how a read leaves less time than the creation; a later time is one that has moved on."""
    told, now = (time_of(first_field(one.response_json, ["expiresAt"])) for one in (created, found))
    if told is None or now is None or told - now <= _ROUNDED:
        return ""
    return f"`expiresAt` {told.isoformat()} reads {now.isoformat()}"


def differing_fields(run: Run, created: Exchange, shown_now: Any) -> list[str]:
    """Return how a read departs from what the creation answered, in the documented fields that both show."""
    before = documented(run, created.call.operation, resting(created.response_json))
    after = as_told(run, created.call.operation, before, resting(shown_now))
    deleted = after.get(_OF_THE_DELETED) if before.get(_OF_THE_DELETED) is None else None
    told = [f"`{_OF_THE_DELETED}`, which the creation has not, reads {shown(deleted)}"] if deleted else []
    return told + [
        f"`{name}` {shown(value)} reads {shown(after[name])}"
        for name, value in before.items()
        if value is not None and after.get(name) is not None and not contains(value, after[name])
    ]


def told_by_both(run: Run, created: Exchange, found: Exchange, names: Iterable[str]) -> Iterator[tuple[str, Any, Any]]:
    """Yield each of the fields that neither a creation nor the read of it leaves out: its name and both values.

    A value that means the same is that of the creation, as `as_told` has it.
    """
    reads = as_told(run, created.call.operation, created.response_json, found.response_json)
    for name in names:
        told, now = field(created.response_json, name), field(reads, name)
        if told not in (None, MISSING) and now not in (None, MISSING):
            yield name, told, now


def as_told(run: Run, operation: str | None, before: Any, after: Any) -> Any:
    """Return a body of an operation that is written as an earlier one where the two mean the same.

    A time is the same but for what stores round. So are two values among which the document lets a field choose: a new
    session is open or active, and may go from one to the other by itself. A URL that the target has made may be signed
    anew for each response.
    """
    shapes = run.contract.operations[operation or ""]

    def written(told: Any, now: Any, path: str) -> Any:
        if isinstance(told, dict) and isinstance(now, dict):
            return {name: written(told.get(name), value, f"{path}.{name}".lstrip(".")) for name, value in now.items()}
        if told == now or not isinstance(told, str) or not isinstance(now, str):
            return now
        choices = shapes.response.choices(path)
        is_own = not shapes.request.knows(path)
        same = _same_time(told, now) or (told in choices and now in choices) or (is_own and _same_place(told, now))
        return told if same else now

    return written(before, after, "")


def _same_time(one: str, other: str) -> bool:
    moment, later = time_of(one), time_of(other)
    return moment is not None and later is not None and abs(moment - later) < _ROUNDED


def _same_place(one: str, other: str) -> bool:
    """Return whether two absolute URLs differ in what follows the path alone."""
    return _BEGINS_URL.match(one) is not None and _AFTER_PATH.split(one)[0] == _AFTER_PATH.split(other)[0]


def documented(run: Run, operation: str | None, body: Any) -> Any:
    """Return a body with the fields alone that the document names, or leaves to the client, as metadata.

    Others may be those of one response, as the id of a trace. So may what is in an object that the target alone makes.
    """
    shapes = run.contract.operations[operation or ""]

    def is_kept(value: Any, place: str) -> bool:
        is_own = isinstance(value, dict) and not shapes.request.knows(place, put=True)
        return shapes.response.knows(place, put=True) and not is_own

    def named(value: Any, path: str) -> Any:
        if not isinstance(value, dict):
            return value
        places = {name: f"{path}.{name}".lstrip(".") for name in value}
        return {name: named(value[name], place) for name, place in places.items() if is_kept(value[name], place)}

    return named(body, "")


def resting(value: Any) -> Any:
    """Return a body without the times that may move on."""
    if isinstance(value, list):
        return [resting(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: resting(item) for name, item in value.items() if name not in _MOVING}
