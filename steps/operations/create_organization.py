"""Create organization: sent in the spare session, since it becomes the active one of the session that creates it."""

from __future__ import annotations

from typing import Final

from conformance.run import Run
from steps import made_up
from steps.operations.base import Body, Operation

ID: Final = "createOrganization"
_LONGEST_SLUG: Final = 60


def body(run: Run) -> Body:
    """Return the valid body of a new organization; what is left of its slug without the end is like no other one's."""
    mark = run.unique()
    slug = f"conformance-{mark}-shop"
    return {"name": f"Conformance Store {mark}", "slug": slug, "metadata": made_up.metadata(run)}


OPERATION: Final = Operation(
    ID,
    "create organization",
    body=lambda run, _: body(run),
    sender=lambda merchants: merchants.spare(merchants.first),
    unique=lambda run, generated, _: {
        **generated,
        "slug": f"{generated.get('slug', '')}-{run.unique()}"[-_LONGEST_SLUG:],
    },
    guessed=("slug",),
)
