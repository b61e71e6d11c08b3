"""Processes of the project's own modules, which run as `python -P -m MODULE`."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path


def environment_for(module: str) -> dict[str, str]:
    """Return the environment of a process that finds a module where this one would, in whatever folder it stands."""
    found = importlib.util.find_spec(module)
    folder = str(Path(found.origin).parents[1]) if found is not None and found.origin else ""
    path = os.pathsep.join(filter(None, (folder, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path} if path else dict(os.environ)
