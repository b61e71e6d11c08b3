"""The order of the tests: sign-ups and sign-ins take turns, so that waits for their rate limits pass side by side."""

from __future__ import annotations

from contextlib import suppress
from itertools import chain, zip_longest
from threading import Thread

import pytest

from conformance.plugin.entry import catalogue_of
from conformance.plugin.items import requirement_ids
from steps import operations


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
    """Load once what generates requests, where any of the tests has a use for it."""
    if any(map(generates, items)):
        load()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Load what generates requests while the first tests wait for responses: it takes as long to import as all else.

    A worker does not, since all of the tests with a use for it may be another's.
    """
    config = session.config
    is_worker = hasattr(config, "workerinput")
    if any(map(generates, session.items)) and not is_worker and not config.option.collectonly:
        Thread(target=_load_beside, daemon=True, name="loads schemathesis").start()


def generates(item: pytest.Item) -> bool:
    """Return whether a test sends generated requests."""
    return "generation" in getattr(item, "fixturenames", ())


def load() -> None:
    """Load what generates requests, or wait until another thread has done so."""
    from steps.generation import DOCUMENT, generator  # noqa: PLC0415

    generator(DOCUMENT)


def _load_beside() -> None:
    with suppress(Exception):  # the first test with a use for it loads it again, and fails by the same mistake
        load()


def decides(config: pytest.Config, item: pytest.Item) -> str | None:
    """A scenario that decides something of one operation alone: returns that operation."""
    rows = [catalogue_of(config).by_id.get(name) for name in requirement_ids(item)]
    operations = {row.operation for row in rows if row is not None and row.rule is None}
    return operations.pop() if len(operations) == 1 and "test_features" in item.nodeid else None
