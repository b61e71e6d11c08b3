"""One wire for a run whose tests are spread over processes: the controller sends the requests of all workers.

A worker of pytest-xdist, on this machine or on another, asks over a channel of its own for each request and for what
the tests share. So the rate limit, what the rules remember, the secrets and the merchants are those of one run, and
every request comes from one address.

What a worker sends is plain data to the controller, which unpickles nothing of it: values that workers share
pass through it sealed.
"""

from __future__ import annotations

import pickle
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import PurePath
from traceback import format_exc
from typing import Any, Final

import pytest

from conformance.client import Told
from conformance.errors import NotTested, Why
from conformance.plugin.adapters import Channel
from conformance.plugin.sessions import Sessions
from conformance.recorder import Found
from conformance.report.allure_files import Keep
from conformance.run import Run
from conformance.sharing import Claim
from conformance.values import MISSING
from conformance.wire.client import TargetGone, Wire, encode
from conformance.wire.exchange import Call, Exchange, Intent
from conformance.wire.together import Sent, told_in_order

_SHARED: Final = frozenset({"claim", "settle", "give_up", "tell", "told", "take", "collected"})

_ENDED: Final = "the session was ended, perhaps by a sign-in of a test that ran at the same time"


@dataclass(frozen=True)
class Sealed:
    """A pickled value of one worker, which only other workers open."""

    data: bytes


@dataclass(frozen=True)
class Reply:
    """The controller's reply: a value or an error, each exchange with what it decides, and changes in the run's state.

    `secrets` are those that have become known since the last reply; `side_by_side` as in `Run`, and so `successes`, for
    a worker that is alone at work.
    """

    value: Any = None
    error: Exception | None = None
    heard: tuple[tuple[Exchange, Found], ...] = ()
    secrets: tuple[str, ...] = ()
    limited: frozenset[str] = frozenset()
    accepted: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()
    successes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    side_by_side: int = 1


