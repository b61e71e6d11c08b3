"""The hooks that the steps implement, which know the endpoints; the machinery knows none."""

from __future__ import annotations

import pytest

from conformance.report.postman import WalkStep
from conformance.run import Run


class CheckFailed(Exception):
    """The run cannot begin with these settings; the message is one sentence with the remedy."""


class NotTheTarget(Exception):
    """Something else responds in the target's place; the message says what, and how to get past it."""


@pytest.hookspec(firstresult=True)
def pytest_conformance_check(run: Run) -> list[str] | None:
    """Try what the tests build on, before the first of them; return the results, a sentence each.

    Raises `CheckFailed` for a mistake of the user, and `NotTheTarget` where something else responds.
    """


@pytest.hookspec(firstresult=True)
def pytest_conformance_walk(run: Run) -> list[WalkStep] | None:
    """Return the requests of the walk for a Postman collection."""


@pytest.hookspec
def pytest_conformance_fork(items: list[pytest.Item]) -> None:
    """Load what these tests need, since workers are about to be forked which would each load it for themselves."""
