"""Two runs side by side: what is newly broken, repaired, no longer tested, and which response times have moved."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

Data = Mapping[str, Any]

_BROKEN: Final = frozenset({"failed", "warned", "known failure"})
_NOT_TESTED: Final = "not tested"
_MOVED_BY: Final = 2.0
_MOVED_MILLISECONDS: Final = 100.0
_ENOUGH: Final = 5
_HEAD: Final = ("target", "verdict", "size", "seed", "run", "started", "version")
_DIFFERENT: Final = {
    "target": "the other run was of another target ({})",
    "size": "the other run was of another size ({})",
    "seed": "the other run had another seed ({})",
    "version": "the other run was of another version of the suite ({})",
}


def read_report(file: Path) -> dict[str, Any]:
    """Return the data of another run's `conformance.json`. Raises `ValueError` with one sentence."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"the file {str(file)!r} cannot be read ({error.strerror or error})") from None
    except (ValueError, RecursionError):
        raise ValueError(f"the file {str(file)!r} is no JSON; name the conformance.json of another run") from None
    if not _is_report(data):
        raise ValueError(f"the file {str(file)!r} is no report; name the conformance.json of another run")
    return dict(data)


def _is_report(data: Any) -> bool:
    if not isinstance(data, dict) or not all(
        isinstance(data.get(name), list) for name in ("requirements", "operations")
    ):
        return False
    rows = all(
        isinstance(row, dict) and all(isinstance(row.get(name), str) for name in ("id", "statement", "verdict"))
        for row in data["requirements"]
    )
    operations = all(
        isinstance(row, dict) and isinstance(row.get("operation"), str) and isinstance(row.get("times"), dict | None)
        for row in data["operations"]
    )
    return rows and operations and all(isinstance(data.get(name), str) for name in ("target", "run", "started"))


def compare(old: Data, new: Data) -> dict[str, Any]:
    """Return in which requirements and response times one run's data differ from an earlier run's.

    A time has moved where the median has doubled or halved and differs by a tenth of a second.
    """
    before = {row["id"]: row for row in old["requirements"]}
    now = {row["id"]: row for row in new["requirements"]}

    def those(fits: Callable[[str, str], bool]) -> list[dict[str, str]]:
        return [
            {"id": name, "statement": row["statement"], "was": before[name]["verdict"], "now": row["verdict"]}
            for name, row in now.items()
            if name in before
            and before[name]["verdict"] != row["verdict"]
            and fits(before[name]["verdict"], row["verdict"])
        ]

    found: dict[str, Any] = {
        "with": {name: old.get(name) for name in _HEAD},
        "notes": [words.format(old.get(name)) for name, words in _DIFFERENT.items() if _differs(name, old, new)],
        "newly_broken": those(lambda was, came: came in _BROKEN and was not in _BROKEN),
        "repaired": those(lambda was, came: came == "passed" and was in _BROKEN),
        "no_longer_tested": those(lambda was, came: came == _NOT_TESTED and was != _NOT_TESTED),
        "newly_tested": those(lambda was, came: came == "passed" and was == _NOT_TESTED),
        "added": sorted(now.keys() - before.keys()),
        "gone": sorted(before.keys() - now.keys()),
        "times": _moved(old, new),
    }
    return {**found, "equal": not any(found[name] for name in found if name not in ("with", "notes"))}


def _differs(name: str, old: Data, new: Data) -> bool:
    """Return whether a fact differs; the bundled sandbox is one target, whatever its port."""
    if name == "target" and old.get("bundled") and new.get("bundled"):
        return False
    return bool(old.get(name) != new.get(name))


def _moved(old: Data, new: Data) -> list[dict[str, Any]]:
    before = {row["operation"]: row for row in old["operations"]}
    return [
        {"operation": row["operation"], "was": before[row["operation"]]["times"], "now": row["times"]}
        for row in new["operations"]
        if row["operation"] in before and _has_moved(before[row["operation"]], row)
    ]


def _has_moved(old: Data, new: Data) -> bool:
    if not old.get("times") or not new.get("times") or min(old["requests"], new["requests"]) < _ENOUGH:
        return False
    was, now = float(old["times"]["p50"]), float(new["times"]["p50"])
    return abs(now - was) >= _MOVED_MILLISECONDS and max(now, was) >= _MOVED_BY * min(now, was)


def in_lines(found: Data) -> list[str]:
    """Return a comparison in lines for a terminal."""
    words = {
        "newly_broken": "newly broken",
        "repaired": "repaired",
        "no_longer_tested": "no longer tested",
        "newly_tested": "newly tested",
    }
    other = found["with"]
    lines = [
        f"compared with run {other['run']} of {other['started'][:16]}: {'no change' if found['equal'] else 'changed'}"
    ]
    lines += [f"  {note}" for note in found["notes"]]
    for name, title in words.items():
        rows = found[name]
        if name == "newly_broken":
            lines += [f"  {title}: {row['id']} {row['statement']} (was {row['was']})" for row in rows[:_LINES]]
        elif rows:
            lines.append(f"  {title}: {', '.join(row['id'] for row in rows[:_LINES])}")
        if len(rows) > _LINES:
            lines.append(f"    and {len(rows) - _LINES} more: the reports have them")
    for name, title in (("added", "new requirements"), ("gone", "requirements that are gone")):
        if found[name]:
            lines.append(f"  {title}: {len(found[name])}")
    lines += [
        f"  {row['operation']} takes {row['now']['p50']:g} ms (median), was {row['was']['p50']:g} ms"
        for row in found["times"]
    ]
    return lines


_LINES: Final = 12
