"""The audit of a run: what could have failed is told apart from what could not."""

from __future__ import annotations

import multiprocessing
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from conformance.contract.catalogue import Catalogue, Requirement
from conformance.results.audit import audit
from conformance.wire.exchange import Call, Exchange, Response
from tests.suite.detection import COMBINATIONS, GENERATED, Case, Gate, run
from tests.suite.forking import skip_without_fork

SERVED = Exchange(
    1,
    Call("POST", "/customers", "createCustomer"),
    "http://127.0.0.1/customers",
    (),
    b"{}",
    0.1,
    Response(201, (("content-type", "application/json"),), b'{"id": "cus_1"}'),
)


@dataclass
class _Judge:
    """Decides two requirements, of which one fails on a 5xx and the other never does."""

    rows: tuple[Requirement, Requirement]
    memory: dict[str, Any] = field(default_factory=dict)

    def apply(self, exchange: Exchange, only: Collection[str] | None = None) -> Iterator[tuple[Requirement, list[Any]]]:
        for row, breaks in zip(self.rows, (exchange.status >= 500, False), strict=True):
            if only is None or row.id in only:
                yield row, ["a 5xx"] if breaks else []


def audited(case: Case, *words: str) -> Gate:
    """A gate with an audit, without the generated requests, in a process of its own."""
    skip_without_fork()
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(run, (case, ("--audit", "--ignore", GENERATED, *words)))


def judged(catalogue: Catalogue, exchanges: Iterable[Exchange]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    rows = (catalogue["CUSTOMER-STATUS-3"], catalogue["CUSTOMER-SCHEMA-2"])
    found = audit(exchanges, catalogue, [row.id for row in rows], _Judge(rows))
    return found.able, found.vacuous


def test_what_no_change_makes_fail_is_vacuous(catalogue: Catalogue) -> None:
    """A rule that fails on nothing is told as such; one that fails on a changed status could have failed."""
    assert judged(catalogue, [SERVED]) == (("CUSTOMER-STATUS-3",), ("CUSTOMER-SCHEMA-2",))


def test_without_an_exchange_all_is_vacuous(catalogue: Catalogue) -> None:
    """Nothing was recorded: nothing could have failed."""
    assert judged(catalogue, []) == ((), ("CUSTOMER-STATUS-3", "CUSTOMER-SCHEMA-2"))


BEYOND_ONE_CHANGE = {
    "ACTIVE-ECHO-40",
    "SIGNIN-ECHO-40",
    "SIGNIN-TOKEN-30",
    "SIGNIN-TOKEN-31",
    "SIGNIN-TOKEN-34",
    "SIGNUP-ECHO-3",
    "SIGNUP-TOKEN-30",
    "SIGNUP-TOKEN-31",
    "SIGNUP-TOKEN-34",
}
"""What no single change breaks, or only with some tokens: rows about several tokens in a row, and about fields that few
requests have, of which none is among the exchanges that are changed."""


def test_all_that_the_reference_decides_could_have_failed() -> None:
    """The reference: no passive requirement was vacuous, but for those that a single change cannot break."""
    gate = audited(Case())
    assert gate.audit is not None
    assert set(gate.audit["vacuous"]) <= BEYOND_ONE_CHANGE
    assert gate.audit["of"] > 200


def test_what_a_variant_does_not_show_is_vacuous() -> None:
    """A lawful server without optional reads whose set-active answers success alone: that alone is vacuous."""
    gate = audited(Case(variants=COMBINATIONS[0]), "-k", "organization or session or read")
    assert gate.audit is not None
    assert gate.audit["of"] > 100
    assert {name.rpartition("-")[0] for name in gate.audit["vacuous"]} <= {
        "ACTIVE-SCHEMA",
        "API-LEAK",
        *(name.rpartition("-")[0] for name in BEYOND_ONE_CHANGE),
    }
