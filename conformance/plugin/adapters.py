"""What the suite uses of pytest and its plugins beyond their documented interfaces, one small function each.

Whatever stands here may change with a release of the package that it names: its version is bounded in `pyproject.toml`,
and `tests/suite/test_adapters.py` holds each function against the package itself.
"""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable, Generator, Iterable, Mapping, MutableMapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import uuid4

import allure_commons
import pytest
from allure_commons.logger import AllureFileLogger
from allure_commons.model2 import ATTACHMENT_PATTERN, Attachment
from allure_commons.types import AttachmentType

from conformance.errors import Breached

_MESSAGE: Final = "conformance"
_RECORD: Final = "conformance"
_PARTS: Final = "conformance_parts"
_DEFAULT_REPORTCHARS: Final = "fE"


class Channel(Protocol):
    """A channel of execnet between two processes: numbers, texts, bytes and containers of these pass."""

    def send(self, item: Any) -> None: ...

    def receive(self) -> Any: ...

    def close(self) -> None: ...


# pytest


def started_in(config: pytest.Config) -> Path:
    """Return the folder that the session was started in (pytest: `invocation_params`)."""
    return config.invocation_params.dir


def is_command() -> bool:
    """Return whether this process is pytest's command: its script, or `python -m pytest`.

    The script imports the function of pytest's entry point, which is `console_main` or `_console_main`.
    """
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    is_script = any(hasattr(main, name) for name in ("console_main", "_console_main"))
    return is_script or (spec is not None and spec.name == "pytest.__main__")


def run_exit_functions() -> None:
    """Run what is registered for the end of the process, as Python does at its end (`atexit`)."""
    atexit._run_exitfuncs()


def arguments(config: pytest.Config) -> tuple[str, ...]:
    """Return the words of the command line as they were given (pytest: `invocation_params`)."""
    return tuple(map(str, config.invocation_params.args))


def names_ini_file(config: pytest.Config) -> bool:
    """Return whether the user chose the ini file with `-c` (pytest: the option's `dest`)."""
    return bool(config.option.inifilename)


