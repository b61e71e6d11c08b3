"""Sign-in: a new session of an account."""

from __future__ import annotations

from typing import Any, Final

from steps.operations.base import Body, Operation, need_merchant

ID: Final = "signInEmail"


def body(email: Any, password: Any) -> Body:
    """Return the body of a sign-in."""
    return {"email": email, "password": password}


OPERATION: Final = Operation(
    ID,
    "sign in",
    body=lambda _, who: body(need_merchant(who).email, need_merchant(who).password),
    sender=lambda merchants: merchants.account,
    unique=lambda _, generated, who: {**generated, **body(need_merchant(who).email, need_merchant(who).password)},
    is_scarce=True,
    guessed=("email", "password"),
)
