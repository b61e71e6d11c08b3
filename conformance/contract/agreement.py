"""Whether catalogue and OpenAPI document speak of the same API: operations, fields, headers, statuses and facts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from conformance.contract.catalogue import (
    GENERAL,
    Catalogue,
    CatalogueError,
    Origin,
    Requirement,
)
from conformance.contract.document import Contract, Operation
from conformance.contract.paths import Shape
from conformance.contract.words import remedy
from conformance.contract.yamlfile import DataPath, YamlFile

_WHOLE: Final = {"schema": "response", "header": "header", "error-body": "statuses", "error-status": "refusal"}
"""The kinds of rule that have one parameter, by what it stands for."""

_REQUEST: Final = ("request", "by", "when", "unless", "secret")
_RESPONSE: Final = ("response", "earlier", "later", "field", "known", "id_of", "echoes")
_REFUSAL: Final = ("refusal",)
_STATUSES: Final = ("statuses",)
_CHANGING: Final = ("missing",)
"""The tables that change a field which a valid request has."""

_PUTTING: Final = (
    "nulled",
    "emptied",
    "types",
    "values",
    "together",
    "text",
    "long",
    "wide",
    "names",
    "deep",
    "numbers",
    "control",
)
"""The tables that put a value at a place."""


def refuse_disagreement(catalogue: Catalogue, contract: Contract) -> None:
    """Check what a JSON Schema cannot say of a catalogue, now that the document is there.

    Raises `CatalogueError` with file, line, id and the nearest right word: for an operation, a field, a header, a
    status or a fact that is not there, for a place of a response that two rows own, and for an operation whose response
    as a whole no row owns, since a breach at a place without an owner would be lost.
    """
    for place, words in _disagreements(catalogue, contract):
        raise CatalogueError(f"{place}: {words}")


def _disagreements(catalogue: Catalogue, contract: Contract) -> Iterator[tuple[str, str]]:
    facts = [fact.name for known in catalogue.facts.values() for fact in known]
    yield from _operations(catalogue, contract)
    for row in catalogue:
        yield from mistakes_of(row, contract, facts)
    for operation in contract.operations.values():
        for fact in catalogue.facts.get(operation.id, ()):
            yield from _places(fact.origin, {"key": fact.key, "value": fact.value}, operation)
        for creation in catalogue.creations.get(operation.id, ()):
            yield from _places(creation.origin, {"name": creation.name}, operation)
    for file in catalogue.files:
        yield from _hidden(file, contract.operations.get(file.data.get("operation", "")))
    yield from _owners(catalogue, contract)


def mistakes_of(row: Requirement, contract: Contract, facts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the places at which a row names what the document lacks, or a fact that no file remembers, with words."""
    held = _Row(row, contract)
    yield from held.of_rule(facts)
    yield from held.of_tables()


def _operations(catalogue: Catalogue, contract: Contract) -> Iterator[tuple[str, str]]:
    known = [*contract.operations, GENERAL]
    shares = any(row.is_shared for row in catalogue)
    for name, names in catalogue.names.items():
        place = names.origin.place() if names.origin else name
        if name not in known:
            yield place, f"the document has no operation `{name}`{remedy(name, known)}"
        elif shares and name != GENERAL and not names.short:
            yield place, f"{name} has no `short` name, so that it would have no row that applies to all operations"