class EarlyOptions:
    """A configuration whose command line has been read in part (pytest: `Config.known_args_namespace`)."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def getoption(self, name: str, default: Any = None) -> Any:
        return getattr(self._config.known_args_namespace, name, default)

    def getini(self, name: str) -> Any:
        return self._config.getini(name)


def mark_expression(config: pytest.Config) -> str:
    """Return the expression that selects tests by their marks (pytest: the `dest` of `-m`)."""
    return str(config.option.markexpr or "")


def known_marks(config: pytest.Config) -> set[str]:
    """Return the names of the marks that are registered (pytest: the lines of its ini key `markers`)."""
    return {line.partition(":")[0].partition("(")[0].strip() for line in config.getini("markers")}


def goes_on_after_collection_errors(config: pytest.Config) -> bool:
    """Return whether the tests run though some could not be collected (pytest: the option's `dest`)."""
    return bool(config.option.continue_on_collection_errors)


def collects_only(config: pytest.Config) -> bool:
    """Return whether tests are listed and not run (pytest: the `dest` of `--collect-only`)."""
    return bool(config.option.collectonly)


def asks_pytest_itself(config: pytest.Config) -> bool:
    """Return whether the session shows help, the version, marks, fixtures or tests (pytest: the options' `dest`s)."""
    option = config.option
    return bool(option.help or option.version or option.collectonly or option.markers or option.showfixtures)


def shows_locals(config: pytest.Config) -> bool:
    """Return whether tracebacks show local variables (pytest: the `dest` of an option of its plugin `terminal`)."""
    return bool(getattr(config.option, "showlocals", False))


def traceback_text(item: pytest.Item, error: pytest.ExceptionInfo[BaseException]) -> str:
    """Return the traceback of an exception without local variables, in the style of `--tb`, its arguments whole.

    pytest's own `Item.repr_failure` takes no options; `_traceback_filter`, which hides the frames of pytest and of
    plugins, is a private method of `_pytest.nodes.Node`.
    """
    style: Any = getattr(item.config.option, "tbstyle", "auto")
    shown = error.getrepr(
        showlocals=False,
        style="long" if style == "auto" else style,
        tbfilter=getattr(item, "_traceback_filter", True),
        truncate_args=False,
    )
    return str(shown)


def whole_traceback(config: pytest.Config, error: pytest.ExceptionInfo[BaseException]) -> str:
    """Return the traceback of an exception that ended the session, in the style of `--tb`, without local variables."""
    style: Any = getattr(config.option, "tbstyle", "auto")
    return str(error.getrepr(showlocals=False, style="long" if style == "auto" else style, truncate_args=False))


def last_entry(error: pytest.ExceptionInfo[BaseException]) -> Any:
    """Return the traceback of an exception with the last place alone that is shown of it (pytest: `Traceback`)."""
    return error.traceback.filter(error)[-1:] or error.traceback


def retell(shown: Any, text: str, mask: Callable[[str], str]) -> None:
    """Let a traceback that pytest is about to write say another text (pytest: `_pytest._code.code.ExceptionChainRepr`).

    It is written by `toterminal`, which asks each part of `chain` in turn, and its last line stands in `reprcrash`.
    """
    if shown.reprcrash is not None:
        shown.reprcrash.message = mask(shown.reprcrash.message)
    shown.chain = [(_Told(text), shown.reprcrash, None)]


def interruption(config: pytest.Config) -> Any:
    """Return the traceback that pytest keeps of what interrupted the session (by a private attribute of `terminal`)."""
    return getattr(config.pluginmanager.get_plugin("terminalreporter"), "_keyboardinterrupt_memo", None)


@dataclass(frozen=True)
class _Told:
    """A traceback as text, in the place of pytest's own (`_pytest._code.code.ReprTraceback`)."""

    text: str
    reprentries: tuple[()] = ()

    def toterminal(self, writer: Any) -> None:
        for line in self.text.splitlines():
            writer.line(line)


def has_terminal(config: pytest.Config) -> bool:
    """Return whether the session writes to a terminal (pytest: the name of the plugin)."""
    return config.pluginmanager.hasplugin("terminalreporter")


def too_many_warnings(config: pytest.Config) -> bool:
    """Return whether a session that has gone well so far ends with status 6.

    pytest: the option and ini key `max_warnings`, and the attribute `stats` of its plugin `terminalreporter`, which
    compares them once the reports are written.
    """
    if not hasattr(config.option, "max_warnings"):  # before pytest 9.1
        return False
    given = config.option.max_warnings
    allowed = (config.getini("max_warnings") or None) if given is None else given
    reporter = config.pluginmanager.getplugin("terminalreporter")
    return allowed is not None and reporter is not None and len(reporter.stats.get("warnings", ())) > int(allowed)


def show_ids_as_they_are(config: pytest.Config) -> None:
    """Let pytest name each test by its id, and not by a path that leads from here into the folder of the suite.

    pytest: the method `cwd_relative_nodeid`, and the attribute `startpath` of its plugin `terminalreporter`, by which
    both it and pytest-xdist write the names of files.
    """
    vars(config)["cwd_relative_nodeid"] = lambda nodeid: nodeid
    terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None:
        terminal.startpath = config.rootpath


@contextmanager
def uncaptured(config: pytest.Config) -> Generator[None]:
    """Let output through to the terminal meanwhile, whatever captures that of the tests (pytest: `capturemanager`)."""
    capture: Any = config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
        yield


def attach_record(report: pytest.TestReport, data: dict[str, Any]) -> None:
    """Let data travel with a report to the controller: pytest-xdist carries the attributes that it does not know."""
    setattr(report, _RECORD, data)


def detach_record(report: pytest.TestReport) -> dict[str, Any] | None:
    """Take off the data that travelled with a report, or return None."""
    data: dict[str, Any] | None = vars(report).pop(_RECORD, None)
    return data


def attach_parts(report: pytest.TestReport, parts: Iterable[tuple[str, str]]) -> None:
    """Let the texts of a failure travel with its report, to be told once by the controller."""
    setattr(report, _PARTS, [list(part) for part in parts])


def parts_of(report: pytest.TestReport) -> list[list[str]]:
    """Return the texts that travelled with a report; none for a report of anything but breaches."""
    return getattr(report, _PARTS, [])


def set_failure(report: pytest.TestReport, message: str, text: str) -> None:
    """Let a report have a failure with a short message, which JUnit, pytest-html and the terminal show before its text.

    pytest has these classes in the private module `_pytest._code.code`; of others, pytest-xdist carries the text alone.
    """
    from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback  # noqa: PLC0415

    file, line, _ = report.location
    traceback = ReprTraceback([ReprEntryNative([f"{text}\n"])], None, "native")
    report.longrepr = ReprExceptionInfo(traceback, ReprFileLocation(file, (line or 0) + 1, message))


def failure_message(report: pytest.TestReport) -> str:
    """Return the short message of a report's failure (pytest: `reprcrash` of the exception's representation)."""
    crash: Any = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message) if crash is not None else ""


