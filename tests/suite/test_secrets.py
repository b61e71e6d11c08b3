"""Nothing that a run leaves behind, green or red, holds a password, a token or a key, whatever it is told to say."""

from __future__ import annotations

import html
import json
import logging
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from conformance.checks import leaks
from conformance.checks.rules import Rules
from conformance.checks.secrets import _lists_sessions
from conformance.contract.catalogue import Catalogue
from conformance.contract.document import Contract
from conformance.generate.tables import refused_cases
from conformance.literals import Literals
from conformance.masking import Masker
from conformance.plugin.secrecy import MaskedEndings, masked_traceback
from conformance.run import Run
from conformance.settings import Settings
from conformance.wire.exchange import Call, Exchange, Intent, Response
from steps.merchants import valid_body
from tests.suite.invocation import ROOT, Done, invoke
from tests.suite.recording import Target, recording_target

KEY = "k3y-0f-the-gateway/with+signs=="
PASSWORD = 'Own "merchant" påssword \\ 1'
BUILD_URL = "https://builder:Bu1ldSecret@ci.example.com/job/1"
TALKATIVE = ("--tb=long", "-l", "-vv", "-rA", "--log-level=DEBUG", "-o", "log_cli=true")
ECHOES = ("signup-password-in-user", "signup-request-repeated", "signin-error-repeats-password")
BROKEN = ("customer-id-empty", "checkout-second-500")
CARELESS = """
import logging
import sys
import threading
import time
import allure
import pytest
from steps.merchants import create_customer

@pytest.fixture
def careless(merchants):
    raise LookupError(f"in a fixture: {merchants.first.token} {merchants.first.password}")

def test_of_a_careless_author(run, merchants):
    merchant = merchants.first
    person = merchants.sign_up("careless")
    create_customer(run, merchant)
    note = {"filler": "x" * 180, "held": [merchant.token, person.password]}
    print("printed", merchant.token)
    logging.getLogger("careless").warning("logged %s", person.password)
    allure.dynamic.parameter("token", merchant.token)
    allure.dynamic.description(f"with {person.password}")
    with allure.step(f"a step with {merchant.password}"):
        raise LookupError(f"in a test: {merchant.token} {note}")

def test_of_a_careless_fixture(careless):
    pass
"""
INTERRUPTED = """
from steps.merchants import create_customer

def test_before(run, merchants):
    create_customer(run, merchants.first)

def test_of_an_impatient_user(run, merchants):
    held = {"filler": "x" * 180, "token": merchants.first.token, "exchanges": list(run.recent)}
    person = merchants.sign_up("interrupted")
    interrupt(held, person.password)

def interrupt(held, password):
    raise KeyboardInterrupt(f"with {password}")
"""


@dataclass(frozen=True)
class Kind:
    """A kind of run: the faults of its target, what is chosen, and the status that it ends with."""

    faults: tuple[str, ...]
    chosen: tuple[str, ...]
    status: int


RUNS = {
    "green": Kind((), ("--size", "smoke"), 0),
    "red": Kind((*ECHOES, *BROKEN), ("-k", "smoke or wrong_password or unknown_email"), 1),
    "careless": Kind((), ("CARELESS",), 3),
    "interrupted": Kind((), ("INTERRUPTED", "--full-trace"), 2),
}


@pytest.fixture(scope="module", params=RUNS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Target, Done]]:
    """A run that is told to say everything, against a target that remembers what it saw."""
    folder = tmp_path_factory.mktemp("reports")
    texts = {"CARELESS": CARELESS, "INTERRUPTED": INTERRUPTED}
    files = {name: tmp_path_factory.mktemp("careless") / f"test_{name.lower()}.py" for name in texts}
    for name, file in files.items():
        file.write_text(texts[name])
    kind = RUNS[request.param]
    with recording_target(kind.faults) as target:
        body = {"name": "Owner", "email": "owner@example.com", "password": PASSWORD}
        httpx.post(f"{target.url}/authentication/sign-up/email", json=body, trust_env=False).raise_for_status()
        target.seen.clear()
        words = ["--base-url", target.url, "--header", f"X-Gateway-Key: {KEY}", f"--log-file={folder}/log.txt"]
        words += ["--log-file-level=DEBUG", *TALKATIVE, "--merchant-email", body["email"]]
        words += [str(files.get(word, word)) for word in kind.chosen]
        words += ["-c", str(ROOT / "pyproject.toml")]
        environment = {"CONFORMANCE_MERCHANT_PASSWORD": PASSWORD, "BUILD_NUMBER": "1", "BUILD_URL": BUILD_URL}
        done = invoke(folder, *words, environment=environment)
        assert done.status == kind.status, done.output
        yield target, done


