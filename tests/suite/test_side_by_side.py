"""Independent requests side by side: judged in their order, one at a time where a limit is known, over kept wires."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from conformance.checks.rules import Rules
from conformance.contract.catalogue import Catalogue
from conformance.contract.document import Contract
from conformance.errors import NotTested
from conformance.masking import Masker
from conformance.results.records import Record
from conformance.run import Run
from conformance.settings import Settings
from conformance.wire.client import NotSendable
from conformance.wire.exchange import Call
from conformance.wire.together import worth_sending_side_by_side
from tests.suite.misbehaving import Request, Script, reply, serving

NUMBERED = [Call("POST", "/things", json={"number": number}) for number in range(6)]
UNSENDABLE = Call("POST", "/things", json={}, headers={"X-Odd": "\ud800"})

Respond = Callable[[Request], Script]


@contextmanager
def run_against(response: Respond, catalogue: Catalogue, contract: Contract, settings: Settings) -> Iterator[Run]:
    with serving(response) as server:
        run = Run(settings, contract, catalogue, Rules(catalogue, contract), Masker(), Path())
        run.client.base_url = server.url
        yield run
        run.client.close()


class Counting:
    """Answers, after `wanted` requests are there where it is above one, and tells how many were there at once."""

    def __init__(self, wanted: int) -> None:
        self._all_there = threading.Barrier(wanted, timeout=10) if wanted > 1 else None
        self._lock = threading.Lock()
        self._there = 0
        self.most = 0

    def __call__(self, request: Request) -> Script:
        with self._lock:
            self._there += 1
            self.most = max(self.most, self._there)
        if self._all_there is not None:
            self._all_there.wait()
        with self._lock:
            self._there -= 1
        return [reply(200, request.body)]


def test_as_many_are_under_way_as_is_said(catalogue: Catalogue, contract: Contract) -> None:
    """Each response waits until three requests are there: one after the other, none would be answered."""
    response = Counting(3)
    with run_against(response, catalogue, contract, Settings(concurrency=3)) as run:
        exchanges = run.send_all(NUMBERED)
    assert response.most == 3
    assert [exchange.response_json for exchange in exchanges] == [call.json for call in NUMBERED]
    assert [exchange.number for exchange in exchanges] == sorted(exchange.number for exchange in exchanges)


@pytest.mark.parametrize(
    "settings", [Settings(concurrency=3, rate_limit="1000/s"), Settings(concurrency=1), Settings()]
)
def test_one_is_under_way(settings: Settings, catalogue: Catalogue, contract: Contract) -> None:
    """The user asks for a rate, or for one at a time, or has said nothing of a target that answers at once."""
    response = Counting(1)
    with run_against(response, catalogue, contract, settings) as run:
        run.send_all(NUMBERED)
    assert response.most == 1


def test_one_is_under_way_after_a_429(catalogue: Catalogue, contract: Contract) -> None:
    """A target that limits a rate is asked for one thing at a time from then on, whatever the user asked for."""
    limited = [reply(429, b"{}", "Retry-After: 0")]
    response = Counting(1)
    asked: list[str] = []

    def respond(request: Request) -> Script:
        asked.append(request.path)
        return limited if asked == ["/limited"] else response(request)

    with run_against(respond, catalogue, contract, Settings(concurrency=6)) as run:
        run.send(Call("POST", "/limited", json={}))
        run.send_all(NUMBERED)
    assert response.most == 1
    assert len(asked) == len(NUMBERED) + 2


def test_each_is_recorded_as_it_is_told_and_the_rest_at_the_end(catalogue: Catalogue, contract: Contract) -> None:
    record = Record("a test")
    told: list[int] = []
    with (
        run_against(Counting(3), catalogue, contract, Settings(concurrency=3)) as run,
        run.recording(record),
        closing(run.send_each(NUMBERED)) as outcomes,
    ):
        for sent in outcomes:
            told.append(record.requests.total())
            if sent.exchange.request_json == {"number": 1}:
                break
    assert told == [1, 2]
    assert record.requests.total() == 3, "what was on its way is recorded, and nothing more is sent"


def test_a_call_that_cannot_be_written_leaves_the_others(catalogue: Catalogue, contract: Contract) -> None:
    with run_against(Counting(1), catalogue, contract, Settings(concurrency=3)) as run:
        first, odd, last = run.send_each([NUMBERED[0], UNSENDABLE, NUMBERED[1]])
        assert (first.exchange.status, last.exchange.status) == (200, 200)
        with pytest.raises(NotSendable):
            _ = odd.exchange
        with pytest.raises(NotTested):
            run.send_all([UNSENDABLE, NUMBERED[0]])


def test_connections_are_kept(catalogue: Catalogue, contract: Contract) -> None:
    with run_against(Counting(3), catalogue, contract, Settings(concurrency=3)) as run:
        run.send_all(NUMBERED[:3])
        wires = run.client._idle.qsize()
        run.send_all(NUMBERED)
        assert run.client._idle.qsize() == wires == 3


@pytest.mark.parametrize(
    ("seconds", "number"), [(0.0, 1), (0.004, 1), (0.019, 1), (0.02, 2), (0.05, 5), (0.1, 10), (3, 10)]
)
def test_the_longer_the_way_the_more_are_worth_sending(seconds: float, number: int) -> None:
    assert worth_sending_side_by_side(seconds) == number
