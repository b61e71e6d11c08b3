"""The short summary at the end of the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pytest

from conformance.report.messages import (
    again_line,
    company_note,
    deviation_words,
    facts,
    headline,
    known_words,
    proof,
    title,
    way,
)
from conformance.report.model import Report
from conformance.report.reproduce.script import SCRIPTS
from conformance.results.comparison import in_lines
from conformance.results.groups import Group
from conformance.results.records import CHECK, Breach
from conformance.results.verdicts import Result, RunVerdict, Verdict

_IDS_SHOWN: Final = 12
_FOLLOWS_SHOWN: Final = 4
_ROOM: Final = 18
"""Lines for one breach with all that follows from it, which is told in ids alone where it takes more."""
_ROOM_FOR_ALL: Final = 32
"""Lines for the breaches; the first of them is told in full whatever it takes."""
_LISTED: Final = 4
_STEPS_SHOWN: Final = 3
_FAILURES_SHOWN: Final = 2
_SILENT: Final = -2
_BROKEN_SHOWN: Final = 20
_NOT_TESTABLE: Final = "no suite can test it; the reports say why"


def print_summary(terminal: pytest.TerminalReporter, report: Report, folder: str) -> None:
    """Write a run's target, totals, every broken requirement with its statement, and where the reports are."""
    if terminal.verbosity <= _SILENT:
        return
    bad, good = bool(report.broken or report.stale), report.verdict is RunVerdict.CONFORMANT
    colours = {"red": bad, "green": good, "yellow": not (bad or good)}
    terminal.section("conformance", sep="=", bold=True, **colours)
    terminal.write_line(f"target   {report.target}   size {report.size}   seed {report.seed}   run {report.run}")
    for level, counts in report.totals().items():
        shown = [f"{number} {verdict}" for verdict, number in counts.items() if number or verdict != Verdict.KNOWN]
        terminal.write_line(f"{level:<8} {', '.join(shown)}")
    quiet = terminal.verbosity < 0
    by_operation = ", ".join(f"{row['operation']} {row['requests']}" for row in report.operations)
    terminal.write_line(f"requests {report.requests}" + (f" ({by_operation})" if not quiet else ""))
    if report.waited >= 1:
        terminal.write_line(f"waited   {report.waited:.0f} s for the target's rate limit")
    if report.gateway_answers:
        terminal.write_line(f"gateway  {gateway_sentence(report)}")
    _broken(terminal, report)
    _known(terminal, report)
    for row in map(report.deviation_data, report.deviations):
        link = f"; {row['link']}" if row["link"] else ""
        terminal.write_line(f"deviates {deviation_words(row)} ({row['reason']}{link})")
    if not quiet:
        for lines in (_partly_tested(report), [f"policy   {words}" for words in report.policies], _not_tested(report)):
            _listed(terminal, lines)
    _audit(terminal, report)
    for line in in_lines(report.comparison) if report.comparison is not None else ():
        terminal.write_line(line)
    terminal.write_line(
        f"reports  {folder}/conformance.html, conformance.json, summary.md, junit.xml, report.html, allure-results/"
    )
    tested = f"   {report.decided} of {len(report.results)} requirements were tested"
    if report.exit_reason:
        terminal.write_line(f"exit     {report.exit_status}: {report.exit_reason}", **colours)
    terminal.write_line(f"verdict  {report.verdict.upper()}{tested}", bold=True, **colours)


def gateway_sentence(report: Report) -> str:
    """Return how many requests never came to the target, in words."""
    return f"{report.gateway_answers} of {report.requests_sent} requests were answered in the target's place"


def print_breaches(terminal: pytest.TerminalReporter, report: Report, style: str, *, names: bool) -> None:
    """Write each breach that fails the run once, in the style of `--tb`; with `names` all that follows from it.

    Without `names`, what finds no room is left to the summary: a run is read in a minute, the reports have the rest.
    """
    failing = [group for group in report.groups if group.cause in report.broken]
    if not failing or style == "no":
        return
    terminal.section("BREACHES", sep="=")
    used, left = 0, 0
    for number, group in enumerate(failing, 1):
        lines = group_lines(report, group, style, whole=names)
        if style != "line" and not names and number > 1 and used + len(lines) >= _ROOM_FOR_ALL:
            left += 1
            continue
        used += len(lines) + 1
        if style != "line":
            terminal.write_sep("_", f"{number} of {len(failing)}: {group.endangers}", red=True, bold=True)
        for line in lines:
            terminal.write_line(line)
    if left:
        told = f"and {left} more below, in a line each: -v tells all in full, {SCRIPTS}/ has a script for each"
        terminal.write_line(told, red=True)


def group_lines(report: Report, group: Group, style: str, *, whole: bool) -> list[str]:
    """Return a group of broken requirements in lines: the cause with its evidence, and what follows from it."""
    requirement, breach = group.cause.requirement, group.cause.breaches[0]
    if style == "line":
        return [f"{headline(item.requirement)} {in_short(item.breaches[0])}" for item in group.members]
    again = again_line(breach.test, report.given, report.seed)
    lines = [
        title(requirement),
        f"  seen      {seen(group.cause)}",
        *(facts(breach) if whole else facts(breach, _STEPS_SHOWN)),
    ]
    lines += [] if style == "short" else proof(breach)
    if any(item.known for item in group.cause.breaches):
        lines.append("  known     an entry of the known failures covers it in part; what is told here is new")
    lines += way(requirement, again)
    if note := company_note(group.cause):
        lines.append(f"            {note}")
    if requirement.id in report.scripts:
        lines.append(f"  script    {SCRIPTS}/{report.scripts[requirement.id].name}, beside the reports, shows it again")
    if group.follows and not whole and len(lines) + 1 + min(len(group.follows), _FOLLOWS_SHOWN + 1) > _ROOM:
        lines.append(f"  likely follows from it: {_few([item.requirement.id for item in group.follows], _IDS_SHOWN)}")
    elif group.follows:
        shown = group.follows if whole else group.follows[:_FOLLOWS_SHOWN]
        lines.append("  likely follows from it:")
        lines += [f"    {in_one_line(item)}" for item in shown]
        lines += _more(len(group.follows) - len(shown), "    ")
    return lines


