"""Generated requests: what schemathesis makes from the OpenAPI document (its examples, its coverage cases, fuzzing, and
walks over the links). Each response is held against the passive checks and against schemathesis' own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import pytest

from conformance.generate.plain import Source
from conformance.generate.used import ids_of
from conformance.plugin.entry import catalogue_of
from conformance.run import Run
from conformance.settings import Size
from steps import operations
from steps.generation import DOCUMENT, Generation
from steps.merchants import Merchants

if TYPE_CHECKING:
    from steps.deep_generation import DeepGeneration


MODES: Final = ("positive", "negative")
IN_A_GATE: Final = {"test_coverage": 0, "test_fuzzing": 1}
"""Which mode a gate takes for the first operation; the others take turns."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each operation, and for each mode where there are two: in a gate one of them, in a full run both."""
    if "operation" not in metafunc.fixturenames:
        return
    catalogue = catalogue_of(metafunc.config)
    parameters = []
    for place, name in enumerate(operations.BY_ID):
        mark = pytest.mark.requirement(*ids_of(catalogue, name))
        if "mode" not in metafunc.fixturenames:
            parameters.append(pytest.param(name, id=name, marks=[mark]))
            continue
        in_gate = MODES[(place + IN_A_GATE[metafunc.function.__name__]) % len(MODES)]
        parameters += [
            pytest.param(name, mode, id=f"{name}-{mode}", marks=[mark] if mode == in_gate else [mark, pytest.mark.full])
            for mode in MODES
        ]
    metafunc.parametrize(("operation", "mode") if "mode" in metafunc.fixturenames else "operation", parameters)


@pytest.fixture
def generation(run: Run, merchants: Merchants, source: Callable[[], Source]) -> Generation | DeepGeneration:
    """What sends the requests; that of a full run imports schemathesis, which takes as long as all else."""
    if run.settings.size is not Size.FULL:
        return Generation(run, merchants, source())
    from steps.deep_generation import DeepGeneration  # noqa: PLC0415

    return DeepGeneration(run, merchants, DOCUMENT)


def test_coverage(generation: Generation | DeepGeneration, operation: str, mode: str) -> None:
    """Values at and beyond every bound of the document: all of them in a full run, a choice by the seed in a gate."""
    generation.cover(operation, mode)


def test_examples(generation: Generation | DeepGeneration, operation: str) -> None:
    """The examples of the document: with real ids and unique values in them, they are accepted."""
    generation.send_examples(operation)


@pytest.mark.full
def test_links(generation: DeepGeneration) -> None:
    """Walks over the links of the document, from sign-in to checkout, in orders that nobody wrote down."""
    generation.walk()


def test_fuzzing(generation: Generation | DeepGeneration, operation: str, mode: str) -> None:
    """Random values: a few in a gate; in a full run, as many as its time budget allows."""
    generation.fuzz(operation, mode)
