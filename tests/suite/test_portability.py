"""A run needs nothing that Windows or macOS lack: no fork, no signals of Unix alone, no locale that is UTF-8."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
LACKING: Final = """
import os, signal, sys
for name in ("fork", "forkpty", "setpgrp", "setpgid", "setsid", "killpg", "nice", "getpgid", "waitid", "posix_spawn"):
    vars(os).pop(name, None)
for name in ("SIGPIPE", "SIGALRM", "SIGKILL", "SIGHUP", "SIGUSR1", "SIGCHLD", "alarm", "setitimer", "pthread_sigmask"):
    vars(signal).pop(name, None)
for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[name] = None
import subprocess  # Windows kills as it terminates
subprocess.Popen.kill = subprocess.Popen.terminate
"""
"""Takes away what is Unix's alone, in each process of a run: Python reads it as it starts."""


def lacking(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`python -m WORDS` with an ASCII locale, and without what other systems lack."""
    (folder / "sitecustomize.py").write_text(LACKING, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CONFORMANCE_", "PYTEST_"))}
    places = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    environment = {"PYTHONPATH": places, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


def test_what_is_taken_away_is_gone(tmp_path: Path) -> None:
    done = lacking(tmp_path, "timeit", "-n1", "-r1", "import os; os.fork")
    assert "has no attribute 'fork'" in done.stderr


def test_a_run_against_the_sandbox(tmp_path: Path) -> None:
    done = lacking(tmp_path, "pytest", "-q", "--size", "smoke", "--report-dir", str(tmp_path / "reports"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "reports" / "conformance.html").exists()


def test_a_run_over_several_processes(tmp_path: Path) -> None:
    done = lacking(tmp_path, "pytest", "-q", "-n2", "--size", "smoke", "--report-dir", str(tmp_path / "reports"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lists_of_the_sandbox(tmp_path: Path) -> None:
    for option in ("--list-faults", "--list-variants"):
        done = lacking(tmp_path, "sandbox", option)
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) > 10


def test_texts_are_read_and_written_with_an_encoding() -> None:
    """Elsewhere the default is not UTF-8; a rule of ruff's that is still in preview."""
    words = ("ruff", "check", "--preview", "--select", "PLW1514", "--quiet", "conformance", "steps", "sandbox", "tests")
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
