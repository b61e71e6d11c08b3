"""What the suite uses of schemathesis beyond its documented interface, one small function each.

Whatever stands here may change with a release of schemathesis: its version is bounded in `pyproject.toml`, and
`tests/suite/test_adapters.py` holds each function against schemathesis itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import httpx
import schemathesis
from hypothesis.strategies import SearchStrategy
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, FailureGroup, ServerError
from schemathesis.openapi import checks as failures
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi import checks

from conformance.generate.plain import Complaint

AnyCase: TypeAlias = "Case[Any]"
"""A generated case of any operation."""

MODES: Final = {"positive": GenerationMode.POSITIVE, "negative": GenerationMode.NEGATIVE}

CHECKS: Final = {
    "not_a_server_error": schemathesis.checks.not_a_server_error,
    "status_code_conformance": checks.status_code_conformance,
    "content_type_conformance": checks.content_type_conformance,
    "response_headers_conformance": checks.response_headers_conformance,
    "response_schema_conformance": checks.response_schema_conformance,
}
"""The checks of schemathesis that the suite uses, by name; most of them are not exported."""

_SCHEMA: Final = "response_schema_conformance"
_FAILURES: Final[tuple[tuple[type[Failure], str], ...]] = (
    (ServerError, "not_a_server_error"),
    (failures.UndefinedStatusCode, "status_code_conformance"),
    (failures.MissingContentType, "content_type_conformance"),
    (failures.MalformedMediaType, "content_type_conformance"),
    (failures.UndefinedContentType, "content_type_conformance"),
    (failures.MissingHeaders, "response_headers_conformance"),
)


def load(file: Path) -> BaseSchema:
    """Read an OpenAPI document. TRACE and other unexpected methods are left out, and NUL bytes are generated."""
    config = SchemathesisConfig.from_dict(
        {
            "generation": {"allow-x00": True},
            "phases": {"coverage": {"unexpected-methods": []}, "stateful": {"inference": {"algorithms": []}}},
        }
    )
    return schemathesis.openapi.from_path(str(file), config=config)


def operation(schema: BaseSchema, name: str) -> Any:
    """Return an operation by its id (`find_operation_by_id` is a method of the class for OpenAPI alone)."""
    return schema.find_operation_by_id(name)  # type: ignore[attr-defined]


def example_cases(schema: BaseSchema, name: str) -> list[SearchStrategy[AnyCase]]:
    """Return a strategy for each example that the document gives for an operation's requests."""
    return list(operation(schema, name).get_strategies_from_examples())


def coverage_cases(schema: BaseSchema, name: str, mode: str) -> Iterator[AnyCase]:
    """Return the cases at and beyond every bound of an operation's request; `mode` is a key of `MODES`.

    Only schemathesis' own engine calls `iter_coverage_cases`, which takes a configuration of the project's.
    """
    found = operation(schema, name)
    generation = schema.config.generation_for(operation=found, phase="coverage")
    cases = schema.iter_coverage_cases(found, generation_modes=[MODES[mode]], generation_config=generation)
    return iter(cases)


def request_parts(case: AnyCase, base_url: str) -> Mapping[str, Any]:
    """Return what a case asks to be sent: `headers`, and `json` or `data`, as an HTTP client takes them.

    Raises `ValueError`, `TypeError` or `UnicodeError` for a case that cannot be written as a request.
    """
    parts: Mapping[str, Any] = case.as_transport_kwargs(base_url=base_url)
    return parts


def is_valid(case: AnyCase) -> bool:
    """Return whether a case was generated to be valid; the cases of one state machine are of both modes."""
    return case.meta is None or case.meta.generation.mode is GenerationMode.POSITIVE


def complaints(case: AnyCase, response: httpx.Response, *, with_schema: bool) -> Iterator[Complaint]:
    """Yield what the checks hold against a response; `with_schema` says whether its body is checked.

    A failure does not say which check it comes from, so that its class has to tell.
    """
    try:
        case.validate_response(
            response, checks=list(CHECKS.values()), excluded_checks=[] if with_schema else [CHECKS[_SCHEMA]]
        )
    except FailureGroup as group:
        for failure in group.exceptions:
            if isinstance(failure, Failure):
                check = next((name for kind, name in _FAILURES if isinstance(failure, kind)), _SCHEMA)
                yield Complaint(check, failure.title, _in_one_line(failure))


def _in_one_line(failure: Failure) -> str:
    """Return a failure in one line: of the schema's, the field and what is wrong with it, without either's text."""
    if isinstance(failure, failures.JsonSchemaError):
        place = ".".join(map(str, failure.instance_path))
        return f"`{place}`: {failure.validation_message}" if place else failure.validation_message
    return ", ".join(filter(None, map(str.strip, failure.message.splitlines())))
