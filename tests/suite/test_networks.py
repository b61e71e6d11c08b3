"""A gate across a staging's network: TLS, client certificates, HTTP/2, proxies, and what is told where it fails."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from conformance.masking import Masker
from conformance.wire.client import Connection, Wire
from conformance.wire.exchange import Call
from tests.suite.invocation import QUIET, Done, invoke
from tests.suite.misbehaving import LOOPBACK, free_port
from tests.suite.networks import Authority, forward_proxy, secured_target
from tests.suite.recording import recording_target

CONFORMANT, NOT_REACHED = 0, 7
BOTH = ("h2", "http/1.1")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made(tmp_path_factory.mktemp("authority"))


def smoke(folder: Path, url: str, *words: str) -> Done:
    return invoke(folder, "--base-url", url, "--size", "smoke", *words)


PROTOCOLS = {
    "HTTP/2 where it is wanted": (BOTH, ["--http2"], "2"),
    "HTTP/1.1 where nobody asks for more": (BOTH, [], "1.1"),
    "HTTP/1.1 where the target speaks nothing else": (("http/1.1",), ["--http2"], "1.1"),
}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_protocol_that_both_sides_speak(name: str, authority: Authority, tmp_path: Path) -> None:
    protocols, words, version = PROTOCOLS[name]
    with secured_target(authority, protocols=protocols) as target:
        done = smoke(tmp_path, target.url, "--ca-bundle", str(authority.root), *words)
    assert done.status == CONFORMANT, done.output
    assert {seen.http_version for seen in target.seen} == {version}
    assert len(target.seen) > 10


def test_gate_over_http2(authority: Authority, tmp_path: Path) -> None:
    """Every scenario and every table: what HTTP/2 has no words for is not held against the target."""
    words = ["--http2", "--ca-bundle", str(authority.root), "--deselect", "tests/conformance/test_generated.py", *QUIET]
    with secured_target(authority, protocols=BOTH) as target:
        done = invoke(tmp_path, "--base-url", target.url, *words)
    assert done.status == CONFORMANT, done.output
    assert {seen.http_version for seen in target.seen} == {"2"}
    assert not [row["id"] for row in done.report["requirements"] if row["verdict"] == "warned"]


@pytest.mark.parametrize(("most", "again"), [(100, False), (20, True)])
def test_a_connection_that_is_used_up_is_no_breach(most: int, again: bool, authority: Authority) -> None:
    """A server ends it before the last response; where it does so early, that request is sent again."""
    trusted = ssl.create_default_context(cafile=str(authority.root))
    with secured_target(authority, protocols=BOTH, most=most) as target:
        wire = Wire(Connection(target.url, http2=True, verify=trusted), Masker())
        exchanges = [wire.send(Call("GET", f"/no-such-path-{number}")) for number in range(210)]
        wire.close()
    assert {exchange.status for exchange in exchanges} == {404}
    assert any(exchange.again for exchange in exchanges) is again


def test_authority_that_is_not_known_is_named_with_the_remedy(authority: Authority, tmp_path: Path) -> None:
    with secured_target(authority, protocols=BOTH) as target:
        done = smoke(tmp_path, target.url)
    assert done.status == NOT_REACHED
    assert "certificate cannot be verified" in done.output
    assert "name its authority with --ca-bundle" in done.output
    assert target.seen == []


CLIENTS = {
    "the right certificate": ("client", CONFORMANT, ""),
    "none": (None, NOT_REACHED, "it wants to know its client by a certificate"),
    "a stranger's": ("stranger", NOT_REACHED, "or does not accept the one that it got: see --client-cert"),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_target_that_wants_to_know_its_client(name: str, authority: Authority, tmp_path: Path) -> None:
    which, status, told = CLIENTS[name]
    words = ["--ca-bundle", str(authority.root), *(["--client-cert", str(getattr(authority, which))] if which else [])]
    with secured_target(authority, protocols=BOTH, wants_client=True) as target:
        done = smoke(tmp_path, target.url, *words)
    assert done.status == status, done.output
    assert told in done.output
    assert "Traceback" not in done.output
    assert bool(target.seen) is (status == CONFORMANT)


def test_proxy_sees_every_request(tmp_path: Path) -> None:
    """This proxy leaves its mark on the first request of every connection."""
    with recording_target() as target, forward_proxy() as address:
        done = smoke(tmp_path, target.url, "--proxy", f"http://{address}")
    assert done.status == CONFORMANT, done.output
    assert {"proxy.py" in seen.sent_headers.get("via", "") for seen in target.openings} == {True}


def test_proxy_is_tunnelled_through_to_a_target_with_tls(authority: Authority, tmp_path: Path) -> None:
    with secured_target(authority, protocols=BOTH) as target, forward_proxy() as address:
        words = ["--proxy", f"http://{address}", "--ca-bundle", str(authority.root), "--http2"]
        done = smoke(tmp_path, target.url, *words)
    assert done.status == CONFORMANT, done.output
    assert {seen.http_version for seen in target.seen} == {"2"}


GUARDED = {"the right one": ("gate:Op3nSesame", CONFORMANT), "a wrong one": ("gate:Cl0sed-Door", NOT_REACHED)}


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("name", GUARDED)
def test_proxy_that_wants_a_password(name: str, tls: bool, authority: Authority, tmp_path: Path) -> None:
    """The password is no target's business and stands nowhere; a wrong one is told apart from a breach."""
    user, status = GUARDED[name]
    place = secured_target(authority, protocols=BOTH) if tls else recording_target()
    with place as target, forward_proxy("--basic-auth", "gate:Op3nSesame") as address:
        words = ["--proxy", f"http://{user}@{address}", "--ca-bundle", str(authority.root)]
        done = smoke(tmp_path, target.url, *words)
    assert done.status == status, done.output
    assert bool(target.seen) is (status == CONFORMANT)
    assert not any("proxy-authorization" in seen.sent_headers for seen in target.openings)
    assert ("the proxy does not let us through" in done.output) is (status == NOT_REACHED)
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in tmp_path.rglob("*") if file.is_file()]
    assert not any(user.partition(":")[2] in text for text in (done.output, *texts))


def test_proxy_that_is_not_there(tmp_path: Path) -> None:
    with recording_target() as target:
        done = smoke(tmp_path, target.url, "--proxy", f"http://{LOOPBACK}:{free_port()}")
    assert done.status == NOT_REACHED
    assert "the proxy of --proxy cannot be reached: the connection was refused" in done.output
    assert target.seen == []
