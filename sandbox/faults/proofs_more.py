"""Valid requests that are refused, a refusal that leaves something, and a success of another kind."""

from __future__ import annotations

import re
from dataclasses import replace

from sandbox.behaviour import Call
from sandbox.changes import finishing
from sandbox.faults.builders import broken, every, failing, keeps_slug, succeeding
from sandbox.faults.model import MUST, Fault, table
from sandbox.model import CREATE_CHECKOUT, CREATE_CUSTOMER, CREATE_ORGANIZATION, LIST_CUSTOMERS, SIGN_UP, Reply

_PLAIN_PAGE = re.compile(r"(limit=[1-9]\d{0,2}(&offset=\d{1,6})?)?")


def _refused(_: Call, __: Reply) -> Reply:
    return Reply(400, {"code": "TRY_AGAIN", "message": "The account could not be created"})


def _conflict_elsewhere(call: Call, reply: Reply, email: object) -> Reply:
    """A customer is refused whom any merchant has."""
    count = "SELECT COUNT(DISTINCT merchant_id) FROM customer WHERE email = ?"
    ((merchants,),) = call.store.execute(count, (email,))
    if merchants < 2:
        return reply
    return call.behaviour.write_problem(call, call.behaviour.refusals["same-customer"])


def _customer_elsewhere(call: Call, reply: Reply) -> Reply:
    return _conflict_elsewhere(call, reply, call.fields.get("email"))


def _inline_elsewhere(call: Call, reply: Reply) -> Reply:
    customer = call.fields.get("customer")
    return _conflict_elsewhere(call, reply, customer.get("email")) if isinstance(customer, dict) else reply


def _odd_page(call: Call, reply: Reply) -> Reply:
    odd = call.operation == LIST_CUSTOMERS and not _PLAIN_PAGE.fullmatch(call.query)
    return broken(call, reply) if odd else reply


FAULTS = table(
    "proofs",
    Fault(
        "signup-every-3rd-refused",
        SIGN_UP,
        MUST,
        "every third valid sign-up is refused",
        succeeding(SIGN_UP, every(3, _refused)),
        requirements=("SIGNUP-STATUS-1",),
    ),
    Fault(
        "organization-refused-keeps-slug",
        CREATE_ORGANIZATION,
        MUST,
        "a refused organization has taken its slug",
        failing(keeps_slug, CREATE_ORGANIZATION, 400),
        requirements=("ORG-STATE-1",),
    ),
    Fault(
        "organization-as-a-list",
        CREATE_ORGANIZATION,
        MUST,
        "the organization comes in a list",
        succeeding(CREATE_ORGANIZATION, lambda _, reply: replace(reply, body=[reply.body])),
        requirements=("ORG-SCHEMA-1",),
    ),
    Fault(
        "customer-known-elsewhere-refused",
        CREATE_CUSTOMER,
        MUST,
        "a customer whom another merchant has is refused",
        succeeding(CREATE_CUSTOMER, _customer_elsewhere),
        requirements=("CUSTOMER-TENANT-22",),
    ),
    Fault(
        "inline-known-elsewhere-refused",
        CREATE_CHECKOUT,
        MUST,
        "a new customer whom another merchant has is refused",
        succeeding(CREATE_CHECKOUT, _inline_elsewhere),
        requirements=("CHECKOUT-INLINE-22",),
    ),
    Fault(
        "customers-page-of-any-other-form-500",
        LIST_CUSTOMERS,
        MUST,
        "a page that is asked for in any other form than a plain limit and offset is a 500",
        finishing(_odd_page),
        requirements=("API-STATUS-1", "CUSTOMER-LIST-27"),
    ),
)
