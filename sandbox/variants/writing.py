"""How a reply is written, whatever it says."""

from __future__ import annotations

import gzip
from dataclasses import replace

from sandbox import identity, writing
from sandbox.behaviour import Call
from sandbox.changes import finishing
from sandbox.model import Json, Reply
from sandbox.variants.model import Variant


def _cookie(_: Call, reply: Reply) -> Reply:
    cookie = f"session={identity.random_text(16)}; Path=/; HttpOnly; SameSite=Lax"
    return replace(reply, headers=(*reply.headers, ("set-cookie", cookie)))


def _charset(_: Call, reply: Reply) -> Reply:
    meant = reply.media_type == "application/json"
    return replace(reply, media_type="application/json; charset=utf-8") if meant else reply


def _gzipped(call: Call, reply: Reply) -> Reply:
    content = writing.content(reply)
    if not content or "gzip" not in call.headers.get("accept-encoding", ""):
        return reply
    headers = (*reply.headers, ("content-encoding", "gzip"), ("vary", "accept-encoding"))
    return replace(reply, raw=gzip.compress(content, 1), headers=headers)


def _with_a_point(_: Call, reply: Reply) -> Reply:
    meant = reply.raw is None and reply.media_type == "application/json"
    return replace(reply, body=_pointed(reply.body)) if meant else reply


def _pointed(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: item if name == "metadata" else _pointed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_pointed(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        return float(value)
    return value


def _closing(_: Call, reply: Reply) -> Reply:
    return replace(reply, headers=(*reply.headers, ("connection", "close")))


VARIANTS: tuple[Variant, ...] = (
    Variant("set-cookie", "every reply sets a cookie", finishing(_cookie), writes=True),
    Variant("charset-replies", "JSON is sent as application/json; charset=utf-8", finishing(_charset), writes=True),
    Variant("gzip-replies", "replies are gzip where the client accepts it", finishing(_gzipped), writes=True),
    Variant(
        "chunked-replies", "replies are chunked", finishing(lambda _, reply: replace(reply, chunked=True)), writes=True
    ),
    Variant(
        "numbers-with-a-point", "whole numbers are written with a point, as 2.0", finishing(_with_a_point), writes=True
    ),
    Variant("connection-close", "every connection ends after one reply", finishing(_closing), writes=True),
)
