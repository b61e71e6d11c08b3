"""The scripts beside the reports: they send what the run sent, with values of their own, and hold no secret."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.checks.rules import Rules
from conformance.contract.catalogue import Catalogue
from conformance.contract.document import Contract
from conformance.errors import Why
from conformance.masking import Masker
from conformance.report.reproduce.origins import Origins, Part
from conformance.report.reproduce.passwords import fresh
from conformance.report.reproduce.script import scripts
from conformance.results.records import Breach, Reason, Record
from conformance.results.verdicts import results
from conformance.run import Run
from conformance.settings import Settings
from conformance.wire.exchange import Call, Exchange, Intent, Response
from tests.suite.invocation import ROOT, Done
from tests.suite.recording import recording_target
from tests.suite.reproduction import outcomes, run_script, short_run

BROKEN = "SIGNIN-STATUS-2"
TOKEN = "a-token-of-some-length.and-its-signature"
HOSTILE = "a 'quote' \"two\" `id` $(id) ${HOME} \\n \\\\ %s ü \N{GRINNING FACE} BODY"


@pytest.fixture
def run(catalogue: Catalogue, contract: Contract) -> Run:
    found = Run(Settings(), contract, catalogue, Rules(catalogue, contract), Masker(), ROOT)
    found.client.base_url = "http://127.0.0.1:1"
    return found


def exchange(number: int, call: Call, status: int = 200, headers: Any = (), body: bytes = b"{}") -> Exchange:
    sent = call.body if call.body is not None else b""
    own = [("Content-Type", "application/json")] + ([("Authorization", f"Bearer {call.token}")] if call.token else [])
    return Exchange(number, call, "", tuple(own), sent, 0.1, Response(status, tuple(headers), body))


def told(run: Run, *exchanges: Exchange) -> str:
    """Return the script of a breach that the last of some exchanges shows."""
    record = Record("tests/test_it.py::test_it", (BROKEN,), numbers=[item.number for item in exchanges])
    for item in exchanges:
        run.judge(item)
    record.decided[BROKEN] += 1
    record.breach(Breach(BROKEN, record.test, "a refusal", "END\n$(id)", {"number": exchanges[-1].number}))
    found = results(run.catalogue, [record], {}, Reason("", Why.NEVER))
    return scripts(run, [record], found)[BROKEN].text


def received(run: Run, *exchanges: Exchange) -> list[Any]:
    """Run the script of a breach: return what comes to a target that knows none of it."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    with recording_target() as target:
        text = told(run, *exchanges)
        done = subprocess.run(
            ["sh", "-s"],
            input=text,
            capture_output=True,
            text=True,
            env={"BASE_URL": target.url, "PATH": PATH},
            check=False,
        )
        assert done.returncode in (0, 1), done
        return target.seen


PATH = "/usr/local/bin:/usr/bin:/bin"


@pytest.mark.parametrize(
    "body",
    [
        *(HOSTILE.encode(), b'{"name": "x"}', b"", b"not UTF-8: \xff\xfe", b" blanks \n", b"a\0b"),
        b'{"name": "%s\xc3\xbc$%s"}' % (b"x" * 1_048_576, b"7" * 1_000),
    ],
    ids=["hostile", "plain", "none", "not UTF-8", "blanks", "NUL", "a megabyte"],
)
def test_a_body_is_sent_to_the_byte(run: Run, body: bytes) -> None:
    seen = received(run, exchange(1, Call("POST", "/customers?a=$(id)&b=%20", body=body)))
    assert [item.request for item in seen] == [body]
    assert seen[0].path == "/customers"


def test_values_of_an_answer_are_taken_from_the_new_one(run: Run) -> None:
    """The token of a sign-in and the e-mail with the run's mark are other ones, and nothing else is."""
    email, password = f"merchant.{run.id}@example.com", "Pw7!of-the-run"
    sign_up = {"name": "M", "email": email, "password": password}
    calls = [
        call_of(run, "signUpEmail", sign_up),
        call_of(run, "signInEmail", {"email": email, "password": password}),
        call_of(run, "createOrganization", {"name": "S", "slug": f"shop-{run.id}"}, TOKEN),
        call_of(run, "createOrganization", {"name": "S", "slug": f"shop-{run.id}"}, f"{TOKEN[:-1]}X"),
    ]
    came = [exchange(1, calls[0]), exchange(2, calls[1], 200, [("set-auth-token", TOKEN)]), exchange(3, calls[2])]
    seen = received(run, *came, exchange(4, calls[3], 401))
    bodies = [parsed(item.request) for item in seen]
    assert [item.status for item in seen] == [200, 200, 200, 401]
    assert bodies[0]["email"] == bodies[1]["email"] != email
    assert bodies[0]["password"] == bodies[1]["password"] != password
    token = seen[1].came_headers["set-auth-token"]
    assert seen[2].sent_headers["authorization"] == f"Bearer {token}"
    assert seen[3].sent_headers["authorization"] == f"Bearer {token[: len(TOKEN) - 1]}X"
    text = told(run, *came)
    assert not [secret for secret in (TOKEN, password) if secret in text]


