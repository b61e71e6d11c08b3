"""Bounds on an answer: the moment by which it has to be whole, and how large it may become once it is decoded."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import httpcore
import httpx

MAX_BODY: Final = 8 * 1024 * 1024
_CODINGS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_RAW_DEFLATE: Final = -15
_SHOWN: Final = 40


class Unbounded(Exception):
    """A body that exceeds what an answer may hold."""


class Undecodable(Exception):
    """A body that is not what its Content-Encoding says; the message says how."""


@dataclass
class Traffic:
    """The answer that is being waited for: its deadline, and what happened on the network for its sake.

    `opened` and `reads` count connections and reads; `start` is the beginning of what came.
    """

    deadline: float = float("inf")
    opened: int = 0
    reads: int = 0
    start: bytes = b""

    def begin(self, seconds: float) -> None:
        """A new answer is waited for, at most so long."""
        self.deadline = time.monotonic() + seconds
        self.opened = self.reads = 0
        self.start = b""

    def left(self, seconds: float | None) -> float:
        """How long one step of the network may take: `seconds`, or less where the deadline is nearer."""
        left = self.deadline - time.monotonic()
        return max(left, 0.001) if seconds is None else max(min(seconds, left), 0.001)

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.deadline


class _Stream(httpcore.NetworkStream):
    """A connection on which no answer outlasts its deadline, however it is dealt out."""

    def __init__(self, stream: httpcore.NetworkStream, traffic: Traffic) -> None:
        self._stream = stream
        self._traffic = traffic

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._traffic.is_over:
            raise httpcore.ReadTimeout
        data = self._stream.read(max_bytes, self._traffic.left(timeout))
        self._traffic.reads += 1
        self._traffic.start = self._traffic.start or data[:_SHOWN]
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._traffic.is_over:
            raise httpcore.WriteTimeout
        self._stream.write(buffer, self._traffic.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> _Stream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._traffic.left(timeout))
        return _Stream(secured, self._traffic)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    """Opens connections that keep to the deadline of the answer that is waited for."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic

    def connect_tcp(self, *arguments: Any, **options: Any) -> _Stream:
        self._traffic.opened += 1
        return _Stream(super().connect_tcp(*arguments, **options), self._traffic)


def bound(client: httpx.Client) -> Traffic:
    """A client: from now on its answers keep to the deadline of the traffic that is returned.

    httpx bounds each step of an answer, not the whole, and hands no network backend on to httpcore, which takes one;
    hence the way in through attributes that are not public.
    """
    traffic = Traffic()
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx.HTTPTransport):
            transport._pool._network_backend = _Backend(traffic)
    return traffic


def decoded(chunks: Iterable[bytes], coding: str) -> bytes:
    """A body as it comes: returns it decoded.

    Raises `Unbounded` as soon as it grows too long, and `Undecodable` where it is not what its coding says.
    """
    names = [name for name in (part.strip().lower() for part in coding.split(",")) if name not in ("", "identity")]
    if not names:
        return _joined(chunks)
    if len(names) > 1 or names[0] not in _CODINGS:
        raise Undecodable(f"Content-Encoding {coding[:80]!r}, which was not asked for")
    body = bytearray()
    decoder = None
    for chunk in chunks:
        try:
            if decoder is None:
                decoder = zlib.decompressobj(_window(names[0], chunk))
            body += decoder.decompress(chunk, MAX_BODY + 1 - len(body))
        except zlib.error as error:
            raise Undecodable(f"a body that is not {names[0]}, as its Content-Encoding says ({error})") from None
        if len(body) > MAX_BODY:
            raise Unbounded
    if decoder is not None and not decoder.eof:
        raise Undecodable(f"a body that ends in the middle of its {names[0]} coding")
    return bytes(body)


def _joined(chunks: Iterable[bytes]) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > MAX_BODY:
            raise Unbounded
    return bytes(body)


def _window(name: str, start: bytes) -> int:
    """What zlib calls a coding; some servers send `deflate` without its header (RFC 9110 section 8.4.1.2)."""
    if name == "deflate" and start[0] & 0x0F != 8:
        return _RAW_DEFLATE
    return _CODINGS[name]
