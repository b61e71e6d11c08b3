"""The bindings of the features: every scenario becomes a test, in the order of the files' names."""

from pathlib import Path

from pytest_bdd import scenarios

for feature in sorted(Path(__file__).parents[2].joinpath("features").glob("*.feature")):
    scenarios(str(feature))
