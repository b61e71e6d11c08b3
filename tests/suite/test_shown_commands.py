"""Every command that a page shows is carried out, in a copy of the checkout, or a table says why it is not.

The target is one sandbox in a process of its own. What a page leaves to the reader (an address, an id) is filled in,
and what takes long is narrowed; the tables below have all of it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from conformance.plugin.sandbox import Sandbox
from conformance.plugin.statuses import Status
from merchant_conformance.__main__ import PROGRAM
from tests.suite.invocation import ROOT, invoke
from tests.suite.shown_commands import PAGES, commands, text_of

MERGE: Final = "a merge needs it: .ci/run carries it out"
REGISTRY: Final = "fetches packages"
NODE: Final = "needs Node"
MINUTES: Final = "takes minutes"
GATES: Final = "takes whole gates: test_reproduction.py holds its parts against targets"
EXAMPLE: Final = "needs the operation of the page's example, whose parts test_extending.py holds against the suite"

NOT_RUN: Final = {
    ". .venv/bin/activate": "changes the shell of the reader alone",
    ".venv/bin/pip install -q -e .": REGISTRY,
    ".venv/bin/pip install -q -e '.[dev]'": MERGE,
    ".venv/bin/pytest": MERGE,
    ".venv/bin/pytest tests/better_auth --assert=rewrite": NODE,
    ".venv/bin/pytest tests/suite --assert=rewrite -n 2": MERGE,
    "deptry --ignore DEP002,DEP004 tests/suite tests/better_auth": MERGE,
    "deptry conformance merchant_conformance steps sandbox tests/conformance": MERGE,
    "lint-imports": MERGE,
    "mypy": MERGE,
    "node server.js --configuration plain --port 8081": NODE,
    "node server.js --configuration verified-emails --merchant owner@example.com:PASSWORD": NODE,
    "node server.js --list": NODE,
    "npm install": NODE,
    "npx allure-commandline@2 generate reports/allure-results": NODE,
    "npx allure@3 awesome --config reports/allurerc.json reports/allure-results": NODE,
    "pip install": REGISTRY,
    "pip install -e '.[dev,http2]'": REGISTRY,
    "pip install .": REGISTRY,
    "pre-commit install": "changes the repository of the reader",
    "pre-commit run --all-files": REGISTRY,
    """pytest -q -m 'requirement(id="PRODUCT-AUTH-1")' --sandbox-fault product-without-a-token""": EXAMPLE,
    """pytest -q -m 'requirement(id="PRODUCT-ECHO-1")' --sandbox-fault product-name-differs""": EXAMPLE,
    """pytest -q -m 'requirement(id="PRODUCT-VALID-1")' --sandbox-fault product-name-of-any-type""": EXAMPLE,
    "pytest tests/better_auth --assert=rewrite": NODE,
    "pytest tests/suite": MERGE,
    "pytest tests/suite --assert=rewrite -n 2": MERGE,
    "pytest tests/suite --assert=rewrite -n 2 --all-proofs": MINUTES,
    "python -m bench": MINUTES,
    "python -m bench --only scale": MINUTES,
    "python -m bench --only sizes --against ../before": MINUTES,
    "python -m bench --only waits": MINUTES,
    "python -m bench.rare": MINUTES,
    "python -m tests.suite.grouping": MINUTES,
    "python -m tests.suite.grouping FAULT FAULT+FAULT": MINUTES,
    "python -m tests.suite.phases 40": MINUTES,
    "python -m tests.suite.reproduction": MINUTES,
    "python -m tests.suite.reproduction FAULT": GATES,
    "python -m tests.suite.stock": MINUTES,
    "python -m tests.suite.write_detection_page": MINUTES,
    "python -m tests.suite.write_detection_page product-name-differs": EXAMPLE,
    "python3 -m venv .venv": MERGE,
    "ruff check .": MERGE,
    "ruff format .": MERGE,
}
"""What is not carried out here, and why; so is what tox does, in environments that it makes from packages."""

FILLED_IN: Final = {
    "FAULT": "token-in-query",
    "ID": "CHECKOUT-NONE-2",
    "NAME": "test_the_readme_is_a_page_long",
    "WORDS": "MUST createCustomer",
}
STAGING: Final = ("https://staging.example.com/api/canary", "https://staging.example.com/api")
SMOKE: Final = ("--size", "smoke")
ONE_TEST: Final = ("-k", "existing_customer")
ENDS_AT_ONCE: Final = ("--port", "0", "--exit-with-stdin")
ADDED: Final = {
    "merchant-conformance --base-url https://staging.example.com/api/canary": SMOKE,
    "merchant-conformance --profile conformance.yaml": SMOKE,
    "merchant-conformance init": ("--base-url", STAGING[0], "another.yaml"),
    "merchant-conformance sandbox": ENDS_AT_ONCE,
    "merchant-conformance schema": ("known-failures",),
    "pytest --base-url https://staging.example.com/api/canary --write-known-failures known.yaml": SMOKE,
    "pytest --sandbox-fault customer-id-empty": SMOKE,
    "pytest --sandbox-variant latency-100-ms": ONE_TEST,
    "pytest --sandbox-variant latency-100-ms -n 8": (*ONE_TEST, "-n", "2"),
    "pytest --sandbox-variant limit-auth-x-retry-after": ONE_TEST,
    "pytest -q": SMOKE,
    "pytest tests/suite -k NAME --assert=rewrite": (
        "--ignore-glob",
        "*/test_[a-ce-z]*.py",
        "--ignore-glob",
        "*/test_de*",
    ),
    "pytest tests/suite/test_catalogue.py --assert=rewrite": ("-k", "decided"),
    "python -m bench --only fuzzing": ("--examples", "1", "--operation", "signInEmail"),
    "python -m sandbox": ENDS_AT_ONCE,
    "python -m sandbox --port 0 --fault token-in-query --variant ids-uuid": ENDS_AT_ONCE,
    "python -m sandbox --port 8080 --prefix /api/canary": ENDS_AT_ONCE,
}
"""What is added to a command so that it takes seconds and ends by itself, or where a page has its beginning."""

LEAVES: Final = {
    "merchant-conformance init --base-url https://staging.example.com/api": ("conformance.yaml",),
    "merchant-conformance init --base-url https://staging.example.com/api/canary": ("conformance.yaml",),
    "merchant-conformance --profile conformance.yaml": ("reports/conformance.html", "reports/summary.md"),
    "pytest --base-url https://staging.example.com/api/canary --write-known-failures known.yaml": ("known.yaml",),
    "python -m hatchling build": ("dist",),
}
"""The files that are there after a command."""

_NOT_OF_THE_CHECKOUT: Final = shutil.ignore_patterns(".git", ".venv", ".tox", "node_modules", ".*_cache", "*.pyc.*")
"""Nor what is only there while another process compiles a module."""
_PATIENCE: Final = 120


def by_page() -> dict[str, list[str]]:
    """Return the commands that are carried out, each with the first page that shows it."""
    found: dict[str, list[str]] = {}
    known = set(NOT_RUN)
    for page in PAGES:
        for words in commands(page):
            text = shlex.join(words)
            if text not in known and words[0] not in ("tox", "export"):
                known.add(text)
                found.setdefault(page, []).append(text)
    return found


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    sandbox = Sandbox.start()
    yield sandbox.url
    sandbox.stop()


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, in which a command may write."""
    folder = tmp_path_factory.mktemp("copy") / "checkout"
    shutil.copytree(ROOT, folder, ignore=_NOT_OF_THE_CHECKOUT)
    return folder