class Relay:
    """In the controller: serve each worker in a thread of its own, over a wire of its own.

    Allure's files, which every process makes for itself, are kept by `keep`.
    """

    def __init__(self, run: Run, keep: Keep | None) -> None:
        self.run = run
        self.sessions = Sessions(run.contract)
        self._keep_file = keep
        self._channels: list[Channel] = []
        self._disturbed: set[str] = set()
        self._one_works = False
        self._judging = threading.Lock()

    def serve(self, channel: Channel, who: str) -> None:
        """Serve a worker that has been started, until it ends."""
        self._channels.append(channel)
        threading.Thread(target=self._serve, args=(channel, who), daemon=True, name=f"relay {who}").start()

    def end(self) -> None:
        """Close all channels, so that no worker of an interrupted run waits for a reply, and all of them end."""
        for channel in self._channels:
            channel.close()

    def _serve(self, channel: Channel, who: str) -> None:
        heard: list[tuple[Exchange, Found]] = []
        known = 0
        wire = self.run.client.open_wire(lambda exchange: heard.append((_bare(exchange), self._judged(exchange))))
        try:
            while True:
                request = channel.receive()
                heard.clear()
                value: Any = None
                error: Exception | None = None
                try:
                    value = self._do(who, wire, *request)
                except (NotTested, TargetGone) as raised:
                    error = raised
                except Exception:
                    error = RuntimeError(f"in the controller:\n{format_exc()}")
                if self._is_disturbed(heard, who):
                    heard.clear()
                    value, error = None, NotTested(_ENDED, Why.DISTURBED)
                secrets = self.run.masker.told[known:]
                known += len(secrets)
                channel.send(pickle.dumps(self._reply(value, error, heard, secrets)))
        except (EOFError, OSError):
            return
        finally:
            self.run.store.forget(who)
            wire.close()
            channel.close()

    def was_disturbed(self, who: str) -> bool:
        """Return whether a session of a worker was ended from elsewhere since this was asked last."""
        found = who in self._disturbed
        self._disturbed.discard(who)
        return found

    def let_one_work(self) -> None:
        """Say that one worker alone is at work from now on: it has to know the sign-ins of the others."""
        self._one_works = True
        self.sessions.forget_sign_ins()

    def _is_disturbed(self, heard: Iterable[tuple[Exchange, Found]], who: str) -> bool:
        for exchange, _ in heard:
            self.sessions.observe(exchange)
        found = any(self.sessions.may_be_ended(exchange, who) for exchange, _ in heard)
        if found:
            self._disturbed.add(who)
        return found

    def _do(self, who: str, wire: Wire, verb: str, *arguments: Any) -> Any:
        """Carry out one request of a worker; return its value, or None where it has none."""
        if verb in ("request", "together", "each"):
            send = self._send_each if verb == "each" else self._send
            calls = [_opened_call(data) for data in arguments]
            for call in calls:
                self.sessions.announce(call, who)
            return send(wire, calls)
        if verb == "file":
            return self._keep(*arguments)
        if verb == "known":
            return dict(self.run.known(*arguments))
        if verb == "heard":
            return [_bare(exchange) for exchange in self.run.sent_to(*arguments)]
        if verb not in _SHARED:
            raise LookupError(f"no worker may ask for {verb!r}")
        given = [Sealed(item) if isinstance(item, bytes) else item for item in arguments]
        return getattr(self.run.store, verb)(*given, who=who)

    def _send(self, wire: Wire, calls: list[Call]) -> list[int]:
        """Send a call, or several at once; return how many exchanges each has come to, all of which were observed."""
        if len(calls) == 1:
            self.run.send(calls[0], wire)
            return []
        outcomes = self.run.client.send_together(calls)
        told_in_order(outcomes, wire.observe)
        return [len(sent.exchanges) for sent in outcomes]

    def _send_each(self, wire: Wire, calls: list[Call]) -> list[tuple[int, NotTested | TargetGone | None]]:
        """Send independent calls side by side; return how many exchanges each has come to, and why it has none."""
        outcomes = self.run.deliver_each(calls)
        for sent in outcomes:
            for exchange in sent.exchanges:
                wire.observe(exchange)
        return [(len(sent.exchanges), sent.error) for sent in outcomes]

    def _keep(self, name: str, data: bytes) -> None:
        if self._keep_file is not None:
            self._keep_file(PurePath(name).name, data)

    def _judged(self, exchange: Exchange) -> Found:
        with self._judging:
            return self.run.judge(exchange)

    def _reply(
        self,
        value: Any,
        error: Exception | None,
        heard: Iterable[tuple[Exchange, Found]],
        secrets: Iterable[str],
    ) -> Reply:
        run = self.run
        news = {"limited": run.client.limits.paths, "accepted": run.accepted, "broken": run.recorder.broken}
        sets = {name: frozenset(found.copy()) for name, found in news.items()}
        counts = dict(run.successes) if self._one_works else {}
        return Reply(
            value, error, tuple(heard), tuple(secrets), successes=counts, side_by_side=run.side_by_side, **sets
        )


def _plain(call: Call) -> dict[str, Any]:
    """Return a call as data that a channel carries: its JSON as the bytes that are sent."""
    plain = {name: value for name, value in vars(call).items() if name != "json"}
    plain["headers"] = dict(call.headers)
    plain["intent"] = str(call.intent)
    plain["body"] = call.body if call.json is MISSING else encode(call.json)
    return plain


def _opened_call(data: dict[str, Any]) -> Call:
    """Return a call that a worker has sent as data of builtin types."""
    return Call(**{**data, "intent": Intent(data["intent"])})


def _bare(exchange: Exchange) -> Exchange:
    """Return an exchange without its call's body, which is in the request's, and without what was parsed from it."""
    response = exchange.response and replace(exchange.response)
    return replace(exchange, call=replace(exchange.call, body=None, json=MISSING), response=response)


