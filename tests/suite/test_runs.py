"""How a run goes: its seed, its size, its choice of tests, its processes, and where its target stands."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.suite.invocation import QUIET, ROOT, Done, invoke
from tests.suite.recording import Target, recording_target

GENERATED = "test_coverage and createCustomer"
NOTHING_DECIDED = 5
NOT_REACHED = 7


def requests(seed: int, folder: Path) -> list[tuple[str, str]]:
    """A run with generated requests: returns the path and body of each, without what every run has of its own."""
    with recording_target() as target:
        done = invoke(folder, "--base-url", target.url, "--seed", str(seed), "-k", f"smoke or ({GENERATED})")
        assert done.status == 0, done.output
        bodies = [(item.path, item.request.decode("utf-8", "replace")) for item in target.seen]
        return [(without_marks(path, target, done), without_marks(body, target, done)) for path, body in bodies]


def without_marks(text: str, target: Target, done: Done) -> str:
    given = {name for item in target.seen for name in ids(item.response)}
    for name in given:
        text = text.replace(name, "ID")
    return re.sub(r"\+2665\d{7}", "PHONE", text.replace(done.report["run"], "RUN"))


def ids(body: bytes) -> Iterator[str]:
    """The ids that a target has given in a response."""
    for name in re.findall(rb'"(?:id|organizationId)":\s*"([^"]+)"', body):
        yield name.decode()


def test_a_seed_repeats_the_requests(tmp_path: Path) -> None:
    """The same seed sends the same requests in the same order, up to the run's own mark; another seed, others."""
    first, again = requests(11, tmp_path / "first"), requests(11, tmp_path / "again")
    assert len(first) > 10
    assert again == first
    assert requests(12, tmp_path / "other") != first


def test_the_printed_seed_is_the_one_that_was_used(tmp_path: Path) -> None:
    done = invoke(tmp_path, "--base-url", "http://127.0.0.1:1")
    assert f"seed {done.report['seed']}," in done.output
    assert done.report["seed"] != invoke(tmp_path, "--base-url", "http://127.0.0.1:1").report["seed"]


def collected(folder: Path, *words: str) -> set[str]:
    """What a choice of words would run."""
    done = invoke(folder, "--collect-only", "-q", *words)
    return {line.rpartition("::")[2] for line in done.output.splitlines() if "::" in line}


def test_sizes_choose_what_they_say(tmp_path: Path) -> None:
    """Smoke is the walk and the three options; a gate has every requirement.

    A full run adds the other mode of the generated requests of each operation, and walks over the links.
    """
    smoke, gate, full = (collected(tmp_path, "--size", size) for size in ("smoke", "gate", "full"))
    assert smoke == {
        "test_a_merchant_goes_from_signup_to_a_checkout_page",
        "test_a_session_for_an_existing_customer",
        "test_a_session_without_a_customer",
        "test_a_session_with_a_new_customer",
    }
    assert smoke < gate < full
    generated = {name for name in full if name.startswith(("test_coverage[", "test_fuzzing["))}
    others = {name.replace("-positive]", "-other]").replace("-negative]", "-other]") for name in generated - gate}
    assert full - gate == {"test_links", *(generated - gate)}
    assert len(generated) == 2 * len(generated & gate) == 2 * len(others)
    assert collected(tmp_path) == gate


CHOICES = {
    "by name": (("-k", "an_existing_customer"), {"CHECKOUT-EXISTING-1"}, "CHECKOUT-NONE-1"),
    "by requirement": (("-m", 'requirement(id="CHECKOUT-NONE-2")'), {"CHECKOUT-NONE-2"}, "CHECKOUT-EXISTING-1"),
}
FOUND_BY = {
    "a tag of a scenario": ("CHECKOUT-NONE-2", "test_a_session_without_a_customer"),
    "a column of an outline": ("SIGNIN-AUTH-3", "test_what["),
    "a table of the catalogue": ("SIGNUP-VALID-1", "test_refused[SIGNUP-VALID-1]"),
    "a rule for every response": ("SIGNUP-HEADERS-2", "test_coverage[signUpEmail-positive]"),
}


@pytest.mark.parametrize("way", FOUND_BY)
def test_a_requirement_is_found_by_its_id(way: str, tmp_path: Path) -> None:
    name, test = FOUND_BY[way]
    found = collected(tmp_path, "-m", f'requirement(id="{name}")')
    assert any(item.startswith(test) for item in found), found
    assert len(found) < 20


@pytest.mark.parametrize("name", CHOICES)
def test_what_is_deselected_is_not_tested(name: str, tmp_path: Path) -> None:
    words, decided, left_out = CHOICES[name]
    done = invoke(tmp_path, *words, "--size", "smoke")
    assert done.status == 0
    assert {done.verdicts[one] for one in decided} == {"passed"}
    row = next(row for row in done.report["requirements"] if row["id"] == left_out)
    assert (row["verdict"], row["reason"].partition(":")[0]) == ("not tested", "deselected")
    assert "not tested (deselected" in done.output


