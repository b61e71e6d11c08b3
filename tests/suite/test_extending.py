"""The page on extending: what it shows loads, agrees with itself and does what it says, and what it names is there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
import yaml

from conformance.checks.rules import Rules
from conformance.contract.catalogue import load_catalogue
from conformance.contract.document import load_contract
from sandbox import model
from sandbox.faults.model import Fault
from steps.operations.base import Operation

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
NEW: Final = {
    "openapi/requirements/6-product.yaml",
    "steps/operations/create_product.py",
    "sandbox/faults/products.py",
}
"""The files that the example makes."""


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert found, language
    return found


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = {name: merged(one[name], other[name]) for name in one.keys() & other.keys() if isinstance(one[name], dict)}
    return {**one, **other, **both}


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contract with what the page adds to it: the operation, its file of the catalogue, and its rows."""
    folder = tmp_path_factory.mktemp("extended") / "openapi"
    shutil.copytree(ROOT / "openapi", folder)
    document, head, *rows = blocks("yaml")
    whole = merged(yaml.safe_load((folder / "onboarding.yaml").read_text(encoding="utf-8")), yaml.safe_load(document))
    (folder / "onboarding.yaml").write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf-8")
    (folder / "requirements" / "6-product.yaml").write_text("".join([head, *rows]), encoding="utf-8")
    return folder


def python(beginning: str) -> ModuleType:
    """Return the module that the page shows and that begins so."""
    (source,) = [block for block in blocks("python") if block.startswith(f'"""{beginning}')]
    made = ModuleType("shown")
    exec(compile(source, "docs/extending.md", "exec"), made.__dict__)
    return made


def test_the_contract_agrees_with_what_the_page_adds(extended: Path) -> None:
    catalogue, contract = load_catalogue(extended / "requirements"), load_contract(extended / "onboarding.yaml")
    Rules(catalogue, contract)
    ids = {row.id for row in catalogue if row.operation == "createProduct"}
    named = set(re.findall(r"PRODUCT-[A-Z]+-\d+", PAGE))
    assert named <= ids
    assert contract.operations["createProduct"].success == (201,)


def test_sources_are_facts_that_the_page_shows(extended: Path) -> None:
    (fact,) = blocks("markdown")
    shown = {f"contract#{anchor}" for anchor in re.findall(r'<a id="([^"]+)">', fact)}
    rows = [row for row in load_catalogue(extended / "requirements") if row.origin.file.name == "6-product.yaml"]
    assert {source.reference for row in rows for source in row.sources} == shown


def test_the_operation_is_one() -> None:
    made = python("Create product")
    assert isinstance(made.OPERATION, Operation)
    assert made.OPERATION.words == "create product"


def test_the_faults_prove_a_requirement_of_each_kind(monkeypatch: pytest.MonkeyPatch, extended: Path) -> None:
    monkeypatch.setattr(model, "CREATE_PRODUCT", "createProduct", raising=False)
    faults: tuple[Fault, ...] = python("What goes wrong with products").FAULTS
    catalogue = load_catalogue(extended / "requirements")
    proven = [catalogue[name] for fault in faults for name in fault.requirements]
    kinds = ["rule" if row.rule else "table" if row.refuses else "scenario" for row in proven]
    assert sorted(kinds) == ["rule", "scenario", "table"]
    assert all(f"--sandbox-fault {fault.id}\n" in PAGE for fault in faults)


def test_the_sentences_of_its_features_are_known() -> None:
    scenario, examples = blocks("gherkin")
    text = (ROOT / "features" / "9_properties.feature").read_text(encoding="utf-8")
    known = [re.sub('"[^"]+"', '"…"', line) for line in text.splitlines()]
    steps = [line for line in scenario.splitlines() if line.lstrip().startswith(("When", "Then"))]
    assert all(re.sub('"[^"]+"', '"…"', step) in known for step in steps)
    assert "| requirement" in examples


def test_every_file_and_command_that_the_page_names_is_there() -> None:
    files = set(re.findall(r"`((?:docs|openapi|steps|features|sandbox|tests)/[\w./-]+\.\w+)`", PAGE))
    assert files > NEW
    assert [name for name in sorted(files - NEW) if not (ROOT / name).is_file()] == []
    assert [name for name in sorted(NEW) if (ROOT / name).exists()] == []
    modules = re.findall(r"python -m ([\w.]+)", PAGE)
    assert modules
    assert [name for name in modules if not (ROOT / (name.replace(".", "/") + ".py")).is_file()] == []
