"""The words that all of the sandbox shares: operations, JSON, and what a call ends in, a reply or a problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

Json: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Any]
Headers: TypeAlias = tuple[tuple[str, str], ...]

SIGN_UP = "signUpEmail"
SIGN_IN = "signInEmail"
CREATE_ORGANIZATION = "createOrganization"
SET_ACTIVE = "setActiveOrganization"
CREATE_CUSTOMER = "createCustomer"
CREATE_CHECKOUT = "createCheckoutSession"
GET_CUSTOMER = "getCustomer"
LIST_CUSTOMERS = "listCustomers"
GET_CHECKOUT = "getCheckoutSession"
CHECKOUT_PAGE = "checkoutPage"
PAY = "pay"

AUTHENTICATION = frozenset({SIGN_UP, SIGN_IN, CREATE_ORGANIZATION, SET_ACTIVE})
OPERATIONS = (SIGN_UP, SIGN_IN, CREATE_ORGANIZATION, SET_ACTIVE, CREATE_CUSTOMER, CREATE_CHECKOUT)
PROTECTED = frozenset(
    {CREATE_ORGANIZATION, SET_ACTIVE, CREATE_CUSTOMER, CREATE_CHECKOUT, GET_CUSTOMER, LIST_CUSTOMERS, GET_CHECKOUT}
)
OPTIONAL_READS = frozenset({GET_CUSTOMER, LIST_CUSTOMERS, GET_CHECKOUT})


@dataclass(frozen=True)
class Reply:
    """One response, before it is written: ``raw`` bytes win over a JSON ``body``."""

    status: int
    body: Json = None
    headers: Headers = ()
    media_type: str | None = "application/json"
    raw: bytes | None = None
    delay: float = 0.0
    chunked: bool = False

    @property
    def succeeded(self) -> bool:
        return self.status < 300


@dataclass(frozen=True)
class Problem:
    """What is wrong with a call: a status, a code for machines and one or more sentences for people."""

    status: int
    code: str
    message: str
    more: tuple[str, ...] = ()
    headers: Headers = ()

    @property
    def messages(self) -> tuple[str, ...]:
        return (self.message, *self.more)


class Refused(Exception):
    """A call ends here; the behaviour's error writer turns the problem into a reply."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def text(value: Json) -> str:
    """A string as it is, nothing as the empty string, anything else as its JSON-like text."""
    if isinstance(value, str):
        return value
    return "" if value is None else str(value)


def optional_text(value: Json) -> str | None:
    return None if value is None else text(value)
