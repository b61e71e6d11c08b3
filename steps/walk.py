"""The walk from sign-up to a checkout page, as requests that name what they take from each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from conformance.report.postman import Taken, WalkStep
from conformance.run import Run
from steps import operations
from steps.merchant import Merchant
from steps.merchants import TOKEN_HEADER
from steps.operations.create_customer import person

_TOKEN: Final = Taken(("token",), TOKEN_HEADER)
_CUSTOMER: Final = "customerId"
_ORGANIZATION: Final = "organizationId"


def pytest_conformance_walk(run: Run) -> list[WalkStep]:
    """Return the requests of the walk, and the three ways to name a session's customer."""
    made = replace(run, id="{{run}}")
    organization = f"{{{{{_ORGANIZATION}}}}}"
    merchant = Merchant("first", f"conformance.{{{{run}}}}@{run.settings.email_domain}", "{{password}}")
    merchant = replace(merchant, organization_id=organization)

    def body(operation: str, **changes: Any) -> dict[str, Any]:
        return {**operations.BY_ID[operation].body(made, merchant), **changes}

    def checkout(name: str, **changes: Any) -> WalkStep:
        return WalkStep(
            f"Checkout session {name}", operations.CREATE_CHECKOUT, body(operations.CREATE_CHECKOUT, **changes)
        )

    return [
        WalkStep(
            "Sign up",
            operations.SIGN_UP,
            body(operations.SIGN_UP, email=merchant.email, password=merchant.password),
        ),
        WalkStep("Sign in", operations.SIGN_IN, body(operations.SIGN_IN), {"token": _TOKEN}),
        WalkStep(
            "Create organization",
            operations.CREATE_ORGANIZATION,
            body(operations.CREATE_ORGANIZATION),
            {_ORGANIZATION: Taken(("id", "organization.id"))},
        ),
        WalkStep("Set active organization", operations.SET_ACTIVE, body(operations.SET_ACTIVE)),
        WalkStep(
            "Create customer",
            operations.CREATE_CUSTOMER,
            body(operations.CREATE_CUSTOMER, phoneNumber=f"{run.settings.phone_prefix}{{{{digits}}}}"),
            {_CUSTOMER: Taken(("id",))},
        ),
        checkout("of an existing customer", customerId=f"{{{{{_CUSTOMER}}}}}"),
        checkout("without a customer"),
        checkout(
            "with a new customer",
            customer={**person(made), "phoneNumber": f"{run.settings.phone_prefix}{{{{moreDigits}}}}"},
        ),
    ]
