"""What the suite's own tests share: the catalogue and contract as they stand, and the proofs of the detection tests.

The proofs of the faults and variants that are selected take most of the time; they run beside the other tests, and are
read at the end. With `-n`, a worker takes a file after the other, those that take longest first, and the proofs run
beside the controller.
"""

from __future__ import annotations

import importlib
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from conformance.contract.catalogue import Catalogue, load_catalogue
from conformance.contract.document import Contract, load_contract
from conformance.plugin.adapters import has_local_workers, is_worker
from sandbox.switchboard import FAULTS
from tests.suite.detection import BY_ORDER, LONG, MEETING, Case, Gate, fault_cases, lawful_cases, shown_by
from tests.suite.fires import load_fires
from tests.suite.forking import CAN_FORK, skip_without_fork
from tests.suite.invocation import BETWEEN_REQUESTS, Done, invoke
from tests.suite.order import LONGEST
from tests.suite.proving import Background, Elsewhere

ROOT = Path(__file__).parents[2]
CASES = pytest.StashKey[Sequence[Case]]()
LEFT_OUT = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-proofs",
        action="store_true",
        help="prove every fault, however long it takes, and every variant alone (so is what -k or :: selects)",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=place)
    if is_selected(config):
        return
    dispensable = dispensable_faults()
    left_out = [item for item in items if (case := needed_case(item)) and dispensable.intersection(case.faults)]
    config.stash[LEFT_OUT] = len(left_out)
    config.hook.pytest_deselected(items=left_out)
    gone = set(left_out)
    items[:] = [item for item in items if item not in gone]


def place(item: pytest.Item) -> int:
    """Return when a test comes: those of the longest files first, those that read proofs last."""
    if needed_case(item) is not None:
        return len(LONGEST) + 1
    name = item.path.stem
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each worker a whole file, since its tests share what takes long to make, in the order of `place`."""
    config.option.loadscopereorder = False
    scheduling = importlib.import_module("tests.suite.scheduling")
    return scheduling.ByFile(config, log)


def is_selected(config: pytest.Config) -> bool:
    """Return whether each fault and variant is proven alone: all of them were asked for, or these were named."""
    return bool(config.option.all_proofs) or is_named(config)


def is_named(config: pytest.Config) -> bool:
    """Return whether the command line names some of the tests."""
    return bool(config.option.keyword) or any("::" in argument for argument in config.args)


def dispensable_faults() -> frozenset[str]:
    """Return the faults whose proofs take long, and whose requirements are all proven by others."""
    proven = {name for fault in FAULTS.values() if fault.id not in LONG for name in fault.requirements}
    dispensable = set()
    for name in sorted(LONG):
        if proven.issuperset(FAULTS[name].requirements):
            dispensable.add(name)
        proven.update(FAULTS[name].requirements)
    return frozenset(dispensable)


def needed_case(item: pytest.Item) -> Case | None:
    """Return the case whose proof a test reads, if it reads one."""
    if "proofs" not in getattr(item, "fixturenames", ()):
        return None
    case: Case = item.callspec.params["case"]  # type: ignore[attr-defined]
    return case


def pytest_collection_finish(session: pytest.Session) -> None:
    each_alone = is_selected(session.config)
    needed = {case.id: case for item in session.items if (case := needed_case(item)) is not None}
    shown = [case if each_alone else shown_by(case) for case in needed.values()]
    session.config.stash[CASES] = list({case.id: case for case in shown}.values())
    if CAN_FORK and needed and not session.config.option.collectonly and not is_worker(session.config):
        background_proofs(session.config)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the proofs beside the controller, before it has any threads, where its workers will read all of them."""
    config = session.config
    has_workers = not is_worker(config) and has_local_workers(config)
    of_all = any(Path(argument).resolve() == Path(__file__).parent for argument in config.args)
    if not (CAN_FORK and has_workers and of_all) or is_named(config) or config.option.collectonly:
        return
    faults, lawful = fault_cases(), lawful_cases()
    if not is_selected(config):
        gone = dispensable_faults()
        proven = [case for case in faults if gone.isdisjoint(case.faults)]
        config.stash[LEFT_OUT] = len(faults) - len(proven)
        faults, lawful = proven, [shown_by(case) for case in lawful]
    folder = Path(tempfile.mkdtemp(prefix="proofs-"))
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    config.stash[FOLDER] = folder
    config.stash[PROOFS] = Proofs(list({case.id: case for case in (*faults, *lawful)}.values()), folder)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker where it reads the proofs."""
    if FOLDER in node.config.stash:
        node.workerinput["proofs"] = str(node.config.stash[FOLDER])


@pytest.fixture(scope="session")
def serial_run(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A run in one process, with the words `BETWEEN_REQUESTS`: those in several processes are held against it."""
    return invoke(tmp_path_factory.mktemp("serial"), *BETWEEN_REQUESTS)


class Proofs:
    """The proofs of a session: each case by its own, or by that of several variants, which shows it too.

    Where other processes read them, they are left in `folder`; `elsewhere` says that another process runs them.
    """

    def __init__(self, cases: Sequence[Case], folder: Path | None = None, *, elsewhere: bool = False) -> None:
        self._fires = load_fires()
        self._running: list[Background | Elsewhere] = [
            Elsewhere(cases, folder)
            if folder is not None and elsewhere
            else Background(cases, self._expected, folder=folder)
        ]

    def _expected(self, case: Case) -> frozenset[str] | None:
        name = "+".join(case.faults)
        if name not in self._fires or name in BY_ORDER:
            return None
        return frozenset(self._fires[name]) - MEETING.get(name, frozenset())

    def gate(self, case: Case) -> Gate:
        """Wait for what shows a case, and return it; where several variants fail together, each is run alone."""
        first = self._running[0]
        if case in first.cases:
            return first.gate(case)
        gate = first.gate(shown_by(case))
        if gate.status == 0 and not gate.failed:
            return gate
        return self.again(case)

    def again(self, case: Case) -> Gate:
        """Run a case once more, by itself after all others, and return what it shows."""
        self._running[0].wait()
        self._running.append(Background([case], self._expected, give_way=0))
        return self._running[-1].gate(case)

    def stop(self) -> None:
        """End what still runs."""
        for background in self._running:
            background.stop()


def background_proofs(config: pytest.Config) -> Proofs:
    """The proofs of this session; a worker has its own only where its tests ask for them and nobody else runs them."""
    skip_without_fork()
    if PROOFS not in config.stash:
        told = getattr(config, "workerinput", {}).get("proofs")
        config.stash[PROOFS] = Proofs(config.stash[CASES], Path(told) if told else None, elsewhere=bool(told))
    return config.stash[PROOFS]


PROOFS = pytest.StashKey[Proofs]()
FOLDER = pytest.StashKey[Path]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not is_selected(config) and LEFT_OUT in config.stash:
        further = f"{config.stash[LEFT_OUT]} faults that take long and whose requirements others prove"
        terminalreporter.write_line(f"left out: {further}, and most variants alone (--all-proofs)")
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
