"""`python -m bench.rare` prints how many of thirty rare faults a full run finds, beside stock schemathesis.

Both have the same document, the same seconds, and merchants with an active organization. For each round of faults
(`bench.rare_faults`) a target is started; a fault counts as found where something is reported at its operation that is
not reported there on the target without faults. Whether a response is refused rightly is left out of what is counted
of stock schemathesis: on this document these checks report the target without faults too, now here, now there. A gate
is run as well: it is meant to find hardly any of the faults.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import uvicorn

from bench.rare_faults import FAULTS, ROUNDS, Rare
from conformance.contract.document import load_contract
from sandbox.app import Sandbox
from sandbox.reference import REFERENCE
from tests.suite.stock import token as token_of

ROOT: Final = Path(__file__).parents[1]
_CRY_WOLF: Final = (
    "Schema-valid request rejected",
    "Schema-violating request accepted",
    "Allow header mismatch",
    "Wrong response to undeclared method",
)
Found = set[tuple[str, str]]
"""What was reported, and at which operation."""


def serve(names: Sequence[str]) -> None:
    """Serve a target with the named faults until the process is ended."""
    behaviour = REFERENCE
    for fault in FAULTS:
        behaviour = fault.change(behaviour) if fault.id in names else behaviour
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(Sandbox(behaviour), log_level="critical")).run(sockets=[listener])


@contextmanager
def target(faults: Sequence[Rare]) -> Iterator[str]:
    """A target with these faults while it lasts: gives its base URL."""
    words = [sys.executable, "-m", "bench.rare", "--serve", *(fault.id for fault in faults)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split("listening on ", 1)[1].strip()
        finally:
            process.kill()


def ours(faults: Sequence[Rare], seed: int, *words: str) -> Found:
    """Run the suite against a target with these faults; return the requirements that are broken."""
    with target(faults) as url, tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--base-url", url, *words]
        command += [f"--seed={seed}", f"--report-dir={folder}"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        report = Path(folder, "conformance.json")
        if done.returncode not in (0, 1) or not report.exists():
            raise RuntimeError(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-500:]}")
        rows = json.loads(report.read_text(encoding="utf-8"))["requirements"]
    return {(row["id"], row["operation"]) for row in rows if row["breaches"]}


def stock(faults: Sequence[Rare], seed: int, seconds: int) -> Found:
    """Run stock schemathesis, with all of its checks, as long; return its kinds of failure, by operation."""
    with target(faults) as url:
        command = [str(Path(sys.executable).with_name("schemathesis")), "run", "openapi/onboarding.yaml", "-u", url]
        command += ["-H", f"Authorization: Bearer {token_of(url)}", "--checks", "all", "--continue-on-failure"]
        command += ["--max-time", str(seconds), "--max-examples", "100000", "--seed", str(seed), "--no-color"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or "Test cases:" not in done.stdout:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-500:]}")
    return set(told(done.stdout))


def told(output: str) -> Iterator[tuple[str, str]]:
    """Yield the failures that the command line tells: each in a block, whose last curl line is the request in question.

    The report as JSON does not say at which operation a walk over the links failed.
    """
    known = load_contract(ROOT / "openapi" / "onboarding.yaml").operations
    for block in output.split("Test Case ID: ")[1:]:
        requests = [line for line in block.splitlines() if line.strip().startswith("curl ")]
        for name, operation in known.items():
            if requests and requests[-1].rstrip().endswith(operation.path):
                titles = re.findall(r"^- ST\d+ (.+)$", block, re.MULTILINE)
                yield from ((title, name) for title in titles if title not in _CRY_WOLF)


def measured(title: str, run: Callable[[Sequence[Rare]], Found], rounds: Sequence[Sequence[Rare]]) -> set[str]:
    """Print and return the faults that a run finds in each round, beyond what it reports on the target without any."""
    reference, caught = run(()), set()
    for faults in rounds:
        new = run(faults) - reference
        found = {fault.id for fault in faults if any(operation == fault.operation for _, operation in new)}
        print("\n".join(f"  {operation}: {title}" for title, operation in sorted(new)), file=sys.stderr)
        caught |= found
        missed = {fault.id for fault in faults} - found
        print(
            f"{title}: found {', '.join(sorted(found)) or '-'}; missed {', '.join(sorted(missed)) or '-'}", flush=True
        )
    return caught


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="bench.rare", description=__doc__)
    parser.add_argument("--seconds", type=int, default=120, help="the time budget of both (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the seed of both (default: %(default)s)")
    parser.add_argument("--round", type=int, action="append", help="a round alone, from 1 (repeatable)")
    parser.add_argument("--only", choices=["gate", "full", "stock"], help="one tool alone")
    parser.add_argument("--serve", nargs="*", metavar="FAULT", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve is not None:
        serve(given.serve)
        return
    rounds = [ROUNDS[number - 1] for number in given.round] if given.round else ROUNDS
    full = ("--size", "full", "--time-budget", str(given.seconds), "-k", "test_fuzzing or test_links")
    tools: dict[str, tuple[str, Callable[[Sequence[Rare]], Found]]] = {
        "gate": ("a gate", lambda faults: ours(faults, given.seed)),
        "full": (f"--size full, {given.seconds} s", lambda faults: ours(faults, given.seed, *full)),
        "stock": (f"stock schemathesis, {given.seconds} s", lambda faults: stock(faults, given.seed, given.seconds)),
    }
    wanted = {key: tool for key, tool in tools.items() if given.only in (None, key)}
    caught = {title: measured(title, run, rounds) for title, run in wanted.values()}
    print("\n| | found |\n|---|---:|")
    for title, found in caught.items():
        print(f"| {title} | {len(found)} of {sum(map(len, rounds))} |")


if __name__ == "__main__":
    main()
