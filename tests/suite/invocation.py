"""Runs the suite as a user does, in a process of its own, and hands back what the user sees.

The processes are forked from one that has imported everything, so that dozens of runs take seconds.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest

from merchant_conformance.__main__ import main
from tests.suite.forking import skip_without_fork

ROOT: Final = Path(__file__).parents[2]
_IMPORTED: Final = (
    "conformance.plugin.entry",
    "steps",
    *(f"steps.{file.stem}" for file in (ROOT / "steps").glob("*.py")),
    *("allure_pytest.plugin", "pytest_base_url.plugin", "pytest_bdd.plugin"),
    *("pytest_html.plugin", "pytest_metadata.plugin", "schemathesis", "xdist.plugin"),
    "tests.suite.warm",
)
BETWEEN_REQUESTS: Final = (
    *("--seed", "5", "--ignore", "tests/conformance/test_generated.py", "-k", "organization or checkout"),
    *("--sandbox-fault", "existing-only-first-time", "--sandbox-fault", "organization-name-upper-cased"),
    *("--sandbox-fault", "checkout-urls-equal"),
)
"""The words of a run against faults that show between requests alone: each needs what others have sent.

Of the scenarios and tables, those of the operations with these faults and of what they need are enough.
"""
QUIET: Final = ("-p", "no:allure_pytest", "-p", "no:html")
"""The words of a run whose reports in the forms of Allure and pytest-html nobody reads."""
_PATIENCE: Final = 300
_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_OWN: Final = ("CONFORMANCE_", "PYTEST_", "COV")


@dataclass(frozen=True)
class Done:
    """A run that has ended: its exit status, what it printed, and the folder of its reports."""

    status: int
    output: str
    reports: Path

    @cached_property
    def report(self) -> dict[str, Any]:
        """What `conformance.json` holds."""
        data: dict[str, Any] = json.loads((self.reports / "conformance.json").read_text(encoding="utf-8"))
        return data

    @property
    def verdicts(self) -> dict[str, str]:
        """The verdict on every requirement, by id."""
        return {row["id"]: row["verdict"] for row in self.report["requirements"]}

    @property
    def failed(self) -> set[str]:
        return {name for name, verdict in self.verdicts.items() if verdict == "failed"}


class Given:
    """A configuration as pytest would hand it out: what stands on the command line, and in the ini file."""

    def __init__(self, command_line: dict[str, Any], ini: dict[str, Any]) -> None:
        self.command_line, self.ini = command_line, ini

    def getoption(self, name: str, default: Any = None) -> Any:
        return self.command_line.get(name, default)

    def getini(self, name: str) -> Any:
        return self.ini.get(name, "")


def invoke(
    reports: Path,
    *words: str,
    environment: Mapping[str, str] | None = None,
    folder: Path = ROOT,
    ini: bool = True,
    meanwhile: Callable[[int], None] = lambda _: None,
    patience: float = _PATIENCE,
    ignored: Collection[signal.Signals] = (),
    program: str = "pytest",
) -> Done:
    """`pytest WORDS` in a folder, with a clean environment: waits until it has ended, `patience` seconds at most.

    `program` can be the suite's own command instead. The reports go into `reports`, unless `ini` is off: then nothing
    is said of them. `meanwhile` is called with the id of the process while it runs. `ignored` are the signals that the
    process ignores from its start, as one that a shell starts in the background ignores SIGINT; the others that end a
    run are at their default, whatever this process does.
    """
    skip_without_fork()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_IMPORTED))
    given = [*words, f"--report-dir={reports}"] if ini else list(words)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
    with TemporaryDirectory() as temporary:
        output = Path(temporary, "output.txt")
        process = context.Process(
            target=_run_pytest,
            args=([program, *given], str(output), str(folder), {**kept, **(environment or {})}, frozenset(ignored)),
        )
        process.start()
        meanwhile(process.pid or 0)
        process.join(patience)
        if process.exitcode is None:
            process.kill()
            process.join()
        return Done(int(process.exitcode or 0), output.read_text(encoding="utf-8", errors="replace"), reports)


def _run_pytest(
    words: list[str], output: str, folder: str, environment: dict[str, str], ignored: frozenset[signal.Signals]
) -> None:
    for number in _ENDING:
        default = signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL
        signal.signal(number, signal.SIG_IGN if number in ignored else default)
    with Path(output).open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        sys.argv = words
        status = int(pytest.main(words[1:])) if words[0] == "pytest" else main()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)
