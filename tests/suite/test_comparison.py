"""Two runs side by side, and what the traffic of a run tells besides its verdicts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.contract.document import Contract
from conformance.results.comparison import compare, in_lines, read_report
from conformance.results.traffic import drift, percentile, response_times
from conformance.wire.exchange import Call, Exchange, Response
from tests.suite.invocation import Done, invoke

USAGE = 4
PATH = "/customers"
SMOKE = ("--size", "smoke", "--seed", "7")


def report(times: float = 20.0, requests: int = 10, **verdicts: str) -> dict[str, Any]:
    return {
        **dict.fromkeys(("target", "verdict", "size", "run", "version"), "x"),
        "seed": 1,
        "started": "2026-11-26T10:00:00.000+00:00",
        "requirements": [{"id": name, "statement": "It is.", "verdict": found} for name, found in verdicts.items()],
        "operations": [
            {"operation": "o", "requests": requests, "times": {"p50": times, "p95": times * 2, "max": times * 3}}
        ],
    }


@pytest.mark.parametrize(
    ("was", "now", "kind"),
    [
        ("passed", "failed", "newly_broken"),
        ("not tested", "warned", "newly_broken"),
        ("passed", "known failure", "newly_broken"),
        ("failed", "passed", "repaired"),
        ("known failure", "passed", "repaired"),
        ("passed", "not tested", "no_longer_tested"),
        ("failed", "not tested", "no_longer_tested"),
        ("not tested", "passed", "newly_tested"),
        ("failed", "known failure", None),
        ("passed", "passed", None),
    ],
)
def test_each_change_is_told_once(was: str, now: str, kind: str | None) -> None:
    found = compare(report(A=was), report(A=now))
    kinds = ("newly_broken", "repaired", "no_longer_tested", "newly_tested")
    assert [name for name in kinds if found[name]] == ([kind] if kind else [])
    assert found["equal"] == (kind is None)
    if kind is not None:
        assert found[kind] == [{"id": "A", "statement": "It is.", "was": was, "now": now}]
        assert any(kind.replace("_", " ") in line and "A" in line for line in in_lines(found))


@pytest.mark.parametrize(
    ("was", "now", "requests", "moved"),
    [(20, 200, 10, True), (400, 150, 10, True), (20, 90, 10, False), (900, 1200, 10, False), (20, 200, 4, False)],
)
def test_a_time_has_moved_where_it_is_twice_as_long_and_a_tenth_of_a_second(
    was: float, now: float, requests: int, moved: bool
) -> None:
    found = compare(report(was), report(now, requests))
    assert bool(found["times"]) == moved
    assert found["equal"] != moved


def test_other_requirements_and_another_target_are_told() -> None:
    found = compare(report(A="passed"), {**report(B="passed"), "target": "y", "seed": 2})
    assert (found["added"], found["gone"]) == (["B"], ["A"])
    assert found["notes"] == ["the other run was of another target (x)", "the other run had another seed (1)"]


def test_the_bundled_sandbox_is_one_target_on_any_port() -> None:
    bundled = {**report(A="passed"), "bundled": True}
    assert compare(bundled, {**bundled, "target": "y"})["notes"] == []
    assert compare(bundled, {**bundled, "target": "y", "bundled": False})["notes"] != []


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "is no JSON"), ("[]", "is no report"), ('{"requirements": [{}], "operations": []}', "is no report")],
)
def test_a_file_that_is_no_report_is_one_sentence(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "old.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=words):
        read_report(file)
    with pytest.raises(ValueError, match="cannot be read"):
        read_report(tmp_path / "none.json")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Done:
    return invoke(tmp_path_factory.mktemp("first"), *SMOKE)


def test_two_runs_of_one_target_and_seed_are_equal(first: Done) -> None:
    """The earlier report is read before the run writes its own into the same folder."""
    done = invoke(first.reports, *SMOKE, f"--compare={first.reports}/conformance.json")
    assert done.status == 0, done.output
    assert done.report["comparison"]["equal"], done.report["comparison"]
    assert done.report["comparison"]["notes"] == []
    assert done.report["comparison"]["with"]["run"] != done.report["run"]
    assert "no change" in done.output
    assert "Nothing has changed." in (done.reports / "conformance.html").read_text(encoding="utf-8")


def test_what_is_broken_since_then_is_told_everywhere(first: Done, tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    data = {**first.report, "comparison": None}
    old.write_text(json.dumps(data), encoding="utf-8")
    done = invoke(tmp_path / "new", *SMOKE, "--sandbox-fault", "customer-id-empty", f"--compare={old}")
    (row,) = done.report["comparison"]["newly_broken"]
    assert (row["id"], row["was"], row["now"]) == ("CUSTOMER-SCHEMA-2", "passed", "failed")
    assert "newly broken: CUSTOMER-SCHEMA-2" in done.output
    assert "Newly broken" in (done.reports / "conformance.html").read_text(encoding="utf-8")


def test_a_wrong_file_ends_the_run_before_it_begins(tmp_path: Path) -> None:
    done = invoke(tmp_path, "--compare", "README.md")
    assert done.status == USAGE
    assert "--compare: the file 'README.md' is no JSON" in done.output
    assert "Traceback" not in done.output


# What the traffic tells


def exchange(status: int, body: Any, seconds: float = 0.1) -> Exchange:
    call = Call("POST", PATH, "createCustomer")
    return Exchange(1, call, PATH, (), b"", seconds, Response(status, (), json.dumps(body).encode()))


def test_times_are_the_nearest_rank() -> None:
    assert [percentile([4, 1, 3, 2], share) for share in (50, 95)] == [2, 4]
    assert percentile([7], 50) == 7
    found = response_times(exchange(201, {}, seconds) for seconds in (0.1, 0.2, 0.9))
    assert found == {"createCustomer": {"p50": 200.0, "p95": 900.0, "max": 900.0}}


def test_what_the_document_does_not_name_is_drift(contract: Contract) -> None:
    """A field of an open object is none, nor is what stands within an undocumented field; a rate limit is no status."""
    body = {"id": "c", "metadata": {"free": 1}, "tier": {"inner": 1}}
    seen = [exchange(201, body), exchange(201, body), exchange(418, {"message": "x"}), exchange(429, {})]
    assert drift(seen, contract) == [
        {"operation": "createCustomer", "kind": "status", "status": 418, "field": "", "times": 1},
        {"operation": "createCustomer", "kind": "field", "status": 201, "field": "tier", "times": 2},
    ]
