"""The lawful variants: what the contract page allows a target to do differently."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.behaviour import Behaviour


@dataclass(frozen=True)
class Variant:
    """A lawful difference; ``capability`` says what cannot be tested where it is switched on."""

    id: str
    description: str
    change: Callable[[Behaviour], Behaviour]
    capability: str = ""


ALL: tuple[Variant, ...] = ()
