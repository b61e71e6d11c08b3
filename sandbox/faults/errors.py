"""Errors that are no JSON, of another shape, or that say too much about the server."""

from __future__ import annotations

import json
from dataclasses import replace

from sandbox.faults.builders import (
    Answer,
    body,
    every_time,
    failing,
    finishing,
    message,
    raw,
    refusal,
    with_problem_status,
)
from sandbox.faults.model import ANY, MUST, SHOULD, Change, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Call,
    Json,
    Reply,
)

PAGE = "<!doctype html><html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>"
HTML = "text/html; charset=utf-8"
PYTHON_TRACE = (
    "Traceback (most recent call last):\n"
    '  File "/srv/app/api/customers.py", line 88, in create\n    merchant = body["merchant"]\nKeyError: \'merchant\''
)
NODE_TRACE = (
    "TypeError: Cannot read properties of undefined (reading 'email')\n"
    "    at AuthService.signIn (/usr/src/app/dist/auth/auth.service.js:41:29)\n"
    "    at processTicksAndRejections (node:internal/process/task_queues:95:5)"
)
SQL = 'duplicate key value violates unique constraint; INSERT INTO "user" ("id", "email") VALUES ($1, $2)'


def _html(operation: str | None, status: int | None = None) -> Change:
    return failing(raw(PAGE, HTML), operation, status)


def _unknown_path_html(call: Call, reply: Reply) -> Reply:
    return reply if call.methods else raw(PAGE, HTML)(call, reply)


def _member(name: str, value: Json) -> Answer:
    return body(lambda told: {**told, name: value} if isinstance(told, dict) else told)


def _without(name: str) -> Answer:
    return body(lambda told: {key: value for key, value in told.items() if key != name})


def _off_by(difference: int) -> Answer:
    return body(lambda told: {**told, "statusCode": told["statusCode"] + difference})


def _findings(told: Json) -> Json:
    return {**told, "message": [{"field": "body", "message": text} for text in _as_list(told["message"])]}


def _as_list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def _cut(call: Call, reply: Reply) -> Reply:
    return replace(reply, raw=json.dumps(reply.body).encode()[:-2])


def _quoted(call: Call, reply: Reply) -> Reply:
    """A dictionary as Python prints it, which is not JSON."""
    return replace(reply, raw=str(reply.body).encode())


