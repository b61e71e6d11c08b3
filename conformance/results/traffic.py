"""What the exchanges of a run tell besides verdicts: how long operations took, and what the document does not name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from conformance.contract.document import Contract, Operation
from conformance.values import visible
from conformance.wire.exchange import Exchange

_LONGEST_NAME: Final = 100
_MOST_FIELDS: Final = 200
_NOT_OF_THE_API: Final = frozenset({429})


def response_times(exchanges: Iterable[Exchange]) -> dict[str, dict[str, float]]:
    """Return by operation the milliseconds within which half and 95 % of its responses came, and the slowest one."""
    found: dict[str, list[float]] = {}
    for exchange in exchanges:
        if exchange.response is not None and exchange.gateway is None:
            found.setdefault(exchange.call.operation or "", []).append(exchange.seconds * 1000)
    return {
        name: {"p50": percentile(times, 50), "p95": percentile(times, 95), "max": round(max(times), 1)}
        for name, times in found.items()
    }


def percentile(values: Sequence[float], share: int) -> float:
    """Return the value that so many of a hundred do not exceed (the nearest rank)."""
    rank = -(-len(values) * share // 100)
    return round(sorted(values)[max(0, rank - 1)], 1)


def drift(exchanges: Iterable[Exchange], contract: Contract) -> list[dict[str, Any]]:
    """Return what the target answered that the document does not name: statuses, and fields of responses.

    Neither is a breach by itself: the document leaves room for further fields, and a requirement says which statuses
    may come. A path stands for all items of a list.
    """
    named: dict[tuple[str, bool, str], bool] = {}
    statuses: Counter[tuple[str, int]] = Counter()
    fields: Counter[tuple[str, int, str]] = Counter()
    for exchange in exchanges:
        operation = contract.operations.get(exchange.call.operation or "")
        if operation is None or exchange.response is None or exchange.gateway or exchange.status in _NOT_OF_THE_API:
            continue
        if exchange.status not in operation.bodies:
            statuses[operation.id, exchange.status] += 1
        for path in set(_unnamed(exchange, operation, named)):
            fields[operation.id, exchange.status, path] += 1
    rows = [
        {"operation": name, "kind": "status", "status": status, "field": "", "times": number}
        for (name, status), number in sorted(statuses.items())
    ]
    rows += [
        {"operation": name, "kind": "field", "status": status, "field": path, "times": number}
        for (name, status, path), number in sorted(fields.items())[:_MOST_FIELDS]
    ]
    return rows


def _unnamed(exchange: Exchange, operation: Operation, named: dict[tuple[str, bool, str], bool]) -> Iterator[str]:
    """Yield the fields of a response that its schemas do not name; `named` keeps what was looked up before."""
    success = exchange.is_success
    shape = operation.response if success else operation.refusal

    def knows(path: str) -> bool:
        key = operation.id, success, path
        if key not in named:
            named[key] = shape.knows(path, put=True)
        return named[key]

    for path in _paths(exchange.response_json) if shape.schemas else ():
        parent = path.rpartition(".")[0]
        if not knows(path) and (not parent or knows(parent)):
            yield visible(".".join("*" if name.isdecimal() else name for name in path.split("."))[:_LONGEST_NAME])


def _paths(value: Any, path: str = "") -> Iterator[str]:
    """Yield the dotted paths of the fields in a JSON value, of a list those of its first item."""
    if isinstance(value, list):
        yield from _paths(value[0], f"{path}.0" if path else "0") if value else ()
    elif isinstance(value, dict):
        for name, item in value.items():
            if "." not in name:
                place = f"{path}.{name}" if path else name
                yield place
                yield from _paths(item, place)
