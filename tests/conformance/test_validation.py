"""Wrong and hostile requests: the contract checks that the catalogue's tables describe.

Each request is made from one that the target accepts as it stands, and that one is sent in the same test.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from conformance.contract.catalogue import Requirement
from conformance.errors import NotTested, Why
from conformance.generate.tables import Case, Part, chosen, parts, refused_cases, survived_cases
from conformance.plugin.entry import catalogue_of
from conformance.results.records import Reason
from conformance.run import Run
from conformance.sharing import once
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
    operation = refusal.operation
    sender = operations.sender(merchants, operation)
    used = list(_usable(run, operation, sender, parts(spec)))
    make = lambda base: refused_cases(spec, valid_body(run, operation, sender, base))  # noqa: E731
    with closing(_answered(run, merchants, operation, _planned(run, refusal, used, make), sender)) as answered:
        for case, exchange in answered:
            refused(run, exchange, tuple(spec["statuses"]), case.label)
    changes = spec.get("control", {})
    for base in dict.fromkeys(part.base for part in used):
        body = {**valid_body(run, operation, sender, base), **changes}
        _accepted(run, merchants, operation, sender, body, base, is_shared=not changes)


def _usable(run: Run, operation: str, sender: Merchant | None, wanted: Iterable[Part]) -> Iterator[Part]:
    """Yield the parts of a table that can be tried here: those whose body the target accepts as it stands."""
    for part in wanted:
        if part.base == part.instead or _takes(run, operation, sender, part.base):
            yield part
        elif part.instead is not None:
            yield replace(part, base=part.instead)


def _takes(run: Run, operation: str, sender: Merchant | None, base: str) -> bool:
    """Return whether the target accepts a valid body; it is asked once a run, and not at all where it has a limit."""
    if run.limited(operation):
        return False

    def ask() -> bool:
        return send(run, operation, valid_body(run, operation, sender, base), sender).is_success

    try:
        return once(run.shared, f"{operation} {base} is accepted", ask)
    except NotTested:
        return False


def test_survived(run: Run, merchants: Merchants, survival: Requirement) -> None:
    """A valid request with something hostile in it: it is refused or accepted, in an orderly way and in time."""
    spec = survival.survives or {}
    sender = operations.sender(merchants, survival.operation)
    make = lambda base: survived_cases(spec, valid_body(run, survival.operation, sender, base))  # noqa: E731
    used = list(_usable(run, survival.operation, sender, parts(spec)))
    cases = _planned(run, survival, used, make)
    with closing(_answered(run, merchants, survival.operation, cases, sender)) as answered:
        for case, exchange in answered:
            if exchange.gateway is None:
                orderly = exchange.response is not None and exchange.status < 500
                run.check(orderly, f"an orderly response to {case.label}", exchange.outcome, exchange)
    _accepted(run, merchants, survival.operation, sender, valid_body(run, survival.operation, sender))


def _planned(run: Run, row: Requirement, used: Sequence[Part], make: Callable[[str], Iterable[Case]]) -> Iterator[Case]:
    """Yield the cases of a table, and count them; where the target limits the operation, the first alone.

    Of a part that says so (`each`), a gate takes a choice by the seed, so many of each group, and operations with the
    same table take turns; a full run takes all. Each case is made anew, so that no two requests share a name or an
    address.
    """
    planned = [(part, place) for part in used for place in _places(run, row, part, list(part.cases(make(part.base))))]
    run.record.plan(row.id, len(planned))
    for part, place in planned:
        yield from islice(part.cases(make(part.base)), place, place + 1)
        if run.limited(row.operation):
            told = f"the other cases are saved, since the target limits the rate of {row.operation}"
            run.record.not_tested[row.id] = Reason(told, Why.RATE_LIMITED)
            return


def _places(run: Run, row: Requirement, part: Part, cases: Sequence[Case]) -> list[int]:
    """Return the places of the cases of a part that this run sends."""
    each = len(cases) if run.settings.size == "full" or part.each is None else part.each
    source, turn = run.random(f"cases of {row.id.partition('-')[2]}"), list(operations.BY_ID).index(row.operation)
    return chosen(cases, each, source, part.always, turn)


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
