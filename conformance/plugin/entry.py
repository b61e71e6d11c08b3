"""The pytest plugin: read options and configuration, and register what each process of a run needs."""

from __future__ import annotations

import gc
import json
import os
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

import pytest

from conformance import plugin
from conformance.checks.rules import Rules
from conformance.contract.catalogue import Catalogue, CatalogueError, load_catalogue
from conformance.contract.document import ContractError, load_contract
from conformance.masking import Masker
from conformance.plugin import adapters, checkout, hooks, started, step_cache
from conformance.plugin.afterwards import Afterwards
from conformance.plugin.controller import Session
from conformance.plugin.features import is_id
from conformance.plugin.forks import Forks
from conformance.plugin.items import Tests, own_folders
from conformance.plugin.judge import Judging
from conformance.plugin.leaving import Leaving
from conformance.plugin.mistakes import imported, unknown_selection
from conformance.plugin.options import OPTIONS, add_options, add_questions, read_profile, read_settings
from conformance.plugin.questions import QuestionError, explained, listed, scenarios
from conformance.plugin.sandbox import SANDBOX, Sandbox
from conformance.plugin.secrecy import MaskedEndings, mask_logs
from conformance.plugin.state import RUN, STATE, SessionState
from conformance.plugin.workers import FarWire, Relay
from conformance.profile import ProfileError, apply_deviations
from conformance.report import allure
from conformance.report.allure_files import Files, Folder, Keep
from conformance.results.known import (
    NONE_KNOWN,
    KnownFailures,
    KnownFailuresError,
    known_failures,
    load_known_failures,
)
from conformance.run import Run
from conformance.settings import Place, Settings, Size
from conformance.wire.connection import environment_of
from conformance.wire.target import TargetError, checked_url, refuse_load

AGAIN: Final = "again"
RELAY: Final = pytest.StashKey[Relay]()
KEEP: Final = pytest.StashKey[Keep]()
PLACES: Final = {
    "conformance_contract": "the OpenAPI document of the target; without it this plugin does nothing",
    "conformance_catalogue": "the folder of the requirement catalogue",
    "conformance_proofs": "a JSON file that names, by requirement, the seeded faults that are known to make it fail",
    "conformance_pages": "where the project's pages are read, for links in the reports: a folder, or an https address",
    "conformance_steps": "the package with the steps of the features, a plugin of pytest",
    "conformance_own_tests": "the folders of the suite's own tests, which never run against a given target",
}


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)
    add_questions(parser)
    for name, words in PLACES.items():
        parser.addini(name, words, default="")
    parser.addini(started.HOME, started.HOME_HELP, default="")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Put the words that a profile has for pytest before those of the command line, and load the steps.

    A mistake in the steps ends the session with one sentence; were they loaded by `-p`, it would end in a traceback.
    """
    name = early_config.getini("conformance_steps")
    if name and not early_config.pluginmanager.has_plugin(name):
        try:
            (steps,) = imported([name], early_config.rootpath)
        except ImportError as error:
            raise pytest.UsageError(str(error)) from None
        early_config.pluginmanager.register(steps, name)
    args[:0] = read_profile(adapters.EarlyOptions(early_config)).pytest


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Set where the reports go, before the plugins that write them are configured.

    Before pytest knows our options it takes their values for paths, and, where such a folder exists, looks there for
    its configuration. Where it missed ours for that reason, or its workers would, it is started again with the right
    one.
    """
    if adapters.is_worker(config):
        return None
    here = checkout.configuration(adapters.started_in(config))
    may_miss = config.inipath is None or (adapters.has_local_workers(config) and not adapters.names_ini_file(config))
    if may_miss and here is not None:
        return int(pytest.main(["-c", str(here), *adapters.arguments(config)]))
    if (answer := _answer(config)) is not None:
        print(answer)
        return int(pytest.ExitCode.OK)
    if _is_inert(config):
        return None
    folder = Path(started.home(config), read_settings(config).report_dir)
    _make_writable(folder)
    adapters.direct_reports(config, folder)
    return None


def _answer(config: pytest.Config) -> str | None:
    """Return the answer to a question about the catalogue, for which no target is needed; None where none is asked."""
    listing, name = config.getoption("list_requirements"), config.getoption("explain")
    if listing is None and name is None:
        return None
    if not config.getini("conformance_contract"):
        raise pytest.UsageError("there is no catalogue here: ask in the folder of a checkout of the suite")
    try:
        catalogue = load_catalogue(config.rootpath / config.getini("conformance_catalogue"))
        if name is None:
            return listed(catalogue, listing)
        known = scenarios(config.rootpath / config.getini("bdd_features_base_dir"), config.rootpath)
        return explained(name, catalogue, known, _proofs(config), started.word(config))
    except (CatalogueError, QuestionError) as error:
        raise pytest.UsageError(str(error)) from None


