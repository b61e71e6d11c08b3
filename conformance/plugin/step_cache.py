"""Which step definitions a step can have, kept from one lookup to the next.

pytest-bdd 9 goes through every fixture of the session for each step that it runs, and asks pytest for each of them
whether the test sees it: a fifth of the time of a run. The names of the definitions that match a step are the same for
as long as no definition comes or goes, so that only those are asked about. pytest decides as before what a test sees.

`find_fixturedefs_for_step` is no documented interface: `pyproject.toml` bounds the version of pytest-bdd, and
`tests/suite/test_step_cache.py` holds each step of the features against pytest-bdd's own lookup.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final
from weakref import WeakKeyDictionary

from pytest_bdd.steps import StepNamePrefix

scenario: Final[Any] = import_module("pytest_bdd.scenario")
"""The module, whose name in the package is that of a function."""

OWN_LOOKUP: Final = scenario.find_fixturedefs_for_step
"""The lookup of pytest-bdd itself."""

_STEP_DEFINITION: Final = StepNamePrefix.step_def.value
REGISTRY: Final = scenario.step_function_context_registry


@dataclass
class _Known:
    """What is known of a session's definitions: all of them by name, and by step the names of those that match it.

    `fixtures` is how many names there were of fixtures of any kind, and `size` how many definitions of steps.
    """

    fixtures: int = -1
    size: int = -1
    registered: dict[str, list[Any]] = field(default_factory=dict)
    contexts: list[tuple[str, Any]] = field(default_factory=list)
    by_step: dict[tuple[str, str], list[str]] = field(default_factory=dict)


_known: Final[WeakKeyDictionary[Any, _Known]] = WeakKeyDictionary()


def install() -> None:
    """Let pytest-bdd look steps up here."""
    scenario.find_fixturedefs_for_step = find


def find(step: Any, fixturemanager: Any, node: Any) -> Iterator[Any]:
    """Yield the definitions that match a step and that a test sees, as pytest-bdd's own lookup does."""
    for name in _names(step, fixturemanager):
        for definition in scenario.getfixturedefs(fixturemanager, name, node) or ():
            if _matches(definition, step):
                yield definition


def _names(step: Any, fixturemanager: Any) -> list[str]:
    """Return the names of the fixtures of which a definition matches a step, whoever sees it."""
    known = _known.setdefault(fixturemanager, _Known())
    fixtures = fixturemanager._arg2fixturedefs
    if known.fixtures != len(fixtures):
        known.fixtures = len(fixtures)
        known.registered = {name: found for name, found in fixtures.items() if name.startswith(_STEP_DEFINITION)}
    size = sum(map(len, known.registered.values()))
    if known.size != size:
        known.size = size
        known.contexts = [
            (name, context)
            for name, definitions in known.registered.items()
            for definition in definitions
            if (context := REGISTRY.get(definition.func)) is not None
        ]
        known.by_step.clear()
    key = step.type, step.name
    if key not in known.by_step:
        names = (name for name, context in known.contexts if _is_meant(context, step))
        known.by_step[key] = list(dict.fromkeys(names))
    return known.by_step[key]


def _matches(definition: Any, step: Any) -> bool:
    context = REGISTRY.get(definition.func)
    return context is not None and _is_meant(context, step)


def _is_meant(context: Any, step: Any) -> bool:
    return context.type in (None, step.type) and bool(context.parser.is_matching(step.name))
