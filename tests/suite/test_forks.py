"""Forked workers: the verdicts, reports and endings of a run whose tests go side by side in forks of one process."""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance.checks.rules import Rules
from conformance.contract.catalogue import Catalogue
from conformance.contract.document import Contract
from conformance.errors import Why
from conformance.masking import Masker
from conformance.plugin.forks import can_fork
from conformance.plugin.sessions import Sessions
from conformance.run import Run
from conformance.settings import Settings
from conformance.values import MARK
from conformance.wire.exchange import Call, Exchange, Response
from tests.suite.invocation import BETWEEN_REQUESTS, ROOT, Done, invoke
from tests.suite.recording import recording_target

CONFORMANT, MUST_BROKEN, INTERRUPTED, SUITE_FAILED = 0, 1, 2, 3
FEATURES = "tests/conformance/test_features.py"
SIDE_BY_SIDE = ("--concurrency", "3")
TOLD = "3 tests run side by side"


def test_verdicts_and_reports_are_those_of_a_serial_run(serial_run: Done, tmp_path: Path) -> None:
    one, three = serial_run, invoke(tmp_path, *BETWEEN_REQUESTS, *SIDE_BY_SIDE)
    assert (one.status, three.status) == (MUST_BROKEN, MUST_BROKEN), three.output
    assert TOLD in three.output
    assert TOLD not in one.output
    assert three.failed
    assert three.verdicts == one.verdicts
    assert reasons(three) == reasons(one)
    assert users(three) <= users(one) + 3
    tests = junit_tests(one.reports)
    assert junit_tests(tmp_path) == tests
    assert len(allure_results(tmp_path)) == len(tests) == len(set(tests))


def reasons(done: Done) -> dict[str, str]:
    return {row["id"]: row["reason"] for row in done.report["requirements"]}


def users(done: Done) -> int:
    return sum(name.startswith("user ") for name in done.report["created"])


def junit_tests(folder: Path) -> list[str]:
    cases = ET.parse(folder / "junit.xml").getroot().findall("testsuite[@name='conformance']/testcase")
    return sorted(f"{case.get('classname')} {case.get('name')}" for case in cases)


def allure_results(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(file.read_text()) for file in (folder / "allure-results").glob("*-result.json")]


def test_a_far_target_is_tested_side_by_side(tmp_path: Path) -> None:
    """The response times of the check decide; a response of 40 ms is worth four requests at a time."""
    with recording_target(variants=["latency-100-ms"]) as target:
        done = invoke(tmp_path, "--base-url", target.url, FEATURES, "-k", "checkout_session")
    assert done.status == CONFORMANT, done.output
    assert "tests run side by side" in done.output
    assert "-n 8 would save" not in done.output


def test_a_target_that_hashes_passwords_well_is_tested_side_by_side(tmp_path: Path) -> None:
    """All else is answered at once; who signs up and in waits, and so do the tests."""
    with recording_target(variants=["slow-passwords"]) as target:
        done = invoke(tmp_path, "--base-url", target.url, FEATURES, "-k", "checkout_session")
    assert done.status == CONFORMANT, done.output
    assert "slow     3 tests run side by side" in done.output


@pytest.mark.parametrize("variant", ["reads-lag", "reads-lag-in-turn"])
def test_a_target_whose_reads_lag_is_tested_side_by_side(variant: str, tmp_path: Path) -> None:
    """It answers at once, and the tests wait for what they have created: the check before the first test finds out."""
    with recording_target(variants=[variant]) as target:
        done = invoke(tmp_path, "--base-url", target.url, FEATURES, "-k", "read_back or reads or refused_customer")
    assert done.status == CONFORMANT, done.output
    assert "lagging " in done.output
    assert "tests run side by side" in done.output


