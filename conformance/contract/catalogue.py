"""The catalogue of requirements: one row for each sentence that a target is held to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from conformance.contract.form import Form
from conformance.contract.sources import Source, resolve
from conformance.contract.words import remedy
from conformance.contract.yamlfile import DataPath, YamlError, YamlFile, read_yaml

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
GENERAL: Final = "general"
"""The operation of the requirements that hold beside those of the document."""


class CatalogueError(ValueError):
    """A catalogue that cannot be used; the message is one sentence that names the file, line and row."""


@dataclass(frozen=True)
class Origin:
    """Where a row of the catalogue stands."""

    file: YamlFile
    path: DataPath

    def place(self, *parts: str | int) -> str:
        """Return file and line of the row, or of a part of it, in words."""
        return self.file.place((*self.path, *parts))


@dataclass(frozen=True, repr=False)
class Requirement:
    """One sentence of the contract: who is held to it, how strictly, where it is written and what decides it.

    `rule` is a passive check that is applied to every exchange of the operation, `refuses` and `survives` are tables
    of requests for a contract check; a requirement with none of them is decided by the tests that name its id. `owasp`
    is the id of a category (`conformance.contract.owasp`). `endangers` says what a breach puts at risk, where that is
    more than its concern; `follows` has the requirements, or families of them, whose breach brings about a breach of
    this one.
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
    owasp: str | None = None
    endangers: str | None = None
    follows: tuple[str, ...] = ()
    origin: Origin = field(kw_only=True, compare=False)

    def __repr__(self) -> str:
        return self.id

    @property
    def is_shared(self) -> bool:
        """Whether the row is written once for several operations."""
        return "operation" not in self.origin.file.data

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
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True)
class Creation:
    """A thing that an accepted request leaves on the target: its kind, and the places at which its name stands."""

    kind: str
    name: tuple[str, ...]
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True)
class Secrets:
    """The places at which an operation's requests and responses hold secrets: fields, and headers of the response."""

    request: tuple[str, ...] = ()
    response: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Names:
    """What an operation is called in rows that it shares: how its ids begin, and its anchors in the contract."""

    short: str = ""
    section: str = ""
    origin: Origin | None = field(default=None, compare=False, repr=False)

    def put_into(self, text: str) -> str:
        """Return a text of a shared row as it is for the operation."""
        return text.replace("{short}", self.short).replace("{section}", self.section)


@dataclass(frozen=True)
class Catalogue:
    """All requirements; and by operation the facts to remember, what is created, secret or private, and its names.

    `accounts` are the fields of a request that name the account which it is sent for.
    """

    requirements: tuple[Requirement, ...]
    facts: Mapping[str, tuple[Fact, ...]] = field(default_factory=dict)
    creations: Mapping[str, tuple[Creation, ...]] = field(default_factory=dict)
    secrets: Mapping[str, Secrets] = field(default_factory=dict)
    private: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    accounts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: Mapping[str, Names] = field(default_factory=dict)
    files: tuple[YamlFile, ...] = field(default=(), repr=False)

    @cached_property
    def by_id(self) -> dict[str, Requirement]:
        return {requirement.id: requirement for requirement in self.requirements}

    @cached_property
    def withheld(self) -> dict[str, list[Mapping[str, Any]]]:
        """Return by operation the refusals by which a target lawfully withholds it: what `accepts` tolerates."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        for row in self.requirements:
            found.setdefault(row.operation, []).extend((row.rule or {}).get("accepts", {}).get("tolerates", ()))
        return found

    def __iter__(self) -> Iterator[Requirement]:
        return iter(self.requirements)

    def __len__(self) -> int:
        return len(self.requirements)

    def __contains__(self, requirement_id: object) -> bool:
        return requirement_id in self.by_id

    def __getitem__(self, requirement_id: str) -> Requirement:
        return self.by_id[requirement_id]


def load_catalogue(folder: Path, schema: Path | None = None) -> Catalogue:
    """Return the YAML files of a folder as one catalogue.

    A file belongs to one operation, or holds rows for several; of an operation, its own rows come first, then those
    that it shares, and rows whose ids differ in the number alone stand together. `schema` is the JSON Schema of the
    files; it stands beside the folder where nothing is said. Raises `CatalogueError` for a folder without files, a file
    that is not as the schema has it, an unknown source or operation, or an id that stands twice.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise CatalogueError(f"the catalogue folder {folder} holds no .yaml file")
    form = _form(schema or folder.with_name(f"{folder.name}.schema.json"))
    documents = [_document(file, form) for file in files]
    names = _names(documents)
    own = [document for document in documents if "operation" in document.data]
    rows = [row for document in own for row in _own_rows(document)]
    rows += [row for document in documents if document not in own for row in _shared_rows(document, names)]
    _refuse_duplicates(rows)
    _refuse_unknown_causes(rows)
    return Catalogue(
        tuple(_arranged(rows, list(names))),
        {name: tuple(_facts(own, name)) for name in names},
        {name: tuple(_creations(own, name)) for name in names},
        {name: _secrets(own, name) for name in names},
        {name: tuple(_listed(own, name, "private")) for name in names},
        {name: tuple(_listed(own, name, "account")) for name in names},
        names,
        tuple(documents),
    )


def _form(schema: Path) -> Form:
    try:
        return Form.load(schema)
    except FileNotFoundError:
        raise CatalogueError(f"the JSON Schema of the catalogue, {schema}, does not exist") from None
    except (OSError, ValueError):
        raise CatalogueError(f"{schema.name}: this is no JSON Schema") from None


def _document(file: Path, form: Form) -> YamlFile:
    try:
        document = read_yaml(file)
    except YamlError as error:
        raise CatalogueError(str(error)) from None
    mistake = form.mistake(document)
    if mistake is not None:
        raise CatalogueError(f"{document.place(mistake.path)}{_named(document, mistake.path)}: {mistake.words}")
    return document


