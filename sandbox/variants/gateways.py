"""What stands before the target: rate limits, gateways, and distance."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

from sandbox.behaviour import Call, Change
from sandbox.changes import arriving, finishing
from sandbox.model import SIGN_IN, SIGN_UP, Headers, Reply
from sandbox.variants.model import Variant

GATEWAY_KEY = "letmein"


WINDOW = 10.0


ALLOWED_IN_WINDOW = 3


def _seconds(name: str) -> Callable[[float], Headers]:
    return lambda wait: ((name, str(max(1, math.ceil(wait)))),)


def _limit(told: Callable[[float], Headers], shared: bool = False, plain: bool = False) -> Change:
    """Three requests in ten seconds each for sign-up and sign-in; the window restarts after ten seconds of silence.

    Clients are told apart by their address, and by X-Forwarded-For; not so where the bucket is shared.
    """

    def arrive(call: Call) -> Reply | None:
        if call.operation not in (SIGN_UP, SIGN_IN):
            return None
        client = "" if shared else call.headers.get("x-forwarded-for", call.client)
        buckets = call.memory.setdefault("limits", {})
        count, last = buckets.get((call.path, client), (0, 0.0))
        now = time.monotonic()
        if now - last > WINDOW:
            count = 0
        if count >= ALLOWED_IN_WINDOW:
            return _too_many(told(last + WINDOW - now), plain)
        buckets[(call.path, client)] = (count + 1, now)
        return None

    return arriving(arrive)


def _hashes_passwords(call: Call, reply: Reply) -> Reply:
    return replace(reply, delay=reply.delay + 0.15) if call.operation in (SIGN_IN, SIGN_UP) else reply


def _too_many(headers: Headers, plain: bool) -> Reply:
    words = "Too many requests. Please try again later."
    if plain:
        return Reply(429, headers=headers, media_type="text/plain", raw=words.encode())
    return Reply(429, {"message": words}, headers)


def _gateway(call: Call) -> Reply | None:
    if call.headers.get("x-gateway-key") == GATEWAY_KEY:
        return None
    page = b"<!doctype html><html><head><title>403 Forbidden</title></head><body><h1>403 Forbidden</h1></body></html>"
    return Reply(403, raw=page, media_type="text/html")


AUTH_LIMIT = "three sign-ups and sign-ins each in ten seconds"


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "limit-auth-x-retry-after",
        "a rate limit, its wait in X-Retry-After",
        _limit(_seconds("X-Retry-After")),
        AUTH_LIMIT,
    ),
    Variant(
        "limit-auth-retry-after",
        "a rate limit, its wait in Retry-After, its 429 plain text",
        _limit(_seconds("Retry-After"), plain=True),
        AUTH_LIMIT,
    ),
    Variant(
        "limit-auth-shared-bucket",
        "a rate limit, all clients share a bucket",
        _limit(_seconds("X-Retry-After"), shared=True),
        AUTH_LIMIT,
    ),
    Variant(
        "gateway-key",
        f"a gateway answers 403 with its own HTML page unless X-Gateway-Key is {GATEWAY_KEY}",
        arriving(_gateway),
        "everything, without the header",
    ),
    Variant(
        "latency-100-ms",
        "every reply takes 100 ms more",
        finishing(lambda _, reply: replace(reply, delay=reply.delay + 0.1)),
    ),
    Variant(
        "slow-passwords",
        "signing up and in takes 150 ms more, as where passwords are hashed well",
        finishing(_hashes_passwords),
    ),
)
