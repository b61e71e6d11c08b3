"""Create customer: a customer of the active organization, or of the one that is named."""

from __future__ import annotations

from typing import Any, Final

from conformance.run import Run
from steps import made_up
from steps.operations.base import Body, Operation, need_merchant

ID: Final = "createCustomer"


def body(run: Run, merchant_id: str | None) -> Body:
    """Return the valid body of a new customer of a merchant, or of the active organization where none is named."""
    merchant: dict[str, Any] = {} if merchant_id is None else {"merchantId": merchant_id}
    return {**person(run), **merchant}


def person(run: Run) -> Body:
    """Return a new customer as such, as a checkout session takes it along too."""
    return {
        "name": f"Conformance Customer {run.unique()}",
        "email": made_up.email(run),
        "phoneNumber": made_up.phone_number(run),
        "metadata": made_up.metadata(run),
    }


def identity(run: Run) -> Body:
    """Return what makes a customer a new one."""
    return {"email": made_up.email(run), "phoneNumber": made_up.phone_number(run)}


OPERATION: Final = Operation(
    ID,
    "create customer",
    body=lambda run, who: body(run, need_merchant(who).organization_id),
    sender=lambda merchants: merchants.first,
    unique=lambda run, generated, _: {**generated, **identity(run)},
    bases={"without a merchant": lambda run, _: body(run, None)},
)
