"""A status of the target's own choice, declared in its profile, holds wherever a refusal is looked at."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.contract.document import Contract, load_contract
from conformance.profile import apply_deviations
from conformance.settings import Deviation
from sandbox.behaviour import Behaviour, Call
from sandbox.model import OPERATIONS, Problem, Reply
from sandbox.switchboard import VARIANTS
from sandbox.variants.model import Variant
from tests.suite.detection import Case, sandbox
from tests.suite.forking import skip_without_fork
from tests.suite.invocation import QUIET, ROOT, invoke

BESIDE = 50
"""What is added to each documented status of a refusal; 413 and 429 may come from before the target."""
CHOSEN = (400, 401, 403, 404, 409, 415, 422)


def own_statuses(behaviour: Behaviour) -> Behaviour:
    """Let each of the six operations refuse with statuses that no document has."""

    def write(call: Call, problem: Problem) -> Reply:
        chosen = call.operation in OPERATIONS and problem.status in CHOSEN
        return behaviour.write_problem(call, replace(problem, status=problem.status + BESIDE) if chosen else problem)

    return replace(behaviour, write_problem=write)


def declared(contract: Contract) -> list[dict[str, object]]:
    """Return a deviation for each of these statuses that an operation documents."""
    return [
        {"operation": operation.id, "status": status + BESIDE, "like": status, "reason": "its own choice"}
        for operation in contract.operations.values()
        for status in CHOSEN
        if status in operation.bodies
    ]


def test_statuses_of_its_own_are_lawful_everywhere_where_they_are_declared(
    tmp_path: Path, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole gate: the target refuses everything with statuses that no document has, a session that it closed too."""
    skip_without_fork()
    monkeypatch.setitem(VARIANTS, "own-statuses", Variant("own-statuses", "statuses of its own", own_statuses))
    profile = tmp_path / "target.yaml"
    with sandbox(Case(variants=("own-statuses", "sessions-2"))) as url:
        profile.write_text(json.dumps({"base_url": url, "deviations": declared(contract)}), encoding="utf-8")
        done = invoke(tmp_path / "reports", "--profile", str(profile), *QUIET)
    assert done.failed == set(), done.output
    assert done.report["verdict"] == "conformant", done.output
    assert {row["status"] for row in done.report["deviations"] if row["seen"]} == {n + BESIDE for n in CHOSEN}


def test_a_status_stands_for_another_in_its_operation_alone() -> None:
    contract = load_contract(ROOT / "openapi" / "onboarding.yaml")
    own = (("createCustomer", 451, 401), ("createCustomer", 404, 415), ("createCustomer", 451, 403))
    apply_deviations(contract, tuple(Deviation(*row, reason="its own choice") for row in own))
    assert contract.accepted("createCustomer", (400, 401)) == (400, 401, 451)
    assert contract.accepted("createCustomer", (403,)) == (403, 451)
    assert contract.accepted("createCustomer", (415, 404)) == (415, 404)
    assert contract.accepted("createCustomer", (409,)) == (409,)
    assert contract.accepted("signInEmail", (401,)) == contract.accepted(None, (401,)) == (401,)


def test_what_the_document_has_itself_is_read_as_it_is() -> None:
    """Generated requests are judged by the document: 451 is read as 401 there, and 404 stays the 404 that it has."""
    contract = load_contract(ROOT / "openapi" / "onboarding.yaml")
    apply_deviations(contract, (Deviation("createCustomer", 451, 401, "x"), Deviation("createCustomer", 404, 415, "x")))
    assert [contract.documented("createCustomer", status) for status in (451, 404, 415, 201)] == [401, 404, 415, 201]
    assert contract.documented("signInEmail", 451) == 451
