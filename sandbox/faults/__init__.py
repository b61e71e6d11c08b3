"""The seeded single faults, grouped by kind; ``ALL`` holds every one of them."""

from __future__ import annotations

from sandbox.faults import (
    authentication,
    customer_options,
    echo,
    errors,
    headers,
    leaks,
    protocol,
    schema,
    status,
    tenancy,
    uniqueness,
    validation,
)
from sandbox.faults.model import Fault

ALL: tuple[Fault, ...] = (
    *schema.FAULTS,
    *status.FAULTS,
    *headers.FAULTS,
    *echo.FAULTS,
    *customer_options.FAULTS,
    *authentication.FAULTS,
    *tenancy.FAULTS,
    *validation.FAULTS,
    *uniqueness.FAULTS,
    *errors.FAULTS,
    *protocol.FAULTS,
    *leaks.FAULTS,
)
