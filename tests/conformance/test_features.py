"""The bindings of the features: every scenario becomes a test, in the order of the files' names."""

from pathlib import Path

from pytest_bdd import scenarios

FEATURES = Path(__file__).parents[2] / "features"

scenarios(*sorted(str(file) for file in FEATURES.glob("*.feature")))
