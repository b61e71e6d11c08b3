"""The end of a command's process: everything that waits for it is done, and nothing is freed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.suite.invocation import ROOT

WORDS = ("--size", "smoke", "-p", "no:cacheprovider", "-p", "no:allure_pytest", "-p", "no:html", "-p", "listener")
SCRIPT = (str(Path(sys.executable).with_name("pytest")),)
MODULE = (sys.executable, "-m", "pytest")
OWN = (str(Path(sys.executable).with_name("merchant-conformance")),)
LISTENER = """
import atexit, sys, threading

class Freed:
    def __del__(self):
        print("freed", file=sys.__stderr__)

kept = Freed()
atexit.register(print, "registered early")

def pytest_sessionfinish():
    atexit.register(print, "registered late")
    threading.Thread(target=threading.Event().wait, args=[0.3]).start()
"""


def ended(tmp_path: Path, command: Sequence[str], *words: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "listener.py").write_text(LISTENER, encoding="utf-8")
    return subprocess.run(
        [*command, *WORDS, f"--report-dir={tmp_path}", *words],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", [SCRIPT, MODULE, OWN], ids=["script", "module", "own"])
def test_a_command_ends_with_its_status_once_all_is_done(command: Sequence[str], tmp_path: Path) -> None:
    """What others have registered runs, the last first; no object is freed any more."""
    done = ended(tmp_path, command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("registered late\nregistered early\n")
    assert "freed" not in done.stderr


def test_a_status_that_is_not_0_stays(tmp_path: Path) -> None:
    done = ended(tmp_path, SCRIPT, "--sandbox-fault", "checkout-ids-equal")
    assert done.returncode == 1, done.stdout
    assert "registered early" in done.stdout


def test_a_collection_ends_at_once_too(tmp_path: Path) -> None:
    done = ended(tmp_path, SCRIPT, "--collect-only")
    assert done.returncode == 0, done.stdout
    assert "freed" not in done.stderr


def test_a_mistake_ends_as_it_always_did(tmp_path: Path) -> None:
    """No session was started, so that there is no status of one."""
    done = ended(tmp_path, SCRIPT, "--seed", "no-number")
    assert done.returncode == 4, done.stdout
    assert "freed" in done.stderr


def test_a_process_that_is_measured_ends_as_it_always_does(tmp_path: Path) -> None:
    done = ended(tmp_path, (sys.executable, "-m", "cProfile", "-o", str(tmp_path / "profile"), "-m", "pytest"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "profile").exists()
    assert "freed" in done.stderr