def forms(secret: str) -> set[str]:
    """A secret as it may stand in a file: as it is, in JSON, in a URL, in HTML, as Python writes it."""
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe=""),
        html.escape(secret),
        repr(secret)[1:-1],
        secret.partition(".")[0],
        secret[: len(secret) * 3 // 4],
    }


def test_no_secret_is_left_behind(run: tuple[Target, Done]) -> None:
    target, done = run
    files = [file for file in done.reports.rglob("*") if file.is_file()]
    texts = {str(file.relative_to(done.reports)): file.read_text(encoding="utf-8", errors="replace") for file in files}
    names = ("conformance.json", "conformance.html", "junit.xml", "report.html", "log.txt")
    assert set(texts) >= set(names)
    assert len(texts) > len(names) + 4
    assert all(item.sent_headers.get("x-gateway-key") == KEY for item in target.seen)
    secrets = {KEY, PASSWORD, "Bu1ldSecret", *target.secrets}
    assert PASSWORD in target.secrets
    assert len(secrets) > 6
    for name, text in {"the terminal": done.output, **texts}.items():
        found = sorted(form for secret in secrets for form in forms(secret) if form in text)
        assert not found, f"{name} holds {found}: {around(text, found[0])}"


def around(text: str, found: str) -> str:
    place = text.index(found)
    return repr(text[max(0, place - 200) : place + len(found) + 50])


def test_what_is_needed_is_still_told(run: tuple[Target, Done]) -> None:
    """Masking leaves the words of a breach, the evidence and the names of headers readable."""
    _, done = run
    evidence = [text.read_text(encoding="utf-8") for text in done.reports.glob("allure-results/*-attachment.json")]
    assert any('"X-Gateway-Key"' in text and '"***"' in text for text in evidence)
    assert any("Bearer ***" in text for text in evidence)
    for row in done.report["requirements"]:
        for breach in row["breaches"]:
            assert breach["expected"]
            assert "curl" in breach["exchange"]["curl"]


def test_a_traceback_is_masked_before_it_is_abridged(request: pytest.FixtureRequest) -> None:
    """pytest shortens long values in the middle: what is left of a secret would not be known for one."""
    secret = "s3cret" * 12
    masker = Masker()
    masker.add(secret)
    carrier = {"text": "x" * 95 + secret + "y" * 200, "password": "another " + secret}
    assert carrier
    try:
        raise LookupError(f"no {secret}")
    except LookupError:
        error = pytest.ExceptionInfo.from_current()
    request.config.option.showlocals, before = True, request.config.option.showlocals
    try:
        text = masked_traceback(request.node, error, request.node.repr_failure(error), masker)
    finally:
        request.config.option.showlocals = before
    assert "s3cret" not in text.replace('"s3cret" * 12', "")
    assert "LookupError: no ***" in text
    assert "carrier" in text


def test_the_suite_s_own_failure_is_told_without_secrets(pytestconfig: pytest.Config) -> None:
    """pytest writes the arguments of the frames into the traceback of an internal error."""
    secret = "s3cret" * 12
    masker = Masker()
    masker.add(secret)

    def fails(argument: str) -> None:
        raise LookupError(f"no {argument}")

    try:
        fails(secret)
    except LookupError:
        error = pytest.ExceptionInfo.from_current()
    shown = error.getrepr(funcargs=True, showlocals=True)
    assert "s3cret" in str(shown).replace('"s3cret" * 12', "")
    MaskedEndings(pytestconfig, masker).pytest_internalerror(shown, error)
    assert "s3cret" not in str(shown).replace('"s3cret" * 12', "")
    assert "LookupError: no ***" in str(shown)
    assert shown.reprcrash is not None
    assert shown.reprcrash.message == "LookupError: no ***"


def test_what_python_shows_of_an_exchange_has_nothing_in_it() -> None:
    sent = Call("POST", "/x", json={"password": "s3cret-1"}, headers={"X-Key": "s3cret-2"}, token="s3cret-3")
    came = Response(200, (("set-auth-token", "s3cret-4"),), b"s3cret-5")
    text = repr(Exchange(1, sent, "http://host/x", (("Authorization", "s3cret-3"),), b"s3cret-1", 0.1, came))
    assert "s3cret" not in text
    assert "POST" in text


