"""Targets that are broken, slow, gone or in the way: every run ends soon, with a true verdict and all its reports."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conformance.checks.rules import Rules
from conformance.contract.catalogue import Catalogue
from conformance.contract.document import Contract
from conformance.errors import NotTested
from conformance.masking import Masker
from conformance.plugin.sandbox import Sandbox
from conformance.wire.client import Connection, TargetGone, Wire
from conformance.wire.connection import wait_for_target
from conformance.wire.evidence import evidence
from conformance.wire.exchange import Call, Exchange, Intent, Response
from conformance.wire.limits import Limits
from conformance.wire.pacing import Pacer, advised_wait
from tests.suite.invocation import Done, invoke
from tests.suite.misbehaving import (
    BROKEN,
    GATEWAY_PAGE,
    HANG,
    LIMITS,
    LOOPBACK,
    OBJECT,
    RESET,
    UNUSUAL,
    Request,
    Script,
    Server,
    Wait,
    everything,
    filtered_port,
    forwarded,
    free_port,
    reply,
    serving,
)
from tests.suite.networks import Authority

IMPATIENT = 0.3
SOON = 10.0
TOKEN = "a-token-that-is-nobody-elses"
CALL = Call("POST", "/customers", operation="createCustomer", json={"name": "Thabo"}, token=TOKEN, intent=Intent.VALID)
CONFORMANT, MUST_BROKEN, INTERRUPTED, NOTHING_DECIDED, NOT_REACHED = 0, 1, 2, 5, 7


def wire_to(url: str, **more: object) -> Wire:
    connection = Connection(url, timeout=5.0, connect_timeout=5.0, trust_environment=False)
    return Wire(replace(connection, **more), Masker(), patience=0.3)  # type: ignore[arg-type]


def sent(server: Server, **more: object) -> Exchange:
    return wire_to(server.url, **more).send(CALL)


# One response


@pytest.mark.parametrize("name", BROKEN)
def test_answer_that_cannot_be_used_is_a_failure_in_words(name: str) -> None:
    script, words = BROKEN[name]
    started = time.monotonic()
    with serving(script) as server:
        exchange = sent(server, timeout=IMPATIENT if "within" in words else 5.0)
        posted = [request for request in server.requests if request.method == "POST"]
    assert time.monotonic() - started < SOON
    assert words in (exchange.failure or "")
    assert exchange.response is None
    assert len(posted) == 1


@pytest.mark.parametrize("name", BROKEN)
def test_answer_that_cannot_be_used_breaks_a_must(name: str, catalogue: Catalogue, contract: Contract) -> None:
    _, words = BROKEN[name]
    exchange = Exchange(1, CALL, "http://target/customers", (), b"{}", 0.1, failure=words)
    findings = {row.id for row, found in Rules(catalogue, contract).apply(exchange) if found}
    assert findings
    assert {catalogue[name].level for name in findings} == {"MUST"}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_answer_is_read_and_judged_in_time(name: str, catalogue: Catalogue, contract: Contract) -> None:
    script, status, is_object = UNUSUAL[name]
    started = time.monotonic()
    with serving(script) as server:
        exchange = sent(server)
    findings = {row.id: found for row, found in Rules(catalogue, contract).apply(exchange)}
    proof = evidence(exchange, Masker())
    assert exchange.status == status
    assert isinstance(exchange.response_json, dict) == is_object
    assert any(findings.values())
    assert len(json.dumps(proof)) < 200_000
    assert time.monotonic() - started < SOON


@pytest.mark.parametrize("text", ["a", "\n", "SELECT ", "at ", 'File "', "<", "in a/", '"token'])
def test_error_of_a_megabyte_is_judged_in_time(text: str, catalogue: Catalogue, contract: Contract) -> None:
    body = text.encode() * (1_000_000 // len(text))
    response = Response(400, (("Content-Type", "application/json"),), body)
    exchange = Exchange(1, CALL, "http://target/customers", (), b"{}", 0.1, response)
    started = time.thread_time()
    findings = [finding for _, found in Rules(catalogue, contract).apply(exchange) for finding in found]
    assert findings
    assert evidence(exchange, Masker())["response"]["body"].endswith("bytes)")
    assert time.thread_time() - started < SOON


@pytest.mark.parametrize("place", [0, 1], ids=["its beginning", "its end"])
def test_error_of_a_megabyte_is_searched_for_internals(place: int, catalogue: Catalogue, contract: Contract) -> None:
    parts = ["and so on " * 100_000]
    parts.insert(place, ' File "/srv/api/customers.py", line 12 ')
    response = Response(400, (("Content-Type", "application/json"),), json.dumps({"message": "".join(parts)}).encode())
    exchange = Exchange(1, CALL, "http://target/customers", (), b"{}", 0.1, response)
    findings = {row.id: found for row, found in Rules(catalogue, contract).apply(exchange)}
    assert findings["CUSTOMER-ERROR-4"]


def test_more_than_was_announced_is_not_taken_for_the_next_answer() -> None:
    short = reply(200, OBJECT).replace(b"Content-Length: 12", b"Content-Length: 4")
    with serving(_first_then([short], [reply(201, OBJECT)])) as server:
        wire = wire_to(server.url)
        first, second = wire.send(CALL), wire.send(CALL)
    assert (first.status, second.status, second.failure) == (200, 201, None)


def test_answer_that_comes_twice_is_not_taken_for_the_next_answer() -> None:
    with serving(_first_then([reply(200, OBJECT) * 2], [reply(201, OBJECT)])) as server:
        wire = wire_to(server.url)
        first, second = wire.send(CALL), wire.send(CALL)
    assert (first.status, second.status, second.failure) == (200, 201, None)


def test_idle_connection_that_was_closed_is_no_breach() -> None:
    with serving(_first_then([reply(200, OBJECT)], [], [reply(201, OBJECT)])) as server:
        wire = wire_to(server.url)
        wire.send(CALL)
        assert wire.send(CALL).status == 201


def test_every_second_request_dropped_is_a_breach() -> None:
    def respond(_: Request) -> Script:
        return [reply(200, OBJECT, "Connection: close"), b""] if len(server.requests) % 2 else []

    with serving(respond) as server:
        wire = wire_to(server.url)
        failures = [wire.send(CALL).failure for _ in range(2)]
    assert failures == [None, "the connection was closed without a response"]


# Where a request must not go, and what must not come along


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_to_another_host_is_not_followed(status: int) -> None:
    with serving([reply(200, OBJECT)]) as other:
        with serving([reply(status, b"", f"Location: {other.url}/customers")]) as server:
            exchange = sent(server)
            tokens = [request.headers["authorization"] for request in server.requests]
        assert exchange.status == status
        assert tokens == [f"Bearer {TOKEN}"]
        assert other.requests == []


def test_redirect_loop_is_not_followed() -> None:
    with serving([reply(307, b"", "Location: /customers")]) as server:
        assert sent(server).status == 307
        assert len(server.requests) == 1


def test_cookie_is_never_sent_back() -> None:
    with serving([reply(200, OBJECT, "Set-Cookie: session=abc; Path=/", "Set-Cookie: other=def")]) as server:
        wire = wire_to(server.url)
        for _ in range(3):
            wire.send(CALL)
    assert len(server.requests) == 3
    assert not any("cookie" in request.headers or "origin" in request.headers for request in server.requests)


# Reaching a target


def test_refused_connection_is_named() -> None:
    assert wire_to(f"http://{LOOPBACK}:{free_port()}").reach() == "the connection was refused"


def test_unknown_host_is_named() -> None:
    assert wire_to("http://no-such-host.invalid").reach() == "the host name cannot be resolved"


def test_filtered_port_is_given_up() -> None:
    started = time.monotonic()
    with filtered_port() as port:
        assert wire_to(f"http://{LOOPBACK}:{port}", connect_timeout=IMPATIENT).reach() == "no connection within 0.3 s"
    assert time.monotonic() - started < SOON


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_target_on_ipv6() -> None:
    try:
        with serving([reply(201, OBJECT)], host="::1") as server:
            assert sent(server).status == 201
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 on loopback: {error}")


def test_target_that_says_nothing_of_itself_is_there() -> None:
    with serving(everything([HANG])) as server:
        assert wire_to(server.url).reach() is None


def test_what_closes_each_connection_is_no_target() -> None:
    with serving(everything([])) as server:
        told = wait_for_target(wire_to(server.url), CALL.path, 0.0, print)
    assert told == "it accepts connections and closes them without a response"


@pytest.mark.parametrize("answered", ["/", CALL.path])
def test_what_closes_some_connections_is_there(answered: str) -> None:
    with serving(lambda request: [reply(200, OBJECT)] if request.path == answered else []) as server:
        assert wait_for_target(wire_to(server.url), CALL.path, 0.0, print) is None


def test_something_that_is_not_http_is_no_target() -> None:
    with serving(everything([b"SSH-2.0-OpenSSH_9.7\r\n"])) as server:
        assert "not HTTP" in (wire_to(server.url).reach() or "")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Authority.made(tmp_path_factory.mktemp("certificate")).server


def test_unsigned_certificate_is_refused_with_the_remedy(certificate: Path) -> None:
    with serving([reply(201, OBJECT)], tls=certificate) as server:
        reason = wire_to(server.url).reach() or ""
    assert "certificate cannot be verified (unable to get local issuer certificate)" in reason
    assert "--ca-bundle" in reason
    assert "--insecure" in reason
    assert server.requests == []


def test_unsigned_certificate_is_accepted_where_that_is_wanted(certificate: Path) -> None:
    with serving([reply(201, OBJECT)], tls=certificate) as server:
        assert sent(server, verify=False).status == 201


def test_tls_spoken_to_in_plain_text_is_named(certificate: Path) -> None:
    with serving([reply(201, OBJECT)], tls=certificate) as server:
        reason = wire_to(server.url.replace("https", "http")).reach()
    assert reason == "what answers there speaks TLS: write https://"


def test_plain_text_spoken_to_in_tls_is_named() -> None:
    with serving([reply(201, OBJECT)]) as server:
        reason = wire_to(server.url.replace("http", "https")).reach()
    assert reason == "what answers there does not speak TLS: write http:// if that is meant"


def test_a_server_that_speaks_first_is_no_target() -> None:
    """As SSH does, whatever of it is read before the connection ends; one that ends silently may answer elsewhere."""
    for greeting, told in ((b"SSH-2.0-server\r\n", "HTTP"), (b"", "")):
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def greet(listener: socket.socket = listener, greeting: bytes = greeting) -> None:
                with suppress(OSError):
                    while True:
                        connection, _ = listener.accept()
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        connection.sendall(greeting)
                        connection.recv(1)
                        connection.close()

            thread = threading.Thread(target=greet, daemon=True)
            thread.start()
            reason = wire_to(f"http://127.0.0.1:{listener.getsockname()[1]}").reach()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
        assert (told in (reason or "")) if told else reason is None, reason


# Silence and death


def test_silent_path_is_not_asked_for_ever() -> None:
    with serving(lambda request: [HANG] if request.path == "/customers" else [reply(200, OBJECT)]) as server:
        wire = wire_to(server.url, timeout=0.1)
        outcomes = [_outcome(wire, CALL) for _ in range(7)]
        assert outcomes == ["no response within 0.1 s"] * 5 + ["not tested"] * 2
        assert _outcome(wire, replace(CALL, path="/other")) != "not tested"


def test_silent_target_is_given_up() -> None:
    with serving(everything([HANG])) as server:
        wire = wire_to(server.url, timeout=0.1)
        outcomes = [_outcome(wire, replace(CALL, path=f"/{number}")) for number in range(10)]
    assert outcomes == ["no response within 0.1 s"] * 8 + ["gone"] * 2


@pytest.mark.parametrize("last", [[RESET], [reply(200, OBJECT)[:-4]], []], ids=["reset", "cut", "closed"])
def test_target_that_dies_is_gone(last: Script) -> None:
    with serving([reply(200, OBJECT)]) as server:
        wire = wire_to(server.url)
        wire.send(CALL)
        server.respond = _dying(server, last)
        assert _outcome(wire, CALL) == "gone"
        assert _outcome(wire, CALL) == "gone"


def test_target_that_comes_back_is_asked_again() -> None:
    with serving([reply(200, OBJECT)]) as server:
        wire = replace(wire_to(server.url), patience=5.0)
        wire.send(CALL)
        respond, server.respond = server.respond, _dying(server, [])

        def come_back() -> None:
            server.respond = respond
            server.start()

        comeback = threading.Timer(0.6, come_back)
        comeback.start()
        assert wire.send(CALL).status == 200
        comeback.join()


def _first_then(*scripts: Script) -> Callable[[Request], Script]:
    """Answers by each script in turn, and from then on by the last."""
    left = list(scripts)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def _dying(server: Server, last: Script) -> Callable[[Request], Script]:
    def respond(_: Request) -> Script:
        server.kill()
        return last

    return respond


def _outcome(wire: Wire, call: Call) -> str:
    try:
        exchange = wire.send(call)
    except TargetGone:
        return "gone"
    except NotTested:
        return "not tested"
    return exchange.failure or str(exchange.status)


# Limits


@pytest.mark.parametrize("name", LIMITS)
def test_wait_that_a_limit_asks_for(name: str) -> None:
    response, expected = LIMITS[name]
    with serving([response]) as server:
        waits: list[float] = []
        told: list[tuple[str, float]] = []
        limits = Limits(Pacer(sleep=waits.append), on_wait=lambda what, wait: told.append((what, wait)))
        with pytest.raises(NotTested, match="rate limited"):
            replace(wire_to(server.url), limits=limits).send(CALL)
    assert told == [("createCustomer", seconds) for seconds in expected]
    assert tuple(round(wait - 0.05, 6) for wait in waits) == expected
    assert len(server.requests) == 1 + len(expected)


def test_a_wait_that_was_guessed_is_remembered() -> None:
    """The next guess on that path begins with half of what helped; another path knows nothing of it."""

    def respond(_: Request) -> Script:
        return [reply(201, b"{}")] if len(server.requests) in (4, 6, 8) else [reply(429, b"")]

    with serving(respond) as server:
        waits: list[float] = []
        wire = replace(wire_to(server.url), limits=Limits(Pacer(sleep=waits.append)))
        for call in (CALL, CALL, replace(CALL, path="/elsewhere")):
            assert wire.send(call).status == 201
    assert waits == pytest.approx([1.05, 1.05, 2.05, 2.05, 1.05])


def test_the_last_wait_is_followed_by_a_request() -> None:
    def respond(_: Request) -> Script:
        return [reply(429, b"", "Retry-After: 1")] if len(server.requests) < 5 else [reply(201, b"{}")]

    with serving(respond) as server:
        wire = replace(wire_to(server.url), limits=Limits(Pacer(sleep=lambda _: None)))
        assert wire.send(CALL).status == 201


def test_wait_until_a_date() -> None:
    response = Response(429, (("Retry-After", "Mon, 23 Nov 2026 12:00:30 GMT"),), b"")
    assert advised_wait(response, datetime(2026, 11, 23, 12, tzinfo=UTC)) == 30


@pytest.mark.parametrize("value", ["3600", "9" * 400, "Wed, 21 Oct 2099 07:28:00 GMT"], ids=["hour", "inf", "date"])
def test_wait_beyond_patience_is_not_waited(value: str) -> None:
    with serving([reply(429, b"", f"Retry-After: {value}")]) as server:
        waits: list[float] = []
        wire = replace(wire_to(server.url), limits=Limits(Pacer(sleep=waits.append)))
        with pytest.raises(NotTested, match="beyond what --longest-wait allows"):
            wire.send(CALL)
    assert waits == []
    assert len(server.requests) == 1


def test_wait_beyond_the_end_of_the_run_is_not_waited() -> None:
    with serving([reply(429, b"", "Retry-After: 20")]) as server:
        waits: list[float] = []
        limits = Limits(Pacer(sleep=waits.append), ends=time.monotonic() + 10)
        with pytest.raises(NotTested, match="beyond what --time-limit allows"):
            replace(wire_to(server.url), limits=limits).send(CALL)
    assert waits == []


def test_waits_side_by_side_count_once() -> None:
    pacer, moments = Pacer(), []
    waiting = [threading.Thread(target=pacer.wait, args=(0.3,)) for _ in range(3)]
    began = time.monotonic()
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join()
    moments.append(time.monotonic() - began)
    assert 0.3 <= pacer.waited <= moments[0]


def test_pacing_keeps_its_interval_exactly() -> None:
    """Threads that ask at the same moment get slots one interval apart; after a silence nothing is made up for."""
    now, slept = 100.0, list[float]()
    pacer = Pacer(0.05, sleep=slept.append, clock=lambda: now)
    for _ in range(4):
        pacer.before_request()
    now = 200.0
    for _ in range(2):
        pacer.before_request()
    assert slept == pytest.approx([0.05, 0.1, 0.15, 0.05])


def test_pacing_is_not_charged_to_the_waits_on_limits() -> None:
    moments = iter(range(1000))
    pacer = Pacer(10.0, sleep=lambda _: None, clock=lambda: next(moments) / 1000)
    for _ in range(100):
        pacer.before_request()
    assert pacer.waited == 0


# Whole runs


def smoke(folder: Path, url: str, *words: str, meanwhile: Callable[[int], None] = lambda _: None) -> Done:
    given = ["--base-url", url, "--size", "smoke", "--seed", "1", "--timeout", "2", *words]
    return checked(invoke(folder, *given, meanwhile=meanwhile))


def gate(folder: Path, url: str, *words: str) -> Done:
    """The scenarios of a gate, without what is generated."""
    return checked(invoke(folder, "--base-url", url, "--seed", "1", *words, "tests/conformance/test_features.py"))


def checked(done: Done) -> Done:
    """A run that has ended: all of its reports are there and agree with its exit status, and no traceback was shown."""
    for name in ("conformance.json", "conformance.html", "junit.xml", "report.html"):
        assert (done.reports / name).stat().st_size > 0
    assert (done.reports / "allure-results").is_dir()
    assert "Traceback" not in done.output
    assert "INTERNALERROR" not in done.output
    assert done.report["exit_status"] == done.status
    return done


def reasons(done: Done) -> set[str]:
    """Why nothing could be said about requirements that a test can decide at all."""
    rows = done.report["requirements"]
    return {row["reason"] for row in rows if row["verdict"] == "not tested" and "UNTESTED" not in row["id"]}


RUNS: dict[str, tuple[Script, int, str]] = {
    "close": ([], NOT_REACHED, "it accepts connections and closes them"),
    "10,000 levels": (UNUSUAL["10,000 objects in each other"][0], MUST_BROKEN, "SIGNUP-SCHEMA-1"),
    "204": ([reply(204)], MUST_BROKEN, "SIGNUP-STATUS-2"),
    "401": ([reply(401, b'{"code": "NO", "message": "no"}')], MUST_BROKEN, "SIGNUP-STATUS-1"),
    "500": ([reply(500, b"{}")], MUST_BROKEN, "SIGNUP-STATUS-3"),
    "redirect": ([reply(302, b"", "Location: https://example.com/")], MUST_BROKEN, "SIGNUP-STATUS-2"),
    "429": ([reply(429, b"", "Retry-After: 3600")], NOTHING_DECIDED, "rate limited"),
    "gateway": ([reply(503, GATEWAY_PAGE, media_type="text/html")], NOT_REACHED, "a gateway answered"),
    "a web site": (
        [reply(404, b"<html>Not here</html>", media_type="text/html")],
        NOT_REACHED,
        "a web page (status 404)",
    ),
    "a door": ([reply(403, b"<html>Forbidden</html>", media_type="text/html")], NOT_REACHED, "its key with --header"),
    "SSH": ([b"SSH-2.0-OpenSSH_9.7\r\n"], NOT_REACHED, "not HTTP"),
}


@pytest.mark.parametrize("name", RUNS)
def test_run_against_a_target_that_only_does_one_thing(name: str, tmp_path: Path) -> None:
    script, status, expected = RUNS[name]
    with serving(everything(script)) as server:
        done = smoke(tmp_path, server.url)
    assert done.status == status, done.output
    if status == MUST_BROKEN:
        assert expected in done.failed
    else:
        assert not done.failed
        assert any(expected in reason for reason in reasons(done)), reasons(done)


def test_gate_against_a_target_that_never_answers_is_bounded(tmp_path: Path) -> None:
    with serving(everything([HANG])) as server:
        done = gate(tmp_path, server.url, "--timeout", "0.2")
    assert done.status == NOT_REACHED
    assert "was answered in time, which is 0.2 s (--timeout): give it more" in done.output
    assert not done.failed
    assert len(server.requests) < 40
    assert done.report["seconds"] < 30


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    target = Sandbox.start()
    yield target.url
    target.stop()


def test_run_whose_target_dies_keeps_what_was_found(sandbox: str, tmp_path: Path) -> None:
    def respond(request: Request) -> Script:
        if len(server.requests) >= 12:
            server.kill()
            return []
        return [forwarded(request, sandbox)]

    with serving(respond) as server:
        done = smoke(tmp_path, server.url)
    assert done.status == NOT_REACHED, done.output
    assert done.report["stopped"] == "the target stopped answering (the connection was refused)"
    assert "passed" in done.verdicts.values()
    assert done.report["stopped"] in reasons(done)
    assert not done.failed


def test_run_whose_target_comes_back_is_conformant(sandbox: str, tmp_path: Path) -> None:
    def respond(request: Request) -> Script:
        if len(server.requests) == 8:
            server.kill()
            threading.Timer(0.5, server.start).start()
            return []
        return [forwarded(request, sandbox)]

    with serving(respond) as server:
        done = smoke(tmp_path, server.url)
    assert done.status == CONFORMANT, done.output


def test_target_that_comes_up_late_is_waited_for(sandbox: str, tmp_path: Path) -> None:
    server = Server(lambda request: [forwarded(request, sandbox)], port=free_port())
    late = threading.Timer(1.5, server.start)
    late.start()
    try:
        done = smoke(tmp_path, server.url, "--wait-for-target", "30")
    finally:
        late.join()
        server.kill()
        server.free()
    assert done.status == CONFORMANT, done.output


def test_gateway_whose_target_comes_up_late_is_waited_for(sandbox: str, tmp_path: Path) -> None:
    def respond(request: Request) -> Script:
        if len(server.requests) < 4:
            return [reply(503, GATEWAY_PAGE, media_type="text/html")]
        return [forwarded(request, sandbox)]

    with serving(respond) as server:
        done = smoke(tmp_path, server.url, "--wait-for-target", "30")
    assert done.status == CONFORMANT, done.output


def test_waiting_for_a_target_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.wire.connection._TELL_EVERY", 0.1)
    told: list[str] = []
    reason = wait_for_target(wire_to(f"http://{LOOPBACK}:{free_port()}"), CALL.path, 0.8, told.append)
    assert reason == "the connection was refused"
    assert re.fullmatch(r"waiting  [01] of 0\.8 s for the target: the connection was refused", told[0])


def test_run_that_takes_too_long_ends_at_its_limit(sandbox: str, tmp_path: Path) -> None:
    """A target that answers in time, but always late: what is left is not tested, and the run is no success."""
    with serving(lambda request: [Wait(0.4), forwarded(request, sandbox)]) as server:
        done = gate(tmp_path, server.url, "--time-limit", "6", "--timeout", "30")
    assert done.status == INTERRUPTED, done.output
    assert done.report["verdict"] == "not finished"
    assert done.report["stopped"] == "the run was interrupted by its time limit of 6 s (--time-limit)"
    assert done.report["stopped"] in reasons(done)
    assert "passed" in done.verdicts.values()
    assert not done.failed
    assert len(server.requests) < 6 / 0.4 * 8


def test_run_that_ends_at_its_limit_fails_for_what_it_has_found(sandbox: str, tmp_path: Path) -> None:
    def respond(request: Request) -> Script:
        return [Wait(0.4), reply(500, b"{}") if request.path == "/customers" else forwarded(request, sandbox)]

    with serving(respond) as server:
        done = gate(tmp_path, server.url, "--time-limit", "6", "--timeout", "30")
    assert done.status == MUST_BROKEN, done.output
    assert "CUSTOMER-STATUS-3" in done.failed
    assert done.report["stopped"] in reasons(done)


def test_first_request_that_fails_is_not_forgotten(sandbox: str, tmp_path: Path) -> None:
    """The check before the first test meets what no test meets again: a target that fails while it is cold."""

    def respond(request: Request) -> Script:
        first = len([one for one in server.requests if one.method == "POST"]) == 1
        return [reply(500, b'{"code": "COLD", "message": "not yet"}') if first else forwarded(request, sandbox)]

    with serving(respond) as server:
        done = smoke(tmp_path, server.url)
    assert done.status == MUST_BROKEN, done.output
    assert done.failed == {"SIGNUP-STATUS-3"}
    assert "check    no merchant could be made: precondition missing: POST /authentication/sign-up/email" in done.output
    assert done.report["checked"][0].startswith("no merchant could be made")


def test_wait_for_a_limit_is_told_as_it_begins(sandbox: str, tmp_path: Path) -> None:
    script = _first_then([reply(404)], [reply(429, b"", "Retry-After: 3")], [b""])
    with serving(
        lambda request: response if (response := list(script(request)))[0] else [forwarded(request, sandbox)]
    ) as it:
        done = smoke(tmp_path, it.url)
    assert done.status == CONFORMANT, done.output
    assert "\nwaiting  3 s: the target limits the rate of signUpEmail\n" in done.output
    assert done.report["seconds_waited"] >= 3


def test_run_over_an_unsigned_certificate(sandbox: str, certificate: Path, tmp_path: Path) -> None:
    with serving(lambda request: [forwarded(request, sandbox)], tls=certificate) as server:
        done = smoke(tmp_path, server.url, "--insecure")
        refused = smoke(tmp_path / "refused", server.url)
    assert done.status == CONFORMANT, done.output
    assert "warning: --insecure is set" in done.output
    assert refused.status == NOT_REACHED
    assert "--ca-bundle" in refused.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_interrupted_run_writes_its_reports(number: signal.Signals, sandbox: str, tmp_path: Path) -> None:
    reached = threading.Event()

    def respond(request: Request) -> Script:
        if len(server.requests) >= 12:
            reached.set()
            return [HANG]
        return [forwarded(request, sandbox)]

    with serving(respond) as server:
        done = smoke(tmp_path, server.url, "--timeout", "60", meanwhile=_signal(number, reached))
    assert done.status == INTERRUPTED
    assert done.report["verdict"] == "not finished"
    assert all("the run was interrupted" in reason or "deselected" in reason for reason in reasons(done))
    assert "passed" in done.verdicts.values()
    assert done.report["seconds"] < 20


def test_run_interrupted_while_it_waits_for_the_target_writes_its_reports(tmp_path: Path) -> None:
    reached = threading.Event()

    def respond(_: Request) -> Script:
        reached.set()
        return [reply(503, GATEWAY_PAGE, media_type="text/html")]

    with serving(respond) as server:
        words = ["--wait-for-target", "60"]
        done = smoke(tmp_path, server.url, *words, meanwhile=_signal(signal.SIGTERM, reached))
    assert done.status == INTERRUPTED
    assert reasons(done) == {"deselected: the size is smoke", "the run was interrupted by SIGTERM"}


def _signal(number: signal.Signals, reached: threading.Event) -> Callable[[int], None]:
    """Sends a process the signal, once a server was reached."""

    def send(process: int) -> None:
        assert reached.wait(30)
        os.kill(process, number)

    return send
