"""The catalogue of requirements: one row for each sentence that a target is held to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, cast

import yaml

from conformance.contract.sources import Source, resolve

Level = Literal["MUST", "SHOULD"]

LEVELS: Final = ("MUST", "SHOULD")
CONCERNS: Final = (
    "schema",
    "status",
    "headers",
    "echo",
    "customer options",
    "authentication",
    "tenancy",
    "validation",
    "uniqueness and state",
    "errors",
    "protocol",
    "leaks",
)
_ID: Final = re.compile(r"[A-Z]+(-[A-Z0-9]+)*-[0-9]+")
_REFUSES: Final = frozenset({"statuses", "missing", "nulled", "types", "values", "bodies", "media", "control"})
_SURVIVES: Final = frozenset({"text", "long", "deep", "numbers", "bodies"})
_TEXTS: Final = ("id", "level", "concern", "statement")
_REQUIRED: Final = (*_TEXTS, "source")
_OPTIONAL: Final = ("rule", "refuses", "survives", "not_testable")


class CatalogueError(ValueError):
    """A catalogue that cannot be used; the message is one sentence that names the file and the row."""


@dataclass(frozen=True, repr=False)
class Requirement:
    """One sentence of the contract: who is held to it, how strictly, where it is written and what decides it.

    `rule` is a passive check that is applied to every exchange of the operation, `refuses` and `survives` are tables
    of requests for a contract check; a requirement with none of them is decided by the tests that name its id.
    """

    id: str
    level: Level
    operation: str
    concern: str
    statement: str
    sources: tuple[Source, ...]
    rule: Mapping[str, Any] | None = None
    refuses: Mapping[str, Any] | None = None
    survives: Mapping[str, Any] | None = None
    not_testable: str | None = None

    def __repr__(self) -> str:
        return self.id

    @property
    def source(self) -> str:
        """The sources by their labels, as a text for people."""
        return "; ".join(source.label for source in self.sources)


@dataclass(frozen=True)
class Fact:
    """What one response tells and a later one repeats: places (`request.key`, `response.id`) of key and value."""

    name: str
    key: tuple[str, ...]
    value: tuple[str, ...]


@dataclass(frozen=True)
class Creation:
    """A thing that an accepted request leaves on the target: its kind, and the places at which its name stands."""

    kind: str
    name: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """All requirements in the order of their files, and by operation the facts to remember and what is created."""

    requirements: tuple[Requirement, ...]
    facts: Mapping[str, tuple[Fact, ...]] = field(default_factory=dict)
    creations: Mapping[str, tuple[Creation, ...]] = field(default_factory=dict)

    @cached_property
    def by_id(self) -> dict[str, Requirement]:
        return {requirement.id: requirement for requirement in self.requirements}

    def __iter__(self) -> Iterator[Requirement]:
        return iter(self.requirements)

    def __len__(self) -> int:
        return len(self.requirements)

    def __contains__(self, requirement_id: object) -> bool:
        return requirement_id in self.by_id

    def __getitem__(self, requirement_id: str) -> Requirement:
        return self.by_id[requirement_id]


def load_catalogue(folder: Path) -> Catalogue:
    """The folder of the catalogue's YAML files, one for each operation: returns them as one catalogue.

    Raises `CatalogueError` for a folder without files, broken YAML, a malformed row, or an id that stands twice.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise CatalogueError(f"the catalogue folder {folder} holds no .yaml file")
    documents = [(file, _document(file)) for file in files]
    rows = [
        (_requirement(row, document["operation"], f"{file.name}, row {number}"), file)
        for file, document in documents
        for number, row in enumerate(document["requirements"], 1)
    ]
    _refuse_duplicates(rows)
    facts = {document["operation"]: _facts(document.get("remember", []), file.name) for file, document in documents}
    creations = {
        document["operation"]: _creations(document.get("creates", []), file.name) for file, document in documents
    }
    return Catalogue(tuple(requirement for requirement, _ in rows), facts, creations)


