"""Guards that look at something else than what is carried out: other letters, the whole URL, another header, a key."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace

from sandbox import identity, policies
from sandbox.behaviour import Call
from sandbox.changes import arriving, both, finishing, with_seams
from sandbox.faults.builders import editing, sent_object, succeeding, without_header
from sandbox.faults.doors import also_by
from sandbox.faults.model import ANY, must, table
from sandbox.faults.tokens import GUESSABLE, tokens_like
from sandbox.model import CREATE_CHECKOUT, CREATE_CUSTOMER, SET_ACTIVE, SIGN_IN, SIGN_UP, JsonObject, Reply
from sandbox.store import Customer, Session

_PUBLIC = "/authentication/sign-in/email"
_UUIDS = with_seams(new_id=lambda _, __: str(uuid.uuid4()))


def _unasked(call: Call) -> bool:
    return call.method == "POST" and "authorization" not in call.headers


def _created(call: Call, kind: str) -> Reply:
    return Reply(201, {"id": call.behaviour.new_id(call, kind)})


def _public_by_its_query(call: Call) -> Reply | None:
    meant = _unasked(call) and call.path == "/customers" and _PUBLIC in call.query
    return _created(call, "cus") if meant else None


def _open_in_other_letters(call: Call) -> Reply | None:
    meant = _unasked(call) and call.path.lower() == "/checkout/sessions" != call.path
    return _created(call, "cs") if meant else None


def _by_key(call: Call) -> Session | None:
    return policies.living_session(call, call.headers.get("x-api-key", "").partition(".")[0])


def _session_of_request(call: Call, reply: Reply) -> Reply:
    """A sign-up in an open session answers with that session's token."""
    session = call.behaviour.find_session(call)
    if session is None or not isinstance(reply.body, dict):
        return reply
    bare, signed = without_header("set-auth-token")(call, reply), call.behaviour.token_header(call, session)
    return replace(bare, headers=(*bare.headers, *signed), body={**reply.body, "token": session.token})


def _with_encrypted_password(call: Call, user: JsonObject) -> None:
    user["encryptedPassword"] = hashlib.sha512(f"salt {call.fields.get('password')}".encode()).hexdigest()


def _with_all_sessions(call: Call, reply: Reply) -> Reply:
    """The user of a sign-in has a list of all that are open, without their tokens."""
    if not isinstance(reply.body, dict):
        return reply
    user = reply.body["user"]
    rows = call.store.execute("SELECT created FROM session WHERE user_id = ?", (user["id"],))
    told = [{"createdAt": call.behaviour.timestamp(row[0]), "ipAddress": call.client} for row in rows]
    return replace(reply, body={**reply.body, "user": {**user, "sessions": told}})


def _count(call: Call) -> str:
    call.memory["rows of sessions"] = call.memory.get("rows of sessions", 0) + 1
    return str(call.memory["rows of sessions"])


def _first_use_ends_older(call: Call) -> Session | None:
    """The first use of a session ends those that its user has opened before it, but for the very first."""
    session = policies.find_session(call)
    used = call.memory.setdefault("sessions that were used", set())
    if session is not None and session.token not in used:
        used.add(session.token)
        call.store.execute(
            "DELETE FROM session WHERE user_id = ? AND created < ?"
            " AND created > (SELECT min(created) FROM session WHERE user_id = ?)",
            (session.user_id, session.created, session.user_id),
        )
    return session


def _other_letters_of_anybody(call: Call) -> Reply | None:
    """An organization is found by its UUID in other letters, and guarded by its text."""
    if call.operation == SET_ACTIVE:
        identifier = str(sent_object(call).get("organizationId")).encode()
        call.memory["asked for"] = call.raw
        call.raw = call.raw.replace(identifier, identifier.lower())
    return None


def _guarded_by_text(call: Call, organization_id: str) -> bool:
    return organization_id.encode() not in call.memory.get("asked for", b"") or policies.is_member(
        call, organization_id
    )


