"""What the requests of a run leave in a target: which of them sent a text first, or got an id, and for which account.

Made-up texts hold a mark that no other request has (see `Run.unique`), and long ids are nobody else's. So a mark or an
id in a response tells whose request it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from conformance.literals import Literals
from conformance.values import MARK, first_field, texts
from conformance.values import field as field_of
from conformance.wire.exchange import Exchange

_MARK: Final = re.compile(rf"(?<![0-9a-z]){MARK}", re.IGNORECASE)
_PHONE: Final = re.compile(r"\+[1-9][0-9]{10,14}")
_LONG_ENOUGH: Final = 12
_LONGEST: Final = 20_000


def bare(token: str) -> str:
    """Return a token without its signature (`TOKEN.SIGNATURE`); one of three parts is a whole."""
    return token if token.count(".") > 1 else token.partition(".")[0]


@dataclass(frozen=True)
class Origin:
    """A request that left something: its number, its operation, and the accounts that it was sent for."""

    number: int
    operation: str
    accounts: frozenset[str]


@dataclass(frozen=True)
class Places:
    """Where responses hand out tokens (fields and headers), and where requests name the account that they are for."""

    token_fields: tuple[str, ...] = ()
    token_headers: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()


@dataclass(repr=False)
class Traces:
    """What is known of a run: `origins` of marks and ids, who sent them, whose sessions `tokens` open.

    An id that is too short to be nobody else's accuses no response; a request that sends it names what it stands for.
    """

    places: Places = field(default_factory=Places)
    origins: dict[str, Origin] = field(default_factory=dict)
    requests: dict[int, set[str]] = field(default_factory=dict)
    senders: dict[str, set[tuple[str, frozenset[str]]]] = field(default_factory=dict)
    tokens: dict[str, frozenset[str]] = field(default_factory=dict)
    token_texts: Literals = field(default_factory=Literals)
    passwords: dict[str, set[str]] = field(default_factory=dict)
    short_ids: dict[str, set[int]] = field(default_factory=dict)

    def accounts_of(self, exchange: Exchange) -> frozenset[str]:
        """Return the names of the account that sent a request: its actor's, its token's, and the one that it names."""
        call, named = exchange.call, set()
        if call.actor:
            named.add(call.actor)
        if call.token:
            for form in (call.token, bare(call.token)):
                named |= self.tokens.get(form, frozenset())
        if call.token is None and isinstance(account := first_field(exchange.request_json, self.places.accounts), str):
            named.add(f"account {account.casefold()}")
        return frozenset(named)

    def handed_out(self, exchange: Exchange) -> set[str]:
        """Return the tokens that a response hands out: each as it is, and without what may be a signature."""
        if exchange.response is None:
            return set()
        found = [
            *map(exchange.response.header, self.places.token_headers),
            *(field_of(exchange.response_json, path) for path in self.places.token_fields),
        ]
        forms = {form for token in found if isinstance(token, str) for form in (token, bare(token))}
        return {form for form in forms if len(form) >= _LONG_ENOUGH}

    def learn(self, exchange: Exchange, params: Mapping[str, Any]) -> None:
        """Remember what a request sends and what its response names anew; of generated ones, what cannot be read."""
        if (exchange.call.generated and not exchange.is_unreadable) or len(exchange.request_body) > _LONGEST:
            return
        accounts = self.accounts_of(exchange)
        origin = Origin(exchange.number, exchange.call.operation or "", accounts)
        for name in distinctive(exchange.request_texts):
            self.origins.setdefault(name, origin)
        self.requests[exchange.number] = {name for name in self.sent(exchange) if name in self.origins}
        for name in self.requests[exchange.number]:
            self.senders.setdefault(name, set()).add((origin.operation, accounts))
        if exchange.is_success:
            for token in self.handed_out(exchange):
                self.tokens.setdefault(token, accounts)
                self.token_texts.add(token)
            for path in params.get("ids", ()):
                identifier = first_field(exchange.response_json, [path])
                if not isinstance(identifier, str):
                    continue
                if len(identifier) >= _LONG_ENOUGH:
                    self.origins.setdefault(identifier, origin)
                else:
                    self.short_ids.setdefault(identifier, set()).add(origin.number)

    def sent(self, exchange: Exchange) -> set[str]:
        """Return the texts of a request, the parts of its path, and the marks and phone numbers in them."""
        given = [*exchange.request_texts, *re.split(r"[/?&=]", exchange.call.path)]
        return {*given, *distinctive(given)} if len(exchange.request_body) <= _LONGEST else set()

    def foreign(
        self, exchange: Exchange, siblings: Iterable[str] | None, echoes: Iterable[str] = ()
    ) -> dict[str, Origin]:
        """Return what stands in a response and comes from a request that has nothing to do with this one.

        Lawful is what this request sent itself, all that the requests sent which made the things that it names, the
        account's own data, and what the account made or sent with one of the `siblings` (None for any operation).
        A field of `echoes` has what the request has in that very field, and nothing else that is known.
        """
        sent = self.sent(exchange)
        named = {self.origins[name].number for name in sent if name in self.origins}
        named.update(*(self.short_ids[name] for name in sent if name in self.short_ids))
        repeated = {name for number in named for name in self.requests.get(number, ())}
        accounts = self.accounts_of(exchange)
        shown = exchange.response_texts
        found = {name: self.origins[name] for name in (*distinctive(shown), *shown) if name in self.origins}
        return self._beyond_echo(exchange, echoes) | {
            name: origin
            for name, origin in found.items()
            if name not in sent | repeated
            and origin.number not in {*named, exchange.number}
            and not any(
                accounts & senders and (siblings is None or operation in siblings)
                for operation, senders in (*self.senders.get(name, ()), (origin.operation, origin.accounts))
            )
        }

    def _beyond_echo(self, exchange: Exchange, echoes: Iterable[str]) -> dict[str, Origin]:
        extra: set[str] = set()
        for name in echoes:
            shown = texts(first_field(exchange.response_json, [name]))
            given = texts(first_field(exchange.request_json, [name.rpartition(".")[2]]))
            extra |= distinctive(shown) - distinctive(given)
        return {name: self.origins[name] for name in extra if name in self.origins}


def distinctive(given: Iterable[str]) -> set[str]:
    """Return what in some texts tells whose they are: the marks of made-up names, and phone numbers."""
    found: set[str] = set()
    for text in given:
        if len(text) <= _LONGEST:
            found |= {mark.casefold() for mark in _MARK.findall(text)} | set(_PHONE.findall(text))
    return found
