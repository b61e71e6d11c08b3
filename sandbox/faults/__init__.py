"""The seeded single faults, grouped by kind; ``ALL`` holds every one of them."""

from __future__ import annotations

from sandbox.faults.model import Fault

ALL: tuple[Fault, ...] = ()
