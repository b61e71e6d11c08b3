"""A process beside the tests judges what they send: what it finds is what one process finds, also where it is lost."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from conformance.checks.rules import Rules
from conformance.contract.catalogue import Catalogue
from conformance.contract.document import Contract
from conformance.masking import Masker
from conformance.plugin.judge import Judge
from conformance.report.allure_files import Folder
from conformance.results.records import Record
from conformance.run import Run
from conformance.settings import Settings
from conformance.wire.exchange import Call, Exchange, Intent, Response
from tests.suite.forking import skip_without_fork
from tests.suite.invocation import ROOT, Done, invoke

IN_THE_TESTS = ("-p", "no:conformance-judging")
"""The words with which the process of the tests judges by itself."""
FAULTS = ("organization-name-upper-cased", "checkout-urls-equal", "customer-metadata-falsy-dropped")
"""What rules find by one exchange and by several, and what steps find too."""
WORDS = (
    *(word for name in FAULTS for word in ("--sandbox-fault", name)),
    *("--seed", "5", "-p", "no:html", "tests/conformance/test_features.py"),
    *("-k", "customer_of_unusual or goes_from or checkout_session_of_unusual or read_back"),
)
CREATED = "2026-11-23T08:00:00.000Z"
SECRET = "s3cret-token-of-a-session"


@dataclass
class Judged:
    """A run whose exchanges another process judges, and that process."""

    run: Run
    judge: Judge
    record: Record = field(default_factory=lambda: Record("tests/test_it.py::test_it"))

    def send(self, *names: str, nested: bool = False) -> list[Exchange]:
        """Let the run observe the creation of an organization by each name, which comes back in capitals."""
        operation = self.run.contract.operations["createOrganization"]
        found = []
        for name in names:
            body: Any = {"name": name, "slug": f"a-slug-{len(self.record.numbers)}"}
            if nested:
                body["metadata"] = json.loads(f"{'[' * 900}{']' * 900}")
            told = {
                "id": f"org-{len(self.record.numbers)}",
                **body,
                "name": name.upper(),
                "metadata": {},
                "createdAt": CREATED,
            }
            came = Response(200, (("Content-Type", "application/json"),), json.dumps(told).encode())
            call = Call("POST", operation.path, operation.id, json=body, intent=Intent.VALID, actor="first")
            number = len(self.record.numbers) + 1
            sent = json.dumps(body).encode()
            found.append(Exchange(number, call, f"http://host{call.path}", (), sent, 0.1, came))
            self.run.client.observe(found[-1])
        return found

    @property
    def told(self) -> list[str]:
        """What was found of the names, in order."""
        return [item.got for item in self.record.breaches if item.requirement == "ORG-ECHO-1"]


@pytest.fixture
def judged(catalogue: Catalogue, contract: Contract, tmp_path: Path) -> Iterator[Judged]:
    skip_without_fork()
    run = Run(Settings(), contract, catalogue, Rules(catalogue, contract), Masker(), ROOT)
    folder = Folder(tmp_path)
    judge = Judge.start(run, folder.keep)
    run.judge_beside, run.recorder.judged = judge, judge.verdicts
    found = Judged(run, judge)
    with run.recording(found.record):
        yield found
    judge.end()
    folder.close()


def kill(judge: Judge) -> None:
    os.kill(judge._process, signal.SIGKILL)


def test_what_it_decides_comes_when_it_is_asked(judged: Judged) -> None:
    judged.send("one", "two")
    assert judged.record.numbers == [1, 2]
    assert not judged.record.decided
    judged.run.recorder.settle()
    assert judged.told == ['"ONE"', '"TWO"']
    assert judged.record.decided["ORG-ECHO-1"] == 2
    assert "ORG-ECHO-1" in judged.run.recorder.broken


def test_what_a_test_finds_itself_comes_after_what_rules_found_before(judged: Judged) -> None:
    judged.send("one")
    judged.run.breach("ORG-AUTH-1", "a refusal", "an answer")
    found = [item.requirement for item in judged.record.breaches]
    assert "ORG-ECHO-1" in found
    assert found[-1] == "ORG-AUTH-1"


def test_a_body_that_is_nested_deeply_is_judged_too(judged: Judged) -> None:
    """Such a value cannot be handed to another process as it is."""
    judged.send("one", nested=True)
    judged.run.recorder.settle()
    assert judged.told == ['"ONE"']


@pytest.mark.parametrize("asked_before", [True, False], ids=["after verdicts", "before any"])
def test_where_it_is_lost_nothing_that_it_was_handed_is(judged: Judged, asked_before: bool) -> None:
    """What it had told is not told twice, and the process of the tests goes on by itself."""
    judged.send("one")
    if asked_before:
        judged.run.recorder.settle()
    kill(judged.judge)
    judged.send("two")
    judged.run.recorder.settle()
    assert judged.run.judge_beside is None
    judged.send("three")
    assert judged.told == ['"ONE"', '"TWO"', '"THREE"']
    assert judged.record.decided["ORG-ECHO-1"] == 3


def test_an_interruption_while_it_is_asked_loses_nothing(judged: Judged, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half an answer is never taken for the next one."""

    def interrupted(_: object) -> bytes:
        raise KeyboardInterrupt

    judged.send("one")
    with monkeypatch.context() as patch:
        patch.setattr(type(judged.judge._connection), "recv_bytes", interrupted)
        with pytest.raises(KeyboardInterrupt):
            judged.run.recorder.settle()
    judged.run.recorder.settle()
    assert judged.told == ['"ONE"']


