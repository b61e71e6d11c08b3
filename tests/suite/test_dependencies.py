"""The dependencies: what is imported is declared, what is declared is explained, and imports go one way."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement

ROOT: Final = Path(__file__).parents[2]
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
_PACKAGES: Final = ("bench", "conformance", "merchant_conformance", "steps", "sandbox", "tests")
_TOOLS: Final = Path(sys.executable).parent
_RUNTIME: Final = ("deptry", "conformance", "merchant_conformance", "steps", "sandbox", "tests/conformance")
_OWN: Final = ("deptry", "--ignore", "DEP002,DEP004", "tests/suite", "tests/better_auth")


def declared() -> dict[str, list[Requirement]]:
    """The requirements by extra; those that every user needs are under the empty name."""
    extras = {"": PROJECT["project"]["dependencies"], **PROJECT["project"]["optional-dependencies"]}
    return {extra: [Requirement(line) for line in lines] for extra, lines in extras.items()}


def explained() -> dict[str, set[str]]:
    """The packages in the page's table by extra."""
    section = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 2 or cells[0] in ("package", "---"):
            continue
        names, _, extra = cells[0].partition(" (extra ")
        found.setdefault(extra.strip("`)"), set()).update(name.strip() for name in names.split(","))
    return found


def tool(*words: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a tool of this environment in a folder."""
    program = shutil.which(words[0], path=_TOOLS)
    assert program is not None, f"{words[0]} is not installed; it is in the extra `dev`"
    return subprocess.run(
        [program, *words[1:]], cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False
    )


@pytest.mark.parametrize("extra", sorted(declared()))
def test_every_dependency_has_a_lower_bound(extra: str) -> None:
    for requirement in declared()[extra]:
        assert any(bound.operator in (">=", "==", "~=") for bound in requirement.specifier), str(requirement)


@pytest.mark.parametrize("extra", sorted(declared()))
def test_the_page_says_what_each_dependency_is_for(extra: str) -> None:
    assert explained().get(extra, set()) == {requirement.name for requirement in declared()[extra]}


def test_the_page_explains_no_extra_that_there_is_not() -> None:
    assert set(explained()) == set(declared())


@pytest.mark.parametrize("words", [_RUNTIME, _OWN], ids=["the suite", "its own tests"])
def test_every_import_is_a_declared_dependency(words: tuple[str, ...]) -> None:
    done = tool(*words)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_import_that_is_not_declared_is_found(tmp_path: Path) -> None:
    """httpx brings httpcore along, so that the import works; it has to be declared all the same."""
    checkout = _checkout(tmp_path)
    page = checkout / "pyproject.toml"
    text = page.read_text(encoding="utf-8")
    page.write_text(re.sub(r'\n *"httpcore>=[^"]*",', "", text), encoding="utf-8")
    done = tool(*_RUNTIME, folder=checkout)
    assert done.returncode == 1
    assert re.findall(r"(DEP\d+)\S* '(\w+)'", _plain(done.stdout + done.stderr)) == [("DEP003", "httpcore")]


def test_imports_go_one_way() -> None:
    done = tool("lint-imports", "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_collected_for_a_target_knows_no_sandbox() -> None:
    """The folder is no package, so that import-linter does not see it."""
    files = list((ROOT / "tests" / "conformance").glob("*.py"))
    assert files
    for file in files:
        assert not re.search(r"^\s*(?:from|import) sandbox\b", file.read_text(encoding="utf-8"), re.MULTILINE), file


@pytest.mark.parametrize(
    ("file", "wrong", "contract"),
    [
        ("conformance/run.py", "import steps.merchant", "imports go one way: tests, steps, conformance"),
        ("conformance/values.py", "import conformance.masking", "within conformance, each room knows those below it"),
        ("conformance/wire/target.py", "import conformance.run", "within conformance, each room knows those below it"),
        ("conformance/checks/base.py", "import pytest", "pytest and its plugins are known to the plugin and"),
        ("conformance/run.py", "import httpx", "the HTTP client is known to the wire, and to the requests"),
        ("sandbox/model.py", "import conformance.values", "the sandbox imports nothing of the suite"),
        ("steps/merchant.py", "import sandbox.model", "the suite reaches the sandbox over HTTP alone"),
    ],
    ids=["against the arrows", "below the rooms", "between rooms", "pytest", "the client", "sandbox", "steps"],
)
def test_a_wrong_import_breaks_its_contract(file: str, wrong: str, contract: str, tmp_path: Path) -> None:
    checkout = _checkout(tmp_path)
    with (checkout / file).open("a", encoding="utf-8") as source:
        source.write(f"\n{wrong}\n")
    done = tool("lint-imports", "--no-cache", folder=checkout)
    assert done.returncode == 1
    broken = re.findall(r"^(.+?) ?BROKEN$", _plain(done.stdout), re.MULTILINE)
    assert len(broken) == 1
    assert broken[0].startswith(contract)


def _checkout(folder: Path) -> Path:
    """A copy of the sources and of their configuration."""
    for name in _PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
