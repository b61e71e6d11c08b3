"""The seams of the sandbox: every decision that a fault or a variant can change, with the reference's choice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from sandbox import errors, identity, policies, presentation, reading, validation
from sandbox.model import (
    AUTHENTICATION,
    PROTECTED,
    Call,
    Headers,
    Json,
    Problem,
    Reply,
)
from sandbox.store import Customer, Session, User

Handler: TypeAlias = Callable[[Call], Awaitable[Reply]]
Arrive: TypeAlias = Callable[[Call], Reply | None]
Finish: TypeAlias = Callable[[Call, Reply], Reply]
Attach: TypeAlias = Callable[[Call, str], Customer | None]

BODY_LIMIT = 6_000_000


@dataclass(frozen=True)
class Behaviour:
    """How one sandbox answers.

    ``arrive`` runs before anything else and may answer at once; ``admit`` runs on a call that was let in and found
    valid, before its operation; ``finish`` runs over every reply. The rest are single decisions of the operations.
    """

    arrive: tuple[Arrive, ...] = ()
    admit: tuple[Arrive, ...] = ()
    finish: tuple[Finish, ...] = ()

    fields: Mapping[str, tuple[validation.Field, ...]] = field(default_factory=lambda: validation.FIELDS)
    refusals: Mapping[str, Problem] = field(default_factory=lambda: errors.REFUSALS)
    write_problem: errors.ErrorWriter = errors.write_in_shape_of_the_path
    body_limit: int = BODY_LIMIT
    form_accepted: frozenset[str] = frozenset()
    parse: Callable[[Call], Json] = reading.parse
    any_media_type: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()

    protected: frozenset[str] = PROTECTED
    validates_first: frozenset[str] = AUTHENTICATION
    find_session: Callable[[Call], Session | None] = policies.find_session
    open_session: Callable[[Call, User], Session] = policies.open_session
    token_header: Callable[[Call, Session], Headers] = policies.token_header
    new_id: Callable[[Call, str], str] = policies.new_id
    timestamp: Callable[[float], str] = presentation.utc_milliseconds

    email_stored: Callable[[str], str] = policies.lower_case
    email_lookup: Callable[[str], str] = policies.lower_case
    email_sought: Callable[[str], str] = policies.lower_case
    password_key: Callable[[str], str] = identity.password_key
    password_checked: bool = True
    taken_email: Callable[[Call], Reply] = policies.refuse_taken_email
    verification_demanded: bool = False
    accounts: tuple[tuple[str, str], ...] = ()
    """E-mails and passwords of accounts that are there, verified, from the beginning."""

    slugs_unique: bool = True
    organization_limit: int | None = None
    created_is_active: bool = True
    may_activate: Callable[[Call, str], bool] = policies.is_member
    activate: Callable[[Call, str | None], None] = policies.activate
    activation_refused: Callable[[Call], None] = policies.leave_active

    active_demanded: bool = True
    may_use: Callable[[Call, str], bool] = policies.is_member
    same_customer_refused: bool = True
    may_attach: Callable[[Call, Customer, str], bool] = policies.same_merchant
    existing: Attach = policies.attach_existing
    none: Attach = policies.attach_none
    inline: Attach = policies.attach_inline
    two_options: Callable[[Call], None] = policies.refuse_two_options
    opening_status: str = "open"

    def refusing(self, name: str, change: Callable[[Problem], Problem]) -> Behaviour:
        """The same behaviour with one named refusal changed."""
        return replace(self, refusals={**self.refusals, name: change(self.refusals[name])})


REFERENCE = Behaviour()
