"""How a refusal is told."""

from __future__ import annotations

from dataclasses import replace

from sandbox import errors
from sandbox.behaviour import Call
from sandbox.changes import both, finishing, with_seams
from sandbox.model import AUTHENTICATION, Problem, Reply
from sandbox.variants.builders import refusing
from sandbox.variants.model import Variant


def _shape_s(_: Call, problem: Problem) -> Reply:
    return Reply(problem.status, errors.status_and_message(problem), problem.headers)


def _shape_s_with_list(_: Call, problem: Problem) -> Reply:
    told = errors.status_and_message(problem) | {"message": list(problem.messages)}
    return Reply(problem.status, told, problem.headers)


def _shape_b(_: Call, problem: Problem) -> Reply:
    return Reply(problem.status, errors.code_and_message(problem), problem.headers)


def _object_beside_code(_: Call, problem: Problem) -> Reply:
    """A wrapper's own object beside shape B, which a further field may be."""
    told = {"type": "invalid_request_error", "doc_url": f"https://docs.example.com/errors/{problem.code}"}
    return Reply(problem.status, errors.code_and_message(problem) | {"error": told}, problem.headers)


def _code_null(_: Call, problem: Problem) -> Reply:
    """An envelope in which what does not apply is null."""
    return Reply(problem.status, errors.status_and_message(problem) | {"code": None, "data": None}, problem.headers)


def _message_alone(call: Call, reply: Reply) -> Reply:
    if reply.status != 400 or call.operation not in AUTHENTICATION or not isinstance(reply.body, dict):
        return reply
    if reply.body.get("code") == "MISSING_RESPONSE":
        return reply
    message = reply.body.get("message")
    return replace(reply, body={"message": "; ".join(message) if isinstance(message, list) else message})


def _empty(reply: Reply) -> Reply:
    return replace(reply, raw=b"", media_type=None)


def _empty_401(call: Call, reply: Reply) -> Reply:
    return _empty(reply) if reply.status == 401 and call.operation in AUTHENTICATION else reply


def _empty_404(call: Call, reply: Reply) -> Reply:
    return _empty(reply) if reply.status == 404 and not call.operation else reply


def _challenge(_: Call, reply: Reply) -> Reply:
    told = (("www-authenticate", 'Bearer realm="api"'),)
    return replace(reply, headers=(*reply.headers, *told)) if reply.status == 401 else reply


VARIANTS: tuple[Variant, ...] = (
    Variant("errors-shape-s", "every error has statusCode, message and error", with_seams(write_problem=_shape_s)),
    Variant("errors-shape-b", "every error has code and message", with_seams(write_problem=_shape_b)),
    Variant(
        "error-object-beside-code",
        "every error has code, message and an object named error",
        with_seams(write_problem=_object_beside_code),
    ),
    Variant(
        "error-code-null",
        "every error has statusCode, message and error, and a code that is null",
        with_seams(write_problem=_code_null),
    ),
    Variant(
        "error-message-list",
        "every error has statusCode, a list of messages and error",
        with_seams(write_problem=_shape_s_with_list),
    ),
    Variant(
        "error-400-message-alone", "a 400 on the authentication paths is a message alone", finishing(_message_alone)
    ),
    Variant(
        "error-401-empty",
        "a 401 on the authentication paths has no body",
        finishing(_empty_401),
        "the shape of a 401 on the authentication paths",
    ),
    Variant("error-404-empty", "a 404 for an unknown path has no body", finishing(_empty_404)),
    Variant(
        "wrong-method-404",
        "another method is a 404 without a body",
        both(refusing(("wrong-method",), 404), finishing(_empty_404)),
    ),
    Variant("www-authenticate", "a 401 carries WWW-Authenticate", finishing(_challenge)),
)
