"""Known failures: what they cover fails no run and stays visible; what is new, has expired or passes does fail it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from conformance.contract.catalogue import Catalogue
from conformance.contract.document import load_contract
from conformance.errors import Why
from conformance.masking import Masker
from conformance.recorder import Recorder
from conformance.results.known import KnownFailures, KnownFailuresError, load_known_failures
from conformance.results.records import Cases, Reason, Record
from conformance.results.verdicts import Result, RunVerdict, Verdict, results, run_verdict, stale_entries
from tests.suite.invocation import ROOT, Done, invoke

CONTRACT = load_contract(ROOT / "openapi" / "onboarding.yaml")
SCHEMA = json.loads((ROOT / "conformance/schemas/known-failures.schema.json").read_text(encoding="utf-8"))
MUST, SHOULD = "CUSTOMER-BODY-3", "CUSTOMER-AUTH-6"
FAULT = ("--sandbox-fault", "customer-empty-body-404", "-k", f"test_refused and {MUST}", "--seed", "5")
OTHER = "no body and no media type"
UNDECIDED = Reason("nothing decided it", Why.NEVER)
ENTRY = "  reason: the new gateway answers\n  owner: team payments\n  expires: 2999-12-31\n"


def written(folder: Path, text: str) -> Path:
    file = folder / "known.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def load(folder: Path, catalogue: Catalogue, text: str, today: date = date(2026, 11, 26)) -> KnownFailures:
    return replace(load_known_failures(written(folder, text), catalogue), today=today)


MISTAKES = {
    "an unknown id": (
        "CUSTOMER-BODY-33:\n" + ENTRY,
        "line 1: the catalogue has no requirement CUSTOMER-BODY-33; did you",
    ),
    "no reason": (f"{MUST}:\n  owner: a\n  expires: 2999-12-31\n", f"line 1: `reason` is missing in `{MUST}`"),
    "an empty reason": (
        f'{MUST}:\n  reason: " "\n  owner: a\n  expires: 2999-12-31\n',
        "line 2 (CUSTOMER-BODY-3): `reason`",
    ),
    "nobody who owns it": (f"{MUST}:\n  reason: a\n  expires: 2999-12-31\n", "has none of owner, link"),
    "no date": (f"{MUST}:\n  reason: a\n  owner: a\n", "`expires` is missing"),
    "a date in words": (f"{MUST}:\n  reason: a\n  owner: a\n  expires: soon\n", "as YYYY-MM-DD"),
    "a day that is none": (f"{MUST}:\n  reason: a\n  owner: a\n  expires: 2027-02-30\n", "no day of the calendar"),
    "a link that is none": (f"{MUST}:\n  reason: a\n  link: PAY-7\n  expires: 2999-12-31\n", "beginning with https://"),
    "a mistyped key": (f"{MUST}:\n{ENTRY}  matches: x\n", "unknown key `matches`"),
    "an id twice": (f"{MUST}:\n{ENTRY}{MUST}:\n{ENTRY}", "stands twice"),
    "a match of nothing": (f"{MUST}:\n{ENTRY}  match: '*'\n", "line 5"),
    "a list": (f"- {MUST}\n", "the file is no mapping"),
    "no YAML": ("{", "this is no valid YAML"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_sentence(name: str, tmp_path: Path, catalogue: Catalogue) -> None:
    text, words = MISTAKES[name]
    with pytest.raises(KnownFailuresError) as caught:
        load(tmp_path, catalogue, text)
    assert words in str(caught.value)
    assert str(caught.value).startswith("known.yaml")


def test_a_file_without_entries_knows_nothing(tmp_path: Path, catalogue: Catalogue) -> None:
    assert list(load(tmp_path, catalogue, "# nothing left\n")) == []


def test_the_schema_is_one(tmp_path: Path, catalogue: Catalogue) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    entry = {"reason": "a", "owner": "b", "expires": "2999-12-31", "match": ["x", "y"], "intermittent": True}
    assert Draft202012Validator(SCHEMA).is_valid({MUST: entry})
    assert list(load(tmp_path, catalogue, json.dumps({MUST: entry})))


@pytest.mark.parametrize(
    ("match", "covered"),
    [
        ("", "*"),
        ("status 404", "status 404"),
        ("expected a customer*404", "expected a customer*404"),
        ("POST /customers → 404", "POST /customers → 404"),
        ("test_walk", "test_walk"),
        ("a  customer;\n   got", "a customer; got"),
        ("status 4.4", ""),
        ("status 500", ""),
    ],
)
def test_what_a_match_covers(match: str, covered: str, tmp_path: Path, catalogue: Catalogue) -> None:
    narrowed = f"  match: {json.dumps(match)}\n" if match else ""
    known = load(tmp_path, catalogue, f"{MUST}:\n{ENTRY}{narrowed}")
    recorder = Recorder(catalogue, CONTRACT, Masker(), Record("file::test_walk"), known=known)
    told = "expected a customer; got status 404\nPOST /customers → 404\nfile::test_walk"
    assert bool(recorder.known.covers(MUST, told)) == bool(covered)
    assert not recorder.known.covers(SHOULD, told)


def verdict_on(known: KnownFailures, catalogue: Catalogue, name: str, *got: str) -> Result:
    """The result for a requirement of which a test has decided each case, and received `got` where it was broken."""
    recorder = Recorder(catalogue, CONTRACT, Masker(), Record("file::test", (name,)), known=known)
    recorder.record.decided = Counter({name: max(1, len(got))})
    for text in got:
        recorder.breach(name, "something else", text)
    found = results(catalogue, [Record.from_data(recorder.record.to_data())], {}, UNDECIDED, known)
    return next(result for result in found if result.requirement.id == name)


def test_a_known_failure_is_neither_failed_nor_passed(tmp_path: Path, catalogue: Catalogue) -> None:
    for name in (MUST, SHOULD):
        known = load(tmp_path, catalogue, f"{name}:\n{ENTRY}")
        assert verdict_on(known, catalogue, name, "status 404").verdict is Verdict.KNOWN
        assert verdict_on(known, catalogue, name).verdict is Verdict.PASSED
    assert verdict_on(KnownFailures(), catalogue, MUST, "status 404").verdict is Verdict.FAILED


def test_a_new_breach_is_seen_however_often_the_known_one_comes(tmp_path: Path, catalogue: Catalogue) -> None:
    known = load(tmp_path, catalogue, f"{MUST}:\n{ENTRY}  match: status 404\n")
    result = verdict_on(known, catalogue, MUST, *["status 404"] * 9, "status 200")
    assert result.verdict is Verdict.FAILED
    assert [breach.got for breach in result.breaches if not breach.known] == ["status 200"]
    assert result.breaches[0].got == "status 200"
    assert verdict_on(known, catalogue, MUST, *["status 404"] * 9).verdict is Verdict.KNOWN


def test_the_verdict_on_a_run_names_known_failures(tmp_path: Path, catalogue: Catalogue) -> None:
    def verdict(name: str, *, strict: bool = False, finished: bool = True) -> RunVerdict:
        known = load(tmp_path, catalogue, f"{name}:\n{ENTRY}")
        found = verdict_on(known, catalogue, name, "status 404")
        return run_verdict([found], strict=strict, finished=finished, complete=True)

    assert verdict(MUST) is RunVerdict.KNOWN_FAILURES
    assert verdict(MUST, finished=False) is RunVerdict.NOT_FINISHED
    assert verdict(SHOULD) is RunVerdict.CONFORMANT
    assert verdict(SHOULD, strict=True) is RunVerdict.KNOWN_FAILURES


def test_an_entry_counts_until_its_last_day(tmp_path: Path, catalogue: Catalogue) -> None:
    for days, verdict, words in (
        (0, Verdict.KNOWN, ()),
        (1, Verdict.FAILED, ("known.yaml, line 1: the known failure",)),
    ):
        today = date(2999, 12, 31)
        text = f"{MUST}:\n{ENTRY}".replace("2999-12-31", str(today - timedelta(days)))
        known = load(tmp_path, catalogue, text, today)
        result = verdict_on(known, catalogue, MUST, "status 404")
        assert result.verdict is verdict
        stale = stale_entries([result], known, complete=False, every_case=True)
        assert len(stale) == len(words)
        assert all(found.startswith(start) and "expired on" in found for found, start in zip(stale, words, strict=True))


def test_what_passes_unexpectedly_is_told(tmp_path: Path, catalogue: Catalogue) -> None:
    """A complete run tells it; one that left cases out, and an intermittent failure, say nothing."""
    known = load(tmp_path, catalogue, f"{MUST}:\n{ENTRY}")
    passed = verdict_on(known, catalogue, MUST)
    assert "passes; take it out" in stale_entries([passed], known, complete=True, every_case=True)[0]
    assert not stale_entries([passed], known, complete=False, every_case=True)
    assert not stale_entries([replace(passed, cases=Cases(1, 2))], known, complete=True, every_case=True)
    assert not stale_entries([replace(passed, verdict=Verdict.NOT_TESTED)], known, complete=True, every_case=True)
    assert not stale_entries([verdict_on(known, catalogue, MUST, "status 404")], known, complete=True, every_case=True)
    assert not stale_entries([passed], known, complete=True, every_case=False), "the seed chooses its cases"
    sometimes = load(tmp_path, catalogue, f"{MUST}:\n{ENTRY}  intermittent: true\n")
    assert not stale_entries([verdict_on(sometimes, catalogue, MUST)], sometimes, complete=True, every_case=True)


def test_a_match_that_nothing_shows_any_more_is_told(tmp_path: Path, catalogue: Catalogue) -> None:
    known = load(tmp_path, catalogue, f"{MUST}:\n{ENTRY}  match: [status 404, status 405]\n")
    only_one = verdict_on(known, catalogue, MUST, *["status 404"] * 9)
    assert "matches 'status 405'" in stale_entries([only_one], known, complete=True, every_case=True)[0]
    assert not stale_entries(
        [verdict_on(known, catalogue, MUST, "status 404", "status 405")], known, complete=True, every_case=True
    )


def gate(folder: Path, text: str, *words: str) -> Done:
    return invoke(folder, *FAULT, "--known-failures", str(written(folder, text)), *words)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A run over two processes, in which a known failure holds."""
    return gate(tmp_path_factory.mktemp("held"), f"{MUST}:\n{ENTRY}", "-n2")


