"""What other clients send: a name twice, a token where none is wanted, OPTIONS, a media type without a body."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from sandbox import policies, presentation
from sandbox.behaviour import Call, Change
from sandbox.changes import arriving, finishing, with_seams
from sandbox.faults.model import must, table
from sandbox.faults.together import BUSY, where_overlapping
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_ORGANIZATION,
    GET_CHECKOUT,
    GET_CUSTOMER,
    SIGN_UP,
    Reply,
)
from sandbox.store import Customer, Member

_CUSTOMER_ID: Final = re.compile(rb'"customerId"\s*:\s*"([^"]+)"')


def _first_of_two(call: Call, merchant_id: str) -> Customer | None:
    """The last customer who is named is looked at, and the first one is attached."""
    looked_at = policies.attach_existing(call, merchant_id)
    named = _CUSTOMER_ID.findall(call.raw)
    return call.store.customer(named[0].decode()) if len(named) > 1 else looked_at


def _one_membership_kept(call: Call) -> None:
    change = (
        "DELETE FROM member WHERE user_id = ? AND organization_id IN"
        " (SELECT id FROM organization WHERE created > (SELECT MAX(created) FROM organization) - ?)"
    )
    call.store.execute(change, (call.caller.user_id, BUSY))


def _joins_the_sender(call: Call, reply: Reply) -> Reply:
    """A new user becomes a member of the organization that is active in the session of the request."""
    session = call.behaviour.find_session(call) if call.operation == SIGN_UP and reply.succeeded else None
    if session is not None and session.active:
        member = Member(call.behaviour.new_id(call, "member"), session.active, reply.body["user"]["id"], "member", 0.0)
        call.store.add_member(member)
    return reply


def _read_by_options(call: Call, reply: Reply) -> Reply:
    customer = call.store.customer(call.parameter) if call.methods.get("GET") == GET_CUSTOMER else None
    if call.method != "OPTIONS" or customer is None:
        return reply
    return Reply(200, presentation.customer(call, customer))


def reads_refused_with(header: str) -> Change:
    """Refuse a read that has a header of a body, as if it had an empty one."""

    def arrive(call: Call) -> Reply | None:
        if call.operation not in (GET_CUSTOMER, GET_CHECKOUT) or header not in call.headers:
            return None
        problem = replace(call.behaviour.refusals["malformed"], message="The body cannot be empty")
        return call.behaviour.write_problem(call, problem)

    return arriving(arrive)


FAULTS = table(
    "other clients",
    must(
        "checkout-first-of-two-customers-attached",
        CREATE_CHECKOUT,
        "of two customerId in one body the last is looked at, and the first is attached",
        with_seams(existing=_first_of_two),
        "CHECKOUT-TENANT-31",
    ),
    must(
        "organization-at-once-one-kept",
        CREATE_ORGANIZATION,
        "of two organizations that a user creates at the same moment one stays hers",
        where_overlapping(CREATE_ORGANIZATION, _one_membership_kept),
        "ORG-TOGETHER-51",
    ),
    must(
        "signup-in-session-joins",
        SIGN_UP,
        "who signs up in somebody's session is a member of the organization that is active there",
        finishing(_joins_the_sender),
        "SIGNUP-TENANT-50",
    ),
    must(
        "customer-read-by-options",
        GET_CUSTOMER,
        "OPTIONS shows a customer without a token",
        finishing(_read_by_options),
        "CUSTOMER-READ-22",
    ),
    must(
        "reads-with-media-type-refused",
        GET_CUSTOMER,
        "a read that names a media type is refused, since it has no body",
        reads_refused_with("content-type"),
        "CUSTOMER-READ-20",
        "CHECKOUT-READ-20",
    ),
)
