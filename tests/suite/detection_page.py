"""The page that says what the suite catches, by fault and by requirement, and beside it stock schemathesis."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence

from conformance.contract.catalogue import Catalogue
from sandbox.switchboard import FAULTS, VARIANTS
from tests.suite.detection import ROOT
from tests.suite.fires import Fires, proven_by

PAGE = ROOT / "docs" / "detection.md"
STOCK = ROOT / "docs" / "stock-schemathesis.json"
_HEAD = """# What the suite catches

Made by `python -m tests.suite.write_detection_page` (`tox -e detection`), which runs a gate against the sandbox for
each seeded fault and each lawful variant. A fault is *caught* where a MUST fails the run, or a SHOULD warns, and all
requirements that the fault is made to break are among those that fire. Under *fires* stand these first, and after a
semicolon whatever else fires on it. `pytest tests/suite` repeats a proof of each on every commit: all that stands here
fires, and nothing else does.
Under *stock schemathesis* stands what its command line finds on the same faults (all checks, a token handed to it)
beyond what it reports on the faultless reference; made by `python -m tests.suite.stock`.
"""


def timed_ids(catalogue: Catalogue) -> frozenset[str]:
    """The requirements that are about seconds: on a busy machine they may fire beside others, and are left out."""
    return frozenset(row.id for row in catalogue if row.rule and "in-time" in row.rule)


def is_caught(name: str, fires: Fires) -> bool:
    """Return whether all of the requirements that a fault is made to break fire on it."""
    return set(FAULTS[name].requirements) <= set(fires.get(name, ()))


def page(fires: Fires, catalogue: Catalogue, red: Collection[str] = (), lawful: int = 0) -> str:
    """Return the page as Markdown; `red` names the lawful servers that do not pass, of so many."""
    stock = json.loads(STOCK.read_text(encoding="utf-8")) if STOCK.exists() else {}
    faults = sorted(FAULTS.values(), key=lambda fault: (fault.kind, fault.operation, fault.id))
    rows = [(fault, is_caught(fault.id, fires), stock.get("faults", {}).get(fault.id)) for fault in faults]
    lines = [_HEAD, "## Totals", "", "| | faults | caught | stock schemathesis |", "|---|---:|---:|---:|"]
    for level in ("MUST", "SHOULD"):
        lines.append(_total(level, [row for row in rows if row[0].level == level]))
    lines += [_total("all", rows), ""]
    servers = f"Lawful servers (the reference, {len(VARIANTS)} variants and combinations of them)"
    lines += [f"{servers}: {lawful - len(red)} of {lawful} pass.", ""]
    proofs = proven_by(faults, fires)
    testable = [row for row in catalogue if not row.not_testable]
    proven = sum(row.id in proofs for row in testable)
    lines += [f"Requirements with a proof, a fault that is made to break them: {proven} of {len(testable)}.", ""]
    if stock:
        lines += [f"On the faultless reference stock schemathesis reports {len(stock['reference'])} findings.", ""]
    lines += ["## By kind", "", "| kind | faults | caught | stock schemathesis |", "|---|---:|---:|---:|"]
    for kind in sorted(Counter(fault.kind for fault in faults)):
        lines.append(_total(kind, [row for row in rows if row[0].kind == kind]))
    lines += ["", "## Requirement by requirement", "", "| requirement | level | proven by |", "|---|---|---|"]
    for row in testable:
        lines.append(f"| {row.id} | {row.level} | {', '.join(proofs.get(row.id, ())) or 'nothing'} |")
    lines += [
        "",
        "## Fault by fault",
        "",
        "| fault | operation | kind | level | fires | stock schemathesis |",
        "|---|---|---|---|---|---|",
    ]
    for fault, caught, found in rows:
        others = sorted(set(fires.get(fault.id, ())) - set(fault.requirements))
        ids = "; ".join(filter(None, (" ".join(fault.requirements), " ".join(others)))) if caught else "missed"
        cells = (f"{fault.id}: {fault.description}", fault.operation, fault.kind, fault.level, ids, _found(found))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _total(title: str, rows: Sequence[tuple[object, bool, list[str] | None]]) -> str:
    measured = [row for row in rows if row[2] is not None]
    stock = f"{sum(bool(row[2]) for row in measured)} of {len(measured)}" if measured else "not measured"
    return f"| {title} | {len(rows)} | {sum(row[1] for row in rows)} | {stock} |"


def _found(found: list[str] | None) -> str:
    return "not measured" if found is None else ", ".join(found) or "–"
