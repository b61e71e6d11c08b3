"""Wrong and hostile requests: the contract checks that the catalogue's tables describe.

Each request is made from one that the target accepts as it stands, and that one is sent in the same test.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import islice
from typing import Any

import pytest

from conformance.contract.catalogue import Requirement
from conformance.errors import Why
from conformance.generate.tables import Case, chosen, refused_cases, survived_cases
from conformance.plugin.entry import catalogue_of
from conformance.results.records import Reason
from conformance.run import Run
from conformance.wire.exchange import Call, Exchange, Intent
from steps import operations
from steps.merchant import Merchant
from steps.merchants import Merchants, call, send, valid_body
from steps.outcomes import refused


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each row with a table; the operations take turns, so that waits for their limits pass side by side."""
    kind = "refuses" if "refusal" in metafunc.fixturenames else "survives"
    turns: dict[str, int] = {}
    ordered: list[tuple[int, Requirement]] = []
    for row in catalogue_of(metafunc.config):
        if getattr(row, kind) is not None:
            turns[row.operation] = turns.get(row.operation, 0) + 1
            ordered.append((turns[row.operation], row))
    rows = [row for _, row in sorted(ordered, key=lambda pair: pair[0])]
    name = "refusal" if kind == "refuses" else "survival"
    metafunc.parametrize(name, [pytest.param(row, id=row.id, marks=pytest.mark.requirement(id=row.id)) for row in rows])


def test_refused(run: Run, merchants: Merchants, refusal: Requirement) -> None:
    """A valid request with one thing wrong: it is refused, with the status that the contract has for it."""
    spec = refusal.refuses or {}
    operation, base = refusal.operation, spec.get("base", "")
    sender = operations.sender(merchants, operation)
    make = lambda: refused_cases(spec, valid_body(run, operation, sender, base))  # noqa: E731
    with closing(_answered(run, merchants, operation, _planned(run, refusal, spec, make), sender)) as answered:
        for case, exchange in answered:
            refused(run, exchange, tuple(spec["statuses"]), case.label)
    changes = spec.get("control", {})
    body = {**valid_body(run, operation, sender, base), **changes}
    _accepted(run, merchants, operation, sender, body, base, is_shared=not changes)


def test_survived(run: Run, merchants: Merchants, survival: Requirement) -> None:
    """A valid request with something hostile in it: it is refused or accepted, in an orderly way and in time."""
    spec = survival.survives or {}
    sender = operations.sender(merchants, survival.operation)
    make = lambda: survived_cases(spec, valid_body(run, survival.operation, sender))  # noqa: E731
    cases = _planned(run, survival, spec, make)
    with closing(_answered(run, merchants, survival.operation, cases, sender)) as answered:
        for case, exchange in answered:
            if exchange.gateway is None:
                orderly = exchange.response is not None and exchange.status < 500
                run.check(orderly, f"an orderly response to {case.label}", exchange.outcome, exchange)
    _accepted(run, merchants, survival.operation, sender, valid_body(run, survival.operation, sender))


def _planned(run: Run, row: Requirement, spec: Mapping[str, Any], make: Callable[[], Iterable[Case]]) -> Iterator[Case]:
    """Yield the cases of a table, and count them; where the target limits the operation, the first alone.

    Of a table that says so (`each`), a gate takes a choice by the seed, so many of each group, and operations with the
    same table take turns; a full run takes all.
    """
    cases = list(make())
    each = len(cases) if run.settings.size == "full" else spec.get("each", len(cases))
    source, turn = run.random(f"cases of {row.id.partition('-')[2]}"), list(operations.BY_ID).index(row.operation)
    places = chosen(cases, each, source, spec.get("always", 1), turn)
    run.record.plan(row.id, len(places))
    for place, case in enumerate(fresh(make)):
        if place not in places:
            continue
        yield case
        if run.limited(row.operation):
            told = f"the other cases are saved, since the target limits the rate of {row.operation}"
            run.record.not_tested[row.id] = Reason(told, Why.RATE_LIMITED)
            return


def fresh(make: Callable[[], Iterable[Case]]) -> Iterator[Case]:
    """Cases of a table: yields each of them made anew, so that no two requests share a name or an address."""
    number = 0
    while (case := next(islice(make(), number, None), None)) is not None:
        yield case
        number += 1


def _answered(
    run: Run, merchants: Merchants, operation: str, cases: Iterable[Case], sender: Merchant | None
) -> Generator[tuple[Case, Exchange]]:
    """Send cases, which are independent of each other; yield each with its exchange, in their order."""
    sent: deque[Case] = deque()

    def calls() -> Iterator[Call]:
        for case in cases:
            sent.append(case)
            headers = {} if case.media_type is None else {"Content-Type": case.media_type}
            yield call(run, operation, case.json, sender, body=case.body, headers=headers, generated=True)

    with closing(run.send_each(calls())) as outcomes:
        for outcome in outcomes:
            with merchants.minding_locks(operation, sender.email if sender is not None else ""):
                exchange = outcome.exchange
            yield sent.popleft(), exchange


def _accepted(
    run: Run,
    merchants: Merchants,
    operation: str,
    sender: Merchant | None,
    body: dict[str, Any],
    base: str = "",
    *,
    is_shared: bool = True,
) -> None:
    """Send the control, in the same session as the refused requests, where it is needed.

    Tests of one base share controls; a body with changes of its own may be refused as such.
    """
    if run.needs_control(operation, f"{sender.key if sender is not None else ''} {base}") or not is_shared:
        with merchants.minding_locks(operation, sender.email if sender is not None else ""):
            exchange = send(run, operation, body, sender, intent=Intent.VALID)
        merchants.need_no_lock(exchange)
        run.need_success(exchange)
