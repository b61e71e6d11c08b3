"""`python -m bench` prints how fast the suite is, in ratios measured in this run; `--help` lists what it can add."""

from __future__ import annotations

import argparse
import json
import os
import pickle
import pstats
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from bench.network import far_away, replayed
from tests.suite.stock import token as token_of

ROOT: Final = Path(__file__).parents[1]
PARTS: Final = (
    ("client", r"/(httpx|httpcore|h11|conformance/wire/(?!evidence))|conformance/client|socket"),
    ("evidence and masking", r"conformance/(wire/evidence|masking|literals|recorder)"),
    ("rules", r"conformance/(checks|contract)|/(jsonschema|referencing)|conformance/values"),
    ("reports", r"allure|pytest_html|junitxml|jinja2|markupsafe|conformance/report|templates/|json/encoder"),
    ("generated requests", r"hypothesis|schemathesis|conformance/generate"),
    ("imports", r"importlib|marshal"),
    ("pytest and pytest-bdd", r"_pytest|pluggy|pytest_bdd|parse\.py"),
)
SAME_CHECKS: Final = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance"
)
SECONDS_FOR_A_CASE: Final = 0.56
"""How long the stock command line takes for a case of each of the six operations, more or less."""


class Cost(NamedTuple):
    """What a process took: seconds on the clock, seconds of CPU without its children, and its memory in MB."""

    wall: float
    cpu: float
    memory: float


def run(words: Sequence[str], folder: Path = ROOT, **environment: str) -> Cost:
    """Run a Python process in a checkout of the suite, by its own environment where it has one; return its cost.

    The output is dropped. Raises `RuntimeError` for a run that did not end well: what it took says nothing.
    """
    code = (
        "import atexit,resource,runpy,sys;sys.argv=sys.argv[1:];u=lambda:resource.getrusage(resource.RUSAGE_SELF);"
        "atexit.register(lambda:print('COST',u().ru_utime+u().ru_stime,u().ru_maxrss/1024));"
        "runpy.run_module(sys.argv[0],run_name='__main__',alter_sys=True)"
    )
    known = {**os.environ, "PYTHONPATH": str(folder), **environment}
    own = folder / ".venv" / "bin" / "python"
    started = time.monotonic()
    done = subprocess.run(
        [str(own) if own.exists() else sys.executable, "-c", code, *words],
        cwd=folder,
        env=known,
        capture_output=True,
        text=True,
        check=False,
    )
    wall = time.monotonic() - started
    told = re.findall(r"^COST (\S+) (\S+)$", done.stdout, re.MULTILINE)
    if not told or done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stdout[-500:]}{done.stderr[-500:]}")
    return Cost(wall, float(told[-1][0]), float(told[-1][1]))


def gate(reports: Path, *words: str) -> list[str]:
    """Return the words of a run of pytest with reports of its own."""
    return ["pytest", "-q", "-p", "no:cacheprovider", "--seed=1", f"--report-dir={reports}", *words]


@contextmanager
def sandbox() -> Iterator[str]:
    """A sandbox while it lasts: gives its base URL."""
    words = [sys.executable, "-m", "sandbox", "--port", "0", "--exit-with-stdin"]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split("listening on ", 1)[1].strip()
        finally:
            process.kill()


def row(what: str, *values: str) -> None:
    print(f"| {what} | {' | '.join(values)} |", flush=True)


def sizes(folder: Path, rounds: int, against: Path | None) -> None:
    """Print what collection, smoke and gate take; beside another checkout, in turns, where one is given."""
    print("| run | wall | CPU | memory | CPU against the other |\n|---|---|---|---|---|")
    for name, words in (("collection", ["--collect-only"]), ("smoke", ["--size", "smoke"]), ("gate", [])):
        costs: list[Cost] = []
        others: list[Cost] = []
        for _ in range(rounds):
            costs.append(run(gate(folder / "reports", *words)))
            others += [run(gate(folder / "reports", *words), against)] if against else []
        wall, cpu, memory = (median(cost[place] for cost in costs) for place in range(3))
        ratio = f"{cpu / median(cost.cpu for cost in others):.2f}" if others else "-"
        row(name, f"{wall:.2f} s", f"{cpu:.2f} s", f"{memory:.0f} MB", ratio)


def floor(folder: Path) -> None:
    """Print a gate's time against the bare time of its own requests."""
    record = folder / "record"
    with sandbox() as url:
        cost = run(gate(folder / "reports", "--base-url", url, "-p", "bench.recording"), BENCH_RECORD=str(record))
    sent, times = pickle.loads(record.read_bytes())
    with sandbox() as url:
        bare = replayed(url, sent)
    print("\n| gate against its floor | |\n|---|---|")
    row("requests", str(len(sent)))
    row("the same requests over one connection", f"{bare:.2f} s")
    row("collection", f"{times['collection']:.2f} s")
    row("tests", f"{times['tests']:.2f} s, {times['tests'] / bare:.2f} times the floor")
    row("whole gate", f"{cost.wall:.2f} s, {cost.wall / bare:.2f} times the floor")
    row("CPU for a request", f"{1000 * cost.cpu / len(sent):.1f} ms")


