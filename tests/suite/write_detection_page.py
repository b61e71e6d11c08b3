"""`python -m tests.suite.write_detection_page` runs all gates and writes `docs/detection.md` anew."""

from __future__ import annotations

import time

from tests.suite.detection import ROOT, Gate, all_cases, run_gates
from tests.suite.detection_page import page


def main() -> None:
    """Runs the gates with a line for each, and writes the page."""
    cases, started = all_cases(), time.monotonic()

    def progress(number: int, gate: Gate) -> None:
        seconds = time.monotonic() - started
        print(f"{number}/{len(cases)} {seconds:.0f} s {gate.case}: {' '.join(sorted(gate.fired)) or '-'}", flush=True)

    gates = run_gates(cases, progress)
    (ROOT / "docs" / "detection.md").write_text(page(gates), encoding="utf-8")


if __name__ == "__main__":
    main()
