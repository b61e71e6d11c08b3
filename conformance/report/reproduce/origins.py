"""Where the values of a request came from: an earlier response, a secret, or the making up of the suite."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from conformance.contract.catalogue import Catalogue
from conformance.values import MARK, MISSING, first_field
from conformance.values import field as field_of
from conformance.wire.exchange import Exchange, Intent

WORD: Final = re.compile(r"[A-Za-z0-9._~%@+-]{4,}")
_MADE_UP: Final = re.compile(MARK, re.IGNORECASE)
_SHORTEST_ID: Final = 4
_SHORTEST_SECRET: Final = 6
_AUTHORIZATION: Final = "authorization"
_ENOUGH_IN_COMMON: Final = 8
_OWN_REQUESTS: Final = 20
_LONGEST_VALUE: Final = 10_000


@dataclass(frozen=True)
class Place:
    """Where a response holds a value: a header, or else a dotted path of its body."""

    number: int
    path: str = ""
    header: str = ""


@dataclass(frozen=True)
class Part:
    """A piece of a value: a text as it is, or the start or end of a known value; without a length it is the whole."""

    text: str
    known: bool = False
    start: int = 0
    end: int = 0


class Origins:
    """The values that the exchanges of a run have in common.

    A value is a response's where it was in that response before any request held it. What bears the mark of the suite
    and was sent is the suite's own, also where a response to another request at that moment held it first.
    """

    def __init__(self, exchanges: Iterable[Exchange], catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.given: dict[str, Place] = {}
        self.secrets: dict[str, int] = {}
        self._made: dict[str, int] = {}
        self._marked: dict[str, int] = {}
        self._exchanges: dict[int, Exchange] = {}
        self._by_token: dict[str, list[Exchange]] = {}
        sent: set[str] = set()
        exchanges = list(exchanges)
        made_up = {value for one in exchanges for _, value in _texts(one.request_json) if _is_made_up(value)}
        for exchange in exchanges:
            self._exchanges[exchange.number] = exchange
            if exchange.call.token:
                self._by_token.setdefault(exchange.call.token, []).append(exchange)
            sent.update(value for _, value in _texts(exchange.request_json))
            for secret in self.secrets_sent(exchange):
                self.secrets.setdefault(secret, exchange.number)
            for place, value in self._answered(exchange):
                if len(value) >= _SHORTEST_ID and value not in sent and value not in made_up:
                    self.given.setdefault(value, place)
            for name in self._created(exchange):
                self._made.setdefault(name.casefold(), exchange.number)
                for mark in _MADE_UP.findall(name):
                    self._marked.setdefault(mark.casefold(), exchange.number)
        ids = [value for value in self.given if WORD.fullmatch(value) and any(map(str.isdigit, value))]
        self._folded = {value.casefold(): value for value in ids}
        self._by_end_or_start: dict[str, list[str]] = {}
        for value in ids:
            for piece in dict.fromkeys((value[:_ENOUGH_IN_COMMON], value[-_ENOUGH_IN_COMMON:])):
                self._by_end_or_start.setdefault(piece, []).append(value)

    def secrets_sent(self, exchange: Exchange) -> list[str]:
        """Return the passwords that a request holds."""
        known = self.catalogue.secrets.get(exchange.call.operation or "")
        found = [field_of(exchange.request_json, path) for path in known.request] if known else []
        return [secret for secret in found if isinstance(secret, str) and len(secret) >= _SHORTEST_SECRET]

    def _answered(self, exchange: Exchange) -> Iterator[tuple[Place, str]]:
        if exchange.response is None:
            return
        known = self.catalogue.secrets.get(exchange.call.operation or "")
        for name in known.headers if known else ():
            if value := exchange.response.header(name):
                yield Place(exchange.number, header=name), value
        for path, value in _texts(exchange.response_json):
            yield Place(exchange.number, path=path), value

    def _created(self, exchange: Exchange) -> Iterator[str]:
        if exchange.is_success:
            both = {"request": exchange.request_json, "response": exchange.response_json}
            for creation in self.catalogue.creations.get(exchange.call.operation or "", ()):
                for path in creation.name:
                    name = first_field(both, [path])
                    if isinstance(name, str) and len(name) >= _SHORTEST_ID:
                        yield name

    def parts(self, token: str) -> list[Part]:
        """Return what a token consists of: a token that was given, parts of such, and text in between."""
        if token in self.given:
            return [Part(token, known=True)]
        tokens = [value for value in self.given if len(value) >= _ENOUGH_IN_COMMON and _is_alike(value, token)]
        first = max(tokens, key=lambda value: common_start(value, token), default="")
        start = common_start(first, token)
        rest = token[start:] if start >= _ENOUGH_IN_COMMON else token
        last = max(tokens, key=lambda value: common_end(value, rest), default="")
        end = common_end(last, rest)
        found = [Part(first, True, start=start)] if start >= _ENOUGH_IN_COMMON else []
        if end >= _ENOUGH_IN_COMMON or (found and last == first and end):
            found += [Part(rest[: len(rest) - end]), Part(last, True, end=end)]
        else:
            found += [Part(rest)]
        return [part for part in found if part.text]

    def nearly(self, word: str) -> str:
        """Return the given id that a word is nearly: in other letters, or with its start or end; or an empty text."""
        if word in self.given or len(word) < _ENOUGH_IN_COMMON or _MADE_UP.search(word):
            return ""
        alike = [self._folded[word.casefold()]] if word.casefold() in self._folded else []
        alike += self._by_end_or_start.get(word[:_ENOUGH_IN_COMMON], [])
        alike += self._by_end_or_start.get(word[-_ENOUGH_IN_COMMON:], [])
        return max(alike, key=lambda value: max(common_start(value, word), common_end(value, word)), default="")

    def near_words(self, exchange: Exchange) -> dict[str, str]:
        """Return the words of a request that are nearly a given value, each with that value."""
        words = WORD.findall(_text_of(exchange))
        return {word: value for word in words if (value := self.nearly(word))}

    def chain(self, number: int, own: Iterable[int] = (), *, remembers: bool = False) -> list[Exchange]:
        """Return the exchanges that one rests on, in order, and itself as the last.

        These are those that gave its values, that made what it names, and that set the session it is sent in; with
        `own`, also the ones of its test before it, and for a read, those that made what it shows. Where the check
        `remembers`, or where it holds nothing of an earlier response, the last accepted one of the kind is among them,
        since a target without any account is another one.
        """
        wanted = [number, *[other for other in own if other < number][-_OWN_REQUESTS:]]
        wanted += self._shown_by(self._exchanges[number])[-_OWN_REQUESTS:]
        if (remembers or not self.values_of(number)) and (before := self._accepted_before(self._exchanges[number])):
            wanted.append(before)
        needed: set[int] = set()
        while wanted:
            one = wanted.pop()
            if one in needed or one not in self._exchanges or one > number:
                continue
            needed.add(one)
            wanted += self._rests_on(self._exchanges[one])
        return [self._exchanges[one] for one in sorted(needed)]

    def _shown_by(self, exchange: Exchange) -> list[int]:
        """Return the exchanges whose responses were the first to hold what a read shows, in order."""
        if exchange.call.method != "GET":
            return []
        shown = (value for _, value in _texts(exchange.response_json) if WORD.fullmatch(value) and value in self.given)
        return sorted({self.given[value].number for value in shown} - {exchange.number})

    def _accepted_before(self, exchange: Exchange) -> int | None:
        """Return the last accepted request of the same operation, of the same session if there is one."""
        before = [
            other
            for other in self._exchanges.values()
            if other.number < exchange.number
            and other.call.operation == exchange.call.operation
            and other.is_success
            and not other.call.generated
        ]
        same = [other for other in before if other.call.token == exchange.call.token]
        return max((other.number for other in same or before), default=None)

    def exchange(self, number: int) -> Exchange:
        return self._exchanges[number]

    def values_of(self, number: int) -> set[str]:
        """Return the values of earlier responses that a request holds."""
        exchange = self._exchanges[number]
        token = token_of(exchange)
        found = {part.text for part in self.parts(token) if part.known} if token else set()
        found.update(self._words(exchange))
        found.update(self.near_words(exchange).values())
        return found | {value for _, value in _texts(exchange.request_json) if value in self.given}

    def _words(self, exchange: Exchange) -> Iterator[str]:
        return (word for word in WORD.findall(_text_of(exchange)) if word in self.given)

    def _rests_on(self, exchange: Exchange) -> Iterator[int]:
        yield from (self.given[value].number for value in self.values_of(exchange.number))
        if exchange.call.token:
            yield from self._session_before(exchange)
        for _, value in _texts(exchange.request_json):
            if (made := self._made.get(value.casefold())) is not None and made < exchange.number:
                yield made
        for mark in _MADE_UP.findall(_text_of(exchange)):
            if (made := self._marked.get(mark.casefold())) is not None and made < exchange.number:
                yield made

    def _session_before(self, exchange: Exchange) -> Iterator[int]:
        """Yield the last request of the session that set something of it: it was accepted and creates nothing."""
        before = [
            other.number
            for other in self._by_token.get(exchange.call.token or "", ())
            if other.number < exchange.number
            and other.is_success
            and other.call.intent is Intent.VALID
            and not self.catalogue.creations.get(other.call.operation or "")
        ]
        yield from before[-1:]


def _is_made_up(text: str) -> bool:
    """Return whether a text bears the mark of the suite; one of a megabyte takes long to search, and is no value."""
    return len(text) <= _LONGEST_VALUE and _MADE_UP.search(text) is not None


def token_of(exchange: Exchange) -> str:
    """Return the token that a request was sent with, whoever's it is and under whatever scheme; empty for none."""
    named = next((value for name, value in exchange.call.headers.items() if name.lower() == _AUTHORIZATION), "")
    return exchange.call.token or named.partition(" ")[2].strip()


def _text_of(exchange: Exchange) -> str:
    """Return what a request says of its own: its path, its body, and headers that not every request has.

    A token is none of them: what is nearly one is told by its parts, so that nothing of it stands in a script.
    """
    headers = " ".join(value for name, value in exchange.call.headers.items() if name.lower() != _AUTHORIZATION)
    return f"{exchange.call.path} {headers} {exchange.request_body.decode('utf-8', 'replace')}"


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text in a JSON value with its dotted path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, f"{path}.{number}" if path else str(number))
    elif value is MISSING:
        return


def common_start(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (mine, yours) in pairs if mine != yours), min(len(one), len(other)))


def common_end(one: str, other: str) -> int:
    return common_start(one[::-1], other[::-1])


def _is_alike(one: str, other: str) -> bool:
    return (
        one[:_ENOUGH_IN_COMMON] == other[:_ENOUGH_IN_COMMON] or one[-_ENOUGH_IN_COMMON:] == other[-_ENOUGH_IN_COMMON:]
    )