def test_what_python_shows_of_a_run_has_nothing_of_its_secrets(catalogue: Catalogue, contract: Contract) -> None:
    """pytest's --debug log holds the text of every object that is handed to a hook."""
    run = Run(Settings(), contract, catalogue, Rules(catalogue, contract), Masker(), ROOT)
    path = contract.operations["signUpEmail"].path
    body = {"email": "a@example.com", "password": "s3cret-password"}
    sent = Call("POST", path, "signUpEmail", json=body, intent=Intent.VALID, actor="first")
    came = Response(200, (("set-auth-token", "s3cret-token.and-signature"),), b'{"token": "s3cret-token"}')
    run.judge(Exchange(1, sent, f"http://host{path}", (), b"", 0.1, came))
    assert "s3cret-password" in run.masker.told
    for known in (run, run.rules, run.rules.memory, run.rules.memory.traces, run.client, run.history, run.recorder):
        assert "s3cret" not in repr(known)


@pytest.mark.parametrize("password", ["of-a-machine-7", "00000000"])
def test_a_generated_password_that_opens_an_account_is_masked_unless_it_blots(
    password: str, catalogue: Catalogue, contract: Contract
) -> None:
    run = Run(Settings(), contract, catalogue, Rules(catalogue, contract), Masker(), ROOT)
    path = contract.operations["signUpEmail"].path
    sent = Call("POST", path, "signUpEmail", json={"password": password}, generated=True)
    run.judge(Exchange(1, sent, f"http://host{path}", (), b"", 0.1, Response(200, (), b"{}")))
    assert (password in run.masker.text(f"said {password}")) == (password == "00000000")


@pytest.mark.parametrize(
    ("name", "password", "broken"),
    [
        ("A merchant", "correct-horse-7", []),
        ("correct-horse-7", "correct-horse-8", ["SIGNUP-LEAK-1"]),
        ("correct-horse-7", "correct-horse-7", []),
        ("correct-horse-7", '"correct-horse-7', []),
        ("correct-horse-7", 'correct-horse-7", ', []),
        ("A merchant", '"correct-horse-7', ["SIGNUP-LEAK-1"]),
    ],
)
def test_a_password_that_another_text_of_the_request_has_is_told_by_nothing(
    name: str, password: str, broken: list[str], catalogue: Catalogue, contract: Contract
) -> None:
    """The response repeats the name, and the password too where `broken` says so; JSON has quotes around either."""
    run = Run(Settings(), contract, catalogue, Rules(catalogue, contract), Masker(), ROOT)
    path = contract.operations["signUpEmail"].path
    sent = Call("POST", path, "signUpEmail", json={"name": name, "password": password}, intent=Intent.VALID)
    user = {"name": name} | ({"hint": password} if broken else {})
    came = Response(200, (("content-type", "application/json"),), json.dumps({"user": user}).encode())
    written = json.dumps(sent.json).encode()
    headers = (("content-type", "application/json"),)
    found = run.judge(Exchange(1, sent, f"http://host{path}", headers, written, 0.1, came))
    assert [rule for rule, findings in found if findings and rule == "SIGNUP-LEAK-1"] == broken


def test_the_password_of_a_form_in_parts_is_masked(catalogue: Catalogue, contract: Contract) -> None:
    """It stands in a form in which no field is found, and in no other request."""
    run = Run(Settings(), contract, catalogue, Rules(catalogue, contract), Masker(), ROOT)
    body = valid_body(run, "signUpEmail", None)
    spec = {"media": ["multipart/form-data"]}
    (case,) = refused_cases(spec, body)
    text = (case.body or b"").decode()
    assert body["password"] in text
    assert body["password"] not in run.masker.text(text)
    assert body["email"] in run.masker.text(text)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("body={'password': 'ab', 'name': 'x'}", "body={'password': '***', 'name': 'x'}"),
        ("""{'password': "a'b", 'n': 1} it's""", """{'password': "***", 'n': 1} it's"""),
        ("http://user:pa55word@host/x", "http://***@host/x"),
        ('{"password": "ab", "name": "x"}', '{"password": "***", "name": "x"}'),
        (json.dumps(")]}\n" + '{"token": "a-b", "n": 1}'), json.dumps(")]}\n" + '{"token": "***", "n": 1}')),
        (json.dumps(json.dumps({"token": 'a"b\\', "n": 1})), json.dumps(json.dumps({"token": "***", "n": 1}))),
        ("a time of 12:30 @ http://host:80/x", "a time of 12:30 @ http://host:80/x"),
        ("mail user@example.com, see https://example.com/a:b", "mail user@example.com, see https://example.com/a:b"),
    ],
)
def test_texts_are_masked_by_their_form(text: str, masked: str) -> None:
    assert Masker().text(text) == masked


