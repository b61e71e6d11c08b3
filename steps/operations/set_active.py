"""Set active organization: sent in the spare session, so that the active organization of the other one stays."""

from __future__ import annotations

from typing import Any, Final

from steps.operations.base import Body, Operation, need_merchant

ID: Final = "setActiveOrganization"


def body(organization_id: Any) -> Body:
    """Return the body that names an organization."""
    return {"organizationId": organization_id}


OPERATION: Final = Operation(
    ID,
    "set active organization",
    body=lambda _, who: body(need_merchant(who).organization_id),
    sender=lambda merchants: merchants.spare(merchants.first),
    unique=lambda _run, generated, _who: generated,
    guessed=("organizationId",),
)