def _document(file: Path) -> dict[str, Any]:
    try:
        document = yaml.load(file.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        place = getattr(error, "problem_mark", None)
        where = f", line {place.line + 1}" if place else ""
        raise CatalogueError(f"{file.name}{where}: the catalogue file is no valid YAML") from None
    if not isinstance(document, dict) or not isinstance(document.get("operation"), str):
        raise CatalogueError(f"{file.name}: a catalogue file starts with `operation:` and has a list `requirements:`")
    if not isinstance(document.get("requirements"), list):
        raise CatalogueError(f"{file.name}: `requirements:` is no list")
    return document


def _facts(rows: Any, where: str) -> tuple[Fact, ...]:
    try:
        return tuple(Fact(row["fact"], tuple(row["key"]), tuple(row["value"])) for row in rows)
    except (KeyError, TypeError):
        raise CatalogueError(f"{where}: each row of `remember:` has `fact`, and lists `key` and `value`") from None


def _creations(rows: Any, where: str) -> tuple[Creation, ...]:
    try:
        return tuple(Creation(row["kind"], tuple(row["name"])) for row in rows)
    except (KeyError, TypeError):
        raise CatalogueError(f"{where}: each row of `creates:` has `kind`, and a list `name`") from None


def _requirement(row: Any, operation: str, where: str) -> Requirement:
    if not isinstance(row, dict):
        raise CatalogueError(f"{where}: a requirement is a mapping with {', '.join(_REQUIRED)}")
    where = f"{where} ({row.get('id', 'without an id')})"
    for name in _TEXTS:
        if not isinstance(row.get(name), str) or not row[name].strip():
            raise CatalogueError(f"{where}: `{name}` is missing or no text")
    unknown = sorted(set(row) - {*_REQUIRED, *_OPTIONAL})
    if unknown:
        raise CatalogueError(f"{where}: unknown key `{unknown[0]}`; known are {', '.join((*_REQUIRED, *_OPTIONAL))}")
    if not _ID.fullmatch(row["id"]):
        raise CatalogueError(f"{where}: an id is made of capitals and digits and ends in a number, as SIGNUP-ECHO-1")
    if row["level"] not in LEVELS:
        raise CatalogueError(f"{where}: level {row['level']} is neither MUST nor SHOULD")
    if row["concern"] not in CONCERNS:
        raise CatalogueError(f"{where}: concern {row['concern']} is none of {', '.join(CONCERNS)}")
    for name in ("rule", "refuses", "survives"):
        if name in row and not isinstance(row[name], dict):
            raise CatalogueError(f"{where}: `{name}` is no mapping")
    for name, keys in (("refuses", _REFUSES), ("survives", _SURVIVES)):
        strange = [key for key in row.get(name, ()) if key not in keys]
        if strange:
            raise CatalogueError(
                f"{where}: unknown key `{strange[0]}` in `{name}`; known are {', '.join(sorted(keys))}"
            )
    if len(row.get("rule") or {"": None}) != 1:
        raise CatalogueError(f"{where}: `rule` names exactly one kind of check")
    return Requirement(
        id=row["id"],
        level=cast(Level, row["level"]),
        operation=operation,
        concern=row["concern"],
        statement=" ".join(row["statement"].split()),
        sources=_sources(row.get("source"), where),
        rule=row.get("rule"),
        refuses=row.get("refuses"),
        survives=row.get("survives"),
        not_testable=row.get("not_testable"),
    )


def _sources(references: Any, where: str) -> tuple[Source, ...]:
    if not isinstance(references, list) or not references or not all(isinstance(item, str) for item in references):
        raise CatalogueError(f"{where}: `source` is no list of references, such as [contract#error-shape]")
    try:
        return tuple(resolve(reference) for reference in references)
    except ValueError as error:
        raise CatalogueError(f"{where}: {error}") from None


def _refuse_duplicates(rows: Iterable[tuple[Requirement, Path]]) -> None:
    seen: dict[str, Path] = {}
    for requirement, file in rows:
        if requirement.id in seen:
            other = seen[requirement.id].name
            raise CatalogueError(f"{file.name}: the id {requirement.id} stands twice (first in {other})")
        seen[requirement.id] = file