@pytest.mark.parametrize(
    ("nearly", "derive"),
    [
        (str.swapcase, str.swapcase),
        (str.upper, str.upper),
        (lambda value: value[:20], lambda value: value[:20]),
        (lambda value: f"{value}%", lambda value: f"{value}%"),
        (lambda value: f"id_{value[3:]}", lambda value: f"id_{value[3:]}"),
    ],
    ids=["other letters", "capitals", "its start", "more after it", "its end"],
)
def test_what_is_nearly_an_id_is_so_of_the_new_one(
    nearly: Callable[[str], str], derive: Callable[[str], str], run: Run
) -> None:
    """An organization's id is handed out, and the next request names what is nearly that id."""
    own = "Ab3dEf6hIj9lMn2pQr5tUv8xYz1BcD4e"
    email, password = f"merchant.{run.id}@example.com", "Pw7!of-the-run"
    calls = [
        call_of(run, "signUpEmail", {"name": "M", "email": email, "password": password}),
        call_of(run, "signInEmail", {"email": email, "password": password}),
        call_of(run, "createOrganization", {"name": "S", "slug": f"shop-{run.id}"}, TOKEN),
        call_of(run, "setActiveOrganization", {"organizationId": nearly(own)}, TOKEN),
    ]
    came = [
        exchange(1, calls[0]),
        exchange(2, calls[1], 200, [("set-auth-token", TOKEN)]),
        exchange(3, calls[2], 200, body=json.dumps({"id": own}).encode()),
        exchange(4, calls[3], 403),
    ]
    seen = received(run, *came)
    made, named = parsed(seen[2].response)["id"], parsed(seen[3].request)["organizationId"]
    assert named == derive(made)
    assert made != own


def test_an_account_that_a_request_nearly_names_is_made_before(run: Run) -> None:
    mark = f"{run.id}n7x"
    up = {"name": "M", "email": f"a.{mark}@example.com", "password": "Pw7!of-the-run"}
    near = {"email": f"a_{mark}@example.com", "password": "PW7!OF-THE-RUN"}
    came = [exchange(1, call_of(run, "signUpEmail", up)), exchange(2, call_of(run, "signInEmail", near), 401)]
    bodies = [parsed(item.request) for item in received(run, *came)]
    assert len(bodies) == 2
    assert bodies[1]["email"] == bodies[0]["email"].replace("a.", "a_")
    assert bodies[1]["password"] == bodies[0]["password"].upper() != "PW7!OF-THE-RUN"


def test_what_a_read_shows_is_made_before(run: Run) -> None:
    """Two customers are in a list, whose request names neither."""
    calls = [call_of(run, "createCustomer", {"name": name}) for name in ("Ann", "Ben", "Cid")]
    made = [
        exchange(number, call, 201, body=json.dumps({"id": f"cus_{number}aB3dEf6h"}).encode())
        for number, call in enumerate(calls, 1)
    ]
    shown = b'{"data": [{"id": "cus_1aB3dEf6h"}, {"id": "cus_3aB3dEf6h"}]}'
    read = exchange(4, Call("GET", "/customers?limit=2"), body=shown)
    assert [item.number for item in Origins([*made, read], run.catalogue).chain(4)] == [1, 3, 4]


def test_what_another_request_of_that_moment_was_answered_with_first_is_no_value_of_a_response(run: Run) -> None:
    """Two requests overlap, and the first is answered with what the second sends."""
    first, second = f"Store {run.id}n1x", f"Store {run.id}n2x"
    calls = [call_of(run, "createOrganization", {"name": name}) for name in (first, second)]
    swapped = [exchange(number, call, body=json.dumps({"name": second}).encode()) for number, call in enumerate(calls)]
    assert not Origins(swapped, run.catalogue).given


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xff", b"\0"], ids=["byte order mark", "no UTF-8", "NUL"])
def test_no_password_stands_in_a_body_of_unusual_octets(mark: bytes, run: Run) -> None:
    password = "Pw7!of-the-rün"
    sign_in = json.dumps({"email": "a@example.com", "password": password}, ensure_ascii=False).encode()
    seen = told(
        run,
        exchange(1, call_of(run, "signUpEmail", {"email": "a@example.com", "password": password})),
        exchange(2, Call("POST", "/authentication/sign-in/email", "signInEmail", body=mark + sign_in), 400),
    )
    assert not [form for form in ("of-the-r", r"\157\146\055\164\150\145") if form in seen]


def test_fresh_passwords_are_like_each_other_as_the_old_ones_are() -> None:
    old = ["Pw7!of-the-rün", "PW7!OF-THE-RÜN", "Pw7!of", "0070", "70"]
    first, capitals, start, noughts, number = fresh(old).values()
    assert capitals == first.upper()
    assert first.startswith(start)
    assert int(noughts) == int(number)
    assert (first[3], first[10], len(first)) == ("!", "-", len(old[0]))
    assert not [letter for letter, was in zip(first, old[0], strict=True) if letter == was and was.isalnum()]


