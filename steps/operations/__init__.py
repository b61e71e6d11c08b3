"""The six operations: how a valid body of each is made, who sends it, and what of it has to be unique."""

from __future__ import annotations

from typing import Final

from steps.merchant import Merchant, Provisioned
from steps.operations import (
    create_checkout,
    create_customer,
    create_organization,
    set_active,
    sign_in,
    sign_up,
)
from steps.operations.base import Operation

SIGN_UP: Final = sign_up.ID
SIGN_IN: Final = sign_in.ID
CREATE_ORGANIZATION: Final = create_organization.ID
SET_ACTIVE: Final = set_active.ID
CREATE_CUSTOMER: Final = create_customer.ID
CREATE_CHECKOUT: Final = create_checkout.ID

ALL: Final[tuple[Operation, ...]] = tuple(
    module.OPERATION for module in (sign_up, sign_in, create_organization, set_active, create_customer, create_checkout)
)
BY_ID: Final = {operation.id: operation for operation in ALL}
BY_WORDS: Final = {operation.words: operation.id for operation in ALL}
SCARCE: Final = tuple(operation.id for operation in ALL if operation.is_scarce)


def sender(merchants: Provisioned, operation: str) -> Merchant | None:
    """Return who sends an operation's requests: nobody to sign up."""
    return BY_ID[operation].sender(merchants)
