"""Errors of documented shape that look odd: further fields, paths, pointers, and words that SQL and HTML have too."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs

from sandbox.behaviour import Call, Change
from sandbox.changes import finishing
from sandbox.model import JsonObject, Reply
from sandbox.variants.model import Variant

WORDS = (
    "Please select a value from the list",
    "update your profile set and insert into the field what is needed",
    "value must be <string>, not <object>",
    "delete from the title what is not a <title>",
    "unique constraint failed on the e-mail",
    "Unexpected token in JSON at position 12 (line 1 column 13)",
)


def _told(more: Callable[[Call, JsonObject], JsonObject]) -> Change:
    """Let every refusal that is an object say more."""

    def finish(call: Call, reply: Reply) -> Reply:
        if reply.status < 400 or not isinstance(reply.body, dict) or reply.raw is not None:
            return reply
        return replace(reply, body={**reply.body, **more(call, reply.body)})

    return finishing(finish)


def _problem(_: Call, reply: Reply) -> Reply:
    meant = reply.status >= 400 and reply.raw is None and reply.media_type == "application/json"
    return replace(reply, media_type="application/problem+json") if meant else reply


def _number(_: Call, body: JsonObject) -> JsonObject:
    return {"code": 40_000 + body["statusCode"]} if "statusCode" in body else {"errno": 17}


def _path(call: Call, body: JsonObject) -> JsonObject:
    """The path, as behind a proxy that has put something before it, and pointers to fields, as JSON:API has them."""
    fields = [field for field in call.behaviour.fields.get(call.operation or "", ()) if field.required]
    items = [f"{one.name}/0/{inner.name}" for one in fields for inner in one.inside if inner.required]
    known = [*(field.name for field in fields), *items]
    pointers = [{"pointer": f"/data/attributes/{name}"} for name in (*call.fields, *parse_qs(call.query), *known)]
    pointers += [] if isinstance(call.body, dict) else [{"pointer": "/data/attributes"}]
    message = body.get("message")
    url = f"{call.path}?{call.query}" if call.query else call.path
    words = message if isinstance(message, list) else f"{message} (Cannot {call.method} {url})"
    return {"path": call.path, "instance": call.path, "errors": pointers, "message": words}


def _by_field(call: Call, _: JsonObject) -> JsonObject:
    """The members of the body by their names, with what may be wrong with each: in words, and as the name of a rule."""
    messages = {name: f"failed on the '{name}' tag, rule 7" for name in call.fields}
    return {"fields": messages, "rules": dict.fromkeys(call.fields, "TOO_SHORT")}


def _words(call: Call, body: JsonObject) -> JsonObject:
    call.memory["words"] = number = call.memory.get("words", 0) + 1
    words = WORDS[number % len(WORDS)]
    return {"message": [words] if isinstance(body.get("message"), list) else words}


def _changing(call: Call, _: JsonObject) -> JsonObject:
    meta = {"requestId": secrets.token_hex(8), "path": call.path}
    return {"timestamp": call.behaviour.timestamp(time.time()), "meta": meta}


VARIANTS: tuple[Variant, ...] = (
    Variant("error-problem-json", "errors are application/problem+json", finishing(_problem)),
    Variant("error-code-number", "an error has a number for a code beside its status", _told(_number)),
    Variant("error-path", "an error names the URL of the request and the members of its body", _told(_path)),
    Variant("error-by-field", "an error has messages and codes by the names of the body's members", _told(_by_field)),
    Variant("error-words", "an error's words are ones that SQL and HTML have too", _told(_words)),
    Variant("error-changing", "an error holds a time and the id of the request", _told(_changing)),
)