@contextmanager
def without_failures_of_breaches(terminal: pytest.TerminalReporter) -> Generator[list[pytest.TestReport]]:
    """Let the terminal leave out the failures that tell of breaches meanwhile; yield them (pytest: `stats`)."""
    reports = terminal.stats.get("failed", [])
    held = [report for report in reports if parts_of(report)]
    if held:
        terminal.stats["failed"] = [report for report in reports if not parts_of(report)]
    try:
        yield held
    finally:
        if held:
            terminal.stats["failed"] = reports


def wants_one_process(config: pytest.Config) -> bool:
    """Return whether the user looks into the process that runs the tests (pytest: the `dest`s of its options)."""
    option = config.option
    looks = ("usepdb", "trace", "setupshow", "setupplan", "setuponly", "stepwise")
    return any(getattr(option, name, False) for name in looks) or getattr(option, "capture", "") == "no"


def leave_files_out(config: pytest.Config) -> None:
    """Let the terminal show results without the names of their files, as for workers (pytest: `showfspath`)."""
    terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None:
        terminal.showfspath = False


def capture_anew(config: pytest.Config) -> None:
    """Let a fork capture the output of its tests in files of its own (pytest: `capturemanager`)."""
    capture: Any = config.pluginmanager.get_plugin("capturemanager")
    if capture is not None:
        capture.stop_global_capturing()
        capture.start_global_capturing()


def reports_of(item: pytest.Item, nextitem: pytest.Item) -> list[pytest.TestReport]:
    """Run a test and return its reports, of which no hook is told (pytest: `_pytest.runner.runtestprotocol`).

    After it, only the fixtures are kept that `nextitem` has too: those of the session, where it is the session itself.
    """
    from _pytest.runner import runtestprotocol  # noqa: PLC0415

    return runtestprotocol(item, log=False, nextitem=nextitem)


def hook_without_terminal(config: pytest.Config, name: str) -> Callable[..., Any]:
    """Return a hook that calls all plugins but the one which writes to the terminal."""
    manager = config.pluginmanager
    terminal = manager.get_plugin("terminalreporter")
    return manager.subset_hook_caller(name, [terminal] if terminal is not None else [])


def traceback_style(config: pytest.Config) -> str:
    """Return the style of `--tb` (pytest: the option's `dest`)."""
    return str(getattr(config.option, "tbstyle", "auto"))


def lists_failures(config: pytest.Config) -> bool:
    """Return whether the user wants the failed tests by name, with `-v` or `-rf` (pytest: the options' `dest`s)."""
    chosen = str(getattr(config.option, "reportchars", ""))
    asked = chosen != _DEFAULT_REPORTCHARS and bool({"f", "a", "A"} & set(chosen))
    return asked or config.get_verbosity() > 0


# Where other plugins write their reports


def direct_reports(config: pytest.Config, folder: Path) -> None:
    """Let JUnit, pytest-html and Allure write into a folder, unless the user names another place.

    Call this before the plugins are configured, which is when they read their options (by the `dest`s of `--junit-xml`,
    `--html`, `--self-contained-html`, `--alluredir` and `--clean-alluredir`).
    """
    option, has = config.option, config.pluginmanager.hasplugin
    if has("junitxml"):
        option.xmlpath = option.xmlpath or str(folder / "junit.xml")
    if has("html"):
        option.htmlpath = getattr(option, "htmlpath", None) or str(folder / "report.html")
        option.self_contained_html = True
    if has_allure(config) and not option.allure_report_dir:
        option.allure_report_dir, option.clean_alluredir = str(folder / "allure-results"), True


