"""Telling what stands before the target from the target itself: gateways, load balancers and firewalls."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final

from conformance.values import MISSING
from conformance.wire.exchange import Call, Response
from conformance.wire.failures import PROXY_CLOSED

NOT_REACHED: Final = "the target was not reached"
LARGE_BODY: Final = 100_000
UNKNOWN_PATH: Final = "/conformance-no-such-path"
IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_LARGE_HEAD: Final = 4_000
_TOO_MANY: Final = 0.1
_ENOUGH_TO_SAY: Final = 10
_ALL_OF_THEM: Final = 15
_FOR_GOOD: Final = 5.0
"""Seconds for which a gateway has to answer all requests of a row: a restart takes less."""
_A_FEW: Final = 3
_PAUSE: Final = 0.5
_SHOWN: Final = 40
_STATUSES: Final = frozenset({401, 403, 413, 414, 431, 494, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530})
_AWAY: Final = frozenset({502, 503, 504, *range(520, 528), 530})
_NOT_CARRIED_OUT: Final = frozenset({503, 521, 522, 523, 525, 526, 530})
_TOO_LARGE: Final = {413: "body", 414: "URL", 431: "header", 494: "header"}
_NAMES: Final = re.compile(
    r"<center>\s*(?:nginx|openresty|cloudflare|awselb)|cf-error|cf-wrapper|cloudflare ray id|incapsula|cloudfront"
    r"|varnish cache server|microsoft-azure-application-gateway|the requested url was rejected|your support id is"
    r"|reference(?:\s|&#32;)*(?:#|&#35;)\s*\d",
    re.IGNORECASE,
)
_SIGNS: Final = re.compile(
    r"cloudflare|ray id|imperva|akamai|reference\s*#|request blocked|haproxy|traefik|envoy|sucuri|varnish"
    r"|web application firewall|\bwaf\b|f5 networks|the requested url was rejected|gateway|proxy|load balancer"
    r"|access denied|checking your browser",
    re.IGNORECASE,
)
_NO_UPSTREAM: Final = re.compile(
    r"\s*(?:upstream connect error|no healthy upstream|upstream request timeout|no available server"
    r"|no server is available|error code: 5\d\d|stream timeout|request timed out|backend (?:fetch|read) error"
    r"|(?:5\d\d )?(?:bad gateway|service (?:temporarily )?unavailable|gateway time-?out)[.!]?\s*$)",
    re.IGNORECASE,
)
_MAY_BE_CARRIED_OUT: Final = re.compile(r"reset before headers(?!.*connection failure)", re.IGNORECASE | re.DOTALL)
_TRACE: Final = re.compile(r"Traceback|Exception\b|stack trace|\n\s+at |[/\\][\w.-]+:\d+:\d+\)", re.IGNORECASE)
_BESIDE_A_MESSAGE: Final = frozenset({"message", "Message", "request_id", "requestId", "requestid"})
_TELLING_HEADERS: Final = {"x-amzn-errortype": "", "server": "kong/"}
_CHANGING: Final = re.compile(r"[\w./:+=-]*[\d/][\w./:+=-]*")
_CONFLICT: Final = re.compile(r"already|exist|taken|duplicate|in use|registered|unique|conflict", re.IGNORECASE)


class Before(StrEnum):
    """What stands before the target and answers in its place.

    Away: a gateway that did not reach the target. Door: one that lets nobody through. Limit: one for which the request
    was too large. Firewall: one that did not like what the request holds.
    """

    AWAY = "away"
    DOOR = "door"
    LIMIT = "limit"
    FIREWALL = "firewall"


@dataclass(frozen=True)
class Interception:
    """A response that is not the target's: who it comes from, and in words why it is taken for that."""

    kind: Before
    words: str


@dataclass
class Tally:
    """How many requests of a run were sent, and how many of them something before the target answered."""

    requests: int = 0
    answered: int = 0
    away: int = 0
    in_a_row: int = 0
    clock: Callable[[], float] = time.monotonic
    _since: float = 0.0

    def count(self, interception: Interception | None) -> None:
        """Count a request that was sent, and what answered in the target's place, if anything did."""
        self.requests += 1
        self.answered += interception is not None
        is_away = interception is not None and interception.kind is Before.AWAY
        self.away += is_away
        if is_away and not self.in_a_row:
            self._since = self.clock()
        self.in_a_row = self.in_a_row + 1 if is_away else 0

    @property
    def unreliable(self) -> str | None:
        """Return in words that the target was reached too seldom for a verdict on it, or None."""
        if self.away < _ENOUGH_TO_SAY or self.away <= _TOO_MANY * self.requests:
            return None
        return (
            f"the target could not be reached reliably: a gateway answered {self.away} of {self.requests} requests"
            " in its place"
        )

    @property
    def pause(self) -> float:
        """Return how many seconds to wait before the next request, where nothing has got through for a moment."""
        return _PAUSE if self.in_a_row >= _A_FEW else 0.0

    @property
    def gone(self) -> str | None:
        """Return in words that nothing gets through to the target any more, or None."""
        lasts = self.in_a_row >= _ALL_OF_THEM and self.clock() - self._since >= _FOR_GOOD
        return f"a gateway answered {self.in_a_row} requests in a row" if lasts else None


