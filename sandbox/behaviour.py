"""The seams of the sandbox: a call, and every decision about it that a fault or a variant can change.

The reference's choice for each seam stands in ``reference.py``.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, TypeAlias

from sandbox.model import Headers, Json, JsonObject, Problem, Refused, Reply
from sandbox.store import Customer, Session, Store, User
from sandbox.validation import Field


@dataclass
class Call:
    """One request: what was asked, by whom, and the place where its response is worked out."""

    behaviour: Behaviour
    store: Store
    memory: dict[str, Any]
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    raw: bytes
    base_url: str
    client: str
    operation: str = ""
    methods: Mapping[str, str] = field(default_factory=dict)
    parameter: str = ""
    body: Json = None
    session: Session | None = None
    successes: int = 0

    @property
    def caller(self) -> Session:
        """The session of a call that was let in; a call that has none must never get this far."""
        if self.session is None:
            self.refuse("no-session")
        return self.session

    def refuse(self, name: str) -> NoReturn:
        """End the call with one of the behaviour's named refusals."""
        raise Refused(self.behaviour.refusals[name])

    @property
    def fields(self) -> JsonObject:
        """The members of the body, or none where it is not an object."""
        return self.body if isinstance(self.body, dict) else {}


Handler: TypeAlias = Callable[[Call], Awaitable[Reply]]
Arrive: TypeAlias = Callable[[Call], Reply | None]
Finish: TypeAlias = Callable[[Call, Reply], Reply]
Attach: TypeAlias = Callable[[Call, str], Customer | None]
ErrorWriter: TypeAlias = Callable[[Call, Problem], Reply]
Change: TypeAlias = "Callable[[Behaviour], Behaviour]"


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How one sandbox answers.

    ``arrive`` runs before anything else and may answer at once; ``admit`` runs on a call that was let in and found
    valid, before its operation; ``finish`` runs over every reply. The rest are single decisions of the operations.
    """

    arrive: tuple[Arrive, ...] = ()
    admit: tuple[Arrive, ...] = ()
    finish: tuple[Finish, ...] = ()

    fields: Mapping[str, tuple[Field, ...]]
    refusals: Mapping[str, Problem]
    write_problem: ErrorWriter
    body_limit: int = 6_000_000
    form_accepted: frozenset[str]
    json_type: Callable[[str], bool]
    parse: Callable[[Call], Json]
    any_media_type: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    mind_origin: Callable[[Call], None]
    mind_callback: Callable[[Call], None]

    protected: frozenset[str]
    validates_first: frozenset[str]
    find_session: Callable[[Call], Session | None]
    open_session: Callable[[Call, User], Session]
    token_header: Callable[[Call, Session], Headers]
    new_id: Callable[[Call, str], str]
    timestamp: Callable[[float], str]

    email_stored: Callable[[str], str]
    email_lookup: Callable[[str], str]
    email_sought: Callable[[str], str]
    password_key: Callable[[str], str]
    password_checked: bool = True
    taken_email: Callable[[Call], Reply]
    verification_demanded: bool = False
    verified_after: float = math.inf
    """Seconds after which somebody has followed the link in the e-mail to a new account."""
    accounts: tuple[tuple[str, str], ...] = ()
    """E-mails and passwords of accounts that are there, verified, from the beginning."""

    slugs_unique: bool = True
    organization_limit: int | None = None
    created_is_active: bool = True
    may_activate: Callable[[Call, str], bool]
    activate: Callable[[Call, str | None], None]
    activation_refused: Callable[[Call], None]

    active_demanded: bool = True
    may_use: Callable[[Call, str], bool]
    same_customer_refused: bool = True
    may_attach: Callable[[Call, Customer, str], bool]
    existing: Attach
    none: Attach
    inline: Attach
    two_options: Callable[[Call], None]
    opening_status: str = "open"

    def refusing(self, name: str, change: Callable[[Problem], Problem]) -> Behaviour:
        """Return the same behaviour with one named refusal changed."""
        return replace(self, refusals={**self.refusals, name: change(self.refusals[name])})
