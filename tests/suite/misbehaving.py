"""Servers on loopback that break HTTP, go silent, die and come back: each behaviour is a script of steps, by name."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urlsplit

LOOPBACK: Final = "127.0.0.1"
_MEGABYTE: Final = 1024 * 1024


@dataclass(frozen=True)
class Wait:
    """A server that says nothing for so long."""

    seconds: float


@dataclass(frozen=True)
class Endless:
    """Bytes that are sent again and again, so many seconds apart."""

    data: bytes
    pause: float = 0.0


RESET: Final = "reset"
HANG: Final = Wait(60)
Step = bytes | Wait | Endless | str
Script = Sequence[Step]


@dataclass(frozen=True)
class Request:
    """What a server was sent; `names` are those of the headers as they were written, `chunks` those of the body."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    names: tuple[str, ...] = ()
    chunks: tuple[bytes, ...] = ()


Respond = Callable[[Request], Script]


def reply(status: int, body: bytes = b"", *headers: str, media_type: str = "application/json") -> bytes:
    """A lawful response with further header lines."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Type: {media_type}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def coded(coding: str, body: bytes) -> bytes:
    """A response whose body is said to be coded."""
    return reply(200, body, f"Content-Encoding: {coding}")


def chunked(*chunks: bytes) -> bytes:
    """A response in chunks, the last one missing unless it is given."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)


def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(1, wbits=31)
    return b"".join(packer.compress(bytes(_MEGABYTE)) for _ in range(megabytes)) + packer.flush()


OBJECT: Final = b'{"id": "a1"}'
HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
DEEP: Final = 10_000
GATEWAY_PAGE: Final = b"<html><head><title>503</title></head><body><center>nginx</center></body></html>"

BROKEN: Final[dict[str, tuple[Script, str]]] = {
    "hang before the headers": ((HANG,), "no response within"),
    "hang in the headers": ((HEAD, HANG), "no whole response within"),
    "hang in the body": ((HEAD + b'Content-Length: 100\r\n\r\n{"id"', HANG), "no whole response within"),
    "a byte a second": ((HEAD + b"Content-Length: 100\r\n\r\n", Endless(b" ", 0.2)), "no whole response within"),
    "headers a byte a second": ((b"HTTP/1.1 200 OK\r\nX-Slow: ", Endless(b"a", 0.2)), "no whole response within"),
    "a status line a byte a second": ((Endless(b"HTTP/1.1", 0.2),), "no whole response within"),
    "1xx for ever": ((Endless(b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.001),), "no whole response within"),
    "100 Continue, then nothing": ((b"HTTP/1.1 100 Continue\r\n\r\n", HANG), "no whole response within"),
    "reset": ((RESET,), "the connection was reset"),
    "reset in the body": ((HEAD + b'Content-Length: 100\r\n\r\n{"id"', Wait(0.05), RESET), "reset"),
    "close without a response": ((), "closed without a response"),
    "close in the headers": ((HEAD,), "closed in the middle of the headers"),
    "truncated body": ((HEAD + b"Content-Length: 100\r\n\r\n" + OBJECT,), "a truncated response"),
    "truncated chunk": ((chunked(OBJECT),), "a truncated response"),
    "chunk without a length": ((chunked()[:-2] + b"\r\nzz\r\n{}\r\n0\r\n\r\n",), "breaks HTTP"),
    "endless body": ((HEAD + b"\r\n", Endless(b" " * 65536)), "more than 8 MB"),
    "endless chunks": ((chunked(), Endless(b"10000\r\n" + b" " * 65536 + b"\r\n")), "more than 8 MB"),
    "endless headers": ((b"HTTP/1.1 200 OK\r\n", Endless(b"X-More: and more\r\n" * 100)), "do not end within 100 kB"),
    "gzip bomb": ((coded("gzip", _bomb(200)),), "more than 8 MB"),
    "gzip bomb of many members": ((coded("gzip", _bomb(5) * 40),), "more than 8 MB"),
    "gzip bomb in a bomb": ((coded("gzip, gzip", gzip.compress(_bomb(50))),), "'gzip, gzip', which was not asked for"),
    "broken gzip": ((coded("gzip", gzip.compress(OBJECT)[:-12] + b"garbage of all kinds"),), "not gzip"),
    "half of a gzip": ((coded("gzip", gzip.compress(OBJECT * 99)[:30]),), "in the middle of its gzip coding"),
    "plain text as gzip": ((coded("gzip", OBJECT),), "not gzip, as its Content-Encoding says"),
    "a coding that was not asked for": ((coded("br", OBJECT),), "'br', which was not asked for"),
    "two Content-Lengths": ((HEAD + b"Content-Length: 12\r\nContent-Length: 4\r\n\r\n" + OBJECT,), "breaks HTTP"),
    "Content-Length of no number": ((HEAD + b"Content-Length: many\r\n\r\n" + OBJECT,), "breaks HTTP"),
    "NUL in a header": ((HEAD + b"X-Nul: a\x00b\r\nContent-Length: 12\r\n\r\n" + OBJECT,), "breaks HTTP"),
    "not HTTP at all": ((b"SSH-2.0-OpenSSH_9.7\r\n",), "not HTTP"),
    "HTTP/0.9": ((b"<html>it works</html>\r\n",), "not HTTP"),
    "a status of no number": ((b"HTTP/1.1 fine OK\r\nContent-Length: 0\r\n\r\n",), "not HTTP"),
}

