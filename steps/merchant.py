"""A merchant: a signed-up user with an active organization; and what the operations ask of the merchants of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Merchant:
    """A user with an active organization: `token` opens the session in which it is active."""

    key: str
    email: str
    password: str = field(repr=False)
    token: str = field(default="", repr=False)
    user_id: str = ""
    organization_id: str = ""
    organization: dict[str, Any] = field(default_factory=dict)


class Provisioned(Protocol):
    """The merchants of a run, as an operation finds who sends it."""

    @property
    def first(self) -> Merchant: ...

    @property
    def account(self) -> Merchant: ...

    def spare(self, merchant: Merchant) -> Merchant: ...