def in_one_line(result: Result) -> str:
    """Return a broken requirement with what was expected and received, and how often, in one line."""
    return f"{title(result.requirement)} {in_short(result.breaches[0])} ({seen(result)})"


def in_short(breach: Breach) -> str:
    """Return what was expected and received in one line."""
    return f"expected: {breach.expected}; got: {breach.got}"


def seen(result: Result) -> str:
    """Return how often a requirement was broken, and by how many tests that was seen."""
    what = "response" if result.requirement.rule else "case"
    times = f"in {result.times_broken} of {result.looks} {what}{'' if result.looks == 1 else 's'}"
    tests = len({place.test for place in result.seen} - {CHECK})
    return f"{times}, by {tests} test{'' if tests == 1 else 's'}"


def print_failures(
    terminal: pytest.TerminalReporter, failures: Sequence[tuple[str, str]], *, all_of_them: bool
) -> None:
    """Write the tests that failed with their first breach: all of them, or else the first one for each breach."""
    if not failures:
        return
    first = {message.partition("\n")[0]: test for test, message in reversed(failures)}
    shown = [(test, message) for test, message in failures if all_of_them or first[message.partition("\n")[0]] == test]
    shown = shown if all_of_them else shown[:_FAILURES_SHOWN]
    terminal.section("tests that failed", sep="=")
    for test, message in shown:
        words = message.partition("\n")[0]
        told = words if first[words] == test else f"{words.partition(' ')[0]}: same as above"
        terminal.write_line(f"FAILED {test} - {told}")
    for line in _more(len(failures) - len(shown), ""):
        terminal.write_line(line)


def _more(number: int, indent: str) -> list[str]:
    return [f"{indent}and {number} more: -v tells all of them"] if number > 0 else []


def _broken(terminal: pytest.TerminalReporter, report: Report) -> None:
    """Write the causes that fail the run in a line each, and the warnings, which are told nowhere above."""
    failing = [group for group in report.groups if group.cause in report.broken]
    warned = [group for group in report.groups if group not in failing]
    for name, listed, colour in (("broken", failing, "red"), ("warnings (SHOULD)", warned, "yellow")):
        if listed:
            terminal.write_line("")
            terminal.write_line(
                f"{name}, the worst first:" if len(listed) > 1 else f"{name}:", bold=True, **{colour: True}
            )
        for number, group in enumerate(listed[:_BROKEN_SHOWN]):
            ids = [item.requirement.id for item in group.follows]
            follows = f" (likely follows: {_few(ids, _FOLLOWS_SHOWN)})" if ids else ""
            in_full = listed is failing and number == 0
            words = title(group.cause.requirement) if in_full else in_one_line(group.cause)
            terminal.write_line(f"  {words}{follows}", **{colour: True})
        if len(listed) > _BROKEN_SHOWN:
            terminal.write_line(f"  and {len(listed) - _BROKEN_SHOWN} more: the reports have them")


def _few(names: Sequence[str], number: int) -> str:
    more = f" and {len(names) - number} more" if len(names) > number else ""
    return ", ".join(names[:number]) + more


def _known(terminal: pytest.TerminalReporter, report: Report) -> None:
    """Write each known failure with what was seen of it, and the entries that no longer fit."""
    for result in report.results:
        if result.known is not None:
            told = f"known    {known_words(result.known)}: {result.verdict}"
            seen = next((f": expected {item.expected}; got {item.got}" for item in result.breaches if item.known), "")
            terminal.write_line(told + seen, yellow=result.verdict is Verdict.KNOWN)
    for words in report.stale:
        terminal.write_line(f"stale    {words}", red=True)


def _listed(terminal: pytest.TerminalReporter, lines: Sequence[str]) -> None:
    """Write some lines of a kind, all of them only where the user asks for more."""
    shown = lines if terminal.verbosity > 0 else lines[:_LISTED]
    for line in [*shown, *_more(len(lines) - len(shown), "")]:
        terminal.write_line(line)


def _partly_tested(report: Report) -> list[str]:
    told = []
    for result in report.partial:
        cases = f"{result.cases.decided} of {result.cases.planned} cases"
        reason = f": {result.reason.words}" if result.reason else ""
        told.append(f"passed, {cases}{reason}: {result.requirement.id}")
    return told


def _audit(terminal: pytest.TerminalReporter, report: Report) -> None:
    if report.audit is None:
        return
    able, of = len(report.audit.able), len(report.audit.able) + len(report.audit.vacuous)
    terminal.write_line(f"audit    {able} of {of} passive requirements that were decided could have failed")
    if report.audit.vacuous:
        terminal.write_line(f"vacuous (no change of a response makes it fail): {', '.join(report.audit.vacuous)}")


def _not_tested(report: Report) -> list[str]:
    reasons: dict[str, list[str]] = {}
    for result in report.results:
        if result.verdict is Verdict.NOT_TESTED:
            reason = _NOT_TESTABLE if result.requirement.not_testable else result.reason.words if result.reason else ""
            reasons.setdefault(reason, []).append(result.requirement.id)
    return [f"not tested ({reason}): {_few(ids, _IDS_SHOWN)}" for reason, ids in reasons.items()]
