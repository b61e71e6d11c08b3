"""How a run ends: whatever stops it, nobody reads an earlier report for its own, and its exit status is exact."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from conformance.masking import Masker
from conformance.plugin.interim import Interim
from conformance.plugin.sandbox import Sandbox
from conformance.plugin.secrecy import MaskedEndings
from tests.suite.invocation import Done, invoke
from tests.suite.misbehaving import HANG, Request, Script, forwarded, reply, serving

MUST_BROKEN, INTERRUPTED, SUITE_FAILED, USAGE, NOT_REACHED, WALK_NOT_TESTED = 1, 2, 3, 4, 7, 8
STALE = "an earlier run's report"
UNKNOWN_PATH = b'{"statusCode": 404, "message": "Cannot find it", "error": "Not Found"}'


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    started = Sandbox.start()
    yield started.url
    started.stop()


def smoke(folder: Path, url: str, *words: str, meanwhile: Callable[[int], None] = lambda _: None) -> Done:
    return invoke(folder, "--base-url", url, "--size", "smoke", *words, meanwhile=meanwhile)


def stopped(
    sandbox: str,
    folder: Path,
    *numbers: signal.Signals,
    ignored: Collection[signal.Signals] = (),
    answered: int = 12,
    seconds: float = 0.0,
) -> Done:
    """Send signals to a run whose target does not answer any more, after so many answers, each after some seconds."""
    reached = threading.Event()

    def respond(_: Request) -> Script:
        if len(server.requests) < answered:
            time.sleep(seconds)
            return [forwarded(server.requests[-1], sandbox)]
        reached.set()
        return [HANG]

    def send(process: int) -> None:
        assert reached.wait(30)
        for number in numbers:
            os.kill(process, number)
            time.sleep(0.05)

    with serving(respond) as server:
        words = ["--base-url", server.url, "--size", "smoke", "--timeout", "60"]
        return invoke(folder, *words, meanwhile=send, ignored=ignored)


SIGNALS = {
    "Ctrl-C": (signal.SIGINT,),
    "Ctrl-C twice": (signal.SIGINT, signal.SIGINT),
    "Ctrl-C, then SIGTERM": (signal.SIGINT, signal.SIGTERM),
    "SIGTERM": (signal.SIGTERM,),
    "SIGHUP": (signal.SIGHUP,),
}


@pytest.mark.parametrize("name", SIGNALS)
def test_a_run_that_is_stopped_is_not_finished(name: str, sandbox: str, tmp_path: Path) -> None:
    done = stopped(sandbox, tmp_path, *SIGNALS[name])
    assert done.status == INTERRUPTED, done.output
    assert (done.report["verdict"], done.report["exit_status"]) == ("not finished", INTERRUPTED)
    assert "passed" in done.verdicts.values()
    assert "verdict  NOT FINISHED" in done.output


def test_a_run_in_the_background_of_a_shell_leaves_ctrl_c_to_the_foreground(sandbox: str, tmp_path: Path) -> None:
    """A shell has its background processes ignore SIGINT: the run goes on after it, and ends at SIGTERM."""
    done = stopped(sandbox, tmp_path, signal.SIGINT, signal.SIGTERM, ignored=[signal.SIGINT])
    assert done.status == INTERRUPTED, done.output
    assert done.report["stopped"] == "the run was interrupted by SIGTERM"


def test_a_killed_run_leaves_no_report_of_an_earlier_one(sandbox: str, tmp_path: Path) -> None:
    for name in ("conformance.json", "conformance.html", "junit.xml", "report.html"):
        tmp_path.joinpath(name).write_text(STALE, encoding="utf-8")
    done = stopped(sandbox, tmp_path, signal.SIGKILL, answered=16, seconds=0.7)
    assert done.status == -signal.SIGKILL
    assert done.report["verdict"] == "not finished"
    assert "was killed" in done.report["stopped"]
    page = tmp_path.joinpath("conformance.html").read_text(encoding="utf-8")
    assert "Not finished" in page
    assert "was killed" in page
    assert not [file for file in tmp_path.iterdir() if file.is_file() and STALE in file.read_text(encoding="utf-8")]
    passed = [row for row in done.report["requirements"] if row["verdict"] == "passed"]
    assert passed, "what was done until then is there"
    assert all(f'id="{row["id"]}" data-v="passed"' in page for row in passed)


def test_interim_reports_take_a_small_part_of_the_time() -> None:
    """None in the first ten seconds; one that takes a tenth of a second is followed by six without; it may fail."""
    now, writes = [0.0], []

    def write() -> None:
        writes.append(now[0])
        now[0] += 0.1
        raise OSError

    interim = Interim(write, lambda: now[0], lambda: now[0])
    for _ in range(2000):
        interim.after_test()
        now[0] += 0.01
    assert writes == pytest.approx([10.0, 16.1], abs=0.05)


def test_reports_that_cannot_be_written_are_one_sentence(sandbox: str, tmp_path: Path) -> None:
    """A folder stands where a report belongs once the run has begun: the verdict is told, and the status is 3."""

    def respond(request: Request) -> Script:
        page = tmp_path / "conformance.html"
        if not page.is_dir():
            page.unlink()
            page.mkdir()
        return [forwarded(request, sandbox)]

    with serving(respond) as server:
        done = smoke(tmp_path, server.url)
    assert done.status == SUITE_FAILED, done.output
    assert "error    the reports could not be written" in done.output
    assert "verdict  " in done.output
    assert "Traceback" not in done.output


def test_a_folder_that_cannot_be_written_ends_the_run_before_its_first_request(tmp_path: Path) -> None:
    tmp_path.joinpath("conformance.html").mkdir()
    with serving(lambda _: [reply(404)]) as server:
        done = smoke(tmp_path, server.url)
    assert done.status == USAGE
    assert not server.requests
    assert "--report-dir" in done.output
    assert "Traceback" not in done.output


REFUSED_HEADERS = {
    "Authorization: Bearer x": "checks of authentication send requests without a token",
    "Content-Length: 5": "it frames the message",
    "X-Key: schlüssel": "the value of the header X-Key is not ASCII",
    "X-Schlüssel: key": "the name of the header 'X-Schlüssel' is not ASCII",
    "no colon": "a header is written 'Name: value'",
}


@pytest.mark.parametrize("header", REFUSED_HEADERS)
def test_a_header_that_the_suite_sets_itself_is_refused(header: str, tmp_path: Path) -> None:
    with serving(lambda _: [reply(404)]) as server:
        done = smoke(tmp_path, server.url, "--header", header)
    assert done.status == USAGE, done.output
    assert REFUSED_HEADERS[header] in done.output
    assert not server.requests


def test_a_base_url_without_a_part_of_its_path_is_named_as_that(tmp_path: Path) -> None:
    """Every path is unknown: one sentence after the first requests, and no requirement is broken by it."""
    with serving(lambda _: [reply(404, UNKNOWN_PATH)]) as server:
        done = smoke(tmp_path, server.url)
    assert done.status == NOT_REACHED, done.output
    assert "there is no POST /authentication/sign-up/email under" in done.output
    assert len(server.requests) < 6
    assert not done.failed


def test_an_operation_that_is_missing_is_named_alone(sandbox: str, tmp_path: Path) -> None:
    """There are no customers: the operation's own status is broken, and nothing else is blamed for it."""

    def respond(request: Request) -> Script:
        known = request.path.partition("?")[0] in KNOWN
        body = b"" if request.method == "HEAD" else UNKNOWN_PATH
        return [forwarded(request, sandbox) if known else reply(404, body)]

    with serving(respond) as server:
        done = invoke(tmp_path, "--base-url", server.url, "tests/conformance/test_features.py")
    assert done.status == MUST_BROKEN, done.output
    assert done.failed == {"CUSTOMER-STATUS-1"}
    assert "the target has no POST /customers" in done.output