def test_a_known_failure_fails_no_run(held: Done) -> None:
    assert held.status == 0, held.output
    assert held.report["verdict"] == "known failures"
    assert held.verdicts[MUST] == "known failure"
    assert "verdict  KNOWN FAILURES" in held.output


def test_a_known_failure_is_in_every_report(held: Done) -> None:
    words = "known failure CUSTOMER-BODY-3 (the new gateway answers; team payments; until 2999-12-31)"
    assert f"known    {words.removeprefix('known failure ')}: known failure: expected " in held.output
    schema = json.loads((ROOT / "reports/conformance.schema.json").read_text(encoding="utf-8"))
    assert Draft202012Validator(schema).is_valid(held.report)
    row: dict[str, Any] = next(row for row in held.report["requirements"] if row["id"] == MUST)
    assert row["known_failure"]["reason"] == "the new gateway answers"
    assert all(breach["known"] for breach in row["breaches"])
    skipped = ElementTree.parse(held.reports / "junit.xml").find(".//skipped")
    assert skipped is not None
    assert skipped.get("message", "").startswith(words)
    page = (held.reports / "conformance.html").read_text(encoding="utf-8")
    assert 'id="known"' in page
    assert "team payments" in page
    assert "XFailed" in (held.reports / "report.html").read_text(encoding="utf-8")
    results = [json.loads(file.read_text("utf-8")) for file in held.reports.glob("allure-results/*-result.json")]
    assert [(item["status"], words in item["statusDetails"]["message"]) for item in results] == [("skipped", True)]


