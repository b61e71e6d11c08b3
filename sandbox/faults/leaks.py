"""Secrets in a response."""

from __future__ import annotations

from dataclasses import replace

from sandbox import presentation
from sandbox.behaviour import Call
from sandbox.faults.builders import Rewrite, editing, editing_top, failing
from sandbox.faults.model import MUST, Fault, table
from sandbox.model import CREATE_CUSTOMER, SET_ACTIVE, SIGN_IN, SIGN_UP, JsonObject, Reply


def _password(call: Call, entity: JsonObject) -> None:
    entity["password"] = call.fields.get("password")


def _request(call: Call, entity: JsonObject) -> None:
    entity["request"] = call.body


def _hash_as_password(call: Call, user: JsonObject) -> None:
    stored = call.store.user(user["id"])
    user["password"] = stored.password if stored else None


def _told(words: str) -> Rewrite:
    """A refusal that repeats the password that was sent."""

    def rewrite(call: Call, reply: Reply) -> Reply:
        given = call.fields.get("password")
        if not isinstance(given, str) or not given or not isinstance(reply.body, dict):
            return reply
        return replace(reply, body={**reply.body, "message": words.format(given)})

    return rewrite


def _address(_: Call, reply: Reply) -> Reply:
    url = "postgres://app:hunter2@db.internal:5432/platform"
    return replace(reply, body={**reply.body, "detail": f"could not save to {url}"})


def _members(call: Call, organization: JsonObject) -> None:
    organization["members"] = presentation.members(call, organization["id"])
    for member in organization["members"]:
        user = call.store.user(member["userId"])
        member["user"] = {"id": member["userId"], "passwordHash": user.password if user else None}


FAULTS = table(
    "leaks",
    Fault(
        "signup-password-in-user",
        SIGN_UP,
        MUST,
        "the user holds the password",
        editing(SIGN_UP, _password),
        requirements=("SIGNUP-LEAK-1", "SIGNUP-LEAK-2"),
    ),
    Fault(
        "signup-request-repeated",
        SIGN_UP,
        MUST,
        "the response repeats the whole request",
        editing_top(SIGN_UP, _request),
        requirements=("SIGNUP-LEAK-1", "SIGNUP-LEAK-2"),
    ),
    Fault(
        "signup-error-repeats-password",
        SIGN_UP,
        MUST,
        "the refusal of a password repeats it",
        failing(_told("password {} is not allowed"), SIGN_UP, 400),
        requirements=("SIGNUP-LEAK-1",),
    ),
    Fault(
        "signin-password-in-user",
        SIGN_IN,
        MUST,
        "the user holds the password",
        editing(SIGN_IN, _password),
        requirements=("SIGNIN-LEAK-1", "SIGNIN-LEAK-2"),
    ),
    Fault(
        "signin-error-repeats-password",
        SIGN_IN,
        MUST,
        "a wrong password is repeated",
        failing(_told("{} is not the password"), SIGN_IN, 401),
        requirements=("SIGNIN-LEAK-1",),
    ),
    Fault(
        "signin-hash-as-password",
        SIGN_IN,
        MUST,
        "the user's password is its hash",
        editing(SIGN_IN, _hash_as_password),
        requirements=("SIGNIN-LEAK-2",),
    ),
    Fault(
        "set-active-members-hashes",
        SET_ACTIVE,
        MUST,
        "the members hold the hashes of their passwords",
        editing(SET_ACTIVE, _members),
        requirements=("ACTIVE-LEAK-1",),
    ),
    Fault(
        "customer-error-database-address",
        CREATE_CUSTOMER,
        MUST,
        "errors hold the database's address and password",
        failing(_address, CREATE_CUSTOMER),
        requirements=("CUSTOMER-ERROR-4",),
    ),
)
