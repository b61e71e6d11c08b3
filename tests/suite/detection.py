"""Measures what a gate catches: it runs one against the sandbox for every seeded fault and every lawful variant.

Each gate runs in a process forked from this one, in which everything is imported already, so that hundreds of gates
take minutes; each has a sandbox of its own.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pytest

from conformance.contract.catalogue import Catalogue
from conformance.report.html import environment
from sandbox.server import serve
from sandbox.switchboard import FAULTS, VARIANTS

ROOT: Final = Path(__file__).parents[2]
SEED: Final = 20261123
_ACCOUNTS: Final = (
    *("--merchant-email", "first@merchant.example", "--merchant-password", "sandbox-password-1"),
    *("--second-merchant-email", "second@merchant.example", "--second-merchant-password", "sandbox-password-2"),
)
GENERATED: Final = "tests/conformance/test_generated.py"
_LISTENING: Final = "listening on "
_PATIENCE: Final = 400
_QUIET: Final = (
    *("html", "metadata", "allure_pytest", "cacheprovider", "xdist"),
    *("unraisableexception", "threadexception", "conformance-judging"),
)


@dataclass(frozen=True)
class Case:
    """A sandbox to run a gate against: its faults and variants by id."""

    faults: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return "+".join((*self.faults, *self.variants)) or "reference"


@dataclass(frozen=True)
class Gate:
    """What a gate came to: its exit status, the ids that failed and warned, what found each, and its length.

    `groups` has the ids of each cause with what follows from it.
    """

    case: str
    status: int
    failed: tuple[str, ...]
    warned: tuple[str, ...]
    undecided: tuple[str, ...]
    found_by: dict[str, tuple[str, ...]]
    seconds_in: dict[str, float]
    requests: int
    seconds: float
    audit: Mapping[str, Any] | None = None
    groups: tuple[tuple[str, ...], ...] = ()

    @property
    def fired(self) -> frozenset[str]:
        return frozenset((*self.failed, *self.warned))

    @classmethod
    def unended(cls, case: str, status: int, seconds: float = 0.0) -> Gate:
        """Return what a gate came to that wrote no report."""
        return cls(case, status, (), (), (), {}, {}, 0, seconds)


COMBINATIONS: Final[tuple[tuple[str, ...], ...]] = (
    ("organization-wrapped", "set-active-success", "created-200", "optional-fields-absent", "reads-absent"),
    ("errors-shape-b", "error-401-empty", "error-404-empty", "wrong-method-404", "taken-email-409", "validation-first"),
    ("signatures-demanded", "ids-uuid", "times-with-offset", "gzip-replies", "set-cookie", "unknown-fields"),
    ("signup-token-null", "customer-identity-is-email", "two-options-422", "foreign-404", "unusual-input-refused"),
    ("set-active-empty-accepted", "set-active-metadata-object", "inline-customer-object-alone", "expires-at-null"),
    ("token-in-body-alone", "email-kept", "active-not-demanded", "two-options-prefer-id", "chunked-replies"),
    ("lock-3-423", "sessions-2"),
    ("captcha", "sessions-3"),
)
"""Variants that a real server may well have together."""

TOGETHER: Final[tuple[tuple[str, ...], ...]] = (
    (
        *("token-in-header-alone", "customers-ten-a-page", "errors-shape-s", "slug-taken-409", "expires-at-absent"),
        *("ids-integer", "gateway-message-now-and-then", "user-names-unique"),
        *("session-active-meanwhile", "customers-of-a-demo"),
    ),
    (
        *("signup-token-absent", "unknown-customer-400", "error-message-list", "slug-taken-422"),
        *("checkout-amount-absent", "ids-prefixed", "charset-replies"),
    ),
    (
        *("ids-in-pairs", "requests-repeated"),
        *("tokens-of-two-sessions", "foreign-customer-unknown", "error-400-message-alone"),
        *("unknown-organization-400", "optional-fields-null", "times-with-microseconds", "organization-names-unique"),
    ),
    (
        *("signup-small-letters-alone", "customer-duplicates-accepted", "error-problem-json"),
        *("unknown-organization-404", "optional-fields-given", "times-in-seconds"),
    ),
    (
        *("taken-email-400", "customer-identity-is-phone", "error-code-number", "created-organization-not-active"),
        *("checkout-customer-id-alone", "tokens-uuid", "connection-close"),
        "reads-cached",
    ),
    (
        *("taken-email-hidden", "inline-customer-known-409", "error-path", "refused-activation-kept"),
        "account-no-customer",
        *("customer-fields-absent-when-none", "firewall-sql-alone"),
    ),
    (
        *("signin-token-null", "foreign-400", "error-words", "checkout-status-active", "json-of-any-kind"),
        *("updated-milliseconds-before", "gateway-phrase-now-and-then", "reads-without-null-in-turn"),
    ),
    (
        *("reads-absent-worded", "error-changing", "set-active-null-refused", "form-refused"),
        *("created-in-whole-seconds", "signin-url-null", "gateway-envoy-now-and-then"),
    ),
    ("reads-lag", "www-authenticate", "malformed-422", "names-in-nfc", "tokens-hexadecimal", "ids-in-letters"),
    (
        *("content-hashes", "authentication-first", "media-type-400", "origins-unminded", "session-cookie-refreshed"),
        *("gateway-page-now-and-then", "firewall-of-known-paths"),
    ),
    (
        *("set-active-with-members", "malformed-415", "body-limit-100-kb", "accept-minded"),
        *("token-header-repeated", "headers-odd", "clock-hours-behind", "firewall-behind-tokens"),
    ),
    (
        *("set-active-success-nested", "merchant-must-be-active", "parameters-refused", "large-body-413-page"),
        *("firewall-message", "session-url-signed-anew", "updated-by-a-slow-clock", "times-in-small-letters"),
    ),
    (*("lock-3-403", "no-length-411-page", "optional-fields-absent", "numbers-with-a-point", "error-by-field"),),
    (
        *("ids-counted", "policies-402-451", "error-object-beside-code", "session-url-capitals", "chunks-unread"),
        *("customers-of-all-own", "customer-metadata-with-own"),
    ),
    (
        *("products-wanted", "traces-in-bodies", "merchants-are-administrators", "error-code-null", "empty-is-absent"),
        "firewall-phrase",
    ),
    (
        *(
            "reads-in-whole-seconds",
            "session-of-sign-up-again",
            "emails-verified-at-once",
            "customer-phone-and-metadata-optional",
        ),
        *("tokens-with-a-dot", "customer-repeated-answered-again", "firewall-page", "texts-trimmed"),
        "customer-has-one-open-session",
    ),
    ("lock-3-429", "customer-merchant-id-required", "sessions-eighty", "first-of-equal-names"),
    ("organization-limit", "customers-forty"),
)
"""Variants of different parts of a target, which one proof shows together: see `shown_by`."""

GIVEN: Final[dict[str, tuple[str, ...]]] = {
    "gateway-key": ("--header", "X-Gateway-Key: letmein"),
    "captcha": _ACCOUNTS,
    "verification-demanded": _ACCOUNTS,
}
"""What a user of such a target hands to the suite."""


BY_ORDER: Final = frozenset(
    {
        "checkout-uses-customer-up",
        "customer-newest-twenty-kept",
        "customer-second-repeats-first",
        "active-lost-after-invalid-customer",
        "active-lost-after-refusal",
        "customers-end-after-ten",
        "existing-every-3rd-not-attached",
        "customers-listed-for-anybody",
        "customers-newest-twenty-alone",
        "inline-id-is-session-id",
        "inline-under-another-merchant",
        "list-default-page-seems-whole",
        "organization-newest-six-memberships",
        "session-ends-after-refusal",
        "set-active-does-nothing",
        "signin-old-accounts-forgotten",
    }
)
"""Faults that show by what went before, so that their proofs run all tests, in the order of a gate."""

AFTER_WALK: Final = frozenset(
    {
        "checkout-every-3rd-without-session-url",
        "checkout-ids-equal",
        "checkout-second-500",
        "customer-to-newest-organization",
        "organization-any-token",
        "organization-empty-bearer",
        "organization-without-token",
        "set-active-of-wrong-type-clears",
        "token-is-pattern",
    }
)
"""Faults that show by what the walk has created, so that their proofs begin with it."""

LONG: Final = frozenset(
    {
        "active-lost-after-invalid-customer",
        "active-lost-after-refusal",
        "checkout-bare-token-for-all",
        "checkout-inline-one-for-email-at-once",
        "checkout-long-text-hangs",
        "checkout-merchant-checked-once",
        "checkout-merchant-sql",
        "checkout-one-for-customer-at-once",
        "checkout-puts-metadata-onto-customer",
        "checkout-refused-changes-customer",
        "checkout-refused-keeps-inline-customer",
        "checkout-refused-marks-foreign-customer",
        "checkout-unscoped-for-first",
        "checkout-uses-customer-up",
        "customer-deleted-by-anybody",
        "customer-errors-mixed-at-once",
        "customer-foreign-left-at-home",
        "customer-foreign-left-there",
        "customer-kept-under-nobody",
        "customer-left-out-of-list-at-once",
        "customer-long-text-hangs",
        "customer-lost-at-once",
        "customer-malformed-leaves-record",
        "customer-merchant-of-metadata",
        "customer-merchant-unchecked-without-active",
        "customer-named-listed-at-active",
        "customer-newest-twenty-kept",
        "customer-read-by-email",
        "customer-read-named-latin-1",
        "customer-second-overwrites-first",
        "customer-second-repeats-first",
        "customer-three-are-kept",
        "customers-end-after-ten",
        "customers-kept-for-ever",
        "customers-listed-for-anybody",
        "customers-newest-twenty-alone",
        "customers-with-password-hash",
        "customers-without-inline",
        "existing-every-3rd-not-attached",
        "inline-filled-from-another",
        "inline-id-is-session-id",
        "inline-organization-taken",
        "inline-renames-known-customer",
        "inline-under-another-merchant",
        "list-customers-of-everybody",
        "list-default-page-seems-whole",
        "list-joins-sessions",
        "list-total-of-all",
        "no-organization-limits-nothing",
        "none-attaches-guest",
        "none-makes-customer-of-metadata",
        "organization-active-in-all-sessions",
        "organization-long-text-hangs",
        "organization-longer-slug-taken",
        "organization-newest-six-memberships",
        "organization-old-slugs-free",
        "session-ends-after-refusal",
        "set-active-again-resets",
        "set-active-does-nothing",
        "set-active-in-anothers-session-at-once",
        "set-active-long-text-hangs",
        "signin-active-by-claim",
        "signin-long-text-hangs",
        "signin-old-accounts-forgotten",
        "signup-long-email-hangs",
        "signup-member-by-claim",
        "signup-session-of-another-at-once",
    }
)
"""Faults whose proofs take seconds, since they wait, or show late: more than half of the time of all. They are left out
where others prove the same requirements."""

MEETING: Final[Mapping[str, frozenset[str]]] = {
    "customer-of-another-at-once": frozenset(
        {"ACTIVE-TOGETHER-51", "API-LEAK-1", "API-LEAK-23", "CUSTOMER-LEAK-23", "CUSTOMER-STATUS-1"}
    ),
    "set-active-in-anothers-session-at-once": frozenset({"ACTIVE-TOGETHER-51"}),
    "signup-session-of-another-at-once": frozenset({"ACTIVE-LEAK-3", "ORG-LEAK-23"}),
    "checkout-merchant-sql": frozenset({"CHECKOUT-LEAK-23"}),
    "signin-first-use-ends-older": frozenset({"SIGNIN-TOGETHER-50"}),
    "existing-every-3rd-not-attached": frozenset({"CUSTOMER-STATE-50"}),
    "organization-active-in-all-sessions": frozenset(
        {
            "CUSTOMER-STATE-57",
            "CUSTOMER-LIST-21",
            "CUSTOMER-LIST-22",
            "ACTIVE-STATE-1",
            "ACTIVE-STATE-3",
            "CHECKOUT-STATE-1",
            "CUSTOMER-ECHO-6",
            "CUSTOMER-STATE-53",
            "CUSTOMER-TENANT-24",
        }
    ),
    "checkout-uses-customer-up": frozenset({"CUSTOMER-TOGETHER-51"}),
    "customer-three-are-kept": frozenset({"CUSTOMER-TOGETHER-51"}),
    "customers-kept-for-ever": frozenset({"CUSTOMER-LIST-21"}),
    "inline-newest-instead": frozenset({"CUSTOMER-LEAK-23", "CUSTOMER-UNIQUE-1"}),
    "signin-in-session-of-bearer": frozenset({"SIGNIN-TIME-52"}),
    "organization-longer-slug-taken": frozenset({"ORG-BODY-40", "ORG-STATUS-3"}),
    "organization-second-repeats-first": frozenset({"ACTIVE-ECHO-2", "ACTIVE-ECHO-3", "ACTIVE-ECHO-41"}),
    "customer-second-overwrites-first": frozenset({"CHECKOUT-TIME-52", "CUSTOMER-READ-21", "CUSTOMER-READ-26"}),
    "set-active-of-wrong-type-clears": frozenset({"CUSTOMER-STATUS-1"}),
    "checkout-each-fifth-url-again": frozenset({"CHECKOUT-READ-21", "CHECKOUT-UNIQUE-3"}),
}
"""By fault: what fires or not by how requests meet or are counted, by the id that a query finds first, or by the time
since the first customer; beside what always does."""

_NO_STATUS_CODE: Final = frozenset({"SIGNUP-ERROR-3", "SIGNIN-ERROR-3", "ORG-ERROR-3", "ACTIVE-ERROR-3"})
"""The errors of the reference's authentication paths have the shape without a statusCode."""
_NO_SUCH_BRANCH: Final = frozenset({"CHECKOUT-TENANT-23"})
"""The reference accepts no session without a merchantId, so that nothing shows whose it is."""

