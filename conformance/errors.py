"""How a test can end other than by passing."""

from __future__ import annotations


class NotTested(Exception):
    """A check that could not be carried out; the message is the reason, for the reports."""


class Breached(AssertionError):
    """A test that found breaches; the message reports all of them."""
