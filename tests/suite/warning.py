"""A plugin of pytest that warns, as one of a user may: `-p tests.suite.warning`."""

from __future__ import annotations

import warnings


def pytest_collection_finish() -> None:
    warnings.warn("something is out of date", stacklevel=1)