@pytest.mark.parametrize("words", [("-k", "no_such_test"), ("-m", "smoke and full")], ids=["-k", "-m"])
def test_a_run_that_decides_nothing_is_no_success(words: tuple[str, ...], tmp_path: Path) -> None:
    done = invoke(tmp_path, *words)
    assert done.status == NOTHING_DECIDED
    assert set(done.verdicts.values()) == {"not tested"}
    assert done.report["requests"] == 0
    assert "verdict  NO BREACH FOUND" in done.output


STRICT = {"lenient": ((), 0, "no breach found"), "--strict-should": (("--strict-should",), 1, "not conformant")}
STRICT["--strict"] = (("--strict",), 1, "not conformant")


@pytest.mark.parametrize("name", STRICT)
def test_a_should_fails_a_strict_run_alone(name: str, tmp_path: Path) -> None:
    words, status, verdict = STRICT[name]
    done = invoke(tmp_path, *words, "--sandbox-fault", "signin-unknown-email-told-by-message", "-k", "nobody_learns")
    assert (done.status, done.report["verdict"]) == (status, verdict), done.output
    warned = [row["id"] for row in done.report["requirements"] if row["verdict"] == "warned"]
    assert len(warned) == 1
    assert warned[0].startswith("SIGNIN-")
    assert done.report["strict"] is bool(words)
    assert ("warnings (SHOULD):" in done.output) is not bool(words)
    assert ("broken:" in done.output) is bool(words)
    assert ("failed" in done.output.splitlines()[-1]) is bool(words)


CREATED = {
    "/authentication/sign-up/email": ("user", "request", "email"),
    "/authentication/organization/create": ("organization", "request", "slug"),
    "/customers": ("customer", "response", "id"),
    "/checkout/sessions": ("session", "response", "id"),
}


def test_everything_that_was_created_is_listed_and_marked(tmp_path: Path) -> None:
    """A guest says what it leaves behind: each accepted creation is in the report, and carries the run's id."""
    with recording_target() as target:
        done = invoke(
            tmp_path, "--base-url", target.url, "-k", f"smoke or ({GENERATED})", "--email-domain", "test.example"
        )
    assert done.status == 0, done.output
    made = set()
    for item in target.seen:
        if item.path in CREATED and item.status in (200, 201):
            kind, side, field = CREATED[item.path]
            made.add(f"{kind} {json.loads(getattr(item, side))[field]}")
            assert done.report["run"] in item.request.decode() or "metadata" not in json.loads(item.request)
    listed = set(done.report["created"])
    assert made <= listed
    assert {text.partition(" ")[0] for text in listed - made} <= {"customer"}
    assert {text.rpartition("@")[2] for text in made if text.startswith("user ")} == {"test.example"}


@pytest.fixture(scope="module")
def prefixed() -> Iterator[str]:
    """A sandbox started by hand, in another process, under a path of its own: its base URL with a slash at the end."""
    words = [sys.executable, "-m", "sandbox", "--port", "0", "--prefix", "/api/canary", "--exit-with-stdin"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        yield process.stdout.readline().rpartition("listening on ")[2].strip() + "/"
        process.terminate()


def test_a_base_url_has_a_path_of_its_own(prefixed: str, tmp_path: Path) -> None:
    assert prefixed.endswith("/api/canary/")
    done = invoke(tmp_path, "--base-url", prefixed, "--size", "smoke")
    assert done.status == 0, done.output
    assert done.report["target"] == prefixed.rstrip("/")
    assert done.verdicts["API-BASE-1"] == "passed"


def test_a_base_url_without_its_path_is_noticed(prefixed: str, tmp_path: Path) -> None:
    """Whoever forgets the path is told so: every operation is answered as an unknown path."""
    done = invoke(tmp_path, "--base-url", prefixed.removesuffix("/api/canary/"), "--size", "smoke")
    assert done.status == NOT_REACHED
    assert "which may lack a part of its path" in done.output


def test_each_scenario_can_run_again_in_the_same_run(tmp_path: Path) -> None:
    """As the measure of twice the scenarios does, and whoever repeats tests: what the first time made is in no way."""
    done = invoke(tmp_path, "--seed", "1", "-p", "bench.twice", "-k", "test_features", *QUIET)
    assert (done.status, done.failed) == (0, set()), done.output
    assert done.report["requests"] > 1_000


def test_an_id_that_names_a_session_and_a_customer_is_no_breach(tmp_path: Path) -> None:
    """Where ids of each kind are counted from 1, the id of a session may be that of a customer too."""
    done = invoke(tmp_path, "--sandbox-variant", "ids-counted", "-k", "customer_who_does_not_exist")
    assert done.status == 0, done.output
    assert done.verdicts["CHECKOUT-EXISTING-4"] == "passed"
