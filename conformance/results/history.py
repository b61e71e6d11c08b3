"""The exchanges of a run in their order, for what is made of them at its end: nothing in them is masked."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from conformance.wire.exchange import Exchange

LARGEST_BODY: Final = 65_536
_MOST: Final = 50_000


@dataclass
class History:
    """Keeps the exchanges of a run by their numbers; `left_out` counts those beyond the first fifty thousand."""

    left_out: int = 0
    _kept: dict[int, Exchange] = field(default_factory=dict)

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange, without a response's body that is larger than any of a contract."""
        if len(self._kept) >= _MOST:
            self.left_out += 1
            return
        response = exchange.response
        if response is not None and len(response.body) > LARGEST_BODY:
            exchange = replace(exchange, response=replace(response, body=response.body[:LARGEST_BODY]))
        self._kept[exchange.number] = exchange

    def get(self, number: int) -> Exchange | None:
        """Return an exchange by its number, or None where it was not kept."""
        return self._kept.get(number)

    def of(self, operations: Collection[str]) -> list[Exchange]:
        """Return the exchanges of some operations by their numbers; an empty name means those beside the operations."""
        return [exchange for exchange in self if (exchange.call.operation or "") in operations]

    def __iter__(self) -> Iterator[Exchange]:
        """Yield the exchanges by their numbers."""
        return iter([self._kept[number] for number in sorted(self._kept)])

    def __len__(self) -> int:
        return len(self._kept)
