"""How a test can end other than by passing, and why a requirement was not tested."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple


class Why(StrEnum):
    """Why a check was not carried out; the reports group by it, and the verdict on the run depends on it."""

    CAPABILITY = "capability absent"
    POLICY = "policy of the target"
    WITHHELD = "withheld by the target"
    NEVER = "did not come up"
    SAVED = "saved"
    RATE_LIMITED = "rate limited"
    PRECONDITION = "precondition missing"
    GATEWAY = "target not reached"
    DESELECTED = "deselected"
    DISTURBED = "disturbed by another test"
    STOPPED = "run stopped"
    NOT_TESTABLE = "not testable"


NOT_SHOWN_BY_TARGET: Final = frozenset({Why.CAPABILITY, Why.POLICY, Why.WITHHELD, Why.NEVER, Why.NOT_TESTABLE})
"""Reasons that lie in what the target lawfully is: such a requirement leaves no gap in a run."""


class NotTested(Exception):
    """A check that could not be carried out: the reason in words for the reports, and its kind.

    `operation` is the one that the target withholds, where that is the reason.
    """

    def __init__(self, reason: str, why: Why = Why.PRECONDITION, operation: str = "") -> None:
        super().__init__(reason, why, operation)
        self.reason = reason
        self.why = why
        self.operation = operation

    def __str__(self) -> str:
        return self.reason


class Told(NamedTuple):
    """A broken requirement in words: a line that is the same in each run, and all that is known of its breaches."""

    headline: str
    text: str


class Breached(AssertionError):
    """A test that found breaches: the message has a line for each requirement, and `parts` what is known of it."""

    def __init__(self, parts: Iterable[Told]) -> None:
        self.parts = tuple(parts)
        super().__init__("\n".join(part.headline for part in self.parts))

    @property
    def text(self) -> str:
        return "\n\n".join(part.text for part in self.parts)
