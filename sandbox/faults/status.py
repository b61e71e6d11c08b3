"""The wrong HTTP status: another success, a success for a refusal, a server error for either."""

from __future__ import annotations

from dataclasses import replace

from sandbox.behaviour import Call
from sandbox.faults.builders import Rewrite, broken, every, failing, refusal, status, succeeding, with_problem_status
from sandbox.faults.model import ANY, MUST, Fault, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Problem,
    Reply,
)


def _empty(number: int) -> Rewrite:
    return lambda _, reply: replace(reply, status=number, raw=b"", media_type=None)


def _to_the_page(_: Call, reply: Reply) -> Reply:
    return replace(reply, status=303, headers=(*reply.headers, ("location", reply.body["sessionUrl"])), raw=b"")


def unavailable(call: Call, _: Reply) -> Reply:
    return call.behaviour.write_problem(call, Problem(503, "SERVICE_UNAVAILABLE", "Try again later"))


FAULTS = table(
    "status",
    Fault(
        "signup-201",
        SIGN_UP,
        MUST,
        "sign-up answers 201",
        succeeding(SIGN_UP, status(201)),
        requirements=("SIGNUP-STATUS-1", "SIGNUP-STATUS-2"),
    ),
    Fault(
        "signin-every-3rd-500",
        SIGN_IN,
        MUST,
        "every third sign-in is a 500",
        succeeding(SIGN_IN, every(3, broken)),
        requirements=("SIGNIN-STATUS-3",),
    ),
    Fault(
        "organization-201",
        CREATE_ORGANIZATION,
        MUST,
        "create organization answers 201",
        succeeding(CREATE_ORGANIZATION, status(201)),
        requirements=("ORG-STATUS-1", "ORG-STATUS-2"),
    ),
    Fault(
        "organization-every-5th-500",
        CREATE_ORGANIZATION,
        MUST,
        "every fifth organization is a 500",
        succeeding(CREATE_ORGANIZATION, every(5, broken)),
        requirements=("ORG-STATUS-3",),
    ),
    Fault(
        "set-active-204",
        SET_ACTIVE,
        MUST,
        "set-active answers 204 without a body",
        succeeding(SET_ACTIVE, _empty(204)),
        requirements=("ACTIVE-STATUS-1", "ACTIVE-STATUS-2"),
    ),
    Fault(
        "set-active-201",
        SET_ACTIVE,
        MUST,
        "set-active answers 201",
        succeeding(SET_ACTIVE, status(201)),
        requirements=("ACTIVE-STATUS-1", "ACTIVE-STATUS-2"),
    ),
    Fault(
        "customer-204",
        CREATE_CUSTOMER,
        MUST,
        "create customer answers 204 without a body",
        succeeding(CREATE_CUSTOMER, _empty(204)),
        requirements=("CUSTOMER-STATUS-1", "CUSTOMER-STATUS-2"),
    ),
    Fault(
        "customer-every-6th-503",
        CREATE_CUSTOMER,
        MUST,
        "every sixth customer is answered 503",
        succeeding(CREATE_CUSTOMER, every(6, unavailable)),
        requirements=("CUSTOMER-STATUS-3",),
    ),
    Fault(
        "checkout-redirects-to-page",
        CREATE_CHECKOUT,
        MUST,
        "the caller is redirected to the checkout page",
        succeeding(CREATE_CHECKOUT, _to_the_page),
        requirements=("CHECKOUT-STATUS-1", "CHECKOUT-STATUS-2", "CHECKOUT-NONE-1", "CHECKOUT-STATE-1"),
    ),
    Fault(
        "checkout-every-5th-500",
        CREATE_CHECKOUT,
        MUST,
        "every fifth session is a 500",
        succeeding(CREATE_CHECKOUT, every(5, broken)),
        requirements=("CHECKOUT-STATUS-3",),
    ),
    Fault(
        "signin-wrong-password-403",
        SIGN_IN,
        MUST,
        "a wrong password is 403",
        refusal("wrong-password", with_problem_status(403)),
        requirements=("SIGNIN-AUTH-1", "SIGNIN-AUTH-3", "SIGNIN-AUTH-4", "SIGNIN-AUTH-5", "SIGNIN-AUTH-6"),
    ),
    Fault(
        "signin-unknown-email-404",
        SIGN_IN,
        MUST,
        "an unknown e-mail is 404",
        refusal("unknown-email", with_problem_status(404)),
        requirements=("SIGNIN-STATUS-2", "SIGNIN-AUTH-2"),
    ),
    Fault(
        "signup-taken-email-500",
        SIGN_UP,
        MUST,
        "a taken e-mail is 500",
        refusal("email-taken", with_problem_status(500)),
        requirements=("SIGNUP-STATUS-3",),
    ),
    Fault(
        "set-active-unknown-500",
        SET_ACTIVE,
        MUST,
        "an unknown organization is 500",
        refusal("unknown-organization", with_problem_status(500)),
        requirements=("ACTIVE-STATUS-3", "ACTIVE-HOSTILE-1"),
    ),
    Fault(
        "signup-invalid-500",
        SIGN_UP,
        MUST,
        "an invalid body is 500",
        failing(status(500), SIGN_UP, 400),
        requirements=("SIGNUP-STATUS-3", "SIGNUP-HOSTILE-1"),
    ),
    Fault(
        "organization-invalid-500",
        CREATE_ORGANIZATION,
        MUST,
        "an invalid body is 500",
        failing(broken, CREATE_ORGANIZATION, 400),
        requirements=("ORG-STATUS-3",),
    ),
    Fault(
        "customer-invalid-500",
        CREATE_CUSTOMER,
        MUST,
        "an invalid body is 500",
        failing(broken, CREATE_CUSTOMER, 400),
        requirements=("CUSTOMER-STATUS-3", "CUSTOMER-HOSTILE-1"),
    ),
    Fault(
        "checkout-invalid-500",
        CREATE_CHECKOUT,
        MUST,
        "an invalid body is 500",
        failing(broken, CREATE_CHECKOUT, 400),
        requirements=("CHECKOUT-STATUS-3", "CHECKOUT-BOTH-1", "CHECKOUT-HOSTILE-1"),
    ),
    Fault(
        "unknown-path-500",
        ANY,
        MUST,
        "an unknown path is 500",
        refusal("unknown-path", with_problem_status(500)),
        requirements=("API-STATUS-1",),
    ),
)
