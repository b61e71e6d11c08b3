"""Sign-up: a new account."""

from __future__ import annotations

from typing import Final

from conformance.run import Run
from steps import made_up
from steps.operations.base import Body, Operation

ID: Final = "signUpEmail"


def body(run: Run) -> Body:
    """Return the valid body of a new account."""
    return {
        "name": f"Conformance Tester {run.unique()}",
        "email": made_up.email(run),
        "password": made_up.password(run),
    }


OPERATION: Final = Operation(
    ID,
    "sign up",
    body=lambda run, _: body(run),
    sender=lambda _: None,
    unique=lambda run, generated, _: {**generated, "email": made_up.email(run)},
    is_scarce=True,
)
