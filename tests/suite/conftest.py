"""What the suite's own tests share: the catalogue and contract as they stand, and the gates of the detection tests.

The gates for all faults and variants take most of the time; they run beside the other tests, and are read at the end.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.contract.catalogue import Catalogue, load_catalogue
from conformance.contract.document import Contract, load_contract
from tests.suite.detection import Background, all_cases
from tests.suite.forking import CAN_FORK, skip_without_fork

ROOT = Path(__file__).parents[2]
GATES = pytest.StashKey[Background]()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=needs_gates)


def needs_gates(item: pytest.Item) -> bool:
    return "gates" in getattr(item, "fixturenames", ())


def pytest_collection_finish(session: pytest.Session) -> None:
    is_worker = hasattr(session.config, "workerinput")
    if CAN_FORK and any(map(needs_gates, session.items)) and not session.config.option.collectonly and not is_worker:
        background_gates(session.config)


def background_gates(config: pytest.Config) -> Background:
    """The gates of this session; a worker of pytest-xdist starts them only when its tests ask for them."""
    skip_without_fork()
    if GATES not in config.stash:
        config.stash[GATES] = Background(all_cases())
    return config.stash[GATES]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line("left out: real better-auth as a target, which needs Node (pytest tests/better_auth)")


def pytest_unconfigure(config: pytest.Config) -> None:
    if GATES in config.stash:
        config.stash[GATES].stop()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / "openapi" / "requirements")


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load_contract(ROOT / "openapi" / "onboarding.yaml")
