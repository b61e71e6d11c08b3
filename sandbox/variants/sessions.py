"""Sessions as cookies tell of them, beside the token that a client sends."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from sandbox.behaviour import Call
from sandbox.changes import finishing
from sandbox.model import Reply
from sandbox.variants.model import Variant


def _refreshed(call: Call, reply: Reply) -> Reply:
    """B refreshes the cookie of the session that a bearer token opened."""
    if call.session is None:
        return reply
    cookie = f"session_token={quote(call.session.token)}; Path=/; HttpOnly; SameSite=Lax"
    return replace(reply, headers=(*reply.headers, ("set-cookie", cookie)))


VARIANTS: tuple[Variant, ...] = (
    Variant("session-cookie-refreshed", "a reply sets the session of the request as a cookie", finishing(_refreshed)),
)
