"""The hooks that whoever knows the endpoints implements; the machinery itself knows none."""

from __future__ import annotations

import pytest

from conformance.run import Run


class CheckFailed(Exception):
    """The run cannot begin as it was asked for; the message is one sentence with the remedy."""


class NotTheTarget(Exception):
    """Something else answers in the target's place; the message says what, and how to get past it."""


@pytest.hookspec(firstresult=True)
def pytest_conformance_check(run: Run) -> list[str] | None:
    """Before the first test: tries what the tests build on, and returns what came of it, a sentence each.

    Raises `CheckFailed` for a mistake of the user, and `NotTheTarget`.
    """
