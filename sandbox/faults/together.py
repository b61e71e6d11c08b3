"""Requests that arrive at the same moment get into each other's way."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from sandbox.behaviour import Behaviour, Call, Change
from sandbox.changes import admitting, arriving, both, finishing
from sandbox.faults.model import MUST, Fault, table
from sandbox.model import (
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    LIST_CUSTOMERS,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Reply,
)

BUSY = 0.12
HELD = 0.13
"""Replies are held a little longer than an operation is busy, so that one request after another never overlaps."""


def overlapping(operation: str, *changes: Change) -> Change:
    """Mark the calls of an operation that arrive while it is busy with another one."""

    def arrive(call: Call) -> Reply | None:
        if call.operation == operation:
            now = time.monotonic()
            call.memory["overlaps"] = now < call.memory.get("busy until", 0.0)
            call.memory["busy until"] = now + BUSY
        return None

    def hold(call: Call, reply: Reply) -> Reply:
        return replace(reply, delay=reply.delay + HELD) if call.operation == operation else reply

    return both(arriving(arrive), *changes, finishing(hold))


def where_overlapping(operation: str, act: Callable[[Call], None]) -> Change:
    return overlapping(operation, admitting(operation, lambda call: act(call) if call.memory["overlaps"] else None))


def _free_slug(call: Call) -> None:
    slug = call.fields.get("slug")
    call.store.execute("UPDATE organization SET slug = slug || '~' WHERE slug = ?", (slug,))


def _as_the_first(operation: str) -> Change:
    """The caller is kept in one place for all: who arrives meanwhile acts as the one before."""

    def act(call: Call) -> None:
        if call.memory["overlaps"] and "caller" in call.memory and call.memory["caller"].active:
            call.session = call.memory["caller"]
        call.memory["caller"] = call.caller

    return overlapping(operation, admitting(operation, act))


def _two_accounts(behaviour: Behaviour) -> Behaviour:
    taken: set[str] = set()
    last = [0.0]

    def lookup(email: str) -> str:
        now, key = time.monotonic(), behaviour.email_lookup(email)
        again = key in taken and now - last[0] < BUSY
        taken.add(key)
        last[0] = now
        return f"{key}~{now}" if again else key

    return overlapping(SIGN_UP)(replace(behaviour, email_lookup=lookup))


def _two_accounts_in_letters(behaviour: Behaviour) -> Behaviour:
    """What is being made is kept by the e-mail as it was written, and what is there by the small letters."""
    making: dict[str, tuple[str, float]] = {}

    def lookup(email: str) -> str:
        now, key = time.monotonic(), behaviour.email_lookup(email)
        written, when = making.get(key, (email, 0.0))
        making[key] = email, now
        return f"{key}~{now}" if written != email and now - when < BUSY else key

    return overlapping(SIGN_UP)(replace(behaviour, email_lookup=lookup))


def _user_of_the_first(call: Call, reply: Reply) -> Reply:
    if call.operation != SIGN_IN or not reply.succeeded:
        return reply
    users = call.memory.setdefault("users", [])
    now = time.monotonic()
    users[:] = [(user, when) for user, when in users if now - when < BUSY]
    users.append((reply.body["user"], now))
    return replace(reply, body={**reply.body, "user": users[0][0]})


def _both_active(call: Call, reply: Reply) -> Reply:
    if call.operation == SET_ACTIVE and reply.succeeded:
        if call.memory["overlaps"] and "session" in call.memory:
            call.store.activate(call.memory["session"], call.fields["organizationId"])
        call.memory["session"] = call.caller.token
    return reply


def _lost(call: Call, reply: Reply) -> Reply:
    if call.operation == CREATE_CUSTOMER and reply.succeeded and call.memory["overlaps"]:
        call.store.execute("DELETE FROM customer WHERE id = ?", (reply.body["id"],))
    return reply


def _left_out(call: Call, reply: Reply) -> Reply:
    """The list of ids is read, extended and written back: of two at once one is not in it."""
    left: set[str] = call.memory.setdefault("left out", set())
    if call.operation == CREATE_CUSTOMER and reply.succeeded and call.memory["overlaps"]:
        left.add(reply.body["id"])
    if call.operation != LIST_CUSTOMERS or not reply.succeeded:
        return reply
    rows, page = reply.body["data"], reply.body["pagination"]
    kept = [row for row in rows if row["id"] not in left]
    fewer = {**page, "total": page["total"] - (len(rows) - len(kept))}
    return replace(reply, body={**reply.body, "data": kept, "pagination": fewer})


def _second_is_500(call: Call) -> None:
    if call.memory["overlaps"]:
        raise RuntimeError("two at once")


FAULTS = table(
    "together",
    Fault(
        "together-two-accounts-in-letters",
        SIGN_UP,
        MUST,
        "two sign-ups at one moment whose e-mails differ in letter case are two accounts",
        _two_accounts_in_letters,
        ("SIGNUP-TOGETHER-50",),
    ),
    Fault(
        "signup-two-with-one-email-at-once",
        SIGN_UP,
        MUST,
        "two sign-ups at once with one e-mail make two accounts",
        _two_accounts,
        requirements=("SIGNUP-TOGETHER-50",),
    ),
    Fault(
        "signin-user-of-another-at-once",
        SIGN_IN,
        MUST,
        "who signs in while another does gets the other's user",
        overlapping(SIGN_IN, finishing(_user_of_the_first)),
        requirements=("SIGNIN-TOGETHER-50",),
    ),
    Fault(
        "organization-two-with-one-slug-at-once",
        CREATE_ORGANIZATION,
        MUST,
        "two organizations at once get one slug",
        where_overlapping(CREATE_ORGANIZATION, _free_slug),
        requirements=("ORG-TOGETHER-50",),
    ),
    Fault(
        "organization-of-another-at-once",
        CREATE_ORGANIZATION,
        MUST,
        "an organization that is created while another is belongs to the other's user",
        _as_the_first(CREATE_ORGANIZATION),
        requirements=("ORG-TOGETHER-51",),
    ),
    Fault(
        "set-active-in-anothers-session-at-once",
        SET_ACTIVE,
        MUST,
        "an organization that is made active while another is becomes active in the other's session",
        overlapping(SET_ACTIVE, finishing(_both_active)),
        requirements=("ACTIVE-TOGETHER-50",),
    ),
    Fault(
        "customer-of-another-at-once",
        CREATE_CUSTOMER,
        MUST,
        "a customer who is created while another is belongs to the other's merchant",
        _as_the_first(CREATE_CUSTOMER),
        requirements=("CUSTOMER-TOGETHER-50",),
    ),
    Fault(
        "customer-lost-at-once",
        CREATE_CUSTOMER,
        MUST,
        "customers who are created at once are lost but for the first",
        overlapping(CREATE_CUSTOMER, finishing(_lost)),
        requirements=("CUSTOMER-TOGETHER-51",),
    ),
    Fault(
        "customer-left-out-of-list-at-once",
        CREATE_CUSTOMER,
        MUST,
        "of two customers who are created at once the list has one",
        overlapping(CREATE_CUSTOMER, finishing(_left_out)),
        requirements=("CUSTOMER-LIST-21",),
    ),
    Fault(
        "customer-500-at-once",
        CREATE_CUSTOMER,
        MUST,
        "a customer who is created while another is gets a 500",
        overlapping(CREATE_CUSTOMER, admitting(CREATE_CUSTOMER, _second_is_500)),
        requirements=("CUSTOMER-STATUS-3", "CUSTOMER-TOGETHER-51"),
    ),
)
