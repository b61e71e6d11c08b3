"""better-auth is installed once; where Node is missing, these tests are skipped, except in CI, where they fail."""

from __future__ import annotations

import os

import pytest

from tests.better_auth import target


@pytest.fixture(scope="session", autouse=True)
def better_auth() -> None:
    """The target, ready to be started."""
    reason = target.missing()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    if reason:
        pytest.skip(reason)
    target.install()
