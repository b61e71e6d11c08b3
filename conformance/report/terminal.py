"""The short summary at the end of the terminal."""

from __future__ import annotations

from typing import Final

import pytest

from conformance.report.messages import again_line, known_words
from conformance.report.model import Report
from conformance.results.verdicts import Result, RunVerdict, Verdict

_NOT_TESTED_SHOWN: Final = 12
_NOT_TESTABLE: Final = "no suite can test it; the reports say why"


def print_summary(terminal: pytest.TerminalReporter, report: Report, folder: str) -> None:
    """Write a run's target, totals, every broken requirement with its statement, and where the reports are."""
    bad, good = bool(report.broken or report.stale), report.verdict is RunVerdict.CONFORMANT
    colours = {"red": bad, "green": good, "yellow": not (bad or good)}
    terminal.section("conformance", sep="=", bold=True, **colours)
    terminal.write_line(f"target   {report.target}   size {report.size}   seed {report.seed}   run {report.run}")
    for level, counts in report.totals().items():
        shown = [f"{number} {verdict}" for verdict, number in counts.items() if number or verdict != Verdict.KNOWN]
        terminal.write_line(f"{level:<8} {', '.join(shown)}")
    auth = ", ".join(f"{row['operation']} {row['requests']}" for row in report.operations)
    terminal.write_line(f"requests {report.requests} ({auth})")
    if report.waited >= 1:
        terminal.write_line(f"waited   {report.waited:.0f} s for the target's rate limit")
    if report.gateway_answers:
        terminal.write_line(f"gateway  {gateway_sentence(report)}")
    _broken(terminal, "broken", report, report.broken, red=True)
    if not report.strict:
        _broken(terminal, "warnings (SHOULD)", report, report.warned, yellow=True)
    _known(terminal, report)
    _partly_tested(terminal, report)
    for policy in report.policies:
        terminal.write_line(f"policy   {policy}")
    _not_tested(terminal, report)
    _audit(terminal, report)
    terminal.write_line(
        f"reports  {folder}/conformance.html, conformance.json, junit.xml, report.html, allure-results/"
    )
    tested = f"   {report.decided} of {len(report.results)} requirements were tested"
    terminal.write_line(f"verdict  {report.verdict.upper()}{tested}", bold=True, **colours)


def gateway_sentence(report: Report) -> str:
    """Return how many requests never came to the target, in words."""
    return f"{report.gateway_answers} of {report.requests_sent} requests were answered in the target's place"


def _broken(
    terminal: pytest.TerminalReporter, title: str, report: Report, results: tuple[Result, ...], **colour: bool
) -> None:
    if not results:
        return
    terminal.write_line("")
    terminal.write_line(f"{title}:", bold=True, **colour)
    for result in results:
        requirement, breach = result.requirement, result.breaches[0]
        terminal.write_line(f"  {requirement.id} ({requirement.operation}) {requirement.statement}", **colour)
        terminal.write_line(f"    expected {breach.expected}; got {breach.got}")
        terminal.write_line(f"    again: {again_line(breach.test, report.given, report.seed)}")
    terminal.write_line("")


def _known(terminal: pytest.TerminalReporter, report: Report) -> None:
    """Write each known failure with what was seen of it, and the entries that no longer fit."""
    for result in report.results:
        if result.known is not None:
            told = f"known    {known_words(result.known)}: {result.verdict}"
            seen = next((f": expected {item.expected}; got {item.got}" for item in result.breaches if item.known), "")
            terminal.write_line(told + seen, yellow=result.verdict is Verdict.KNOWN)
    for words in report.stale:
        terminal.write_line(f"stale    {words}", red=True)


def _partly_tested(terminal: pytest.TerminalReporter, report: Report) -> None:
    for result in report.partial:
        cases = f"{result.cases.decided} of {result.cases.planned} cases"
        reason = f": {result.reason.words}" if result.reason else ""
        terminal.write_line(f"passed, {cases}{reason}: {result.requirement.id}")


def _audit(terminal: pytest.TerminalReporter, report: Report) -> None:
    if report.audit is None:
        return
    able, of = len(report.audit.able), len(report.audit.able) + len(report.audit.vacuous)
    terminal.write_line(f"audit    {able} of {of} passive requirements that were decided could have failed")
    if report.audit.vacuous:
        terminal.write_line(f"vacuous (no change of an answer makes it fail): {', '.join(report.audit.vacuous)}")


def _not_tested(terminal: pytest.TerminalReporter, report: Report) -> None:
    reasons: dict[str, list[str]] = {}
    for result in report.results:
        if result.verdict is Verdict.NOT_TESTED:
            reason = _NOT_TESTABLE if result.requirement.not_testable else result.reason.words if result.reason else ""
            reasons.setdefault(reason, []).append(result.requirement.id)
    for reason, ids in reasons.items():
        shown = ", ".join(ids[:_NOT_TESTED_SHOWN]) + (
            f" and {len(ids) - _NOT_TESTED_SHOWN} more" if len(ids) > _NOT_TESTED_SHOWN else ""
        )
        terminal.write_line(f"not tested ({reason}): {shown}")
