"""What looks like a breach and is none: tokens without letter case, hashes of contents, reads that lag behind."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import replace

from sandbox import identity, policies
from sandbox.behaviour import Behaviour, Call, Change
from sandbox.changes import admitting, both, finishing, with_seams
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    GET_CHECKOUT,
    GET_CUSTOMER,
    LIST_CUSTOMERS,
    SIGN_IN,
    JsonObject,
    Reply,
    text,
)
from sandbox.store import Session, User
from sandbox.variants.builders import entities, succeeding
from sandbox.variants.model import Variant

LAG = 1.5
COPY_AGE = 1.4
_COLUMNS = {GET_CUSTOMER: "customer", GET_CHECKOUT: "checkout"}


def _tokens(make: Callable[[], str]) -> Change:
    """Take tokens that are numbers in hexadecimal digits, which have no letter case."""

    def open_session(call: Call, user: User) -> Session:
        session = replace(policies.open_session(call, user), token=make())
        call.store.add_session(session)
        return session

    def find(call: Call) -> Session | None:
        bare = identity.unsigned(policies.bearer(call) or "", call.store.secret)
        return policies.living_session(call, bare.lower() if bare else None)

    def change(behaviour: Behaviour) -> Behaviour:
        return replace(behaviour, open_session=open_session, find_session=find)

    return change


def _content_hash(_: Call, entity: JsonObject) -> None:
    digest = hashlib.sha256(json.dumps(entity, sort_keys=True, default=str).encode()).hexdigest()
    entity |= {"hash": digest, "idempotencyHash": digest[:32], "salt": digest[:8]}


def _dotted(call: Call, user: User) -> Session:
    session = replace(policies.open_session(call, user), token=f"{secrets.token_hex(1)}.{secrets.token_hex(32)}")
    call.store.add_session(session)
    return session


def _token_null(_: Call, reply: Reply) -> Reply:
    return replace(reply, body={**reply.body, "token": None})


def _known_person(call: Call) -> None:
    """An inline customer's e-mail and phone number are ones that no customer of the merchant has."""
    given = call.fields.get("customer")
    if isinstance(given, dict) and call.fields.get("customerId") is None:
        merchant_id = text(call.fields.get("merchantId")) or call.caller.active
        query = "SELECT 1 FROM customer WHERE merchant_id = ? AND (email = ? OR phone = ?) LIMIT 1"
        if call.store.execute(query, (merchant_id, given.get("email"), given.get("phoneNumber"))):
            call.refuse("same-customer")


def _lagging(call: Call, reply: Reply) -> Reply:
    """What is newer than the lag is not there yet, and is not counted either."""
    seen = time.time() - LAG
    table = _COLUMNS.get(call.operation)
    if table and reply.succeeded:
        rows = call.store.execute(f"SELECT 1 FROM {table} WHERE id = ? AND created > ?", (call.parameter, seen))
        return call.behaviour.write_problem(call, call.behaviour.refusals["not-there"]) if rows else reply
    if call.operation == LIST_CUSTOMERS and reply.succeeded:
        query = "SELECT id FROM customer WHERE merchant_id = ? AND created > ?"
        fresh = {row[0] for row in call.store.execute(query, (call.caller.active, seen))}
        page = reply.body["pagination"]
        data = [row for row in reply.body["data"] if row["id"] not in fresh]
        total = page["total"] - len(fresh)
        told = {**page, "total": total, "hasMore": page["offset"] + len(data) < total}
        return replace(reply, body={"data": data, "pagination": told})
    return reply


def _lagging_in_turn(call: Call, reply: Reply) -> Reply:
    """Reads take turns between the store and a copy of it that lags behind."""
    if call.operation not in (*_COLUMNS, LIST_CUSTOMERS):
        return reply
    call.memory["reads"] = call.memory.get("reads", 0) + 1
    return _lagging(call, reply) if call.memory["reads"] % 2 else reply


def _cached(call: Call, reply: Reply) -> Reply:
    """A read is answered once more as it was, for the same token and URL, until the copy is too old."""
    if call.method != "GET":
        return reply
    copies: dict[tuple[str, ...], tuple[float, Reply]] = call.memory.setdefault("copies", {})
    name = (call.headers.get("authorization", ""), call.path, call.query)
    made, copy = copies.get(name, (0.0, reply))
    if time.time() - made < COPY_AGE:
        return copy
    copies[name] = (time.time(), reply)
    return reply


def _now_and_then(call: Call, entity: JsonObject) -> None:
    """Every other response leaves out what is null."""
    call.memory["told"] = call.memory.get("told", 0) + 1
    for name in [name for name, value in entity.items() if value is None and call.memory["told"] % 2]:
        del entity[name]


VARIANTS: tuple[Variant, ...] = (
    Variant("tokens-uuid", "tokens are UUIDs, which have no letter case", _tokens(lambda: str(uuid.uuid4()))),
    Variant("tokens-hexadecimal", "tokens are hexadecimal numbers", _tokens(lambda: secrets.token_hex(32))),
    Variant(
        "tokens-with-a-dot",
        "tokens have a dot after two characters, and no signature",
        with_seams(
            open_session=_dotted,
            find_session=lambda call: policies.living_session(call, policies.bearer(call)),
            token_header=lambda _, session: (("set-auth-token", session.token),),
        ),
    ),
    Variant(
        "content-hashes",
        "organizations, customers and sessions have hashes of their contents",
        entities({CREATE_ORGANIZATION, CREATE_CUSTOMER, CREATE_CHECKOUT}, _content_hash),
    ),
    Variant(
        "signin-token-null",
        "sign-in gives the token in the header, and null in the body",
        succeeding({SIGN_IN}, _token_null),
    ),
    Variant(
        "inline-customer-known-409",
        "an inline customer whose e-mail or phone number a customer has is 409",
        both(admitting(CREATE_CHECKOUT, _known_person)),
    ),
    Variant("reads-lag", f"what was created is shown {LAG} s later", finishing(_lagging)),
    Variant("reads-cached", f"a read is kept for its token and URL for {COPY_AGE} s", finishing(_cached)),
    Variant(
        "reads-without-null-in-turn",
        "every second read of a customer or session leaves out what is null",
        entities({GET_CUSTOMER, GET_CHECKOUT}, _now_and_then),
    ),
    Variant("reads-lag-in-turn", f"every second read shows what is {LAG} s old", finishing(_lagging_in_turn)),
)