class FarWire:
    """In a worker: the wire and the shared values, which are reached through the controller."""

    def __init__(self, channel: Channel, run: Run) -> None:
        self._channel = channel
        self._run = run
        self.limited: frozenset[str] = frozenset()
        self.side_by_side = 1

    def send(self, call: Call) -> Exchange:
        """Send a call; return its exchange, and raise as `Wire.send` does."""
        reply = self._ask("request", _plain(call))
        exchanges = [(replace(exchange, call=call), found) for exchange, found in reply.heard]
        for exchange, found in exchanges:
            self._run.recorder.take(exchange, found)
        if reply.error is not None:
            raise reply.error
        return exchanges[-1][0]

    def send_together(self, calls: Sequence[Call]) -> list[Exchange]:
        """Send calls at the same moment; return their exchanges in the order of the calls, as `Run.send_together`."""
        reply = self._ask("together", *map(_plain, calls))
        counts: list[int] = reply.value or [1] * len(reply.heard)
        meant = [call for call, count in zip(calls, counts, strict=False) for _ in range(count)]
        exchanges = [
            (replace(exchange, call=call), found) for (exchange, found), call in zip(reply.heard, meant, strict=False)
        ]
        for exchange, found in exchanges:
            self._run.recorder.take(exchange, found)
        if reply.error is not None:
            raise reply.error
        last = [sum(counts[: number + 1]) - 1 for number in range(len(calls))]
        return [exchanges[number][0] for number in last]

    def send_each(self, calls: Sequence[Call]) -> list[Told]:
        """Send independent calls side by side; return what became of each, with what each exchange decides."""
        reply = self._ask("each", *map(_plain, calls))
        if reply.error is not None:
            raise reply.error
        heard = iter(reply.heard)
        told: list[Told] = []
        for call, (count, error) in zip(calls, reply.value, strict=True):
            pairs = [(replace(exchange, call=call), found) for exchange, found in islice(heard, count)]
            told.append((Sent([exchange for exchange, _ in pairs], error), [found for _, found in pairs]))
        return told

    def known(self, fact: str) -> dict[str, Any]:
        found: dict[str, Any] = self._value("known", fact)
        return found

    def heard(self, operations: Sequence[str]) -> list[Exchange]:
        found: list[Exchange] = self._value("heard", *operations)
        return found

    def claim(self, key: str) -> Any:
        found = self._value("claim", key)
        return found if found is Claim.GRANTED else (_opened(found[0]),)

    def settle(self, key: str, value: Any) -> None:
        self._value("settle", key, pickle.dumps(value))

    def give_up(self, key: str, reason: tuple[str, str, str] | None) -> None:
        self._value("give_up", key, reason)

    def tell(self, key: str, value: Any) -> None:
        self._value("tell", key, pickle.dumps(value))

    def told(self, key: str) -> Any:
        return _opened(self._value("told", key))

    def take(self, key: str) -> Any:
        return _opened(self._value("take", key))

    def collected(self, items: dict[str, tuple[str, ...]], deselected: dict[str, str]) -> None:
        self._value("collected", items, deselected)

    def deliver(self, name: str, data: bytes) -> None:
        """Hand a file of Allure's results to the controller."""
        self._value("file", name, data)

    def _value(self, *request: Any) -> Any:
        reply = self._ask(*request)
        if reply.error is not None:
            raise reply.error
        return reply.value

    def _ask(self, *request: Any) -> Reply:
        try:
            self._channel.send(request)
            reply: Reply = pickle.loads(self._channel.receive())
        except (EOFError, OSError):
            pytest.exit("the controller has ended the run")
        self._run.masker.add(*reply.secrets)
        self._run.accepted |= reply.accepted
        self._run.recorder.broken |= reply.broken
        if reply.successes:
            self._run.successes = Counter(reply.successes)
        self.limited = reply.limited
        self.side_by_side = reply.side_by_side
        return reply


def _opened(value: Any) -> Any:
    return pickle.loads(value.data) if isinstance(value, Sealed) else value
