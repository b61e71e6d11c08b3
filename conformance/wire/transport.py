"""The transport of the one wire: connections over httpcore on which no response outlasts its deadline."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

_ERRORS: Final[dict[type[Exception], type[httpx.TransportError]]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.TimeoutException: httpx.TimeoutException,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.NetworkError: httpx.NetworkError,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
    httpcore.ProtocolError: httpx.ProtocolError,
    httpcore.ProxyError: httpx.ProxyError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
}
_SOCKS: Final = ("socks5", "socks5h")
_MAX_CONNECTIONS: Final = 100
_MAX_IDLE: Final = 20
_IDLE_SECONDS: Final = 5.0
_SHOWN: Final = 40
_ENOUGH: Final = 65_536
_PIECES: Final = 3
_MOMENT: Final = 0.2
_END_OF_HEAD: Final = re.compile(rb"\r?\n\r?\n")
_INTERIM: Final = re.compile(rb"\A(?:HTTP/1\.\d 1\d\d.*?\r?\n\r?\n)+", re.DOTALL)


@dataclass
class Traffic:
    """The response that is awaited: its deadline, and what happened on the network meanwhile.

    `held` is how many seconds the request was held back. `opened` and `reads` count connections and reads; `start`
    holds the first bytes that arrived, and `everything` all of them, where they are kept.
    """

    deadline: float = float("inf")
    held: float = 0.0
    opened: int = 0
    reads: int = 0
    start: bytes = b""
    everything: bytearray | None = None

    def begin(self, seconds: float, *, keeps: bool = False) -> None:
        """Wait for a new response, at most so long; keep all that arrives where that is asked for."""
        self.deadline = time.monotonic() + seconds
        self.held = 0.0
        self.opened = self.reads = 0
        self.start = b""
        self.everything = bytearray() if keeps else None

    def wait(self, hold: Callable[[], None]) -> None:
        """Wait until a function returns, with the request held back; the deadline moves by as much."""
        began = time.monotonic()
        hold()
        self.held = time.monotonic() - began
        self.deadline += self.held

    def arrived(self, data: bytes) -> None:
        """Count what a read has brought."""
        self.reads += 1
        self.start = self.start or data[:_SHOWN]
        if self.everything is not None:
            self.everything += data

    def left(self, seconds: float | None) -> float:
        """Return how long one step of the network may take: `seconds`, or less where the deadline is nearer."""
        left = self.deadline - time.monotonic()
        return max(left, 0.001) if seconds is None else max(min(seconds, left), 0.001)

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.deadline


class Transport(httpx.BaseTransport):
    """Send the requests of a `httpx.Client` over pools of httpcore, with the deadline of `traffic` on every step.

    `httpx.HTTPTransport` bounds each step of a response, not the whole, and takes no network backend; httpcore does.
    A request goes through `proxy` where it is given, otherwise through the one that the environment names for its URL
    (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, and NO_PROXY, as `urllib.request` reads them) where that is trusted.
    """

    def __init__(
        self,
        traffic: Traffic,
        *,
        proxy: str | None = None,
        verify: ssl.SSLContext | bool = True,
        http2: bool = False,
        trust_environment: bool = True,
    ) -> None:
        self._backend = _Backend(traffic)
        self._proxy = proxy
        self._verify = verify
        self._http2 = http2
        self._trusts_environment = trust_environment
        self._pools: dict[tuple[bytes, bytes, int | None], httpcore.ConnectionPool] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its response, whose body is still to be read.

        Raises `httpx.TransportError`: `httpx.ProxyError` also for a proxy that needs a library that is missing.
        """
        assert isinstance(request.stream, httpx.SyncByteStream)
        url = _url_of_httpcore(request.url)
        origin = url.scheme, url.host, url.port
        if origin not in self._pools:
            self._pools[origin] = self._pool(request.url)
        outgoing = httpcore.Request(
            method=request.method,
            url=url,
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _errors_of_httpx():
            response = self._pools[origin].handle_request(outgoing)
        return httpx.Response(
            response.status, headers=response.headers, stream=_Body(response), extensions=response.extensions
        )

    def close(self) -> None:
        """Close all connections."""
        with _errors_of_httpx():
            for pool in self._pools.values():
                pool.close()

    def _pool(self, url: httpx.URL) -> httpcore.ConnectionPool:
        """Return a new pool for the origin of a URL. The TLS context takes 60 ms to make: only TLS gets one."""
        options: dict[str, Any] = {
            "http2": self._http2,
            "max_connections": _MAX_CONNECTIONS,
            "max_keepalive_connections": _MAX_IDLE,
            "keepalive_expiry": _IDLE_SECONDS,
            "network_backend": self._backend,
        }
        if url.scheme == "https":
            options["ssl_context"] = httpx.create_ssl_context(verify=self._verify, trust_env=self._trusts_environment)
        proxy = self._proxy
        if proxy is None and self._trusts_environment:
            proxy = environment_proxy(url)
        if proxy is None:
            return httpcore.ConnectionPool(**options)
        named = httpx.Proxy(proxy)
        kind = httpcore.SOCKSProxy if named.url.scheme in _SOCKS else httpcore.HTTPProxy
        try:
            return kind(_url_of_httpcore(named.url), proxy_auth=named.raw_auth, **options)
        except RuntimeError as error:
            raise httpx.ProxyError(str(error)) from error


def bytes_after_head(response: httpx.Response, traffic: Traffic) -> int:
    """Return how many bytes follow the headers of a response that has no body, as one to HEAD (RFC 9112 section 6.3).

    The connection, which has to be closed afterwards, is listened to until it ends, or for a moment.
    """
    stream = response.extensions.get("network_stream")
    if stream is None or traffic.everything is None or response.http_version == "HTTP/2":
        return 0
    with suppress(httpcore.NetworkError, httpcore.TimeoutException):
        while len(traffic.everything) < _ENOUGH and stream.read(_ENOUGH, _MOMENT):
            pass
    heads = _INTERIM.sub(b"", bytes(traffic.everything))
    end = _END_OF_HEAD.search(heads)
    return len(heads) - end.end() if end else 0


def environment_proxy(url: httpx.URL) -> str | None:
    """Return the URL of the proxy that the environment names for a URL, or None where it is reached directly."""
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    # urllib compares host:port and the bare host with NO_PROXY, but does not take an IPv6 address out of its brackets.
    if not proxy or proxy_bypass(url.netloc.decode("ascii")) or proxy_bypass(url.host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _url_of_httpcore(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


class Pieces(httpx.SyncByteStream):
    """A body that is written in three pieces, each a chunk where there is no Content-Length."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        size = max(1, -(-len(self._body) // _PIECES))
        for start in range(0, len(self._body), size):
            yield self._body[start : start + size]


class _Body(httpx.SyncByteStream):
    """The body of a response, as it arrives."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        with _errors_of_httpx():
            yield from self._response.iter_stream()

    def close(self) -> None:
        with _errors_of_httpx():
            self._response.close()


class _Stream(httpcore.NetworkStream):
    """A connection on which no response outlasts its deadline, however slowly it arrives."""

    def __init__(self, stream: httpcore.NetworkStream, traffic: Traffic) -> None:
        self._stream = stream
        self._traffic = traffic

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._traffic.is_over:
            raise httpcore.ReadTimeout
        data = self._stream.read(max_bytes, self._traffic.left(timeout))
        self._traffic.arrived(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._traffic.is_over:
            raise httpcore.WriteTimeout
        self._stream.write(buffer, self._traffic.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._traffic.left(timeout))
        return _Stream(secured, self._traffic)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    """Open connections that keep to the deadline of the awaited response."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> _Stream:
        self._traffic.opened += 1
        return _Stream(super().connect_tcp(host, port, timeout, local_address, socket_options), self._traffic)


@contextmanager
def _errors_of_httpx() -> Iterator[None]:
    """Raise what httpcore raises as the exception of httpx of the same name, with the same words."""
    try:
        yield
    except tuple(_ERRORS) as error:
        kind = next(_ERRORS[base] for base in type(error).__mro__ if base in _ERRORS)
        raise kind(str(error)) from error