SLOW: Final = frozenset(
    {
        "latency-100-ms",
        "limit-auth-x-retry-after",
        "limit-auth-retry-after",
        "limit-auth-shared-bucket",
        "slow-passwords",
        "verified-soon",
    }
)
"""Variants at which a gate mostly waits; they run beside the others."""


def lawful_cases() -> list[Case]:
    """Return the reference, every variant by itself, and some variants together; those that mostly wait come first."""
    variants = [Case(variants=(name,)) for name in VARIANTS]
    cases = [Case(), *variants, *(Case(variants=names) for names in COMBINATIONS)]
    return sorted(cases, key=lambda case: not SLOW.intersection(case.variants))


def shown_by(case: Case) -> Case:
    """Return the case whose proof shows this one too: that of several variants, for a variant that has company."""
    if len(case.variants) != 1 or case.faults:
        return case
    company = (names for names in (*TOGETHER, *COMBINATIONS) if case.variants[0] in names)
    return Case(variants=next(company, case.variants))


def fault_cases() -> list[Case]:
    """Return every fault by itself."""
    return [Case(faults=(name,)) for name in FAULTS]


def undecided(catalogue: Catalogue) -> frozenset[str]:
    """Return the requirements that nothing of the reference decides."""
    return _NO_STATUS_CODE | _NO_SUCH_BRANCH | {row.id for row in catalogue if row.not_testable}


