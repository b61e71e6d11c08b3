"""Runs that are spread over processes: the verdicts, merchants, limits, secrets and reports are those of one run."""

from __future__ import annotations

import json
import marshal
import os
import pickle
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from itertools import count, pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from conformance.checks.rules import Rules
from conformance.contract.catalogue import Catalogue, load_catalogue
from conformance.contract.document import Contract
from conformance.errors import NotTested, Why
from conformance.masking import Masker
from conformance.plugin.options import read_settings
from conformance.plugin.workers import Relay, Sealed
from conformance.results.records import Breach, Reason, Record
from conformance.run import Run
from conformance.sharing import Claim, Store, once
from tests.suite.invocation import BETWEEN_REQUESTS, QUIET, ROOT, Done, Given, invoke
from tests.suite.misbehaving import HANG, LOOPBACK, Request, Script, forwarded, free_port, serving
from tests.suite.recording import recording_target

CONFORMANT, MUST_BROKEN, INTERRUPTED, INTERNAL_ERROR = 0, 1, 2, 3
FEATURES = "tests/conformance/test_features.py"
CATALOGUE = load_catalogue(ROOT / "openapi" / "requirements")
SCARCE = ("signUpEmail", "signInEmail")
BEFORE = 4
"""More customers than the check before the first test asks for."""
SIGN_UP, SIGN_IN = "/authentication/sign-up/email", "/authentication/sign-in/email"


# The verdicts of a serial run


def test_verdicts_are_those_of_a_serial_run(serial_run: Done, tmp_path: Path) -> None:
    """What one process has created is remembered when another is given it again; counts are not disturbed.

    Nor are they by independent requests that are sent side by side. What is left undecided in one process is left
    undecided in three, and nothing else.
    """
    one, three = serial_run, invoke(tmp_path, *BETWEEN_REQUESTS, "-n", "3", "--concurrency", "4", *QUIET)
    assert (one.status, three.status) == (MUST_BROKEN,) * 2, three.output
    assert three.verdicts == one.verdicts
    assert three.report["totals"] == one.report["totals"]
    assert reasons(three) == reasons(one)
    assert three.failed
    assert Counter(three.verdicts.values())["passed"] > 150


def reasons(done: Done) -> dict[str, str]:
    return {row["id"]: row["reason"] for row in done.report["requirements"]}


# Merchants and reports


def test_merchants_are_shared(tmp_path: Path) -> None:
    """Three processes sign up whom one would; each adds no more than a session of its own."""
    words = ["--seed", "5", FEATURES, "-k", "tenant or organization"]
    one, three = invoke(tmp_path / "one", *words), invoke(tmp_path / "three", *words, "-n", "3")
    assert three.status == CONFORMANT, three.output
    assert users(three) == users(one)
    counts = [requests_by_operation(done) for done in (one, three)]
    assert counts[1]["signUpEmail"] == counts[0]["signUpEmail"]
    assert counts[1]["signInEmail"] <= counts[0]["signInEmail"] + 6


def users(done: Done) -> int:
    return sum(name.startswith("user ") for name in done.report["created"])


def requests_by_operation(done: Done) -> dict[str, int]:
    return {row["operation"]: row["requests"] for row in done.report["operations"]}


def test_every_report_has_the_tests_of_all_processes(tmp_path: Path) -> None:
    done = invoke(tmp_path, FEATURES, "-n", "2", "-k", "checkout")
    assert done.status == CONFORMANT, done.output
    results = [json.loads(file.read_text()) for file in (tmp_path / "allure-results").glob("*-result.json")]
    told = int(done.output.strip().splitlines()[-1].partition(" passed")[0].rpartition(" ")[2])
    assert told > 20
    assert Counter(result["status"] for result in results)["passed"] == told
    tests = ET.parse(tmp_path / "junit.xml").getroot().findall("testsuite[@name='conformance']/testcase")
    assert len(tests) == len(results)
    parts = [part for result in results for part in (result, *result.get("steps", ()))]
    sources = {source["source"] for part in parts for source in part.get("attachments", ())}
    assert sources
    assert all((tmp_path / "allure-results" / source).is_file() for source in sources)
    assert done.output.count("= conformance =") == 1


# Limits


class Limiter:
    """In front of an application: so many requests a window to either of the scarce paths, and no word of the wait."""

    def __init__(self, app: ASGIApp, most: int, window: float) -> None:
        self.app, self.most, self.window = app, most, window
        self.allowed: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=most))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        allowed, now = self.allowed[scope["path"]], time.monotonic()
        if scope["path"] in (SIGN_UP, SIGN_IN):
            if len(allowed) == self.most and now - allowed[-1] > self.window:
                allowed.clear()
            if len(allowed) == self.most:
                response = PlainTextResponse("slow down", 429, {"Retry-After": str(self.window)})
                await response(scope, receive, send)
                return
            allowed.append(now)
        await self.app(scope, receive, send)