def junit_file(config: pytest.Config) -> Path | None:
    """Return where JUnit's report goes; None without that plugin (pytest: the `dest` of `--junit-xml`)."""
    file = getattr(config.option, "xmlpath", None)
    return Path(started_in(config), file) if file and config.pluginmanager.hasplugin("junitxml") else None


def set_base_url(config: pytest.Config, url: str) -> None:
    """Let the fixtures of pytest-base-url have the URL that the suite has checked; none where it is empty.

    The plugin reads its option (by the `dest` of `--base-url`) when it is configured.
    """
    config.option.base_url = url or None


def tell_version(config: pytest.Config, version: str) -> None:
    """Let the table of pytest-html, which is pytest-metadata's, name the suite's version."""
    table = environment_table(config)
    if table is not None:
        table["Conformance"] = version


def tell_target(config: pytest.Config, target: str) -> None:
    """Let the table of pytest-html name the target, where pytest-base-url was given none."""
    table = environment_table(config)
    if table is not None and "Base URL" in table:
        table["Base URL"] = target


# pytest-bdd


def outline_row(item: pytest.Item) -> Mapping[str, str]:
    """Return the row of examples that a scenario outline runs with, by column; empty for any other test.

    pytest-bdd parametrizes the private fixture `_pytest_bdd_example` with it.
    """
    callspec: Any = getattr(item, "callspec", None)
    row: Mapping[str, str] = callspec.params.get("_pytest_bdd_example", {}) if callspec is not None else {}
    return row


# pytest-xdist


def is_worker(config: pytest.Config) -> bool:
    """Return whether this process is a worker (pytest-xdist: the attribute `workerinput` of its configuration)."""
    return hasattr(config, "workerinput")


def worker_id(config: pytest.Config) -> str:
    """Return the name of this worker, such as `gw0`, or an empty text in any other process."""
    return str(getattr(config, "workerinput", {}).get("workerid", ""))


def number_of_workers(config: pytest.Config) -> int:
    """Return how many workers there are, this one among them (xdist: `workercount`); one in any other process."""
    return int(getattr(config, "workerinput", {}).get("workercount", 1))


def message_for_worker(config: pytest.Config) -> Any:
    """Return what `hand_to_worker` gave to this worker; None in any other process, and where nothing was given."""
    return getattr(config, "workerinput", {}).get(_MESSAGE)


def hand_to_worker(node: Any, message: Any) -> None:
    """Give a worker, which is about to be started, a message of builtin types and channels."""
    node.workerinput[_MESSAGE] = message


def open_channel(node: Any) -> tuple[Channel, str]:
    """Open a channel to a worker that is about to be started; return it, and the worker's name (execnet: `Gateway`)."""
    return node.gateway.newchannel(), str(node.gateway.id)


def runs_in_workers(config: pytest.Config) -> bool:
    """Return whether other processes run the tests of this session (pytest-xdist: the name of its session plugin)."""
    return config.pluginmanager.hasplugin("dsession")


def has_local_workers(config: pytest.Config) -> bool:
    """Return whether pytest-xdist starts processes on this machine, in this folder (by the `dest`s of `-n`, `--tx`)."""
    if getattr(config.option, "numprocesses", None):
        return True
    places = getattr(config.option, "tx", None) or []
    return bool(places) and all(
        place.rpartition("*")[2].startswith("popen") and "chdir" not in place for place in places
    )


def was_ended_by_workers(error: pytest.ExceptionInfo[BaseException]) -> bool:
    """Return whether pytest-xdist ended a run by itself, as after `-x`, rather than the user with Ctrl-C.

    It raises `xdist.dsession.Interrupted`, a `KeyboardInterrupt`.
    """
    from xdist.dsession import Interrupted  # type: ignore[import-untyped]  # noqa: PLC0415

    return isinstance(error.value, Interrupted)


# pytest-metadata