def _named(document: YamlFile, path: DataPath) -> str:
    """Return the id of the row that a path leads into, in brackets; nothing for another path or a row without an id."""
    match path:
        case ("requirements", int(number), *_):
            row = document.data["requirements"][number]
            return f" ({row['id']})" if isinstance(row, dict) and isinstance(row.get("id"), str) else ""
        case _:
            return ""


def _names(documents: Sequence[YamlFile]) -> dict[str, Names]:
    """Return the names of each operation that has a file, in the order of the files."""
    found: dict[str, dict[str, str]] = {}
    for document in documents:
        operation = document.data.get("operation")
        known = found.setdefault(operation, {}) if operation else {}
        for key in ("short", "section"):
            name = document.data.get(key)
            others = {other: names[key] for other, names in found.items() if key in names and other != operation}
            if name is not None and known.setdefault(key, name) != name:
                raise CatalogueError(f"{document.place((key,))}: `{key}` of {operation} is {known[key]} elsewhere")
            if key == "short" and name in others.values():
                raise CatalogueError(f"{document.place((key,))}: another operation has the short name {name}")
    named_last = sorted(documents, key=lambda document: "short" in document.data)
    origins = {document.data.get("operation"): Origin(document, ("operation",)) for document in named_last}
    return {operation: Names(**known, origin=origins[operation]) for operation, known in found.items()}


def _own_rows(document: YamlFile) -> Iterator[Requirement]:
    for number, row in enumerate(document.data["requirements"]):
        yield _requirement(row, document.data["operation"], Names(), Origin(document, ("requirements", number)))


def _shared_rows(document: YamlFile, names: Mapping[str, Names]) -> Iterator[Requirement]:
    """Yield a row for each operation that it applies to; all operations are those that have a short name."""
    everybody = [name for name, known in names.items() if known.short]
    for number, row in enumerate(document.data["requirements"]):
        origin = Origin(document, ("requirements", number))
        chosen = everybody if row["applies_to"] == "all" else row["applies_to"]
        for operation in chosen:
            if operation not in everybody:
                where = f"{origin.place('applies_to')} ({row['id']})"
                known = remedy(operation, everybody)
                raise CatalogueError(f"{where}: no file gives the operation `{operation}` a `short` name{known}")
            yield _requirement(row, operation, names[operation], origin)


def _requirement(row: Mapping[str, Any], operation: str, names: Names, origin: Origin) -> Requirement:
    identity = names.put_into(row["id"])
    try:
        sources = tuple(resolve(names.put_into(reference)) for reference in row["source"])
    except ValueError as error:
        raise CatalogueError(f"{origin.place('source')} ({identity}): {error}") from None
    return Requirement(
        id=identity,
        level=row["level"],
        operation=operation,
        concern=row["concern"],
        statement=" ".join(row["statement"].split()),
        sources=sources,
        rule=row.get("rule"),
        refuses=row.get("refuses"),
        survives=row.get("survives"),
        not_testable=row.get("not_testable"),
        owasp=row.get("owasp"),
        endangers=row.get("endangers"),
        follows=tuple(names.put_into(name) for name in row.get("follows", ())),
        origin=origin,
    )


def _arranged(rows: Iterable[Requirement], operations: list[str]) -> list[Requirement]:
    """Return the rows by operation, and within it by family (SIGNUP-ECHO), in which the numbers of the ids count."""
    families: dict[str, int] = {}

    def place(row: Requirement) -> tuple[int, int, int]:
        family, _, number = row.id.rpartition("-")
        return operations.index(row.operation), families.setdefault(family, len(families)), int(number)

    return sorted(rows, key=place)


def _facts(documents: Iterable[YamlFile], operation: str) -> Iterator[Fact]:
    for document in documents:
        if document.data["operation"] == operation:
            for number, row in enumerate(document.data.get("remember", ())):
                origin = Origin(document, ("remember", number))
                yield Fact(row["fact"], tuple(row["key"]), tuple(row["value"]), origin)


def _creations(documents: Iterable[YamlFile], operation: str) -> Iterator[Creation]:
    for document in documents:
        if document.data["operation"] == operation:
            for number, row in enumerate(document.data.get("creates", ())):
                yield Creation(row["kind"], tuple(row["name"]), Origin(document, ("creates", number)))


def _secrets(documents: Iterable[YamlFile], operation: str) -> Secrets:
    found: dict[str, list[str]] = {}
    for document in documents:
        if document.data["operation"] == operation:
            for where, names in document.data.get("secrets", {}).items():
                found.setdefault(where, []).extend(names)
    return Secrets(**{where: tuple(names) for where, names in found.items()})


def _listed(documents: Iterable[YamlFile], operation: str, key: str) -> Iterator[str]:
    for document in documents:
        if document.data["operation"] == operation:
            yield from document.data.get(key, ())


def _refuse_duplicates(rows: Iterable[Requirement]) -> None:
    seen: dict[str, Requirement] = {}
    for row in rows:
        first = seen.setdefault(row.id, row)
        if first is not row:
            raise CatalogueError(
                f"{row.origin.place()}: the id {row.id} stands twice (first in {first.origin.place()})"
            )


def _refuse_unknown_causes(rows: Sequence[Requirement]) -> None:
    known = {name for row in rows for name in (row.id, row.id.rpartition("-")[0])}
    for row in rows:
        for name in row.follows:
            if name not in known and not row.is_shared:
                where = f"{row.origin.place('follows')} ({row.id})"
                raise CatalogueError(f"{where}: no requirement has the id `{name}`, or one that begins so")