def test_processes_wait_for_a_limit_one_after_the_other(tmp_path: Path) -> None:
    """A window that restarts after a silence alone: no process disturbs the wait of another; all is decided."""
    words = ["-n", "3", "--seed", "5", "tests/conformance/test_validation.py", "-k", "SIGNUP or SIGNIN"]
    with recording_target(before=lambda app: Limiter(app, 3, 0.5)) as target:
        done = invoke(tmp_path, "--base-url", target.url, *words)
    assert done.status == CONFORMANT, done.output
    decided = {row["id"] for row in done.report["requirements"] if row["verdict"] == "passed"}
    assert {row.id for row in CATALOGUE if row.operation in SCARCE and (row.refuses or row.survives)} <= decided
    for path in (SIGN_UP, SIGN_IN):
        limited = [seen for seen in target.seen if seen.path == path]
        statuses = [seen.status for seen in limited]
        assert 0 < statuses.count(429) <= len(statuses) / 2
        since = next(number for number, status in enumerate(statuses) if status == 429) + 3
        assert all(later.began >= earlier.ended for earlier, later in pairwise(limited[since:]))
    assert 0 < done.report["seconds_waited"] < done.report["seconds"]


def test_rate_limit_is_shared(tmp_path: Path) -> None:
    """So many requests a second, however many processes send them.

    Three limits would let 60 through. That the interval is kept exactly is tested with a clock that stands still
    (test_misbehaving.py); here a busy machine lets requests arrive late and so closer together.
    """
    with recording_target() as target:
        words = ["--rate-limit", "20/s", "-n", "3", FEATURES, "-k", "checkout_session or customer_for"]
        done = invoke(tmp_path, "--base-url", target.url, *words)
    assert done.status == CONFORMANT, done.output
    moments = sorted(seen.began for seen in target.seen if seen.path != "/")
    assert len(moments) > 40
    busiest = max(sum(moment <= other < moment + 1 for other in moments) for moment in moments)
    assert busiest < 40