def interception(call: Call, response: Response, head: int, body: int) -> Interception | None:
    """Return why a response is surely not the target's, or None; `head` and `body` are the request's sizes in bytes.

    With 502, 503, 504 and their like, a gateway's response is an HTML page, or plain text that says no more than the
    reason phrase does; an error in the application's own JSON is the target's, and so is a page that shows a trace.
    With other statuses the page has to name a product, or the request to be too large, or of no stated length (411).
    407 is a proxy's alone (RFC 9110 section 15.5.8).
    """
    status = response.status
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return Interception(Before.DOOR, f"{PROXY_CLOSED} (status 407): {NOT_REACHED}")
    if status in _AWAY and (page := _page_of_one_that_is_away(call, response)):
        return Interception(Before.AWAY, f"a gateway answered with {page}: {NOT_REACHED}")
    if status == HTTPStatus.LENGTH_REQUIRED and call.chunked:
        return Interception(Before.LIMIT, f"a body without a length is not let through (status 411): {NOT_REACHED}")
    if status in _TOO_LARGE and (head > _LARGE_HEAD or body > LARGE_BODY) and not _is_own(response):
        return Interception(Before.LIMIT, f"a {_TOO_LARGE[status]} of that size is not let through (status {status})")
    if status < 400 or status == 500 or "html" not in response.media_type:
        return None
    sign = _NAMES.search(response.text)
    if sign is None and status in _STATUSES and status != HTTPStatus.FORBIDDEN:
        sign = _SIGNS.search(response.text)
    if sign is None:
        return None
    kind = Before.AWAY if status in _AWAY else Before.DOOR
    kind = Before.FIREWALL if status == HTTPStatus.FORBIDDEN else kind
    page = f"its own page (status {status}, “{sign[0].strip()}”)"
    return Interception(kind, f"a gateway answered with {page}: {NOT_REACHED}")


def _is_own(response: Response) -> bool:
    """Return whether a response shows that the application made it: it says JSON, or its page has a trace."""
    return response.says_json or bool(_TRACE.search(response.text))


def _page_of_one_that_is_away(call: Call, response: Response) -> str | None:
    """Return what a gateway that did not reach the target answered, in words, or None; to HEAD it shows nothing."""
    status = f"status {response.status}"
    is_page = "html" in response.media_type
    if call.method == "HEAD":
        return status if is_page or response.media_type == "text/plain" or _names_itself(response) else None
    if is_page:
        if _TRACE.search(response.text):
            return None
        sign = _NAMES.search(response.text) or _SIGNS.search(response.text)
        return f"its own page ({status}{f', “{sign[0].strip()}”' if sign else ''})"
    if response.says_json or response.json is not MISSING:
        told = _names_itself(response) and _is_message_alone(response.json)
        return f"its own words ({status})" if told else None
    said = _NO_UPSTREAM.match(response.text)
    return f"“{said[0].strip()[:_SHOWN]}” ({status})" if said else None


def _names_itself(response: Response) -> bool:
    """Return whether a header says that the gateway of an API made the response."""
    told = {name: response.header(name) for name in _TELLING_HEADERS}
    return any(value and value.lower().startswith(_TELLING_HEADERS[name]) for name, value in told.items())


def may_be_carried_out(response: Response) -> bool:
    """Return whether the target may have carried out a request that a gateway answered with that it is away.

    A gateway that has no server to send a request to (503) has sent it to none; one that got no response, or a broken
    one (502, 504), may have.
    """
    return response.status not in _NOT_CARRIED_OUT or bool(_MAY_BE_CARRIED_OUT.search(response.text))


def may_be_firewall(response: Response) -> bool:
    """Return whether a 403 may be a firewall's: it is no error as an application has it, but a page or bare words."""
    if response.status != HTTPStatus.FORBIDDEN or not response.body.strip():
        return False
    return response.json is MISSING or _is_message_alone(response.json)


def alike(first: Response, second: Response) -> bool:
    """Return whether two responses are the same but for what changes each time: numbers, ids, paths."""
    one, other = ((item.status, item.media_type, _CHANGING.sub("", item.text)) for item in (first, second))
    return one == other


def is_conflict(response: Response) -> bool:
    """Return whether a refusal says that something is there already: a 409, or a 400 or 422 with such words."""
    if response.status == HTTPStatus.CONFLICT:
        return True
    may_be = response.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
    return may_be and bool(_CONFLICT.search(response.text))


def _is_message_alone(value: Any) -> bool:
    if not isinstance(value, Mapping) or not value.keys() <= _BESIDE_A_MESSAGE:
        return False
    return isinstance(value.get("message", value.get("Message")), str)
