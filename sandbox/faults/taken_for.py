"""Who or what is taken for another: namesakes, a customer for a member, a token for a password, a URL for a body."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl

from sandbox import policies, presentation, reading, writing
from sandbox.behaviour import Call, Change
from sandbox.changes import admitting, arriving, finishing, with_seams
from sandbox.faults.builders import sent_object, succeeding, with_lax_rule
from sandbox.faults.model import SHOULD, Fault, must, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    GET_CHECKOUT,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Json,
    Reply,
    text,
)
from sandbox.store import Session, User
from sandbox.validation import is_email

Accept = Callable[[str, str], bool]
"""Whether a web token is taken, by the algorithm in its header and its whole text."""
_CLAIMED: Final = ("createdAt", "updatedAt", "status", "sessionUrl", "id")
_WORDS: Final = re.compile(rb": (True|False|None)(?=[,}])")


def _also_a_member(of_whom: str) -> Change:
    """Take a user for a member of further organizations, which a query finds by `?1`, and the user's id by `?2`."""

    def is_member(call: Call, organization_id: str) -> bool:
        asked = organization_id, call.caller.user_id
        return policies.is_member(call, organization_id) or bool(call.store.execute(of_whom, asked))

    return with_seams(may_activate=is_member, may_use=is_member)


def _payload(part: str) -> Json:
    try:
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error):
        return None


def _made_web_tokens(accepts: Accept) -> Change:
    """Take web tokens that the target has not made for sessions of the user whom they name."""

    def find(call: Call) -> Session | None:
        header, _, rest = (policies.bearer(call) or "").partition(".")
        told, claims = _payload(header), _payload(rest.partition(".")[0])
        if not isinstance(told, dict) or not isinstance(claims, dict):
            return policies.find_session(call)
        if not accepts(text(told.get("alg")), f"{header}.{rest}"):
            return None
        newest = "SELECT token FROM session WHERE user_id = ? ORDER BY rowid DESC LIMIT 1"
        rows = call.store.execute(newest, (text(claims.get("sub")),))
        return call.store.session(rows[0][0]) if rows else None

    return with_seams(find_session=find)


def _is_signed_with_nothing(algorithm: str, token: str) -> bool:
    content, _, signature = token.rpartition(".")
    right = base64.urlsafe_b64encode(hmac.digest(b"", content.encode(), "sha256")).decode().rstrip("=")
    return algorithm == "HS256" and hmac.compare_digest(signature, right)


def _token_for_password(call: Call) -> Reply | None:
    """Sign in with the token of a session of one's own in the place of the password."""
    body = sent_object(call) if call.operation == SIGN_IN else {}
    session = call.store.session(text(body.get("password")).partition(".")[0])
    user = call.store.user(session.user_id) if session else None
    if user is not None and user.lookup == text(body.get("email")).lower():
        call.behaviour = replace(call.behaviour, password_checked=False)
    return None


def _with_words_of_python(call: Call) -> Json:
    return reading.parsed(_WORDS.sub(b": null", call.raw))


def _claimed_in_url(call: Call, reply: Reply) -> Reply:
    reply.body.update({name: value for name, value in parse_qsl(call.query) if name in _CLAIMED})
    return reply


def _claimed_by_prototype(call: Call, reply: Reply) -> Reply:
    inherited = sent_object(call).get("__proto__")
    if isinstance(inherited, dict):
        reply.body.update({name: value for name, value in inherited.items() if name in _CLAIMED})
    return reply


def _merchant_of_active(call: Call, reply: Reply) -> Reply:
    reply.body["merchantId"] = call.caller.active
    return reply


def _customer_in_a_list(call: Call) -> None:
    """A list of one customer is taken for the customer."""
    given = sent_object(call) if call.path.endswith("/checkout/sessions") else {}
    match given.get("customer"):
        case [dict(only)]:
            call.raw = writing.as_json({**given, "customer": only})


def _remembered_again(call: Call, user: User) -> Session:
    """Who is to be remembered gets the session of the last such sign-in again."""
    if call.operation != SIGN_IN or call.fields.get("rememberMe") is not True:
        return policies.open_session(call, user)
    remembered: dict[str, Session] = call.memory.setdefault("remembered", {})
    return remembered.setdefault(user.id, policies.open_session(call, user))


def _as_of_now(_: Call, reply: Reply) -> Reply:
    now = presentation.utc_milliseconds(time.time())
    return replace(reply, body={**reply.body, "createdAt": now, "updatedAt": now})