def test_a_target_that_caps_sessions_is_no_breach(tmp_path: Path) -> None:
    """Each worker signs in, so that others are soon the two sessions that are kept: then one test runs at a time."""
    words = [FEATURES, "-k", "session or organization or signs_in", "--sandbox-variant", "sessions-2"]
    one = invoke(tmp_path / "one", *words)
    four = invoke(tmp_path / "four", *words, "--concurrency", "4")
    assert (one.status, four.status) == (CONFORMANT, CONFORMANT), four.output
    assert "4 tests run side by side" in four.output
    assert four.verdicts == one.verdicts
    assert junit_tests(tmp_path / "four") == junit_tests(tmp_path / "one")
    assert len(allure_results(tmp_path / "four")) == len(junit_tests(tmp_path / "four"))
    disturbed = [row for row in four.report["requirements"] if row["why"] == Why.DISTURBED]
    assert not disturbed


def test_a_session_that_ends_by_itself_is_a_breach_still(tmp_path: Path) -> None:
    words = [FEATURES, "-k", "refused or refusal", "--sandbox-fault", "session-ends-after-refusal", "--seed", "5"]
    one = invoke(tmp_path / "one", *words)
    four = invoke(tmp_path / "four", *words, "--concurrency", "4")
    assert four.status == MUST_BROKEN, four.output
    assert four.failed
    assert four.failed <= one.failed


def test_a_session_that_tests_share_keeps_its_active_organization(tmp_path: Path) -> None:
    """An organization is active once it is created: a test side by side would see its customers go there."""
    with recording_target() as target:
        words = ["--base-url", target.url, FEATURES, "-k", "organization", "--concurrency", "4"]
        done = invoke(tmp_path, *words)
    assert done.status == CONFORMANT, done.output
    workers: dict[str, set[bytes]] = defaultdict(set)
    later: dict[str, list[str]] = defaultdict(list)
    for seen in target.seen:
        token = seen.sent_headers.get("authorization", "")
        workers[token] |= set(re.findall(rb"\b[0-9a-f]{8}(w\d)n", seen.request))
        if seen.status == HTTPStatus.OK and "/organization/" in seen.path:
            later[token].append(seen.path.rpartition("/")[2])
    shared = [later[token] for token, names in workers.items() if token and len(names) > 1]
    assert shared
    for operations in shared:
        assert "create" not in operations[operations.index("set-active") :]


@pytest.mark.parametrize("worker", ["", "gw0", "gw12", "w1", "w12"])
def test_whose_a_name_is_is_known_whichever_worker_made_it_up(
    worker: str, catalogue: Catalogue, contract: Contract
) -> None:
    run = Run(Settings(), contract, catalogue, Rules(catalogue, contract), Masker(), ROOT, worker=worker)
    assert re.fullmatch(MARK, run.unique())


SIGN_IN = Call("POST", "/authentication/sign-in/email", operation="signInEmail", actor="first")
CUSTOMER = Call("POST", "/customers", operation="createCustomer", actor="first", token="t-1")


@pytest.mark.parametrize(
    ("seen", "ended"),
    [
        ([], False),
        ([(CUSTOMER, "w1")], False),
        ([(SIGN_IN, "w2")], False),
        ([(CUSTOMER, "w1"), (SIGN_IN, "w1")], False),
        ([(CUSTOMER, "w1"), (replace(SIGN_IN, actor="second"), "w2")], False),
        ([(CUSTOMER, "w1"), (SIGN_IN, "w2")], True),
        ([(SIGN_IN, "w2"), (CUSTOMER, "w1")], True),
    ],
)
def test_a_session_may_be_ended_by_a_sign_in_elsewhere(
    seen: list[tuple[Call, str]], ended: bool, contract: Contract
) -> None:
    """The token has worked, and another worker has signed in as the same user, before or after that."""
    sessions = Sessions(contract)
    for call, who in seen:
        sessions.announce(call, who)
        sessions.observe(answered(call, 200))
    assert sessions.may_be_ended(answered(CUSTOMER, 401), "w1") is ended
    assert not sessions.may_be_ended(answered(CUSTOMER, 403), "w1")
    sessions.forget_sign_ins()
    assert not sessions.may_be_ended(answered(CUSTOMER, 401), "w1")


