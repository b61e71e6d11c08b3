"""What the suite's own tests share: the catalogue and contract as they stand, and the proofs of the detection tests.

The proofs of the faults and variants that are selected take most of the time; they run beside the other tests, and are
read at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.contract.catalogue import Catalogue, load_catalogue
from conformance.contract.document import Contract, load_contract
from sandbox.switchboard import FAULTS
from tests.suite.detection import BY_ORDER, Case
from tests.suite.fires import load_fires
from tests.suite.forking import CAN_FORK, skip_without_fork
from tests.suite.proving import Background

ROOT = Path(__file__).parents[2]
PROOFS = pytest.StashKey[Background]()
CASES = pytest.StashKey[Sequence[Case]]()


LEFT_OUT = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-proofs",
        action="store_true",
        help="prove every fault, not only one for each requirement (what -k or :: selects is always proven)",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: needed_case(item) is not None)
    selected = config.option.keyword or any("::" in argument for argument in config.args)
    if config.option.all_proofs or selected:
        return
    needed = needed_faults()
    left_out = [item for item in items if (case := needed_case(item)) and set(case.faults) - needed]
    config.stash[LEFT_OUT] = len(left_out)
    config.hook.pytest_deselected(items=left_out)
    gone = set(left_out)
    items[:] = [item for item in items if item not in gone]


def needed_faults() -> frozenset[str]:
    """Return the faults that are made to break a requirement which none before them breaks."""
    proven: set[str] = set()
    needed = []
    for name, fault in FAULTS.items():
        if not proven.issuperset(fault.requirements):
            needed.append(name)
            proven.update(fault.requirements)
    return frozenset(needed)


def needed_case(item: pytest.Item) -> Case | None:
    """Return the case whose proof a test reads, if it reads one."""
    if "proofs" not in getattr(item, "fixturenames", ()):
        return None
    case: Case = item.callspec.params["case"]  # type: ignore[attr-defined]
    return case


def pytest_collection_finish(session: pytest.Session) -> None:
    needed = {case.id: case for item in session.items if (case := needed_case(item)) is not None}
    session.config.stash[CASES] = list(needed.values())
    is_worker = hasattr(session.config, "workerinput")
    if CAN_FORK and needed and not session.config.option.collectonly and not is_worker:
        background_proofs(session.config)


def background_proofs(config: pytest.Config) -> Background:
    """The proofs of this session; a worker of pytest-xdist starts them only when its tests ask for them."""
    skip_without_fork()
    if PROOFS not in config.stash:
        fires = load_fires()

        def expected(case: Case) -> frozenset[str] | None:
            name = "+".join(case.faults)
            return frozenset(fires[name]) if name in fires and name not in BY_ORDER else None

        config.stash[PROOFS] = Background(config.stash[CASES], expected)
    return config.stash[PROOFS]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if left_out := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(
            f"left out: {left_out} further faults of requirements that are proven (--all-proofs)"
        )
    terminalreporter.write_line("left out: real better-auth as a target, which needs Node (pytest tests/better_auth)")


def pytest_unconfigure(config: pytest.Config) -> None:
    if PROOFS in config.stash:
        config.stash[PROOFS].stop()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / "openapi" / "requirements")


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load_contract(ROOT / "openapi" / "onboarding.yaml")
