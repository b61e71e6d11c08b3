"""What a variant is: something that the contract page allows a target to do differently, as data."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.behaviour import Change


@dataclass(frozen=True)
class Variant:
    """A lawful difference.

    ``capability`` says what cannot be tested where it is switched on. ``writes`` marks a change to how any reply is
    written: it is applied after all others, so that variants can be combined in whatever order they are asked for.
    """

    id: str
    description: str
    change: Change
    capability: str = ""
    writes: bool = False