def _make_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise pytest.UsageError(f"--report-dir: the folder {folder} cannot be made ({error.strerror})") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise pytest.UsageError(f"--report-dir: nothing can be written into the folder {folder}; choose another")


def _is_inert(config: pytest.Config) -> bool:
    """Return whether nothing is to be sent to a target: own tests of the suite, or a question to pytest itself."""
    if adapters.asks_pytest_itself(config) or not config.getini("conformance_contract"):
        return True
    own = own_folders(config)
    paths = [Path(adapters.started_in(config), argument.partition("::")[0]).resolve() for argument in config.args]
    if not any(folder == path or folder in path.parents for folder in own for path in paths):
        return False
    if config.getoption("base_url", None):
        raise pytest.UsageError("the suite's own tests never run against a given target: leave --base-url out")
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read configuration, contract and catalogue; a mistake in them ends the session with one sentence."""
    config.addinivalue_line("markers", "requirement(id): the catalogue's requirement that a test decides")
    for size in Size:
        config.addinivalue_line("markers", f"{size}: the smallest size of run that a test belongs to")
    inert = _is_inert(config)
    if inert:
        gc.set_threshold(*plugin.USUAL)
    if not config.getini("conformance_contract"):
        return
    message = adapters.message_for_worker(config)
    told: Handed | None = pickle.loads(message[0]) if message else None
    try:
        settings = told.settings if told else read_settings(config)
        base_url = told.base_url if told else _base_url(config, settings)
        adapters.set_base_url(config, base_url)
        if not (inert or base_url):
            _start_sandbox(config, settings)
        catalogue = load_catalogue(config.rootpath / config.getini("conformance_catalogue"))
        contract = load_contract(config.rootpath / config.getini("conformance_contract"))
        apply_deviations(contract, settings.deviations)
        surroundings = [] if told else _surroundings(config, settings, catalogue, base_url)
        rules = Rules(catalogue, contract)
        known = told.known if told else _known_failures(config, settings, catalogue)
    except (CatalogueError, ContractError, KnownFailuresError, ProfileError, TargetError) as error:
        raise pytest.UsageError(str(error)) from None
    step_cache.install()
    masker = Masker()
    for secrets in catalogue.secrets.values():
        for name in secrets.headers:
            masker.add_header(name)
    mask_logs(config, masker)
    config.pluginmanager.register(MaskedEndings(config, masker), "conformance-endings")
    masker.add(settings.merchant_password, settings.second_merchant_password)
    for header in settings.header:
        name, _, value = header.partition(":")
        masker.add_header(name.strip())
        masker.add(value.strip())
    given = told.given if told else (*started.command(config), *_given(settings, base_url))
    run = Run(settings, contract, catalogue, rules, masker, config.rootpath, given)
    run.client.base_url = base_url
    run.recorder.known = known
    run.proofs = _proofs(config)
    config.stash[RUN] = run
    config.stash[STATE] = SessionState()
    if told:
        run.id, wire = told.run, FarWire(message[1], run)
        run.become_worker(adapters.worker_id(config), wire, wire)
        run.processes = adapters.number_of_workers(config)
        _keep_allure_by(config, wire)
    elif not inert:
        _register_controller(config, run, surroundings)
    if not inert or adapters.collects_only(config):
        _register_with_tests(config)
    if not inert and adapters.has_allure(config):
        _register_with_allure(config, run)


def _start_sandbox(config: pytest.Config, settings: Settings) -> None:
    """Start the bundled sandbox: it comes up while the catalogue and the features are read."""
    faults = [word for name in settings.sandbox_fault for word in ("--fault", name)]
    variants = [word for name in settings.sandbox_variant for word in ("--variant", name)]
    config.stash[SANDBOX] = sandbox = Sandbox.start([*faults, *variants])
    config.add_cleanup(sandbox.stop)


def _keep_allure_by(config: pytest.Config, wire: FarWire) -> None:
    """Hand what Allure writes in a worker to the controller.

    Its plugin wants a folder all the same, and empties the one that it has: not that of the controller.
    """
    config.stash[KEEP] = wire.deliver
    if adapters.has_allure(config):
        unused = TemporaryDirectory()
        config.add_cleanup(unused.cleanup)
        adapters.write_allure_to(config, Path(unused.name))


def _register_controller(config: pytest.Config, run: Run, surroundings: Sequence[str]) -> None:
    """Register what only the process has that reports; in the loop of the tests the last has its part first."""
    folder, keep = adapters.allure_folder(config), None
    if folder is not None:
        files = config.stash[STATE].allure = Folder(folder.absolute())
        config.stash[KEEP] = keep = files.keep
    config.stash[RELAY] = relay = Relay(run, keep)
    controller = Session(config, relay, surroundings)
    config.pluginmanager.register(Judging(config), "conformance-judging")
    config.pluginmanager.register(Forks(config, relay, controller.say), "conformance-forks")
    config.pluginmanager.register(controller, "conformance-session")
    config.pluginmanager.register(Afterwards(config), "conformance-afterwards")


def _register_with_tests(config: pytest.Config) -> None:
    config.pluginmanager.register(Tests(config), "conformance-tests")
    config.pluginmanager.register(Leaving(), "conformance-leaving")


def _register_with_allure(config: pytest.Config, run: Run) -> None:
    steps = allure.AllureSteps(run, partial(adapters.allure_step, config), adapters.fail_allure_step)
    adapters.register_with_allure(config, allure.AllureMask(run.masker, steps))
    config.pluginmanager.register(steps, "conformance-allure")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let Allure keep its files here, once its own plugin has been configured."""
    config = session.config
    if config.pluginmanager.has_plugin("conformance-allure") and KEEP in config.stash:
        files = Files(config.stash[KEEP])
        adapters.write_allure_with(files.item, files.attachment)
        adapters.without_fixtures_in_allure(config)


