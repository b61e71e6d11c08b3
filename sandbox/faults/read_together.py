"""What is asked at the same moment by others gets into the way: reads, sign-ups, and two sessions of one user."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sandbox.behaviour import Call
from sandbox.changes import finishing
from sandbox.faults.model import MUST, Fault, table
from sandbox.faults.together import BUSY, HELD, overlapping
from sandbox.model import GET_CHECKOUT, GET_CUSTOMER, LIST_CUSTOMERS, SET_ACTIVE, SIGN_UP, Json, Reply

Key = Callable[[Call], str]


def _one_for_all(operation: str) -> Callable[[Call, Reply], Reply]:
    """Who asks while another one is answered gets the other's response."""

    def finish(call: Call, reply: Reply) -> Reply:
        if call.operation != operation or not reply.succeeded:
            return reply
        now, kept = time.monotonic(), call.memory.setdefault(f"responses to {operation}", [])
        kept[:] = [(body, when) for body, when in kept if now - when < BUSY]
        kept.append((reply.body, now))
        first: Json = kept[0][0]
        return replace(reply, body=first, delay=reply.delay + HELD)

    return finish


def _user_of_the_first(call: Call, reply: Reply) -> Reply:
    """The session of who signs up while another does is the other's."""
    if call.operation == SIGN_UP and reply.succeeded:
        token, known = _session_of(call, reply), call.memory.get("first sign-up")
        if call.memory["overlaps"] and known is not None:
            call.store.execute("UPDATE session SET user_id = ? WHERE token = ?", (known, token))
        else:
            call.memory["first sign-up"] = reply.body["user"]["id"]
    return reply


def _session_of(call: Call, reply: Reply) -> Any:
    user = reply.body["user"]["id"]
    return call.store.execute("SELECT token FROM session WHERE user_id = ? ORDER BY rowid DESC LIMIT 1", (user,))[0][0]


def _both_of_the_user(call: Call, reply: Reply) -> Reply:
    """What a user makes active while another session of hers does the same is active in both."""
    if call.operation == SET_ACTIVE and reply.succeeded:
        now, active = time.monotonic(), call.fields["organizationId"]
        recent = call.memory.setdefault(f"sessions of {call.caller.user_id}", [])
        recent[:] = [(token, when) for token, when in recent if now - when < BUSY]
        for token, _ in recent:
            call.store.activate(token, active)
        recent.append((call.caller.token, now))
    return reply


FAULTS = table(
    "together",
    Fault(
        "customer-read-of-another-at-once",
        GET_CUSTOMER,
        MUST,
        "a customer who is read while another is reads as the other",
        finishing(_one_for_all(GET_CUSTOMER)),
        ("CUSTOMER-READ-27",),
    ),
    Fault(
        "checkout-read-of-another-at-once",
        GET_CHECKOUT,
        MUST,
        "a session that is read while another is reads as the other",
        finishing(_one_for_all(GET_CHECKOUT)),
        ("CHECKOUT-READ-27",),
    ),
    Fault(
        "customers-of-another-at-once",
        LIST_CUSTOMERS,
        MUST,
        "a list that is read while another is shows the other merchant's customers",
        finishing(_one_for_all(LIST_CUSTOMERS)),
        ("CUSTOMER-LIST-28",),
    ),
    Fault(
        "signup-session-of-another-at-once",
        SIGN_UP,
        MUST,
        "the session of a sign-up opens as the user who signed up at the same moment",
        overlapping(SIGN_UP, finishing(_user_of_the_first)),
        ("SIGNUP-TOGETHER-51",),
    ),
    Fault(
        "set-active-in-both-sessions-at-once",
        SET_ACTIVE,
        MUST,
        "what a user makes active in two sessions at once is active in both",
        overlapping(SET_ACTIVE, finishing(_both_of_the_user)),
        ("ACTIVE-TOGETHER-51",),
    ),
)
