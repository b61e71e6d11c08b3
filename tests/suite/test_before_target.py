"""What answers in the target's place, told apart by evidence; and what errors may say, and what they may not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.checks.base import Basis
from conformance.checks.leaks import KINDS
from conformance.contract.document import Contract
from conformance.masking import Masker
from conformance.plugin.sandbox import Sandbox
from conformance.wire.client import Connection, TargetGone, Wire
from conformance.wire.exchange import Call, Exchange, Intent, Response
from conformance.wire.gateway import UNKNOWN_PATH, Before, Interception, Tally, alike, interception, may_be_firewall
from tests.suite.invocation import Done, invoke
from tests.suite.misbehaving import Request, Script, forwarded, reply, serving

CONFORMANT, NOT_REACHED = 0, 7
HTML, PLAIN, JSON = "text/html", "text/plain", "application/json"
PAGE = b"<html><head><title>403 Forbidden</title></head><body><h1>403 Forbidden</h1></body></html>"
OK = reply(201, b'{"id": "a1"}')
CREATE = Call("POST", "/customers", operation="createCustomer", json={"name": "Thabo"}, intent=Intent.VALID)
SIGN_IN = Call("POST", "/authentication/sign-in/email", operation="signInEmail", json={"email": "a@example.com"})


def response(status: int, body: str, media_type: str = JSON, *headers: tuple[str, str]) -> Response:
    return Response(status, (("Content-Type", media_type), *headers), body.encode())


AWAY: dict[str, Response] = {
    "HAProxy": response(
        503, "<html><body><h1>503 Service Unavailable</h1>\nNo server is available.</body></html>", HTML
    ),
    "AWS": response(502, "<html><body><center><h1>502 Bad Gateway</h1></center></body></html>", HTML),
    "Google": response(502, "<!DOCTYPE html>\n<title>Error 502 (Server Error)!!1</title>", HTML),
    "Azure": response(504, "<html><center>Microsoft-Azure-Application-Gateway/v2</center></html>", HTML),
    "Traefik": response(502, "Bad Gateway", PLAIN),
    "Go": response(504, "Gateway Timeout\n", PLAIN),
    "Envoy": response(503, "no healthy upstream", PLAIN),
    "Cloudflare": response(522, "error code: 522", PLAIN),
    "AWS's for APIs": response(503, '{"message": "Service Unavailable"}', JSON, ("x-amzn-ErrorType", "Unavailable")),
    "Kong": response(502, '{"message": "An invalid response", "request_id": "1"}', JSON, ("Server", "kong/3.6.1")),
}
HEAD = Call("HEAD", "/customers")
OWN: dict[str, Response] = {
    "its own JSON": response(503, '{"statusCode": 503, "message": "busy", "error": "Service Unavailable"}'),
    "its own JSON behind Kong": response(502, '{"code": "X", "message": "no"}', JSON, ("Server", "kong/3.6.1")),
    "a message alone": response(503, '{"message": "busy"}'),
    "a page with a trace": response(502, "<pre>Traceback (most recent call last)</pre>", HTML),
    "words of its own": response(503, "the database is away", PLAIN),
    "a 500 page": response(500, "<html><h1>Internal Server Error</h1></html>", HTML),
    "a 403 page": response(403, PAGE.decode(), HTML),
    "a 404 page": response(404, "<html>Not here</html>", HTML),
}


@pytest.mark.parametrize("name", AWAY)
def test_a_gateway_that_is_away_is_known_by_its_answer(name: str) -> None:
    found = interception(CREATE, AWAY[name], 300, 20)
    assert found is not None
    assert found.kind is Before.AWAY


@pytest.mark.parametrize("name", OWN)
def test_an_error_of_the_target_is_its_own(name: str) -> None:
    assert interception(CREATE, OWN[name], 300, 20) is None


def test_to_head_the_media_type_has_to_do() -> None:
    """A gateway shows no page there; what the application says is JSON elsewhere, and has no other type here."""
    for media_type in (HTML, PLAIN):
        assert interception(HEAD, response(503, "", media_type), 300, 0) is not None
    assert interception(HEAD, response(503, "", JSON), 300, 0) is None


def test_size_decides_whether_a_413_is_a_limit_before_the_target() -> None:
    page = response(413, "<html><h1>413 Request Entity Too Large</h1></html>", HTML)
    assert interception(CREATE, page, 300, 1_000) is None
    assert interception(CREATE, page, 300, 1_000_000) is not None


def test_a_length_that_is_missed_is_a_limit_for_chunks_alone() -> None:
    page = response(411, "<html>411 Length Required</html>", HTML)
    chunked = Call("POST", "/customers", json={}, chunked=True)
    assert interception(chunked, page, 300, 20) is not None
    assert interception(CREATE, page, 300, 20) is None


def test_answers_are_alike_but_for_ids_and_times() -> None:
    first = response(403, "<p>Rejected. Your support ID is 123456</p>", HTML)
    assert alike(first, response(403, "<p>Rejected. Your support ID is 98765</p>", HTML))
    assert not alike(first, response(404, "<p>Rejected. Your support ID is 123456</p>", HTML))
    assert may_be_firewall(response(403, '{"message": "Forbidden"}'))
    assert not may_be_firewall(response(403, '{"code": "FORBIDDEN", "message": "Forbidden"}'))


def _wire(url: str, **more: Any) -> Wire:
    return Wire(Connection(url), Masker(), **more)


@pytest.mark.parametrize("page", [reply(403, PAGE, media_type=HTML), reply(403, b'{"message": "Forbidden"}')])
def test_a_firewall_refuses_the_same_on_a_path_that_nobody_has(page: bytes) -> None:
    def respond(request: Request) -> Script:
        if b"<script>" in request.body:
            return [page]
        return [reply(404, b'{"code": "NO", "message": "no"}') if request.path.startswith(UNKNOWN_PATH) else OK]

    with serving(respond) as server:
        refused = _wire(server.url).send(Call("POST", "/customers", json={"name": "<script>"}))
    assert refused.gateway is not None
    assert "firewall" in refused.gateway


def test_a_firewall_is_known_behind_a_rate_limit() -> None:
    """The first request for a path that nobody has is refused as too many."""
    asked: list[str] = []

    def respond(request: Request) -> Script:
        if request.path.startswith(UNKNOWN_PATH):
            asked.append(request.path)
            if len(asked) == 1:
                return [reply(429, b'{"message": "Too Many Requests"}')]
        if b"<script>" in request.body:
            return [reply(403, b'{"message": "Forbidden"}')]
        return [reply(404, b'{"code": "NO", "message": "no"}')]

    with serving(respond) as server:
        refused = _wire(server.url).send(Call("POST", "/customers", json={"name": "<script>"}))
    assert refused.gateway is not None
    assert len(asked) == 3


@pytest.mark.parametrize("page", [reply(403, PAGE, media_type=HTML), reply(403, b'{"message": "Forbidden"}')])
def test_a_403_of_the_target_itself_stays_its_own(page: bytes) -> None:
    def respond(request: Request) -> Script:
        return [reply(404, b'{"code": "NO", "message": "no"}') if request.path.startswith(UNKNOWN_PATH) else page]

    with serving(respond) as server:
        refused = _wire(server.url).send(Call("POST", "/customers", json={"merchantId": "of another"}))
    assert refused.gateway is None


def test_a_firewall_may_stand_behind_what_looks_at_tokens() -> None:
    """Without a token the target answers, and so it does where a list holds nothing that the firewall minds."""

    def respond(request: Request) -> Script:
        if "authorization" not in request.headers:
            return [reply(401, b'{"code": "NO", "message": "no"}')]
        if b"<script>" in request.body:
            return [reply(403, b'{"message": "Forbidden"}')]
        return [reply(400, b'{"code": "NO", "message": "no"}')]

    with serving(respond) as server:
        refused = _wire(server.url).send(Call("POST", "/customers", json={"name": "<script>"}, token="a"))
        own = _wire(server.url).send(Call("POST", "/customers", json={"name": "x"}, token="a"))
    assert refused.gateway is not None
    assert own.gateway is None


def _first(*scripts: bytes) -> Iterator[bytes]:
    yield from scripts
    while True:
        yield OK


def _exchange_after(first: bytes, call: Call, second: bytes = OK) -> tuple[Exchange, int]:
    """Return what became of a call whose first response is this one, and how many requests it took."""
    respond = _first(first, second)
    with serving(lambda _: [next(respond)]) as server:
        exchange = _wire(server.url, repeatable={"signInEmail"}).send(call)
        return exchange, len(server.requests)


def test_a_request_that_reached_no_server_is_sent_again() -> None:
    exchange, requests = _exchange_after(reply(503, b"no healthy upstream", media_type=PLAIN), CREATE)
    assert (exchange.status, exchange.gateway, requests) == (201, None, 2)
    assert "sent twice: the first was answered by a gateway, with status 503" in exchange.summary


def test_what_may_have_been_carried_out_is_sent_again_only_where_it_leaves_no_trace() -> None:
    lost = reply(502, b"Bad Gateway", media_type=PLAIN)
    exchange, requests = _exchange_after(lost, CREATE)
    assert requests == 1
    assert exchange.gateway is not None
    for call in (SIGN_IN, Call("GET", "/customers/a1")):
        exchange, requests = _exchange_after(lost, call)
        assert (exchange.status, exchange.gateway, requests) == (201, None, 2)


def test_a_conflict_after_a_second_attempt_decides_nothing() -> None:
    away = reply(503, b"Service Unavailable", media_type=PLAIN)
    exchange, _ = _exchange_after(away, CREATE, reply(409, b'{"code": "EXISTS", "message": "exists already"}'))
    assert exchange.gateway is not None
    assert exchange.gateway.startswith("sent twice")
    refused, _ = _exchange_after(away, CREATE, reply(422, b'{"code": "INVALID", "message": "no name"}'))
    assert refused.gateway is None


def test_connections_that_are_closed_unannounced_are_not_used_again() -> None:
    """Where two connections were closed after they had been used, each request gets a new one."""
    with serving(lambda _: [OK]) as server:
        wire = _wire(server.url)
        wire._unannounced = 2
        for _ in range(3):
            assert wire.send(CREATE).status == 201
            assert wire._traffic.opened == 1


def test_a_gateway_that_lets_nothing_through_ends_the_run() -> None:
    with serving(lambda _: [reply(503, b"Service Unavailable", media_type=PLAIN)]) as server:
        wire = _wire(server.url)
        for _ in range(4):
            assert wire.send(CREATE).gateway
        with pytest.raises(TargetGone, match=r"a gateway answered \d+ requests in a row"):
            [wire.send(CREATE) for _ in range(3)]


def test_too_many_answers_of_a_gateway_are_too_few_of_the_target() -> None:
    tally = Tally()
    for number in range(100):
        tally.count(Interception(Before.AWAY, "") if number % 11 == 0 else None)
    assert tally.unreliable is None
    tally.count(Interception(Before.AWAY, ""))
    assert tally.unreliable is not None
    assert "11 of 101" in tally.unreliable


@pytest.mark.parametrize(("seconds", "gone"), [(0.05, False), (0.5, True)], ids=["a restart", "for good"])
def test_a_gateway_that_answers_all_for_a_moment_ends_no_run(seconds: float, gone: bool) -> None:
    """From the third in a row on each request waits a little, so that few of them are lost."""
    now = 0.0
    tally = Tally(clock=lambda: now)
    for number in range(15):
        assert not tally.gone
        now = number * seconds
        tally.count(Interception(Before.AWAY, ""))
    assert bool(tally.gone) is gone
    assert tally.pause > 0
    tally.count(None)
    assert (tally.gone, tally.pause) == (None, 0)


def test_a_body_that_is_too_large_may_end_the_connection() -> None:
    with serving(lambda request: [] if len(request.body) > 100_000 else [OK]) as server:
        wire = _wire(server.url)
        large = wire.send(Call("POST", "/customers", json={"name": "x" * 200_000}))
        small = wire.send(Call("POST", "/orders", json={"name": "x"}))
    assert large.gateway is not None
    assert small.status == 201


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    target = Sandbox.start()
    yield target.url
    target.stop()


@pytest.mark.parametrize(("most", "failed"), [(0, False), (1, True), (3, False)], ids=["none", "one", "all"])
def test_who_reads_one_chunk_reads_all(most: int, failed: bool, sandbox: str, tmp_path: Path) -> None:
    """A server may read no body that comes in chunks; of one that reads the first chunk alone the rest is lost."""

    def respond(request: Request) -> Script:
        read = replace(request, body=b"".join(request.chunks[:most]) if request.chunks else request.body)
        return [forwarded(read, sandbox)]

    with serving(respond) as server:
        done = invoke(tmp_path, "--base-url", server.url, "-k", "in_chunks", "tests/conformance/test_features.py")
    expected = {f"{short}-PROTOCOL-4" for short in ("SIGNUP", "SIGNIN", "ORG", "ACTIVE", "CUSTOMER", "CHECKOUT")}
    assert done.failed == (expected if failed else set()), done.output
    assert all(done.verdicts[name] == ("failed" if failed else "passed" if most else "not tested") for name in expected)


def _gate(folder: Path, sandbox: str, one_in: int) -> Done:
    def respond(request: Request) -> Script:
        if len(server.requests) % one_in == one_in - 1:
            return [reply(503, b"" if request.method == "HEAD" else b"Service Unavailable", media_type=PLAIN)]
        return [forwarded(request, sandbox)]

    with serving(respond) as server:
        words = ["--base-url", server.url, "--seed", "1", "-k", "operation or path"]
        return invoke(folder, *words, "tests/conformance/test_features.py")


def test_gate_behind_a_gateway_that_answers_seldom_is_green_and_counts_it(sandbox: str, tmp_path: Path) -> None:
    done = _gate(tmp_path, sandbox, 40)
    assert done.status == CONFORMANT, done.output
    assert done.report["gateway"]["answered"] > 0
    assert "requests were answered in the target's place" in done.output


def test_gate_behind_a_gateway_that_answers_each_seventh_request_is_not_green(sandbox: str, tmp_path: Path) -> None:
    done = _gate(tmp_path, sandbox, 7)
    assert done.status == NOT_REACHED, done.output
    assert not done.failed
    assert done.report["verdict"] == "not finished"
    assert "could not be reached reliably" in done.report["stopped"]


# What an error may say


def _told(message: str, base: str = "") -> list[str]:
    """Return what a message in an error of this base path gives away."""
    body = {"code": "BAD", "message": message}
    call = Call("POST", "/customers", operation="createCustomer", json={"email": "x", "lineItems": []})
    exchange = Exchange(
        number=1,
        call=call,
        url=f"https://host.example{base}/customers",
        request_headers=(),
        request_body=b"{}",
        seconds=0.1,
        response=response(400, json.dumps(body)),
    )
    found = KINDS["no-internals"](exchange, {}, Basis(Contract({}, Path("none"))))
    return [finding.got for finding in found or ()]


@pytest.mark.parametrize(
    ("message", "base"),
    [
        ("Cannot POST /var/www/api/customers", "/var/www/api"),
        ("see /app/api/errors/taken", "/app/api"),
        ("at /data/attributes/email", ""),
        ("at /data/lineItems/0", ""),
        ("Please select a value from the list", ""),
        ("PLEASE SELECT A VALUE FROM THE LIST", ""),
        ("update your profile set", ""),
        ("insert into the field a name; delete from the title what is not needed", ""),
        ("value must be <string>, not <object>", ""),
        ("a <title> is missing", ""),
        ("Error:\nname\nis missing", ""),
        ("unique constraint failed on the e-mail", ""),
    ],
)
def test_ordinary_words_and_paths_of_the_request_give_nothing_away(message: str, base: str) -> None:
    assert _told(message, base) == []


@pytest.mark.parametrize(
    "message",
    [
        "UNIQUE constraint failed: user.email",
        "NOT NULL constraint failed: user.name",
        "UNIQUE constraint failed: index 'user_email'",
        "FOREIGN KEY constraint failed",
        "Unique constraint failed on the fields: (`email`)",
        'duplicate key value violates unique constraint "user_email"',
    ],
)
def test_the_words_of_a_database_give_it_away(message: str) -> None:
    assert _told(message)


@pytest.mark.parametrize(("text", "told"), [("/totalAmount", False), ("/var/totalAmount", True), ("/srv", True)])
def test_a_pointer_at_another_spelling_of_a_path_may_name_a_field(contract: Contract, text: str, told: bool) -> None:
    call = Call("POST", "/Checkout/Sessions", json={})
    body = json.dumps({"code": "BAD", "message": f"see {text}/x" if told else f"{text} is missing"})
    exchange = Exchange(1, call, f"https://host.example{call.path}", (), b"{}", 0.1, response(400, body))
    assert bool(KINDS["no-internals"](exchange, {}, Basis(contract))) == told


@pytest.mark.parametrize(
    ("message", "what"),
    [
        ("ENOENT: /var/www/api/src/customers.js", "a file path"),
        ("cannot open /usr/lib/customers.db", "a file path"),
        (r"C:\inetpub\wwwroot", "a file path"),
        ("SELECT id, name FROM customer", "SQL"),
        ('select "id" from "user"', "SQL"),
        ("select * from users", "SQL"),
        ("update users set email = ?", "SQL"),
        ('syntax error at or near "x"', "SQL"),
        ('relation "users" does not exist', "SQL"),
        ("<html><body>no</body></html>", "an HTML page"),
        ("sorry: <h1>Error</h1>", "an HTML page"),
        ("TypeError\n    at save (/srv/a.js:1:2)", "a stack trace"),
    ],
)
def test_what_gives_the_inside_away_is_found(message: str, what: str) -> None:
    assert any(found.startswith(what) for found in _told(message, "/var/www/api"))