def _without_hyphens(call: Call, merchant_id: str) -> Customer | None:
    """A customer is found by a UUID without its hyphens, and guarded by its text."""
    asked = str(call.fields.get("customerId"))
    rows = call.store.execute("SELECT id FROM customer WHERE replace(id, '-', '') = ?", (asked,))
    return call.store.customer(rows[0][0]) if rows else policies.attach_existing(call, merchant_id)


def _by_key_of_anybody(call: Call, reply: Reply) -> Reply:
    """A key by which a request is known again is kept for all merchants together."""
    key = call.headers.get("idempotency-key")
    if call.operation != CREATE_CHECKOUT or not reply.succeeded or key is None:
        return reply
    kept: dict[str, Reply] = call.memory.setdefault("sessions by key", {})
    return kept.setdefault(key, reply)


FAULTS = table(
    "guards",
    must(
        "customer-public-path-in-query",
        CREATE_CUSTOMER,
        "no token is asked for where a public path stands in the query",
        arriving(_public_by_its_query),
        "CUSTOMER-AUTH-32",
    ),
    must(
        "checkout-open-in-other-letters",
        CREATE_CHECKOUT,
        "no token is asked for on the path in other letters",
        arriving(_open_in_other_letters),
        "CHECKOUT-AUTH-32",
    ),
    must(
        "token-in-api-key",
        ANY,
        "a token in the header X-API-Key is taken",
        also_by(_by_key),
        *(f"{short}-AUTH-31" for short in ("ORG", "ACTIVE", "CUSTOMER", "CHECKOUT")),
    ),
    must(
        "signup-answers-session-of-request",
        SIGN_UP,
        "a sign-up in somebody's session hands out that session's token",
        succeeding(SIGN_UP, _session_of_request),
        "SIGNUP-LEAK-21",
    ),
    must(
        "signin-tells-encrypted-password",
        SIGN_IN,
        "the user of a sign-in has a salted digest of the password by the name that a library has for it",
        editing(SIGN_IN, _with_encrypted_password),
        "SIGNIN-LEAK-2",
    ),
    must(
        "signin-tells-all-sessions",
        SIGN_IN,
        "the user of a sign-in has a list of all sessions, without their tokens",
        succeeding(SIGN_IN, _with_all_sessions),
        "SIGNIN-LEAK-21",
    ),
    must(
        "token-is-digest-of-number",
        SIGN_IN,
        "a token is the MD5 of the number of its session",
        tokens_like(lambda call, _: hashlib.md5(_count(call).encode(), usedforsecurity=False).hexdigest()),
        *GUESSABLE,
    ),
    must(
        "signin-first-use-ends-older",
        SIGN_IN,
        "the first use of a session ends older ones of its user",
        with_seams(find_session=_first_use_ends_older),
        "SIGNIN-UNIQUE-2",
    ),
    must(
        "signin-backslash-overlooked",
        SIGN_IN,
        "backslashes in a password are overlooked",
        with_seams(password_key=lambda password: identity.password_key(password.replace("\\", ""))),
        "SIGNIN-AUTH-34",
    ),
    must(
        "active-uuid-in-other-letters",
        SET_ACTIVE,
        "another merchant's organization is made active by its UUID in capitals",
        both(_UUIDS, arriving(_other_letters_of_anybody), with_seams(may_activate=_guarded_by_text)),
        "ACTIVE-TENANT-30",
    ),
    must(
        "checkout-uuid-without-hyphens",
        CREATE_CHECKOUT,
        "another merchant's customer is attached by a UUID without its hyphens",
        both(_UUIDS, with_seams(existing=_without_hyphens)),
        "CHECKOUT-TENANT-31",
    ),
    must(
        "checkout-key-of-anybody",
        CREATE_CHECKOUT,
        "a key that another merchant has sent is answered with her session",
        finishing(_by_key_of_anybody),
        "CHECKOUT-UNIQUE-4",
    ),
)
