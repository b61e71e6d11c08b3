"""The adapters, each held against the package that it names: a release that changes what they use fails here first."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import allure_commons
import httpx
import pytest
from allure_commons.logger import AllureFileLogger
from packaging.requirements import Requirement

import conformance
from conformance.generate import adapters as generating
from conformance.plugin import adapters
from tests.suite.invocation import invoke
from tests.suite.test_dependencies import declared

ROOT: Final = Path(__file__).parents[2]
BOUNDED: Final = (
    "allure-pytest",
    "pytest",
    "pytest-base-url",
    "pytest-bdd",
    "pytest-html",
    "pytest-xdist",
    "schemathesis",
)
DOCUMENT: Final = ROOT / "openapi" / "onboarding.yaml"


# Sessions of pytest, apart from this one

PROBE: Final = """
import json, os, pytest
from pathlib import Path
from conformance.plugin import adapters

CHANNELS = {}

def note(config, **seen):
    where = Path(os.environ["SEEN"], adapters.worker_id(config) or "controller")
    known = json.loads(where.read_text()) if where.exists() else {}
    where.write_text(json.dumps({**known, **seen}))

@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    adapters.direct_reports(config, Path(os.environ["SEEN"], "reports"))
    adapters.set_base_url(config, "https://api.example")

@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    folder = adapters.allure_folder(config)
    note(config, worker=adapters.is_worker(config), message=bool(adapters.message_for_worker(config)),
         started=str(adapters.started_in(config)), words=adapters.arguments(config),
         ini=adapters.names_ini_file(config),
         asks=adapters.asks_pytest_itself(config), lists=adapters.collects_only(config),
         locals=adapters.shows_locals(config),
         local_workers=adapters.has_local_workers(config), allure=adapters.has_allure(config), folder=str(folder))
    if adapters.is_worker(config):
        adapters.write_allure_to(config, Path(os.environ["SEEN"], "allure of a worker"))

@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    channel, name = adapters.open_channel(node)
    adapters.hand_to_worker(node, (b"settings", channel))
    CHANNELS[name] = channel

def pytest_sessionstart(session):
    if "NO_FIXTURES" in os.environ:
        adapters.without_fixtures_in_allure(session.config)
    message = adapters.message_for_worker(session.config)
    if message is not None:
        note(session.config, handed=message[0].decode())
        message[1].send("hello")

def pytest_sessionfinish(session):
    note(session.config, heard={name: channel.receive(10) for name, channel in CHANNELS.items()})

@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    table = adapters.environment_table(session.config)
    note(session.config, in_workers=adapters.runs_in_workers(session.config),
         terminal=adapters.has_terminal(session.config), python=table and "Python" in table)

def pytest_keyboard_interrupt(excinfo):
    Path(os.environ["SEEN"], "ended by workers").write_text(str(adapters.was_ended_by_workers(excinfo)))

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        adapters.attach_record(report, {"row": dict(adapters.outline_row(item))})
        if call.excinfo is not None:
            note(item.config, traceback=adapters.traceback_text(item, call.excinfo))
    return report

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report):
    data = adapters.detach_record(report)
    where = os.environ["SEEN"] + "/records"
    if data is not None and "PYTEST_XDIST_WORKER" not in os.environ:
        assert adapters.detach_record(report) is None
        with open(where, "a") as file:
            file.write(json.dumps(data) + "\\n")
    elif data is not None:
        adapters.attach_record(report, data)
"""
FEATURE: Final = """
Feature: greetings
  Scenario Outline: a greeting
    Given <who> greets
    Examples:
      | who   | requirement |
      | Thabo | A-1         |
"""
TESTS: Final = """
import os, pytest
from pathlib import Path
from pytest_bdd import given, parsers, scenarios
from conformance.plugin import adapters
scenarios("greetings.feature")

@given(parsers.parse("{who} greets"))
def greets(who, request):
    print("captured " + who)
    with adapters.uncaptured(request.config):
        print("not captured " + who)

def test_plain(base_url):
    Path(os.environ["SEEN"], "base_url").write_text(base_url)