@pytest.mark.parametrize("is_lost", [False, True], ids=["at work", "lost"])
def test_it_knows_what_was_learned(judged: Judged, is_lost: bool) -> None:
    judged.send("one")
    if is_lost:
        kill(judged.judge)
    assert judged.run.known("organization creation") == {"org-0": CREATED}
    assert judged.run.known("nothing of the kind") == {}


def test_rules_that_fail_are_told(judged: Judged) -> None:
    """As they are in one process: by the test that sent the request."""
    judged.run.client.observe(Exchange(1, Call("POST", "/x", "createOrganization"), "", (), b"", 0.1, unreadable()))
    judged.send("one")
    with pytest.raises(RuntimeError, match=r"in the process that judges:\nTraceback"):
        judged.run.recorder.settle()
    judged.run.recorder.settle()
    assert judged.told == ['"ONE"']


def unreadable() -> Any:
    """Return what no rule can read: a response whose headers are none."""
    return Response(200, None, b"{}")  # type: ignore[arg-type]


@pytest.mark.parametrize("is_lost", [False, True], ids=["at work", "lost"])
def test_what_it_writes_holds_no_secret_that_was_learned_later(judged: Judged, is_lost: bool, tmp_path: Path) -> None:
    (sent,) = judged.send(f"a name with {SECRET}")
    judged.run.masker.add(SECRET)
    judged.judge.write(sent, "1.json")
    if is_lost:
        kill(judged.judge)
        judged.run.recorder.settle()
    kept = judged.judge.end()
    text = wait_for(tmp_path / "1.json")
    assert SECRET not in text
    assert "a name with ***" in text
    assert "curl" in json.loads(text)
    assert is_lost or set(kept) == {1}


def test_what_it_cannot_write_is_written_here_where_the_error_is_told(judged: Judged, tmp_path: Path) -> None:
    (sent,) = judged.send("one")
    judged.judge.write(sent, "later/1.json")
    judged.judge._ask(99)
    (tmp_path / "later").mkdir()
    judged.judge.end()
    assert "ONE" in wait_for(tmp_path / "later" / "1.json")


def wait_for(file: Path) -> str:
    """Return what a file holds that a thread is writing."""
    for _ in range(1000):
        if file.is_file() and (text := file.read_text(encoding="utf-8")):
            return text
        time.sleep(0.01)
    raise FileNotFoundError(file)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Done]:
    """One run against the same faults each: with a judge beside the tests, and without."""
    folder = tmp_path_factory.mktemp("judge")
    return invoke(folder / "beside", *WORDS), invoke(folder / "one", *WORDS, *IN_THE_TESTS)


def test_verdicts_and_evidence_are_those_of_one_process(runs: tuple[Done, Done]) -> None:
    beside, one = runs
    assert (beside.status, one.status) == (1, 1)
    assert beside.verdicts == one.verdicts
    assert {"ORG-ECHO-1", "CHECKOUT-UNIQUE-2", "CUSTOMER-ECHO-5"} <= beside.failed
    assert [told(row) for row in beside.report["requirements"]] == [told(row) for row in one.report["requirements"]]
    assert beside.report["requests"] == one.report["requests"]


def test_allure_shows_each_breach_at_its_step_and_each_exchange(runs: tuple[Done, Done]) -> None:
    """Also where it was found out after the step had ended."""
    beside, one = map(results, runs)
    assert beside == one
    late = (
        "When the merchant creates a customer with unusual values (a name of 64 characters and values of other types)"
    )
    assert any(
        step["name"] == constant(late) and step["status"] == "failed" and "expected and got" in step["attachments"]
        for result in beside
        for step in result["steps"]
    )


def told(row: dict[str, Any]) -> Any:
    """Return what a report tells of a requirement, without what differs from run to run."""
    breaches = [
        (constant(item["expected"]), constant(item["got"]), item["step"], item["place"], item["test"])
        for item in row["breaches"]
    ]
    return row["id"], row["verdict"], row["tests"], breaches


def constant(text: str) -> str:
    """Return a text without names, ids and times of one run."""
    return re.sub(r"(?i)\b[0-9a-f]{8}(?:n\d+x)?\b|\b[\w-]{12,}\b|\d+", "…", text)


def results(done: Done) -> list[dict[str, Any]]:
    """Return Allure's results: what each test and step came to, and what is attached, all of which has to be there."""
    folder, found = done.reports / "allure-results", []
    for file in folder.glob("*-result.json"):
        result = json.loads(file.read_text(encoding="utf-8"))
        for node in (result, *result.get("steps", [])):
            assert all((folder / item["source"]).stat().st_size for item in node.get("attachments", []))
        steps = [outcome(step) for step in result.get("steps", [])]
        parameters = [item["value"] for item in result.get("parameters", [])]
        found.append({**outcome(result), "test": [result["fullName"], *parameters], "steps": steps})
    return sorted(found, key=lambda result: str(result["test"]))


def outcome(node: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": constant(node["name"]) if "steps" not in node else node["name"],
        "status": node["status"],
        "message": constant(node.get("statusDetails", {}).get("message", "")),
        "attachments": [constant(item["name"]) for item in node.get("attachments", [])],
    }
