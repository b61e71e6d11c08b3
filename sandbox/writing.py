"""From a reply to the bytes of its body."""

from __future__ import annotations

import json

from sandbox.model import Json, Reply


def as_json(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def content(reply: Reply) -> bytes:
    return as_json(reply.body) if reply.raw is None else reply.raw
