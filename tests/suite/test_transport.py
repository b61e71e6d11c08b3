"""The transport of the wire: public interfaces only, the right proxy for a URL, httpx's errors, an end to all."""

from __future__ import annotations

import ast
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpcore
import httpx
import pytest

import conformance
from conformance.masking import Masker
from conformance.wire.client import Connection, Wire
from conformance.wire.exchange import Call, Intent
from conformance.wire.transport import Pieces, Traffic, Transport, environment_proxy
from tests.suite.misbehaving import HANG, LOOPBACK, Request, Script, everything, free_port, reply, serving
from tests.suite.networks import Authority, forward_proxy, secured_target
from tests.suite.recording import Target, recording_target

PROXY = "http://proxy.example:3128"
OTHER = "http://other.example:8080"
CALL = Call("POST", "/customers", operation="createCustomer", json={"name": "Thabo"}, intent=Intent.VALID)
ERRORS = [
    kind
    for kind in vars(httpcore).values()
    if isinstance(kind, type) and issubclass(kind, Exception) and kind is not httpcore.ConnectionNotAvailable
]
BEGUN = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nten bytes."
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that names no proxy."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


# What is used of the libraries


def private_uses(source: str) -> list[str]:
    """Return the private names that a module which imports httpx or httpcore uses of anything but itself."""
    if not re.search(r"^\s*(?:import|from) (?:httpx|httpcore)\b", source, re.MULTILINE):
        return []
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                continue
            case ast.Attribute(attr=name) | ast.Constant(value=str(name)) if re.fullmatch(r"_[a-z]\w*", name):
                found.append(name)
            case ast.ImportFrom(module=str(module)) if re.match(r"(?:httpx|httpcore)\b.*\._", module):
                found.append(module)
            case ast.ImportFrom(module="httpx" | "httpcore", names=names) | ast.Import(names=names):
                found += [alias.name for alias in names if re.search(r"(?:^|\.)_[a-z]", alias.name)]
    return found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import httpx\npool = client._transport._pool", ["_pool", "_transport"]),
        ("import httpx\nself._client._mounts.values()", ["_mounts"]),
        ("from httpx._config import Proxy", ["httpx._config"]),
        ("from httpcore import _sync", ["_sync"]),
        ("import httpx._client", ["httpx._client"]),
        ("import httpcore\ngetattr(pool, '_network_backend')", ["_network_backend"]),
        ("import httpx\nself._client.close()\nclient.__class__", []),
        ("import pytest\nitem._traceback_filter", []),
    ],
)
def test_private_names_are_found(source: str, found: list[str]) -> None:
    assert private_uses(source) == found


def test_only_what_is_public_is_used_of_httpx_and_httpcore() -> None:
    """A private name may be gone with the next release, and every request would fail for no fault of the target."""
    modules = {path: path.read_text(encoding="utf-8") for path in Path(conformance.__file__).parent.rglob("*.py")}
    assert sum("import httpcore" in source for source in modules.values()) == 1
    assert {path.name: found for path, source in modules.items() if (found := private_uses(source))} == {}


# Which proxy


ROUTES = {
    "none is named": ({}, "http://api.example/x", None),
    "for plain HTTP": ({"http_proxy": PROXY}, "http://api.example/x", PROXY),
    "for plain HTTP alone": ({"http_proxy": PROXY}, "https://api.example/x", None),
    "for TLS": ({"https_proxy": PROXY, "http_proxy": OTHER}, "https://api.example/x", PROXY),
    "in capitals": ({"HTTPS_PROXY": PROXY}, "https://api.example/x", PROXY),
    "for everything": ({"ALL_PROXY": PROXY}, "https://api.example/x", PROXY),
    "the scheme's own goes first": ({"all_proxy": OTHER, "http_proxy": PROXY}, "http://api.example/x", PROXY),
    "without a scheme": ({"http_proxy": "proxy.example:3128"}, "http://api.example/x", PROXY),
    "bypassed everywhere": ({"http_proxy": PROXY, "NO_PROXY": "*"}, "http://api.example/x", None),
    "bypassed for the host": (
        {"http_proxy": PROXY, "no_proxy": "a.example, api.example"},
        "http://api.example/x",
        None,
    ),
    "bypassed for the domain": ({"http_proxy": PROXY, "no_proxy": ".example"}, "http://api.example/x", None),
    "not bypassed for a part of the name": (
        {"http_proxy": PROXY, "no_proxy": "pi.example"},
        "http://api.example",
        PROXY,
    ),
    "bypassed for the port": ({"http_proxy": PROXY, "no_proxy": "api.example:81"}, "http://api.example:81/x", None),
    "not bypassed for another port": (
        {"http_proxy": PROXY, "no_proxy": "api.example:82"},
        "http://api.example:81",
        PROXY,
    ),
    "bypassed for an address": ({"http_proxy": PROXY, "no_proxy": "127.0.0.1"}, "http://127.0.0.1:81/x", None),
    "bypassed for an IPv6 address": ({"http_proxy": PROXY, "no_proxy": "::1"}, "http://[::1]:81/x", None),
}


