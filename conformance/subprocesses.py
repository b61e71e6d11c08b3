"""Processes beside the one that tests, such as the project's own modules, run as `python -P -m MODULE`."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Final

_LATER: Final = 10


def environment_for(module: str) -> dict[str, str]:
    """Return the environment of a process that finds a module where this one would, in whatever folder it stands."""
    found = importlib.util.find_spec(module)
    folder = str(Path(found.origin).parents[1]) if found is not None and found.origin else ""
    path = os.pathsep.join(filter(None, (folder, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path} if path else dict(os.environ)


def give_way() -> None:
    """Lower the priority of this process, which works beside the tests: the tests and a target here come first."""
    if hasattr(os, "nice"):
        os.nice(_LATER)