def words_of(text: str, target: str) -> list[str]:
    """Return the words with which a command is carried out: what it leaves open filled in, what takes long narrowed."""
    filled = {**FILLED_IN, **dict.fromkeys(STAGING, target)}
    return [filled.get(word, word) for word in (*shlex.split(text), *ADDED.get(text, ()))]


def carried_out(words: list[str], copy: Path, folder: Path) -> tuple[int, str]:
    """Carry a command out, in a process that ends with its input; return its exit status and what it printed."""
    match words:
        case ["pytest" | "merchant-conformance" as program, *rest] if "tests/suite" not in " ".join(rest):
            place = copy if program == "pytest" else folder
            done = invoke(place / "reports", *rest, folder=place, ini=False, program=program, patience=_PATIENCE)
            return done.status, done.output
        case ["pytest", *rest]:
            words = [sys.executable, "-m", "pytest", *rest]
        case ["python", *rest]:
            words = [sys.executable, *rest]
    ended = subprocess.run(
        words,
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.parametrize("page", by_page())
def test_the_commands_of_a_page_do_what_it_says(page: str, target: str, copy: Path, tmp_path: Path) -> None:
    """One after the other, in one folder: each ends well, or with 1 where it asks for a defect."""
    for text in by_page()[page]:
        words = words_of(text, target)
        status, output = carried_out(words, copy, tmp_path)
        expected = 1 if "--sandbox-fault" in words else 0
        assert status == expected, f"{shlex.join(words)} ends with {status}:\n{output}"
        place = tmp_path if words[0] == PROGRAM else copy
        assert [name for name in LEAVES.get(text, ()) if not (place / name).exists()] == [], text


def test_the_variables_of_the_staging_name_the_merchants(tmp_path: Path) -> None:
    """The lines with `export` name two accounts that the target has: nothing else lets a run in there."""
    given = dict(
        word.split("=", 1) for words in commands("docs/staging.md") if words[0] == "export" for word in words[1:]
    )
    assert len(given) == 4
    there = {"/run/secrets": str(tmp_path), "owner@example.com": "first@merchant.example"}
    there |= {"other@example.com": "second@merchant.example"}
    for page, here in there.items():
        given = {name: value.replace(page, here) for name, value in given.items()}
    (tmp_path / "owner").write_text("sandbox-password-1", encoding="utf-8")
    (tmp_path / "other").write_text("sandbox-password-2", encoding="utf-8")
    words = (*SMOKE, "--sandbox-variant", "captcha")
    assert invoke(tmp_path / "without", *words).status == Status.OPERATION_NOT_TESTED
    done = invoke(tmp_path / "reports", *words, environment=given)
    assert done.status == 0, done.output
    assert "signed in as second@merchant.example" in done.output


def test_the_tables_name_what_the_pages_show() -> None:
    """No entry outlives its command, and what a merge is said to carry out stands in `.ci/run`."""
    every = {shlex.join(words) for page in PAGES for words in commands(page)}
    assert {*NOT_RUN, *ADDED, *LEAVES} - every == set()
    merge = text_of(".ci/run").replace(".venv/bin/", "")
    begun = {
        text: " ".join(text.replace(".venv/bin/", "").split()[:2]) for text, why in NOT_RUN.items() if why == MERGE
    }
    assert {text for text, words in begun.items() if words not in merge} == set()


def test_a_command_that_fails_is_seen(copy: Path, tmp_path: Path) -> None:
    """A fence with an option that there is not, and a module that there is not."""
    assert carried_out([PROGRAM, "--no-such-option"], copy, tmp_path)[0] == Status.MISTAKE
    assert carried_out(["python", "-m", "no_such_module"], copy, tmp_path)[0] == 1