@dataclass(frozen=True)
class Handed:
    """What a worker needs to know of the run that it belongs to."""

    settings: Settings
    base_url: str
    given: tuple[str, ...]
    run: str
    known: KnownFailures

    @classmethod
    def of(cls, run: Run) -> Self:
        return cls(run.settings, run.base_url, run.given, run.id, run.recorder.known)


def _surroundings(config: pytest.Config, settings: Settings, catalogue: Catalogue, base_url: str) -> list[str]:
    """Return what the environment changes on the way to the target; raise `pytest.UsageError` for an unknown id."""
    if words := unknown_selection(adapters.mark_expression(config), catalogue.by_id):
        raise pytest.UsageError(words)
    return environment_of(settings, base_url) if base_url else []


def _known_failures(config: pytest.Config, settings: Settings, catalogue: Catalogue) -> KnownFailures:
    """Return the known failures of the file that the user names, or else those that stand in the profile."""
    if settings.known_failures:
        return load_known_failures(Path(settings.known_failures), catalogue)
    inside = read_profile(config).known_failures
    return NONE_KNOWN if inside is None else known_failures(*inside, catalogue)


def _proofs(config: pytest.Config) -> dict[str, list[str]]:
    """Return, by requirement, the seeded faults that are known to make it fail, for the reports."""
    file = config.rootpath / config.getini("conformance_proofs")
    try:
        found: dict[str, list[str]] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    except ValueError:
        raise pytest.UsageError(
            f"{file.name} is no JSON; restore it, or leave the ini key conformance_proofs out"
        ) from None
    return found


def _base_url(config: pytest.Config, settings: Settings) -> str:
    """Return the base URL that the user named, or an empty text. Raises `TargetError` where this run cannot use it."""
    text = config.getoption("base_url", None) or read_profile(config).base_url or config.getini("base_url") or ""
    base_url = checked_url(text) if text else ""
    refuse_load(base_url, settings.size, settings.allow_load)
    if base_url and (settings.sandbox_fault or settings.sandbox_variant):
        raise TargetError("--sandbox-fault and --sandbox-variant are for the bundled sandbox: leave --base-url out")
    return base_url


def _given(settings: Settings, base_url: str) -> tuple[str, ...]:
    """Return the words of the command line that name the target and the way to it, without secrets, to test again.

    The reports go into a folder of their own, so that those which hold the line stay.
    Values of the environment or an ini file need no words: the next run reads them as well.
    """
    words = ["--base-url", base_url] if base_url else []
    folder = settings.report_dir.rstrip("/")
    words += ["--report-dir", folder if folder.endswith(f"/{AGAIN}") else f"{folder}/{AGAIN}"]
    for option in OPTIONS:
        value = getattr(settings, option.attribute)
        origin = settings.origin.get(option.attribute)
        if option.secret or not option.again or origin is None or origin.place is not Place.COMMAND_LINE:
            continue
        if option.flag:
            words += [f"--{option.name}"]
        else:
            words += [
                word for item in (value if option.several else [value]) for word in (f"--{option.name}", str(item))
            ]
    return tuple(words)


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Provide the run that all tests share; close its connections at the end of the session."""
    current = request.config.stash[RUN]
    yield current
    current.client.close()


@pytest.hookimpl(tryfirst=True)
def pytest_bdd_apply_tag(tag: str, function: Any) -> bool | None:
    """Turn a tag with a requirement's id into the mark `requirement`; leave other tags to pytest-bdd."""
    if not is_id(tag):
        return None
    pytest.mark.requirement(id=tag)(function)
    return True


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand a worker that is about to be started the run, and a channel for its requests."""
    relay = node.config.stash.get(RELAY, None)
    if relay is not None:
        channel, worker = adapters.open_channel(node)
        relay.serve(channel, worker)
        adapters.hand_to_worker(node, (pickle.dumps(Handed.of(relay.run)), channel))


def catalogue_of(config: pytest.Config) -> Catalogue:
    """Return the catalogue of the session, for tests that are generated from its rows at collection."""
    return config.stash[RUN].catalogue
