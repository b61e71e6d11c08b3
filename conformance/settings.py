"""What a user can set: the effective configuration of a run, typed, with the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import IntEnum, StrEnum
from typing import Any, Final, NamedTuple


class Place(IntEnum):
    """Where a user sets a value; what is nearer to the command line counts."""

    COMMAND_LINE = 1
    PROFILE = 2
    INI_FILE = 3
    ENVIRONMENT = 4


class Origin(NamedTuple):
    """Where the user set a value: the place, and the words that name it in messages."""

    place: Place
    words: str

    def __str__(self) -> str:
        return self.words


class Deviation(NamedTuple):
    """A status of a target's own documented choice: an operation refuses with `status` in place of `like`."""

    operation: str
    status: int
    like: int
    reason: str
    link: str = ""
    place: str = ""


class Size(StrEnum):
    """How much of the suite a run carries out; each size has the tests of those before it."""

    SMOKE = "smoke"
    GATE = "gate"
    FULL = "full"

    def holds(self, smallest: Size) -> bool:
        """Return whether a run of this size has the tests that belong to `smallest` at least."""
        sizes = list(Size)
        return sizes.index(self) >= sizes.index(smallest)


def _secret(default: Any = None) -> Any:
    """Return the default of a setting whose value is never shown."""
    return field(default=default, repr=False, metadata={"secret": True})


@dataclass(frozen=True)
class Settings:
    """The effective configuration of a run, and in `origin` by name where the user set each value.

    Times are in seconds. `strict` says that a broken SHOULD fails the run; `reads` by name whether the target offers an
    optional read, and `deviations` which statuses are its own choice, where a profile says so.
    """

    profile: str | None = None
    size: Size = Size.GATE
    seed: int = 0
    strict_should: bool = False
    report_dir: str = "reports"
    time_budget: float = 120.0
    time_limit: float = 1800.0
    timeout: float = 10.0
    connect_timeout: float = 5.0
    wait_for_target: float = 0.0
    rate_limit: str | None = None
    concurrency: int | None = None
    longest_wait: float = 150.0
    header: tuple[str, ...] = _secret(())
    proxy: str | None = _secret()
    ca_bundle: str | None = None
    client_cert: str | None = None
    insecure: bool = False
    http2: bool = False
    merchant_email: str | None = None
    merchant_password: str | None = _secret()
    merchant_password_file: str | None = _secret()
    second_merchant_email: str | None = None
    second_merchant_password: str | None = _secret()
    second_merchant_password_file: str | None = _secret()
    email_domain: str = "example.com"
    phone_prefix: str = "+2665"
    currency: str = "LSL"
    amount: int | None = None
    product_id: str | None = None
    allow_load: str | None = None
    allow_incomplete: bool = False
    known_failures: str | None = None
    write_known_failures: str | None = None
    compare: str | None = None
    audit: bool = False
    sandbox_fault: tuple[str, ...] = ()
    sandbox_variant: tuple[str, ...] = ()
    strict: bool = False
    reads: Mapping[str, bool] = field(default_factory=dict)
    deviations: tuple[Deviation, ...] = ()
    origin: Mapping[str, Origin] = field(default_factory=dict)

    def shown(self) -> dict[str, str]:
        """Return what the user set, as text, with secrets masked."""
        return {
            item.name: "***" if item.metadata.get("secret") else _text(getattr(self, item.name))
            for item in fields(self)
            if self.origin.get(item.name) and getattr(self, item.name) not in (None, (), False)
        }


DEFAULTS: Final = Settings()
SECRET: Final = frozenset(item.name for item in fields(Settings) if item.metadata.get("secret"))


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
