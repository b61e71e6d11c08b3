"""What the suite catches: a proof for every seeded fault and every lawful variant of the sandbox.

The proofs run beside the other tests (`tests.suite.proving`); these tests then read what each came to. Whole gates are
run by `python -m tests.suite.write_detection_page`, which writes what has to fire here.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.contract.catalogue import Catalogue
from sandbox.switchboard import FAULTS, VARIANTS, behaviour_of
from tests.suite import conftest
from tests.suite.conftest import Proofs, background_proofs
from tests.suite.detection import (
    COMBINATIONS,
    GIVEN,
    MEETING,
    ROOT,
    SLOW,
    TOGETHER,
    Case,
    Gate,
    fault_cases,
    lawful_cases,
    shown_by,
    undecided,
)
from tests.suite.detection_page import PAGE, page, timed_ids
from tests.suite.fires import PROOFS, load_fires, proofs_text, proven_by
from tests.suite.forking import skip_without_fork
from tests.suite.proving import UNENDED

_TILL_PROOFS_RUN = 6.0
_TILL_ALL_ENDED = 60
AGAIN = "write it anew with `python -m tests.suite.write_detection_page"
SAVED = frozenset(
    {f"SIGNIN-AUTH-{number}" for number in range(30, 36)}
    | {"SIGNIN-ECHO-40", "SIGNIN-HEADERS-51", "SIGNIN-PROPERTY-20", "SIGNIN-STATE-50"}
    | {"ACTIVE-TENANT-40", "SIGNIN-TOGETHER-50", "SIGNIN-TOGETHER-51"}
    | {"SIGNIN-TOKEN-32", "SIGNIN-TOKEN-33"}
    | {"SIGNUP-ECHO-3", "SIGNUP-HEADERS-51", "SIGNUP-PROPERTY-20", "SIGNUP-TOGETHER-50", "SIGNUP-TOGETHER-51"}
)
"""What needs many sign-ups or sign-ins, and is left out where a target limits the rate of both."""

OF_SIGN_UPS = frozenset({"verified-soon"})
"""Variants whose sign-ups open no session, so that what is about it is undecided."""
by_case = pytest.mark.parametrize("case", fault_cases(), ids=lambda case: case.id)
by_lawful_case = pytest.mark.parametrize("case", lawful_cases(), ids=lambda case: case.id)
by_company = pytest.mark.parametrize(
    "case", [Case(variants=company) for company in (*COMBINATIONS, *TOGETHER)], ids=lambda case: case.id
)
by_slow_case = pytest.mark.parametrize(
    "case",
    [case for case in lawful_cases() if SLOW.intersection(case.variants) - OF_SIGN_UPS],
    ids=lambda case: case.id,
)


@pytest.fixture
def proofs(request: pytest.FixtureRequest) -> Proofs:
    """The proofs of the selected cases."""
    return background_proofs(request.config)


PROVEN_ELSEWHERE = {
    "API-BASE-1": "each walk of the own tests goes to a base URL with a path; no target can send requests elsewhere",
    "API-PROTOCOL-50": "bytes behind a response to HEAD come from the servers of tests/suite/test_together.py",
}
"""Requirements that no fault of the sandbox can break, and where their check is shown to work."""


@by_case
def test_fault_is_proven(case: Case, proofs: Proofs, catalogue: Catalogue) -> None:
    """A fault: exactly what its whole gate has shown fires, and what it is made to break is among it.

    On a busy machine requests may miss each other, or meet: what departs from that is proven once more, by itself, and
    once again where it departs still.
    """
    (name,), gate = case.faults, proofs.gate(case)
    named = set(FAULTS[name].requirements)
    by_chance = MEETING.get(name, frozenset())
    expected = (set(load_fires().get(name, named)) - by_chance) | named
    allowed = expected | by_chance | timed_ids(catalogue)
    for _ in range(2):
        if expected <= gate.fired <= allowed:
            break
        gate = proofs.again(case)
    assert gate.status == 0, f"the proof did not end: run `pytest --sandbox-fault {name}`"
    assert bool(gate.failed) == (FAULTS[name].level == "MUST")
    besides = gate.fired - allowed
    assert expected <= gate.fired, f"{name} does not fire {sorted(expected - gate.fired)}; {AGAIN} {name}`"
    assert not besides, f"{name} fires {sorted(besides)} besides; {AGAIN} {name}`"


def lawful_gate(case: Case, proofs: Proofs) -> Gate:
    """The proof of a lawful case; what fails is none of a busy machine, since that is run once more."""
    gate = proofs.gate(case)
    return proofs.again(case) if gate.failed or gate.status else gate


@by_lawful_case
def test_lawful_server_stays_green(case: Case, proofs: Proofs) -> None:
    """The reference and every lawful variant, alone or with others: nothing fails."""
    gate = lawful_gate(case, proofs)
    assert gate.status == 0, "the proof did not end"
    assert gate.failed == ()


@by_company
def test_variants_are_lawful_together(case: Case, proofs: Proofs) -> None:
    """Several variants at once: nothing fails."""
    gate = lawful_gate(case, proofs)
    assert (gate.status, gate.failed) == (0, ())


def test_variants_that_are_shown_together_are_all_there() -> None:
    """Each has one company, and changes what the target does there; none of them mostly waits."""
    names = [name for company in TOGETHER for name in company]
    assert len(names) == len(set(names))
    assert set(names) <= set(VARIANTS) - SLOW - set(GIVEN)
    for company in TOGETHER:
        together = behaviour_of(variant_ids=company)
        for name in company:
            without = behaviour_of(variant_ids=[other for other in company if other != name])
            assert without != together, f"{name} changes nothing among {company}"
        assert {shown_by(Case(variants=(name,))) for name in company} == {Case(variants=company)}


@pytest.mark.parametrize("ending", [{"failed": ("ORG-ID-1",)}, {"status": UNENDED}], ids=["a breach", "no end"])
def test_variants_that_fail_together_are_run_alone(ending: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """What a company comes to is said of the variant that does it alone, and not of the others.

    Each is run once all other proofs have ended, at the usual priority.
    """
    company = Case(variants=TOGETHER[0])
    guilty = TOGETHER[0][1]
    order: list[object] = []

    class Made:
        def __init__(self, cases: Sequence[Case], _: object, *, give_way: int = 10, folder: Path | None = None) -> None:
            assert folder is None
            self.cases = cases
            order.append(give_way)

        def wait(self) -> None:
            order.append("waited")

        def gate(self, case: Case) -> Gate:
            assert case in self.cases
            return replace(Gate.unended(case.id, 0), **(ending if guilty in case.variants else {}))

    monkeypatch.setattr(conftest, "Background", Made)
    proofs = Proofs([company])
    for name in company.variants:
        gate = proofs.gate(Case(variants=(name,)))
        assert gate.case == name
        assert bool(gate.failed or gate.status) == (name == guilty)
    assert order == [10, *["waited", 0] * len(company.variants)]


@pytest.mark.parametrize("case", [Case()], ids=["reference"])
def test_reference_is_conformant(case: Case, proofs: Proofs, catalogue: Catalogue) -> None:
    """The reference: nothing fails or warns, what it cannot show is undecided, and so many requests are enough."""
    gate = proofs.gate(case)
    assert (gate.failed, gate.warned) == ((), ())
    assert set(gate.undecided) == undecided(catalogue)
    assert gate.requests < 1_350


@by_slow_case
def test_limits_leave_little_undecided(case: Case, proofs: Proofs, catalogue: Catalogue) -> None:
    """A target that is slow decides all; three sign-ups and sign-ins in ten seconds leave out what needs many."""
    beyond = set(proofs.gate(case).undecided) - undecided(catalogue)
    if case.variants in (("latency-100-ms",), ("slow-passwords",)):
        assert not beyond
    assert beyond <= SAVED


def test_every_requirement_is_proven(catalogue: Catalogue) -> None:
    """Each testable requirement has a fault that is made to break it, and on which it fires."""
    proven = proven_by(FAULTS.values(), load_fires())
    unproven = {row.id for row in catalogue if not row.not_testable and row.id not in proven}
    assert unproven == set(PROVEN_ELSEWHERE)


def test_every_fault_has_fired(catalogue: Catalogue) -> None:
    """A fault names what it breaks, all of that has fired at its whole gate; no other fault is kept."""
    fires = load_fires()
    missing = [name for name in FAULTS if name not in fires]
    assert not missing, f"fires.json has no {missing}; {AGAIN} {' '.join(missing)}`"
    assert not set(fires) - set(FAULTS)
    for name, fault in FAULTS.items():
        assert fault.requirements, f"{name} names no requirement that has to fire"
        assert all(requirement in catalogue for requirement in fault.requirements), name
        assert set(fault.requirements) <= set(fires[name]), name


def test_proofs_are_current() -> None:
    """The reports read of each requirement what proves it from a file that is the one of these faults."""
    text = proofs_text(proven_by(FAULTS.values(), load_fires()))
    assert PROOFS.read_text(encoding="utf-8") == text, f"openapi/proofs.json is stale; {AGAIN} reference`"


def test_page_is_current(catalogue: Catalogue) -> None:
    """The checked-in page is that of these faults, variants and requirements."""
    text = page(load_fires(), catalogue, lawful=len(lawful_cases()))
    assert PAGE.read_text(encoding="utf-8") == text, f"docs/detection.md is stale; {AGAIN} reference`"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def test_stopped_tests_leave_no_process(number: int, tmp_path: Path) -> None:
    """The own suite is stopped while proofs run: every process that it started ends."""
    skip_without_fork()
    reading, writing = os.pipe()
    words = [sys.executable, "-m", "pytest", "tests/suite/test_detection.py", "-k", "test_limits_leave", "-q"]
    with Path(tmp_path, "output.txt").open("w", encoding="utf-8") as output:
        process = subprocess.Popen(words, cwd=ROOT, pass_fds=(writing,), stdout=output, stderr=output)
    os.close(writing)
    time.sleep(_TILL_PROOFS_RUN)
    assert process.poll() is None
    process.send_signal(number)
    process.wait(10)
    with os.fdopen(reading, "rb") as held:
        signal.alarm(_TILL_ALL_ENDED)
        assert held.read() == b""
        signal.alarm(0)