def all_cases() -> list[Case]:
    """Return the lawful servers and the faults."""
    return [*lawful_cases(), *fault_cases()]


def run_gates(cases: Sequence[Case], progress: Callable[[int, Gate], None], jobs: int | None = None) -> list[Gate]:
    """Runs a gate for each case, several at a time; tells `progress` of each one that is done."""
    _prepare()
    context = multiprocessing.get_context("fork")
    gates: dict[str, Gate] = {}
    slow = [case for case in cases if SLOW.intersection(case.variants)]
    quick = [case for case in cases if case not in slow]
    with context.Pool(max(1, len(slow)), maxtasksperchild=1) as waiting, context.Pool(jobs, maxtasksperchild=1) as busy:
        later = waiting.imap_unordered(run_gate, slow, chunksize=1)
        for number, gate in enumerate(chain(busy.imap_unordered(run_gate, quick, chunksize=1), later), 1):
            gates[gate.case] = gate
            progress(number, gate)
    return [gates[case.id] for case in cases]


def _prepare() -> None:
    """Does once what each gate would do for itself: compiles the templates, and sets aside what is never garbage."""
    for name in environment().list_templates(extensions=["html"]):
        environment().get_template(name)
    gc.collect()
    gc.freeze()


def arguments_of(url: str, folder: str) -> list[str]:
    """Return the words for pytest with which a gate runs against a target, and leaves its reports in a folder."""
    plugins = [word for name in _QUIET for word in ("-p", f"no:{name}")]
    return ["--base-url", url, f"--report-dir={folder}", "--seed", str(SEED), "--tb=no", "-q", *plugins]


