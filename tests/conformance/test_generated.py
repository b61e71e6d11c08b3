"""Generated requests: what schemathesis makes from the OpenAPI document (its examples, its coverage cases, fuzzing, and
walks over the links). Each response is held against the passive checks and against schemathesis' own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.generate.used import ids_of
from conformance.plugin.entry import catalogue_of
from conformance.run import Run
from steps import operations
from steps.merchants import Merchants

if TYPE_CHECKING:
    from steps.generation import Generation


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "operation" in metafunc.fixturenames:
        catalogue = catalogue_of(metafunc.config)
        parameters = [
            pytest.param(name, id=name, marks=[pytest.mark.requirement(*ids_of(catalogue, name))])
            for name in operations.BY_ID
        ]
        metafunc.parametrize("operation", parameters)


@pytest.fixture
def generation(run: Run, merchants: Merchants) -> Generation:
    """What makes the requests. It takes as long to import as all else, and a smoke run has no use for it."""
    from steps.generation import DOCUMENT, Generation  # noqa: PLC0415

    return Generation(run, merchants, DOCUMENT)


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_coverage(generation: Generation, operation: str, mode: str) -> None:
    """Values at and beyond every bound of the document: all of them in a full run, a choice by the seed in a gate."""
    generation.cover(operation, mode)


def test_examples(generation: Generation, operation: str) -> None:
    """The examples of the document: with real ids and unique values in them, they are accepted."""
    generation.send_examples(operation)


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_fuzzing(generation: Generation, operation: str, mode: str) -> None:
    """Random values: a few in a gate; in a full run, as many as its time budget allows."""
    generation.fuzz(operation, mode)


@pytest.mark.full
def test_links(generation: Generation) -> None:
    """Walks over the links of the document, from sign-in to checkout, in orders that nobody wrote down."""
    generation.walk()
