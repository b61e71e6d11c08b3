"""Generated requests: what they find is made small, told once for each requirement, and found again with the seed."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import schemathesis.specs.openapi.checks as openapi_checks

from conformance.checks.rules import KINDS
from conformance.contract.catalogue import Catalogue
from conformance.generate import used
from tests.suite.invocation import invoke

SMALL = 60
FUZZED = ("-k", "test_fuzzing and createCustomer", "--size", "full", "--time-budget", "7", "--seed", "5")


def broken(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The breaches of a run by requirement."""
    data = json.loads((folder / "conformance.json").read_text(encoding="utf-8"))
    return {row["id"]: row["breaches"] for row in data["requirements"] if row["breaches"]}


def test_a_finding_is_minimal_told_once_and_repeatable(tmp_path: Path) -> None:
    """A target that falls over on any invalid body: one requirement is broken, by a request that is as small as can be,
    and the same seed finds the same one."""
    found = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        done = invoke(folder, *FUZZED, "--sandbox-fault", "customer-invalid-500")
        assert done.status == 1
        breaches = broken(folder)
        assert set(breaches) == {"CUSTOMER-STATUS-3"}
        assert len(breaches["CUSTOMER-STATUS-3"]) <= 6
        found.append([breach["exchange"]["request"]["body"] for breach in breaches["CUSTOMER-STATUS-3"]])
        assert len(found[-1][0]) <= SMALL
        assert "curl" in breaches["CUSTOMER-STATUS-3"][0]["exchange"]
    assert found[0][0] == found[1][0]


def test_every_check_of_schemathesis_is_used_or_switched_off_by_name(catalogue: Catalogue) -> None:
    """A check that is neither would be forgotten; what is used is mapped to kinds of rule that the catalogue has."""
    functions = {name: item for name, item in vars(openapi_checks).items() if inspect.isfunction(item)}
    known = {name for name, item in functions.items() if _is_check(item) and not name.startswith("_")}
    named = {*used.CHECKS, *used.SWITCHED_OFF}
    assert known <= named, known - named
    assert not set(used.CHECKS) & set(used.SWITCHED_OFF)
    assert all(reason for reason in used.SWITCHED_OFF.values())
    kinds = {kind for names in used.CHECKS.values() for kind in names}
    assert kinds <= set(KINDS)
    assert kinds <= {kind for row in catalogue if row.rule for kind in row.rule}


def _is_check(item: object) -> bool:
    names = list(inspect.signature(item).parameters) if callable(item) else []
    return names == ["ctx", "response", "case"]