def test_texts_below_a_secret_name_are_masked_however_deep() -> None:
    value = {"password": [{"$ne": "ab"}, "cd", 5], "name": "x"}
    assert Masker().value(value) == {"password": [{"$ne": "***"}, "***", 5], "name": "x"}


# Known secrets, wherever they stand


def masker_of(*secrets: str) -> Masker:
    masker = Masker()
    masker.add(*secrets)
    return masker


@pytest.mark.parametrize(
    ("secrets", "text", "masked"),
    [
        (["s3cret"], "s3cret", "***"),
        (["s3cret"], "as3crets", "a***s"),
        (["s3cret"], "s3cre s3cret s3cre", "s3cre *** s3cre"),
        (["s3cret"], "s3crets3crets3cret", "*********"),
        (["short"], "short", "short"),
        (["s3cret", "s3cret-and-more"], "s3cret-and-more, s3cret-and, s3cret", "***, ***-and, ***"),
        (["s3cret-and-more", "s3cret", "and-more"], "s3cret-and-more and-more", "*** ***"),
        (["more-s3cret-and", "s3cret"], "more-s3cret-and more-s3cret", "*** more-***"),
        (["one-two-", "two-three"], "one-two-three four", "*** four"),
        (["two-three", "one-two-"], "one-two-three four", "*** four"),
        (["aaaaaa"], "baaaaaaaab", "b***b"),
        (["pa\u00e5ssw\u00f6rd"], "pa\u00e5ssw\u00f6rd pa%C3%A5ssw%C3%B6rd pa\\u00e5ssw\\u00f6rd", "*** *** ***"),
        (["lone \ud800 half"], "lone \ud800 half lone%20%3F%20half lone \\ud800 half", "*** *** ***"),
        (["a'b\"c<d>&"], "a'b&quot;c&lt;d&gt;&amp; a&#x27;b&quot;c&lt;d&gt;&amp;", "*** ***"),
        (
            ["a'b\"c<d>&"],
            "a'b\"c&lt;d&gt;&amp; a&#39;b&#34;c&lt;d&gt;&amp; a&#39;b&quot;c&lt;d&gt;&amp;",
            "*** *** ***",
        ),
        (["a'b\"c<d>&"], "a'b\\\"c<d>& a\\'b\"c<d>& a%27b%22c%3Cd%3E%26", "*** *** ***"),
        (["s3cret??>>"], "czNjcmV0Pz8+Pg== czNjcmV0Pz8-Pg== czNjcmV0Pz8+Pg", "*** *** ***"),
        (["s3crets"], "czNjcmV0cw==", "czNjcmV0cw=="),
    ],
)
def test_known_secrets_are_masked_wherever_they_stand(secrets: list[str], text: str, masked: str) -> None:
    masker = masker_of(*secrets)
    assert masker.text(text) == masked
    for length in range(3):
        assert masker.text("." * length + text) == "." * length + masked


