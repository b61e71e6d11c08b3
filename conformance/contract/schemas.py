"""Schemas of the document: what departs from one, place by place.

jsonschema says what is wrong and where, and is slow to import with its formats. So jsonschema-rs looks first whether
anything is wrong; what it cannot read, such as a lone surrogate, is left to jsonschema.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, cast

import jsonschema_rs
from rfc3339_validator import validate_rfc3339  # type: ignore[import-untyped]

from conformance.values import MISSING

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator
    from referencing import Registry

_URI: Final = "urn:contract"
_KINDS: Final = {
    "string": "a string",
    "object": "an object",
    "array": "an array",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
}


def _is_uri(value: str) -> bool:
    """Return what jsonschema's format says; the library takes long to import, and few schemas have the format."""
    from rfc3986_validator import validate_rfc3986  # type: ignore[import-untyped]  # noqa: PLC0415

    return bool(validate_rfc3986(value, rule="URI"))


_FORMATS: Final = {
    "date-time": lambda value: bool(validate_rfc3339(value.upper())),
    "email": lambda value: "@" in value,
    "uri": _is_uri,
}
"""As jsonschema reads them. A format that is not among them is left to it."""


@dataclass(frozen=True)
class SchemaBreach:
    """A place of a response that is not as its schema has it: dotted path, what is wrong, what stands there."""

    path: str
    expected: str
    got: Any


@dataclass(frozen=True)
class References:
    """Where the references of an OpenAPI document's schemas lead: into that document, as each library reads it."""

    document: dict[str, Any]

    @cached_property
    def has_known_formats(self) -> bool:
        return has_known_formats(self.document)

    @cached_property
    def quick(self) -> jsonschema_rs.Registry:
        return jsonschema_rs.Registry([(_URI, {"components": self.document.get("components", {})})])

    @cached_property
    def thorough(self) -> Registry[Any]:
        from referencing import Registry, Resource  # noqa: PLC0415
        from referencing.jsonschema import DRAFT202012  # noqa: PLC0415

        resource: Resource[Any] = Resource.from_contents(self.document, DRAFT202012)
        registry: Registry[Any] = Registry().with_resource(_URI, resource)
        return registry


@dataclass(frozen=True)
class Schema:
    """A schema of an OpenAPI document."""

    schema: Any
    references: References

    def breaches(self, value: Any) -> tuple[SchemaBreach, ...]:
        """Return where a value departs from the schema; nothing where it does not."""
        return () if self._is_surely_valid(value) else tuple(_flatten(self._validator.iter_errors(value)))

    def is_valid(self, value: Any) -> bool:
        """Return whether a value is as the schema has it."""
        return self._is_surely_valid(value) or self._validator.is_valid(value)

    def _is_surely_valid(self, value: Any) -> bool:
        try:
            return self._quick is not None and self._quick.is_valid(value)
        except ValueError:
            return False

    @cached_property
    def _quick(self) -> jsonschema_rs.Validator | None:
        """The validator of jsonschema-rs; None where it would not read a format as jsonschema does."""
        if not self.references.has_known_formats:
            return None
        return jsonschema_rs.Draft202012Validator(
            _rebase(self.schema), registry=self.references.quick, formats=_FORMATS, validate_formats=True
        )

    @cached_property
    def _validator(self) -> Validator:
        from jsonschema import Draft202012Validator, FormatChecker  # noqa: PLC0415

        registry = self.references.thorough
        return Draft202012Validator(_rebase(self.schema), registry=registry, format_checker=FormatChecker())


def has_known_formats(document: Any) -> bool:
    """Return whether all formats of a document's schemas are read alike by both libraries."""
    if isinstance(document, dict):
        named = document.get("format")
        return (not isinstance(named, str) or named in _FORMATS) and all(map(has_known_formats, document.values()))
    return not isinstance(document, list) or all(map(has_known_formats, document))


def _rebase(value: Any) -> Any:
    """A schema whose local references name the document, so that it can be used on its own."""
    if isinstance(value, dict):
        return {
            name: f"{_URI}{item}" if name == "$ref" and item.startswith("#") else _rebase(item)
            for name, item in value.items()
        }
    return [_rebase(item) for item in value] if isinstance(value, list) else value


def _flatten(errors: Any) -> Iterator[SchemaBreach]:
    """Validation errors: yields one breach for each field; of alternatives, those of the one that comes nearest."""
    for error in errors:
        if error.validator in ("oneOf", "anyOf") and error.context:
            branches: dict[int, list[ValidationError]] = {}
            for inner in error.context:
                branches.setdefault(inner.schema_path[0], []).append(inner)
            yield from _flatten(min(branches.values(), key=_distance))
        else:
            yield _breach(error)


def _distance(errors: list[ValidationError]) -> tuple[bool, int, int]:
    """How far a value is from one alternative: first whether its very kind is another, then the breaches in it."""
    return (
        any(not error.path and error.validator in ("type", "const", "enum") for error in errors),
        sum(error.validator == "required" for error in errors),
        len(errors),
    )


def _breach(error: ValidationError) -> SchemaBreach:
    names = [str(name) for name in error.absolute_path]
    if error.validator == "required":
        names_wanted: list[str] = cast(list[str], error.validator_value)
        missing = next(name for name in names_wanted if error.message.startswith(repr(name)))
        return SchemaBreach(".".join([*names, missing]), "to be there", MISSING)
    return SchemaBreach(".".join(names), _expectation(error), error.instance)


def _expectation(error: ValidationError) -> str:
    wanted = cast(Any, error.validator_value)
    match error.validator:
        case "type":
            kinds = wanted if isinstance(wanted, list) else [wanted]
            return f"to be {' or '.join(_KINDS.get(str(kind), str(kind)) for kind in kinds)}"
        case "format":
            return f"to have the format {wanted}"
        case "pattern":
            return f"to match {wanted}"
        case "enum":
            return f"to be one of {', '.join(map(str, wanted))}"
        case "const":
            return f"to be {wanted}"
        case "minLength":
            return "not to be empty" if wanted == 1 else f"to have at least {wanted} characters"
        case _:
            return f"to satisfy `{error.validator}: {wanted}`"
