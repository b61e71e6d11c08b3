"""The one wire: every request to the target goes over it, and nothing else in the suite opens a connection to one."""

from __future__ import annotations

import json
import ssl
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final

import httpx

from conformance.exchange import Call, Exchange, Response
from conformance.gateway import gateway_page
from conformance.ledger import NotTested
from conformance.masking import Masker
from conformance.pacing import Pacer, advised_wait
from conformance.rules import RATE_LIMITED
from conformance.values import MISSING

MAX_BODY: Final = 8 * 1024 * 1024
USER_AGENT: Final = "merchant-onboarding-conformance"
_RETRIES_AFTER_429: Final = 4
_SLOW_AFTER: Final = 2
_IMPATIENT: Final = 3.0


class TargetGone(Exception):
    """The target does not answer any more; the message says what was tried."""


class NotSendable(NotTested):
    """A request that HTTP itself, or the client library, cannot put on the wire."""


@dataclass(frozen=True)
class Connection:
    """How to reach a target: where it is, how long to wait for it, and what its network asks for."""

    base_url: str
    timeout: float = 10.0
    connect_timeout: float = 5.0
    headers: Mapping[str, str] = field(default_factory=dict)
    proxy: str | None = None
    verify: ssl.SSLContext | bool = True
    http2: bool = False
    trust_environment: bool = True


@dataclass
class Wire:
    """Sends calls, paces them, bounds the answers, and hands every exchange to `observe` before the caller sees it.

    `longest_wait` is how many seconds in all the run may wait for rate limits; `on_wait` is told of each wait.
    """

    connection: Connection
    masker: Masker
    pacer: Pacer = field(default_factory=Pacer)
    observe: Callable[[Exchange], None] = lambda _: None
    on_wait: Callable[[str, float], None] = lambda *_: None
    longest_wait: float = 150.0
    number: int = 0
    limited: set[str] = field(default_factory=set)
    _timeouts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        link = self.connection
        self._client = httpx.Client(
            timeout=httpx.Timeout(link.timeout, connect=link.connect_timeout),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            proxy=link.proxy,
            verify=link.verify,
            http2=link.http2,
            trust_env=link.trust_environment,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip, deflate"},
        )

    def close(self) -> None:
        """Ends all connections."""
        self._client.close()

    def send(self, call: Call) -> Exchange:
        """A call: returns its exchange, after waiting for rate limits where the target asks for it.

        Raises `NotTested` when the rate limit outlasts the patience of the run, `NotSendable` for a request that the
        client cannot write, and `TargetGone` when nothing answers any more.
        """
        for _ in range(_RETRIES_AFTER_429):
            exchange = self._exchange(call)
            self.observe(exchange)
            if exchange.status != RATE_LIMITED or exchange.response is None:
                return exchange
            self.limited.add(call.path)
            seconds = advised_wait(exchange.response)
            if self.pacer.waited + seconds > self.longest_wait:
                break
            self.on_wait(call.operation or call.path, seconds)
            self.pacer.wait(seconds + 0.05)
        raise NotTested(f"rate limited: {call.method} {call.path} went on answering 429 (Too Many Requests)")

    def _exchange(self, call: Call) -> Exchange:
        self.number += 1
        number = self.number
        request = self._request(call)
        key = call.operation or call.path
        started = time.monotonic()
        response, failure = self._answer(request, self._patience(key))
        if failure in _STALE:
            self._require_alive()
            started = time.monotonic()
            response, failure = self._answer(self._request(call), self._patience(key))
        seconds = time.monotonic() - started
        if failure is not None:
            if "no answer within" in failure:
                self._timeouts[key] += 1
            self._require_alive()
        return Exchange(
            number=number,
            call=call,
            url=str(request.url),
            request_headers=tuple(
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw
            ),
            request_body=request.content,
            seconds=seconds,
            response=response,
            failure=failure,
            gateway=gateway_page(response) if response is not None else None,
        )

    def _patience(self, key: str) -> float:
        """The seconds for a whole answer; less once an operation has let us wait in vain again and again."""
        return (
            min(self.connection.timeout, _IMPATIENT) if self._timeouts[key] >= _SLOW_AFTER else self.connection.timeout
        )

    def _request(self, call: Call) -> httpx.Request:
        headers = dict(self.connection.headers)
        body = call.body
        if call.json is not MISSING:
            body = encode(call.json)
        if body is not None:
            headers["Content-Type"] = "application/json"
        if call.token is not None:
            headers["Authorization"] = f"Bearer {call.token}"
        lower = {name.lower() for name in call.headers}
        headers = {name: value for name, value in headers.items() if name.lower() not in lower} | {
            name: value for name, value in call.headers.items() if value
        }
        try:
            return self._client.build_request(call.method, self.url(call.path), content=body, headers=headers)
        except (UnicodeEncodeError, httpx.InvalidURL, TypeError) as error:
            raise NotSendable(f"the client cannot write this request: {type(error).__name__}") from None

    def url(self, path: str) -> str:
        """A path of the contract: returns the URL under the base URL, whose own path is kept."""
        return self.connection.base_url.rstrip("/") + path

    def _answer(self, request: httpx.Request, patience: float) -> tuple[Response | None, str | None]:
        self.pacer.before_request()
        deadline = time.monotonic() + patience
        request.extensions["timeout"] = httpx.Timeout(patience, connect=self.connection.connect_timeout).as_dict()
        try:
            stream = self._client.send(request, stream=True)
            try:
                body = bytearray()
                for chunk in stream.iter_bytes(65536):
                    body += chunk
                    if len(body) > MAX_BODY:
                        return None, f"an endless answer: more than {MAX_BODY // 1024 // 1024} MB"
                    if time.monotonic() > deadline:
                        return None, f"no answer within {patience:g} s: the body dripped in too slowly"
                headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in stream.headers.raw)
                return Response(stream.status_code, headers, bytes(body)), None
            finally:
                stream.close()
        except httpx.LocalProtocolError as error:
            raise NotSendable(f"the client cannot write this request: {self.masker.text(str(error))}") from None
        except httpx.HTTPError as error:
            return None, _failure(error, patience)

    def _require_alive(self) -> None:
        """A request that failed says something about the target only if it is still there."""
        for pause in (0.0, 0.5, 1.5):
            time.sleep(pause)
            reason = self.reach()
            if reason is None:
                return
        raise TargetGone(f"the target stopped answering ({reason})")

    def reach(self) -> str | None:
        """Whether anything answers at the base URL: returns None, or the reason in words why nothing does."""
        try:
            with self._client.stream(
                "GET", self.url("/"), timeout=self.connection.connect_timeout, headers=dict(self.connection.headers)
            ):
                return None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol) as error:
            return _failure(error, self.connection.connect_timeout)
        except httpx.HTTPError:
            return None


