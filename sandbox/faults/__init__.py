"""The seeded single faults, grouped by kind; ``ALL`` holds every one of them."""

from __future__ import annotations

from dataclasses import replace

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
from sandbox.faults.expected import EXPECTED
from sandbox.faults.model import Fault

_ALL: tuple[Fault, ...] = (
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

ALL: tuple[Fault, ...] = tuple(replace(fault, requirements=EXPECTED.get(fault.id, ())) for fault in _ALL)
"""Every fault, with the requirements of the catalogue that have to fire on it."""
