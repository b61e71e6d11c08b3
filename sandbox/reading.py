"""From the bytes of a request to the JSON of its body, with every hostile input an orderly refusal."""

from __future__ import annotations

import json
import math
from typing import NoReturn
from urllib.parse import parse_qsl

from sandbox.behaviour import Call
from sandbox.model import AUTHENTICATION, Json, JsonObject

DEEPEST = 500
FORM = "application/x-www-form-urlencoded"


def read_body(call: Call) -> Json:
    """The parsed body; refused with 413, 415 or 400 where it is too large, of another media type or malformed."""
    if len(call.raw) > call.behaviour.body_limit:
        call.refuse("too-large")
    media_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = call.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        call.refuse("media-type")
    if media_type == FORM and call.operation in call.behaviour.form_accepted:
        return _form(call)
    if not call.raw or (not media_type and call.operation in AUTHENTICATION):
        call.refuse("not-an-object")
    if not call.behaviour.json_type(media_type) and call.operation not in call.behaviour.any_media_type:
        call.refuse("media-type")
    try:
        value = call.behaviour.parse(call)
    except (ValueError, RecursionError):
        call.refuse("malformed")
    if _is_deeper(value, DEEPEST):
        call.refuse("too-deep")
    return value


def _is_deeper(value: Json, levels: int) -> bool:
    """Whether lists and objects are nested in more levels than so many."""
    inside = [value]
    for _ in range(levels + 1):
        parts = [part for part in inside if isinstance(part, (dict, list))]
        if not parts:
            return False
        inside = [one for part in parts for one in (part.values() if isinstance(part, dict) else part)]
    return True


def is_json(media_type: str) -> bool:
    return media_type == "application/json"


def is_json_of_any_kind(media_type: str) -> bool:
    """Take ``application/vnd.api+json`` and the like too."""
    return is_json(media_type) or (media_type.startswith("application/") and media_type.endswith("+json"))


def _form(call: Call) -> JsonObject:
    return dict(parse_qsl(call.raw.decode("utf-8", "replace"), keep_blank_values=True))


def parse(call: Call) -> Json:
    return parsed(call.raw)


def parsed(raw: bytes) -> Json:
    """Bytes that are no UTF-8 and lone surrogates become U+FFFD; numbers that JSON does not know are malformed."""
    written = raw.decode("utf-8-sig", "replace")
    value = json.loads(written, parse_constant=_no_number, parse_float=_finite)
    if "\\ud" not in written and "\\uD" not in written:
        return value
    mended = json.dumps(value, ensure_ascii=False).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return json.loads(mended)


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(written: str) -> float:
    number = float(written)
    if not math.isfinite(number):
        raise ValueError(written)
    return number
