"""A plugin for a run in which each step is looked up in both ways: as the suite does, and as pytest-bdd itself does."""

from __future__ import annotations

from typing import Any, Final

import pytest

from conformance.plugin import step_cache

_found: Final[list[int]] = []


def both(step: Any, fixturemanager: Any, node: Any) -> list[Any]:
    """Return what the kept lookup finds; raise `AssertionError` where pytest-bdd finds anything else."""
    found = list(step_cache.find(step, fixturemanager, node))
    if found != list(step_cache.OWN_LOOKUP(step, fixturemanager, node)):
        raise AssertionError(f"{step.type} {step.name}: another definition is found")
    _found.append(len(found))
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep one row of each outline: the others are looked up alike."""
    items[:] = {getattr(item, "originalname", item.name): item for item in items}.values()


def pytest_collection_finish() -> None:
    if step_cache.scenario.find_fixturedefs_for_step is step_cache.find:
        step_cache.scenario.find_fixturedefs_for_step = both


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"lookups: {len(_found)}, definitions found by each: {sorted(set(_found))}")
