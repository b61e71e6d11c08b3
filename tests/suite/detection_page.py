"""The page that says what the suite catches: fault by fault, by kind and level, and beside it stock schemathesis."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from conformance.contract.catalogue import Catalogue
from sandbox.switchboard import FAULTS, VARIANTS
from tests.suite.detection import ROOT, Gate

STOCK = ROOT / "docs" / "stock-schemathesis.json"
_HEAD = """# What the suite catches

Made by `python -m tests.suite.write_detection_page`, which runs a gate against the sandbox for every seeded fault
and every lawful variant; `pytest tests/suite` runs the same gates and fails where this page does not agree with them.
A fault is *caught* where a MUST fails the run, or a SHOULD warns, with the requirements that the fault breaks; these
stand under *fires*. What else fires is held to a handful by the tests.
Under *stock schemathesis* stands what its command line finds on the same faults (all checks, a token handed to it)
beyond what it reports on the faultless reference; made by `python -m tests.suite.stock`.
"""


def timed_ids(catalogue: Catalogue) -> frozenset[str]:
    """The requirements that are about seconds: on a busy machine they may fire beside others, and are left out."""
    return frozenset(row.id for row in catalogue if row.rule and "in-time" in row.rule)


def page(gates: Iterable[Gate]) -> str:
    """The gates of all cases: returns the page as Markdown, the same for the same verdicts."""
    by_case = {gate.case: gate for gate in gates}
    stock = json.loads(STOCK.read_text(encoding="utf-8")) if STOCK.exists() else {}
    faults = sorted(FAULTS.values(), key=lambda fault: (fault.kind, fault.operation, fault.id))
    rows = []
    for fault in faults:
        gate = by_case[fault.id]
        fired = [name for name in fault.requirements if name in gate.fired]
        caught = bool(set(fault.requirements) <= gate.fired and gate.fired)
        rows.append((fault, caught, fired, stock.get("faults", {}).get(fault.id)))
    green = [gate for gate in by_case.values() if gate.case not in FAULTS and not gate.failed]
    lawful = [name for name in by_case if name not in FAULTS]
    lines = [_HEAD, "## Totals", "", "| | faults | caught | stock schemathesis |", "|---|---:|---:|---:|"]
    for level in ("MUST", "SHOULD"):
        lines.append(_total(level, [row for row in rows if row[0].level == level]))
    lines += [_total("all", rows), ""]
    servers = f"Lawful servers (the reference, {len(VARIANTS)} variants and combinations of them)"
    lines += [f"{servers}: {len(green)} of {len(lawful)} pass.", ""]
    if stock:
        lines += [f"On the faultless reference stock schemathesis reports {len(stock['reference'])} findings.", ""]
    lines += ["## By kind", "", "| kind | faults | caught | stock schemathesis |", "|---|---:|---:|---:|"]
    for kind in sorted(Counter(fault.kind for fault in faults)):
        lines.append(_total(kind, [row for row in rows if row[0].kind == kind]))
    lines += [
        "",
        "## Fault by fault",
        "",
        "| fault | operation | kind | level | fires | stock schemathesis |",
        "|---|---|---|---|---|---|",
    ]
    for fault, _, fired, found in rows:
        ids = " ".join(fired) or "missed"
        cells = (f"{fault.id}: {fault.description}", fault.operation, fault.kind, fault.level, ids, _found(found))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _total(title: str, rows: Sequence[tuple[object, bool, list[str], list[str] | None]]) -> str:
    measured = [row for row in rows if row[3] is not None]
    stock = f"{sum(bool(row[3]) for row in measured)} of {len(measured)}" if measured else "not measured"
    return f"| {title} | {len(rows)} | {sum(row[1] for row in rows)} | {stock} |"


def _found(found: list[str] | None) -> str:
    return "not measured" if found is None else ", ".join(found) or "–"
