"""Generated requests: what they find is made small, told once for each requirement, and found again with the seed."""

from __future__ import annotations

import inspect
import json
import os
import re
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
import schemathesis.specs.openapi.checks as openapi_checks
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from conformance.checks.rules import KINDS, Rules
from conformance.contract.catalogue import Catalogue, load_catalogue
from conformance.contract.document import load_contract
from conformance.generate import used
from conformance.generate.beside import Beside
from conformance.generate.maker import maker
from conformance.generate.plain import Answer, Order, Source
from conformance.generate.tables import refused_cases
from conformance.masking import Masker
from conformance.run import Run
from conformance.settings import Settings
from steps.deep_generation import DeepGeneration
from steps.generation import DOCUMENT, order
from steps.merchants import Merchants
from tests.suite.invocation import QUIET, ROOT, invoke
from tests.suite.recording import recording_target

CATALOGUE = load_catalogue(ROOT / "openapi" / "requirements")
CONTRACT = load_contract(DOCUMENT)
SMALL = 60
FUZZED = ("-k", "test_fuzzing and createCustomer", "--size", "full", "--time-budget", "3", "--seed", "5")


def broken(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The breaches of a run by requirement."""
    data = json.loads((folder / "conformance.json").read_text(encoding="utf-8"))
    return {row["id"]: row["breaches"] for row in data["requirements"] if row["breaches"]}


def test_a_finding_is_minimal_told_once_and_repeatable(tmp_path: Path) -> None:
    """A target that falls over on any invalid body: one requirement is broken, by a request that is as small as can be,
    and the same seed finds the same one."""
    found = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        done = invoke(folder, *FUZZED, "--sandbox-fault", "customer-invalid-500")
        assert done.status == 1
        breaches = broken(folder)
        assert set(breaches) == {"CUSTOMER-STATUS-3"}
        assert len(breaches["CUSTOMER-STATUS-3"]) <= 6
        found.append([breach["exchange"]["request"]["body"] for breach in breaches["CUSTOMER-STATUS-3"]])
        assert len(found[-1][0]) <= SMALL
        assert "curl" in breaches["CUSTOMER-STATUS-3"][0]["exchange"]
    assert found[0][0] == found[1][0]


def test_headers_beyond_ascii_are_read(tmp_path: Path) -> None:
    done = invoke(tmp_path, "-k", "test_examples and createCustomer", "--sandbox-variant", "headers-odd", *QUIET)
    assert done.status == 0, done.output
    assert done.verdicts["CUSTOMER-STATUS-2"] == "passed"


@pytest.mark.parametrize(("processes", "parts"), [(1, 14), (2, 7), (3, 5), (8, 2), (20, 1)])
def test_a_time_budget_is_one_of_the_clock_however_many_processes_run_tests(processes: int, parts: int) -> None:
    """Twelve tests of fuzzing have a part each, and the walks two: so many are one after the other."""
    run = Run(Settings(time_budget=120), CONTRACT, CATALOGUE, Rules(CATALOGUE, CONTRACT), Masker(), ROOT)
    run.processes = processes
    assert DeepGeneration(run, Merchants(run), DOCUMENT).share == 120 / parts


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="there is one processor")
def test_a_full_run_has_a_process_for_each_processor(tmp_path: Path) -> None:
    few = "test_examples or test_fuzzing and createCustomer"
    words = ("-k", few, "--size", "full", "--time-budget", "2", "--sandbox-fault", "customer-invalid-500")
    many = invoke(tmp_path / "many", *words)
    one = invoke(tmp_path / "one", *words, "--concurrency", "1")
    assert re.search(r"^full +\d tests run side by side", many.output, re.MULTILINE)
    assert "side by side" not in one.output
    assert many.failed == one.failed == {"CUSTOMER-STATUS-3"}


def orders() -> list[Order]:
    run = Run(Settings(seed=5), CONTRACT, CATALOGUE, Rules(CATALOGUE, CONTRACT), Masker(), ROOT)
    kinds = [("coverage", "negative"), ("examples", "positive"), ("fuzzing", "negative"), ("fuzzing", "positive")]
    return [order(run, kind, name, mode) for kind, mode in kinds for name in ("createCustomer", "signInEmail")]


ANSWER = Answer("POST", "https://host/customers", (), 418, (("Content-Type", "application/json"),), b"{}", 0.1, True)
"""A response whose status the document does not have."""


def test_what_another_process_makes_is_what_this_one_makes() -> None:
    """The cases, those that nobody ordered beforehand too, and what schemathesis holds against a response."""
    wanted = orders()
    beside, here = Beside(DOCUMENT, wanted[1:], unasked), maker(DOCUMENT)
    assert [beside.made(one) for one in reversed(wanted[1:])] == [here.made(one) for one in reversed(wanted[1:])]
    assert all(here.made(one) for one in wanted)
    found = beside.complaints(wanted[1], 0, ANSWER)
    assert [complaint.check for complaint in found] == ["status_code_conformance"]
    assert found == here.complaints(wanted[1], 0, ANSWER)
    assert beside.complaints(wanted[0], 0, ANSWER) == here.complaints(wanted[0], 0, ANSWER)
    beside.stop()
    beside.stop()


def unasked() -> Source:
    raise AssertionError("this process was asked")


@pytest.mark.parametrize("read", [0, 3])
def test_where_the_other_process_is_lost_this_one_goes_on(read: int) -> None:
    wanted, here = orders(), maker(DOCUMENT)
    beside = Beside(DOCUMENT, wanted, lambda: here)
    assert [beside.made(one) for one in wanted[:read]] == [here.made(one) for one in wanted[:read]]
    assert beside._process is not None
    beside._process.kill()
    beside._process.wait()
    assert [beside.made(one) for one in wanted] == [here.made(one) for one in wanted]
    assert beside.complaints(wanted[0], 0, ANSWER) == here.complaints(wanted[0], 0, ANSWER)


@pytest.mark.parametrize("way", [(), ("--concurrency", "2")], ids=["one process", "forks"])
def test_a_finding_of_a_gate_is_minimal(way: tuple[str, ...], tmp_path: Path) -> None:
    """A target that falls over on what generated requests alone have: what a gate finds is made small as well."""

    def falls_over(app: ASGIApp) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            message = await receive()
            is_generated = b"conformanceCase" in message.get("body", b"")

            async def again() -> Message:
                return message

            await (PlainTextResponse("oops", 500) if is_generated else app)(scope, again, send)

        return answer

    words = ["-k", "test_fuzzing and createCustomer or test_examples and createCheckoutSession", "--seed", "5", *way]
    with recording_target(before=falls_over) as target:
        done = invoke(tmp_path, "--base-url", target.url, *words)
    assert done.status == 1, done.output
    breaches = broken(tmp_path)
    assert {"CUSTOMER-STATUS-3", "CHECKOUT-STATUS-3"} >= set(breaches) - {"CUSTOMER-ERROR-1", "CHECKOUT-ERROR-1"}
    assert breaches


def test_every_check_of_schemathesis_is_used_or_switched_off_by_name(catalogue: Catalogue) -> None:
    """A check that is neither would be forgotten; what is used is mapped to kinds of rule that the catalogue has."""
    functions = {name: item for name, item in vars(openapi_checks).items() if inspect.isfunction(item)}
    known = {name for name, item in functions.items() if _is_check(item) and not name.startswith("_")}
    named = {*used.CHECKS, *used.SWITCHED_OFF}
    assert known <= named, known - named
    assert not set(used.CHECKS) & set(used.SWITCHED_OFF)
    assert all(reason for reason in used.SWITCHED_OFF.values())
    kinds = {kind for names in used.CHECKS.values() for kind in names}
    assert kinds <= set(KINDS)
    assert kinds <= {kind for row in catalogue if row.rule for kind in row.rule}


def _is_check(item: object) -> bool:
    names = list(inspect.signature(item).parameters) if callable(item) else []
    return names == ["ctx", "response", "case"]


def test_a_form_in_parts_is_one() -> None:
    """The body of multipart/form-data is read by the standard library as the fields of the valid body."""
    valid = {"name": "Café", "rememberMe": True, "metadata": {"a": [1]}}
    (case,) = refused_cases({"media": ["multipart/form-data"]}, valid)
    head = f"Content-Type: {case.media_type}\r\n\r\n".encode()
    parts = message_from_bytes(head + (case.body or b""))
    assert not parts.defects
    read = {
        part.get_param("name", header="content-disposition"): part.get_payload(decode=True) for part in parts.walk()
    }
    assert read.pop(None) is None
    assert read == {"name": "Café".encode(), "rememberMe": b"true", "metadata": b'{"a": [1]}'}
