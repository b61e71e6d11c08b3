"""A gate against real better-auth, which nobody here wrote, in each of its configurations.

better-auth answers the four authentication paths; the payments paths beside it are written by hand, in `payments.js`.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.better_auth.target import running
from tests.suite.invocation import Done, invoke

SEED: Final = 20261126
CONFORMANT, NOT_CONFORMANT = 0, 1
AT_A_TIME: Final = 3
PATIENCE: Final = 400
PASSWORD: Final = "correct-horse-battery"
ACCOUNTS: Final = ("owner@example.com", "other@example.com")

WARNED: Final = {
    "ORG-ERROR-5": "a 401 of better-auth has an empty body; the contract page says that it should have one",
    "ACTIVE-VALID-2": "better-auth answers an empty body with the current organization; to refuse it is a SHOULD",
}


@dataclass(frozen=True)
class Configuration:
    """What target and gate are given, the breaches that better-auth has, and the least share of MUSTs to be decided."""

    target: tuple[str, ...] = ()
    gate: tuple[str, ...] = ()
    broken: frozenset[str] = frozenset()
    decided: float = 0.9


CONFIGURATIONS: Final = {
    "limiter": Configuration(gate=("--longest-wait", "300")),
    "plain": Configuration(),
    "require-signature": Configuration(),
    "verified-emails": Configuration(
        target=tuple(word for email in ACCOUNTS for word in ("--merchant", f"{email}:{PASSWORD}")),
        gate=(
            *("--merchant-email", ACCOUNTS[0], "--merchant-password", PASSWORD),
            *("--second-merchant-email", ACCOUNTS[1], "--second-merchant-password", PASSWORD),
        ),
    ),
    "organization-limit": Configuration(decided=0.85),
    "password-bounds": Configuration(),
    "more-plugins": Configuration(),
    # A sign-up without a body, or with the body null, is a 500 where better-auth 1.7.25 has its username plugin.
    "username": Configuration(broken=frozenset({"SIGNUP-STATUS-3"})),
    "secondary-storage": Configuration(),
}

Gates = dict[str, Future[Done]]


@pytest.fixture(scope="module")
def gates(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gates]:
    """The gates of the tests that were selected: some run at a time, since the limiter's mostly waits."""
    items = [
        item for item in request.session.items if isinstance(item, pytest.Function) and "gates" in item.fixturenames
    ]
    selected = {item.callspec.params["gated"] for item in items}
    with ThreadPoolExecutor(AT_A_TIME) as executor:
        yield {
            name: executor.submit(gate, tmp_path_factory.mktemp(name), name, configuration)
            for name, configuration in CONFIGURATIONS.items()
            if name in selected
        }
        executor.shutdown(cancel_futures=True)


def gate(folder: Path, name: str, configuration: Configuration) -> Done:
    """A gate as a user runs it, against the target in a configuration."""
    with running(name, configuration.target) as target:
        words = ("--base-url", target.url, "--seed", str(SEED), *configuration.gate)
        return invoke(folder, *words, patience=PATIENCE)


# The configuration that takes longest is started first and read last.
@pytest.mark.parametrize("gated", list(reversed(CONFIGURATIONS)))
def test_gate_finds_better_auth_conformant(gated: str, gates: Gates) -> None:
    done = gates[gated].result()
    configuration = CONFIGURATIONS[gated]
    assert done.failed <= configuration.broken, done.output
    assert done.status == (NOT_CONFORMANT if done.failed else CONFORMANT), done.output
    warned = {name for name, verdict in done.verdicts.items() if verdict == "warned"}
    assert warned <= set(WARNED), done.output
    musts = [row["verdict"] for row in done.report["requirements"] if row["level"] == "MUST"]
    assert sum(verdict != "not tested" for verdict in musts) >= configuration.decided * len(musts), done.output


class Merchant:
    """A client of the target, which signs up, signs in and creates organizations."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.number = 0

    def post(self, path: str, body: dict[str, Any], token: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.post(f"{self.base_url}/authentication{path}", json=body, headers=headers)

    def sign_up(self, password: str = PASSWORD) -> httpx.Response:
        self.number += 1
        email = f"merchant{self.number}@example.com"
        return self.post("/sign-up/email", {"name": "Merchant", "email": email, "password": password})

    def sign_in(self, email: str = "merchant1@example.com") -> httpx.Response:
        return self.post("/sign-in/email", {"email": email, "password": PASSWORD})

    def organize(self, token: str) -> int:
        self.number += 1
        body = {"name": "Organization", "slug": f"organization-{self.number}"}
        return self.post("/organization/create", body, token).status_code


def takes_both_tokens(merchant: Merchant) -> None:
    signed_up = merchant.sign_up()
    assert merchant.organize(signed_up.json()["token"]) == 200
    assert merchant.organize(signed_up.headers["set-auth-token"]) == 200


def takes_the_signed_token_alone(merchant: Merchant) -> None:
    signed_up = merchant.sign_up()
    assert merchant.organize(signed_up.json()["token"]) == 401
    assert merchant.organize(signed_up.headers["set-auth-token"]) == 200


def lets_the_verified_in(merchant: Merchant) -> None:
    assert merchant.sign_up().json()["token"] is None
    assert merchant.sign_in().status_code == 403
    assert merchant.sign_in(ACCOUNTS[0]).status_code == 200


def limits_the_fourth(merchant: Merchant) -> None:
    responses = [merchant.sign_up() for _ in range(4)]
    assert [response.status_code for response in responses] == [200, 200, 200, 429]
    assert 0 < int(responses[-1].headers["x-retry-after"]) <= 10


def allows_one_organization(merchant: Merchant) -> None:
    token = merchant.sign_up().json()["token"]
    assert [merchant.organize(token), merchant.organize(token)] == [200, 403]


def bounds_passwords(merchant: Merchant) -> None:
    statuses = [merchant.sign_up("x" * length).status_code for length in (11, 12, 64, 65)]
    assert statuses == [400, 200, 200, 400]


def shows_the_fields_of_plugins(merchant: Merchant) -> None:
    assert {"role", "banned"} <= set(merchant.sign_up().json()["user"])


def takes_usernames(merchant: Merchant) -> None:
    body = {"name": "Merchant", "email": "named@example.com", "password": PASSWORD, "username": "merchant"}
    assert merchant.post("/sign-up/email", body).json()["user"]["username"] == "merchant"


SHOWN: Final[dict[str, Callable[[Merchant], None]]] = {
    "plain": takes_both_tokens,
    "require-signature": takes_the_signed_token_alone,
    "verified-emails": lets_the_verified_in,
    "limiter": limits_the_fourth,
    "organization-limit": allows_one_organization,
    "password-bounds": bounds_passwords,
    "more-plugins": shows_the_fields_of_plugins,
    "username": takes_usernames,
}


# Where sessions are stored shows nowhere, so secondary-storage is not among these.
@pytest.mark.parametrize("name", SHOWN)
def test_configuration_is_what_its_name_says(name: str) -> None:
    with running(name, CONFIGURATIONS[name].target) as target:
        SHOWN[name](Merchant(target.url))


def test_target_ends_at_sigterm_and_with_its_standard_input() -> None:
    with running("plain") as target:
        target.process.send_signal(signal.SIGTERM)
        assert target.process.wait(5) == 0
    with running("plain") as target:
        assert target.process.stdin is not None
        target.process.stdin.close()
        assert target.process.wait(5) == 0
