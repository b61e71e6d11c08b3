"""The bindings of the features: every scenario becomes a test."""

from pytest_bdd import scenarios

scenarios(".")