FAULTS = table(
    "errors",
    ("signup-error-html", SIGN_UP, MUST, "a refused sign-up is an HTML page", _html(SIGN_UP)),
    ("signin-error-html", SIGN_IN, MUST, "a refused sign-in is an HTML page", _html(SIGN_IN)),
    ("organization-401-html", CREATE_ORGANIZATION, MUST, "a 401 is an HTML page", _html(CREATE_ORGANIZATION, 401)),
    ("customer-401-html", CREATE_CUSTOMER, MUST, "a 401 is an HTML page", _html(CREATE_CUSTOMER, 401)),
    ("checkout-404-html", CREATE_CHECKOUT, MUST, "an unknown customer is an HTML page", _html(CREATE_CHECKOUT, 404)),
    ("unknown-path-html", ANY, MUST, "an unknown path is an HTML page", finishing(_unknown_path_html)),
    (
        "customer-401-plain-text",
        CREATE_CUSTOMER,
        MUST,
        "a 401 is the plain text Unauthorized",
        failing(raw("Unauthorized", "text/plain"), CREATE_CUSTOMER, 401),
    ),
    ("customer-401-empty", CREATE_CUSTOMER, MUST, "a 401 has no body", failing(raw(b""), CREATE_CUSTOMER, 401)),
    ("checkout-400-empty", CREATE_CHECKOUT, MUST, "a 400 has no body", failing(raw(b""), CREATE_CHECKOUT, 400)),
    ("signup-400-empty", SIGN_UP, MUST, "a 400 has no body", failing(raw(b""), SIGN_UP, 400)),
    ("set-active-error-empty-object", SET_ACTIVE, MUST, "a refusal is {}", failing(body(lambda _: {}), SET_ACTIVE)),
    (
        "customer-error-string",
        CREATE_CUSTOMER,
        MUST,
        "an error is a JSON string",
        failing(body(lambda told: told["error"]), CREATE_CUSTOMER),
    ),
    ("malformed-json-404", ANY, MUST, "malformed JSON is a 404", refusal("malformed", with_problem_status(404))),
    (
        "checkout-error-list",
        CREATE_CHECKOUT,
        MUST,
        "an error is a list",
        failing(body(lambda told: [told]), CREATE_CHECKOUT),
    ),
    (
        "checkout-error-in-errors",
        CREATE_CHECKOUT,
        MUST,
        "an error is {errors: [...]}",
        failing(body(lambda told: {"errors": _as_list(told["message"])}), CREATE_CHECKOUT),
    ),
    (
        "customer-error-without-message",
        CREATE_CUSTOMER,
        MUST,
        "an error has no message",
        failing(_without("message"), CREATE_CUSTOMER),
    ),
    (
        "customer-error-message-null",
        CREATE_CUSTOMER,
        MUST,
        "an error's message is null",
        failing(_member("message", None), CREATE_CUSTOMER),
    ),
    (
        "checkout-error-message-objects",
        CREATE_CHECKOUT,
        MUST,
        "an error's message is a list of objects",
        failing(body(_findings), CREATE_CHECKOUT),
    ),
    (
        "checkout-error-status-code-missing",
        CREATE_CHECKOUT,
        MUST,
        "an error has message and error but no statusCode",
        failing(_without("statusCode"), CREATE_CHECKOUT),
    ),
    ("signup-error-code-number", SIGN_UP, MUST, "an error's code is a number", failing(_member("code", 17), SIGN_UP)),
    (
        "signin-error-message-object",
        SIGN_IN,
        MUST,
        "an error's message is an object",
        failing(_member("message", {"en": "No"}), SIGN_IN),
    ),
    (
        "organization-error-message-missing",
        CREATE_ORGANIZATION,
        MUST,
        "an error is a code alone",
        failing(_without("message"), CREATE_ORGANIZATION),
    ),
    (
        "customer-error-status-code-differs",
        CREATE_CUSTOMER,
        MUST,
        "statusCode in the body is 500 whatever the status",
        failing(_member("statusCode", 500), CREATE_CUSTOMER),
    ),
    (
        "checkout-error-status-code-off-by-one",
        CREATE_CHECKOUT,
        MUST,
        "statusCode in the body is one more than the status",
        failing(_off_by(1), CREATE_CHECKOUT),
    ),
    (
        "checkout-error-status-code-string",
        CREATE_CHECKOUT,
        MUST,
        "statusCode in the body is text",
        failing(body(lambda told: {**told, "statusCode": str(told["statusCode"])}), CREATE_CHECKOUT),
    ),
    (
        "set-active-error-status-code-200",
        SET_ACTIVE,
        MUST,
        "errors carry statusCode 200",
        failing(_member("statusCode", 200), SET_ACTIVE),
    ),
    ("customer-error-cut", CREATE_CUSTOMER, MUST, "the JSON of an error is cut off", failing(_cut, CREATE_CUSTOMER)),
    (
        "organization-error-not-json",
        CREATE_ORGANIZATION,
        MUST,
        "an error is written with single quotes",
        failing(_quoted, CREATE_ORGANIZATION),
    ),
    (
        "checkout-every-3rd-error-html",
        CREATE_CHECKOUT,
        MUST,
        "every third refusal is an HTML page",
        failing(every_time(3, "refused sessions", raw(PAGE, HTML)), CREATE_CHECKOUT),
    ),
    (
        "customer-error-stack-trace",
        CREATE_CUSTOMER,
        MUST,
        "errors carry a stack trace",
        failing(_member("stack", PYTHON_TRACE), CREATE_CUSTOMER),
    ),
    (
        "signin-error-stack-trace",
        SIGN_IN,
        MUST,
        "a wrong password shows a stack trace",
        failing(_member("stack", NODE_TRACE), SIGN_IN, 401),
    ),
    (
        "unknown-path-file-path",
        ANY,
        MUST,
        "an unknown path shows where the server's files are",
        refusal("unknown-path", message("ENOENT: no such file or directory, stat '/usr/src/app/public/index.html'")),
    ),
    (
        "checkout-404-file-path",
        CREATE_CHECKOUT,
        MUST,
        "an unknown customer shows where the server's files are",
        refusal("unknown-customer", message("customer not found (/srv/app/src/checkout/checkout.service.ts:112)")),
    ),
    ("signup-taken-email-sql", SIGN_UP, MUST, "a taken e-mail shows SQL", refusal("email-taken", message(SQL))),
    (
        "organization-taken-slug-sql",
        CREATE_ORGANIZATION,
        MUST,
        "a taken slug shows a database error",
        refusal("slug-taken", message("SQLITE_CONSTRAINT: UNIQUE constraint failed: organization.slug")),
    ),
    (
        "customer-409-sql",
        CREATE_CUSTOMER,
        MUST,
        "a duplicate customer shows SQL",
        refusal(
            "same-customer", message("SELECT id FROM customers WHERE email = $1 AND merchant_id = $2 returned 1 row")
        ),
    ),
    (
        "signin-unknown-email-told-by-message",
        SIGN_IN,
        SHOULD,
        "an unknown e-mail has another message than a wrong password",
        refusal("unknown-email", message("There is no account with this email")),
    ),
    (
        "signin-unknown-email-told-by-code",
        SIGN_IN,
        SHOULD,
        "an unknown e-mail has another code than a wrong password",
        refusal("unknown-email", lambda problem: replace(problem, code="USER_NOT_FOUND")),
    ),
)