def _customers_time(call: Call, reply: Reply) -> Reply:
    """The time of creation is the customer's, whose table has a column of the same name."""
    customer = call.store.customer(text(call.fields.get("customerId")))
    if customer is None:
        return reply
    return replace(reply, body={**reply.body, "createdAt": presentation.customer(call, customer)["createdAt"]})


def _refusal_for_the_next(call: Call, reply: Reply) -> Reply:
    """The refusal of a read without a token is what the next gets who may read it."""
    kept: dict[str, Reply] = call.memory.setdefault("refused reads", {})
    if call.method == "GET" and reply.status == 401:
        kept[call.path] = reply
    return kept.pop(call.path, reply) if call.method == "GET" and reply.succeeded else reply


def _inactive_where_short(call: Call, organization_id: str | None) -> None:
    """A session that ends within a day keeps no active organization."""
    if call.caller.expires - call.caller.created > policies.DAY:
        policies.activate(call, organization_id)


def _dead_beyond_latin_1(call: Call) -> Session | None:
    session = policies.find_session(call)
    user = call.store.user(session.user_id) if session else None
    return session if user is None or all(ord(letter) < 256 for letter in user.name) else None


def _id_of_namesake(call: Call, reply: Reply) -> Reply:
    """A user is found by the name: the one who signed up by it first is shown."""
    if call.operation == SIGN_UP and reply.status == 200:
        ids = call.memory.setdefault("ids by name", {})
        user = reply.body["user"]
        user["id"] = ids.setdefault(user["name"], user["id"])
    return reply


def _mending(operation: str, name: str, wrong: Callable[[Json], bool], right: Json = None) -> Change:
    """Put another value in the place of a wrong one before anything looks at it, or leave the field out."""

    def mend(call: Call) -> Reply | None:
        body = sent_object(call) if call.operation == operation else {}
        if name in body and wrong(body[name]):
            kept = {key: value for key, value in body.items() if key != name}
            call.raw = json.dumps({**kept, name: right} if right is not None else kept).encode()
        return None

    return arriving(mend)


def _is_falsy_number(value: Json) -> bool:
    return isinstance(value, int) and not value


def _is_email_with_blanks(value: Json) -> bool:
    return isinstance(value, str) and is_email(value.replace(" ", ""))


def _refuse_short_stay(call: Call) -> None:
    if call.fields.get("rememberMe") is False:
        call.refuse("invalid")


def _empty_fault(fault: str, operation: str, name: str, words: str, requirement: str, *, right: Json) -> Fault:
    """Return a fault by which the number 0 and false are taken for no value of a field, or for another one."""
    description = f"the number 0 and false in `{name}` are taken for {words}"
    return must(fault, operation, description, _mending(operation, name, _is_falsy_number, right), requirement)


def _token_fault(name: str, description: str, accepts: Accept, *requirements: str) -> Fault:
    return must(name, "any", description, _made_web_tokens(accepts), *requirements)