def test_a_session_may_be_ended_before_its_first_request_and_before_the_sign_in_is_answered(contract: Contract) -> None:
    sessions = Sessions(contract)
    sessions.announce(SIGN_IN, "w1")
    sessions.observe(replace(answered(SIGN_IN, 200), response=Response(200, (), b'{"token": "t-1"}')))
    assert not sessions.may_be_ended(answered(CUSTOMER, 401), "w1")
    sessions.announce(SIGN_IN, "w2")
    assert sessions.may_be_ended(answered(CUSTOMER, 401), "w1")
    assert not sessions.may_be_ended(answered(replace(CUSTOMER, token="t-"), 401), "w1")


@pytest.mark.parametrize(
    ("sent", "ended"), [("BEARER  t-1", True), ("Bearer t-", False), ("Basic t-1", False), ("", False)]
)
def test_a_session_is_told_by_its_token_under_whatever_spelling_of_its_scheme(
    sent: str, ended: bool, contract: Contract
) -> None:
    """A token under another scheme has to be refused, so that its refusal says nothing of the session."""
    sessions = Sessions(contract)
    sessions.observe(answered(CUSTOMER, 200))
    sessions.announce(SIGN_IN, "w2")
    call = replace(CUSTOMER, token=None, headers={"Authorization": sent})
    assert sessions.may_be_ended(answered(call, 401), "w1") is ended
    assert not sessions.may_be_ended(answered(replace(SIGN_IN, headers={"Authorization": sent}), 401), "w1")


def answered(call: Call, status: int) -> Exchange:
    return Exchange(1, call, "", (), b"", 0.1, Response(status, (), b"{}"))


def test_a_run_that_stops_at_the_first_failure_has_failed(tmp_path: Path) -> None:
    done = invoke(tmp_path, FEATURES, "-k", "customer", "-x", "--sandbox-fault", "customer-id-empty", *SIDE_BY_SIDE)
    assert done.status == MUST_BROKEN, done.output
    assert done.report["verdict"] == "not conformant"
    assert "stopping after 1 failures" in done.output


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        ("os.kill(os.getpid(), 9)", "has ended while it ran"),
        ("pytest.exit('enough')", "has ended while it ran"),
    ],
)
def test_a_worker_that_ends_before_its_time_is_no_breach(ending: str, words: str, tmp_path: Path) -> None:
    """The run says which test it was; no requirement is blamed, and the reports are written."""
    file = tmp_path / "test_dying.py"
    file.write_text(f"import os, pytest\ndef test_dying(run):\n    {ending}\n")
    given = [FEATURES, str(file), "-k", "dying or customer", "-c", str(ROOT / "pyproject.toml"), *SIDE_BY_SIDE]
    done = invoke(tmp_path / "reports", *given)
    assert done.status == SUITE_FAILED, done.output
    assert f"{words} " in done.output
    assert "test_dying" in done.output
    assert not done.failed


@pytest.mark.parametrize(
    ("platform", "words", "may"),
    [
        ("linux", [], True),
        ("darwin", [], False),
        ("win32", [], False),
        ("linux", ["--pdb"], False),
        ("linux", ["--trace"], False),
        ("linux", ["-s"], False),
        ("linux", ["--setup-show"], False),
        ("linux", ["--stepwise"], False),
    ],
)
def test_who_looks_into_the_process_gets_one(
    platform: str, words: list[str], may: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ini = tmp_path / "pytest.ini"
    ini.write_text("[pytest]\n")
    config = pytest.Config.fromdictargs({}, ["-c", str(ini), *words])
    monkeypatch.setattr(sys, "platform", platform)
    assert can_fork(config) is may


def test_workers_of_another_kind_are_not_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    plugins = SimpleNamespace(hasplugin=lambda name: name == "dsession")
    assert not can_fork(cast("pytest.Config", SimpleNamespace(pluginmanager=plugins)))