def run_gate(case: Case) -> Gate:
    """One gate against a sandbox with the faults and variants of a case, in this process.

    On a fault the generated requests are left out: see `tests.suite.phases` for what they cost and what they find.
    """
    return run(case, ("--ignore", GENERATED) if case.faults else ())


def run(case: Case, arguments: Sequence[str] = ()) -> Gate:
    """One gate against a sandbox with the faults and variants of a case, with further arguments for pytest."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, sandbox(case) as url:
        words = arguments_of(url, folder)
        words += [word for name in case.variants for word in GIVEN.get(name, ())]
        words += arguments
        with silence(Path(folder, "output.txt")):
            os.chdir(ROOT)
            status = int(pytest.main(words))
        report = Path(folder, "conformance.json")
        if not report.exists():
            return Gate.unended(case.id, status, time.monotonic() - started)
        data = json.loads(report.read_text(encoding="utf-8"))
        seconds_in = _seconds_in(Path(folder, "junit.xml"))
    ids = {
        verdict: tuple(row["id"] for row in data["requirements"] if row["verdict"] == verdict)
        for verdict in ("failed", "warned", "not tested")
    }
    found_by = {
        row["id"]: tuple(sorted({_source(test) for test in row["tests"]}))
        for row in data["requirements"]
        if row["breaches"]
    }
    seconds = time.monotonic() - started
    return Gate(
        case.id,
        status,
        ids["failed"],
        ids["warned"],
        ids["not tested"],
        found_by,
        seconds_in,
        data["requests"],
        seconds,
        data["audit"],
        tuple((group["cause"], *group["follows"]) for group in data["groups"]),
    )


def _seconds_in(junit: Path) -> dict[str, float]:
    """How long the tests of each source took."""
    seconds: dict[str, float] = {}
    for case in ElementTree.parse(junit).iter("testcase"):
        source = _source(f"{case.get('classname', '')}::{case.get('name', '')}")
        seconds[source] = seconds.get(source, 0.0) + float(case.get("time", "0"))
    return seconds


def _source(test: str) -> str:
    """What a test belongs to: the features, the catalogue's tables, or a phase of schemathesis."""
    name = test.rpartition("::")[2].partition("[")[0]
    if "test_features" in test:
        return "features"
    return "tables" if "test_validation" in test else name.removeprefix("test_")


@contextmanager
def sandbox(case: Case) -> Iterator[str]:
    """A sandbox in a process of its own while it lasts: gives its base URL."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        os.dup2(writing, 1)
        sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8")
        signal.alarm(_PATIENCE)
        try:
            serve(faults=case.faults, variants=case.variants)
        finally:
            os._exit(1)
    os.close(writing)
    try:
        with os.fdopen(reading, encoding="utf-8") as output:
            line = output.readline()
            if _LISTENING not in line:
                raise RuntimeError(f"the sandbox did not start with {case.id}")
            yield line.split(_LISTENING, 1)[1].strip()
    finally:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


@contextmanager
def silence(file: Path) -> Iterator[None]:
    """While it lasts, what is printed goes into a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with file.open("w", encoding="utf-8") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        try:
            with redirect_stdout(output), redirect_stderr(output):
                yield
        finally:
            output.flush()
            for number, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, number)
                os.close(copy)
