"""The one wire: every request to the target goes over it, and nothing else in the suite opens a connection to one."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from itertools import count
from typing import Any, Final

import httpx

from conformance import __version__
from conformance.errors import NotTested, Why
from conformance.masking import Masker
from conformance.values import MISSING
from conformance.wire.bounds import Unbounded, Undecodable, decoded
from conformance.wire.exchange import Call, Exchange, Response
from conformance.wire.failures import CLIENT_REFUSED, PROXY_CLOSED, Failure, Kind, failure_of
from conformance.wire.gateway import (
    IDEMPOTENT,
    LARGE_BODY,
    UNKNOWN_PATH,
    Before,
    Interception,
    Tally,
    alike,
    interception,
    is_conflict,
    may_be_carried_out,
    may_be_firewall,
)
from conformance.wire.limits import Limits, Silence
from conformance.wire.transport import Pieces, Traffic, Transport, bytes_after_head, environment_proxy

USER_AGENT: Final = f"merchant-onboarding-conformance/{__version__}"
_SLOW_AFTER: Final = 2
_IMPATIENT: Final = 3.0
_BEFORE_ANOTHER: Final = (0.1, 0.5)
_BEFORE_ANOTHER_PROBE: Final = (0.2, 0.6, 1.5)
_UNANNOUNCED_CLOSES: Final = 2
_REQUESTS_OF_A_CONNECTION: Final = 90
_SILENT_PATH: Final = 5
_SILENT_TARGET: Final = 8
_PROBE_SECONDS: Final = 1.0
_PROBE_EVERY: Final = 0.25
_PROXY_WANTS_A_PASSWORD: Final = 407
_UNREADY: Final = frozenset({502, 503, 504})


class TargetGone(Exception):
    """The target does not respond any more; the message says what was tried."""


class NotSendable(NotTested):
    """A request that HTTP, or the client library, cannot express."""


@dataclass(frozen=True)
class Connection:
    """How to reach a target: where it is, how long to wait for it, and what its network asks for."""

    base_url: str
    timeout: float = 10.0
    connect_timeout: float = 5.0
    headers: Mapping[str, str] = field(default_factory=dict)
    proxy: str | None = None
    verify: ssl.SSLContext | bool = True
    client_cert: str | None = None
    http2: bool = False
    trust_environment: bool = True


@dataclass
class Wire:
    """Send calls, pace them, bound the responses, and hand every exchange to `observe` before the caller sees it.

    `patience` is how many seconds a target that went away has to come back. `repeatable` has the operations that may be
    carried out twice without a trace. A wire sends one call at a time; the wires of a run that sends several at once
    share `limits`, `silence`, `tally` and `numbers`.
    """

    connection: Connection
    masker: Masker
    observe: Callable[[Exchange], None] = lambda _: None
    patience: float = 2.0
    limits: Limits = field(default_factory=Limits)
    silence: Silence = field(default_factory=Silence)
    tally: Tally = field(default_factory=Tally)
    repeatable: Collection[str] = ()
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        link = self.connection
        self._traffic = Traffic()
        self._unannounced = 0
        self._sent_here = 0
        self._harmless: dict[tuple[str, str, bool], Response] = {}
        self._hold: Callable[[], None] | None = None
        self._transport = Transport(
            self._traffic,
            proxy=link.proxy,
            verify=link.verify,
            http2=link.http2,
            trust_environment=link.trust_environment,
        )
        self._client = httpx.Client(
            transport=self._transport,
            timeout=httpx.Timeout(link.timeout, connect=link.connect_timeout),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip, deflate"},
        )

    @property
    def limited(self) -> set[str]:
        """Return the paths whose rate the target has shown that it limits."""
        return self.limits.paths

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def hold(self, until: Callable[[], None]) -> None:
        """Hold the next request back on its open connection until a function returns."""
        self._hold = until

    def send(self, call: Call) -> Exchange:
        """Send a call; return its exchange, after waiting for rate limits where the target asks for it.

        Raises `NotTested` when the rate limit outlasts the patience of the run, `NotSendable` for a request that the
        client cannot write, and `TargetGone` when nothing responds any more.
        """
        with self.limits.turn(call) as turn:
            while True:
                exchange = self._exchange(call)
                self.observe(exchange)
                if exchange.status != HTTPStatus.TOO_MANY_REQUESTS or exchange.response is None:
                    turn.answered()
                    return exchange
                turn.wait(exchange.response)

    def _exchange(self, call: Call) -> Exchange:
        number = next(self.numbers)
        self._require_voice(call)
        if self.tally.pause:
            time.sleep(self.tally.pause)
        again = ""
        for pause in (*_BEFORE_ANOTHER, None):
            request, result, seconds = self._attempt(call)
            gateway = self._gateway(call, request, result)
            self.tally.count(gateway)
            if self.tally.gone is not None:
                raise TargetGone(f"the target is not reached any more ({self.tally.gone})")
            if isinstance(result, Failure):
                if not self._says_nothing(result):
                    break
                if result.kind is not Kind.UNREACHED:
                    again = "sent twice: the first connection was closed before a response"
            elif (
                gateway is None
                or gateway.kind is not Before.AWAY
                or pause is None
                or not self._may_repeat(call, result)
            ):
                break
            else:
                again = f"sent twice: the first was answered by a gateway, with status {result.status}"
                time.sleep(pause)
        else:
            raise NotTested(f"{call.method} {call.path} did not get through to the target", Why.GATEWAY)
        self.silence.count(call.path, isinstance(result, Failure) and result.kind is Kind.SILENT)
        response = None if isinstance(result, Failure) else result
        told = self._told(call, request, result, gateway, again)
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
            failure=result.words if isinstance(result, Failure) else None,
            gateway=told,
            again=again,
            began=time.time() - seconds,
        )

    def _gateway(self, call: Call, request: httpx.Request, result: Response | Failure) -> Interception | None:
        """Return why a response is not the target's, or None; a 403 is held against that of a path that nobody has."""
        if isinstance(result, Failure):
            return None
        head = len(str(request.url)) + sum(len(name) + len(value) for name, value in request.headers.raw)
        found = interception(call, result, head, len(request.content))
        if found is None and may_be_firewall(result) and self._dislikes(call, result):
            words = (
                f"a firewall refused what the request holds (status {result.status}), as it does where the target would"
                " refuse it for another reason"
            )
            return Interception(Before.FIREWALL, words)
        return found

    def _dislikes(self, call: Call, result: Response) -> bool:
        """Return whether the same is answered where no application takes it, and not to a request that holds nothing.

        That is on an unknown path; or on its own without a token, since a firewall may know the paths; or on its own
        with the body in a list, since it may stand behind what looks at tokens.
        """
        nowhere = replace(call, path=f"{UNKNOWN_PATH}{call.path}", operation=None)
        if self._is_answered_alike(nowhere, Call(call.method, UNKNOWN_PATH, json={}, token=call.token), result):
            return True
        anonymous = replace(call, token=None, operation=None) if call.token is not None else _in_list(call)
        if self._is_answered_alike(anonymous, Call(call.method, call.path, json={}), result):
            return True
        known = Call(call.method, call.path, json=[], token=call.token)  # that nobody takes for a thing to create
        return call.token is not None and self._is_answered_alike(_in_list(call), known, result)

    def _is_answered_alike(self, same: Call, nothing: Call, result: Response) -> bool:
        """Return whether the same request is answered like `result` elsewhere, and one that holds nothing is not."""
        response = self._probed(same)
        if response is None or not alike(response, result):
            return False
        place = nothing.method, nothing.path, nothing.token is None
        harmless = self._harmless.get(place) or self._probed(nothing)
        if harmless is None:
            return False
        self._harmless[place] = harmless
        return not alike(harmless, result)

    def _probed(self, call: Call) -> Response | None:
        """Return what a path that nobody has answers, or None where a rate limit or a closed connection hides it."""
        for pause in (*_BEFORE_ANOTHER_PROBE, None):
            result = self._attempt(call)[1]
            if isinstance(result, Response) and result.status != HTTPStatus.TOO_MANY_REQUESTS:
                return result
            if pause is not None:
                time.sleep(pause)
        return None

    def _may_repeat(self, call: Call, result: Response) -> bool:
        """Return whether a request that a gateway answered is safe to send again (RFC 9110 section 9.2.2)."""
        return call.method in IDEMPOTENT or not may_be_carried_out(result) or call.operation in self.repeatable

    def _told(
        self, call: Call, request: httpx.Request, result: Response | Failure, gateway: Interception | None, again: str
    ) -> str | None:
        """Return why the last response decides nothing, or None."""
        if isinstance(result, Failure):
            large = len(request.content) > LARGE_BODY and result.kind in (Kind.CLOSED, Kind.CUT)
            return f"a body of {len(request.content)} bytes is not let through: {result.words}" if large else None
        if again and call.method not in IDEMPOTENT and is_conflict(result):
            return f"{again}; the second was refused as a conflict, which the first may have caused"
        return gateway.words if gateway is not None else None

    def _attempt(self, call: Call) -> tuple[httpx.Request, Response | Failure, float]:
        request = self._request(call)
        self.limits.pacer.before_request()
        self._sent_here += 1
        if self._unannounced >= _UNANNOUNCED_CLOSES or self._is_used_up():
            self._transport.close()
        started = time.monotonic()
        result = self._answer(request, self._patience(call.path))
        if isinstance(result, Failure) and result.kind is Kind.CLOSED and not self._traffic.opened:
            self._unannounced += 1
        return request, result, time.monotonic() - started - self._traffic.held

    def _is_used_up(self) -> bool:
        """Return whether an HTTP/2 connection has had so many requests that its server may end it in the middle of one.

        Servers allow 100 or 1,000 of them, and send GOAWAY before the last response (RFC 9113 section 6.8).
        """
        return self.connection.http2 and self._sent_here % _REQUESTS_OF_A_CONNECTION == 0

    def _says_nothing(self, failure: Failure) -> bool:
        """Return whether a failure is no evidence against the target, so that the request has to be sent again.

        That is so on a connection that was used before, which the target may close while a request is on its way (RFC
        9112 section 9.3.1) or on which more came than the last response announced; and where the target was away for a
        moment. Raises `TargetGone` where it stays away.
        """
        if failure.kind in (Kind.CLOSED, Kind.NO_HTTP) and not self._traffic.opened:
            return True
        was_away = self._require_alive()
        return failure.kind is Kind.UNREACHED or (was_away and failure.kind in (Kind.CLOSED, Kind.CUT))

    def _require_voice(self, call: Call) -> None:
        """Raise `NotTested` or `TargetGone` where too many requests got no response in time."""
        in_a_row, of_all = self.silence.in_a_row[call.path], self.silence.of_all
        if in_a_row >= _SILENT_PATH:
            raise NotTested(f"{in_a_row} requests in a row to {call.path} were not answered in time", Why.GATEWAY)
        if of_all >= _SILENT_TARGET:
            raise TargetGone(f"the target stopped answering ({of_all} requests in a row were not answered in time)")

    def _patience(self, path: str) -> float:
        """Return the seconds to wait for a whole response; less for a path that did not respond in time repeatedly."""
        timeout = self.connection.timeout
        return min(timeout, _IMPATIENT) if self.silence.timeouts[path] >= _SLOW_AFTER else timeout

    def _request(self, call: Call) -> httpx.Request:
        headers = dict(self.connection.headers)
        body = call.body
        if call.json is not MISSING:
            body = encode(call.json)
        if body is not None:
            headers["Content-Type"] = "application/json"
        if call.token is not None:
            headers["Authorization"] = f"Bearer {call.token}"
        if call.method == "HEAD" and not self.connection.http2:
            headers["Connection"] = "close"
        lower = {name.lower() for name in call.headers}
        headers = {name: value for name, value in headers.items() if name.lower() not in lower} | {
            name: value for name, value in call.headers.items() if value
        }
        try:
            octets = [(name.encode("ascii"), value.encode()) for name, value in headers.items()]
            request = self._client.build_request(call.method, self.url(call.path), content=body, headers=octets)
        except (UnicodeEncodeError, httpx.InvalidURL, TypeError) as error:
            raise NotSendable(f"the client cannot write this request: {type(error).__name__}") from None
        if call.chunked:
            del request.headers["content-length"]
            request.headers["transfer-encoding"] = "chunked"
        if call.in_small_letters:
            request.headers = httpx.Headers([(name.lower(), value) for name, value in request.headers.raw])
        if call.in_pieces:
            request.stream = Pieces(request.content)
        return request

    def url(self, path: str) -> str:
        """Return the URL of a path of the contract under the base URL, whose own path is kept."""
        return self.connection.base_url.rstrip("/") + path

    def _answer(self, request: httpx.Request, patience: float) -> Response | Failure:
        try:
            with self._sent(request, patience) as stream:
                headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in stream.headers.raw)
                if request.method == "HEAD":
                    return Response(stream.status_code, headers, b"", bytes_after_head(stream, self._traffic))
                body = decoded(stream.iter_raw(), stream.headers.get("content-encoding", ""))
                return Response(stream.status_code, headers, body)
        except httpx.LocalProtocolError as error:
            raise NotSendable(f"the client cannot write this request: {self.masker.text(str(error))}") from None
        except (httpx.HTTPError, Unbounded, Undecodable) as error:
            return self._failure(error, patience)

    @contextmanager
    def _sent(self, request: httpx.Request, patience: float) -> Iterator[httpx.Response]:
        """Send a request; the body of its response can be read inside the context."""
        request.extensions["timeout"] = httpx.Timeout(patience, connect=self.connection.connect_timeout).as_dict()
        if self._hold is not None:
            request.extensions["trace"] = self._traced
        self._traffic.begin(patience, keeps=request.method == "HEAD")
        stream = self._transport.handle_request(request)
        try:
            if not self._traffic.reads:
                raise httpx.ReadError("this came before the request was sent: the last response had announced less")
            yield stream
        finally:
            stream.close()

    def _traced(self, event: str, told: Mapping[str, Any]) -> None:
        """Hold a request back where httpcore is about to write it to the target, not to a proxy."""
        if self._hold is None or not event.endswith("send_request_headers.started"):
            return
        if told["request"].method != b"CONNECT":
            hold, self._hold = self._hold, None
            self._traffic.wait(hold)

    def _failure(self, error: Exception, patience: float) -> Failure:
        link = self.connection
        start = b"HTTP/" if link.http2 and self._traffic.start else self._traffic.start
        failure = failure_of(error, patience, link.connect_timeout, start)
        if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError) and not failure.in_tls:
            surrounding = link.trust_environment and environment_proxy(httpx.URL(link.base_url))
            whose = "of --proxy" if link.proxy else "that the environment names" if surrounding else ""
            if whose:
                return Failure(failure.kind, f"the proxy {whose} cannot be reached: {failure.words}")
        return failure

    def _require_alive(self) -> bool:
        """Wait for a target that did not respond: a failed request says something about it only if it is still up.

        Returns whether it was away and came back; raises `TargetGone` where it does not within the patience.
        """
        deadline = time.monotonic() + self.patience
        was_away = False
        while (reason := self.reach()) is not None:
            was_away = True
            if time.monotonic() >= deadline:
                raise TargetGone(f"the target stopped answering ({reason})")
            time.sleep(_PROBE_EVERY)
        return was_away

    def reach(self, ready: bool = False, path: str = "") -> str | None:
        """Return None where anything at the base URL speaks HTTP, or the reason in words why not.

        Something that accepts a connection and then says nothing counts as being there: it may answer other paths,
        unless it closes the connection of a POST to `path` as well. So does a gateway in front of a target that is not
        there yet, unless it has to be `ready`.
        """
        status, failure = self._probe("GET", "/")
        if failure is None:
            if status == _PROXY_WANTS_A_PASSWORD:
                return f"{PROXY_CLOSED} (status {status})"
            return f"it answers with status {status}" if ready and status in _UNREADY else None
        if failure.kind in (Kind.CLOSED, Kind.NO_HTTP) and self._speaks_tls():
            return "what answers there speaks TLS: write https://"
        if failure.kind is Kind.CLOSED and self._greets():
            return "what listens there speaks before it is asked, which is no HTTP"
        if failure.kind is Kind.CLOSED and self._refuses_client():
            return CLIENT_REFUSED
        if failure.kind is Kind.CLOSED and path and self._closes(path):
            return "it accepts connections and closes them without a response"
        return failure.words if failure.kind in (Kind.UNREACHED, Kind.NO_HTTP) else None

    def _closes(self, path: str) -> bool:
        """Return whether the connections of two POST requests of a path are closed without a response."""
        failures = [self._probe("POST", path)[1] for _ in range(2)]
        return all(failure is not None and failure.kind is Kind.CLOSED for failure in failures)

    def _probe(self, method: str, path: str) -> tuple[int, Failure | None]:
        """Send an empty request that is no evidence; return its status, or 0 and why no response came."""
        patience = min(_PROBE_SECONDS, self.connection.timeout)
        body = b"{}" if method == "POST" else None
        headers = {**dict(self.connection.headers), **({"Content-Type": "application/json"} if body else {})}
        request = self._client.build_request(method, self.url(path), headers=headers, content=body)
        try:
            with self._sent(request, patience) as stream:
                return stream.status_code, None
        except httpx.HTTPError as error:
            return 0, self._failure(error, patience)

    def _speaks_tls(self) -> bool:
        link = self.connection
        if not link.base_url.startswith("http://") or link.proxy:
            return False
        try:
            httpx.get(f"https{self.url('/')[4:]}", verify=False, timeout=_PROBE_SECONDS, trust_env=False)
        except httpx.HTTPError as error:
            return not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
        return True

    def _greets(self) -> bool:
        """Return whether something speaks before it is asked, as SSH and mail servers do, and HTTP never does."""
        link, url = self.connection, httpx.URL(self.connection.base_url)
        if url.scheme != "http" or link.proxy or (link.trust_environment and environment_proxy(url)):
            return False
        try:
            with socket.create_connection((url.host, url.port or 80), _PROBE_SECONDS) as connection:
                return bool(connection.recv(1))
        except OSError:
            return False

    def _refuses_client(self) -> bool:
        """Return whether the TLS handshake fails though any certificate of the server is accepted.

        TLS 1.3 tells a client that its certificate is missed only after the handshake, and some servers not even then;
        TLS 1.2 fails in the handshake.
        """
        link = self.connection
        if not link.base_url.startswith("https://"):
            return False
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        if link.client_cert:
            context.load_cert_chain(link.client_cert)
        try:
            httpx.get(self.url("/"), verify=context, timeout=_PROBE_SECONDS, trust_env=False, proxy=link.proxy)
        except httpx.ConnectError as error:
            return "PROTOCOL_VERSION" not in str(error)
        except httpx.HTTPError:
            return False
        return False


def encode(value: Any) -> bytes:
    """Return the bytes of a JSON value, with lone surrogates escaped."""
    try:
        return json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value).encode("ascii")


def _in_list(call: Call) -> Call:
    """Return a call that holds the same in a list, which no application accepts."""
    if call.body is not None:
        return replace(call, body=b"[%b]" % call.body, operation=None)
    return replace(call, json=[] if call.json is MISSING else [call.json], operation=None)