KNOWN = {
    "/authentication/sign-up/email",
    "/authentication/sign-in/email",
    "/authentication/organization/create",
    "/authentication/organization/set-active",
    "/checkout/sessions",
}


@pytest.mark.parametrize(("words", "status"), [((), WALK_NOT_TESTED), (("--allow-incomplete",), 0)])
def test_a_walk_that_could_not_be_tested_is_no_success(words: tuple[str, ...], status: int, tmp_path: Path) -> None:
    done = invoke(tmp_path, "--sandbox-variant", "captcha", "--size", "smoke", *words)
    assert done.status == status, done.output
    assert done.report["verdict"] == "no breach found"
    assert json.dumps(done.report).count("a captcha guards sign-up") > 10
    told = done.report["exit_reason"]
    assert (told is None) == (status == 0)
    texts = [
        done.output,
        *((done.reports / name).read_text(encoding="utf-8") for name in ("summary.md", "report.html")),
    ]
    assert all((f"{status}: signInEmail, " in text.replace("*", "")) == (told is not None) for text in texts)
    cases = ET.parse(done.reports / "junit.xml").iter("error")
    assert [case.get("message") for case in cases] == ([told] if told else [])


def test_an_interruption_between_two_lines_is_told(pytestconfig: pytest.Config) -> None:
    """A signal may arrive at an instruction that belongs to no line, on which pytest's own traceback fails."""

    def handle() -> None:
        raise KeyboardInterrupt

    def runs() -> None:
        handle()

    runs.__code__ = runs.__code__.replace(co_linetable=b"")
    with pytest.raises(KeyboardInterrupt) as caught:
        runs()
    hook = MaskedEndings(pytestconfig, Masker()).pytest_keyboard_interrupt(caught)
    next(hook)
    told = str(caught.getrepr(funcargs=True))
    assert "raise KeyboardInterrupt" in told
    assert "runs()" in told, "the other entries stay"
