"""Errors that are no JSON, of another shape, or that say too much about the server."""

from __future__ import annotations

import json
from dataclasses import replace

from sandbox.behaviour import Call, Change
from sandbox.changes import finishing
from sandbox.faults.builders import Rewrite, body, every_time, failing, message, raw, refusal, with_problem_status
from sandbox.faults.model import ANY, MUST, SHOULD, Fault, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Json,
    Reply,
)

PAGE = "<!doctype html><html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>"
HTML = "text/html; charset=utf-8"


def _html(operation: str | None, status: int | None = None) -> Change:
    return failing(raw(PAGE, HTML), operation, status)


def _unknown_path_html(call: Call, reply: Reply) -> Reply:
    return reply if call.methods else raw(PAGE, HTML)(call, reply)


def _member(name: str, value: Json) -> Rewrite:
    return body(lambda told: {**told, name: value} if isinstance(told, dict) else told)


def _without(name: str) -> Rewrite:
    return body(lambda told: {key: value for key, value in told.items() if key != name})


def _cut(call: Call, reply: Reply) -> Reply:
    return replace(reply, raw=json.dumps(reply.body).encode()[:-2])


def _quoted(call: Call, reply: Reply) -> Reply:
    """A dictionary as Python prints it, which is not JSON."""
    return replace(reply, raw=str(reply.body).encode())


FAULTS = table(
    "errors",
    Fault(
        "signup-error-html",
        SIGN_UP,
        MUST,
        "a refused sign-up is an HTML page",
        _html(SIGN_UP),
        requirements=("SIGNUP-ERROR-1", "SIGNUP-ERROR-2", "SIGNUP-ERROR-4"),
    ),
    Fault(
        "signin-error-html",
        SIGN_IN,
        MUST,
        "a refused sign-in is an HTML page",
        _html(SIGN_IN),
        requirements=("SIGNIN-ERROR-1", "SIGNIN-ERROR-2", "SIGNIN-ERROR-4"),
    ),
    Fault(
        "organization-401-html",
        CREATE_ORGANIZATION,
        MUST,
        "a 401 is an HTML page",
        _html(CREATE_ORGANIZATION, 401),
        requirements=("ORG-ERROR-1", "ORG-ERROR-2", "ORG-ERROR-4"),
    ),
    Fault(
        "customer-401-html",
        CREATE_CUSTOMER,
        MUST,
        "a 401 is an HTML page",
        _html(CREATE_CUSTOMER, 401),
        requirements=("CUSTOMER-ERROR-1", "CUSTOMER-ERROR-2", "CUSTOMER-ERROR-4"),
    ),
    Fault(
        "unknown-path-html",
        ANY,
        MUST,
        "an unknown path is an HTML page",
        finishing(_unknown_path_html),
        requirements=("API-ERROR-1",),
    ),
    Fault(
        "signup-400-empty",
        SIGN_UP,
        MUST,
        "a 400 has no body",
        failing(raw(b""), SIGN_UP, 400),
        requirements=("SIGNUP-ERROR-2",),
    ),
    Fault(
        "set-active-error-empty-object",
        SET_ACTIVE,
        MUST,
        "a refusal is {}",
        failing(body(lambda _: {}), SET_ACTIVE),
        requirements=("ACTIVE-ERROR-2",),
    ),
    Fault(
        "customer-error-string",
        CREATE_CUSTOMER,
        MUST,
        "an error is a JSON string",
        failing(body(lambda told: told["error"]), CREATE_CUSTOMER),
        requirements=("CUSTOMER-ERROR-2",),
    ),
    Fault(
        "malformed-json-404",
        ANY,
        MUST,
        "malformed JSON is a 404",
        refusal("malformed", with_problem_status(404)),
        requirements=(
            "SIGNUP-BODY-1",
            "SIGNIN-BODY-1",
            "ORG-BODY-1",
            "ACTIVE-BODY-1",
            "CUSTOMER-BODY-1",
            "CHECKOUT-BODY-1",
            "SIGNUP-STATUS-2",
            "SIGNIN-STATUS-2",
            "ORG-STATUS-2",
        ),
    ),
    Fault(
        "checkout-error-list",
        CREATE_CHECKOUT,
        MUST,
        "an error is a list",
        failing(body(lambda told: [told]), CREATE_CHECKOUT),
        requirements=("CHECKOUT-ERROR-2",),
    ),
    Fault(
        "checkout-error-status-code-missing",
        CREATE_CHECKOUT,
        MUST,
        "an error has message and error but no statusCode",
        failing(_without("statusCode"), CREATE_CHECKOUT),
        requirements=("CHECKOUT-ERROR-2",),
    ),
    Fault(
        "signup-error-code-number",
        SIGN_UP,
        MUST,
        "an error's code is a number",
        failing(_member("code", 17), SIGN_UP),
        requirements=("SIGNUP-ERROR-2",),
    ),
    Fault(
        "signin-error-message-object",
        SIGN_IN,
        MUST,
        "an error's message is an object",
        failing(_member("message", {"en": "No"}), SIGN_IN),
        requirements=("SIGNIN-ERROR-2",),
    ),
    Fault(
        "organization-error-message-missing",
        CREATE_ORGANIZATION,
        MUST,
        "an error is a code alone",
        failing(_without("message"), CREATE_ORGANIZATION),
        requirements=("ORG-ERROR-2",),
    ),
    Fault(
        "customer-error-status-code-differs",
        CREATE_CUSTOMER,
        MUST,
        "statusCode in the body is 500 whatever the status",
        failing(_member("statusCode", 500), CREATE_CUSTOMER),
        requirements=("CUSTOMER-ERROR-3",),
    ),
    Fault(
        "set-active-error-status-code-200",
        SET_ACTIVE,
        MUST,
        "errors carry statusCode 200",
        failing(_member("statusCode", 200), SET_ACTIVE),
        requirements=("ACTIVE-ERROR-3",),
    ),
    Fault(
        "organization-error-not-json",
        CREATE_ORGANIZATION,
        MUST,
        "an error is written with single quotes",
        failing(_quoted, CREATE_ORGANIZATION),
        requirements=("ORG-ERROR-2",),
    ),
    Fault(
        "checkout-every-3rd-error-html",
        CREATE_CHECKOUT,
        MUST,
        "every third refusal is an HTML page",
        failing(every_time(3, "refused sessions", raw(PAGE, HTML)), CREATE_CHECKOUT),
        requirements=("CHECKOUT-ERROR-1", "CHECKOUT-ERROR-2", "CHECKOUT-ERROR-4"),
    ),
    Fault(
        "unknown-path-file-path",
        ANY,
        MUST,
        "an unknown path shows where the server's files are",
        refusal("unknown-path", message("ENOENT: no such file or directory, stat '/usr/src/app/public/index.html'")),
        requirements=("API-ERROR-1",),
    ),
    Fault(
        "signin-unknown-email-told-by-message",
        SIGN_IN,
        SHOULD,
        "an unknown e-mail has another message than a wrong password",
        refusal("unknown-email", message("There is no account with this email")),
        requirements=("SIGNIN-AUTH-7",),
    ),
)
