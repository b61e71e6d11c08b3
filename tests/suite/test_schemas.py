"""What departs from a schema: the quick look finds nothing wrong where the thorough one does not, and only there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from conformance.contract.document import Contract
from conformance.contract.schemas import References, Schema, has_known_formats

RIGHT: Final = {
    "date-time": "2026-01-01T00:00:00.000Z",
    "email": "a@example.com",
    "uri": "https://shop.example.com/a",
}
ODD: Final[tuple[Any, ...]] = (
    *(None, True, 0, -1, 1.0, 10.5, 10**30, 1e300, "", "text", "LSL\n", "lsl", "ÉÙÔ", "a@b", "2026-02-30T00:00:00Z"),
    *("2026-01-01T00:00:00Z", "2026-01-01t00:00:00z", "2026-01-01 00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01"),
    *("2016-12-31T23:59:60Z", "https://shop.example.com/a", "https://shop example.com", "//x", "HTTPS://X", "a:b"),
    *("\0", "\ud800", "😀", "٣", [], {}, ["a"], {"a": 1}, [{}], {"organization": {}}, {"success": True}),
)
LEFT_TO_ONE: Final = re.compile(r"\\ud800|\\n")
"""A lone surrogate, and a line break at the end, before which Python's `$` matches too."""


def schemas(contract: Contract) -> Iterator[Schema]:
    for operation in contract.operations.values():
        yield from (schema for schema in (*operation.bodies.values(), operation.accepts) if schema is not None)
        yield from (schema for named in operation.headers.values() for schema in named.values())


def nodes(contract: Contract, schema: Any, depth: int = 3) -> Any:
    """Return a value that is as a schema has it, as far as its kinds and formats say."""
    found = contract.resolve(schema)
    for name in ("oneOf", "anyOf"):
        if name in found:
            return nodes(contract, found[name][0], depth)
    kind = found.get("type", "object")
    match kind if isinstance(kind, str) else kind[0]:
        case "object":
            inside = found.get("properties", {}) if depth else {}
            return {name: nodes(contract, inner, depth - 1) for name, inner in inside.items()}
        case "array":
            return [nodes(contract, found.get("items", {}), depth - 1)] if depth else []
        case "string":
            return found.get("const") or found.get("enum", [RIGHT.get(found.get("format", ""), "LSL")])[0]
        case "boolean":
            return True
        case "null":
            return None
    return 1


def changed(value: Any, depth: int = 3) -> Iterator[Any]:
    """Yield a value, and copies of it with something odd in one place, or without it."""
    yield value
    yield from ODD
    if isinstance(value, dict) and depth:
        for name, inner in value.items():
            yield {other: item for other, item in value.items() if other != name}
            yield from ({**value, name: odd} for odd in changed(inner, depth - 1))
    if isinstance(value, list) and value and depth:
        yield from ([odd] for odd in changed(value[0], depth - 1))


def test_both_libraries_find_the_same_right(contract: Contract) -> None:
    """Thousands of bodies with something odd in one place, against each schema of the document."""
    seen = {True: 0, False: 0}
    for schema in schemas(contract):
        assert schema.references.has_known_formats
        for value in changed(nodes(contract, schema.schema)):
            right = schema._validator.is_valid(value)
            quick = schema._is_surely_valid(value)
            seen[right] += 1
            assert quick is right or (not quick and LEFT_TO_ONE.search(json.dumps(value))), (value, schema.schema)
    assert min(seen.values()) > 1000


def test_what_is_wrong_is_told_place_by_place(contract: Contract) -> None:
    schema = contract.operations["createCustomer"].bodies[201]
    assert schema is not None
    right = nodes(contract, schema.schema)
    assert schema.breaches(right) == ()
    (breach,) = schema.breaches({**right, "createdAt": "yesterday"})
    assert (breach.path, breach.expected, breach.got) == ("createdAt", "to have the format date-time", "yesterday")


@pytest.mark.parametrize(("format_", "known"), [("date-time", True), ("ipv4", False)])
def test_a_format_that_is_not_known_to_be_read_alike_is_left_to_one(format_: str, known: bool) -> None:
    document = {"components": {"schemas": {"A": {"properties": {"format": {"type": "string", "format": format_}}}}}}
    assert has_known_formats(document) is known
    schema = Schema({"$ref": "#/components/schemas/A"}, References(document))
    assert schema.is_valid({"format": "2026-01-01T00:00:00Z" if known else "127.0.0.1"})
    assert not schema.is_valid({"format": "tomorrow"})
