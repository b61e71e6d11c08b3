"""`python -m tests.suite.write_detection_page [NAME …]` runs whole gates and writes down what fires.

Without names it runs the gate of every fault and every variant; with names those alone, as after new faults. On faults
the generated requests are left out, and the gates run in a warm process (`tests.suite.proving`). It writes
`tests/suite/fires.json`, `openapi/proofs.json` and `docs/detection.md`, and exits with 1 where a fault is not caught or
a lawful server does not pass.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence

from conformance.contract.catalogue import Catalogue, load_catalogue
from sandbox.switchboard import FAULTS
from tests.suite.detection import ROOT, Case, Gate, all_cases, lawful_cases, run_gates
from tests.suite.detection_page import PAGE, page, timed_ids
from tests.suite.fires import FIRES, PROOFS, fires_text, load_fires, proofs_text, proven_by
from tests.suite.proving import prove


def main(names: Sequence[str]) -> int:
    """Run the gates with a line for each, write the files, and return the exit status."""
    catalogue = load_catalogue(ROOT / "openapi" / "requirements")
    known = {case.id: case for case in all_cases()}
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"there is no fault and no variant {unknown[0]!r}", file=sys.stderr)
        return 2
    cases, started = [known[name] for name in names] or list(known.values()), time.monotonic()

    def progress(number: int, gate: Gate) -> None:
        seconds = time.monotonic() - started
        print(f"{number}/{len(cases)} {seconds:.0f} s {gate.case}: {' '.join(sorted(gate.fired)) or '-'}", flush=True)

    gates = run_gates([case for case in cases if not case.faults], progress) if any_lawful(cases) else []
    terminal = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)

    def tell(gate: Gate) -> None:
        gates.append(gate)
        print(f"{len(gates)}/{len(cases)} {gate.case}: {' '.join(sorted(gate.fired)) or '-'}", file=terminal)

    prove([case for case in cases if case.faults], lambda _: None, tell)
    wrong = [f"{gate.case}: {words}" for gate in gates for words in departures(gate, catalogue)]
    write_files(gates, catalogue)
    print("\n".join(wrong))
    return 1 if wrong else 0


def any_lawful(cases: Iterable[Case]) -> bool:
    return any(not case.faults for case in cases)


def departures(gate: Gate, catalogue: Catalogue) -> Iterable[str]:
    """Yield in words how a whole gate departs from what its fault is made to break, or from what is lawful."""
    fault = FAULTS.get(gate.case)
    if fault is None:
        if gate.failed or gate.status != 0:
            yield f"a lawful server ends with {gate.status} and fails {' '.join(gate.failed)}"
        return
    missed = sorted(set(fault.requirements) - gate.fired)
    if missed:
        yield f"misses {' '.join(missed)}"
    if gate.status != 0:
        yield "did not come to its end"
    if bool(gate.failed) != (fault.level == "MUST"):
        yield f"fails {' '.join(gate.failed) or 'nothing'} though it breaks a {fault.level}"
    if fault.level == "MUST" and not any(catalogue[name].level == "MUST" for name in fault.requirements):
        yield "breaks a MUST and names none"


def write_files(gates: Iterable[Gate], catalogue: Catalogue) -> None:
    """Write what fires, the proofs and the page, from these gates and from what was written before of the others."""
    gates = list(gates)
    timed = timed_ids(catalogue)
    fires = {name: ids for name, ids in load_fires().items() if name in FAULTS}
    for gate in gates:
        if gate.case in FAULTS:
            fires[gate.case] = tuple(sorted(gate.fired - timed | (gate.fired & set(FAULTS[gate.case].requirements))))
    FIRES.write_text(fires_text(fires), encoding="utf-8")
    PROOFS.write_text(proofs_text(proven_by(FAULTS.values(), fires)), encoding="utf-8")
    red = [gate.case for gate in gates if gate.case not in FAULTS and gate.failed]
    PAGE.write_text(page(fires, catalogue, red, len(lawful_cases())), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
