"""What all rules have in common: findings, what a run remembers, and what a rule is given besides an exchange."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from conformance.checks.traces import Traces
from conformance.contract.document import Contract
from conformance.contract.schemas import SchemaBreach
from conformance.literals import Literals
from conformance.wire.exchange import Exchange

BELOW_THE_API: Final = frozenset({406, 408, 411, 413, 414, 429, 431})
BY_POLICY: Final = frozenset({402, 412, 423, 424, 428, 451})
"""Statuses of refusals by a rule of the target's own, which any value but a usual one may meet."""


EVERYBODY: Final = ""
"""The owner of a text that several merchants sent, so that it is nobody's own."""


@dataclass(frozen=True)
class Finding:
    """One way in which an exchange departs from a requirement, in words for the owner of the API.

    `place` is the field of the response that shows it, as a dotted path, where there is one.
    """

    expected: str
    got: str
    place: str = ""


@dataclass(repr=False)
class Memory:
    """What a run remembers from one exchange for the next: values that never repeat, and facts told earlier."""

    seen: dict[str, dict[str, str]] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    presence: dict[str, dict[bool, int]] = field(default_factory=dict)
    private: dict[str, str] = field(default_factory=dict)
    private_texts: Literals = field(default_factory=Literals)
    durations: dict[str, list[float]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    traces: Traces = field(default_factory=Traces)
    headers: set[str] = field(default_factory=set)
    issued: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    second_forms: set[str] = field(default_factory=set)


@dataclass(repr=False)
class Basis:
    """What a rule is given besides an exchange: the contract, and the memory of the run."""

    contract: Contract
    memory: Memory = field(default_factory=Memory)
    schema_paths: dict[str, dict[str, str]] = field(default_factory=dict)
    _held: tuple[Exchange, tuple[SchemaBreach, ...]] | None = None

    def schema_breaches(self, exchange: Exchange) -> tuple[SchemaBreach, ...]:
        """Return where a response departs from its schema; each of an operation's schema rules asks it in turn."""
        held = self._held
        if held is None or held[0] is not exchange:
            operation = exchange.call.operation or ""
            held = exchange, self.contract.breaches(operation, exchange.status, exchange.response_json)
            self._held = held
        return held[1]

    def schema_owner(self, operation: str, path: str) -> str | None:
        """A place of a response: returns the id of the schema requirement that owns it (the longest path wins)."""
        paths = self.schema_paths.get(operation, {})
        names = path.split(".") if path else []
        for length in range(len(names), -1, -1):
            owner = paths.get(".".join(names[:length]))
            if owner is not None:
                return owner
        return None


Params = Mapping[str, Any]
Check = Callable[[Exchange, Params, Basis], "list[Finding] | None"]


def documented_success(exchange: Exchange, rules: Basis) -> bool:
    """Whether the response is one of the operation's documented successes."""
    operation = rules.contract.operations.get(exchange.call.operation or "")
    return exchange.is_success and operation is not None and exchange.status in operation.success
