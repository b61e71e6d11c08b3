"""The lookup of steps that is kept finds what pytest-bdd's own does, for every step of the features."""

from __future__ import annotations

import re
from pathlib import Path

from tests.suite.invocation import QUIET, invoke


def test_the_same_definitions_are_found(tmp_path: Path) -> None:
    """A run of all scenarios, in which each step is looked up in both ways."""
    done = invoke(tmp_path, "-p", "tests.suite.both_lookups", "-k", "test_features", *QUIET)
    assert done.status == 0, done.output
    told = re.search(r"lookups: (\d+), definitions found by each: \[1, 2\]", done.output)
    assert told is not None, done.output
    assert int(told[1]) > 500