def parts(folder: Path) -> None:
    """Print where the CPU of a gate goes, by a profile of it."""
    profile = folder / "profile"
    code = "import cProfile,pytest,sys,time;p=cProfile.Profile(time.process_time);"
    code += "p.runcall(pytest.main,sys.argv[2:]);p.dump_stats(sys.argv[1])"
    words = [sys.executable, "-c", code, str(profile), *gate(folder / "reports")[1:]]
    subprocess.run(words, cwd=ROOT, capture_output=True, check=True)
    stats: Any = pstats.Stats(str(profile))
    shares = dict.fromkeys([name for name, _ in PARTS] + ["everything else"], 0.0)
    for (file, _, function), (_, _, own, _, _) in stats.stats.items():
        place = f"{file} {function}"
        shares[next((name for name, words in PARTS if re.search(words, place)), "everything else")] += own
    print("\n| part of a gate | share of its CPU |\n|---|---|")
    for name, seconds in sorted(shares.items(), key=lambda item: -item[1]):
        row(name, f"{100 * seconds / stats.total_tt:.0f} %")


def fuzzing(folder: Path, examples: int, operation: str | None) -> None:
    """Print how many cases a second our fuzzing sends, beside the stock command line with the same checks.

    That is of all operations, or of one alone.
    """
    record, budget = folder / "record", str(max(3, round(SECONDS_FOR_A_CASE * examples)))
    chosen = f"test_fuzzing and {operation}" if operation else "test_fuzzing"
    words = ["-k", chosen, "--size", "full", "--time-budget", budget, "-p", "bench.recording"]
    with sandbox() as url:
        run(gate(folder / "reports", "--base-url", url, *words), BENCH_RECORD=str(record))
    _, times = pickle.loads(record.read_bytes())
    told = json.loads((folder / "reports" / "conformance.json").read_text(encoding="utf-8"))
    ours = told["requests"] / times["tests"]  # the tests of a full run may send them from processes of their own
    with sandbox() as url:
        stock = ["run", "openapi/onboarding.yaml", "-u", url, "-H", f"Authorization: Bearer {token_of(url)}"]
        stock += ["--checks", SAME_CHECKS, "--phases", "fuzzing", "--max-examples", str(examples), "--seed", "1"]
        stock += ["--include-operation-id", operation] if operation else []
        stock += ["--no-color", "--report-json-path", str(folder / "stock.json")]
        program = Path(sys.executable).with_name("schemathesis")
        done = subprocess.run([program, *stock], cwd=ROOT, capture_output=True, text=True, check=False)
    cases = sum(map(int, re.findall(r"(\d+) generated", done.stdout)))
    seconds = [float(found) for found in re.findall(r"in ([\d.]+)s", done.stdout)]
    theirs = cases / seconds[-1] if cases and seconds else 0.0
    print("\n| fuzzing | cases a second |\n|---|---|")
    row("ours", f"{ours:.0f}")
    row("stock command line", f"{theirs:.0f}" if theirs else "not told")
    row("ratio", f"{ours / theirs:.2f}" if theirs else "-")


def scale(folder: Path) -> None:
    """Print how many requests a requirement takes, and what twice the scenarios cost."""
    print("\n| scenarios | requests | requests for a requirement | wall | CPU | memory |\n|---|---|---|---|---|---|")
    for name, words in (("once", []), ("twice", ["-p", "bench.twice"])):
        cost = run(gate(folder / "reports", *words))
        told = json.loads((folder / "reports" / "conformance.json").read_text(encoding="utf-8"))
        decided = sum(row["verdict"] != "not tested" for row in told["requirements"])
        requests = told["requests"]
        costs = f"{cost.wall:.2f} s", f"{cost.cpu:.2f} s", f"{cost.memory:.0f} MB"
        row(name, str(requests), f"{requests / decided:.2f}", *costs)


def waits(folder: Path) -> None:
    """Print how often a gate waits for responses: times the distance, it is what a far target costs on any machine.

    With `-s` the tests go one after the other, so that what counts is what a test sends at a time.
    """
    print("\n| independent requests at a time | waits of a gate |\n|---|---|")
    counted = folder / "waits"
    for number in ("1", "4", "8"):
        words = ("-s", "-p", "bench.waits", "--concurrency", number)
        run(gate(folder / "reports", *words), BENCH_WAITS=str(counted))
        row(number, counted.read_text(encoding="ascii"))


def distances(folder: Path, milliseconds: Sequence[int]) -> None:
    """Print what a gate takes against a target so far away: one request after the other, by default, with workers."""
    ways = ("--concurrency 1", "", "-n 4", "-n 8")
    print(f"\n| gate at a distance | {' | '.join(way or 'by default' for way in ways)} |\n|---|---|---|---|---|")
    for late in milliseconds:
        walls = []
        for way in ways:
            with sandbox() as url, far_away(url, late / 1000) as address:
                walls.append(run(gate(folder / "reports", "--base-url", address, *way.split())).wall)
        row(f"{late} ms", *(f"{wall:.1f} s" for wall in walls))


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each size, of which the median counts")
    parser.add_argument("--against", type=Path, help="another checkout of the suite, measured in turns with this one")
    parser.add_argument(
        "--distances", type=int, nargs="*", default=[0, 50, 100, 200], help="milliseconds to the target"
    )
    parser.add_argument("--examples", type=int, default=50, help="cases of each operation for the stock command line")
    parser.add_argument("--operation", help="the operation of which cases are generated, in place of all of them")
    tables_known = ["sizes", "floor", "parts", "fuzzing", "scale", "waits", "distances"]
    parser.add_argument("--only", choices=tables_known, help="one table alone")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables: dict[str, Callable[[], None]] = {
            "sizes": lambda: sizes(folder, given.rounds, given.against),
            "floor": lambda: floor(folder),
            "parts": lambda: parts(folder),
            "fuzzing": lambda: fuzzing(folder, given.examples, given.operation),
            "scale": lambda: scale(folder),
            "waits": lambda: waits(folder),
            "distances": lambda: distances(folder, given.distances),
        }
        for table, printed in tables.items():
            if given.only in (None, table):
                printed()


if __name__ == "__main__":
    main()
