"""Secrets in a form or a place where nobody looks for them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

from sandbox.behaviour import Call, Change
from sandbox.changes import both, finishing
from sandbox.faults.builders import Rewrite, editing, editing_top, failing, succeeding
from sandbox.faults.model import ANY, MUST, Fault, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    GET_CUSTOMER,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    JsonObject,
    Reply,
)

HASH = f"{'0f' * 16}:{'a1' * 64}"
TRACE = "Error: late at save (/srv/api/store.ts:41:7)"


def _password(call: Call) -> str:
    return str(call.fields.get("password") or "")


def _in_base64(call: Call, entity: JsonObject) -> None:
    entity["credential"] = base64.b64encode(f"{entity['email']}:{_password(call)}".encode()).decode()


def _in_digits(call: Call, entity: JsonObject) -> None:
    entity["seed"] = _password(call).encode().hex()


def _digest(call: Call, entity: JsonObject) -> None:
    entity["fingerprint"] = hashlib.sha256(_password(call).encode()).hexdigest()


def _in_query(call: Call, reply: Reply) -> Reply:
    return replace(reply, body={**reply.body, "url": f"/welcome?password={quote(_password(call))}"})


def _hint(make: Callable[[Call], str]) -> Rewrite:
    return lambda call, reply: replace(reply, headers=(*reply.headers, ("x-debug", make(call))))


def _keep_password(call: Call, reply: Reply) -> Reply:
    key = call.behaviour.email_lookup(str(call.fields.get("email")))
    call.memory.setdefault("passwords", {})[key] = _password(call)
    return reply


def _owner(call: Call, entity: JsonObject) -> None:
    user = call.store.user(call.caller.user_id)
    known = call.memory.get("passwords", {}).get(user.lookup if user else "")
    entity["createdBy"] = {"id": call.caller.user_id, "password": known}


def _sessions(call: Call, response: JsonObject) -> None:
    rows = call.store.execute("SELECT token FROM session WHERE user_id = ?", (response["user"]["id"],))
    response["sessions"] = [{"token": token} for (token,) in rows]


def _newest_session(call: Call) -> str:
    rows = call.store.execute("SELECT token FROM session ORDER BY rowid DESC LIMIT 1")
    return str(rows[0][0])


def _also_in_reads(rewrite: Rewrite) -> Change:
    return succeeding(GET_CUSTOMER, rewrite)


def _everywhere(call: Call, reply: Reply) -> Reply:
    return _hint(lambda _: TRACE)(call, reply)


FAULTS = table(
    "disguised secrets",
    Fault(
        "signup-password-in-base64",
        SIGN_UP,
        MUST,
        "the user holds e-mail and password in base64",
        editing(SIGN_UP, _in_base64),
        requirements=("SIGNUP-LEAK-20",),
    ),
    Fault(
        "signin-password-in-hexadecimal",
        SIGN_IN,
        MUST,
        "the user holds the password in hexadecimal digits",
        editing(SIGN_IN, _in_digits),
        requirements=("SIGNIN-LEAK-20",),
    ),
    Fault(
        "signup-password-digest",
        SIGN_UP,
        MUST,
        "the user holds the plain SHA-256 of the password",
        editing(SIGN_UP, _digest),
        requirements=("SIGNUP-LEAK-20",),
    ),
    Fault(
        "signin-password-in-url",
        SIGN_IN,
        MUST,
        "the URL to go to has the password in its query",
        succeeding(SIGN_IN, _in_query),
        requirements=("SIGNIN-LEAK-20",),
    ),
    Fault(
        "customer-owner-with-password",
        CREATE_CUSTOMER,
        MUST,
        "a customer shows its creator with the password of the sign-up",
        both(succeeding(SIGN_UP, _keep_password), editing(CREATE_CUSTOMER, _owner)),
        requirements=("CUSTOMER-LEAK-1", "CUSTOMER-LEAK-20"),
    ),
    Fault(
        "organization-hash-in-header",
        CREATE_ORGANIZATION,
        MUST,
        "a header holds the hash of the owner's password",
        succeeding(CREATE_ORGANIZATION, _hint(lambda _: HASH)),
        requirements=("ORG-LEAK-1",),
    ),
    Fault(
        "signin-other-sessions-shown",
        SIGN_IN,
        MUST,
        "a sign-in lists the tokens of the user's sessions",
        editing_top(SIGN_IN, _sessions),
        requirements=("SIGNIN-LEAK-21",),
    ),
    Fault(
        "set-active-newest-token-in-header",
        SET_ACTIVE,
        MUST,
        "a header holds the token of whoever signed in last",
        succeeding(SET_ACTIVE, _hint(_newest_session)),
        requirements=("ACTIVE-LEAK-21",),
    ),
    Fault(
        "customer-read-newest-token-in-header",
        GET_CUSTOMER,
        MUST,
        "the read of a customer holds the token of whoever signed in last in a header",
        _also_in_reads(_hint(_newest_session)),
        requirements=("API-LEAK-21",),
    ),
    Fault(
        "trace-in-header",
        ANY,
        MUST,
        "each response has a stack trace in a header",
        finishing(_everywhere),
        requirements=tuple(
            f"{name}-LEAK-22" for name in ("SIGNUP", "SIGNIN", "ORG", "ACTIVE", "CUSTOMER", "CHECKOUT", "API")
        ),
    ),
    Fault(
        "customer-refused-by-file-in-header",
        CREATE_CUSTOMER,
        MUST,
        "a header of a refusal tells the source file that refused it",
        failing(_hint(lambda _: "/var/www/html/app/Http/Controllers/CustomerController.php"), CREATE_CUSTOMER),
        requirements=("CUSTOMER-LEAK-22",),
    ),
    Fault(
        "organization-refused-by-line-in-header",
        CREATE_ORGANIZATION,
        MUST,
        "a header of a refusal tells the line that refused it, in whatever folder",
        failing(_hint(lambda _: "/data/releases/7/validators.js:84 in done"), CREATE_ORGANIZATION),
        requirements=("ORG-LEAK-22",),
    ),
    Fault(
        "checkout-query-in-header",
        CREATE_CHECKOUT,
        MUST,
        "a header tells the SQL that was run",
        succeeding(CREATE_CHECKOUT, _hint(lambda _: "INSERT INTO checkout VALUES ($1, $2)")),
        requirements=("CHECKOUT-LEAK-22",),
    ),
)
