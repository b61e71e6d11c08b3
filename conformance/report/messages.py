"""The words for a breach: the same in the terminal, in JUnit, in the HTML reports and in Allure."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any, Final

from conformance.contract.catalogue import Catalogue, Requirement
from conformance.errors import Told
from conformance.masking import MASK
from conformance.report.marking import in_one_line
from conformance.results.causes import DEPTHS
from conformance.results.known import KnownFailure, KnownFailures
from conformance.results.records import Breach, Record
from conformance.results.verdicts import Result

UNFINISHED: Final = "the run is still going on, or it was killed"
_LONGEST_CURL: Final = 1500
_LED_SHOWN: Final = 6


def headline(requirement: Requirement) -> str:
    """Return a requirement in one line, which is the same in each run: reports of tests tell failures apart by it."""
    return f"{requirement.id} {requirement.statement}"


def title(requirement: Requirement) -> str:
    """Return a requirement with its level and operation in one line."""
    return f"{requirement.id} ({requirement.level}, {requirement.operation}) {requirement.statement}"


def breach_message(requirement: Requirement, breach: Breach, again: str) -> str:
    """Return a breach in words: what is required, what was received, the source, and how to reproduce it."""
    known = ["  known     an entry of the known failures covers it, so that it fails no run"] if breach.known else []
    return "\n".join([title(requirement), *facts(breach), *proof(breach), *known, *way(requirement, again)])


def facts(breach: Breach, steps: int = _LED_SHOWN) -> list[str]:
    """Return what was expected and what was received, in which response, and the last few steps that led to it."""
    lines = [f"  expected  {breach.expected}", f"  got       {breach.got}"]
    if breach.step and not breach.before:
        lines.append(f"  step      {breach.step}")
    lines += [f"  step      {told}" for told in _led(breach, steps)]
    return [*lines, f"  in        {breach.exchange['summary']}"] if breach.exchange is not None else lines


def _led(breach: Breach, steps: int) -> list[str]:
    """Return the last steps that led to a breach, in a line each with what they sent."""
    told = [
        " · ".join(filter(None, [led["step"], *(earlier["summary"] for earlier in led["exchanges"])]))
        for led in breach.before
    ]
    return told if len(told) <= steps else [f"… {told[-steps]}", *told[1 - steps :]]


def proof(breach: Breach) -> list[str]:
    """Return the response of a breach, and a line that sends its request again."""
    if breach.exchange is None:
        return []
    lines, response, curl = [], breach.exchange["response"], breach.exchange["curl"]
    if response is not None and (place := in_one_line(response["body"], breach.place)):
        lines.append(f"  place     {place}")
    if response is not None and response["body"]:
        lines.append(f"  response  {textwrap.shorten(response['body'], 300, placeholder=' …')}")
    lines.append(f"  curl      {curl if len(curl) < _LONGEST_CURL else curl[:_LONGEST_CURL] + ' …'}")
    if MASK in curl:
        lines.append(f"            (put a token or password of your own in the place of {MASK})")
    return lines


def way(requirement: Requirement, again: str) -> list[str]:
    """Return where a requirement is written, and the line that runs its test again."""
    return [f"  source    {requirement.source}", f"  again     {again}"]


def by_requirement(catalogue: Catalogue, breaches: Iterable[Breach]) -> dict[str, list[Breach]]:
    """Return breaches by requirement: new ones first, MUSTs before SHOULDs, and causes before their consequences."""

    def order(breach: Breach) -> tuple[bool, str, int]:
        requirement = catalogue[breach.requirement]
        return bool(breach.known), requirement.level, DEPTHS.index(requirement.concern)

    found: dict[str, list[Breach]] = {}
    for breach in sorted(breaches, key=order):
        found.setdefault(breach.requirement, []).append(breach)
    return found


def told(catalogue: Catalogue, record: Record, given: tuple[str, ...], seed: int) -> list[Told]:
    """Return what a test broke by requirement, as `by_requirement` sorts it; equal ones are shown once and counted."""
    again = again_line(record.test, given, seed)
    found = []
    for name, same in by_requirement(catalogue, record.breaches).items():
        alike = list({(breach.expected, breach.got): breach for breach in reversed(same)}.values())[::-1]
        parts = [breach_message(catalogue[name], breach, again) for breach in alike]
        more = record.more_breaches[name] + len(same) - len(alike)
        parts += [f"{name}: {more} more of the same"] if more else []
        found.append(Told(headline(catalogue[name]), "\n\n".join(parts)))
    return found


def repeated(parts: Iterable[Told], known: dict[str, str], test: str) -> str:
    """Return what a test broke: in full what no test before it has shown, else the test that has.

    `known` has the test by headline, and is told what is new.
    """
    lines = []
    for part in parts:
        first = known.setdefault(part.headline, test)
        lines.append(part.text if first == test else f"{part.headline}\n  the same as in {first}")
    return "\n\n".join(lines)


def known_message(known: KnownFailures, record: Record) -> str:
    """Return in words what a test has found of the known failures, a line for each; nothing where it found none."""
    lines = dict.fromkeys(
        f"known failure {known_words(entry)}: expected {breach.expected}; got {breach.got}"
        for breach in record.breaches
        if breach.known and (entry := known.get(breach.requirement))
    )
    return "\n".join(lines)


def known_words(entry: KnownFailure) -> str:
    """Return a known failure in words: its id, the reason, who sees to it, and its last day."""
    return f"{entry.requirement} ({entry.reason}; {entry.responsible}; until {entry.expires})"


def again_line(test: str, given: tuple[str, ...], seed: int) -> str:
    """Return a command line that runs one test again, with the command and words that the user gave, and the same seed.

    `given` begins with what runs pytest. Any run repeats what was found before the first test.
    """
    return shlex.join([*given, "--seed", str(seed), *([test] if "::" in test else [])])


def company_note(result: Result) -> str:
    """Return a sentence where a passive requirement was broken by some responses alone, or an empty text."""
    broken, looks = result.times_broken, result.looks
    if result.requirement.rule is None or not 0 < broken < looks:
        return ""
    return (
        f"{broken} of {looks} responses broke it, so it may need the requests of other tests before it: "
        "if this test alone does not show it, run the line without the test's name"
    )


def stopped_words(stopped: str) -> str:
    """Return in a sentence that a run was stopped, and why."""
    reason = stopped.rstrip(".")
    return f"The run has not finished: {f'it {reason[8:]}' if reason.startswith('the run ') else reason}."


def deviation_words(row: Mapping[str, Any]) -> str:
    """Return a status of the target's own choice in words, and how often it came."""
    return f"{row['operation']} refuses with {row['status']} in place of {row['like']}, seen {row['seen']} times"
