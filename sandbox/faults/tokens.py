"""Tokens that can be guessed, made or read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from sandbox import policies
from sandbox.behaviour import Call, Change
from sandbox.changes import with_seams
from sandbox.faults.model import MUST, Fault, table
from sandbox.model import SIGN_IN, Headers, text
from sandbox.store import Session, User

Make: TypeAlias = Callable[[Call, User], str]
GUESSABLE = ("SIGNUP-TOKEN-30", "SIGNIN-TOKEN-30")


def _opened_with(make: Make) -> Callable[[Call, User], Session]:
    """Open sessions whose tokens, as they stand before they are signed, are of another kind."""

    def open_session(call: Call, user: User) -> Session:
        session = policies.open_session(call, user)
        token = make(call, user)
        call.store.execute("UPDATE session SET token = ? WHERE token = ?", (token, session.token))
        return replace(session, token=token)

    return open_session


def tokens_like(make: Make) -> Change:
    """Open sessions with tokens of another kind, which the header has as the body has them."""

    def header(_: Call, session: Session) -> Headers:
        return (("set-auth-token", session.token),)

    def find(call: Call) -> Session | None:
        return policies.living_session(call, policies.bearer(call))

    return with_seams(open_session=_opened_with(make), token_header=header, find_session=find)


def _count(call: Call) -> int:
    call.memory["tokens"] = call.memory.get("tokens", 1_000_000) + 1
    return int(call.memory["tokens"])


def _coded(content: str | bytes) -> str:
    raw = content.encode() if isinstance(content, str) else content
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _web_token(key: Callable[[Call], bytes], **claims: Callable[[Call, User], object]) -> Make:
    """Make JSON web tokens, which are signed with a key."""

    def make(call: Call, user: User) -> str:
        payload = {"jti": _count(call), **{name: claim(call, user) for name, claim in claims.items()}}
        content = f"{_coded(json.dumps({'alg': 'HS256', 'typ': 'JWT'}))}.{_coded(json.dumps(payload))}"
        return f"{content}.{_coded(hmac.new(key(call), content.encode(), hashlib.sha256).digest())}"

    return make


def _sum(call: Call, user: User) -> str:
    content = f"{user.email}:{_count(call)}"
    return _coded(f"{content}:{zlib.crc32(content.encode()):08x}")


def _with_one_signature(call: Call, _: User) -> str:
    signature = hmac.new(call.store.secret, b"session", hashlib.sha256).digest()
    return f"{_count(call):032x}.{_coded(signature)}"


FAULTS = table(
    "tokens",
    Fault(
        "token-sequence",
        SIGN_IN,
        MUST,
        "tokens are counted up",
        tokens_like(lambda call, _: f"session-{_count(call)}"),
        GUESSABLE,
    ),
    Fault(
        "token-counted-before-it-is-signed",
        SIGN_IN,
        MUST,
        "the header has signed tokens; the body has them unsigned, which open too, and are counted up",
        with_seams(open_session=_opened_with(lambda call, _: f"session-{_count(call)}")),
        GUESSABLE,
    ),
    Fault(
        "token-counted-with-one-signature",
        SIGN_IN,
        MUST,
        "tokens are counted up, and all have the same signature",
        tokens_like(_with_one_signature),
        GUESSABLE,
    ),
    Fault(
        "token-of-user-and-time",
        SIGN_IN,
        MUST,
        "a token is the user's id and the time, in base64",
        tokens_like(lambda call, user: _coded(f"{user.id}:{time.time_ns() // 1000}")),
        GUESSABLE,
    ),
    Fault(
        "token-of-email-and-sum",
        SIGN_IN,
        MUST,
        "a token is the e-mail, a number and a check sum",
        tokens_like(_sum),
        ("SIGNIN-TOKEN-30",),
    ),
    Fault(
        "token-signed-with-a-word",
        SIGN_IN,
        MUST,
        "a token is signed with the word secret",
        tokens_like(_web_token(lambda _: b"secret", sub=lambda _, user: user.id)),
        GUESSABLE,
    ),
    Fault(
        "token-holds-user-id",
        SIGN_IN,
        MUST,
        "the id of the user stands in a token that is signed well",
        tokens_like(_web_token(lambda call: call.store.secret, sub=lambda _, user: user.id)),
        ("SIGNUP-TOKEN-34", "SIGNIN-TOKEN-34"),
    ),
    Fault(
        "token-holds-password",
        SIGN_IN,
        MUST,
        "the password stands in the token",
        tokens_like(_web_token(lambda call: call.store.secret, p=lambda call, _: text(call.fields.get("password")))),
        ("SIGNUP-TOKEN-31", "SIGNIN-TOKEN-31"),
    ),
)
