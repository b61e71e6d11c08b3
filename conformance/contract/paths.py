"""Dotted paths in JSON Schemas: whether a schema knows a field, and which fields it knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

Schema: TypeAlias = "dict[str, Any]"

_BRANCHES: Final = ("allOf", "anyOf", "oneOf")
_CONDITIONAL: Final = ("then", "else")
_FIELDS: Final = ("properties", "patternProperties", "additionalProperties", "$ref", *_BRANCHES)
_DEEPEST: Final = 4


@dataclass(frozen=True)
class Shape:
    """What a JSON value may be by any of several schemas; `resolve` returns what a reference in them names."""

    schemas: tuple[Schema, ...]
    resolve: Callable[[Schema], Schema]
    _known: dict[tuple[str, bool], bool] = field(default_factory=dict, repr=False, compare=False)

    def knows(self, path: str, *, put: bool = False) -> bool:
        """Return whether a dotted path names a field of the schemas.

        With `put` it is a place at which a value can be put: an item of a list (its index) or any field of an object
        that may have fields of its own is one, too.
        """
        if (path, put) not in self._known:
            self._known[path, put] = bool(self._at(path, put))
        return self._known[path, put]

    def choices(self, path: str) -> list[Any]:
        """Return the values that the schemas enumerate for the field at a dotted path."""
        return [value for shape in self._at(path, False) for schema in shape._all() for value in schema.get("enum", ())]

    def paths(self, *, put: bool = False) -> list[str]:
        """Return the dotted paths that the schemas name, down to four levels."""
        return list(dict.fromkeys(self._paths(put, _DEEPEST)))

    def _paths(self, put: bool, depth: int) -> Iterator[str]:
        for schema in self._all() if depth else ():
            fields = dict(schema.get("properties", {}))
            if put and "items" in schema:
                fields["0"] = schema["items"]
            for name, schema_of_it in fields.items():
                yield name
                for inner in Shape((schema_of_it,), self.resolve)._paths(put, depth - 1):
                    yield f"{name}.{inner}"

    def _at(self, path: str, put: bool) -> list[Shape]:
        shapes: list[Shape] = [self]
        for name in path.split(".") if path else ():
            shapes = [found for shape in shapes for found in shape._fields(name, put)]
        return shapes

    def _fields(self, name: str, put: bool) -> Iterator[Shape]:
        for schema in self._all():
            found = _field(schema, name, put)
            if found is not None:
                yield Shape((found,), self.resolve)

    def _all(self) -> Iterator[Schema]:
        """Yield the schemas, what they refer to and their branches, each once."""
        stack, seen = list(self.schemas), set()
        while stack:
            schema = stack.pop()
            if not isinstance(schema, dict) or id(schema) in seen:
                continue
            seen.add(id(schema))
            yield schema
            if "$ref" in schema:
                stack.append(self.resolve(schema))
            stack += [branch for keyword in _BRANCHES for branch in schema.get(keyword, ())]
            stack += [schema[keyword] for keyword in _CONDITIONAL if keyword in schema]


def _field(schema: Schema, name: str, put: bool) -> Schema | None:
    """Return the schema of a field, or None where the schema has no such field."""
    if name in schema.get("properties", {}):
        return _as_schema(schema["properties"][name])
    if put and name.isdecimal() and "items" in schema:
        return _as_schema(schema["items"])
    return _as_schema(_of_any_field(schema)) if put else None


def _of_any_field(schema: Schema) -> Any:
    """Return the schema of the fields that an object may have as it pleases, or None where it may have no such."""
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        return more
    kinds = schema.get("type", "object" if not schema else "")
    is_object = "object" in ([kinds] if isinstance(kinds, str) else kinds)
    return {} if is_object and more is not False and not any(keyword in schema for keyword in _FIELDS) else None


def _as_schema(schema: Any) -> Schema | None:
    return {} if schema is True else schema if isinstance(schema, dict) else None