# Other machines, and processes that die


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[int]:
    """Another machine as pytest-xdist knows it: a process that executes what comes over a socket."""
    port = free_port()
    words = [sys.executable, "-m", "execnet.script.socketserver", f"{LOOPBACK}:{port}"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        for _ in range(100):
            with socket.socket() as knocking:
                if knocking.connect_ex((LOOPBACK, port)) == 0:
                    break
            time.sleep(0.1)
        yield port
        process.kill()


def test_a_worker_on_another_machine(machine: int, tmp_path: Path) -> None:
    """It sends nothing itself: the sandbox of this machine is its target too, and its results come back."""
    checkout = tmp_path / "checkout"
    for folder in ("conformance", "features", "openapi", "steps", "tests/conformance"):
        shutil.copytree(ROOT / folder, checkout / folder)
    shutil.copy(ROOT / "pyproject.toml", checkout)
    place = f"socket={LOOPBACK}:{machine}//chdir={checkout}"
    account = ["--merchant-email", "first@merchant.example", "--merchant-password", "sandbox-password-1"]
    words = ["--sandbox-variant", "captcha", *account, "-k", "existing_customer"]
    done = invoke(tmp_path / "reports", *words, "--dist", "load", "--tx", place)
    assert done.status == CONFORMANT, done.output
    assert done.verdicts["CHECKOUT-EXISTING-1"] == "passed"
    assert list((tmp_path / "reports" / "allure-results").glob("*-result.json"))


def test_a_worker_that_dies_is_no_breach(tmp_path: Path) -> None:
    """Its test failed, and says so; no requirement is blamed, and what the others found stands."""
    file = tmp_path / "test_dying.py"
    file.write_text("import os\ndef test_dying(run):\n    os._exit(1)\n")
    done = invoke(
        tmp_path / "reports",
        str(file),
        FEATURES,
        "-k",
        "dying or an_existing",
        "-n",
        "2",
        "-c",
        str(ROOT / "pyproject.toml"),
    )
    assert done.status == INTERNAL_ERROR, done.output
    assert not done.failed


def test_a_run_that_stops_at_the_first_failure_has_failed(tmp_path: Path) -> None:
    done = invoke(tmp_path, FEATURES, "-k", "customer", "-n", "2", "-x", "--sandbox-fault", "customer-id-empty")
    assert done.status == MUST_BROKEN, done.output
    assert done.report["stopped"] == "stopping after 1 failures"
    assert done.report["verdict"] == "not conformant"


@pytest.mark.parametrize("way", [("-n", "2"), ("--concurrency", "3")], ids=["processes of their own", "forks"])
def test_an_interrupted_run_ends_all_its_processes(way: tuple[str, ...], tmp_path: Path) -> None:
    """A CI that ends its job while every worker waits for a response: the reports are written, and nobody lingers."""
    reached, seen = threading.Event(), count(1)

    def respond(request: Request) -> Script:
        if request.path == "/customers" and next(seen) > BEFORE:
            reached.set()
            return [HANG]
        return [forwarded(request, upstream.url)]

    def end(process: int) -> None:
        assert reached.wait(30)
        os.kill(process, signal.SIGTERM)

    with recording_target() as upstream, serving(respond) as server:
        words = ["--base-url", server.url, "--timeout", "60", FEATURES, "-k", "customer", *way]
        done = invoke(tmp_path, *words, meanwhile=end)
    assert done.status == INTERRUPTED, done.output
    assert ("3 tests run side by side" in done.output) is (way[0] == "--concurrency")
    assert done.report["verdict"] == "not finished"
    assert done.report["seconds"] < 20
    assert (tmp_path / "junit.xml").exists()
    assert "INTERNALERROR" not in done.output


class Wired:
    """A channel within this process."""

    def __init__(self) -> None:
        self.there: queue.Queue[Any] = queue.Queue()
        self.here: queue.Queue[Any] = queue.Queue()

    def send(self, item: Any) -> None:
        self.here.put(item)

    def receive(self) -> Any:
        item = self.there.get()
        if item is None:
            raise EOFError
        return item

    def close(self) -> None:
        self.here.put(None)

    def ask(self, *request: Any) -> Any:
        self.there.put(request)
        return pickle.loads(self.here.get(timeout=10))


@pytest.fixture
def relay(catalogue: Catalogue, contract: Contract) -> Relay:
    settings = read_settings(cast(pytest.Config, Given({}, {})))
    return Relay(Run(settings, contract, catalogue, Rules(catalogue, contract), Masker(), ROOT), None)


def test_what_goes_wrong_in_the_process_that_leads_is_told(relay: Relay) -> None:
    """No worker waits for ever: an unknown wish and a fault of the suite's own come back as errors."""
    channel = Wired()
    relay.serve(channel, "gw0")
    assert "LookupError" in str(channel.ask("clear").error)
    assert "TypeError" in str(channel.ask("claim").error)
    assert channel.ask("claim", "merchant").value is Claim.GRANTED
    channel.there.put(None)
    assert channel.here.get(timeout=10) is None
    assert relay.run.store.claim("merchant", "gw1") is Claim.GRANTED


def test_what_workers_share_is_sealed(relay: Relay) -> None:
    """Bytes of one worker reach another as they are; the controller opens nothing."""
    channels = [Wired(), Wired()]
    for number, channel in enumerate(channels):
        relay.serve(channel, f"gw{number}")
    trap = b"cos\nsystem\n(S'false'\ntR."
    channels[0].ask("tell", "fact", trap)
    assert channels[1].ask("told", "fact").value == Sealed(trap)
    for channel in channels:
        channel.there.put(None)


@pytest.mark.parametrize("why", Why)
def test_a_record_travels_as_data_of_builtin_types(why: Why) -> None:
    """marshal, as execnet, writes these alone; a text of an enum is none."""
    record = Record("tests/x.py::test", ("A-1", "A-2"))
    record.breach(Breach("A-1", record.test, "one", "two", {"number": 1, "headers": [("a", "b")]}))
    record.finish(["A-2"], Reason("no luck", why, "createCustomer"))
    record.requests["createCustomer", 201] += 1
    assert Record.from_data(marshal.loads(marshal.dumps(record.to_data()))) == record


# What is shared, by itself


def test_what_is_made_once_is_awaited_by_the_others() -> None:
    store, made = Store(), []
    assert store.claim("merchant", "gw0") is Claim.GRANTED
    waiting = threading.Thread(target=lambda: made.append(store.claim("merchant", "gw1")))
    waiting.start()
    store.settle("merchant", "Thabo", "gw0")
    waiting.join(5)
    assert made == [("Thabo",)]


@pytest.mark.parametrize("ending", ["forget", "give_up"])
def test_what_somebody_failed_to_make_is_made_by_the_next(ending: str) -> None:
    store, made = Store(), []
    store.claim("merchant", "gw0")
    waiting = threading.Thread(target=lambda: made.append(store.claim("merchant", "gw1")))
    waiting.start()
    if ending == "forget":
        store.forget("gw0")
    else:
        store.give_up("merchant", None, "gw0")
    waiting.join(5)
    assert made == [Claim.GRANTED]


def test_what_failed_twice_is_not_tried_again() -> None:
    store, tries = Store(), []

    def make() -> str:
        tries.append(1)
        raise NotTested(f"no luck {len(tries)}")

    for _ in range(4):
        with pytest.raises(NotTested, match="no luck"):
            once(store, "merchant", make)
    assert len(tries) == 2
