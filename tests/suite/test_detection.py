"""What the suite catches: a gate for every seeded fault and every lawful variant of the sandbox.

The gates run beside the other tests, which takes minutes; these tests then read what each came to. The page
`docs/detection.md` is made from the same gates, and a page that does not agree with them fails.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from conformance.contract.catalogue import Catalogue
from sandbox.switchboard import FAULTS, VARIANTS
from tests.suite.conftest import background_gates
from tests.suite.detection import COMBINATIONS, ROOT, SLOW, Case, Gate
from tests.suite.detection_page import page, timed_ids

OTHERS_ALLOWED = 6


@pytest.fixture(scope="module")
def gates(request: pytest.FixtureRequest) -> dict[str, Gate]:
    """The gates of all cases by the case's id, with a line of progress now and then."""
    background, started = background_gates(request.config), time.monotonic()
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def progress(number: int, gate: Gate) -> None:
        if number % 20 == 0 or number == len(background.cases):
            with capture.global_and_fixture_disabled():
                seconds = time.monotonic() - started
                total = len(background.cases)
                print(f"\n{number} of {total} gates after {seconds:.0f} s, the last: {gate.case}", end="", flush=True)

    return {gate.case: gate for gate in background.gates(progress)}


def test_reference_is_conformant(gates: dict[str, Gate]) -> None:
    """The reference: nothing fails, nothing warns."""
    gate = gates[Case().id]
    assert (gate.status, gate.failed, gate.warned) == (0, (), ())
    assert gate.requests < 1000


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_fault_is_caught_and_named(name: str, gates: dict[str, Gate], catalogue: Catalogue) -> None:
    """A fault: a MUST fails the run, a SHOULD warns, the expected ids are among those that fire, and few others."""
    fault, gate = FAULTS[name], gates[name]
    assert set(fault.requirements), f"{name} names no requirement that has to fire"
    assert set(fault.requirements) <= gate.fired, f"{name} fired {sorted(gate.fired)}"
    if fault.level == "MUST":
        assert gate.status == 1
        assert any(catalogue[requirement].level == "MUST" for requirement in fault.requirements)
    else:
        assert gate.status == 0, f"{name} fails with {gate.failed}"
        assert gate.warned
    others = gate.fired - set(fault.requirements) - timed_ids(catalogue)
    assert len(others) <= OTHERS_ALLOWED, f"{name} fires {sorted(others)} besides"


@pytest.mark.parametrize("name", [*sorted(VARIANTS), *("+".join(names) for names in COMBINATIONS)])
def test_variant_stays_green(name: str, gates: dict[str, Gate]) -> None:
    """A lawful variant, alone or with others: nothing fails."""
    gate = gates[name]
    assert gate.failed == ()
    assert gate.status == 0


@pytest.mark.parametrize("name", sorted(SLOW))
def test_limits_leave_nothing_undecided(name: str, gates: dict[str, Gate]) -> None:
    """A target that is slow, or limits sign-ups and sign-ins to three in ten seconds: all is decided nonetheless."""
    assert gates[name].undecided == gates[Case().id].undecided


def test_page_agrees_with_the_gates(gates: dict[str, Gate]) -> None:
    """The checked-in page is the one that these gates make; where it is not, the new one is left beside the reports."""
    text = page(gates.values())
    checked_in = ROOT / "docs" / "detection.md"
    if checked_in.read_text(encoding="utf-8") != text:
        fresh = Path(ROOT, "reports", "detection.md")
        fresh.write_text(text, encoding="utf-8")
        pytest.fail(f"docs/detection.md is stale; look at {fresh.relative_to(ROOT)} and copy it over")