@pytest.mark.parametrize("name", ROUTES)
def test_environment_names_the_proxy_of_a_url(name: str, environment: pytest.MonkeyPatch) -> None:
    variables, url, proxy = ROUTES[name]
    for variable, value in variables.items():
        environment.setenv(variable, value)
    assert environment_proxy(httpx.URL(url)) == proxy


def send(url: str, **options: object) -> int | None:
    """Send a call over a new wire and return the status of its response."""
    wire = Wire(Connection(url, **options), Masker(), patience=0.3)  # type: ignore[arg-type]
    try:
        return wire.send(CALL).status
    finally:
        wire.close()


def went_through_proxy(target: Target) -> bool:
    assert target.seen
    return any("proxy.py" in seen.sent_headers.get("via", "") for seen in target.seen)


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "not trusted"])
@pytest.mark.parametrize("bypassed", [True, False], ids=["bypassed", "not bypassed"])
def test_proxy_of_the_environment_is_used(trusted: bool, bypassed: bool, environment: pytest.MonkeyPatch) -> None:
    """It is used where it is trusted and the target is not bypassed, with the password that its URL holds."""
    with recording_target() as target, forward_proxy("--basic-auth", "gate:Op3n%Sesame") as address:
        environment.setenv("http_proxy", f"http://gate:Op3n%25Sesame@{address}")
        environment.setenv("no_proxy", LOOPBACK if bypassed else "elsewhere.example")
        assert send(target.url, trust_environment=trusted) == 401
        assert went_through_proxy(target) is (trusted and not bypassed)
        assert "proxy-authorization" not in target.seen[0].sent_headers


def test_proxy_that_is_given_goes_before_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("http_proxy", f"http://{LOOPBACK}:{free_port()}")
    environment.setenv("no_proxy", LOOPBACK)
    with recording_target() as target, forward_proxy() as address:
        assert send(target.url, proxy=f"http://{address}") == 401
        assert went_through_proxy(target)


