"""Forked workers: the verdicts, reports and endings of a run whose tests go side by side in forks of one process."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import xml.etree.ElementTree as ET
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance.plugin.forks import can_fork
from tests.suite.invocation import ROOT, Done, invoke
from tests.suite.misbehaving import HANG, Request, Script, forwarded, serving
from tests.suite.recording import recording_target

CONFORMANT, MUST_BROKEN, INTERRUPTED, SUITE_FAILED = 0, 1, 2, 3
FEATURES = "tests/conformance/test_features.py"
FAULTS = ("existing-only-first-time", "organization-name-upper-cased", "checkout-urls-equal")
SIDE_BY_SIDE = ("--concurrency", "3")
BEFORE = 4
"""More customers than the check before the first test asks for."""
TOLD = "3 tests run side by side"


def test_verdicts_and_reports_are_those_of_a_serial_run(tmp_path: Path) -> None:
    words = ["--seed", "5", *(word for name in FAULTS for word in ("--sandbox-fault", name))]
    one = invoke(tmp_path / "one", *words)
    three = invoke(tmp_path / "three", *words, *SIDE_BY_SIDE)
    assert (one.status, three.status) == (MUST_BROKEN, MUST_BROKEN), three.output
    assert TOLD in three.output
    assert TOLD not in one.output
    assert three.failed
    assert three.verdicts == one.verdicts
    assert reasons(three) == reasons(one)
    assert users(three) <= users(one) + 3
    tests = junit_tests(tmp_path / "one")
    assert junit_tests(tmp_path / "three") == tests
    assert len(allure_results(tmp_path / "three")) == len(tests) == len(set(tests))


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


def test_a_run_that_stops_at_the_first_failure_has_failed(tmp_path: Path) -> None:
    done = invoke(tmp_path, FEATURES, "-k", "customer", "-x", "--sandbox-fault", "customer-id-empty", *SIDE_BY_SIDE)
    assert done.status == MUST_BROKEN, done.output
    assert done.report["verdict"] == "not conformant"
    assert "stopping after 1 failures" in done.output


def test_an_interrupted_run_ends_all_its_processes(tmp_path: Path) -> None:
    """A CI that ends its job while every worker waits for a response: the reports are written, and nobody lingers."""
    reached, seen = threading.Event(), count(1)

    def respond(request: Request) -> Script:
        if request.path == "/customers" and next(seen) > BEFORE:
            reached.set()
            return [HANG]
        return [forwarded(request, upstream.url)]

    def end(process: int) -> None:
        assert reached.wait(30)
        os.kill(process, signal.SIGTERM)

    with recording_target() as upstream, serving(respond) as server:
        words = ["--base-url", server.url, "--timeout", "60", FEATURES, "-k", "customer", *SIDE_BY_SIDE]
        done = invoke(tmp_path, *words, meanwhile=end)
    assert done.status == INTERRUPTED, done.output
    assert TOLD in done.output
    assert done.report["verdict"] == "not finished"
    assert done.report["seconds"] < 20
    assert (tmp_path / "junit.xml").exists()
    assert "INTERNALERROR" not in done.output


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
