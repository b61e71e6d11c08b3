"""The lookup of steps that is kept finds what pytest-bdd's own does, for every step of the features."""

from __future__ import annotations

import re

from tests.suite.invocation import Done


def test_the_same_definitions_are_found(serial_run: Done) -> None:
    """A run in which each step is looked up in both ways: a step for which they differ would say so."""
    told = re.search(r"lookups: (\d+), definitions found by each: \[1, 2\]", serial_run.output)
    assert told is not None, serial_run.output
    assert int(told[1]) > 500
    assert "another definition is found" not in serial_run.output