def call_of(run: Run, operation: str, body: dict[str, Any], token: str | None = None) -> Call:
    known = run.contract.operations[operation]
    raw = json.dumps(body).encode()
    return Call(known.method, known.path, operation, json=body, body=raw, token=token, intent=Intent.VALID)


def parsed(raw: bytes) -> Any:
    return json.loads(raw)


@pytest.mark.parametrize(
    ("token", "parts"),
    [
        (TOKEN, [Part(TOKEN, True)]),
        (TOKEN[:-3], [Part(TOKEN, True, start=len(TOKEN) - 3)]),
        (f"{TOKEN}x", [Part(TOKEN, True, start=len(TOKEN)), Part("x")]),
        (f"x{TOKEN[1:]}", [Part("x"), Part(TOKEN, True, end=len(TOKEN) - 1)]),
        (f"{TOKEN[:10]}x{TOKEN[11:]}", [Part(TOKEN, True, 10), Part("x"), Part(TOKEN, True, end=len(TOKEN) - 11)]),
        ("of nobody", [Part("of nobody")]),
    ],
)
def test_a_spoiled_token_is_told_by_what_is_left_of_it(run: Run, token: str, parts: list[Part]) -> None:
    came = exchange(1, call_of(run, "signInEmail", {}), 200, [("set-auth-token", TOKEN)])
    assert Origins([came], run.catalogue).parts(token) == parts


@pytest.mark.parametrize("scheme", ["Bearer", "Token"])
def test_nothing_of_a_spoiled_token_stands_in_a_script(scheme: str, run: Run) -> None:
    """It is sent in a header of the request's own: the script makes it of the token that its own sign-in hands out."""
    spoiled = f"{TOKEN[:12]}X{TOKEN[13:]}"
    body = {"name": "S", "slug": f"shop-{run.id}"}
    sent = replace(call_of(run, "createOrganization", body), headers={"Authorization": f"{scheme} {spoiled}"})
    came = [
        exchange(
            1, call_of(run, "signUpEmail", {"name": "M", "email": f"m.{run.id}@example.com", "password": "Pw7!of"})
        ),
        exchange(
            2, call_of(run, "signInEmail", {"email": f"m.{run.id}@example.com"}), 200, [("set-auth-token", TOKEN)]
        ),
        replace(exchange(3, sent, 200), request_headers=(("Authorization", f"{scheme} {spoiled}"),)),
    ]
    text = told(run, *came)
    assert not [start for start in range(len(TOKEN) - 8) if TOKEN[start : start + 8] in text]
    assert f'Authorization: {scheme} $(printf %.12s "$set_auth_token' in text


@pytest.fixture(scope="module")
def red(tmp_path_factory: pytest.TempPathFactory) -> Done:
    return short_run(tmp_path_factory.mktemp("red"), "customer-id-empty", "-k", "smoke")


@pytest.mark.parametrize("python", [True, False])
def test_a_script_shows_its_breach_again(red: Done, python: bool) -> None:
    """Against a target that has the fault it gets the response of the run; against another one it does not."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    found = list(outcomes(red, ["customer-id-empty"], python))
    assert [item.requirement for item in found] == ["CUSTOMER-SCHEMA-2"]
    assert all(item.shown for item in found), found


@pytest.mark.parametrize(
    ("fault", "requirement"),
    [
        ("customers-without-inline", "CUSTOMER-LIST-21"),
        ("customer-refused-with-401-kept", "CUSTOMER-STATE-52"),
        ("customer-second-409", "CUSTOMER-STATUS-1"),
        ("reads-by-head-open", "CUSTOMER-READ-22"),
    ],
    ids=["a list", "what was refused", "the second of a session", "no body"],
)
def test_a_script_shows_again_what_rests_on_earlier_requests(fault: str, requirement: str, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    found = {item.requirement: item for item in outcomes(short_run(tmp_path, fault), [fault])}
    assert found[requirement].shown, found


def test_the_reports_link_the_script(red: Done) -> None:
    (row,) = (row for row in red.report["requirements"] if row["breaches"])
    script = red.reports / row["script"]
    assert script.stat().st_mode & 0o100
    assert f'href="{row["script"]}"' in red.reports.joinpath("conformance.html").read_text(encoding="utf-8")
    assert f"script    {row['script']}" in red.output


def test_a_script_ends_where_an_answer_lacks_what_the_next_needs(red: Done) -> None:
    """The target has no such paths, as where BASE_URL lacks a part."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    with recording_target(prefix="/elsewhere") as target:
        target.url = target.url.removesuffix("/elsewhere")
        done = run_script(red.reports / "reproduce" / "CUSTOMER-SCHEMA-2.sh", target)
    assert done.returncode == 2
    assert "has no" in done.stderr
