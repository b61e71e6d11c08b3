"""Organizations: slugs, limits, and which one is active."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sandbox import policies
from sandbox.behaviour import Behaviour, Call, Change
from sandbox.changes import admitting, finishing, with_seams
from sandbox.model import CREATE_ORGANIZATION, SET_ACTIVE, Reply, text
from sandbox.validation import TEXT, Field
from sandbox.variants.builders import refusing
from sandbox.variants.model import Variant


def _only_active(behaviour: Behaviour) -> Behaviour:
    def may_use(call: Call, merchant_id: str) -> bool:
        return behaviour.may_use(call, merchant_id) and merchant_id == call.caller.active

    return replace(behaviour, may_use=may_use)


def _naming(change: Callable[[Field], Field]) -> Change:
    """Change the rules for the id of the organization to activate."""

    def change_behaviour(behaviour: Behaviour) -> Behaviour:
        named, *others = behaviour.fields[SET_ACTIVE]
        return replace(behaviour, fields={**behaviour.fields, SET_ACTIVE: (change(named), *others)})

    return change_behaviour


def _own_name_alone(call: Call) -> None:
    if call.store.execute("SELECT 1 FROM organization WHERE name = ?", (text(call.fields.get("name")),)):
        call.refuse("slug-taken")


FOREIGN = ("foreign-merchant", "foreign-customer", "not-a-member")


_DEMO = (
    {"name": "Thabo Mokoena", "email": "thabo@example.com", "phoneNumber": "+26657123456"},
    {"name": "Jane Demo", "email": "jane@example.com", "metadata": {"demo": True}},
)


def _with_demo(call: Call, reply: Reply) -> Reply:
    """A new organization has customers of its own, who are as old as it is."""
    if call.operation == CREATE_ORGANIZATION and reply.succeeded and isinstance(reply.body, dict):
        for given in _DEMO:
            policies.new_customer(call, reply.body["id"], {**given})
    return reply


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "organization-names-unique",
        "two organizations have no name in common",
        admitting(CREATE_ORGANIZATION, _own_name_alone),
    ),
    Variant("slug-taken-409", "a taken slug is 409", refusing(("slug-taken",), 409)),
    Variant("slug-taken-422", "a taken slug is 422", refusing(("slug-taken",), 422)),
    Variant("customers-of-a-demo", "a new organization has two customers from its beginning", finishing(_with_demo)),
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
        _naming(lambda field: replace(field, required=False, rules=(TEXT,))),
    ),
    Variant(
        "set-active-null-refused",
        "organizationId null is refused",
        _naming(lambda field: replace(field, nullable=False)),
    ),
    Variant(
        "refused-activation-kept",
        "a refused activation leaves the caller's own active organization as it was",
        with_seams(activation_refused=policies.leave_active),
    ),
    Variant("foreign-400", "another tenant's things are 400", refusing(FOREIGN, 400)),
    Variant("foreign-404", "another tenant's things are 404", refusing(FOREIGN, 404)),
    Variant("unknown-organization-400", "an unknown organization is 400", refusing(("unknown-organization",), 400)),
    Variant("unknown-organization-404", "an unknown organization is 404", refusing(("unknown-organization",), 404)),
)
