"""`python -m tests.suite.phases [NUMBER]` measures what each part of a gate finds, and what it costs.

It runs whole gates, with the generated requests, on a choice of faults, and prints a table: at how many of them each
part found a breach, at how many it alone did, and the share of the time that its tests took.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import sys
from collections import Counter
from typing import Final

from sandbox.switchboard import FAULTS
from tests.suite.detection import SEED, Case, Gate, run

SOURCES: Final = ("features", "tables", "examples", "coverage", "fuzzing")


def main(number: int) -> None:
    """Runs the gates with a line for each, and prints the table."""
    names = random.Random(SEED).sample(sorted(FAULTS), min(number, len(FAULTS)))
    gates: list[Gate] = []
    with multiprocessing.get_context("fork").Pool(os.cpu_count(), maxtasksperchild=1) as pool:
        for gate in pool.imap_unordered(run, [Case(faults=(name,)) for name in names], chunksize=1):
            gates.append(gate)
            print(f"{len(gates)}/{len(names)} {gate.case}: {gate.found_by}", file=sys.stderr, flush=True)
    print("\n".join(table(gates)))


def table(gates: list[Gate]) -> list[str]:
    """The gates of some faults: returns the table's lines as Markdown."""
    found, alone, seconds = Counter[str](), Counter[str](), Counter[str]()
    for gate in gates:
        sources = {source for parts in gate.found_by.values() for source in parts}
        found.update(sources)
        if len(sources) == 1:
            alone.update(sources)
        for source, taken in gate.seconds_in.items():
            seconds[source] += taken  # type: ignore[assignment]
    total = sum(seconds.values()) or 1
    lines = [
        f"| part of a gate | found a breach (of {len(gates)} faults) | it alone | share of time |",
        "|---|---:|---:|---:|",
    ]
    return lines + [f"| {name} | {found[name]} | {alone[name]} | {seconds[name] / total:.0%} |" for name in SOURCES]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else len(FAULTS))