def replaced_one_by_one(secrets: list[str], text: str) -> str:
    """Mask a text the plain way: each secret after the other, the longest first."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def test_masking_is_as_one_secret_after_the_other() -> None:
    """Words that are secrets are masked as the plain way does it; where secrets overlap, nothing of any is left."""
    random = Random(8)
    for _ in range(100):
        secrets = ["".join(random.choices("abc", k=random.randint(6, 12))) for _ in range(random.randint(1, 40))]
        secrets += [secret[place : place + 6] for secret in secrets[:3] for place in range(len(secret) - 5)]
        masker = masker_of(*secrets)
        words = "-".join(random.choices([*secrets, "abcab"], k=30))
        assert masker.text(words) == replaced_one_by_one(secrets, words)
        overlapping = masker.text("".join(random.choices([*secrets, "abcab", "-"], k=30)))
        assert "***" in overlapping
        assert not [secret for secret in secrets if secret in overlapping]


def seconds_to_mask(number: int, prefix: str) -> float:
    """Return how long the evidence of a run with so many secrets takes a thread to mask, as they become known."""
    random = Random(number)
    masker = Masker()
    words = "a text of some length that holds a secret in its middle, " * 4
    begun = time.thread_time()
    for _ in range(number):
        secret = prefix + random.randbytes(16).hex()
        masker.add(secret)
        assert secret not in masker.text(f"{words} {secret} {words}")
    return time.thread_time() - begun


@pytest.mark.parametrize("prefix", ["", "the-same-start-of-all-"])
def test_masking_takes_as_long_with_many_secrets_as_with_few(prefix: str) -> None:
    """Eight times the secrets and texts: about eight times the work, where a look at each pair would take 64 times."""
    seconds_to_mask(200, prefix)
    few = min(seconds_to_mask(1_500, prefix) for _ in range(2))
    assert seconds_to_mask(12_000, prefix) < 24 * few


def test_secrets_are_added_while_others_mask() -> None:
    """No thread sees a secret that was added before it looked, and none is lost among those that add."""
    masker = Masker()
    failures: list[str] = []
    switching = sys.getswitchinterval()

    def work(name: int) -> None:
        try:
            for number in range(400):
                secret = f"shared-start-{'x' * (number % 50)}-{name}-{number:04}"
                masker.add(secret, f"shared-{number:04}")
                text = masker.text(f"<{secret}>")
                if text != "<***>":
                    failures.append(text)
        except RuntimeError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(switching)
    assert failures == []
    assert len(masker.told) == len(set(masker.told)) == 6 * 400 + 400
    assert all(masker.text(secret) == "***" for secret in masker.told)


def test_json_is_masked_as_its_values_are() -> None:
    """Values of every shape, some with a secret in some form, or with a name or a quotation that hides one."""
    secrets = ["s3cret-of-the-run", 'with "quotes" and \\', "Pässword-1", "line\nbreak-of-it"]
    pieces = [
        *secrets,
        *map(quote, secrets),
        *map(json.dumps, secrets),
        *(json.dumps(json.dumps({"password": secret})) for secret in secrets),
        *(
            "name",
            "password",
            "apiKey2",
            "a 'token': 'of nobody'",
            "https://me:my-own@example.com",
            "\\",
            '\\"',
            "s3cret",
        ),
    ]
    masker, random = Masker(), Random(7)
    masker.add(*secrets)

    def made(deep: int) -> object:
        kind = random.randrange(6 if deep else 3)
        if kind == 0:
            return random.choice([None, True, 7])
        if kind < 3:
            return "".join(random.choices(pieces, k=random.randrange(3)))
        if kind == 3:
            return [made(deep - 1) for _ in range(random.randrange(3))]
        return {random.choice(pieces): made(deep - 1) for _ in range(random.randrange(3))}

    values = [made(3) for _ in range(5_000)]
    texts = [masker.json(value) for value in values]
    assert texts == [json.dumps(masker.value(value), ensure_ascii=False) for value in values]
    assert any("***" in text for text in texts)


def test_a_literal_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="6 characters"):
        Literals().add("short")


def test_the_http_library_keeps_headers_to_itself() -> None:
    assert not logging.getLogger("httpcore.http11").isEnabledFor(logging.DEBUG)


@pytest.mark.parametrize(
    "text",
    [
        "$2b$10$abcdefghijklmnopqrstuv",
        "$argon2id$v=19$m=65536",
        "$SCRYPT$ln=15",
        "$pbkdf2-sha256$29000$",
        "PBKDF2_SHA256",
        f"{'0123456789abcdef' * 2}:{'0123456789ABCDEF' * 8}",
        "scrypt:32768:8:1",
        "scrypt$32768",
    ],
)
def test_the_quick_look_passes_every_form_of_a_hash(text: str) -> None:
    """What the rule on hashes finds, it is let look at; ordinary responses are done with before."""
    assert leaks._HASH.search(text)
    assert leaks._may_hold_hash(text)
    assert not leaks._may_hold_hash(
        '{"id": "4f1c", "createdAt": "2026-11-26T18:00:00.000Z", "url": "https://a.example/b"}'
    )


@pytest.mark.parametrize(
    ("told", "are_others"),
    [
        ({"user": {"sessions": [{"ip": "192.0.2.1"}, {"ip": "192.0.2.2"}]}}, True),
        ({"activeSessions": [{"userAgent": "a"}, {"userAgent": "b"}]}, True),
        ({"sessions": [{"ip": "192.0.2.1"}]}, False),
        ({"sessions": [{"id": "cs_1", "expiresAt": "2030-01-01"}, {"id": "cs_2", "expiresAt": "2030-01-01"}]}, False),
        ({"sessions": 2, "data": [{"sessions": "two"}]}, False),
    ],
    ids=["of a user", "by another name", "one's own alone", "of a checkout", "their number"],
)
def test_a_list_of_sessions_is_told_by_the_devices_of_their_users(told: Any, are_others: bool) -> None:
    assert _lists_sessions(told) is are_others
