"""HTTP and JSON taken too lightly: what may stand in a request, and how often something is told in a response."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl

from sandbox import reading, writing
from sandbox.behaviour import Behaviour, Call, Change
from sandbox.changes import admitting, arriving, finishing, with_seams
from sandbox.faults.builders import also, falling_over, media_type, succeeding
from sandbox.faults.model import ANY, MUST, SHOULD, Fault, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Json,
    Reply,
)

PAGE = b"<!doctype html><html><head><title>Error</title></head><body><h1>Something is missing</h1></body></html>"


def parsing(operation: str, parse: Callable[[str], Json]) -> Change:
    """Read the bodies of one operation in another way."""

    def change(behaviour: Behaviour) -> Behaviour:
        def of_call(call: Call) -> Json:
            return parse(call.raw.decode("utf-8", "replace")) if call.operation == operation else behaviour.parse(call)

        return replace(behaviour, parse=of_call)

    return change


def _with_comments(text: str) -> Json:
    return reading.parsed(re.sub(r"/\*.*?\*/", "", text).encode())


def _with_numbers(text: str) -> Json:
    return reading.parsed(re.sub(r"\bNaN\b", "0", text).encode())


def up_to_its_end(text: str) -> Json:
    start = text.lstrip()
    return reading.parsed(start[: json.JSONDecoder().raw_decode(start)[1]].encode("utf-8", "replace"))


def _taking_get(operation: str) -> Change:
    """Carry out GET with the fields of the body in the URL."""

    def take(call: Call) -> Reply | None:
        if call.method == "GET" and call.methods.get("POST") == operation and call.query:
            call.operation = operation
            call.raw = json.dumps(dict(parse_qsl(call.query))).encode()
            call.headers = {**call.headers, "content-type": "application/json"}
        return None

    return arriving(take)


def _allowing(operation: str, allow: str | None) -> Change:
    """Tell other methods than the right ones in the 405 of one path."""

    def tell(call: Call, reply: Reply) -> Reply:
        if reply.status != 405 or call.methods.get("POST") != operation:
            return reply
        return replace(reply, headers=(("allow", allow),) if allow else ())

    return finishing(tell)


def _merchant_of_the_url(call: Call) -> None:
    named = dict(parse_qsl(call.query)).get("merchantId")
    if named:
        call.body = {**call.fields, "merchantId": named}


def _page_for_browsers(call: Call, reply: Reply) -> Reply:
    meant = call.operation == CREATE_CHECKOUT and reply.status >= 400 and "html" in call.headers.get("accept", "")
    return replace(reply, raw=PAGE, media_type="text/html") if meant else reply


def _name_twice(_: Call, reply: Reply) -> Reply:
    written = writing.content(reply)
    return replace(reply, raw=b'{"object":"session","object":"checkout",' + written[1:])


FAULTS = table(
    "http",
    Fault(
        "customer-comments-accepted",
        CREATE_CUSTOMER,
        MUST,
        "JSON with comments is accepted",
        parsing(CREATE_CUSTOMER, _with_comments),
        requirements=("CUSTOMER-BODY-1",),
    ),
    Fault(
        "checkout-nan-accepted",
        CREATE_CHECKOUT,
        MUST,
        "NaN is accepted as a number",
        parsing(CREATE_CHECKOUT, _with_numbers),
        requirements=("CHECKOUT-BODY-1",),
    ),
    Fault(
        "customer-trailing-overlooked",
        CREATE_CUSTOMER,
        MUST,
        "what follows the end of the JSON is overlooked",
        parsing(CREATE_CUSTOMER, up_to_its_end),
        requirements=("CUSTOMER-BODY-1",),
    ),
    Fault(
        "json-like-media-types",
        ANY,
        SHOULD,
        "every media type that begins as JSON does is taken for JSON",
        with_seams(json_type=lambda name: name.startswith("application/json")),
        requirements=("CUSTOMER-BODY-2",),
    ),
    Fault(
        "signin-token-header-twice",
        SIGN_IN,
        MUST,
        "a second set-auth-token has a token that opens nothing",
        succeeding(SIGN_IN, also("set-auth-token", "b25jZS11cG9uLWEtdGltZS10aGVyZS13YXM")),
        requirements=("SIGNIN-HEADERS-50",),
    ),
    Fault(
        "set-active-media-type-twice",
        SET_ACTIVE,
        MUST,
        "a second Content-Type says text/html",
        succeeding(SET_ACTIVE, also("content-type", "text/html")),
        requirements=("ACTIVE-HEADERS-50",),
    ),
    Fault(
        "customer-charset-latin-1-told",
        CREATE_CUSTOMER,
        MUST,
        "iso-8859-1 is announced, the body is UTF-8",
        succeeding(CREATE_CUSTOMER, media_type("application/json; charset=iso-8859-1")),
        requirements=("CUSTOMER-HEADERS-51",),
    ),
    Fault(
        "checkout-name-twice",
        CREATE_CHECKOUT,
        SHOULD,
        "an object of the response has a name twice",
        succeeding(CREATE_CHECKOUT, _name_twice),
        requirements=("CHECKOUT-PROTOCOL-51",),
    ),
    Fault(
        "customer-405-without-allow",
        CREATE_CUSTOMER,
        MUST,
        "a 405 has no Allow",
        _allowing(CREATE_CUSTOMER, None),
        requirements=("CUSTOMER-PROTOCOL-50",),
    ),
    Fault(
        "customer-405-allows-small-letters",
        CREATE_CUSTOMER,
        MUST,
        "a 405 names the method that is allowed in small letters, which is another one",
        _allowing(CREATE_CUSTOMER, "post"),
        requirements=("CUSTOMER-PROTOCOL-50",),
    ),
    Fault(
        "signup-405-allows-get",
        SIGN_UP,
        MUST,
        "Allow of a 405 names GET in place of POST",
        _allowing(SIGN_UP, "GET, HEAD"),
        requirements=("SIGNUP-PROTOCOL-50",),
    ),
    Fault(
        "signin-get-with-parameters",
        SIGN_IN,
        MUST,
        "GET with e-mail and password in the URL signs in",
        _taking_get(SIGN_IN),
        requirements=("SIGNIN-PROTOCOL-1",),
    ),
    Fault(
        "set-active-get-with-parameters",
        SET_ACTIVE,
        MUST,
        "GET with the organization in the URL is carried out",
        _taking_get(SET_ACTIVE),
        requirements=("ACTIVE-PROTOCOL-1",),
    ),
    Fault(
        "customer-merchant-of-the-url",
        CREATE_CUSTOMER,
        MUST,
        "a merchant in the URL goes before that of the body, unchecked",
        lambda behaviour: admitting(CREATE_CUSTOMER, _merchant_of_the_url)(
            replace(behaviour, may_use=lambda call, merchant: bool(call.query) or behaviour.may_use(call, merchant))
        ),
        requirements=("CUSTOMER-ECHO-1",),
    ),
    Fault(
        "checkout-error-page-for-browsers",
        CREATE_CHECKOUT,
        MUST,
        "an error for a client that takes HTML is an HTML page",
        finishing(_page_for_browsers),
        requirements=("CHECKOUT-ERROR-1", "CHECKOUT-ERROR-2", "CHECKOUT-ERROR-4"),
    ),
    Fault(
        "customer-coding-500",
        CREATE_CUSTOMER,
        MUST,
        "a body that is called gzip and is not is a 500",
        falling_over(CREATE_CUSTOMER, lambda call: call.headers.get("content-encoding") == "gzip"),
        requirements=("CUSTOMER-STATUS-3",),
    ),
    Fault(
        "checkout-charset-500",
        CREATE_CHECKOUT,
        MUST,
        "an unknown charset is a 500",
        falling_over(CREATE_CHECKOUT, lambda call: "charset=x-" in call.headers.get("content-type", "")),
        requirements=("CHECKOUT-STATUS-3",),
    ),
)
