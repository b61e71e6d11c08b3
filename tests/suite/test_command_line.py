"""What a user sees who mistypes: one sentence with the remedy, an exit status, and no request to anybody."""

from __future__ import annotations

import errno
import os
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from conformance.contract.yamlfile import YamlError, read_yaml
from conformance.masking import Masker
from conformance.plugin.options import OPTIONS, Option, read_settings
from conformance.settings import Settings
from conformance.wire.client import Wire
from conformance.wire.connection import connection, environment_of
from conformance.wire.target import TargetError
from tests.suite.invocation import ROOT, Done, Given, invoke
from tests.suite.misbehaving import reply, serving
from tests.suite.recording import recording_target

NOWHERE = "http://127.0.0.1:1"
TARGET_NOT_REACHED = 7
BASE_URLS = {
    "no scheme": ("localhost:8080/api", "has to start with http:// or https://"),
    "another scheme": ("ftp://example.com/", "has to start with http:// or https://"),
    "no host": ("http:///api", "names no host; write it as"),
    "a port out of range": ("http://example.com:99999", "is not a URL; write it as"),
    "credentials": ("https://gate:Op3nSesame@example.com/", "hand a gateway its key with --header"),
    "a query": ("http://example.com/?key=1", "must not have a query or a fragment"),
    "a blank": ("http://exa mple.com/", "is not a URL; write it as https://HOST:PORT/PATH"),
    "a new line": ("http://example.com/a\nb", "is not a URL; write it as https://HOST:PORT/PATH"),
    "no name that DNS has": ("http://exämple..com", "is not a URL; write it as https://HOST:PORT/PATH"),
    "a fragment": ("http://example.com/#top", "must not have a query or a fragment"),
}
MISTAKES = {
    "a size": (["--size", "huge"], "--size: 'huge' is not a size; choose one of smoke, gate, full"),
    "a seed": (["--seed", "lucky"], "--seed: 'lucky' is not a whole number"),
    "a rate": (["--rate-limit", "fast"], "--rate-limit: 'fast' is not a rate; write a number of requests per"),
    "a rate of nothing": (["--rate-limit", "0/s"], "'0/s' is not a rate"),
    "a timeout": (["--timeout", "soon"], "--timeout: 'soon' is not a number of seconds above 0"),
    "no timeout": (["--timeout", "0"], "--timeout: '0' is not a number of seconds above 0"),
    "an infinite time": (["--time-budget", "inf"], "--time-budget: 'inf' is not a number of seconds"),
    "not a number": (["--time-budget", "nan"], "--time-budget: 'nan' is not a number of seconds"),
    "a header": (["--header", "letmein"], "--header: a header is written 'Name: value'"),
    "two lines in a header": (["--header", "X-Key: a\r\nHost: b"], "--header: a header is written 'Name: value'"),
    "a missing file": (["--ca-bundle", "nowhere.pem"], "--ca-bundle: there is no file 'nowhere.pem'"),
    "a file of something else": (["--ca-bundle", "tox.ini"], "'tox.ini' holds no certificate in PEM form"),
    "a certificate of something else": (["--client-cert", "tox.ini"], "'tox.ini' holds no certificate with its key"),
    "a proxy": (["--proxy", "proxy:3128"], "--proxy: a proxy is written http://HOST:PORT"),
    "a domain": (["--email-domain", "a b"], "--email-domain: 'a b' is not a domain"),
    "an account without password": (
        ["--merchant-email", "owner@example.com"],
        "--merchant-email and --merchant-password (or --merchant-password-file) belong together: give both or neither",
    ),
    "a second account without e-mail": (
        ["--second-merchant-password", "Correct horse"],
        "--second-merchant-email and --second-merchant-password (or --second-merchant-password-file) belong together",
    ),
    "one account twice": (
        [f"--{who}merchant-{what}" for who in ("", "second-") for what in ("email=a@example.com", "password=Correct")],
        "--second-merchant-email names the first account again: the checks need two",
    ),
    "a password file that is missing": (
        ["--merchant-email", "a@example.com", "--merchant-password-file", "nowhere.txt"],
        "--merchant-password-file: there is no file 'nowhere.txt'",
    ),
    "a password file without a password": (
        ["--merchant-email", "a@example.com", "--merchant-password-file", "tests/suite/__init__.py"],
        "the file 'tests/suite/__init__.py' has no password in its first line",
    ),
    "a time limit": (["--time-limit", "0"], "--time-limit: '0' is not a number of seconds above 0"),
    "a fault of somebody's server": (
        ["--sandbox-fault", "signup-invalid-500"],
        "--sandbox-fault and --sandbox-variant are for the bundled sandbox: leave --base-url out",
    ),
    "no catalogue": (["-o", "conformance_catalogue=nowhere"], "nowhere holds no .yaml file"),
    "no document": (["-o", "conformance_contract=nowhere.yaml"], "nowhere.yaml does not exist"),
    "an ini key": (["-o", "conformance_size=huge"], "ini key conformance_size: 'huge' is not a size"),
    "an ini key that is a switch": (["-o", "conformance_insecure=perhaps"], "ini key conformance_insecure: "),
    "the own tests": (["tests/suite"], "the suite's own tests never run against a given target: leave --base-url out"),
    "a whole number without end": (["--seed", "9" * 5000], "--seed: '99999999999"),
    "seconds beyond all": (
        ["--timeout", "1e9"],
        "--timeout: '1e9' is not a number of seconds above 0 and up to 1000000",
    ),
    "a negative wait": (["--wait-for-target", "-5"], "'-5' is not a number of seconds from 0 to 1000000"),
    "a control character in a header": (["--header", "X-Key: a\x01"], "on one line and without control characters"),
    "a header that codes the content": (["--header", "Content-Encoding: gzip"], "Content-Encoding is set by the suite"),
    "a folder in place of a file": (["--ca-bundle", "docs"], "--ca-bundle: 'docs' is a folder; name a file in it"),
    "an e-mail": (["--merchant-email", "owner", "--merchant-password", "x"], "'owner' is not an e-mail address"),
    "a URL for a host": (["--allow-load", "http://a/"], "'http://a/' is not a host; write its name alone"),
    "a long domain": (["--email-domain", "a" * 70 + ".com"], "is not a domain; write one such as example.com"),
    "an unknown id": (["-m", 'requirement(id="CHECKOUT-NONE-22")'], "did you mean `CHECKOUT-NONE-2`?"),
    "an unknown option": (["--sizes", "smoke"], "unrecognized arguments: --sizes"),
    "an option without its value": (["--size"], "argument --size: expected one argument"),
}


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    """A port that takes connections, so that one which was opened too early is seen."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def refused_in_one_sentence(done: Done, words: str) -> None:
    assert done.status == pytest.ExitCode.USAGE_ERROR, done.output
    said = re.findall(r"^ERROR: (.*)", done.output, re.MULTILINE)
    assert len(said) == 1, done.output
    assert words in done.output
    assert not re.search(r"Traceback|INTERNALERROR|^E  ", done.output, re.MULTILINE), done.output
    assert len(done.output) < 600, done.output


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_before_any_request(name: str, tmp_path: Path, listener: socket.socket) -> None:
    words, said = MISTAKES[name]
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    refused_in_one_sentence(invoke(tmp_path, "--base-url", url, *words), said)
    with pytest.raises(BlockingIOError):
        listener.accept()
    assert not (tmp_path / "conformance.json").exists()


@pytest.mark.parametrize("name", BASE_URLS)
def test_a_base_url_that_is_none(name: str, tmp_path: Path) -> None:
    url, words = BASE_URLS[name]
    done = invoke(tmp_path, "--base-url", url)
    refused_in_one_sentence(done, words)
    assert "Op3nSesame" not in done.output


def test_a_full_run_wants_its_host_confirmed(tmp_path: Path) -> None:
    """Thousands of requests go to somebody else's host only where that host was named once more."""
    done = invoke(tmp_path, "--base-url", "https://staging.example.com/api", "--size", "full")
    refused_in_one_sentence(
        done, "confirm that staging.example.com may be sent it with --allow-load staging.example.com"
    )


