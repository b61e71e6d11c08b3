"""Organizations: slugs, limits, and which one is active."""

from __future__ import annotations

from dataclasses import replace

from sandbox.behaviour import Behaviour, Call
from sandbox.changes import with_seams
from sandbox.model import SET_ACTIVE
from sandbox.variants.builders import refusing
from sandbox.variants.model import Variant


def _clear_active(call: Call) -> None:
    call.store.activate(call.caller.token, None)


def _only_active(behaviour: Behaviour) -> Behaviour:
    def may_use(call: Call, merchant_id: str) -> bool:
        return behaviour.may_use(call, merchant_id) and merchant_id == call.caller.active

    return replace(behaviour, may_use=may_use)


def _current_without_id(behaviour: Behaviour) -> Behaviour:
    (field,) = behaviour.fields[SET_ACTIVE]
    fields = {**behaviour.fields, SET_ACTIVE: (replace(field, required=False),)}
    return replace(behaviour, fields=fields)


def _no_null_id(behaviour: Behaviour) -> Behaviour:
    (field,) = behaviour.fields[SET_ACTIVE]
    return replace(behaviour, fields={**behaviour.fields, SET_ACTIVE: (replace(field, nullable=False),)})


FOREIGN = ("foreign-merchant", "foreign-customer", "not-a-member")


VARIANTS: tuple[Variant, ...] = (
    Variant("slug-taken-409", "a taken slug is 409", refusing(("slug-taken",), 409)),
    Variant("slug-taken-422", "a taken slug is 422", refusing(("slug-taken",), 422)),
    Variant(
        "organization-limit",
        "a user may create one organization",
        with_seams(organization_limit=1),
        "what needs a second organization of one user",
    ),
    Variant(
        "created-organization-not-active",
        "a new organization is not active before set-active",
        with_seams(created_is_active=False),
    ),
    Variant("merchant-must-be-active", "merchantId must be the active organization", _only_active),
    Variant(
        "active-not-demanded",
        "a session without an active organization may name any of the user's",
        with_seams(active_demanded=False),
    ),
    Variant(
        "set-active-empty-accepted",
        "set-active without organizationId answers with the current organization or null",
        _current_without_id,
    ),
    Variant("set-active-null-refused", "organizationId null is refused", _no_null_id),
    Variant(
        "refused-activation-clears",
        "a refused activation ends the caller's own active organization",
        with_seams(activation_refused=_clear_active),
    ),
    Variant("foreign-400", "another tenant's things are 400", refusing(FOREIGN, 400)),
    Variant("foreign-404", "another tenant's things are 404", refusing(FOREIGN, 404)),
    Variant("unknown-organization-403", "an unknown organization is 403", refusing(("unknown-organization",), 403)),
)
