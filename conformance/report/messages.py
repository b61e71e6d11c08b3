"""The words for a breach: the same in the terminal, in JUnit, in the HTML reports and in Allure."""

from __future__ import annotations

import shlex
import textwrap
from collections import Counter

from conformance.contract.catalogue import Catalogue, Requirement
from conformance.masking import MASK
from conformance.results.known import KnownFailure, KnownFailures
from conformance.results.records import Breach, Record


def breach_message(requirement: Requirement, breach: Breach, again: str) -> str:
    """Return a breach in words: what is required, what was received, the source, and how to reproduce it."""
    lines = [
        f"{requirement.id} ({requirement.level}, {requirement.operation}) {requirement.statement}",
        f"  expected  {breach.expected}",
        f"  got       {breach.got}",
    ]
    if breach.exchange is not None:
        lines.append(f"  in        {breach.exchange['summary']}")
        if breach.exchange["response"] is not None and breach.exchange["response"]["body"]:
            lines.append(
                f"  response    {textwrap.shorten(breach.exchange['response']['body'], 300, placeholder=' …')}"
            )
        curl = breach.exchange["curl"]
        lines.append(f"  curl      {curl if len(curl) < 1500 else curl[:1500] + ' …'}")
        if MASK in curl:
            lines.append(f"            (put a token or password of your own in the place of {MASK})")
    if breach.known:
        lines.append("  known     an entry of the known failures covers it, so that it fails no run")
    lines += [f"  source    {requirement.source}", f"  again     {again}"]
    return "\n".join(lines)


def breaches_message(catalogue: Catalogue, record: Record, given: tuple[str, ...], seed: int) -> str:
    """Return all breaches of one test in words, new ones and MUSTs first; equal ones are shown once, and counted."""
    again = again_line(record.test, given, seed)
    alike: dict[tuple[str, str, str], list[Breach]] = {}
    for breach in sorted(record.breaches, key=lambda item: (bool(item.known), catalogue[item.requirement].level)):
        alike.setdefault((breach.requirement, breach.expected, breach.got), []).append(breach)
    parts = [breach_message(catalogue[first.requirement], first, again) for first, *_ in alike.values()]
    more = record.more_breaches + Counter(item.requirement for _, *rest in alike.values() for item in rest)
    parts += [f"{name}: {count} more of the same" for name, count in more.items()]
    return "\n\n".join(parts)


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

    Any run repeats what was found before the first test.
    """
    return shlex.join([*given, "--seed", str(seed), *([test] if "::" in test else [])])
