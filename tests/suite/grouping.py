"""As how many groups a fault is told: `python -m tests.suite.grouping [FAULT…]`, half an hour for all of them.

Every fault, or those named, runs the tests of a gate in a warm process, without the generated requests. Several faults
joined by `+` run together: those of different operations have to stay groups of their own. The last line is the number
of faults by their number of groups, and the share of those with one.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence

from tests.suite.detection import Case, Gate, fault_cases
from tests.suite.proving import prove


def main(names: Sequence[str]) -> None:
    """Print the groups of each fault that has not exactly one, and the distribution."""
    cases = [Case(faults=tuple(name.split("+"))) for name in names] or fault_cases()
    gates: list[Gate] = []
    prove(cases, lambda _: None, gates.append, jobs=1)
    counts = Counter(len(gate.groups) for gate in gates)
    for gate in gates:
        if names or len(gate.groups) != 1:
            print(f"{gate.case}: {'; '.join(', '.join(group) for group in gate.groups) or 'no breach'}")
    shown = counts.total() - counts[0]
    told_once = f"{100 * counts[1] / shown:.1f} %" if shown else "nothing was found"
    print(json.dumps({"faults by groups": dict(sorted(counts.items())), "told once": told_once}))


if __name__ == "__main__":
    main(sys.argv[1:])
