"""Allure's files: all of them are there when a run has ended, and one that could not be written is told."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from allure_commons import model2

from conformance.report.allure_files import Files, Folder
from tests.suite.forking import skip_without_fork
from tests.suite.invocation import ROOT, invoke

SUITE_FAILED = 3


def test_what_is_kept_is_written_by_the_end(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for number in range(100):
        folder.keep(f"{number}.txt", b"%d" % number)
    folder.close()
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {
        f"{number}.txt": b"%d" % number for number in range(100)
    }


def test_a_file_that_cannot_be_written_is_told_once(tmp_path: Path) -> None:
    """The others are written still."""
    folder = Folder(tmp_path)
    folder.keep("missing/1.txt", b"one")
    folder.keep("2.txt", b"two")
    with pytest.raises(FileNotFoundError, match=r"missing/1\.txt"):
        folder.close()
    assert (tmp_path / "2.txt").read_bytes() == b"two"
    folder.close()


def test_a_fork_writes_at_once(tmp_path: Path) -> None:
    skip_without_fork()
    folder = Folder(tmp_path)
    process = os.fork()
    if not process:
        folder.keep("1.txt", b"one")
        os._exit(0)
    os.waitpid(process, 0)
    assert (tmp_path / "1.txt").read_bytes() == b"one"
    folder.close()


def test_the_account_of_fixtures_is_left_out() -> None:
    kept: dict[str, bytes] = {}
    files = Files(kept.__setitem__)
    files.item(model2.TestResultContainer(uuid="1"))
    assert not kept
    files.item(model2.TestResult(name="a test \ud800", uuid="2", status="passed"))
    files.attachment("a text \ud800", "1.txt")
    files.attachment(b"bytes", "2.txt")
    result, *attachments = kept.items()
    assert result[0].endswith("-result.json")
    assert json.loads(result[1]) == {"name": "a test ?", "uuid": "2", "status": "passed"}
    assert attachments == [("1.txt", b"a text ?"), ("2.txt", b"bytes")]


def test_a_run_whose_results_could_not_be_kept_says_so(tmp_path: Path) -> None:
    """Somebody removes the folder as the run goes on: the status is that of a failure of the suite, with a sentence."""
    file, results = tmp_path / "test_removing.py", tmp_path / "results"
    file.write_text(f"import shutil\ndef test_removing(run):\n    shutil.rmtree({str(results)!r})\n")
    words = ["-c", str(ROOT / "pyproject.toml"), "--alluredir", str(results)]
    done = invoke(tmp_path / "reports", str(file), *words)
    assert done.status == SUITE_FAILED, done.output
    assert "the reports could not be written" in done.output
    assert "Traceback" not in done.output
    assert (tmp_path / "reports" / "conformance.json").exists()
