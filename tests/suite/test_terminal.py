"""What the terminal tells of breaches, in each style of `--tb`, and of the tests that failed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance.contract.catalogue import Catalogue
from conformance.errors import Why
from conformance.report.model import Report
from conformance.report.terminal import print_breaches, print_failures
from conformance.results.groups import groups
from conformance.results.records import Breach, Reason, Record
from conformance.results.verdicts import results

CAUSE = "CUSTOMER-SCHEMA-3 (MUST, createCustomer) The customer has `merchantId`, which is a non-empty text."
FOLLOWS = "CUSTOMER-ECHO-1 (MUST, createCustomer) `merchantId` is the organization that was named."
CURL = "curl -sS -i http://127.0.0.1/customers"


class Terminal:
    """A terminal that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def section(self, title: str, **_: Any) -> None:
        self.lines.append(f"= {title}")

    def write_sep(self, _: str, title: str, **__: Any) -> None:
        self.lines.append(f"_ {title}")

    def write_line(self, line: str, **_: Any) -> None:
        self.lines.append(line)


@pytest.fixture
def report(catalogue: Catalogue) -> Report:
    """A report of a missing field, which two tests have seen, and of what follows from it."""
    names = ("CUSTOMER-SCHEMA-3", "CUSTOMER-ECHO-1")
    return report_of(catalogue, names, names)


def report_of(catalogue: Catalogue, *tests: tuple[str, ...]) -> Report:
    """Return a report of tests, each with the requirements that it found broken."""
    records = []
    for number, names in enumerate(tests, 1):
        record = Record(f"tests/test_it.py::test_{number}")
        for name in names:
            record.decided[name] = 5
            exchange = {"number": number, "summary": "POST /customers → 201", "response": {"body": "{}"}, "curl": CURL}
            record.breach(Breach(name, record.test, "this", "that", exchange))
        records.append(record)
    found = results(catalogue, records, {}, Reason("", Why.NEVER))
    broken = tuple(result for result in found if result.breaches)
    told = {"given": (), "seed": 1, "strict": False, "results": found, "broken": broken, "groups": groups(found)}
    return cast(Report, SimpleNamespace(**told, scripts={}, report_dir="reports"))


def lines(report: Report, style: str, *, names: bool = False) -> list[str]:
    terminal = Terminal()
    print_breaches(cast(pytest.TerminalReporter, terminal), report, style, names=names)
    return terminal.lines


@pytest.mark.parametrize("style", ["auto", "long", "native"])
def test_a_breach_is_told_in_full_once(style: str, report: Report) -> None:
    told = lines(report, style)
    assert told[:4] == ["= BREACHES", "_ 1 of 1: echo", CAUSE, "  seen      in 2 of 10 responses, by 2 tests"]
    assert f"  curl      {CURL}" in told
    assert "  likely follows from it:" in told
    assert f"    {FOLLOWS} expected: this; got: that (in 2 of 10 responses, by 2 tests)" in told
    assert "\n".join(told).count("POST /customers → 201") == 1


def test_short_leaves_out_request_and_response(report: Report) -> None:
    told = lines(report, "short")
    assert CAUSE in told
    assert "  expected  this" in told
    assert CURL not in "\n".join(told)


def test_line_is_a_line_for_each_requirement(report: Report) -> None:
    headlines = [words.replace(" (MUST, createCustomer)", "") for words in (CAUSE, FOLLOWS)]
    assert lines(report, "line")[1:] == [f"{words} expected: this; got: that" for words in headlines]


def test_no_tells_nothing_above_the_summary(report: Report) -> None:
    assert lines(report, "no") == []


def test_what_finds_no_room_is_left_to_the_summary(catalogue: Catalogue) -> None:
    names = ("CUSTOMER-SCHEMA-3", "ORG-SCHEMA-2", "SIGNUP-SCHEMA-4", "CHECKOUT-SCHEMA-6", "CUSTOMER-ECHO-4")
    found = report_of(catalogue, *((name,) for name in names))
    told = lines(found, "auto")
    in_full = [line for line in told if line.startswith("_ ")]
    assert all(line.startswith(f"_ {number} of 5: ") for number, line in enumerate(in_full, 1))
    assert 1 < len(in_full) < len(names)
    assert told[-1].startswith(f"and {len(names) - len(in_full)} more below, in a line each: -v tells all in full")
    whole = lines(found, "auto", names=True)
    assert len([line for line in whole if line.startswith("_ ")]) == len(names)


FAILURES = [("test_1", "A-1 It is so.\nB-1 It is that."), ("test_2", "A-1 It is so."), ("test_3", "C-1 It is.")]


def test_of_the_failed_tests_the_first_for_each_breach_is_named() -> None:
    terminal = Terminal()
    print_failures(cast(pytest.TerminalReporter, terminal), FAILURES, all_of_them=False)
    first = ["FAILED test_1 - A-1 It is so.", "FAILED test_3 - C-1 It is."]
    assert terminal.lines[1:] == [*first, "and 1 more: -v tells all of them"]


def test_all_of_them_are_named_on_demand_the_others_by_id() -> None:
    terminal = Terminal()
    print_failures(cast(pytest.TerminalReporter, terminal), FAILURES, all_of_them=True)
    told = ["FAILED test_1 - A-1 It is so.", "FAILED test_2 - A-1: same as above", "FAILED test_3 - C-1 It is."]
    assert terminal.lines[1:] == told
