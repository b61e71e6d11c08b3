"""The catalogue: every requirement has something that decides it, and keeps its id and meaning."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from pytest_bdd.parser import Feature, FeatureParser

from conformance.checks.rules import KINDS
from conformance.contract.catalogue import Catalogue, CatalogueError, load_catalogue
from conformance.contract.document import Contract
from conformance.generate.tables import chosen, parts, refused_cases, survived_cases
from steps import operations
from tests.suite.catalogue_snapshot import COMMAND, differences, meanings, read, renewed

ROOT = Path(__file__).parents[2]


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
    valid = {"email": "a@example.com", "metadata": {"note": "x"}, "lineItems": [item] * 3, "customer": {"name": "x"}}
    for row in catalogue:
        if row.refuses is not None:
            named = [path for kind in ("missing", "types") for path in row.refuses.get(kind, ()) if "." not in path]
            assert list(refused_cases(row.refuses, {**dict.fromkeys(named, "x"), **valid})), row.id
            assert row.refuses["statuses"], row.id
        if row.survives is not None:
            assert list(survived_cases(row.survives, valid)), row.id


def test_fields_are_left_out_one_by_one() -> None:
    valid = {"name": "x", "metadata": {"note": "x"}}
    cases = list(survived_cases({"missing": ["name", "metadata.note"]}, valid))
    assert [case.json for case in cases] == [{"metadata": {"note": "x"}}, {"name": "x", "metadata": {}}]
    assert len(chosen(cases, 1, Random(7))) == 2


def test_a_text_that_is_often_refused_hides_no_other() -> None:
    """A gate sends a NUL and a lone surrogate in some field of each table, and never both in one request."""
    valid = {"name": "x", "metadata": {"note": "x"}}
    cases = list(survived_cases({"text": [["name", "metadata.note"]]}, valid))
    texts = [(case.json["name"], case.json["metadata"]["note"]) for case in cases]
    held = [{text for text in ("\0", "\ud800") if text in "".join(pair)} for pair in texts]
    sent = [held[place] for place in chosen(cases, 2, Random(7))]
    assert sent == [{"\0"}, {"\ud800"}]
    assert {name for name, _ in texts} == {note for _, note in texts}
    assert {"\0", "\ud800"} not in held


def test_ids_mean_what_they_meant(catalogue: Catalogue) -> None:
    """Users name ids in their lists of known failures: none drifts, none is used again, none vanishes unseen."""
    found = differences(read(), meanings(catalogue))
    told = "\n".join(found)
    assert found == [], f"the catalogue differs from its snapshot:\n{told}\nIf this is meant, run `{COMMAND}`."


PINNED: dict[str, dict[str, dict[str, str]]] = {
    "requirements": {"A-1": {"operation": "pay", "level": "MUST", "statement": "One."}},
    "retired": {"A-2": {"operation": "pay", "level": "MUST", "statement": "Two."}},
}


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ({"A-1": ("MUST", "One.")}, []),
        ({"A-1": ("MUST", "One."), "A-2": ("MUST", "Two.")}, []),
        ({"A-1": ("SHOULD", "One.")}, ["A-1: level was 'MUST' and is 'SHOULD'"]),
        ({"A-1": ("MUST", "Other.")}, ["A-1: statement was 'One.' and is 'Other.'"]),
        ({}, ["A-1 is gone"]),
        ({"A-1": ("MUST", "One."), "A-3": ("MUST", "Three.")}, ["A-3 is new"]),
        (
            {"A-1": ("MUST", "One."), "A-2": ("MUST", "Other.")},
            ["A-2 was retired and may not come back: it meant 'Two.'"],
        ),
    ],
)
def test_the_snapshot_tells_what_differs(now: dict[str, tuple[str, str]], words: list[str]) -> None:
    rows = {name: {"operation": "pay", "level": level, "statement": text} for name, (level, text) in now.items()}
    assert differences(PINNED, rows) == words


def test_what_is_gone_is_retired_when_the_snapshot_is_renewed() -> None:
    three = {"A-3": {"operation": "pay", "level": "MUST", "statement": "Three."}}
    snapshot = renewed(PINNED, three)
    assert list(snapshot["requirements"]) == ["A-3"]
    assert list(snapshot["retired"]) == ["A-1", "A-2"]
    with pytest.raises(ValueError, match="A-1 was retired"):
        renewed(snapshot, {"A-1": three["A-3"]})


def test_what_operations_share_is_written_once(catalogue: Catalogue) -> None:
    """A sentence with the same rule and sources, and an id that ends alike, stands at most twice."""
    written: dict[tuple[object, ...], set[object]] = {}
    for row in catalogue:
        known = (row.id.partition("-")[2], row.level, row.statement, row.sources, str([row.rule, row.refuses]))
        written.setdefault(known, set()).add((row.origin.file.name, row.origin.path))
    assert [known for known, places in written.items() if len(places) > 2] == []


def test_every_base_is_known(catalogue: Catalogue) -> None:
    """A table that changes another body than the plain one names one that the steps can make."""
    for row in catalogue:
        known = {"", *(operations.BY_ID[row.operation].bases if row.operation in operations.BY_ID else ())}
        assert {part.base for part in parts(row.refuses or {})} <= known, row.id


def test_every_kind_of_rule_is_used(catalogue: Catalogue) -> None:
    used = {kind for row in catalogue if row.rule for kind in row.rule}
    assert used == set(KINDS)


MACHINERY: Final = tuple(sorted((ROOT / "conformance").rglob("*.py")))
STANDARD_HEADERS: Final = frozenset({"retry-after", "x-retry-after", "www-authenticate"})
"""Headers that any API has: RFC 9110, and a form of Retry-After that rate limiters use."""

WORDS_WITH_ANOTHER_MEANING: Final = {
    "a key of a row of the catalogue": {
        ("checks/content.py", "id"),
        ("checks/responses.py", "id"),
        ("checks/rules.py", "id"),
        ("checks/tokens.py", "id"),
        ("contract/catalogue.py", "id"),
        ("contract/catalogue.py", "name"),
        ("report/html.py", "id"),
        ("plugin/questions.py", "id"),
        ("report/model.py", "id"),
        ("report/summary.py", "id"),
        ("results/comparison.py", "id"),
    },
    "a parameter of a rule, or the place of one, in the catalogue": {
        ("contract/agreement.py", "name"),
        ("contract/agreement.py", "success"),
        ("contract/agreement.py", "status"),
    },
    "a word that a careless target signs its tokens with": {("checks/tokens.py", "password")},
    "a concern of requirements": {
        ("contract/catalogue.py", "status"),
        ("results/causes.py", "status"),
        ("results/groups.py", "status"),
    },
    "a parameter of a marker or a fixture of pytest": {("plugin/items.py", "id")},
    "a format of JSON Schema": {("contract/schemas.py", "email")},
    "the module of pytest-metadata": {("plugin/adapters.py", "metadata")},
    "an option, with which a target is told": {("plugin/options.py", "currency"), ("plugin/options.py", "amount")},
    "a filter of the report's templates": {("report/html.py", "slug")},
    "a key of the evidence": {(f, w) for f in ("wire/evidence.py", "results/received.py") for w in ("url", "status")},
    "a key of conformance.json": {
        ("report/messages.py", "status"),
        ("results/traffic.py", "status"),
    },
    "a word of the format that a report is written in": {
        *(("report/har.py", name) for name in ("name", "status", "url")),
        *(("report/junit.py", name) for name in ("error", "name")),
        *(("report/postman.py", name) for name in ("mode", "name", "url")),
        *(("report/summary.py", name) for name in ("error", "message")),
        ("report/allure_run.py", "name"),
    },
    "a variable of a script or a collection": {
        *(("report/postman.py", name) for name in ("password", "token")),
        ("report/reproduce/script.py", "password"),
    },
    "the error of a gateway, which is not the target's": {("wire/gateway.py", "message")},
}
"""Where a plain word that is a field of the API too stands in the machinery for something else."""

DIVIDED: Final = {
    ("checks/secrets.py", 6): "the bits in a letter of base64",
    ("results/traffic.py", 100): "the share of a percentile",
    ("report/html.py", 60): "seconds and minutes",
    ("report/html.py", 3600): "seconds",
    ("wire/failures.py", 1024): "bytes",
}
"""What is divided by a number, and what the number counts."""


def field_names(contract: Contract) -> set[str]:
    """Return every name of a property or a response header in the document."""
    found: set[str] = set()
    stack: list[Any] = [contract.document]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            stack += node.values()
            for key in ("properties", "headers"):
                found |= set(node[key]) if isinstance(node.get(key), dict) else set()
        elif isinstance(node, list):
            stack += node
    components = contract.document["components"].get("headers", {})
    return {name for name in found - set(components) if name.lower() not in STANDARD_HEADERS}


def is_plain(name: str) -> bool:
    """Return whether a field has the name of a common word, which may stand in any sentence."""
    return name.isalpha() and name.islower()


def literals(file: Path) -> set[str]:
    return {
        node.value
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_conformance_names_no_endpoint(contract: Contract) -> None:
    """The machinery knows no endpoint, so that it can test another API against another contract."""
    for file in MACHINERY:
        text = file.read_text(encoding="utf-8")
        for operation in contract.operations.values():
            assert operation.path not in text, file
            assert operation.id not in text, file


def test_conformance_names_no_field(contract: Contract) -> None:
    """A field with a name of its own stands nowhere in the machinery, not in a comment either."""
    distinctive = sorted(name for name in field_names(contract) if not is_plain(name))
    assert {"customerId", "merchantId", "sessionUrl", "statusCode", "set-auth-token"} <= set(distinctive)
    patterns = {name: re.compile(rf"(?<![A-Za-z_-]){re.escape(name)}(?![A-Za-z_-])", re.I) for name in distinctive}
    texts = {file: file.read_text(encoding="utf-8") for file in MACHINERY}
    named = [(file.name, name) for file, text in texts.items() for name in distinctive if patterns[name].search(text)]
    assert named == []


def test_conformance_uses_no_field_with_a_plain_name(contract: Contract) -> None:
    """A plain word that is a field too is a text of the machinery where it means something else, and nowhere else."""
    plain = {name for name in field_names(contract) if is_plain(name)}
    assert {"id", "name", "email", "password", "token", "status", "message", "code"} <= plain
    used = {
        (file.relative_to(ROOT / "conformance").as_posix(), name)
        for file in MACHINERY
        for name in literals(file) & plain
    }
    assert used == set().union(*WORDS_WITH_ANOTHER_MEANING.values())


def test_nothing_is_divided_by_the_number_of_operations() -> None:
    """A share is that of a list which knows its length; what is divided by a number is listed."""
    files = [*MACHINERY, *sorted((ROOT / "tests" / "conformance").rglob("*.py"))]
    found: set[tuple[str, int]] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.BinOp(op=ast.Div() | ast.FloorDiv(), right=ast.Constant(value=int(number))) if number != 2:
                    found.add(("/".join(file.relative_to(ROOT).parts[1:]), number))
    assert found == set(DIVIDED)


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
