"""Passive checks: what every exchange is held against, whoever asked for it, at no extra request.

A rule is data in the catalogue (`rule: {echo: {request: amount, response: [amount]}}`); this module gives each kind of
rule its meaning. A rule returns None where an exchange does not decide it, else the findings, of which none means
that the requirement was held.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from http import HTTPStatus
from typing import Final

from conformance.checks import content, http, leaks, refusals, responses, secrets, times, tokens
from conformance.checks.base import EVERYBODY, Basis, Check, Finding, Memory, Params
from conformance.checks.traces import Places, Traces, distinctive
from conformance.contract.agreement import refuse_disagreement
from conformance.contract.catalogue import GENERAL, Catalogue, Requirement
from conformance.contract.document import Contract
from conformance.values import MISSING, fact_key, first_field
from conformance.values import field as field_of
from conformance.wire.exchange import Exchange, Intent

_KINDS: Final = (
    responses.KINDS,
    refusals.KINDS,
    leaks.KINDS,
    secrets.KINDS,
    content.KINDS,
    times.KINDS,
    http.KINDS,
    tokens.KINDS,
)
KINDS: Final[dict[str, Check]] = {name: check for kinds in _KINDS for name, check in kinds.items()}
_DISTINCT: Final = 12


class Rules(Basis):
    """The passive checks of a catalogue, ready to be applied.

    Raises `CatalogueError` where catalogue and document do not speak of the same API: see `refuse_disagreement`.
    """

    def __init__(self, catalogue: Catalogue, contract: Contract) -> None:
        super().__init__(contract, Memory(traces=Traces(_places(catalogue))))
        refuse_disagreement(catalogue, contract)
        self.catalogue = catalogue
        self._by_operation: dict[str, list[tuple[Requirement, Check, Params]]] = {}
        for requirement in self.catalogue:
            if requirement.rule is None:
                continue
            ((kind, params),) = requirement.rule.items()
            params = params if isinstance(params, dict) else {"value": params}
            self._by_operation.setdefault(requirement.operation, []).append(
                (requirement, KINDS[kind], {**params, "id": requirement.id})
            )
            if kind == "schema":
                paths = self.schema_paths.setdefault(requirement.operation, {})
                paths.update(dict.fromkeys(params["value"], requirement.id))

    def apply(
        self, exchange: Exchange, only: Collection[str] | None = None
    ) -> Iterable[tuple[Requirement, list[Finding]]]:
        """An exchange that came back: yields each requirement that it decides, with its findings.

        Where `only` is given, it names those that are asked about. What says nothing about the target decides
        nothing: a gateway's page, a rate limit.
        """
        operation = exchange.call.operation or GENERAL
        if exchange.gateway or exchange.status == HTTPStatus.TOO_MANY_REQUESTS:
            return
        self._remember(exchange)
        for requirement, check, params in self._by_operation.get(operation, ()):
            if only is not None and requirement.id not in only:
                continue
            findings = check(exchange, params, self)
            if findings is not None:
                yield requirement, findings

    def _remember(self, exchange: Exchange) -> None:
        if not exchange.is_success or not isinstance(exchange.response_json, dict):
            return
        if exchange.response is not None:
            self.memory.headers.update(name.lower() for name, _ in exchange.response.headers)
        both = {"request": exchange.request_json, "response": exchange.response_json}
        told = exchange.call.intent is not Intent.ANY
        facts = self.catalogue.facts.get(exchange.call.operation or "", ()) if told else ()
        for fact in facts:
            key, value = first_field(both, fact.key), first_field(both, fact.value)
            if key is not MISSING and value is not MISSING:
                self.memory.facts.setdefault(fact.name, {}).setdefault(fact_key(key), value)
        if exchange.call.actor and not exchange.call.generated:
            for path in self.catalogue.private.get(exchange.call.operation or "", ()):
                text = field_of(exchange.request_json, path)
                if isinstance(text, str) and len(text) > _DISTINCT and distinctive([text]):
                    owner = self.memory.private.setdefault(text.casefold(), exchange.call.actor)
                    self.memory.private_texts.add(text.casefold())
                    if owner != exchange.call.actor:
                        self.memory.private[text.casefold()] = EVERYBODY


def _places(catalogue: Catalogue) -> Places:
    """Return where any operation hands out tokens and names accounts: a read may repeat what one of them handed out."""
    secrets = catalogue.secrets.values()
    return Places(
        _once(path for known in secrets for path in known.response),
        _once(name for known in secrets for name in known.headers),
        _once(path for paths in catalogue.accounts.values() for path in paths),
    )


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