def test_a_second_breach_of_a_known_failure_fails_the_run(tmp_path: Path) -> None:
    done = gate(tmp_path, f"{MUST}:\n{ENTRY}  match: an empty body*status 404\n")
    assert done.status == 1, done.output
    assert done.failed == {MUST}
    assert f"expected  {OTHER}" in done.output
    assert "until 2999-12-31): failed: expected an empty body refused" in done.output
    junit = (done.reports / "junit.xml").read_text(encoding="utf-8")
    assert "an entry of the known failures covers it" in junit


def test_a_known_failure_that_has_expired_fails_the_run(tmp_path: Path) -> None:
    """Where it is still broken, as any breach does; where it is not, by a status of its own."""
    text = f"{MUST}:\n{ENTRY}".replace("2999", "2019")
    done = gate(tmp_path, text)
    assert done.status == 1, done.output
    assert "known.yaml, line 1: the known failure CUSTOMER-BODY-3 expired on 2019-12-31; mend it" in done.output
    fine = invoke(
        tmp_path,
        "--known-failures",
        str(tmp_path / "known.yaml"),
        "-k",
        f"test_refused and {MUST}",
        "--seed",
        "866297690",
    )
    assert fine.status == 9, fine.output
    assert fine.report["exit_status"] == 9
    assert len(fine.report["stale_known_failures"]) == 1


def test_a_run_writes_the_file_and_the_next_one_asks_for_the_reasons(tmp_path: Path, catalogue: Catalogue) -> None:
    file = tmp_path / "fresh.yaml"
    kept = f"{SHOULD}:\n{ENTRY}  link: https://example.com/7\n  match: [a, b]\n"
    done = gate(tmp_path, kept, "--write-known-failures", str(file))
    assert done.status == 1, done.output
    text = file.read_text(encoding="utf-8")
    assert f"\n{MUST}:\n  # A body that is missing" in text
    assert "  # seen: expected no body and no media type refused with 400" in text
    with pytest.raises(KnownFailuresError, match=r"`reason` is \"\": Say in a sentence why"):
        load_known_failures(file, catalogue)
    known = load(tmp_path, catalogue, text.replace('""', '"because"'))
    assert [failure.requirement for failure in known] == [SHOULD, MUST]
    before = load(tmp_path, catalogue, kept)
    assert known.get(SHOULD) == before.get(SHOULD)


def test_a_file_is_not_written_over(tmp_path: Path) -> None:
    file = written(tmp_path, "")
    done = invoke(tmp_path, "--write-known-failures", str(file))
    assert done.status == 4
    assert "exists already; name a new file" in done.output


def test_a_mistake_in_the_file_ends_the_run_before_its_first_request(tmp_path: Path) -> None:
    done = gate(tmp_path, "NOPE-1:\n" + ENTRY)
    assert done.status == 4
    assert done.output.count("ERROR") == 1
    assert "known.yaml, line 1: the catalogue has no requirement NOPE-1" in done.output
