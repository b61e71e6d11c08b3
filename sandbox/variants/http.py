"""What a target may make of a request's headers and of its URL."""

from __future__ import annotations

from dataclasses import replace

from sandbox.behaviour import Call
from sandbox.changes import arriving, finishing
from sandbox.errors import phrase
from sandbox.model import Headers, Reply
from sandbox.variants.model import Variant


def _not_acceptable(call: Call) -> Reply | None:
    accept = call.headers.get("accept", "*/*")
    if call.method != "POST" or "json" in accept or "*/*" in accept:
        return None
    return Reply(406, {"statusCode": 406, "message": "Only application/json is offered", "error": phrase(406)})


def _no_parameters(call: Call) -> Reply | None:
    if call.method != "POST" or not call.query:
        return None
    return Reply(400, {"statusCode": 400, "message": "Unknown query parameter", "error": phrase(400)})


def _once_more(_: Call, reply: Reply) -> Reply:
    """A gateway repeats a header that the target has set."""
    repeated: Headers = tuple(pair for pair in reply.headers if pair[0] == "set-auth-token")
    return replace(reply, headers=(*reply.headers, *repeated))


def _with_odd_headers(_: Call, reply: Reply) -> Reply:
    """A proxy adds headers whose names have signs that a token may have (RFC 9110), and values beyond ASCII."""
    added: Headers = (("x!trace|id", "1\t2"), ("x_served_by", "Zoë's café"), ("x-empty", ""))
    return replace(reply, headers=(*reply.headers, *added))


VARIANTS: tuple[Variant, ...] = (
    Variant("accept-minded", "who does not take JSON gets a 406", arriving(_not_acceptable)),
    Variant("parameters-refused", "parameters in the URL of a POST are 400", arriving(_no_parameters)),
    Variant("token-header-repeated", "set-auth-token comes twice, with one value", finishing(_once_more)),
    Variant(
        "headers-odd", "a response has headers of odd names, and values beyond ASCII", finishing(_with_odd_headers)
    ),
)
