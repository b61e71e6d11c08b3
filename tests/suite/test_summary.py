"""The summary in Markdown, the annotations and the badge say what the report says; nothing of a target is markup."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from conformance.report.summary import badge_endpoint, badge_svg, github_annotations, render_summary
from tests.suite.invocation import invoke

HOSTILE = 'a | b\n::error::<script>alert(1)</script> `x` *y* [z](http://evil) #1 @team "q"'


def row(verdict: str, level: str = "MUST", got: str = "null", name: str = "A-1") -> dict[str, Any]:
    breaches = [{"expected": "`id`", "got": got}] if verdict in ("failed", "warned") else []
    why = "deselected" if verdict == "not tested" else ""
    words = {"id": name, "level": level, "operation": "createCustomer", "statement": "It has an id."}
    return {**words, "verdict": verdict, "breaches": breaches, "why": why}


def report(
    verdict: str, *rows: dict[str, Any], stopped: str | None = None, policies: tuple[str, ...] = ()
) -> dict[str, Any]:
    totals: dict[str, dict[str, int]] = {"MUST": {"passed": 0, "failed": 0}, "SHOULD": {"passed": 0, "warned": 0}}
    for item in rows:
        counts = totals[item["level"]]
        counts[item["verdict"]] = counts.get(item["verdict"], 0) + 1
    return {
        "version": "1.2.3",
        "target": "http://127.0.0.1:8080/api",
        "verdict": verdict,
        "exit_status": 1,
        "exit_reason": None,
        "stopped": stopped,
        "size": "gate",
        "seed": 7,
        "run": "abcd1234",
        "started": "2026-11-26T17:00:00.000+00:00",
        "seconds": 4.6,
        "requests": 12,
        "totals": totals,
        "digests": {"document": "f" * 64, "catalogue": "0123456789abcdef"},
        "policies": list(policies),
        "deviations": [],
        "stale_known_failures": [],
        "requirements": list(rows),
    }


def test_the_summary_says_what_is_broken() -> None:
    text = render_summary(
        report("not conformant", row("failed"), row("warned", "SHOULD", name="B-2"), row("not tested"))
    )
    assert text.startswith("# Conformance: not conformant\n\nhttp://127.0.0.1:8080/api, gate, 2026-11-26, seed 7")
    assert "| level | passed | failed | not tested | warned |" in text
    assert "| A-1 | createCustomer | It has an id. | <code>`id`</code> | <code>null</code> |" in text
    assert text.index("Broken (MUST)") < text.index("A-1") < text.index("Warnings (SHOULD)") < text.index("B-2")
    assert "| deselected | 1 |" in text
    assert "suite 1.2.3, catalogue 0123456789ab of 3 requirements, 12 requests in 5 s, exit status 1" in text


def test_the_summary_says_what_is_known_and_what_no_longer_fits() -> None:
    entry = {"reason": "the | gateway", "owner": "team a", "link": "https://example.com/7", "expires": "2027-01-31"}
    known = {**row("known failure"), "known_failure": entry, "breaches": [{"expected": "`id`", "got": "null"}]}
    deviation = {"operation": "createCustomer", "status": 404, "like": 415, "reason": "gateway", "link": "", "seen": 2}
    data = report("known failures", known)
    data |= {"stale_known_failures": ["known.yaml, line 1: it passes"], "deviations": [deviation]}
    text = render_summary(data)
    owner = r"team a, https://example.com/7"
    assert rf"| A-1 | createCustomer | the \| gateway | {owner} | 2027\-01\-31 | <code>null</code> |" in text
    assert "## Known failures that no longer fit\n\n- known.yaml, line 1: it passes\n" in text
    assert "- createCustomer refuses with 404 in place of 415, seen 2 times: gateway" in text
    assert github_annotations(data) == [
        "::error title=a known failure that no longer fits::known.yaml, line 1: it passes"
    ]


def test_a_long_summary_ends() -> None:
    text = render_summary(report("not conformant", *(row("failed", name=f"A-{number}") for number in range(30))))
    assert text.count("| A-") == 20
    assert "and 10 more" in text


def test_nothing_of_the_target_is_markup() -> None:
    """What a target said stands in a cell of a table, and neither ends it nor means anything."""
    data = report("not conformant", row("failed", got=HOSTILE), stopped=HOSTILE, policies=(HOSTILE,))
    text = render_summary(data)
    assert "<script" not in text
    lines = [line for line in text.splitlines() if line.startswith("| A-1")]
    assert len(lines) == 1
    assert lines[0].count("|") == 6
    assert "\\[z\\](http://evil)" in text
    assert all(line.startswith(("::error title=", "::warning title=")) for line in github_annotations(data))
    assert all("\n" not in line for line in github_annotations(data))


def test_annotations_name_the_requirement() -> None:
    found = github_annotations(report("not conformant", row("failed"), row("warned", "SHOULD", name="B-2")))
    assert found == [
        "::error title=A-1 (createCustomer)::It has an id. Expected `id`; got null",
        "::warning title=B-2 (createCustomer)::It has an id. Expected `id`; got null",
    ]
    assert github_annotations(report("conformant", row("passed"))) == []


BADGES = {
    "conformant": ([row("passed")], "conformant", "brightgreen"),
    "no breach found": ([row("passed"), row("not tested")], "no breach found", "yellow"),
    "not conformant": ([row("failed"), row("failed")], "2 broken", "red"),
    "not finished": ([row("not tested")], "not finished", "lightgrey"),
}


@pytest.mark.parametrize("verdict", BADGES)
def test_the_badge_has_the_verdict(verdict: str) -> None:
    rows, message, colour = BADGES[verdict]
    data = report(verdict, *rows)
    expected = {"schemaVersion": 1, "label": "conformance", "message": message, "color": colour}
    assert json.loads(badge_endpoint(data)) == expected
    picture = ET.fromstring(badge_svg(data))
    texts = [node.text for node in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["conformance", message]
    assert picture.get("aria-label") == f"conformance: {message}"


@pytest.mark.parametrize(
    ("words", "verdict", "said"),
    [((), "no breach found", False), (("--sandbox-fault", "customer-id-empty"), "not conformant", True)],
)
def test_a_run_writes_them(
    words: tuple[str, ...], verdict: str, said: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("reports")
    done = invoke(folder, "--size", "smoke", *words, environment={"GITHUB_ACTIONS": "true"})
    summary = (folder / "summary.md").read_text(encoding="utf-8")
    assert summary.startswith(f"# Conformance: {verdict}\n")
    assert ("| CUSTOMER-SCHEMA-2 |" in summary) == said
    assert ("::error title=CUSTOMER-SCHEMA-2 (createCustomer)::" in done.output) == said
    assert json.loads((folder / "badge.json").read_text(encoding="utf-8"))["label"] == "conformance"
    assert ET.fromstring((folder / "badge.svg").read_text(encoding="utf-8")).tag.endswith("svg")
