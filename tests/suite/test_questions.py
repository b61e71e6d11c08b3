"""The questions about the catalogue: they need no target, and a mistake in them is one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.contract.catalogue import Catalogue
from conformance.plugin.questions import QuestionError, Scenario, explained, listed, scenarios
from tests.suite.invocation import ROOT, invoke
from tests.suite.test_command_line import refused_in_one_sentence

PROOFS: dict[str, list[str]] = json.loads((ROOT / "openapi" / "proofs.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def known() -> list[Scenario]:
    return scenarios(ROOT / "features", ROOT)


def test_all_requirements_are_listed(catalogue: Catalogue) -> None:
    lines = listed(catalogue, "").splitlines()
    assert lines[0].split() == ["id", "level", "operation", "statement"]
    assert [line.split()[0] for line in lines[1:-2]] == [row.id for row in catalogue]
    assert all(row.statement in line and row.level in line for row, line in zip(catalogue, lines[1:], strict=False))
    assert lines[-1].startswith(f"{len(catalogue)} of {len(catalogue)} requirements (")


@pytest.mark.parametrize("words", ["should createCustomer", "SHOULD, createcustomer"])
def test_words_choose_among_them(words: str, catalogue: Catalogue) -> None:
    chosen = [line.split()[0] for line in listed(catalogue, words).splitlines()[1:-2]]
    assert chosen == [row.id for row in catalogue if (row.level, row.operation) == ("SHOULD", "createCustomer")]
    with pytest.raises(QuestionError, match="no requirement has 'zebra' in its id, level"):
        listed(catalogue, "zebra")


def test_a_requirement_is_explained(catalogue: Catalogue, known: list[Scenario]) -> None:
    text = explained(" checkout-none-2", catalogue, known, PROOFS)
    assert text.startswith("CHECKOUT-NONE-2 (MUST, createCheckoutSession, customer options)\nOption none.")
    for words in (
        "source      docs/contract.md#tutorial-step-6",
        "decided by  the check `absent`, on every response",
        "the scenario “A session without a customer” (features/2_customer_options.feature, line ",
        "proven by   the seeded fault checkout-customer-of-metadata: ",
        "            the seeded fault none-attaches-guest: pytest --sandbox-fault none-attaches-guest",
        "written in  6-checkout.yaml, line ",
        """alone       pytest -m 'requirement(id="CHECKOUT-NONE-2")'""",
    ):
        assert words in text


def test_everything_is_explained(catalogue: Catalogue, known: list[Scenario]) -> None:
    """Each requirement has somebody who decides it, or a reason why nobody can."""
    for row in catalogue:
        text = explained(row.id, catalogue, known, PROOFS)
        assert ("decided by  nobody: " in text) == bool(row.not_testable), row.id
        assert "decided by  " in text, row.id
        assert ("no seeded fault" in text) == (row.id not in PROOFS), row.id


def test_an_unknown_id_names_the_nearest(tmp_path: Path) -> None:
    words = "there is no requirement 'CHECKOUT-NONE-22'; did you mean `CHECKOUT-NONE-2`?"
    refused_in_one_sentence(invoke(tmp_path, "--explain", "CHECKOUT-NONE-22"), words)


def test_a_question_is_answered_without_a_target(tmp_path: Path) -> None:
    done = invoke(tmp_path, "--list-requirements", "CHECKOUT-NONE-", "--base-url", "http://127.0.0.1:1")
    assert (done.status, len(done.output.splitlines())) == (0, 6)
    assert not list(tmp_path.iterdir())


def test_a_place_without_catalogue_is_named(tmp_path: Path) -> None:
    words = ["-p", "conformance.plugin.entry", "--explain", "CHECKOUT-NONE-2", "-c", "/dev/null"]
    done = invoke(tmp_path, *words, folder=tmp_path)
    assert done.status == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: there is no catalogue here: ask in the folder of a checkout of the suite" in done.output
