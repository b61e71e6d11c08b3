"""The OpenAPI document's references, schemas and patterns: where one leads, and which are wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import jsonschema_rs

from conformance.contract.words import remedy
from conformance.contract.yamlfile import DataPath

_TYPES: Final = ("string", "object", "array", "integer", "number", "boolean", "null")
_ANYTHING: Final = frozenset({"example", "examples", "default", "enum", "const"})


def target(document: Any, reference: str) -> Any:
    """Return what a reference (`#/components/schemas/User`) names, or None."""
    found = document
    for part in reference.removeprefix("#/").split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        elif isinstance(found, dict):
            found = found.get(name)
        else:
            return None
    return found


def mistakes(document: dict[str, Any]) -> Iterator[tuple[DataPath, str]]:
    """Yield each reference, pattern and schema of a document that is wrong: the way to it, and words for it."""
    for path, node in _nodes(document):
        reference, pattern = node.get("$ref"), node.get("pattern")
        if isinstance(reference, str) and (words := _wrong_reference(document, reference)):
            yield (*path, "$ref"), f"`{reference}`, at {_dotted(path)}, {words}"
        if isinstance(pattern, str) and (words := _wrong_pattern(pattern)):
            yield (*path, "pattern"), f"the pattern `{pattern}`, at {_dotted(path)}, is none: {words}"
        if path[:-1] == ("components", "schemas") or path[-1:] == ("schema",):
            yield from _wrong_schema(path, node)


def _wrong_reference(document: dict[str, Any], reference: str) -> str:
    if not reference.startswith("#/"):
        return "is no reference within this document"
    seen, found = {reference}, target(document, reference)
    while isinstance(found, dict) and isinstance(found.get("$ref"), str):
        if found["$ref"] in seen:
            return "refers to itself"
        seen.add(found["$ref"])
        found = target(document, found["$ref"])
    if found is not None:
        return ""
    folder = reference.rpartition("/")[0]
    names = target(document, folder)
    known = [f"{folder}/{name}" for name in names] if isinstance(names, dict) else []
    return f"leads nowhere{remedy(reference, known)}"


def _wrong_pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        return str(error)
    return ""


def _wrong_schema(path: DataPath, schema: dict[str, Any]) -> Iterator[tuple[DataPath, str]]:
    try:
        jsonschema_rs.meta.validate(schema)
    except jsonschema_rs.ValidationError as error:
        where = (*path, *error.instance_path)
        known = _TYPES if where[-1] == "type" else ()
        words = f"{_dotted(where)} is `{error.instance}`, which JSON Schema does not have there"
        yield where, f"{words}{remedy(error.instance, known)}"


def _nodes(root: Any) -> Iterator[tuple[DataPath, dict[str, Any]]]:
    """Yield each mapping of the document that means something, in its order; examples may hold anything."""
    stack: list[tuple[DataPath, Any]] = [((), root)]
    while stack:
        path, node = stack.pop()
        if isinstance(node, dict):
            yield path, node
            parts = (
                [*node.items()] if path[-1:] == ("properties",) else [i for i in node.items() if i[0] not in _ANYTHING]
            )
        else:
            parts = [*enumerate(node)]
        stack += [((*path, name), part) for name, part in reversed(parts) if isinstance(part, dict | list)]


def _dotted(path: DataPath) -> str:
    return ".".join(map(str, path))