def test_proxy_of_the_environment_is_tunnelled_through(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    authority = Authority.made(tmp_path)
    with secured_target(authority, protocols=("h2", "http/1.1")) as target, forward_proxy() as address:
        environment.setenv("https_proxy", f"http://{address}")
        context = httpx.create_ssl_context()
        context.load_verify_locations(authority.root)
        assert send(target.url, verify=context, http2=True) == 401
        assert target.seen[0].http_version == "2"


# SOCKS (RFC 1928, and RFC 1929 for the password)


@contextmanager
def socks_proxy(user: bytes, password: bytes) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """A SOCKS proxy that wants a password, while it lasts: gives its address, and where it was asked to connect to."""
    asked: list[tuple[str, int]] = []

    def serve(client: socket.socket) -> None:
        with client, client.makefile("rb") as reader:
            reader.read(reader.read(2)[1])
            client.sendall(b"\x05\x02")
            given = reader.read(reader.read(2)[1]), reader.read(reader.read(1)[0])
            client.sendall(b"\x01\x00" if given == (user, password) else b"\x01\x01")
            if given != (user, password):
                return
            kind = reader.read(4)[3]
            host = socket.inet_ntoa(reader.read(4)) if kind == 1 else reader.read(reader.read(1)[0]).decode()
            port = int.from_bytes(reader.read(2), "big")
            asked.append((host, port))
            with socket.create_connection((host, port)) as target:
                client.sendall(b"\x05\x00\x00\x01" + bytes(6))
                back = threading.Thread(target=pump, args=(target, client), daemon=True)
                back.start()
                pump(client, target)
                back.join(5)

    def pump(source: socket.socket, sink: socket.socket) -> None:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    listener = socket.create_server((LOOPBACK, 0))
    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"{LOOPBACK}:{listener.getsockname()[1]}", asked
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_socks_proxy(scheme: str) -> None:
    with recording_target() as target, socks_proxy(b"gate", b"Op3nSesame") as (address, asked):
        assert send(target.url, proxy=f"{scheme}://gate:Op3nSesame@{address}") == 401
        assert asked == [(LOOPBACK, httpx.URL(target.url).port)]
        assert len(target.seen) == 1


def test_socks_proxy_that_lets_nobody_through() -> None:
    with recording_target() as target, socks_proxy(b"gate", b"Op3nSesame") as (address, asked):
        wire = Wire(Connection(target.url, proxy=f"socks5://gate:wrong@{address}"), Masker())
        assert (wire.reach() or "").startswith("the proxy does not let us through")
        wire.close()
        assert asked == []
        assert target.seen == []


def test_socks_proxy_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise RuntimeError("the `socksio` package is not installed")

    monkeypatch.setattr(httpcore, "SOCKSProxy", missing)
    wire = Wire(Connection("http://api.example", proxy="socks5://proxy.example:1080"), Masker())
    assert "the `socksio` package is not installed" in (wire.reach() or "")
    wire.close()


# Errors and the end


class Failing(httpx.SyncByteStream):
    """A body that fails as it is sent."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __iter__(self) -> Iterator[bytes]:
        raise self.error
        yield b""


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(transport=Transport(Traffic())) as client:
        yield client


@pytest.mark.parametrize("kind", [kind for kind in ERRORS if kind is not httpcore.WriteError])
def test_errors_of_httpcore_are_raised_as_those_of_httpx(kind: type[Exception], client: httpx.Client) -> None:
    """httpcore goes on to read where only writing failed: the response may be there."""
    assert len(ERRORS) > 12
    body = Failing(kind("in these words"))
    with serving([reply(200)]) as server, pytest.raises(httpx.TransportError, match=r"^in these words$") as raised:
        client.post(server.url, content=body)
    assert type(raised.value) is getattr(httpx, kind.__name__)
    assert raised.value.__cause__ is body.error


def test_errors_of_others_are_left_as_they_are(client: httpx.Client) -> None:
    with serving([reply(200)]) as server, pytest.raises(LookupError, match="ours"):
        client.post(server.url, content=Failing(LookupError("ours")))


def test_errors_in_a_body_are_those_of_httpx(client: httpx.Client) -> None:
    with serving([BEGUN]) as server, client.stream("POST", server.url) as response:
        with pytest.raises(httpx.RemoteProtocolError, match="received 10 bytes, expected 20"):
            response.read()
        assert response.status_code == 200


def test_traffic_counts_what_happened_for_one_response() -> None:
    traffic = Traffic()
    with serving(everything([reply(200, b"{}")])) as server, httpx.Client(transport=Transport(traffic)) as client:
        for opened in (1, 0):
            traffic.begin(5.0)
            assert client.get(server.url).status_code == 200
            assert traffic.opened == opened
            assert traffic.reads >= 1
            assert traffic.start.startswith(b"HTTP/1.1 200")


def test_no_step_outlasts_the_deadline() -> None:
    """The deadline is nearer than what each step may take, before the response as within its body."""
    scripts: list[Script] = [[HANG], [BEGUN, HANG]]
    for script in scripts:
        traffic = Traffic()
        client = httpx.Client(transport=Transport(traffic), timeout=30.0)
        with serving(script) as server, client:
            traffic.begin(0.3)
            with pytest.raises(httpx.ReadTimeout):
                client.post(server.url)
            assert traffic.is_over


@pytest.mark.parametrize("small", [True, False])
def test_names_of_headers_are_written_in_small_letters_where_a_call_says_so(small: bool) -> None:
    seen: list[Request] = []

    def respond(request: Request) -> Script:
        seen.append(request)
        return [reply(200, b"{}")]

    with serving(respond) as server:
        wire = Wire(Connection(server.url), Masker(), lambda _: None)
        exchange = wire.send(replace(CALL, token="a-token", in_small_letters=small))
        wire.close()
    assert seen[0].headers["authorization"] == "Bearer a-token"
    assert all(name == name.lower() for name in seen[0].names) is small
    assert all(name == name.lower() for name, _ in exchange.request_headers) is small


@pytest.mark.parametrize(("body", "pieces"), [(b"12345678", [b"123", b"456", b"78"]), (b"1", [b"1"]), (b"", [])])
def test_a_body_is_written_in_pieces(body: bytes, pieces: list[bytes]) -> None:
    written = Pieces(body)
    assert list(written) == pieces
    assert list(written) == pieces, "a request may be sent again"


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_in_pieces_arrives_whole(chunked: bool) -> None:
    """In chunks, or in several segments behind one Content-Length."""
    with serving([reply(200, b"{}")]) as server:
        wire = Wire(Connection(server.url), Masker(), lambda _: None)
        exchange = wire.send(replace(CALL, json={"name": "a longer name"}, chunked=chunked, in_pieces=True))
        wire.close()
    (request,) = server.requests
    assert request.body == exchange.request_body == b'{"name": "a longer name"}'
    assert ("content-length" in request.headers) is not chunked


@pytest.mark.parametrize("read", [True, False], ids=["read", "unread"])
def test_connections_are_closed_with_the_client(read: bool) -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        client = httpx.Client(transport=Transport(Traffic()))
        accepted: list[socket.socket] = []

        def respond() -> None:
            connection, _ = listener.accept()
            accepted.append(connection)
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + (b"1234" if read else b"12"))

        thread = threading.Thread(target=respond, daemon=True)
        thread.start()
        url = f"http://{LOOPBACK}:{listener.getsockname()[1]}/"
        response = client.send(client.build_request("GET", url), stream=True)
        if read:
            assert response.read() == b"1234"
        response.close()
        client.close()
        thread.join(5)
        with accepted[0] as connection:
            connection.settimeout(5)
            assert connection.recv(1) == b""
