"""The reports of a run that found a breach, and of one that found none: whole, true, and of use to who reads them."""

from __future__ import annotations

import html
import json
import re
import shlex
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from allure_commons.model2 import TestResult as AllureResult
from jsonschema import Draft202012Validator, FormatChecker

from conformance.contract.catalogue import Catalogue
from conformance.errors import Told, Why
from conformance.report.allure import AllureSteps
from conformance.report.allure_run import CATEGORIES
from conformance.report.junit import requirement_case
from conformance.report.messages import repeated, told
from conformance.results.records import Breach, Reason, Record
from conformance.results.verdicts import results as results_of
from conformance.run import Run
from tests.suite.invocation import ROOT, Done, invoke

FAULT = "customer-id-empty"
BREACHED = "CUSTOMER-SCHEMA-2"
EXPECTED = "`id` not to be empty"
GOT = '""'
CHOSEN = (
    "smoke or (test_coverage and createCustomer) or (test_refused and CUSTOMER-BODY) or read_back or an_account_with"
)
SCHEMA: dict[str, Any] = json.loads((ROOT / "reports" / "conformance.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=FormatChecker())


@pytest.fixture(scope="module")
def red(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A run on a sandbox whose customers have an empty id: some scenarios break, and others cannot be carried out."""
    return invoke(
        tmp_path_factory.mktemp("red"),
        "--sandbox-fault",
        FAULT,
        "--sandbox-variant",
        "reads-absent",
        "-k",
        CHOSEN,
        "-rs",
    )


@pytest.fixture(scope="module")
def green(tmp_path_factory: pytest.TempPathFactory) -> Done:
    return invoke(tmp_path_factory.mktemp("green"), "--size", "smoke", "--seed", "7")


@pytest.fixture(scope="module")
def unreached(tmp_path_factory: pytest.TempPathFactory) -> Done:
    return invoke(tmp_path_factory.mktemp("unreached"), "--base-url", "http://127.0.0.1:1")


@pytest.fixture(params=["red", "green", "unreached"])
def done(request: pytest.FixtureRequest) -> Done:
    """Each of the three."""
    found: Done = request.getfixturevalue(request.param)
    return found


def row(done: Done, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in done.report["requirements"] if item["id"] == name)
    return found


def test_the_form_is_the_documented_one(done: Done) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert [error.message for error in VALIDATOR.iter_errors(done.report)] == []


def test_the_form_is_held_to() -> None:
    """The schema would notice a verdict without ground: a `passed` with a breach, a `not tested` without reason."""
    base: dict[str, Any] = {"id": "A-1", "level": "MUST", "operation": "o", "concern": "c", "statement": "s"}
    base |= {"source": "s", "sources": [{"label": "s", "href": "docs/contract.md#s"}]}
    schema = {**SCHEMA, **SCHEMA["$defs"]["requirement"], "required": ["id"], "title": "a row"}
    rows = Draft202012Validator({key: value for key, value in schema.items() if key != "description"})
    good = {**base, "verdict": "passed", "reason": "", "tests": ["t"], "breaches": [], "more_breaches": 0}
    assert rows.is_valid(good)
    assert not rows.is_valid({**good, "tests": []})
    assert not rows.is_valid({**good, "verdict": "not tested"})
    assert not rows.is_valid({**good, "verdict": "failed"})
    assert not rows.is_valid({**good, "verdict": "warned"})


def test_every_requirement_has_a_verdict(done: Done, catalogue: Catalogue) -> None:
    assert [item["id"] for item in done.report["requirements"]] == [item.id for item in catalogue]
    for level, counts in done.report["totals"].items():
        found = Counter(item["verdict"] for item in done.report["requirements"] if item["level"] == level)
        assert {name: number for name, number in counts.items() if number} == dict(found)
    assert done.report["requests"] == sum(item["requests"] for item in done.report["operations"])
    for item in done.report["operations"]:
        assert sum(item["statuses"].values()) == item["requests"]


def test_what_was_not_decided_is_not_passed(red: Done, green: Done, unreached: Done, catalogue: Catalogue) -> None:
    """Nothing is passed without a test; and what a smaller run leaves out, or cannot do, is not tested."""
    assert set(unreached.verdicts.values()) == {"not tested"}
    assert all(
        "cannot be reached" in item["reason"]
        for item in unreached.report["requirements"]
        if can_be_tested(item, catalogue)
    )
    assert row(red, "API-BASE-1")["reason"] == "precondition missing: POST /customers → 201 gave no id"
    for item in catalogue:
        if item.refuses or item.survives:
            assert green.verdicts[item.id] == "not tested", item.id
            assert (
                row(green, item.id)["reason"] == item.not_testable
                or "the size is smoke" in row(green, item.id)["reason"]
            )
    assert green.verdicts["CHECKOUT-NONE-2"] == "passed"


def can_be_tested(item: dict[str, Any], catalogue: Catalogue) -> bool:
    return catalogue[item["id"]].not_testable is None


def test_the_verdict_and_the_exit_status_agree(red: Done, green: Done, unreached: Done) -> None:
    expected = ((red, 1, "not conformant"), (green, 0, "no breach found"), (unreached, 7, "not finished"))
    for done, status, verdict in expected:
        assert (done.status, done.report["exit_status"], done.report["verdict"]) == (status, status, verdict), (
            done.output
        )
    assert red.failed == {BREACHED}


def test_a_breach_is_told_with_its_evidence(red: Done) -> None:
    breach = row(red, BREACHED)["breaches"][0]
    assert (breach["expected"], breach["got"]) == (EXPECTED, GOT)
    assert json.loads(breach["exchange"]["response"]["body"])["id"] == ""
    assert breach["exchange"]["summary"] == "POST /customers → 201"
    assert "Authorization: Bearer ***" in breach["exchange"]["curl"]


def test_junit_names_what_is_broken(red: Done) -> None:
    """The failure text of each test names the id; skipped tests say why; and what passed is not skipped."""
    suite = ET.parse(red.reports / "junit.xml").getroot()[0]
    cases = suite.findall("testcase")
    failures = [found for case in cases if (found := case.find("failure")) is not None]
    skips = [found for case in cases if (found := case.find("skipped")) is not None]
    assert suite.get("name") == "conformance"
    assert (suite.get("errors"), suite.get("failures"), suite.get("skipped")) == (
        "0",
        str(len(failures)),
        str(len(skips)),
    )
    assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases)
    assert failures
    assert skips
    assert len(cases) > len(failures) + len(skips)
    for failure in failures:
        assert failure.get("message") == f"{BREACHED} The customer has `id`, which is a non-empty text."
        assert "Traceback" not in str(failure.text)
    for skip in skips:
        assert re.match("not tested: .{10,}", str(skip.get("message")))
        assert re.match(r"\S+/tests/conformance/test_\w+\.py:\d+: not tested: ", str(skip.text))


def test_junit_tells_the_verdict_on_the_run_and_on_each_requirement(red: Done, green: Done, unreached: Done) -> None:
    """Besides its tests: properties of the run in each suite, one case for its end, and one for each requirement."""
    for done in (red, green, unreached):
        suites = list(ET.parse(done.reports / "junit.xml").getroot())
        assert [suite.get("name") for suite in suites] == ["conformance", "run", "requirements"]
        for suite in suites:
            told = {item.get("name"): item.get("value") for item in suite.iterfind("properties/property")}
            assert told["verdict"] == done.report["verdict"]
            assert (told["target"], told["seed"]) == (done.report["target"], str(done.report["seed"]))
            assert suite.get("tests") == str(len(suite.findall("testcase")))
            for kind, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
                assert suite.get(kind) == str(len(suite.findall(f"testcase/{tag}")))
        names = {str(case.get("name")).partition(" ")[0]: case for case in suites[2].findall("testcase")}
        outcomes = {name: "".join(item.tag for item in case) or "passed" for name, case in names.items()}
        expected = {"failed": "failure", "warned": "skipped", "not tested": "skipped", "passed": "passed"}
        assert outcomes == {name: expected[verdict] for name, verdict in done.verdicts.items()}
    message = suites[1].find("testcase/error").get("message")  # type: ignore[union-attr]
    assert "cannot be reached" in str(message)


def test_junit_names_the_requirements_of_each_test(red: Done, catalogue: Catalogue) -> None:
    for case in ET.parse(red.reports / "junit.xml").getroot()[0].findall("testcase"):
        (told,) = case.findall("properties/property[@name='requirements']")
        assert set(str(told.get("value")).split()) <= set(catalogue.by_id)


@pytest.mark.parametrize(
    ("strict", "outcome"), [(False, "skipped"), (True, "failure")], ids=["a warning", "in a strict run"]
)
def test_a_should_that_is_not_kept_is_seen_in_junit(strict: bool, outcome: str, catalogue: Catalogue) -> None:
    record = Record("tests/test_it.py::test_it")
    record.decided["CUSTOMER-VALID-2"] = 1
    record.breach(Breach("CUSTOMER-VALID-2", record.test, "status 400", "status 201\x00"))
    (result,) = (item for item in results_of(catalogue, [record], {}, Reason("", Why.NEVER)) if item.breaches)
    case = requirement_case(result, is_failure=strict)
    assert [item.tag for item in case] == [outcome]
    assert "CUSTOMER-VALID-2 An invalid e-mail is refused with 400." in str(case[0].get("message"))
    assert ("warning (SHOULD)" in str(case[0].get("message"))) is not strict
    assert ET.fromstring(ET.tostring(case)) is not None


def test_the_failure_text_says_all_that_is_needed(red: Done) -> None:
    """Who owns the API reads: which requirement, what was expected, what came, how to send it, how to run it again."""
    suite = ET.parse(red.reports / "junit.xml").getroot()[0]
    first, *others = (str(failure.text) for failure in suite.iter("failure"))
    for text in others:
        assert re.fullmatch(rf"{BREACHED} .*\n  the same as in tests/conformance/.+", text)
    for text in (first, red.output):
        assert f"{BREACHED} (MUST, createCustomer) The customer has `id`, which is a non-empty text.\n" in text
        for words in (
            f"expected  {EXPECTED}",
            f"got       {GOT}",
            "in        POST /customers → 201",
            "source    docs/contract.md#",
        ):
            assert f"\n  {words}" in text
        curl = shlex.split(text.split("  curl      ")[1].splitlines()[0])
        assert curl[0] == "curl"
        assert "put a token or password of your own in the place of ***" in text
        assert text.count(EXPECTED) == 1
    text = red.output
    assert "conformance/plugin.py" not in text
    assert "Breached" not in text


def test_breaches_that_repeat_each_other_are_counted(catalogue: Catalogue) -> None:
    record = Record("tests/test_it.py::test_it")
    for got in ("null", "null", "7", "null", "null"):
        record.breach(Breach(BREACHED, record.test, EXPECTED, got))
    (part,) = told(catalogue, record, (), 1)
    assert part.text.count(f"  expected  {EXPECTED}") == 2
    assert part.text.endswith(f"{BREACHED}: 3 more of the same")


def test_a_test_tells_causes_before_what_follows_and_new_breaches_first(catalogue: Catalogue) -> None:
    record = Record("tests/test_it.py::test_it")
    for name in ("CUSTOMER-HEADERS-50", "CUSTOMER-ECHO-2", "CUSTOMER-UNIQUE-1", "CUSTOMER-STATUS-1"):
        record.breach(Breach(name, record.test, EXPECTED, "null"))
    record.breaches[-1] = replace(record.breaches[-1], known="null")
    names = [part.headline.split()[0] for part in told(catalogue, record, (), 1)]
    assert names == ["CUSTOMER-UNIQUE-1", "CUSTOMER-ECHO-2", "CUSTOMER-HEADERS-50", "CUSTOMER-STATUS-1"]


def test_a_breach_is_told_in_full_by_the_first_test_alone() -> None:
    known: dict[str, str] = {}
    first, other = Told("CUSTOMER-SCHEMA-2 It has an id.", "all of it"), Told("CUSTOMER-ECHO-1 It is that.", "the rest")
    assert repeated([first], known, "test_a") == "all of it"
    words = "CUSTOMER-SCHEMA-2 It has an id.\n  the same as in test_a\n\nthe rest"
    assert repeated([first, other], known, "test_b") == words
    assert repeated([first], known, "test_a") == "all of it"


def test_the_line_to_run_again_works(red: Done) -> None:
    """Pasted as it stands, it runs that one test, which finds the same breach."""
    again = re.findall(r"^  again     (.*)$", red.output, re.MULTILINE)
    assert len(again) == 1
    words = shlex.split(again[0])
    assert words[1:3] == ["-m", "pytest"]
    assert Path(ROOT, words[0]).samefile(sys.executable)
    folder = words[words.index("--report-dir") + 1]
    assert folder == f"{red.reports}/again"
    done = invoke(Path(folder), *words[3:])
    assert done.status == 1
    assert "1 failed" in done.output
    assert done.failed == {BREACHED}
    assert done.report["seed"] == red.report["seed"]


def test_the_terminal_ends_with_the_summary(red: Done, green: Done) -> None:
    """Target, totals, each broken requirement with its statement, where the reports are; nothing else comes after."""
    for done in (red, green):
        summary = done.output.rpartition("= conformance =")[2]
        lines = summary.strip().splitlines()
        assert re.fullmatch(r"=+ .*(passed|failed).* =+", lines[-1])
        tested = sum(verdict != "not tested" for verdict in done.verdicts.values())
        words = f"{tested} of {len(done.verdicts)} requirements were tested"
        assert lines[-2] == f"verdict  {done.report['verdict'].upper()}   {words}"
        assert lines[-3].startswith(f"reports  {done.reports}/conformance.html")
        assert f"target   {done.report['target']}" in summary
        assert f"seed {done.report['seed']}" in summary
        for level in ("MUST", "SHOULD"):
            counts = ", ".join(
                f"{number} {name}" for name, number in done.report["totals"][level].items() if name != "known failure"
            )
            assert f"{level:<8} {counts}" in summary
        assert len(lines) < 25
    assert f"  {BREACHED} (MUST, createCustomer) The customer has `id`, which is a non-empty text." in red.output
    assert f"target the bundled sandbox, size smoke, seed 7, run {green.report['run']}" in green.output


def test_the_terminal_tells_one_fault_in_sixty_lines(red: Done) -> None:
    """In full once, with the first test; the others are counted, since nobody asked for their names."""
    lines = red.output.splitlines()
    assert len(lines) < 60
    assert sum(line.startswith("FAILED ") for line in lines) == 1
    failed = int(re.findall(r"(\d+) failed", lines[-1])[0])
    assert failed > 1
    assert f"and {failed - 1} more: -v tells all of them" in lines
    assert f"by {failed} tests" in next(line for line in lines if line.startswith("  seen "))


def results(done: Done) -> list[dict[str, Any]]:
    files = done.reports.glob("allure-results/*-result.json")
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def tags(result: dict[str, Any]) -> set[str]:
    return {label["value"] for label in result["labels"] if label["name"] == "tag"}


def test_allure_has_steps_and_statuses(red: Done) -> None:
    found = {result["name"]: result for result in results(red)}
    walk = found["A merchant goes from sign-up to a checkout page"]
    assert walk["status"] == "failed"
    assert walk["statusDetails"]["message"].startswith(BREACHED)
    steps = {step["name"]: step["status"] for step in walk["steps"]}
    assert steps["Given a person without an account"] == "passed"
    assert steps["And the merchant creates a customer"] == "failed"
    assert found["A session without a customer"]["status"] == "passed"
    skipped = [result for result in results(red) if result["status"] == "skipped"]
    assert skipped
    assert all("not tested: " in result["statusDetails"]["message"] for result in skipped)
    assert not [result for result in results(red) if result["status"] == "broken"]
    assert all("attachments" not in result or result["attachments"] for result in results(red)), (
        "what is empty is left out"
    )
    assert not list(red.reports.glob("allure-results/*-container.json"))


def test_allure_has_requirements_and_evidence(red: Done, catalogue: Catalogue) -> None:
    for result in results(red):
        assert tags(result) & set(catalogue.by_id), result["name"]
        if result["status"] == "failed":
            parts = [result, *result.get("steps", [])]
            attached = [item for part in parts for item in part.get("attachments", []) if "json" in item["type"]]
            files = [red.reports / "allure-results" / item["source"] for item in attached]
            exchanges = [json.loads(file.read_text(encoding="utf-8")) for file in files]
            assert any(item["operation"] == "createCustomer" for item in exchanges)


def test_allure_sorts_every_test(red: Done) -> None:
    """A title to read, the behaviour that it belongs to, how severe it is; nothing of this machine."""
    for result in results(red):
        labels = {label["name"]: label["value"] for label in result["labels"]}
        assert labels["epic"] == "Merchant onboarding"
        assert labels["feature"]
        assert labels["story"]
        assert labels["severity"] in ("critical", "minor")
        assert not result["name"].startswith("test_")
        assert not {item["name"] for item in result.get("parameters", [])} & {"_pytest_bdd_example"}
        assert str(ROOT) not in json.dumps(result)
        if result["status"] == "failed":
            assert red.report["run"] not in result["statusDetails"]["message"]


def test_allure_has_exchanges_at_the_step_that_sent_them(red: Done) -> None:
    walk = {result["name"]: result for result in results(red)}["A merchant goes from sign-up to a checkout page"]
    step = next(step for step in walk["steps"] if step["name"] == "And the merchant creates a customer")
    assert [item["name"] for item in step["attachments"]] == ["POST /customers → 201", "expected and got"]
    assert step["statusDetails"]["message"].strip() == f"{BREACHED} The customer has `id`, which is a non-empty text."
    assert not walk.get("attachments")


def test_allure_tells_of_the_run(red: Done, unreached: Done) -> None:
    for done in (red, unreached):
        folder = done.reports / "allure-results"
        told = dict(line.split("=", 1) for line in (folder / "environment.properties").read_text().splitlines())
        assert (told["verdict"], told["target"]) == (done.report["verdict"], done.report["target"])
        executor = json.loads((folder / "executor.json").read_text(encoding="utf-8"))
        assert done.report["run"] in executor["buildName"]
        categories = json.loads((folder / "categories.json").read_text(encoding="utf-8"))
        assert json.loads((done.reports / "allurerc.json").read_text(encoding="utf-8"))["categories"] == categories


@pytest.mark.parametrize(
    ("status", "message", "category"),
    [
        ("failed", "CUSTOMER-SCHEMA-2 The customer has `id`.", "Broken requirements"),
        ("passed", "warning (SHOULD): A\nwarning (SHOULD): B", "Warnings: a SHOULD is not kept"),
        ("passed", "", None),
        ("skipped", "XFAIL reason: \nknown failure A-1 (reason)", "Known failures"),
        ("skipped", "not tested: no reason", "Not tested"),
        ("broken", "LookupError: a", "The suite itself failed"),
    ],
)
def test_allure_puts_a_result_into_its_category(status: str, message: str, category: str | None) -> None:
    """Allure takes the first category whose expression fits the whole message."""
    fitting = (
        item["name"]
        for item in CATEGORIES
        if status in item["matchedStatuses"] and re.fullmatch(str(item.get("messageRegex", r"[\s\S]*")), message)
    )
    assert next(fitting, None) == category


def test_an_interrupted_test_is_not_passed() -> None:
    steps = AllureSteps(cast(Run, None))
    steps.warnings = ["warning (SHOULD): A"]
    warned, stopped = AllureResult(status="passed"), AllureResult(status="passed")
    steps.conclude(warned)
    assert (warned.status, warned.statusDetails.message) == ("passed", "warning (SHOULD): A")
    protocol = steps.pytest_runtest_protocol()
    next(protocol)
    with pytest.raises(KeyboardInterrupt):
        protocol.throw(KeyboardInterrupt())
    steps.conclude(stopped)
    assert (stopped.status, stopped.statusDetails.message) == ("skipped", "not tested: the run was interrupted")


def test_pytest_html_tells_target_verdict_and_reasons(red: Done, unreached: Done) -> None:
    text = (red.reports / "report.html").read_text(encoding="utf-8")
    assert f">API conformance of {red.report['target']}, test by test</title>" in text
    assert f"<b>Not conformant</b>: {red.report['target']}" in text
    assert f"<li>{BREACHED} (MUST, createCustomer) The customer has `id`" in text
    assert "&#x27;Skipped: not tested" not in html.unescape(text)
    assert "cannot be reached" in (unreached.reports / "report.html").read_text(encoding="utf-8")


def test_allure_keeps_a_history_of_each_test(red: Done) -> None:
    """No two tests share a history, and a parameter is a name rather than a row of the catalogue."""
    found = results(red)
    assert len({result["historyId"] for result in found}) == len(found)
    for result in found:
        for parameter in result.get("parameters", []):
            assert len(parameter["value"]) < 200, parameter


def test_the_html_reports_hold_the_breach(red: Done) -> None:
    for name in ("report.html", "conformance.html"):
        text = (red.reports / name).read_text(encoding="utf-8")
        assert BREACHED in text
        assert "The customer has" in text
        assert not re.search(r"""<(script|link|img)[^>]+(src|href)=["']?(https?:)?//""", text), (
            f"{name} needs a network"
        )


def test_the_reports_are_all_there(done: Done) -> None:
    names = {file.name for file in done.reports.iterdir()}
    assert names >= {"conformance.json", "conformance.html", "junit.xml", "report.html", "allure-results"}
