"""What answers in the target's place: gateways that did not reach it, firewalls, limits of size."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias
from urllib.parse import unquote

from sandbox.behaviour import Call, Change
from sandbox.changes import arriving, finishing
from sandbox.errors import phrase
from sandbox.model import Headers, Json, Reply
from sandbox.variants.model import Variant

Page: TypeAlias = Callable[[int], Reply]

ONE_IN = 40
LARGE = 100_000
HTML, PLAIN = "text/html", "text/plain; charset=utf-8"
MARKUP = re.compile(r"<\s*/?\s*[a-z!]|javascript:|\bon\w+\s*=|-->", re.IGNORECASE)
SQL = re.compile(r"'\s*(?:or|and)\b|\bunion\s+select\b|;\s*drop\s|'\s*--|\.\./", re.IGNORECASE)


def _page(status: int, server: Headers = (), more: str = "") -> Reply:
    """A page that says no more than the status; the product stands in a header at most."""
    title = f"{status} {phrase(status)}"
    text = f"<html><head><title>{title}</title></head><body><h1>{title}</h1>{more}</body></html>"
    return Reply(status, raw=text.encode(), media_type=HTML, headers=server)


def _bare(status: int) -> Reply:
    """The reason phrase alone, as Traefik and Go's own proxy have it."""
    return Reply(status, raw=phrase(status).encode(), media_type=PLAIN)


def _envoy(status: int) -> Reply:
    words = {
        503: "upstream connect error or disconnect/reset before headers. reset reason: connection failure",
        504: "upstream request timeout",
    }
    text = words.get(status, "RBAC: access denied")
    return Reply(status, raw=text.encode(), media_type="text/plain", headers=(("server", "envoy"),))


def _message(status: int) -> Reply:
    """A message alone, as the gateways of an API have it."""
    told: Json = {"message": phrase(status)}
    return Reply(status, told, headers=(("x-amzn-errortype", f"{phrase(status).replace(' ', '')}Exception"),))


def _words_alone(status: int) -> Reply:
    """A message alone, and no header that tells whose it is."""
    return Reply(status, {"message": phrase(status)})


def _nginx(status: int) -> Reply:
    return _page(status, (("server", "nginx/1.25.3"),))


def _load_balancer(status: int) -> Reply:
    return _page(status, (("server", "awselb/2.0"),))


def now_and_then(page: Page, statuses: Sequence[int], one_in: int = ONE_IN) -> Change:
    """Answer one request in so many in the target's place, which does not see it."""

    def arrive(call: Call) -> Reply | None:
        call.memory["gateway"] = number = call.memory.get("gateway", 0) + 1
        return page(statuses[number // one_in % len(statuses)]) if number % one_in == one_in - 4 else None

    return arriving(arrive)


def _lost(page: Page, statuses: Sequence[int]) -> Change:
    """Let the target see each request, and lose one of its responses in so many."""

    def change_reply(call: Call, reply: Reply) -> Reply:
        call.memory["lost"] = number = call.memory.get("lost", 0) + 1
        return page(statuses[number // ONE_IN % len(statuses)]) if number % ONE_IN == ONE_IN - 4 else reply

    return finishing(change_reply)


def _firewall(page: Page, *patterns: re.Pattern[str], everywhere: bool = True, of_sessions: bool = False) -> Change:
    """Refuse what looks like an attack, on whatever path, on those of the target, or behind its look at tokens."""

    def arrive(call: Call) -> Reply | None:
        if not (everywhere or call.operation):
            return None
        if of_sessions and call.operation in call.behaviour.protected and not call.behaviour.find_session(call):
            return None
        seen = f"{call.raw.decode('utf-8', 'replace')} {unquote(call.path)} {unquote(call.query)}"
        return page(403) if any(pattern.search(seen) for pattern in patterns) else None

    return arriving(arrive)


def _large(call: Call) -> Reply | None:
    return _nginx(413) if len(call.raw) > LARGE else None


def _no_length(call: Call) -> Reply | None:
    return _page(411) if "chunked" in call.headers.get("transfer-encoding", "") else None


VARIANTS: tuple[Variant, ...] = (
    Variant("gateway-page-now-and-then", "1 in 40: a page", now_and_then(_page, (502, 503, 504))),
    Variant("gateway-phrase-now-and-then", "1 in 40: the reason phrase", now_and_then(_bare, (502, 503, 504))),
    Variant("gateway-envoy-now-and-then", "1 in 40: Envoy's words", now_and_then(_envoy, (503, 504))),
    Variant("gateway-message-now-and-then", "1 in 40: a message alone", now_and_then(_message, (503, 504))),
    Variant(
        "gateway-loses-answers", "1 response in 40 is lost, and a page comes in its place", _lost(_page, (502, 504))
    ),
    Variant("firewall-page", "a firewall's page, its product in a header alone", _firewall(_nginx, MARKUP, SQL)),
    Variant("firewall-message", 'a firewall answers {"message": "Forbidden"}', _firewall(_message, MARKUP, SQL)),
    Variant(
        "firewall-of-known-paths",
        'a firewall that knows the paths answers {"message": "Forbidden"}',
        _firewall(_message, MARKUP, SQL, everywhere=False),
    ),
    Variant(
        "firewall-behind-tokens",
        'a firewall that knows the paths, and looks at requests with a token, answers {"message": "Forbidden"}',
        _firewall(_words_alone, MARKUP, SQL, everywhere=False, of_sessions=True),
    ),
    Variant("firewall-phrase", "a firewall answers with words in plain text", _firewall(_envoy, MARKUP, SQL)),
    Variant("firewall-sql-alone", "a firewall looks for SQL alone", _firewall(_load_balancer, SQL)),
    Variant("large-body-413-page", "a gateway's page, 413, for bodies above 100 kB", arriving(_large)),
    Variant(
        "no-length-411-page",
        "a gateway's page, 411, for bodies in chunks",
        arriving(_no_length),
        "bodies in chunks",
    ),
)
