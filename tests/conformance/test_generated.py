"""Requests that schemathesis makes from the OpenAPI document: its examples, its coverage cases, fuzzing, and walks over
the links. Each answer is held against the passive checks and against schemathesis' own."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from conformance.errors import NotTested, Why
from conformance.generate.adapters import AnyCase
from conformance.generate.cases import Generator, explore, ids_of, judge, sample, within
from conformance.plugin.entry import catalogue_of
from conformance.run import Run
from conformance.settings import Size
from conformance.wire.client import NotSendable
from steps import operations
from steps.fixtures import new_customer
from steps.generated import prepared, sender
from steps.machine import walk_machine
from steps.merchants import Merchants

DOCUMENT = Path(__file__).parents[2] / "openapi" / "onboarding.yaml"
COVERAGE_OF_A_GATE = {"positive": 2, "negative": 3}
FUZZING_OF_A_GATE = {"positive": 1, "negative": 2}
BATCH = 40
FUZZED = ("positive", "negative")
SHARE_OF_LINKS = 2
SHARES = len(FUZZED) * len(operations.ALL) + SHARE_OF_LINKS
"""The parts of a time budget: one for each operation and kind of values, the others for the walks over the links."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "operation" in metafunc.fixturenames:
        catalogue = catalogue_of(metafunc.config)
        parameters = [
            pytest.param(name, id=name, marks=[pytest.mark.requirement(*ids_of(catalogue, name))])
            for name in operations.BY_ID
        ]
        metafunc.parametrize("operation", parameters)


@cache
def generator() -> Generator:
    return Generator.load(DOCUMENT)


@pytest.fixture
def send(run: Run, merchants: Merchants, operation: str) -> Callable[[AnyCase, str], bool]:
    """Sends a generated case of the operation; says whether the target accepted it."""
    if operation in operations.SCARCE and run.limited(operation):
        raise NotTested(
            "saved: the target limits sign-ups and sign-ins, and every requirement has a check of its own", Why.SAVED
        )
    who = sender(merchants, operation)
    customer = new_customer(run, merchants.first) if operations.BY_ID[operation].takes_customer else ""

    def sending(case: AnyCase, mode: str) -> bool:
        try:
            exchange = run.send(prepared(run, case, operation, who, customer, valid=mode == "positive"))
        except NotSendable:
            return False
        judge(run, case, exchange, valid=mode == "positive")
        return exchange.is_success

    return sending


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_coverage(run: Run, operation: str, mode: str, send: Callable[[AnyCase, str], bool]) -> None:
    """Values at and beyond every bound of the document: all of them in a full run, a choice by the seed in a gate."""
    room = None if run.settings.size is Size.FULL else COVERAGE_OF_A_GATE[mode]
    for case in sample(generator().coverage(operation, mode), room, run.random(f"coverage {operation} {mode}")):
        send(case, mode)


def test_examples(run: Run, operation: str, send: Callable[[AnyCase, str], bool]) -> None:
    """The examples of the document: with real ids and unique values in them, they are accepted."""
    accepted: list[bool] = []
    for number, strategy in enumerate(generator().examples(operation)):
        explore(run, strategy, lambda case: accepted.append(send(case, "positive")), 1, f"example {operation} {number}")
    if not any(accepted):
        raise NotTested("no example was accepted")


@pytest.mark.parametrize("mode", FUZZED)
def test_fuzzing(run: Run, operation: str, mode: str, send: Callable[[AnyCase, str], bool]) -> None:
    """Random values: a few in a gate; in a full run, as many as its time budget allows."""
    cases = generator().fuzzing(operation, mode)
    if run.settings.size is not Size.FULL:
        explore(run, cases, lambda case: _ignore(send(case, mode)), FUZZING_OF_A_GATE[mode], f"{operation} {mode}")
        return
    left, batch = within(run.settings.time_budget / SHARES), 0
    while left():
        explore(run, cases, lambda case: _ignore(send(case, mode)), BATCH, f"{operation} {mode} {batch}")
        batch += 1


def _ignore(accepted: bool) -> None:
    """A fuzzed case may be accepted or refused; the checks on its answer are what counts."""


@pytest.mark.full
def test_links(run: Run, merchants: Merchants) -> None:
    """Walks over the links of the document, from sign-in to checkout, in orders that nobody wrote down."""
    left, batch = within(run.settings.time_budget * SHARE_OF_LINKS / SHARES), 0
    while left():
        walk_machine(run, merchants, generator(), f"links {batch}")
        batch += 1
