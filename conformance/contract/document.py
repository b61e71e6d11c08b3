"""The contract as a machine reads it: the OpenAPI document's operations, and the schemas of what they answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from conformance.contract.paths import Shape
from conformance.contract.references import mistakes, target
from conformance.contract.schemas import References, Schema, SchemaBreach
from conformance.contract.yamlfile import YamlError, read_yaml

_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class ContractError(ValueError):
    """An OpenAPI document that cannot be used; the message is one sentence that names the file, line and place."""


@dataclass(frozen=True)
class Operation:
    """One operation of the document, with a schema for each documented status and header.

    `request` is what a JSON body of a request may be, `response` what that of a success may be, `refusal` what that
    of a refusal may be; `accepts` is the schema of a request. `own` has the statuses that a target declares as its
    own choice, each with the documented ones in whose place it stands.
    """

    id: str
    method: str
    path: str
    needs_token: bool
    bodies: dict[int, Schema | None]
    headers: dict[int, dict[str, Schema]]
    any_media: frozenset[int]
    accepts: Schema | None
    request: Shape
    response: Shape
    refusal: Shape
    own: dict[int, tuple[int, ...]] = field(default_factory=dict)

    @property
    def success(self) -> tuple[int, ...]:
        """The documented statuses of success, in ascending order."""
        return tuple(status for status in sorted(self.bodies) if 200 <= status < 300)


@dataclass(frozen=True)
class Contract:
    """The operations of the document by id, and the document itself for those who read further in it."""

    document: dict[str, Any]
    file: Path
    operations: dict[str, Operation] = field(default_factory=dict)

    def resolve(self, value: dict[str, Any]) -> dict[str, Any]:
        """A node of the document that may be a reference: returns what it refers to."""
        return _resolve(self.document, value)

    def accepted(self, operation: str | None, statuses: Iterable[int]) -> tuple[int, ...]:
        """Return some statuses of an operation, and those that its target declares to stand in the place of one."""
        known = self.operations.get(operation or "")
        wanted = tuple(statuses)
        own = [] if known is None else [status for status, meant in known.own.items() if set(meant) & set(wanted)]
        return (*wanted, *(status for status in own if status not in wanted))

    def documented(self, operation: str, status: int) -> int:
        """Return the status in whose place one stands that the document does not have; any other as it is."""
        known = self.operations[operation]
        meant = known.own.get(status)
        responses = self.document["paths"][known.path][known.method.lower()]["responses"]
        return meant[0] if meant and str(status) not in responses else status

    def breaches(self, operation: str, status: int, body: Any) -> tuple[SchemaBreach, ...]:
        """A response's JSON body: returns where it departs from the schema of that status; none for no schema."""
        schema = self.operations[operation].bodies.get(status)
        return () if schema is None else schema.breaches(body)

    def is_valid_request(self, operation: str, body: Any) -> bool:
        """Return whether a request body is as the document has it."""
        schema = self.operations[operation].accepts
        return schema is None or schema.is_valid(body)

    def header_breaches(self, operation: str, status: int, name: str, value: str) -> tuple[SchemaBreach, ...]:
        """A header of a response: returns where it departs from its documented schema."""
        schema = self.operations[operation].headers.get(status, {}).get(name.lower())
        return () if schema is None else schema.breaches(value)


def load_contract(file: Path) -> Contract:
    """Return the OpenAPI 3.1 document with its schemas.

    Raises `ContractError` for a document that is unreadable or no OpenAPI, and for a reference, schema or pattern in it
    that is wrong.
    """
    try:
        read = read_yaml(file)
    except FileNotFoundError:
        raise ContractError(f"the OpenAPI document {file} does not exist") from None
    except YamlError as error:
        raise ContractError(f"{error} (the OpenAPI document)") from None
    document = read.data
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise ContractError(f"{file.name}: an OpenAPI document has `paths`")
    for where, words in mistakes(document):
        raise ContractError(f"{read.place(where)}: {words}")
    compiled = partial(Schema, references=References(document))
    operations: dict[str, Operation] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            place = read.place(("paths", path, method))
            try:
                if method in item:
                    operation = _operation(document, compiled, path, method, item[method])
            except KeyError as error:
                raise ContractError(f"{place}: `{method} {path}` lacks {error}") from None
            except (AttributeError, TypeError, ValueError):
                raise ContractError(f"{place}: `{method} {path}` is not as OpenAPI 3.1 has an operation") from None
            if method in item and operations.setdefault(operation.id, operation) is not operation:
                raise ContractError(f"{place}: the operationId {operation.id} stands twice")
    return Contract(document, file, operations)


def _operation(
    document: dict[str, Any], compiled: Callable[[Any], Schema], path: str, method: str, node: dict[str, Any]
) -> Operation:
    bodies: dict[int, Schema | None] = {}
    headers: dict[int, dict[str, Schema]] = {}
    any_media: set[int] = set()
    successes: list[dict[str, Any]] = []
    refusals: list[dict[str, Any]] = []
    for status, reference in node["responses"].items():
        response = _resolve(document, reference)
        content = response.get("content", {})
        schema = content.get("application/json", {}).get("schema")
        bodies[int(status)] = None if schema is None else compiled(schema)
        if schema is not None:
            (successes if 200 <= int(status) < 300 else refusals).append(schema)
        headers[int(status)] = {
            name.lower(): compiled(_resolve(document, header)["schema"])
            for name, header in response.get("headers", {}).items()
        }
        if "*/*" in content:
            any_media.add(int(status))
    request = _resolve(document, node.get("requestBody", {})).get("content", {}).get("application/json", {})
    resolve = partial(_resolve, document)
    return Operation(
        id=node["operationId"],
        method=method.upper(),
        path=path,
        needs_token=bool(node.get("security", document.get("security"))),
        bodies=bodies,
        headers=headers,
        any_media=frozenset(any_media),
        accepts=compiled(request["schema"]) if "schema" in request else None,
        request=Shape((request["schema"],) if "schema" in request else (), resolve),
        response=Shape(tuple(successes), resolve),
        refusal=Shape(tuple(refusals), resolve),
    )


def _resolve(document: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    while isinstance(value, dict) and "$ref" in value:
        value = target(document, value["$ref"])
    return value
