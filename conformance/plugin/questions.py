"""Questions about the catalogue that a user may ask without a target: which requirements there are, and what one is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from textwrap import fill
from typing import Final

from pytest_bdd.feature import get_feature

from conformance.contract.catalogue import Catalogue, Requirement
from conformance.contract.words import remedy
from conformance.generate.used import ids_of
from conformance.plugin.features import shown

_WIDTH: Final = 110
_FILL: Final = partial(fill, width=_WIDTH, break_long_words=False, break_on_hyphens=False)
_COLUMNS: Final = ("id", "level", "operation", "statement")


class QuestionError(ValueError):
    """A question without a response; the message is one sentence with the remedy."""


@dataclass(frozen=True)
class Scenario:
    """A scenario of a feature: its title, where it stands, and the ids of the requirements that it decides."""

    title: str
    place: str
    ids: frozenset[str]


def scenarios(folder: Path, root: Path) -> list[Scenario]:
    """Return the scenarios of all features of a folder; ids stand in tags, or in the examples' column `requirement`."""
    found = []
    for file in sorted(folder.glob("**/*.feature")):
        feature = get_feature(str(file.parent), file.name)
        for scenario in feature.scenarios.values():
            rows = [row for table in scenario.examples for row in table.as_contexts()]
            named = {word for row in rows for word in row.get("requirement", "").split()}
            tags = {*feature.tags, *scenario.tags, *(scenario.rule.tags if scenario.rule else ())}
            place = f"{shown(file, root)}, line {scenario.line_number}"
            found.append(Scenario(scenario.name, place, frozenset(named | tags)))
    return found


def deciders(row: Requirement, catalogue: Catalogue, known: Sequence[Scenario]) -> Iterator[str]:
    """Yield in words what decides a requirement: a check of each response, a table of requests, scenarios."""
    if row.not_testable:
        yield f"nobody: {row.not_testable}"
    if row.rule:
        yield f"the check {' and '.join(f'`{kind}`' for kind in row.rule)}, on every response that it is about"
    if row.refuses is not None:
        yield "a table of wrong requests, each of which has to be refused"
    if row.survives is not None:
        yield "a table of hostile requests, each of which has to be answered in an orderly way"
    for scenario in known:
        if row.id in scenario.ids:
            yield f"the scenario “{scenario.title}” ({scenario.place})"
    if row.id in ids_of(catalogue, row.operation):
        yield "schemathesis, on the requests that it makes"


def listed(catalogue: Catalogue, words: str) -> str:
    """Return the requirements as a table: those in whose id, level, operation, concern or statement all words are.

    Raises `QuestionError` where that is so of none.
    """
    wanted = words.replace(",", " ").casefold().split()
    rows = [row for row in catalogue if all(word in _text(row) for word in wanted)]
    if not rows:
        raise QuestionError(f"no requirement has {words!r} in its id, level, operation, concern and statement")
    table = [_COLUMNS, *((row.id, row.level, row.operation, row.statement) for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(3)]
    lines = ["  ".join([*map(str.ljust, line[:3], widths), line[3]]) for line in table]
    counts = ", ".join(f"{sum(row.level == level for row in rows)} {level}" for level in ("MUST", "SHOULD"))
    return "\n".join([*lines, "", f"{len(rows)} of {len(catalogue)} requirements ({counts})"])


def _text(row: Requirement) -> str:
    return " ".join((row.id, row.level, row.operation, row.concern, row.statement)).casefold()


def explained(
    name: str,
    catalogue: Catalogue,
    known: Sequence[Scenario],
    proofs: Mapping[str, Sequence[str]],
    command: str = "pytest",
) -> str:
    """Return what a requirement is: statement, level, sources with their links, what decides it and what proves it.

    `command` is the word that starts a run.

    Raises `QuestionError`, with the nearest id, where there is none of that name.
    """
    row = catalogue.by_id.get(name.strip().upper())
    if row is None:
        near = remedy(name.strip().upper(), catalogue.by_id) or "; --list-requirements lists all"
        raise QuestionError(f"there is no requirement {name!r}{near}")
    faults = proofs.get(row.id, ())
    sources = [
        source.label if source.label == source.href else f"{source.label} <{source.href}>" for source in row.sources
    ]
    proof = [f"the seeded fault {fault}: {command} --sandbox-fault {fault}" for fault in faults]
    parts = {
        "": [f"{row.id} ({row.level}, {row.operation}, {row.concern})", row.statement],
        "source": sources,
        "decided by": list(deciders(row, catalogue, known)),
        "proven by": proof or ["no seeded fault"],
        "written in": [f"{row.origin.place()}"],
    }
    if not row.not_testable:
        parts["alone"] = [f"""{command} -m 'requirement(id="{row.id}")'"""]
    return "\n".join(line for title, lines in parts.items() for line in _part(title, lines))


def _part(title: str, lines: Sequence[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if not title:
            yield _FILL(line)
        else:
            first = f"{'' if number else title:<12}"
            yield _FILL(line, initial_indent=first, subsequent_indent=" " * 12)