_DISCONNECTED: Final = "the connection was closed without an answer"
_RESET: Final = "the connection was reset"
_REFUSED: Final = "the connection was refused"
_STALE: Final = frozenset({_DISCONNECTED, _RESET, _REFUSED})


def encode(value: Any) -> bytes:
    """A JSON value: returns its bytes, lone surrogates escaped as only JSON can have them."""
    try:
        return json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value).encode("ascii")


def _failure(error: httpx.HTTPError, patience: float) -> str:
    text = str(error)
    match error:
        case httpx.ConnectTimeout():
            return "no connection within the time limit"
        case httpx.TimeoutException():
            return f"no answer within {patience:g} s"
        case httpx.DecodingError():
            return "a body that cannot be decoded as its Content-Encoding says"
        case httpx.RemoteProtocolError() if "without sending" in text:
            return _DISCONNECTED
        case httpx.RemoteProtocolError() if "incomplete" in text or "closed" in text:
            return "a truncated answer: the connection was closed before the body was complete"
        case httpx.RemoteProtocolError():
            return f"an answer that is not HTTP ({text})"
        case httpx.ReadError() | httpx.WriteError():
            return _RESET
        case httpx.ConnectError() if "CERTIFICATE" in text or "SSL" in text or "TLS" in text:
            return f"TLS failed: {text}"
        case httpx.ConnectError() if "Name or service" in text or "getaddrinfo" in text or "No address" in text:
            return "the host name cannot be resolved"
        case httpx.ConnectError():
            return _REFUSED
        case _:
            return f"{type(error).__name__}: {text}"