def test_an_unknown_fault_names_the_closest(tmp_path: Path) -> None:
    done = invoke(tmp_path, "--sandbox-fault", "signup-invalid-50")
    refused_in_one_sentence(done, "there is no fault 'signup-invalid-50'; the closest are signup-invalid-500")


@pytest.mark.parametrize("place", ["below a file", "in a place of the system's"])
def test_a_report_folder_that_cannot_be_made(place: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    folder = file / "reports" if place == "below a file" else Path("/proc/reports")
    refused_in_one_sentence(invoke(folder, "--base-url", NOWHERE), f"--report-dir: the folder {folder} cannot be made")


def test_a_host_that_is_not_there(tmp_path: Path) -> None:
    """An unreachable target is told apart from a breach and from a mistake; the reports are written all the same."""
    done = invoke(tmp_path, "--base-url", NOWHERE)
    assert done.status == TARGET_NOT_REACHED
    assert f"the target {NOWHERE} cannot be reached: the connection was refused; check the URL" in done.output
    assert "--wait-for-target SECONDS" in done.output
    assert "Traceback" not in done.output
    assert set(done.verdicts.values()) == {"not tested"}
    assert "cannot be reached" in done.report["stopped"]


def test_a_name_that_nobody_has(tmp_path: Path) -> None:
    done = invoke(tmp_path, "--base-url", "http://no-such-host.invalid")
    assert done.status == TARGET_NOT_REACHED
    assert "the host name cannot be resolved" in done.output
    assert "Traceback" not in done.output


BROKEN_FILES = {
    "the catalogue is no YAML": (
        "requirements/1-sign-up.yaml",
        None,
        "operation: [",
        "1-sign-up.yaml, line 2: this is no valid YAML",
    ),
    "a creation without a name": (
        "requirements/1-sign-up.yaml",
        "{kind: user, name: [request.email]}",
        "{kind: user}",
        "1-sign-up.yaml, line 7: `name` is missing",
    ),
    "a level of its own": (
        "requirements/1-sign-up.yaml",
        "level: MUST",
        "level: OUGHT",
        "unknown word `OUGHT` for `level`",
    ),
    "the document is no YAML": (
        "onboarding.yaml",
        None,
        "paths: {",
        "onboarding.yaml, line 2: this is no valid YAML",
    ),
    "no paths": ("onboarding.yaml", "\npaths:", "\npaths_:", "an OpenAPI document has `paths`"),
    "no operationId": (
        "onboarding.yaml",
        "operationId: signUpEmail",
        "id: x",
        "lacks 'operat",
    ),
    "a reference to nothing": ("onboarding.yaml", "#/components/responses/", "#/components/r/", "leads nowhere"),
    "a status that is none": ("onboarding.yaml", "'200':", "'ok':", "is not as OpenAPI 3.1 has an operation"),
}


@pytest.mark.parametrize("name", BROKEN_FILES)
def test_a_file_with_a_mistake_in_it(name: str, tmp_path: Path) -> None:
    file, old, new, words = BROKEN_FILES[name]
    folder = tmp_path / "openapi"
    shutil.copytree(ROOT / "openapi", folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old is None or old in text
    (folder / file).write_text(f"{new}\n" if old is None else text.replace(old, new, 1), encoding="utf-8")
    places = (f"conformance_contract={folder}/onboarding.yaml", f"conformance_catalogue={folder}/requirements")
    done = invoke(tmp_path, "--base-url", NOWHERE, *(word for place in places for word in ("-o", place)))
    refused_in_one_sentence(done, words)


def test_an_empty_report_folder(tmp_path: Path) -> None:
    done = invoke(tmp_path, "--base-url", NOWHERE, "--report-dir", "", ini=False)
    refused_in_one_sentence(done, "--report-dir: an empty text names no folder; write one such as reports")


def test_a_file_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The right to read is what is missing, not a certificate or a password."""
    file = tmp_path / "secret.pem"
    file.write_text("hidden", encoding="utf-8")

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", refused)
    for option in OPTIONS:
        if option.name in READ_FROM_FILES:
            with pytest.raises(ValueError, match=r"cannot be read \(Permission denied\)"):
                option.read(str(file))


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\xef\xbb\xbfsecret\r\n", ""), ("p\xe4ss".encode("latin-1"), "in another encoding; save it")],
)
def test_a_password_file_of_another_editor(content: bytes, words: str, tmp_path: Path) -> None:
    file = tmp_path / "password.txt"
    file.write_bytes(content)
    read = next(option.read for option in OPTIONS if option.name == "merchant-password-file")
    if not words:
        assert read(str(file)) == "secret"
    else:
        with pytest.raises(ValueError, match=words):
            read(str(file))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: ä".encode("latin-1"), "contract.yaml: the file is in another encoding; save it as UTF-8"),
        (None, "contract.yaml: the file cannot be read (Is a directory)"),
    ],
)
def test_a_yaml_file_that_cannot_be_read(content: bytes | None, words: str, tmp_path: Path) -> None:
    file = tmp_path / "contract.yaml"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    with pytest.raises(YamlError) as caught:
        read_yaml(file)
    assert str(caught.value) == words


def test_libraries_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    proxy = next(option.read for option in OPTIONS if option.name == "proxy")
    with pytest.raises(ValueError, match="pip install socksio"):
        proxy("socks5://127.0.0.1:1080")
    with pytest.raises(pytest.UsageError, match="pip install h2"):
        read_settings(cast(pytest.Config, Given({"http2": True}, {})))


@pytest.mark.parametrize("words", [("EMPTY",), ("-k", "nothing_is_called_so")])
def test_a_selection_of_nothing_is_said(words: tuple[str, ...], tmp_path: Path, listener: socket.socket) -> None:
    """A folder without tests, or words that no test has: the remedy is told, and nothing is sent."""
    empty = tmp_path / "empty"
    empty.mkdir()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    done = invoke(tmp_path, "--base-url", url, *(str(empty) if word == "EMPTY" else word for word in words))
    assert done.status == pytest.ExitCode.NO_TESTS_COLLECTED, done.output
    assert "error    no test was selected: name a folder or file that has some" in done.output
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_a_file_of_tests_that_cannot_be_read_is_a_mistake(tmp_path: Path, listener: socket.socket) -> None:
    """It ends with status 4 before any request, told in one sentence without a traceback."""
    file = tmp_path / "test_broken.py"
    file.write_text("x = (\n", encoding="utf-8")
    done = invoke(tmp_path, "--base-url", f"http://127.0.0.1:{listener.getsockname()[1]}", str(file))
    assert done.status == pytest.ExitCode.USAGE_ERROR, done.output
    sentence = f"{file}, line 1: this is no valid Python: '(' was never closed"
    assert done.report["stopped"] == f"a file of tests could not be read: correct {sentence}"
    assert f"\n{sentence}\n" in done.output
    assert "_bootstrap" not in done.output
    with pytest.raises(BlockingIOError):
        listener.accept()


FAR, NEAR = "http://payments.example.com/api", "http://127.0.0.1:8080"
SURROUNDINGS = {
    "nothing": ({}, FAR, {}, []),
    "a proxy": ({"HTTP_PROXY": "http://u:p@a:1"}, FAR, {}, ["requests go through http://a:1, by HTTP_PROXY"]),
    "a proxy for all": ({"ALL_PROXY": "a:1"}, FAR, {}, ["requests go through http://a:1, by ALL_PROXY"]),
    "no proxy": ({"HTTP_PROXY": "a:1", "NO_PROXY": ".example.com"}, FAR, {}, ["is not used for payments.example.com"]),
    "loopback": ({"HTTP_PROXY": "a:1"}, NEAR, {}, ["HTTP_PROXY is ignored, since the target is on this machine"]),
    "an option": ({"HTTP_PROXY": "a:1"}, FAR, {"proxy": "http://b:1"}, ["ignored, since --proxy is given"]),
}


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_what_the_environment_changes_is_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environment, url, given, words = SURROUNDINGS[name]
    clear_environment(monkeypatch, environment)
    found = environment_of(Settings(**cast(dict[str, Any], given)), url)
    assert len(found) == len(words)
    assert all(word in line for word, line in zip(words, found, strict=True))


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("HTTPS_PROXY", "ftp://a:1", "HTTPS_PROXY names no proxy: write it as http://HOST:PORT, or unset it"),
        ("SSL_CERT_FILE", "/nowhere", "SSL_CERT_FILE names '/nowhere', which cannot be read (No such file"),
        ("SSL_CERT_FILE", str(ROOT / "tox.ini"), "holds no certificate in PEM form"),
        ("SSL_CERT_DIR", "/nowhere", "SSL_CERT_DIR names '/nowhere', which cannot be read (No such file"),
    ],
)
def test_what_the_environment_names_has_to_be_usable(
    variable: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clear_environment(monkeypatch, {variable: value})
    with pytest.raises(TargetError, match=re.escape(words)):
        environment_of(Settings(), "https://payments.example.com")


def test_a_proxy_of_the_environment_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    clear_environment(monkeypatch, {"HTTP_PROXY": NOWHERE})
    wire = Wire(connection(Settings(connect_timeout=1.0), FAR), Masker())
    try:
        told = wire.reach()
    finally:
        wire.close()
    assert told == "the proxy that the environment names cannot be reached: the connection was refused"


def clear_environment(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith("SSL_CERT")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


VALUES = {
    "_size": ("smoke", "full", "gate"),
    "_whole": ("1", "2", "3"),
    "_rate": ("1/s", "2/s", "3/s"),
    "_header": ("X-A: 1", "X-A: 2", "X-A: 3"),
    "_proxy": ("http://a:1", "http://a:2", "http://a:3"),
    "_folder": ("a", "b", "c"),
    "_host": ("a", "b", "c"),
    "_email": ("a@example.com", "b@example.com", "c@example.com"),
    "_domain": ("a.example", "b.example", "c.example"),
    "_phone_prefix": ("+2665", "+4479", "+1"),
    "_currency": ("LSL", "USD", "EUR"),
}


READ_FROM_FILES = (
    "ca-bundle",
    "client-cert",
    "merchant-password-file",
    "second-merchant-password-file",
    "known-failures",
    "compare",
    "profile",
)


@pytest.mark.parametrize("option", [option for option in OPTIONS if option.name not in READ_FROM_FILES])
def test_the_command_line_goes_before_ini_and_ini_before_environment(
    option: Option, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("CONFORMANCE_")]:
        monkeypatch.delenv(name)
    if option.name == "http2":
        monkeypatch.setattr("importlib.util.find_spec", lambda _: True)
    values = ("yes", "no", "yes") if option.flag else VALUES.get(option.read.__name__, ("1", "2", "3"))
    line, ini = ([value] if option.several else value for value in values[:2])
    alike = {"merchant_email": "merchant_password", "second_merchant_email": "second_merchant_password"}
    other = {**alike, **{second: first for first, second in alike.items()}}.get(option.attribute)
    partner = {other: "filled@in"} if other else {}

    def effective(command_line: object, ini_key: object) -> tuple[Any, str]:
        given = Given(
            partner if command_line is None else {option.attribute: command_line, **partner},
            {} if ini_key is None else {option.ini: ini_key},
        )
        settings = read_settings(cast(pytest.Config, given))
        return getattr(settings, option.attribute), str(settings.origin.get(option.attribute, ""))

    monkeypatch.setenv(option.variable, values[2])
    found = [effective(line, ini), effective(None, ini), effective(None, None)]
    wanted = [read_value(option, value) for value in values]
    origins = [f"--{option.name}", f"ini key {option.ini}", f"environment variable {option.variable}"]
    assert found == list(zip(wanted, origins, strict=True))
    if not partner:
        monkeypatch.setenv(option.variable, "")
        assert effective(None, None)[1] == ""


@pytest.mark.parametrize(
    ("given", "limit"),
    [({}, 1800), ({"size": "full", "time_budget": "600"}, 2400), ({"size": "full", "time_limit": "60"}, 60)],
)
def test_a_long_budget_is_not_cut_by_the_limit(given: dict[str, str], limit: float) -> None:
    assert read_settings(cast(pytest.Config, Given(given, {}))).time_limit == limit


def read_value(option: Option, text: str) -> Any:
    if option.flag:
        return text == "yes"
    return (option.read(text),) if option.several else option.read(text)


def test_an_unknown_ini_key_is_refused(tmp_path: Path) -> None:
    done = invoke(tmp_path, "--base-url", NOWHERE, "-o", "conformance_sise=gate")
    assert done.status == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: Unknown config option: conformance_sise" in done.output
    assert "Traceback" not in done.output


def test_everything_can_be_set_in_the_environment(tmp_path: Path) -> None:
    """A CI sets variables: flags, lists of headers and the base URL are read from them; secrets are shown as ***."""
    environment = {
        "PYTEST_BASE_URL": f"{NOWHERE}/api/",
        "CONFORMANCE_SIZE": "smoke",
        "CONFORMANCE_SEED": "42",
        "CONFORMANCE_INSECURE": "true",
        "CONFORMANCE_STRICT_SHOULD": "no",
        "CONFORMANCE_HEADER": "X-Gateway-Key: Op3nSesame\nX-Team: payments",
        "CONFORMANCE_REPORT_DIR": str(tmp_path),
        "CONFORMANCE_MERCHANT_EMAIL": "owner@example.com",
        "CONFORMANCE_MERCHANT_PASSWORD": "Correct horse",
    }
    done = invoke(tmp_path, environment=environment, ini=False)
    assert done.status == TARGET_NOT_REACHED, done.output
    report = done.report
    assert (report["target"], report["size"], report["seed"]) == (f"{NOWHERE}/api", "smoke", 42)
    assert report["configuration"]["insecure"] == "True"
    assert invoke(tmp_path, "--base-url", NOWHERE, "-o", "conformance_size=full").report["size"] == "full"
    assert "strict_should" not in report["configuration"]
    assert report["configuration"]["header"] == report["configuration"]["merchant_password"] == "***"
    assert "header=***" in done.output
    assert "Op3nSesame" not in done.output


PASSWORDS = {
    "the file alone": (["--merchant-password-file", "FILE"], {}, "of the file"),
    "the password on the command line, the file in the environment": (
        ["--merchant-password", "on the line"],
        {"CONFORMANCE_MERCHANT_PASSWORD_FILE": "FILE"},
        "on the line",
    ),
    "the file on the command line, the password in the environment": (
        ["--merchant-password-file", "FILE"],
        {"CONFORMANCE_MERCHANT_PASSWORD": "of the environment"},
        "of the file",
    ),
}


@pytest.mark.parametrize("name", PASSWORDS)
def test_a_password_is_read_from_a_file(name: str, tmp_path: Path) -> None:
    """What is set closer to the user is what the sign-in sends; nothing that the user sees holds it."""
    words, environment, password = PASSWORDS[name]
    file = tmp_path / "password.txt"
    file.write_text("of the file\na second line\n", encoding="utf-8")
    words = [str(file) if word == "FILE" else word for word in words]
    environment = {name: str(file) if value == "FILE" else value for name, value in environment.items()}
    with recording_target() as target:
        given = ["--base-url", target.url, "--merchant-email", "nobody@example.com", *words, "--size", "smoke"]
        done = invoke(tmp_path / "reports", *given, environment=environment)
    assert {body["password"] for body in target.bodies("/sign-in/email")} == {password}
    assert done.report["configuration"]["merchant_password"] == "***"
    for text in (
        done.output,
        (done.reports / "conformance.json").read_text(),
        (done.reports / "junit.xml").read_text(),
    ):
        assert password not in text


def test_an_account_that_the_target_refuses_as_a_mistake(tmp_path: Path) -> None:
    """A sign-in that is answered with 400 is no breach: the e-mail or the password that was named may be none."""
    body = b'{"code": "INVALID_EMAIL", "message": "Invalid email"}'
    with serving(lambda _: [reply(400, body)]) as server:
        words = ("--merchant-email", "owner@example.com", "--merchant-password", "Correct horse")
        done = invoke(tmp_path, "--base-url", server.url, *words)
    assert done.status == pytest.ExitCode.USAGE_ERROR, done.output
    assert "the target does not let owner@example.com in (status 400); check --merchant-email and" in done.output
    assert len(server.requests) < 6


@pytest.mark.parametrize("number", ["", "second-"])
def test_an_account_that_the_target_does_not_let_in(number: str, tmp_path: Path) -> None:
    """A wrong password is told before the first test, in one sentence with the remedy; the reports are written."""
    with recording_target() as target:
        body = {"name": "Owner", "email": "owner@example.com", "password": "Correct horse"}
        httpx.post(f"{target.url}/authentication/sign-up/email", json=body, trust_env=False).raise_for_status()
        words = ["--merchant-email", body["email"], "--merchant-password", "Correct horse" if number else "Wrong horse"]
        words += ["--second-merchant-email", "other@example.com", "--second-merchant-password", "Wrong horse"]
        done = invoke(tmp_path, "--base-url", target.url, *words)
    email = "other@example.com" if number else body["email"]
    said = f"the target does not let {email} in (status 401); check --{number}merchant-email and "
    assert done.status == pytest.ExitCode.USAGE_ERROR
    assert f"Exit: {said}--{number}merchant-password" in done.output
    assert not re.search(r"Traceback|INTERNALERROR|horse", done.output), done.output
    assert done.report["stopped"].startswith(said)
    assert set(done.verdicts.values()) == {"not tested"}
    assert done.report["requests"] < 6


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("CONFORMANCE_SEED", "lucky", "environment variable CONFORMANCE_SEED: 'lucky' is not a whole number"),
        ("CONFORMANCE_INSECURE", "perhaps", "CONFORMANCE_INSECURE: 'perhaps' is neither true nor false"),
        ("CONFORMANCE_TIMOUT", "3", "CONFORMANCE_TIMOUT is none of this suite's; did you mean `CONFORMANCE_TIMEOUT`?"),
        ("CONFORMANCE_XYZ", "3", "CONFORMANCE_XYZ is none of this suite's; remove it"),
        ("CONFORMANCE_BASE_URL", "http://a", "CONFORMANCE_BASE_URL is not read: the base URL is in PYTEST_BASE_URL"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(variable: str, value: str, words: str, tmp_path: Path) -> None:
    refused_in_one_sentence(invoke(tmp_path, "--base-url", NOWHERE, environment={variable: value}), words)


@pytest.mark.parametrize("written", ["--report-dir={}", "--report-dir {}"], ids=["with =", "with a space"])
def test_a_report_folder_that_exists_elsewhere_is_not_taken_for_the_project(written: str, tmp_path: Path) -> None:
    """pytest takes an unknown option's value for a path and looks for its configuration there."""
    done = invoke(tmp_path, "--base-url", NOWHERE, *written.format(tmp_path).split(" "), ini=False)
    assert done.status == TARGET_NOT_REACHED, done.output
    assert f"rootdir: {ROOT}" in done.output
    assert done.report["target"] == NOWHERE


def test_help_documents_every_option(tmp_path: Path) -> None:
    """Each option stands in `--help` with its variable, and each ini key too; no target is asked for help."""
    done = invoke(tmp_path, "--help")
    assert done.status == 0
    words = " ".join(done.output.split())
    for option in OPTIONS:
        assert f"--{option.name}" in words
        assert f"[{option.variable}]" in words
        assert option.ini in words


def test_the_page_on_stagings_names_tests_that_there_are() -> None:
    page = (ROOT / "docs" / "staging.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", page))
    written = {
        name
        for file in (ROOT / "tests" / "suite").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(named) > 30
    assert named <= written