def test_failing():
    hidden = "a local value"
    assert os.environ.get("FAIL") is None, "x" * 300 + "the end"
"""


INI: Final = "[pytest]\naddopts = -p no:schemathesis -p no:hypothesispytest\n"
"""Without the plugins that take seconds to import, as in the suite's own configuration."""


class Sessions:
    """Runs pytest with the probe in a folder of its own, and reads what the probe saw."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.seen = folder, folder / "seen"
        self.seen.mkdir()
        for name, text in {"conftest.py": PROBE, "greetings.feature": FEATURE, "test_it.py": TESTS}.items():
            (folder / name).write_text(text, encoding="utf-8")
        (folder / "pytest.ini").write_text(INI, encoding="utf-8")

    def run(self, *words: str, **environment: str) -> str:
        """Run pytest, and return what it printed."""
        given = {"SEEN": str(self.seen), **environment}
        return invoke(self.seen, *words, environment=given, folder=self.folder, ini=False).output

    def of(self, process: str = "controller") -> dict[str, Any]:
        """Return what the probe saw in a process."""
        data: dict[str, Any] = json.loads((self.seen / process).read_text(encoding="utf-8"))
        return data

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.seen / "records").read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    return Sessions(tmp_path)


def test_a_serial_session_is_read(sessions: Sessions) -> None:
    output = sessions.run("-q")
    seen = sessions.of()
    said = {name for name, value in seen.items() if value is True}
    assert said == {"allure", "terminal", "python"}
    assert seen["started"] == str(sessions.folder)
    assert seen["words"] == ["-q"]
    assert (sessions.seen / "base_url").read_text(encoding="utf-8") == "https://api.example"
    assert "not captured Thabo" in output
    assert "\ncaptured Thabo" not in output
    assert sorted(sessions.records, key=str) == [
        {"row": {"requirement": "A-1", "who": "Thabo"}},
        {"row": {}},
        {"row": {}},
    ]


def test_the_other_reports_go_into_the_folder(sessions: Sessions) -> None:
    sessions.run("-q")
    folder = sessions.seen / "reports"
    assert sessions.of()["allure"]
    assert sessions.of()["folder"] == str(folder / "allure-results")
    assert {path.name for path in folder.iterdir()} == {"junit.xml", "report.html", "allure-results"}
    assert not (folder / "assets").exists()
    assert list((folder / "allure-results").glob("*-result.json"))
    assert list((folder / "allure-results").glob("*-container.json"))


def test_allure_keeps_no_account_of_fixtures(sessions: Sessions) -> None:
    sessions.run("-q", NO_FIXTURES="1")
    folder = sessions.seen / "reports" / "allure-results"
    assert list(folder.glob("*-result.json"))
    assert not list(folder.glob("*-container.json"))


def test_a_place_that_the_user_named_stays(sessions: Sessions) -> None:
    sessions.run("-q", "--junit-xml=own.xml", "--html=own.html", "--alluredir=own")
    assert not (sessions.seen / "reports").exists()
    assert all((sessions.folder / name).exists() for name in ("own.xml", "own.html", "own"))


def test_plugins_that_are_switched_off_are_left_alone(sessions: Sessions) -> None:
    off = ("html", "metadata", "allure_pytest", "junitxml", "xdist", "terminal")
    sessions.run(*(word for name in off for word in ("-p", f"no:{name}")))
    seen = sessions.of()
    assert {name for name, value in seen.items() if value is True} == set()
    assert seen["folder"] == "None"
    assert seen["python"] is None
    assert len(sessions.records) == 3


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (("--collect-only", "-l", "-c", "pytest.ini"), {"lists", "asks", "locals", "ini"}),
        (("--markers",), {"asks"}),
        (("--fixtures",), {"asks"}),
    ],
    ids=lambda words: words[0] if isinstance(words, tuple) else "",
)
def test_what_a_session_is_asked_for_is_read(words: tuple[str, ...], keys: set[str], sessions: Sessions) -> None:
    sessions.run(*words)
    read = {"lists", "asks", "locals", "ini"}
    assert {name for name in read if sessions.of()[name]} == keys


def test_workers_are_told_apart_and_handed_a_message(sessions: Sessions) -> None:
    sessions.run("-q", "-n", "1")
    controller, worker = sessions.of(), sessions.of("gw0")
    assert controller["local_workers"]
    assert controller["in_workers"]
    assert not controller["worker"]
    assert not controller["message"]
    assert worker["worker"]
    assert worker["message"]
    assert worker["handed"] == "settings"
    assert controller["heard"] == {"gw0": "hello"}
    assert {"row": {"requirement": "A-1", "who": "Thabo"}} in sessions.records
    assert list((sessions.seen / "allure of a worker").glob("*-result.json"))


def test_the_end_that_workers_bring_about_is_told_from_the_users(sessions: Sessions) -> None:
    sessions.run("-q", "-n", "1", "-x", FAIL="1")
    assert (sessions.seen / "ended by workers").read_text(encoding="utf-8") == "True"


@pytest.mark.parametrize("error", [KeyboardInterrupt, pytest.exit.Exception])
def test_the_users_end_is_none_of_the_workers(error: type[BaseException]) -> None:
    with pytest.raises(error) as caught:
        raise error
    assert not adapters.was_ended_by_workers(caught)


def test_a_traceback_is_whole_and_without_locals_and_frames_of_pytest(sessions: Sessions) -> None:
    sessions.run("-q", "-l", FAIL="1")
    traceback = sessions.of()["traceback"]
    assert "test_failing" in traceback
    assert "x" * 300 + "the end" in traceback
    assert "hidden     = " not in traceback
    assert "pluggy" not in traceback
    assert "_pytest" not in traceback
    sessions.run("-q", "--tb=line", FAIL="1")
    assert len(sessions.of()["traceback"].splitlines()) < len(traceback.splitlines())


def test_of_an_end_the_place_of_its_caller_is_kept() -> None:
    """`pytest.exit` itself is hidden: pytest shows nothing of an end of which no place is left."""
    with pytest.raises(pytest.exit.Exception) as raised:
        json.loads("1", object_hook=None, parse_int=lambda _: pytest.exit("enough"))
    raised.traceback = adapters.last_entry(raised)
    assert len(raised.traceback) == 1
    assert raised.traceback[0].name == "<lambda>"
    shown = raised.getrepr()
    assert shown.reprcrash is not None
    assert shown.reprcrash.message.endswith("enough")


@pytest.mark.parametrize(
    ("option", "local"),
    [
        ({}, False),
        ({"numprocesses": 2}, True),
        ({"tx": ["popen"]}, True),
        ({"tx": ["3*popen//python=python3"]}, True),
        ({"tx": ["popen//chdir=/somewhere"]}, False),
        ({"tx": ["ssh=host"]}, False),
        ({"tx": ["popen", "ssh=host"]}, False),
    ],
    ids=str,
)
def test_local_workers_are_those_in_this_folder(option: dict[str, Any], local: bool) -> None:
    config: Any = SimpleNamespace(option=SimpleNamespace(**option))
    assert adapters.has_local_workers(config) is local


def test_hooks_of_allure_are_called_until_the_session_ends() -> None:
    told: list[Any] = []
    cleanups: list[Callable[[], None]] = []

    class Hooks:
        @allure_commons.hookimpl
        def report_result(self, result: Any) -> None:
            told.append(result)

    config: Any = SimpleNamespace(add_cleanup=cleanups.append)
    adapters.register_with_allure(config, Hooks())
    allure_commons.plugin_manager.hook.report_result(result=SimpleNamespace(statusDetails=None))
    assert len(told) == 1
    for cleanup in cleanups:
        cleanup()
    allure_commons.plugin_manager.hook.report_result(result=SimpleNamespace(statusDetails=None))
    assert len(told) == 1


def test_files_of_allure_are_written_by_functions(tmp_path: Path) -> None:
    """Its results, containers and attachments, those that are files already too; its own logger writes none of them."""
    results: list[Any] = []
    attachments: list[tuple[str | bytes, str]] = []
    logger = AllureFileLogger(str(tmp_path / "results"))
    allure_commons.plugin_manager.register(logger)
    source = tmp_path / "source.txt"
    source.write_bytes(b"three")
    try:
        adapters.write_allure_with(results.append, lambda body, name: attachments.append((body, name)))
        result = SimpleNamespace(statusDetails=None)
        hook = allure_commons.plugin_manager.hook
        hook.report_result(result=result)
        hook.report_container(container=result)
        hook.report_attached_data(body="one", file_name="1.txt")
        hook.report_attached_data(body=b"two", file_name="2.txt")
        hook.report_attached_file(source=str(source), file_name="3.txt")
    finally:
        allure_commons.plugin_manager.unregister(logger)
    assert results == [result, result]
    assert attachments == [("one", "1.txt"), (b"two", "2.txt"), (b"three", "3.txt")]
    assert not list((tmp_path / "results").iterdir())


# schemathesis


@pytest.mark.parametrize("mode", generating.MODES)
def test_schemathesis_covers_an_operation(mode: str) -> None:
    cases = generating.coverage_cases(generating.load(DOCUMENT), "createCustomer", mode)
    first = next(cases)
    assert generating.is_valid(first) is (mode == "positive")
    parts = generating.request_parts(first, "http://localhost")
    assert "json" in parts or "data" in parts
    assert parts["url"].startswith("http://localhost/")


def test_schemathesis_finds_operations_and_their_examples() -> None:
    schema = generating.load(DOCUMENT)
    assert generating.operation(schema, "createCustomer").method.upper() == "POST"
    assert generating.example_cases(schema, "createCustomer")


FAILURES: Final = {
    "not_a_server_error": httpx.Response(500, json={}),
    "status_code_conformance": httpx.Response(299, json={}),
    "content_type_conformance": httpx.Response(200, text="x", headers={"Content-Type": "text/plain"}),
    "response_schema_conformance": httpx.Response(200, json={"id": 5}),
}


@pytest.mark.parametrize("check", FAILURES)
def test_failures_of_schemathesis_name_their_check(check: str) -> None:
    case = next(generating.coverage_cases(generating.load(DOCUMENT), "createCustomer", "positive"))
    response = FAILURES[check]
    response.elapsed = timedelta(seconds=0.1)
    response.request = httpx.Request("POST", "http://localhost/customers")
    found = {complaint.check for complaint in generating.complaints(case, response, with_schema=True)}
    assert check in found
    without = {complaint.check for complaint in generating.complaints(case, response, with_schema=False)}
    assert without == found - {"response_schema_conformance"}


# Bounds


@pytest.mark.parametrize("name", BOUNDED)
def test_a_package_whose_private_names_are_used_has_an_upper_bound(name: str) -> None:
    (requirement,) = [item for item in declared()[""] if item.name == name]
    assert any(bound.operator == "<" for bound in requirement.specifier)
    assert requirement.specifier.contains(version(name))


def test_no_other_package_is_bounded() -> None:
    bounded: list[Requirement] = [
        item for item in declared()[""] if any(bound.operator in ("<", "<=", "==", "~=") for bound in item.specifier)
    ]
    assert {item.name for item in bounded} == set(BOUNDED)


PRIVATE: Final = re.compile(
    r"_pytest_bdd_example|_traceback_filter|invocation_params|config\.option\.|xmlpath|htmlpath|allure_report_dir"
    r"|workerinput|newchannel|dsession|hasplugin|get_plugin\(|metadata_key|plugin_manager"
    r"|iter_coverage_cases|as_transport_kwargs|schemathesis\.(?:specs|core)"
)


def test_private_names_stand_in_the_adapters_alone() -> None:
    files = [file for file in Path(conformance.__file__).parent.rglob("*.py") if file.name != "adapters.py"]
    assert len(files) > 40
    found = {file.name: PRIVATE.findall(file.read_text(encoding="utf-8")) for file in files}
    assert {name: names for name, names in found.items() if names} == {}