UNUSUAL: Final[dict[str, tuple[Script, int, bool]]] = {
    "gzip": ((coded("gzip", gzip.compress(OBJECT)),), 200, True),
    "gzip in two members": ((coded("gzip", gzip.compress(OBJECT[:1]) + gzip.compress(OBJECT[1:])),), 200, True),
    "deflate": ((coded("deflate", zlib.compress(OBJECT)),), 200, True),
    "deflate without its header": ((coded("deflate", zlib.compress(OBJECT)[2:-4]),), 200, True),
    "identity": ((coded("identity", OBJECT),), 200, True),
    "1xx before the response": ((b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3 + reply(200, OBJECT),), 200, True),
    "the same Content-Length twice": ((reply(200, OBJECT, "Content-Length: 12"),), 200, True),
    "until the connection closes": ((HEAD + b"\r\n" + OBJECT,), 200, True),
    "60 kB of headers": ((reply(200, OBJECT, *(f"X-{n}: {'a' * 1000}" for n in range(60))),), 200, True),
    "5 MB": ((reply(200, json.dumps({"id": "a" * 5 * _MEGABYTE}).encode()),), 200, True),
    "numbers beyond every type": ((reply(200, b'{"id": ' + b"9" * 5000 + b', "n": 1e999}'),), 200, False),
    "nothing": ((reply(204),), 204, False),
    "invalid UTF-8": ((reply(200, b'{"id": "\xff\xfe"}'),), 200, False),
    "a byte order mark": ((reply(200, b"\xef\xbb\xbf" + OBJECT),), 200, False),
    "10,000 levels": ((reply(200, b"[" * DEEP + b"]" * DEEP),), 200, False),
    "10,000 objects in each other": ((reply(200, b'{"id":' * DEEP + b"1" + b"}" * DEEP),), 200, False),
    "NaN": ((reply(200, b'{"id": NaN}'),), 200, False),
}

UNTOLD: Final[tuple[float, ...]] = (1, 1, 2, 4, 8, 15, 15)
LIMITS: Final[dict[str, tuple[bytes, tuple[float, ...]]]] = {
    "seconds": (reply(429, b"", "Retry-After: 7"), (7,) * 4),
    "seconds of another header": (reply(429, b"{}", "X-Retry-After: 8"), (8,) * 4),
    "no seconds": (reply(429, b"", "Retry-After: 0"), UNTOLD),
    "a date gone by": (reply(429, b"", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"), UNTOLD),
    "a date without a zone": (reply(429, b"", "Retry-After: Wed, 21 Oct 2015 07:28:00 -0000"), UNTOLD),
    "nothing": (reply(429, b"slow down", media_type="text/plain"), UNTOLD),
    "garbage": (reply(429, b"", "Retry-After: soon, I promise"), UNTOLD),
    "less than nothing": (reply(429, b"", "Retry-After: -5"), UNTOLD),
    "no number": (reply(429, b"", "Retry-After: nan"), UNTOLD),
    "a date out of this world": (reply(429, b"", "Retry-After: Wed, 99 Oct 99999 99:99:99 GMT"), UNTOLD),
}
"""Forms of a 429, and the seconds that are waited one after the other, as long as the limit stays."""


@dataclass
class Server:
    """A server that answers each request by a script; with `tls`, behind a certificate that nobody signed.

    It tells what it was sent, and lets itself be killed and brought up again on its port.
    """

    respond: Respond
    host: str = LOOPBACK
    tls: Path | None = None
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)
    _listener: socket.socket | None = None
    _open: set[socket.socket] = field(default_factory=set)

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    def start(self) -> None:
        """Listens, on the port that it had before."""
        self.free()
        self._ended = threading.Event()
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._listener = socket.create_server((self.host, self.port), family=family, backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener, self._ended), daemon=True).start()

    def kill(self) -> None:
        """Dies as a process does: nothing listens any more, and every connection is reset.

        The port stays bound, so that no other server gets it meanwhile.
        """
        self._ended.set()
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
        for connection in list(self._open):
            _reset(connection)

    def free(self) -> None:
        """Gives its port away."""
        if self._listener is not None:
            self._listener.close()

    def _accept(self, listener: socket.socket, ended: threading.Event) -> None:
        while not ended.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection, ended), daemon=True).start()

    def _serve(self, connection: socket.socket, ended: threading.Event) -> None:
        with contextlib.suppress(OSError, ValueError), contextlib.ExitStack() as stack:
            stack.callback(self._open.discard, connection)
            stack.enter_context(connection)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            secured = _secured(connection, self.tls) if self.tls else connection
            reader = stack.enter_context(secured.makefile("rb"))
            while (request := _read(reader, secured)) is not None and not ended.is_set():
                self.requests.append(request)
                script = self.respond(request)
                for step in script:
                    if step is RESET:
                        _reset(connection)
                        return
                    _play(step, secured, ended)
                if not (len(script) == 1 and isinstance(script[0], bytes) and _whole(script[0])):
                    return


