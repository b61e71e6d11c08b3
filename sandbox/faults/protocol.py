"""HTTP itself: methods, unknown paths, media types of requests, and bodies that cannot be read."""

from __future__ import annotations

from dataclasses import replace

from sandbox import writing
from sandbox.behaviour import Call, Change
from sandbox.changes import arriving, finishing
from sandbox.faults.builders import Rewrite, broken, every, falling_over, raw, refusal, succeeding, with_problem_status
from sandbox.faults.model import ANY, MUST, SHOULD, Fault, table
from sandbox.model import CREATE_CHECKOUT, CREATE_CUSTOMER, CREATE_ORGANIZATION, SET_ACTIVE, SIGN_IN, SIGN_UP, Reply

LOGIN = "<!doctype html><html><head><title>Sign in</title></head><body><form></form></body></html>"


def _as_post(method: str, operation: str) -> Change:
    """Take another method for POST."""

    def take(call: Call) -> Reply | None:
        if call.method == method and call.methods.get("POST") == operation:
            call.operation = operation
        return None

    return arriving(take)


def _answering(method: str, operation: str, rewrite: Rewrite) -> Change:
    """Answer one method on an operation's path."""

    def take(call: Call) -> Reply | None:
        meant = call.method == method and call.methods.get("POST") == operation
        return rewrite(call, Reply(200, {})) if meant else None

    return arriving(take)


def _with(change: Rewrite, operation: str) -> Change:
    return succeeding(operation, change)


def _latin_1(_: Call, reply: Reply) -> Reply:
    return replace(reply, raw=writing.content(reply).decode().encode("latin-1", "replace"))


def _utf_16(_: Call, reply: Reply) -> Reply:
    return replace(reply, raw=writing.content(reply).decode().encode("utf-16"))


def _before(prefix: bytes) -> Rewrite:
    return lambda _, reply: replace(reply, raw=prefix + writing.content(reply))


def _behind(suffix: bytes) -> Rewrite:
    return lambda _, reply: replace(reply, raw=writing.content(reply) + suffix)


def cut_connection(_: Call, reply: Reply) -> Reply:
    length = len(writing.content(reply)) + 100
    return replace(reply, headers=(*reply.headers, ("content-length", str(length))))


def _nothing(_: Call, reply: Reply) -> Reply:
    return replace(reply, raw=b"")


def _twice(_: Call, reply: Reply) -> Reply:
    return replace(reply, raw=writing.content(reply) * 2)


def _elsewhere(_: Call, reply: Reply) -> Reply:
    headers = (("location", "https://docs.example.com/"),)
    return replace(reply, status=302, raw=b"", media_type=None, headers=headers) if reply.status == 404 else reply


def has_parameter(call: Call) -> bool:
    return ";" in call.headers.get("content-type", "")


def in_chunks(call: Call) -> bool:
    return "chunked" in call.headers.get("transfer-encoding", "").lower()


