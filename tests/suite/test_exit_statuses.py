"""The exit statuses: each is documented and shown by a test, and of several that apply the first in order counts."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

import pytest

from conformance.errors import Why
from conformance.plugin.statuses import Status, exit_reason, exit_status
from conformance.report.model import Report
from tests.suite.invocation import QUIET, ROOT, invoke

PAGE: Final = (ROOT / "docs" / "exit-statuses.md").read_text(encoding="utf-8")
FACTS: Final[dict[Status, dict[str, Any]]] = {
    Status.BROKEN: {"broken": ("SIGNUP-1",)},
    Status.INTERRUPTED: {"out_of_time": True},
    Status.NOT_REACHED: {"unreached": True},
    Status.NOTHING_DECIDED: {"decided": 0},
    Status.SUITE_FAILED: {"ended": Status.BROKEN},
    Status.OPERATION_NOT_TESTED: {"untested_operations": {"signUpEmail": "a captcha guards it"}},
    Status.KNOWN_FAILURES_STALE: {"stale": ("known.yaml, line 1: it passes",)},
}
"""What leads to each status by itself, in the order in which they count."""
GOOD: Final = {"broken": (), "decided": 9, "results": (), "untested_operations": {}, "stale": ()}


def status(facts: dict[str, Any]) -> int:
    report = cast(Report, SimpleNamespace(**{name: facts.get(name, value) for name, value in GOOD.items()}))
    return exit_status(
        report,
        facts.get("ended", Status.KEPT),
        out_of_time=facts.get("out_of_time", False),
        unreached=facts.get("unreached", False),
        allow_incomplete=facts.get("allow_incomplete", False),
    )


def test_each_status_has_its_reason() -> None:
    assert status({}) == Status.KEPT
    for expected, facts in FACTS.items():
        assert status(facts) == expected
    assert (
        status({"untested_operations": {"signUpEmail": "a captcha guards it"}, "allow_incomplete": True}) == Status.KEPT
    )
    kept_out = SimpleNamespace(reason=SimpleNamespace(why=Why.GATEWAY))
    assert status({"decided": 0, "results": (kept_out,)}) == Status.NOT_REACHED


def test_of_several_the_first_in_order_counts() -> None:
    order = [
        int(number)
        for number in re.findall(r"[0-9]", PAGE.partition("first in this order counts:")[2].partition(".")[0])
    ]
    assert [Status.BROKEN, *order] == list(FACTS)
    names = list(FACTS)
    for number, first in enumerate(names):
        for later in names[number + 1 :]:
            if {first, later} != {Status.NOTHING_DECIDED, Status.SUITE_FAILED}:
                assert status({**FACTS[later], **FACTS[first]}) == first, f"{first!r} before {later!r}"


@pytest.mark.parametrize("number", Status)
def test_a_status_that_no_verdict_explains_has_a_reason(number: Status) -> None:
    """The verdict explains 0 and 1, and what stopped a run 2; a mistake is told before there is a report."""
    facts = {"stopped": None, "untested_operations": {"signUpEmail": "a captcha guards it"}}
    report = cast(Report, SimpleNamespace(**facts))
    explained = number in (Status.KEPT, Status.BROKEN, Status.INTERRUPTED, Status.MISTAKE)
    assert (exit_reason(report, number) is None) == explained
    assert exit_reason(cast(Report, SimpleNamespace(**facts | {"stopped": "it is gone"})), number) is None


def test_the_numbers_of_pytest_are_kept() -> None:
    assert {int(code) for code in pytest.ExitCode} == {int(item) for item in Status if item < Status.NOT_REACHED}


def test_the_page_has_each_status_with_a_test_that_shows_it() -> None:
    rows = {int(number): cells for number, cells in re.findall(r"^\| (\d+) \|(.*)$", PAGE, re.MULTILINE)}
    assert list(rows) == [int(item) for item in Status]
    written = {
        name
        for file in (ROOT / "tests" / "suite").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    for number, cells in rows.items():
        named = set(re.findall(r"`(test_\w+)`", cells))
        assert named <= written, named - written
        assert named, number


@pytest.mark.parametrize(("allowed", "expected"), [(0, Status.TOO_MANY_WARNINGS), (1, Status.KEPT)])
def test_more_warnings_than_are_allowed_are_a_status_of_their_own(
    allowed: int, expected: Status, tmp_path: Path
) -> None:
    """One test, in whose session a plugin warns once: the report has the status with which the process ends."""
    words = ("-k", "existing_customer", "-p", "tests.suite.warning", f"--max-warnings={allowed}")
    done = invoke(tmp_path, *words)
    assert done.status == expected, done.output
    assert done.report["exit_status"] == expected
    assert ("maximum allowed warnings exceeded: 1 > 0" in done.output) == (expected != Status.KEPT)


def test_a_broken_requirement_goes_before_warnings(tmp_path: Path) -> None:
    words = ("--size", "smoke", "--sandbox-fault", "customer-id-empty", "-p", "tests.suite.warning")
    done = invoke(tmp_path, *words, "--max-warnings=0")
    assert (done.status, done.report["exit_status"]) == (Status.BROKEN, Status.BROKEN)


def test_an_unexpected_pass_fails_the_run(tmp_path: Path) -> None:
    """A whole gate, on a target that breaks nothing, with a known failure that passes."""
    file = tmp_path / "known.yaml"
    file.write_text("SIGNUP-STATUS-1: {reason: a, owner: b, expires: 2999-12-31}\n", encoding="utf-8")
    done = invoke(tmp_path, "--known-failures", str(file), *QUIET)
    assert done.status == Status.KNOWN_FAILURES_STALE, done.output
    assert "stale    known.yaml, line 1: the known failure SIGNUP-STATUS-1 passes; take it out" in done.output
    assert done.report["verdict"] == "conformant"
    assert len(done.report["stale_known_failures"]) == 1
