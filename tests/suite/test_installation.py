"""What is installed: one package with everything in it, and a command that runs in any folder; nothing loads itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest

from conformance import __version__
from conformance.wire.client import USER_AGENT
from merchant_conformance.__main__ import PROGRAM, SUITE, TESTS, pytest_words
from tests.suite.invocation import ROOT

PACKAGE: Final = "merchant_conformance"
BROKEN: Final = "tests/conformance/test_validation.py::test_refused[CUSTOMER-BODY-3]"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheel and the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    words = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def site(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages in which the wheel is installed."""
    folder = tmp_path_factory.mktemp("site")
    with ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(folder)
    return folder


def command(site: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`merchant-conformance WORDS` in a folder, from the wheel; what it depends on is that of this process."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CONFORMANCE_", "PYTEST_"))}
    environment = {**kept, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    start = [sys.executable, "-c", f"import sys; from {PACKAGE}.__main__ import main; sys.exit(main())"]
    return subprocess.run(
        [*start, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def tracked(*places: str) -> set[str]:
    """The files of the repository under some of its places."""
    done = subprocess.run(["git", "ls-files", *places], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_wheel_is_one_package_with_everything_in_it(site: Path) -> None:
    tops = {path.name for path in site.iterdir() if not path.name.endswith(".dist-info")}
    assert tops == {PACKAGE}
    held = {str(path.relative_to(site / PACKAGE)) for path in (site / PACKAGE).rglob("*") if path.is_file()}
    wanted = tracked("conformance", "steps", "sandbox", "openapi", "features", TESTS, "tests/__init__.py")
    own = {name.removeprefix(f"{PACKAGE}/") for name in tracked(PACKAGE)}
    assert held == wanted | own | {"pyproject.toml", "reports/conformance.schema.json"}


def test_the_sdist_has_all_tracked_files(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        held = {name.partition("/")[2] for name in sdist.getnames()}
    assert tracked() <= held


def test_nothing_loads_itself(site: Path, tmp_path: Path) -> None:
    """The only entry point is the command; a pytest of another project knows none of the options."""
    points = next(site.glob("*.dist-info/entry_points.txt")).read_text(encoding="utf-8")
    assert points.split() == ["[console_scripts]", PROGRAM, "=", f"{PACKAGE}.__main__:main"]
    words = [sys.executable, "-m", "pytest", "--help"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "--known-failures" not in done.stdout
    assert "--base-url" in done.stdout


def test_the_command_runs_in_any_folder(site: Path, tmp_path: Path) -> None:
    """Over two processes: the reports are there, and do not say where the suite stands.

    What lies there has the names of the suite's own folders, and is another project's.
    """
    before = sorted(site.rglob("*"))
    others = [f"{name}/__init__.py" for name in ("conformance", "sandbox", "steps", "tests")]
    for name in ("conftest.py", *others):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("raise SystemExit('of another project')", encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n", encoding="utf-8")
    given = set(tmp_path.iterdir())
    done = command(site, tmp_path, "-n2", "--size", "smoke")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"rootdir: {site / PACKAGE}" in done.stdout
    reports = tmp_path / "reports"
    assert set(tmp_path.iterdir()) - given <= {reports, tmp_path / ".pytest_cache"}
    assert "no breach found" in (reports / "conformance.json").read_text(encoding="utf-8")
    assert not [file for file in reports.rglob("*.*") if str(site) in file.read_text(encoding="utf-8")]
    assert sorted(site.rglob("*")) == before


def test_a_test_is_named_as_in_the_reports(site: Path, tmp_path: Path) -> None:
    """The line that repeats a breach works as it stands, and so do pytest's own lines."""
    words = ["--seed", "866297690", BROKEN, "--sandbox-fault", "customer-empty-body-404", "--report-dir", str(tmp_path)]
    done = command(site, tmp_path, *words)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"FAILED {BROKEN}" in done.stdout
    again = next(line for line in done.stdout.splitlines() if line.startswith("  again "))
    assert again.split()[1] == PROGRAM
    assert again.endswith(f"--seed 866297690 '{BROKEN}'")


def test_the_version_is_in_the_user_agent_and_in_every_report(site: Path, tmp_path: Path) -> None:
    done = command(site, tmp_path, "--size", "smoke", "-k", "session_without_a_customer")
    assert f"conformance {__version__}: target" in done.stdout
    assert USER_AGENT.endswith(f"/{__version__}")
    reports = tmp_path / "reports"
    assert json.loads((reports / "conformance.json").read_text("utf-8"))["version"] == __version__
    assert f"<dt>Suite</dt><dd>{__version__}</dd>" in (reports / "conformance.html").read_text("utf-8")
    assert "Conformance" in (reports / "report.html").read_text("utf-8")
    found = ElementTree.parse(reports / "junit.xml").findall(".//property[@name='conformance']")
    assert {item.get("value") for item in found} == {__version__}
    allure = (reports / "allure-results/environment.properties").read_text("utf-8")
    assert f"conformance={__version__}" in allure.splitlines()


def test_what_the_command_tells_of_itself(site: Path, tmp_path: Path) -> None:
    assert command(site, tmp_path, "--version").stdout.startswith(f"{PROGRAM} {__version__} (pytest ")
    known = command(site, tmp_path, "schema", "known-failures")
    assert json.loads(known.stdout)["title"] == "Known failures of a target"
    wrong = command(site, tmp_path, "schema", "reports")
    assert (wrong.returncode, wrong.stderr.startswith(f"usage: {PROGRAM} schema {{known-failures,")) == (4, True)
    unknown = command(site, tmp_path, "--no-such-option")
    assert (unknown.returncode, f"{PROGRAM}: error: unrecognized" in unknown.stderr) == (4, True)
    assert f"usage: {PROGRAM} sandbox" in command(site, tmp_path, "sandbox", "--help").stdout


def test_what_is_named_runs_alone(site: Path, tmp_path: Path) -> None:
    """As in pytest: a folder without tests runs none, and a file of one's own runs without those of the suite."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "test_own.py").write_text("def test_one() -> None: ...\n", encoding="utf-8")
    empty = command(site, tmp_path, "empty")
    assert (empty.returncode, "no test was selected" in empty.stdout) == (5, True)
    own = command(site, tmp_path, "test_own.py", "--collect-only", "-q")
    assert (own.returncode, "1 test collected" in own.stdout) == (0, True)


def test_the_words_for_pytest(tmp_path: Path) -> None:
    """Without a test all are meant; one that is named is found in the suite, wherever the command is called."""
    assert pytest_words(["-k", "walk"], tmp_path)[-3:] == [str(SUITE / TESTS), "-k", "walk"]
    assert pytest_words([BROKEN, "-x"], tmp_path)[-2:] == [str(SUITE / BROKEN), "-x"]
    assert f"conformance_home={tmp_path}" in pytest_words([], tmp_path)
