"""Several calls at the same moment, and what follows the headers of a response to HEAD."""

from __future__ import annotations

import threading
import time
from typing import Any

import httpcore
import pytest

from conformance.masking import Masker
from conformance.wire import together, transport
from conformance.wire.client import Connection, NotSendable, Wire
from conformance.wire.exchange import Call
from conformance.wire.together import MOST, send_at_once, told_in_order
from tests.suite.misbehaving import Request, Script, Wait, everything, reply, serving

HEAD = Call("HEAD", "/customers")
BARE = b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 17\r\nConnection: close\r\n\r\n"
BODY = b'{"statusCode":405'


def test_calls_overlap_and_are_told_in_their_order() -> None:
    """Each response waits until all requests are there, so that calls one after another would never be answered."""
    arrived = threading.Barrier(4, timeout=10)

    def respond(request: Request) -> Script:
        arrived.wait()
        return [reply(200, request.body)]

    calls = [Call("POST", "/customers", json={"number": number}) for number in range(4)]
    shared = iter(range(1, 100))
    with serving(respond) as server:
        outcomes = send_at_once(
            lambda observe: Wire(Connection(server.url), Masker(), observe=observe, numbers=shared), calls
        )
    told: list[int] = []
    exchanges = told_in_order(outcomes, lambda exchange: told.append(exchange.number))
    assert [exchange.response_json for exchange in exchanges] == [{"number": number} for number in range(4)]
    assert told == sorted(told)


def test_no_request_is_sent_before_all_connections_are_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that opens late, as over TLS, keeps the requests on the others back."""
    events: list[str] = []
    late, connect = iter((0.3, 0.0, 0.0, 0.0)), transport._Backend.connect_tcp

    def connect_late(*given: Any, **options: Any) -> httpcore.NetworkStream:
        time.sleep(next(late))
        opened = connect(*given, **options)
        events.append("connection")
        return opened

    def respond(_: Request) -> Script:
        events.append("request")
        return [reply(200, b"{}")]

    monkeypatch.setattr(transport._Backend, "connect_tcp", connect_late)
    with serving(respond) as server:
        outcomes = send_at_once(
            lambda observe: Wire(Connection(server.url), Masker(), observe=observe), [Call("GET", "/customers")] * 4
        )
    assert events == ["connection"] * 4 + ["request"] * 4
    assert min(sent.exchange.seconds for sent in outcomes) < 0.3, "the time for which a request is held back counts"


def test_a_call_that_cannot_be_sent_keeps_no_other_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "_LONGEST_HOLD", 60.0)
    with serving(everything([reply(200, b"{}")])) as server:
        *others, wrong = send_at_once(
            lambda observe: Wire(Connection(server.url), Masker(), observe=observe),
            [HEAD, HEAD, Call("GET", "/customers", headers={"X-Name": "Nomsa\n"})],
        )
    assert [sent.exchange.status for sent in others] == [200, 200]
    assert isinstance(wrong.error, NotSendable)


def test_too_many_calls_are_not_sent_at_once() -> None:
    with pytest.raises(AssertionError, match="are not sent at once"):
        send_at_once(lambda _: pytest.fail("no wire is opened"), [HEAD] * (MOST + 1))


@pytest.mark.parametrize(
    ("script", "excess"),
    [
        ([BARE], 0),
        ([BARE + BODY], len(BODY)),
        ([BARE, Wait(0.05), BODY], len(BODY)),
        ([b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + BARE], 0),
    ],
    ids=["no body", "with the headers", "later", "early hints"],
)
def test_what_follows_the_headers_of_a_response_to_head(script: Script, excess: int) -> None:
    with serving(everything(script)) as server:
        wire = Wire(Connection(server.url), Masker())
        exchange = wire.send(HEAD)
        wire.close()
    assert exchange.response is not None
    assert (exchange.status, exchange.response.excess) == (405, excess)