class _Row:
    """A row of the catalogue that is held against its operation."""

    def __init__(self, row: Requirement, contract: Contract) -> None:
        self.row = row
        self.contract = contract
        self.operation: Operation | None = contract.operations.get(row.operation)
        self.everywhere = {status for operation in contract.operations.values() for status in operation.bodies}

    def of_rule(self, facts: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield what is wrong in the row's rule."""
        for kind, params in (self.row.rule or {}).items():
            whole = not isinstance(params, Mapping)
            named: Mapping[str, Any] = {_WHOLE.get(kind, kind): params} if whole else params
            path = ("rule",) if whole else ("rule", kind)
            for name, value in named.items():
                where = (*path, kind if whole else name)
                if name in _REQUEST:
                    yield from self._fields(where, value, "request")
                elif name in _RESPONSE:
                    yield from self._fields(where, value, "response")
                elif name in _REFUSAL:
                    yield from self._fields(where, value, "refusal")
                elif name == "shapes":
                    yield from self._shapes(where, value)
                elif name in _STATUSES:
                    yield from self._statuses(where, value, success=kind == "accepts")
                elif name == "header":
                    yield from self._header(where, value)
                elif name == "fact" and value not in facts:
                    yield self._at(where), f"no file remembers the fact `{value}`{remedy(value, facts)}"
                elif name in ("ids", "free"):
                    yield from self._ids(where, value)
                elif name == "siblings":
                    yield from self._siblings(where, value)
                elif name == "tolerates_empty":
                    yield from self._tolerated(where, value)
                elif name == "asks_for":
                    yield from self._fields(where, value, "request", put=True)
                elif name == "tolerates" and kind == "accepts":
                    yield from self._withheld(where, value)

    def of_tables(self) -> Iterator[tuple[str, str]]:
        """Yield what is wrong in the row's tables of requests."""
        for table in ("refuses", "survives"):
            given = getattr(self.row, table) or {}
            for name, value in given.items():
                where = (table, name)
                if name in _CHANGING:
                    yield from self._fields(where, value, "request")
                elif name in _PUTTING:
                    yield from self._fields(where, value, "request", put=True)
                elif name in _STATUSES:
                    yield from self._statuses(where, value)
                elif name == "always" and value > given.get("each", 0):
                    yield self._at(where), f"`always` is {value}, more than the cases of a field that `each` allows"

    def _at(self, path: DataPath) -> str:
        return f"{self.row.origin.place(*path)} ({self.row.id})"

    def _fields(self, where: DataPath, value: Any, side: str, *, put: bool = False) -> Iterator[tuple[str, str]]:
        shape: Shape | None = getattr(self.operation, side) if self.operation else None
        shapes: list[Shape] = [getattr(one, side) for one in self.contract.operations.values()]
        known_to = [shape] if shape and not self.row.is_shared else shapes
        for part, field in _parts(value):
            if not any(one.knows(field, put=put) for one in known_to):
                known = [path for one in ([shape] if shape else shapes) for path in one.paths(put=put)]
                words = f"the {side} of {self.row.operation} has no field `{field}`{remedy(field, known)}"
                yield self._at((*where, *part)), words

    def _shapes(self, where: DataPath, value: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
        for number, shape in enumerate(value):
            yield from self._fields((*where, number, "fields"), shape["fields"], "refusal")
            yield from self._tolerated((*where, number, "statuses"), shape.get("statuses", []))

    def _ids(self, where: DataPath, value: list[str]) -> Iterator[tuple[str, str]]:
        """Yield the places that no operation's response has: one list of them serves all operations."""
        shapes = [operation.response for operation in self.contract.operations.values()]
        for number, field in enumerate(value):
            if not any(shape.knows(field) for shape in shapes):
                known = [path for shape in shapes for path in shape.paths()]
                yield self._at((*where, number)), f"no response has a field `{field}`{remedy(field, known)}"

    def _siblings(self, where: DataPath, value: list[str]) -> Iterator[tuple[str, str]]:
        for number, name in enumerate(value):
            if name not in self.contract.operations:
                words = f"the document has no operation `{name}`{remedy(name, self.contract.operations)}"
                yield self._at((*where, number)), words

    def _header(self, where: DataPath, header: str) -> Iterator[tuple[str, str]]:
        operation = self.operation
        known = [name for status in operation.success for name in operation.headers[status]] if operation else []
        if header.lower() not in known:
            words = f"the document has no header `{header}` for a success of {self.row.operation}"
            yield self._at(where), f"{words}{remedy(header.lower(), known)}"

    def _statuses(self, where: DataPath, value: list[int], *, success: bool = False) -> Iterator[tuple[str, str]]:
        documented = set(self.operation.success if success else self.operation.bodies) if self.operation else set()
        what = "success" if success else "status"
        for number, status in enumerate(value):
            if status not in documented:
                known = ", ".join(map(str, sorted(documented))) or "none"
                words = f"the document has no {what} {status} for {self.row.operation}; it has {known}"
                yield self._at((*where, number)), words

    def _tolerated(self, where: DataPath, value: list[int]) -> Iterator[tuple[str, str]]:
        """What is tolerated of several operations need not be documented for each."""
        for number, status in enumerate(value):
            if status not in self.everywhere:
                known = ", ".join(map(str, sorted(self.everywhere)))
                yield self._at((*where, number)), f"the document has no status {status}; it has {known}"

    def _withheld(self, where: DataPath, value: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
        for number, case in enumerate(value):
            yield from self._statuses((*where, number, "statuses"), case["statuses"])
            try:
                re.compile(case["says"])
            except re.error as error:
                yield self._at((*where, number, "says")), f"`{case['says']}` is no regular expression: {error}"


def _parts(value: Any) -> Iterator[tuple[DataPath, str]]:
    """Yield the paths of a parameter (a path, lists of them, or a mapping by them), each with its place in it."""
    if isinstance(value, str):
        yield (), value
    elif isinstance(value, dict):
        yield from (((name,), name) for name in value)
    else:
        for number, paths in enumerate(value):
            yield from (((number, *part), path) for part, path in _parts(paths))


def _places(origin: Origin, named: Mapping[str, tuple[str, ...]], operation: Operation) -> Iterator[tuple[str, str]]:
    for name, places in named.items():
        for number, place in enumerate(places):
            side, _, field = place.partition(".")
            shape: Shape = getattr(operation, side)
            if not shape.knows(field):
                known = [f"{side}.{path}" for path in shape.paths()]
                yield origin.place(name, number), f"{operation.id} has no `{place}`{remedy(place, known)}"


def _hidden(file: YamlFile, operation: Operation | None) -> Iterator[tuple[str, str]]:
    """Yield the secret and private places of an operation that it lacks: what is misspelled there would be shown.

    So it is with the places that name an account, which would be nobody's.
    """
    if operation is None:
        return
    secrets = file.data.get("secrets", {})
    headers = [name for known in operation.headers.values() for name in known]
    for path, names, known in (
        (("secrets", "request"), secrets.get("request", ()), operation.request.paths()),
        (("secrets", "response"), secrets.get("response", ()), operation.response.paths()),
        (("secrets", "headers"), map(str.lower, secrets.get("headers", ())), headers),
        (("private",), file.data.get("private", ()), operation.request.paths()),
        (("account",), file.data.get("account", ()), operation.request.paths()),
    ):
        for number, name in enumerate(names):
            if name not in known:
                yield (
                    file.place((*path, number)),
                    f"{operation.id} has no `{name}`, which is named under `{path[-1]}`{remedy(name, known)}",
                )


def _owners(catalogue: Catalogue, contract: Contract) -> Iterator[tuple[str, str]]:
    """Yield places of responses that two rows own, and operations whose response as a whole no row owns."""
    owners: dict[tuple[str, str], Requirement] = {}
    for row in catalogue:
        for number, path in enumerate((row.rule or {}).get("schema", ())):
            first = owners.setdefault((row.operation, path), row)
            if first is not row:
                place = row.origin.place("rule", "schema", number)
                yield f"{place} ({row.id})", f"the place `{path}` belongs to {first.id} already"
    for operation in contract.operations:
        if (operation, "") not in owners:
            names = catalogue.names.get(operation)
            where = names.origin.file.name if names and names.origin else contract.file.name
            yield where, f'no row has `rule: {{schema: [""]}}` for {operation}: breaches of its schema would be lost'
