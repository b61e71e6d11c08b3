"""What fires on each fault, requirement by requirement, as whole gates have shown it: kept in `fires.json`.

`python -m tests.suite.write_detection_page` writes the file; a change of it is read as a change of code is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final

from sandbox.faults.model import Fault
from tests.suite.detection import ROOT

FIRES: Final = ROOT / "tests" / "suite" / "fires.json"
PROOFS: Final = ROOT / "openapi" / "proofs.json"

Fires = Mapping[str, tuple[str, ...]]


def load_fires() -> dict[str, tuple[str, ...]]:
    """Return the requirements that fire, by fault."""
    if not FIRES.exists():
        return {}
    return {name: tuple(ids) for name, ids in json.loads(FIRES.read_text(encoding="utf-8")).items()}


def fires_text(fires: Mapping[str, Iterable[str]]) -> str:
    """Return the file of what fires, with a line for each fault."""
    rows = [f"  {json.dumps(name)}: {json.dumps(sorted(fires[name]))}" for name in sorted(fires)]
    return "{\n" + ",\n".join(rows) + "\n}\n"


def proven_by(faults: Iterable[Fault], fires: Fires) -> dict[str, list[str]]:
    """Return the faults that prove each requirement: those that are made to break it, and on which it fires."""
    found: dict[str, list[str]] = {}
    for fault in faults:
        for requirement in fault.requirements:
            if requirement in fires.get(fault.id, ()):
                found.setdefault(requirement, []).append(fault.id)
    return {requirement: sorted(found[requirement]) for requirement in sorted(found)}


def proofs_text(proofs: Mapping[str, list[str]]) -> str:
    """Return the file from which the reports tell what proves each requirement, with a line for each."""
    rows = [f"  {json.dumps(name)}: {json.dumps(ids)}" for name, ids in proofs.items()]
    return "{\n" + ",\n".join(rows) + "\n}\n"
