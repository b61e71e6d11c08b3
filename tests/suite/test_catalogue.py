"""The catalogue: what it refuses, and that every requirement has something that decides it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_bdd.parser import Feature, FeatureParser

from conformance.checks.rules import KINDS, Rules
from conformance.contract.catalogue import Catalogue, CatalogueError, load_catalogue
from conformance.contract.document import Contract
from conformance.generate.tables import refused_cases, survived_cases

ROOT = Path(__file__).parents[2]
ROW = """
operation: pay
requirements:
  - id: PAY-ECHO-1
    level: MUST
    concern: echo
    statement: The amount comes back.
    source: [contract#error-shape]
"""
BROKEN = {
    "not YAML": ("operation: [", "no valid YAML"),
    "no operation": ("requirements: []", "starts with `operation:`"),
    "no list": ("operation: pay\nrequirements: {}", "is no list"),
    "no statement": (ROW.replace("statement: The amount comes back.", "statement: ''"), "`statement` is missing"),
    "no source": (ROW.replace("[contract#error-shape]", "[]"), "`source` is no list of references"),
    "a source that is a text": (
        ROW.replace("[contract#error-shape]", "contract#x"),
        "`source` is no list of references",
    ),
    "an unknown source": (ROW.replace("contract#", "contrat#"), "did you mean `contract`?"),
    "a level of its own": (ROW.replace("MUST", "MIGHT"), "neither MUST nor SHOULD"),
    "an unknown concern": (ROW.replace("concern: echo", "concern: mood"), "concern mood is none of"),
    "a malformed id": (ROW.replace("PAY-ECHO-1", "pay echo"), "an id is made of capitals"),
    "an unknown key": (ROW + "    colour: red\n", "unknown key `colour`"),
    "two kinds of rule": (ROW + "    rule: {echo: {}, absent: {}}\n", "exactly one kind of check"),
    "an unknown table": (ROW + "    refuses: {null: [amount]}\n", "unknown key"),
    "the same id twice": (ROW + ROW.split("requirements:\n")[1], "stands twice"),
    "a fact without a value": (ROW + "remember: [{fact: id, key: [request.email]}]\n", "each row of `remember:`"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_catalogue_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    """A catalogue with a mistake in it: it is refused when it is loaded, with one sentence that names the file."""
    text, words = BROKEN[name]
    tmp_path.joinpath("pay.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(tmp_path)
    assert words in str(caught.value)
    assert "pay.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_kind_of_rule_is_refused(tmp_path: Path, contract: Contract) -> None:
    tmp_path.joinpath("pay.yaml").write_text(ROW + "    rule: {guess: {}}\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match="PAY-ECHO-1: unknown rule `guess`"):
        Rules(load_catalogue(tmp_path), contract)


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"holds no \.yaml file"):
        load_catalogue(tmp_path)


def test_every_operation_and_statement_stands_once(catalogue: Catalogue, contract: Contract) -> None:
    """The catalogue covers the document's operations, and no sentence is said twice for one operation."""
    assert {row.operation for row in catalogue} == {*contract.operations, "general"}
    said = [(row.operation, row.statement) for row in catalogue]
    assert len(said) == len(set(said))
    assert len(catalogue) > 300


def features() -> list[Feature]:
    folder = ROOT / "features"
    return [FeatureParser(str(folder), file.name).parse() for file in sorted(folder.glob("*.feature"))]


def test_scenarios_are_titled_once_and_decide_something() -> None:
    """Every scenario has a short title of its own within its feature, says nothing of `should`, and names its ids."""
    for feature in features():
        titles = [scenario.name for scenario in feature.scenarios.values()]
        assert len(titles) == len(set(titles)), feature.name
        for scenario in feature.scenarios.values():
            words = " ".join([scenario.name, *(step.name for step in scenario.steps)])
            assert len(scenario.name) <= 80, scenario.name
            assert not re.search(r"\bshould\b|\$\.|\{|\[", words), words
            columns = [name for examples in scenario.examples for name in examples.example_params]
            tags = scenario.tags | feature.tags
            assert "requirement" in columns or any(tag.isupper() and tag[-1].isdigit() for tag in tags), scenario.name


def test_every_requirement_is_decided_by_something(catalogue: Catalogue) -> None:
    """An id without a rule, a table or a test would be a sentence that nobody checks."""
    named = named_by_tests()
    for row in catalogue:
        ways = [row.rule, row.refuses, row.survives, row.not_testable]
        decided = any(way is not None for way in ways) or row.id in named
        assert decided, f"{row.id} is decided by nothing"
        assert not (row.not_testable and row.id in named), f"{row.id} is tested and yet said to be not testable"
    assert named <= set(catalogue.by_id)


def named_by_tests() -> set[str]:
    """All ids in tags and in `requirement` columns of the features."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "features").glob("*.feature"))
    return set(re.findall(r"\b[A-Z]+(?:-[A-Z]+)*-[0-9]+\b", text)) - {"UTF-8"}


def test_every_table_makes_cases(catalogue: Catalogue) -> None:
    """A table of requests that made none would pass without having asked anything."""
    item = {"name": "x", "quantity": 1, "amount": 1}
    valid = {"email": "a@example.com", "metadata": {"note": "x"}, "lineItems": [item], "customer": {"name": "x"}}
    for row in catalogue:
        if row.refuses is not None:
            assert list(refused_cases(row.refuses, valid)), row.id
            assert row.refuses["statuses"], row.id
        if row.survives is not None:
            assert list(survived_cases(row.survives, valid)), row.id


def test_every_kind_of_rule_is_used(catalogue: Catalogue) -> None:
    used = {kind for row in catalogue if row.rule for kind in row.rule}
    assert used == set(KINDS)


def test_conformance_names_no_endpoint(contract: Contract) -> None:
    """The machinery knows no endpoint, so that it can test another API against another contract."""
    for file in (ROOT / "conformance").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        for operation in contract.operations.values():
            assert operation.path not in text, file
            assert operation.id not in text, file


def test_unknown_id_in_a_test_is_refused(tmp_path: Path) -> None:
    """A test that names an id which the catalogue lacks ends the session with one sentence."""
    test = tmp_path / "test_typo.py"
    test.write_text("import pytest\n@pytest.mark.requirement('NO-SUCH-1')\ndef test_it():\n    pass\n")
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        str(ROOT / "pyproject.toml"),
        "--report-dir",
        str(tmp_path),
        str(test),
    ]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "NO-SUCH-1, which is not in the catalogue" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
