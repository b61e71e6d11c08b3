"""What looks lawful and is not: the application's own errors in the place of a gateway's, and what they give away."""

from __future__ import annotations

from dataclasses import replace

from sandbox.behaviour import Call
from sandbox.faults.builders import editing, every_time, failing, message, raw, refusal, succeeding
from sandbox.faults.model import MUST, Fault, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    JsonObject,
    Reply,
)

PAGE = "<html><head><title>403 Forbidden</title></head><body><h1>403 Forbidden</h1></body></html>"
TRACE = (
    "TypeError: no id\n    at Object.save (/usr/src/app/dist/customers.js:41:17)\n    at run (node:internal/main:7:3)"
)


def _unavailable(status: int, **told: object) -> Reply:
    return Reply(status, {"statusCode": status, "message": "Service is busy", "error": "Unavailable", **told})


def _forbidden(_: Call, reply: Reply) -> Reply:
    return replace(reply, body={"message": "Forbidden"})


def _hash(call: Call, user: JsonObject) -> None:
    stored = call.store.user(user["id"])
    user["hash"] = stored.password.partition(":")[2] if stored else None


FAULTS = table(
    "look-alikes",
    Fault(
        "checkout-every-9th-503-of-its-own",
        CREATE_CHECKOUT,
        MUST,
        "every ninth session is 503 with the application's own JSON",
        succeeding(CREATE_CHECKOUT, every_time(9, "busy", lambda _, __: _unavailable(503))),
        requirements=("CHECKOUT-STATUS-3",),
    ),
    Fault(
        "organization-every-7th-502-of-its-own",
        CREATE_ORGANIZATION,
        MUST,
        "every seventh organization is 502 with the application's own JSON",
        succeeding(CREATE_ORGANIZATION, every_time(7, "bad", lambda _, __: _unavailable(502, code="UPSTREAM"))),
        requirements=("ORG-STATUS-3",),
    ),
    Fault(
        "customer-403-page-of-its-own",
        CREATE_CUSTOMER,
        MUST,
        "another merchant's organization is a 403 that is the application's own page",
        failing(raw(PAGE, "text/html"), CREATE_CUSTOMER, 403),
        requirements=("CUSTOMER-ERROR-1", "CUSTOMER-ERROR-2", "CUSTOMER-ERROR-4"),
    ),
    Fault(
        "set-active-403-message-alone",
        SET_ACTIVE,
        MUST,
        "another merchant's organization is a 403 with a message alone",
        failing(_forbidden, SET_ACTIVE, 403),
        requirements=("ACTIVE-ERROR-2",),
    ),
    Fault(
        "organization-error-stack-trace",
        CREATE_ORGANIZATION,
        MUST,
        "a slug that is taken shows a stack trace",
        refusal("slug-taken", message(TRACE)),
        requirements=("ORG-ERROR-4",),
    ),
    Fault(
        "signup-error-sql-in-small-letters",
        SIGN_UP,
        MUST,
        "a taken e-mail shows a query in small letters",
        refusal("email-taken", message('select "id" from "user" where "email" = $1 has one row too many')),
        requirements=("SIGNUP-ERROR-4",),
    ),
    Fault(
        "customer-error-sql-syntax",
        CREATE_CUSTOMER,
        MUST,
        "a foreign organization shows the database's own words",
        refusal("foreign-merchant", message('syntax error at or near "merchant"')),
        requirements=("CUSTOMER-ERROR-4",),
    ),
    Fault(
        "checkout-error-file-path",
        CREATE_CHECKOUT,
        MUST,
        "an unknown customer shows where the server's files are",
        refusal("unknown-customer", message("cannot open /var/lib/checkout/sessions/customers.db")),
        requirements=("CHECKOUT-ERROR-4",),
    ),
    Fault(
        "signin-password-hash-as-hash",
        SIGN_IN,
        MUST,
        "the user has a field hash, which is the password's",
        editing(SIGN_IN, _hash),
        requirements=("SIGNIN-LEAK-2",),
    ),
)