def _secured(connection: socket.socket, certificate: Path) -> socket.socket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context.wrap_socket(connection, server_side=True)


def _whole(response: bytes) -> bool:
    """Whether the connection can be kept: the length of the response was announced, rightly or not too long."""
    head, _, body = response.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: ")]
    return bool(lengths) and lengths[0].split()[1].isdigit() and int(lengths[0].split()[1]) <= len(body)


def _read(reader: BinaryIO, connection: socket.socket) -> Request | None:
    words = reader.readline().decode("latin-1").split(" ", 2)
    if len(words) < 3 or not words[2].startswith("HTTP/"):
        connection.sendall(reply(400) if words != [""] else b"")
        return None
    method, path, _ = words
    written = http.client.parse_headers(reader)
    headers, names = {name.lower(): value for name, value in written.items()}, tuple(written)
    if headers.get("transfer-encoding") == "chunked":
        chunks = tuple(iter(lambda: _chunk(reader), b""))
        headers = {name: value for name, value in headers.items() if name != "transfer-encoding"}
        return Request(method, path, headers, b"".join(chunks), names, chunks)
    return Request(method, path, headers, reader.read(int(headers.get("content-length", 0))), names)


def _chunk(reader: BinaryIO) -> bytes:
    data = reader.read(int(reader.readline(), 16))
    reader.readline()
    return data


def _play(step: Step, connection: socket.socket, ended: threading.Event) -> None:
    match step:
        case bytes():
            connection.sendall(step)
        case Wait(seconds):
            ended.wait(seconds)
        case Endless(data, pause):
            while not ended.is_set():
                connection.sendall(data)
                ended.wait(pause)


def _reset(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)
    with contextlib.suppress(OSError):
        connection.close()


@contextlib.contextmanager
def serving(respond: Respond | Script, host: str = LOOPBACK, tls: Path | None = None) -> Iterator[Server]:
    """A server while it lasts; where only a script is given, every POST is answered by it, and all else with 404."""
    server = Server(respond if callable(respond) else posts(respond), host, tls)
    server.start()
    try:
        yield server
    finally:
        server.kill()
        server.free()


def posts(script: Script) -> Respond:
    """Every POST is answered by the script; what only asks whether somebody is there, with an orderly 404."""
    return lambda request: script if request.method == "POST" else [reply(404)]


def everything(script: Script) -> Respond:
    """Every request is answered by the script."""
    return lambda _: script


def forwarded(request: Request, upstream: str) -> bytes:
    """A request that a server hands on to another one: returns the response, as a lawful one of its own."""
    parts = urlsplit(upstream)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    headers = {name: value for name, value in request.headers.items() if name not in ("host", "accept-encoding")}
    with contextlib.closing(connection):
        connection.request(request.method, request.path, request.body, headers)
        response = connection.getresponse()
        body = response.read()
    kept = [f"{name}: {value}" for name, value in response.getheaders() if name.lower() in ("set-auth-token", "allow")]
    return reply(response.status, body, *kept, media_type=response.headers.get("content-type", "application/json"))


@contextlib.contextmanager
def filtered_port() -> Iterator[int]:
    """A port to which no connection comes about: its queue is full, so that the kernel drops what knocks."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((LOOPBACK, 0), backlog=0))
        address = listener.getsockname()
        for _ in range(4):
            knocking = stack.enter_context(socket.socket())
            knocking.setblocking(False)
            knocking.connect_ex(address)
        yield address[1]


def free_port() -> int:
    """A port on loopback at which nothing listens, and which is given to nobody else while this process runs."""
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind((LOOPBACK, 0))
    _KEEPERS.append(keeper)
    port: int = keeper.getsockname()[1]
    return port


_KEEPERS: Final[list[socket.socket]] = []
