"""Sessions as cookies tell of them, beside the token that a client sends."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from sandbox import policies
from sandbox.behaviour import Call
from sandbox.changes import finishing, with_seams
from sandbox.model import SIGN_IN, SIGN_UP, Reply
from sandbox.store import Session, User
from sandbox.variants.model import Variant


def _refreshed(call: Call, reply: Reply) -> Reply:
    """B refreshes the cookie of the session that a bearer token opened."""
    if call.session is None:
        return reply
    cookie = f"session_token={quote(call.session.token)}; Path=/; HttpOnly; SameSite=Lax"
    return replace(reply, headers=(*reply.headers, ("set-cookie", cookie)))


def _again_at_first(call: Call, user: User) -> Session:
    """The first sign-in hands out the session of the sign-up; from the second on each opens one of its own."""
    begun: dict[str, Session] = call.memory.setdefault("sessions of sign-ups", {})
    if call.operation == SIGN_IN and user.id in begun:
        return begun.pop(user.id)
    session = policies.open_session(call, user)
    if call.operation == SIGN_UP:
        begun[user.id] = session
    return session


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "session-of-sign-up-again",
        "the first sign-in hands out the session of the sign-up",
        with_seams(open_session=_again_at_first),
    ),
    Variant("session-cookie-refreshed", "a reply sets the session of the request as a cookie", finishing(_refreshed)),
)