FAULTS = table(
    "protocol",
    Fault(
        "checkout-patch-creates",
        CREATE_CHECKOUT,
        MUST,
        "PATCH creates a checkout session too",
        _as_post("PATCH", CREATE_CHECKOUT),
        requirements=("CHECKOUT-PROTOCOL-1",),
    ),
    Fault(
        "signin-get-answers-page",
        SIGN_IN,
        MUST,
        "GET answers 200 and an HTML page",
        _answering("GET", SIGN_IN, raw(LOGIN, "text/html")),
        requirements=("SIGNIN-PROTOCOL-1",),
    ),
    Fault(
        "organization-delete-200",
        CREATE_ORGANIZATION,
        MUST,
        "DELETE answers 200",
        _answering("DELETE", CREATE_ORGANIZATION, lambda _, reply: reply),
        requirements=("ORG-PROTOCOL-1",),
    ),
    Fault(
        "signup-put-500",
        SIGN_UP,
        MUST,
        "PUT is a 500",
        _answering("PUT", SIGN_UP, broken),
        requirements=("SIGNUP-PROTOCOL-1",),
    ),
    Fault(
        "checkout-delete-500",
        CREATE_CHECKOUT,
        MUST,
        "DELETE is a 500",
        _answering("DELETE", CREATE_CHECKOUT, broken),
        requirements=("CHECKOUT-PROTOCOL-1",),
    ),
    Fault(
        "checkout-options-500",
        CREATE_CHECKOUT,
        MUST,
        "OPTIONS is a 500",
        _answering("OPTIONS", CREATE_CHECKOUT, broken),
        requirements=("CHECKOUT-PROTOCOL-1",),
    ),
    Fault(
        "customer-head-500",
        CREATE_CUSTOMER,
        MUST,
        "HEAD is a 500",
        _answering("HEAD", CREATE_CUSTOMER, broken),
        requirements=("CUSTOMER-PROTOCOL-1",),
    ),
    Fault(
        "wrong-method-400",
        ANY,
        SHOULD,
        "another method is a 400, neither 404 nor 405",
        refusal("wrong-method", with_problem_status(400)),
        requirements=(
            "SIGNUP-PROTOCOL-2",
            "SIGNIN-PROTOCOL-2",
            "ORG-PROTOCOL-2",
            "ACTIVE-PROTOCOL-2",
            "CUSTOMER-PROTOCOL-2",
            "CHECKOUT-PROTOCOL-2",
        ),
    ),
    Fault(
        "unknown-path-200",
        ANY,
        MUST,
        "an unknown path is 200 with an HTML page",
        finishing(
            lambda call, reply: raw(LOGIN, "text/html")(call, replace(reply, status=200)) if not call.methods else reply
        ),
        requirements=("API-PROTOCOL-1",),
    ),
    Fault(
        "unknown-path-redirects",
        ANY,
        MUST,
        "an unknown path redirects to another host",
        finishing(lambda call, reply: reply if call.methods else _elsewhere(call, reply)),
        requirements=("API-PROTOCOL-1",),
    ),
    Fault(
        "organization-body-latin-1",
        CREATE_ORGANIZATION,
        MUST,
        "the body is Latin-1, not UTF-8",
        _with(_latin_1, CREATE_ORGANIZATION),
        requirements=("ORG-SCHEMA-1",),
    ),
    Fault(
        "set-active-body-utf-16",
        SET_ACTIVE,
        MUST,
        "the body is UTF-16",
        _with(_utf_16, SET_ACTIVE),
        requirements=("ACTIVE-SCHEMA-1",),
    ),
    Fault(
        "signin-body-after-xssi-guard",
        SIGN_IN,
        MUST,
        "the body starts with )]}'",
        _with(_before(b")]}',\n"), SIGN_IN),
        requirements=("SIGNIN-SCHEMA-1",),
    ),
    Fault(
        "signup-body-before-comment",
        SIGN_UP,
        MUST,
        "an HTML comment follows the body",
        _with(_behind(b"\n<!-- 12 ms -->"), SIGN_UP),
        requirements=("SIGNUP-SCHEMA-1",),
    ),
    Fault(
        "checkout-body-empty",
        CREATE_CHECKOUT,
        MUST,
        "201 without a body",
        _with(_nothing, CREATE_CHECKOUT),
        requirements=("CHECKOUT-HEADERS-1", "CHECKOUT-SCHEMA-1"),
    ),
    Fault(
        "customer-body-twice",
        CREATE_CUSTOMER,
        MUST,
        "the body comes twice",
        _with(_twice, CREATE_CUSTOMER),
        requirements=("CUSTOMER-SCHEMA-1",),
    ),
    Fault(
        "customer-every-5th-connection-cut",
        CREATE_CUSTOMER,
        MUST,
        "the connection ends in the middle of every fifth body",
        _with(every(5, cut_connection), CREATE_CUSTOMER),
        requirements=("CUSTOMER-STATUS-4",),
    ),
    Fault(
        "signup-charset-500",
        SIGN_UP,
        MUST,
        "application/json; charset=utf-8 is a 500",
        falling_over(SIGN_UP, has_parameter),
        requirements=("SIGNUP-STATUS-3",),
    ),
    Fault(
        "organization-chunked-500",
        CREATE_ORGANIZATION,
        MUST,
        "a chunked request is a 500",
        falling_over(CREATE_ORGANIZATION, in_chunks),
        requirements=("ORG-STATUS-3",),
    ),
)