FAULTS = table(
    "taken for another",
    must(
        "organizations-of-one-name-share-members",
        SET_ACTIVE,
        "who owns an organization is a member of all others of its name",
        _also_a_member(
            "SELECT 1 FROM organization AS wanted JOIN organization AS own ON own.name = wanted.name"
            " JOIN member ON member.organization_id = own.id WHERE wanted.id = ? AND member.user_id = ?"
        ),
        "ACTIVE-TENANT-40",
    ),
    must(
        "customers-are-members",
        SIGN_UP,
        "a user with the e-mail of a merchant's customer is a member of the merchant's organization",
        _also_a_member(
            "SELECT 1 FROM customer JOIN user ON user.email = customer.email"
            " WHERE customer.merchant_id = ? AND user.id = ?"
        ),
        "SIGNUP-TENANT-50",
    ),
    must(
        "signup-user-of-same-name-shown",
        SIGN_UP,
        "a new user is answered with the id of the one who has that name already",
        finishing(_id_of_namesake),
        "SIGNUP-UNIQUE-1",
    ),
    _token_fault(
        "token-unsigned-in-capitals",
        "a web token opens its user's session where it says NONE of its algorithm, or nOnE, and not none",
        lambda algorithm, _: algorithm.lower() == "none" != algorithm,
        "ACTIVE-AUTH-30",
        "CUSTOMER-AUTH-30",
    ),
    _token_fault(
        "token-signed-with-empty-key",
        "a web token opens its user's session where it is signed with an empty key",
        _is_signed_with_nothing,
        "CHECKOUT-AUTH-30",
    ),
    must(
        "signin-token-as-password",
        SIGN_IN,
        "a token of the user's opens the account in the place of the password",
        arriving(_token_for_password),
        "SIGNIN-AUTH-33",
    ),
    must(
        "signin-short-session-keeps-no-active",
        SIGN_IN,
        "in a session that ends within a day, the organization that is made active is none",
        with_seams(activate=_inactive_where_short),
        "SIGNIN-TOKEN-33",
    ),
    must(
        "signin-dead-beyond-latin-1",
        SIGN_IN,
        "the tokens of a user whose name has letters beyond Latin-1 open nothing",
        with_seams(find_session=_dead_beyond_latin_1),
        "SIGNIN-TOKEN-2",
    ),
    must(
        "any-json-with-words-of-python",
        "any",
        "JSON may have True, False and None in the place of a value",
        with_seams(parse=_with_words_of_python),
        "CHECKOUT-BODY-1",
        "CUSTOMER-BODY-1",
    ),
    must(
        "checkout-claims-in-url",
        CREATE_CHECKOUT,
        "the status and the time of a session are those that its URL names",
        succeeding(CREATE_CHECKOUT, _claimed_in_url),
        "CHECKOUT-TIME-50",
    ),
    must(
        "checkout-claims-by-prototype",
        CREATE_CHECKOUT,
        "the status and the time of a session are those that its body has in __proto__",
        succeeding(CREATE_CHECKOUT, _claimed_by_prototype),
        "CHECKOUT-TIME-50",
    ),
    must(
        "checkout-read-at-active",
        GET_CHECKOUT,
        "a session that is read belongs to whichever organization is active",
        succeeding(GET_CHECKOUT, _merchant_of_active),
        "CHECKOUT-TENANT-22",
    ),
    must(
        "checkout-read-made-now",
        GET_CHECKOUT,
        "a session that is read was created and updated at the moment of the read",
        succeeding(GET_CHECKOUT, _as_of_now),
        "CHECKOUT-STATE-51",
    ),
    must(
        "existing-time-of-customer",
        CREATE_CHECKOUT,
        "a session for a customer has the time at which the customer was created",
        succeeding(CREATE_CHECKOUT, _customers_time),
        "CHECKOUT-TIME-50",
    ),
    must(
        "read-refusal-for-the-next",
        "any",
        "the refusal of a read without a token is kept for the next who may read it",
        finishing(_refusal_for_the_next),
        "CUSTOMER-READ-26",
        "CHECKOUT-READ-26",
    ),
    must(
        "inline-in-a-list",
        CREATE_CHECKOUT,
        "`customer` may be a list of one customer",
        arriving(_customer_in_a_list),
        "CHECKOUT-VALID-3",
    ),
    must(
        "signin-remembered-again",
        SIGN_IN,
        "a sign-in with `rememberMe` gives the token of the last one again",
        with_seams(open_session=_remembered_again),
        "SIGNIN-UNIQUE-1",
    ),
    must(
        "signup-short-stay-refused",
        SIGN_UP,
        "a sign-up with `rememberMe` false is refused",
        admitting(SIGN_UP, _refuse_short_stay),
        "SIGNUP-STATUS-1",
    ),
    *(
        _empty_fault(fault, operation, name, words, requirement, right=right)
        for fault, operation, name, words, requirement, right in (
            (
                "customer-merchant-empty-accepted",
                CREATE_CUSTOMER,
                "merchantId",
                "the active organization",
                "CUSTOMER-VALID-1",
                None,
            ),
            ("customer-metadata-empty-accepted", CREATE_CUSTOMER, "metadata", "none", "CUSTOMER-VALID-1", {}),
            ("checkout-mode-empty-accepted", CREATE_CHECKOUT, "mode", "the first mode", "CHECKOUT-VALID-3", "payment"),
            ("existing-empty-accepted", CREATE_CHECKOUT, "customerId", "no customer", "CHECKOUT-VALID-43", None),
            ("inline-empty-accepted", CREATE_CHECKOUT, "customer", "no customer", "CHECKOUT-VALID-42", None),
        )
    ),
    Fault(
        "customer-email-with-blank-accepted",
        CREATE_CUSTOMER,
        SHOULD,
        "a customer's e-mail may have a blank in it",
        with_lax_rule(CREATE_CUSTOMER, "email", "format", _is_email_with_blanks),
        ("CUSTOMER-VALID-2",),
    ),
)