def environment_table(config: pytest.Config) -> MutableMapping[str, Any] | None:
    """Return what pytest-metadata collected about the environment, to be changed in place; None without that plugin."""
    if not config.pluginmanager.hasplugin("metadata"):
        return None
    from pytest_metadata.plugin import metadata_key  # type: ignore[import-untyped]  # noqa: PLC0415

    found: MutableMapping[str, Any] = config.stash[metadata_key]
    return found


# Allure


def has_allure(config: pytest.Config) -> bool:
    """Return whether allure-pytest is switched on (by the name of its entry point)."""
    return config.pluginmanager.hasplugin("allure_pytest")


def allure_folder(config: pytest.Config) -> Path | None:
    """Return where Allure's results go; None without that plugin (allure-pytest: the `dest` of `--alluredir`)."""
    folder = getattr(config.option, "allure_report_dir", None)
    return Path(folder) if folder else None


def write_allure_to(config: pytest.Config, folder: Path) -> None:
    """Let Allure write its results into another folder; call this before allure-pytest is configured."""
    config.option.allure_report_dir = str(folder)


def write_allure_with(item: Callable[[Any], None], attachment: Callable[[Any, str], None]) -> None:
    """Let functions write each result and each attachment in place of Allure's own logger of files.

    allure-commons: `AllureFileLogger._report_item` is a private name; its hooks for attachments are found anew.
    """
    manager = allure_commons.plugin_manager

    @allure_commons.hookimpl
    def report_attached_data(body: Any, file_name: str) -> None:
        attachment(body, file_name)

    @allure_commons.hookimpl
    def report_attached_file(source: str, file_name: str) -> None:
        attachment(Path(source).read_bytes(), file_name)

    instead = {"report_attached_data": report_attached_data, "report_attached_file": report_attached_file}
    for plugin in manager.get_plugins():
        if isinstance(plugin, AllureFileLogger):
            manager.unregister(plugin)
            vars(plugin).update(_report_item=item, **instead)
            manager.register(plugin)


def without_fixtures_in_allure(config: pytest.Config) -> None:
    """Let Allure keep no account of pytest's fixtures, of which every step of a scenario is one.

    pluggy: `_remove_plugin` of a hook; allure-pytest: `_update_fixtures_children` of its listener.
    """
    listener: Any = config.pluginmanager.get_plugin("allure_listener")
    if listener is not None:
        config.hook.pytest_fixture_setup._remove_plugin(listener)
        config.hook.pytest_fixture_post_finalizer._remove_plugin(listener)
        vars(listener)["_update_fixtures_children"] = lambda _: None


def allure_step(config: pytest.Config, uuid: str) -> Any:
    """Return the result of a step that is open, or None (allure-pytest: `allure_logger` of its listener)."""
    listener: Any = config.pluginmanager.get_plugin("allure_listener")
    return listener and listener.allure_logger.get_item(uuid)


def fail_allure_step(result: Any, error: Breached, shown: str) -> None:
    """Let a step that has ended fail, with the text of its error as an attachment that is `shown` under a name.

    allure-commons: `plugin_manager`; allure-pytest: the status that its listener gives an open step.
    """
    from allure_pytest.utils import get_status, get_status_details  # type: ignore[import-untyped]  # noqa: PLC0415

    kind = AttachmentType.TEXT
    file = ATTACHMENT_PATTERN.format(prefix=uuid4(), ext=kind.extension)
    result.attachments.append(Attachment(name=shown, source=file, type=kind.mime_type))
    allure_commons.plugin_manager.hook.report_attached_data(body=error.text, file_name=file)
    result.status, result.statusDetails = get_status(error), get_status_details(type(error), error, None)


def drop_allure_result(config: pytest.Config, item: pytest.Item) -> None:
    """Let Allure forget a test that is running (allure-pytest: `_cache` and `allure_logger` of its listener)."""
    listener: Any = config.pluginmanager.get_plugin("allure_listener")
    uuid = listener and listener._cache.pop(item.nodeid)
    if uuid:
        listener.allure_logger.drop_test(uuid)


def register_with_allure(config: pytest.Config, hooks: object) -> None:
    """Let an object implement Allure's own hooks until the session ends.

    Its plugin manager is one for the process, and other sessions may follow in it.
    """
    manager = allure_commons.plugin_manager
    manager.register(hooks)
    config.add_cleanup(lambda: manager.unregister(hooks))
