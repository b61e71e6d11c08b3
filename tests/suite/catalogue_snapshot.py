"""`python -m tests.suite.catalogue_snapshot` pins the requirements as they stand, on purpose.

The snapshot has the meaning of every id that ever was: ids stand in lists of known failures and in old reports, so
that none may come to mean something else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from conformance.contract.catalogue import Catalogue, load_catalogue

ROOT: Final = Path(__file__).parents[2]
SNAPSHOT: Final = Path(__file__).with_name("catalogue.snapshot.json")
COMMAND: Final = "python -m tests.suite.catalogue_snapshot"

Meanings = Mapping[str, Mapping[str, str]]


def meanings(catalogue: Catalogue) -> dict[str, dict[str, str]]:
    """Return what each id means: its operation, level and statement."""
    return {
        row.id: {"operation": row.operation, "level": row.level, "statement": row.statement}
        for row in sorted(catalogue, key=lambda row: row.id)
    }


def differences(pinned: Mapping[str, Meanings], now: Meanings) -> list[str]:
    """Return in words what differs between a snapshot and the catalogue as it is now."""
    known, retired = pinned["requirements"], pinned["retired"]
    changed = [
        f"{name}: {key} was {known[name][key]!r} and is {now[name][key]!r}"
        for name in known.keys() & now.keys()
        for key in known[name]
        if known[name][key] != now[name][key]
    ]
    return [
        *reused(pinned, now),
        *sorted(changed),
        *(f"{name} is gone" for name in sorted(known.keys() - now.keys())),
        *(f"{name} is new" for name in sorted(now.keys() - known.keys() - retired.keys())),
    ]


def reused(pinned: Mapping[str, Meanings], now: Meanings) -> list[str]:
    """Return in words which ids came back with another meaning than they had when they were retired."""
    return [
        f"{name} was retired and may not come back: it meant {meaning['statement']!r}"
        for name, meaning in sorted(pinned["retired"].items())
        if name in now and now[name]["statement"] != meaning["statement"]
    ]


def renewed(pinned: Mapping[str, Meanings], now: Meanings) -> dict[str, Any]:
    """Return the snapshot of the catalogue as it is now; what is gone is retired.

    Raises `ValueError` for a retired id with another meaning.
    """
    if again := reused(pinned, now):
        raise ValueError("; ".join(again))
    everything = {**pinned["retired"], **pinned["requirements"]}
    gone = {name: meaning for name, meaning in sorted(everything.items()) if name not in now}
    return {"requirements": now, "retired": gone}


def read() -> dict[str, Meanings]:
    """Return the snapshot."""
    found: dict[str, Meanings] = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Write the snapshot, and say what has changed."""
    pinned, now = read(), meanings(load_catalogue(ROOT / "openapi" / "requirements"))
    for words in differences(pinned, now):
        print(words)
    SNAPSHOT.write_text(f"{json.dumps(renewed(pinned, now), indent=1, ensure_ascii=False)}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
