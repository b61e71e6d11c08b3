"""A feature, tag, step or module of steps that is wrong is told in one sentence before anything is sent."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_bdd import parsers

from conformance.contract.catalogue import Catalogue
from conformance.plugin.features import Definition, definitions_of_steps, feature_mistakes
from conformance.plugin.mistakes import imported
from steps import MODULES
from tests.suite.invocation import ROOT

RIGHT = """Feature: Customers
  @smoke @CUSTOMER-STATUS-1
  Scenario Outline: A customer
    Given a customer named "<name>"

    Examples:
      | name |
      | Ann  |
"""
STEP = 'a customer named "{name}"'
UNUSED = "the step `it is accepted` has no scenario that uses it: remove it, or write one"
MISTAKES: dict[str, tuple[bytes, str]] = {
    "a byte order mark": (
        b"\xef\xbb\xbf" + RIGHT.encode(),
        "line 1: the file begins with a byte order mark; save it as",
    ),
    "UTF-16": (RIGHT.encode("utf-16"), "line 1: the file is in another encoding; save it as UTF-8"),
    "Latin-1": (RIGHT.replace("Ann", "Zoë").encode("latin-1"), "line 8: the file is in another encoding"),
    "empty": (b"", "the file has no feature; write one that begins with `Feature:`, or remove the file"),
    "a comment": (b"# later\n", "the file has no feature"),
    "no scenario": (b"Feature: Customers\n", "the feature has no scenario; write one, or remove the file"),
    "no keyword": (RIGHT.replace("Scenario O", "Scenaro O").encode(), "line 3: this is no Gherkin: Unexpected token"),
    "two features": (RIGHT.encode() * 2, "line 9: this is no Gherkin: Multiple features are not allowed"),
    "an id": (
        RIGHT.replace("STATUS-1", "STATUS-11").encode(),
        "@CUSTOMER-STATUS-11 is no requirement of the catalogue; did",
    ),
    "a tag": (RIGHT.replace("@smoke", "@smokey").encode(), "line 2: the tag @smokey is neither a known mark nor a"),
    "a step": (
        RIGHT.replace("a customer named", "a customer called").encode(),
        f'line 4: no step is defined for `Given a customer called "Ann"`; did you mean `{STEP}`?',
    ),
    "a tag of examples": (
        RIGHT.replace("    Examples", "    @slow\n    Examples").encode(),
        "the tag @slow is neither",
    ),
}


def definition(text: str, kind: str = "given") -> Definition:
    return Definition(kind, text, "steps/customers.py, line 5", parsers.parse(text))


def told(folder: Path, catalogue: Catalogue, *definitions: Definition) -> list[str]:
    return list(feature_mistakes(folder, folder.parent, catalogue.by_id, {"smoke", "full"}, definitions))


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_feature_is_one_sentence(name: str, tmp_path: Path, catalogue: Catalogue) -> None:
    content, words = MISTAKES[name]
    folder = tmp_path / "features"
    folder.mkdir()
    (folder / "customers.feature").write_bytes(content)
    found = [line for line in told(folder, catalogue, definition(STEP)) if "has no scenario that" not in line]
    assert len(found) == 1, found
    assert found[0].startswith("features/customers.feature")
    assert words in found[0]
    assert "\n" not in found[0]


def test_a_feature_without_mistake_is_silent(tmp_path: Path, catalogue: Catalogue) -> None:
    folder = tmp_path / "features"
    folder.mkdir()
    assert told(folder, catalogue) == [
        "the folder features has no .feature file; correct the ini key bdd_features_base_dir"
    ]
    (folder / "customers.feature").write_text(RIGHT, encoding="utf-8")
    assert told(folder, catalogue, definition(STEP)) == []
    unused = told(folder, catalogue, definition(STEP), definition("it is accepted", "then"))
    assert unused == [f"steps/customers.py, line 5: {UNUSED}"]


def test_the_features_of_the_suite_have_no_mistake(catalogue: Catalogue) -> None:
    """Each step of theirs is defined, each definition used: the registry of pytest-bdd has all that were imported."""
    imported(MODULES, ROOT)
    definitions = [item for item in definitions_of_steps(ROOT) if item.place.startswith("steps/")]
    marks = {"smoke", "full", "last"}
    assert len(definitions) > 200
    assert list(feature_mistakes(ROOT / "features", ROOT, catalogue.by_id, marks, definitions)) == []


BROKEN = {
    "syntax": (b"x = 1\ndef broken(:\n", "line 2: this is no valid Python: invalid syntax"),
    "encoding": (b'x = 1\ny = "\xe9"\n', "line 2: this is no valid Python: (unicode error) 'utf-8' codec"),
    "no such module": (b"\nimport no_such_module\n", "line 2: No module named 'no_such_module'"),
    "no such name": (b"\nfrom json import nothing\n", "line 2: cannot import name 'nothing' from 'json'"),
    "an error": (b"\n\nnothing\n", "line 3: NameError: name 'nothing' is not defined"),
    "an error in another": (b"from broken_other import x\n", "broken_other.py, line 1: NameError: name 'nothing'"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_module_that_cannot_be_imported_is_told_with_its_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, told = BROKEN[name]
    module = "broken_" + name.replace(" ", "_")
    (tmp_path / f"{module}.py").write_bytes(content)
    (tmp_path / "broken_other.py").write_text("nothing", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError) as raised:
        imported([module], tmp_path)
    assert str(raised.value).startswith(told if told.startswith("broken_") else f"{module}.py, {told}")


def test_a_module_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImportError, match=r"^the module no_such_module cannot be imported: No module named"):
        imported(["no_such_module"], tmp_path)


@pytest.mark.parametrize("file", ["customers", "__init__"])
def test_a_syntax_error_in_the_steps_ends_with_one_sentence(file: str, tmp_path: Path) -> None:
    """In a checkout whose steps are broken, a run says where, and its exit status is no verdict on the target."""
    for name in ("conformance", "openapi", "features", "steps", "sandbox", "tests/conformance"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "steps" / f"{file}.py").open("a", encoding="utf-8") as module:
        module.write("\ndef broken(:\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CONFORMANCE_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--base-url", "http://127.0.0.1:1"]
    done = subprocess.run(command, cwd=tmp_path, env=kept, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR, done.stderr
    assert done.stderr.startswith(f"ERROR: steps/{file}.py, line ")
    assert "this is no valid Python: invalid syntax" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
