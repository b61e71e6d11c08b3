"""The words in which a breach is told: the same in the terminal, in JUnit, in the HTML reports and in Allure."""

from __future__ import annotations

import shlex
import textwrap
from collections import Counter

from conformance.contract.catalogue import Catalogue, Requirement
from conformance.masking import MASK
from conformance.results.records import Breach, Record


def breach_message(requirement: Requirement, breach: Breach, again: str) -> str:
    """A breach, for the owner of the API: what is required, what came, where it is written, how to see it again."""
    lines = [
        f"{requirement.id} ({requirement.level}, {requirement.operation}) {requirement.statement}",
        f"  expected  {breach.expected}",
        f"  got       {breach.got}",
    ]
    if breach.exchange is not None:
        lines.append(f"  in        {breach.exchange['summary']}")
        if breach.exchange["response"] is not None and breach.exchange["response"]["body"]:
            lines.append(f"  answer    {textwrap.shorten(breach.exchange['response']['body'], 300, placeholder=' …')}")
        curl = breach.exchange["curl"]
        lines.append(f"  curl      {curl if len(curl) < 1500 else curl[:1500] + ' …'}")
        if MASK in curl:
            lines.append(f"            (put a token or password of your own in the place of {MASK})")
    lines += [f"  source    {requirement.source}", f"  again     {again}"]
    return "\n".join(lines)


def breaches_message(catalogue: Catalogue, record: Record, given: tuple[str, ...], seed: int) -> str:
    """All breaches of one test, the MUSTs first; those that repeat each other are told once, and counted."""
    again = again_line(record.test, given, seed)
    alike: dict[tuple[str, str, str], list[Breach]] = {}
    for breach in sorted(record.breaches, key=lambda item: catalogue[item.requirement].level):
        alike.setdefault((breach.requirement, breach.expected, breach.got), []).append(breach)
    parts = [breach_message(catalogue[first.requirement], first, again) for first, *_ in alike.values()]
    more = record.more_breaches + Counter(item.requirement for _, *rest in alike.values() for item in rest)
    parts += [f"{name}: {count} more of the same" for name, count in more.items()]
    return "\n\n".join(parts)


def again_line(test: str, given: tuple[str, ...], seed: int) -> str:
    """One line that runs a single test again, with the words that the user gave for the target, and the same seed.

    What was found before the first test is found again by any run.
    """
    return shlex.join(["pytest", *given, "--seed", str(seed), *([test] if "::" in test else [])])
