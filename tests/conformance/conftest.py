"""What makes the generated requests, and the order of the tests.

Sign-ups and sign-ins take turns, so that waits for their rate limits pass side by side.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import chain, zip_longest
from typing import Final

import pytest

from conformance.generate.beside import Beside
from conformance.generate.plain import Order, Source
from conformance.plugin.entry import catalogue_of
from conformance.plugin.items import requirement_ids
from conformance.run import Run
from conformance.settings import Size
from steps import operations
from steps.generation import DOCUMENT, order

_KINDS: Final = {"test_coverage": "coverage", "test_examples": "examples", "test_fuzzing": "fuzzing"}
"""The tests of generated requests, and the kind of cases that each sends."""

_TABLES: Final = ("test_survived", "test_refused")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the scenarios of either operation alternate in the places that they have together; `@last` comes last."""
    scarce = {name: [item for item in items if decides(config, item) == name] for name in operations.SCARCE}
    places = [number for number, item in enumerate(items) if any(item in group for group in scarce.values())]
    turns = [item for item in chain.from_iterable(zip_longest(*scarce.values())) if item is not None]
    for place, item in zip(places, turns, strict=True):
        items[place] = item
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


def pytest_conformance_fork(items: list[pytest.Item]) -> None:
    """Load once what makes generated requests, where any of the tests has a use for it.

    Of the tables, those of hostile values send most: they come first, so that none of them is begun at the end.
    """
    places = [place for place, item in enumerate(items) if _function(item) in _TABLES]
    tables = sorted((items[place] for place in places), key=lambda item: _TABLES.index(_function(item)))
    for place, item in zip(places, tables, strict=True):
        items[place] = item
    if any("generation" in getattr(item, "fixturenames", ()) for item in items):
        made_here()


@pytest.fixture(scope="session", autouse=True)
def source(run: Run, request: pytest.FixtureRequest) -> Iterator[Callable[[], Source]]:
    """What makes the generated requests of a gate: schemathesis takes as long to import as all else.

    Where one process runs all tests, and another processor is there, another process makes them beside the first tests.
    """
    orders = list(_orders(run, request.session.items))
    if not orders or run.worker or run.settings.size is Size.FULL or (os.cpu_count() or 1) < 2:
        yield made_here
        return
    beside = Beside(DOCUMENT, orders, made_here)
    yield lambda: beside
    beside.stop()


def _function(item: pytest.Item) -> str:
    return item.name.partition("[")[0]


def _orders(run: Run, items: list[pytest.Item]) -> Iterator[Order]:
    for item in items:
        if kind := _KINDS.get(_function(item)):
            yield order(run, kind, **item.callspec.params)  # type: ignore[attr-defined]


def made_here() -> Source:
    """Return what makes the generated requests in this process."""
    from conformance.generate.maker import maker  # noqa: PLC0415

    return maker(DOCUMENT)


def decides(config: pytest.Config, item: pytest.Item) -> str | None:
    """A scenario that decides something of one operation alone: returns that operation."""
    rows = [catalogue_of(config).by_id.get(name) for name in requirement_ids(item)]
    operations = {row.operation for row in rows if row is not None and row.rule is None}
    return operations.pop() if len(operations) == 1 and "test_features" in item.nodeid else None
