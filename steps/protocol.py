"""HTTP itself: methods, media types and paths."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from pytest_bdd import parsers, then, when

from conformance.errors import Why
from conformance.results.records import Reason
from conformance.run import Run
from conformance.settings import Size
from conformance.sharing import once
from conformance.values import MISSING
from conformance.wire.client import encode
from conformance.wire.exchange import Call, Exchange, Intent
from steps import made_up, operations
from steps.access import by_whom
from steps.claims import LONG_AGO
from steps.fixtures import Story
from steps.merchant import Merchant
from steps.merchants import send, valid_body

_CHANGING: Final = ("PUT", "PATCH")
_IN_CHUNKS: Final = {"chunked": True, "in_pieces": True}
_ASKING: Final = ("HEAD", "OPTIONS")
_UNREAD: Final = frozenset({400, 411, 422})
"""What a server says of a body that it has not read."""
_MEDIA_TYPES: Final = ("Application/JSON; charset=utf-8", "application/json;charset=UTF-8")
"""Operations take turns; the second is what clients in Java and in browsers send."""
_OF_A_GATEWAY: Final = {"X-Correlation-Id": "none", "traceparent": "00-unknown"}
"""A trace that does not go on: who is called begins one of its own (W3C Trace Context)."""
_LANGUAGES: Final = "th-TH,th;q=0.9,ar-EG;q=0.8,fa;q=0.7"
_READABLE: Final = (operations.CREATE_CUSTOMER, operations.CREATE_CHECKOUT)


@when(parsers.parse('other methods than POST are tried on the path of "{name}"'))
def other_methods(story: Story, name: str) -> None:
    run, operation = story.run, operations.BY_WORDS[name]
    path, merchant = run.contract.operations[operation].path, by_whom(story, operation)
    limited = run.limited(operation)
    changing = _CHANGING if operation in _READABLE else _in_turn(run, operation, _CHANGING)
    for method in changing[:1] if limited else (*changing, "DELETE", "GET"):
        if method == "GET" and operation in _READABLE:
            continue
        body = valid_body(run, operation, merchant)
        run.masker.add(body.get("password"))
        sent = Call(method, path, body=encode(body), token=merchant.token, actor=merchant.key)
        if method == "GET":
            sent = replace(sent, body=None, path=f"{path}{_as_query(run, body)}")
        if method == "DELETE" and operation in _READABLE:
            sent = replace(sent, path=f"{path}{_as_query(run, body)}")
        story.add(run.send(sent))
    asking = _ASKING if run.settings.size is Size.FULL or operation in _READABLE else _ASKING[:1]
    for method in () if limited else asking:
        asked = run.send(Call(method, path, token=merchant.token, actor=merchant.key))
        story.notes.setdefault("asked", []).append(asked)


def _in_turn(run: Run, operation: str, methods: tuple[str, str]) -> tuple[str, ...]:
    """Return which of two methods an operation is sent: in a gate the operations take turns, in a full run both."""
    if run.settings.size is Size.FULL:
        return methods
    return (methods[list(operations.BY_ID).index(operation) % 2],)


def _as_query(run: Run, body: dict[str, Any]) -> str:
    """Return a body as the parameters of a URL; nothing where a password that somebody lent us would end in logs."""
    if run.settings.merchant_email and "password" in body:
        return ""
    return f"?{urlencode({name: value for name, value in body.items() if isinstance(value, str)})}"


@then("none is carried out")
@then("it is refused with a 4xx")
def none_carried_out(story: Story) -> None:
    must = _named(story, "PROTOCOL-1")
    for exchange in story.exchanges:
        held = 400 <= exchange.status < 500
        story.run.check(held, "an orderly refusal with a 4xx", exchange.outcome, exchange, must)
    for exchange in story.notes.get("asked", ()):
        held = exchange.response is not None and exchange.status < 500
        story.run.check(held, "an orderly response to HEAD and OPTIONS", exchange.outcome, exchange, must)


def _named(story: Story, end: str) -> str:
    """Return the one requirement of the scenario whose id ends like this, whatever its operation."""
    (name,) = (name for name in story.run.record.requirements if name.endswith(f"-{end}"))
    return name


@then("each is refused with 404 or 405")
@then("it is refused with 404 or 405")
def each_404_or_405(story: Story) -> None:
    should = _named(story, "PROTOCOL-2")
    for exchange in story.exchanges:
        if 400 <= exchange.status < 500:
            story.run.check(
                story.run.has_status(exchange, 404, 405), "status 404 or 405", exchange.outcome, exchange, should
            )


@then("a 405 names POST as allowed")
def names_post(story: Story) -> None:
    """HEAD and OPTIONS count too where they are refused; a target that answers 404 has nothing to name."""
    must = _named(story, "PROTOCOL-50")
    refused = [exchange for exchange in (*story.exchanges, *story.notes.get("asked", ())) if exchange.status == 405]
    for exchange in refused:
        told = ", ".join(value for key, value in exchange.response.headers if key.lower() == "allow")
        methods = {name.strip() for name in told.split(",")}
        contrary = methods & {exchange.call.method} - {"HEAD", "OPTIONS"}
        held = "POST" in methods and not contrary
        expected = "Allow with POST, without the method that was refused"
        story.run.check(held, expected, f"Allow: {told}" if told else "no Allow", exchange, must)
    if not refused:
        told = "no method was refused with 405"
        story.run.record.not_tested[must] = Reason(told, Why.CAPABILITY)


@when(parsers.parse('a valid "{name}" request names its media type with a parameter, and in capitals'))
def media_types(story: Story, name: str) -> None:
    run = story.run
    operation, merchant = _accepted(story, name)
    body = valid_body(run, operation, merchant)
    media_type = _MEDIA_TYPES[list(operations.BY_ID).index(operation) % len(_MEDIA_TYPES)]
    story.add(send(run, operation, body, merchant, headers={"Content-Type": media_type}))


def _accepted(story: Story, name: str) -> tuple[str, Merchant]:
    """Return an operation and who sends it; the control is that a plain request of it was accepted in this run."""
    run, operation = story.run, operations.BY_WORDS[name]
    merchant = by_whom(story, operation)
    if operation not in run.accepted:
        run.need_success(send(run, operation, valid_body(run, operation, merchant), merchant, intent=Intent.VALID))
    return operation, merchant


@when(parsers.parse('a valid "{name}" request is written as other clients write it'))
def in_another_hand(story: Story, name: str) -> None:
    """JSON over several lines with a line break at its end and all in ASCII, and names of headers in small letters.

    The body comes in several segments, as it does where a client writes it in parts. A gateway on the way has added ids
    of its own for the request, and the user reads scripts that have digits and a calendar of their own.
    """
    run = story.run
    operation, merchant = _accepted(story, name)
    body = valid_body(run, operation, merchant)
    text = f"{json.dumps(body, indent=2)}\n"
    run.masker.add(body.get("password"))
    headers = {**_OF_A_GATEWAY, "X-Request-Id": f"{run.unique()}:1", "Accept-Language": _LANGUAGES}
    written = {"body": text.encode(), "in_pieces": True, "in_small_letters": True, "headers": headers}
    story.add(send(run, operation, MISSING, merchant, **written))


@when(parsers.parse('a valid "{name}" request is sent in chunks'))
def in_chunks(story: Story, name: str) -> None:
    """Its Accept is that of a browser, which takes JSON as well as anything.

    Before it comes one in chunks without a token, over the same connection: its body must not be taken for a request.
    """
    run = story.run
    operation, merchant = _accepted(story, name)
    if run.contract.operations[operation].needs_token:
        send(run, operation, valid_body(run, operation, merchant), merchant, **_IN_CHUNKS, token=None)
    headers = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    story.add(send(run, operation, valid_body(run, operation, merchant), merchant, **_IN_CHUNKS, headers=headers))


def _takes_no_chunks(story: Story, exchange: Exchange) -> bool:
    """Return whether another operation refuses a body of one chunk as well: some servers read none, as 411 says."""
    run = story.run
    other = (
        operations.CREATE_CUSTOMER if exchange.call.operation != operations.CREATE_CUSTOMER else operations.SET_ACTIVE
    )

    def ask() -> bool:
        sent = send(run, other, valid_body(run, other, story.actor), story.actor, chunked=True)
        return sent.status in _UNREAD

    return once(run.shared, f"chunks refused by {other}", ask)


@then("it is accepted")
def both_accepted(story: Story) -> None:
    for exchange in story.exchanges:
        if exchange.gateway:
            must = story.run.recorder.active_requirement()
            story.run.record.not_tested[must] = Reason(exchange.gateway, Why.POLICY)
        elif exchange.call.chunked and exchange.status in _UNREAD and _takes_no_chunks(story, exchange):
            must = story.run.recorder.active_requirement()
            told = "the target reads no body that comes in chunks, whatever the operation"
            story.run.record.not_tested[must] = Reason(told, Why.POLICY)
        elif story.run.why_unavailable(exchange) is None and exchange.status < 500 and exchange.response is not None:
            what = exchange.call.headers.get("Content-Type", "the request")
            story.run.check(exchange.is_success, f"{what} is accepted", exchange.outcome, exchange)


@when(parsers.parse('a "{name}" request that cannot be read comes from a client that would rather have HTML'))
def unreadable(story: Story, name: str) -> None:
    """A list in an unknown charset, and a plain body that is called gzip: each is refused as JSON, and in no 5xx."""
    run, operation = story.run, operations.BY_WORDS[name]
    merchant = by_whom(story, operation)
    headers = {"Accept": "text/html,application/xhtml+xml;q=0.9", "Content-Type": "application/json; charset=x-unknown"}
    story.add(send(run, operation, [], merchant, headers=headers))
    if operation in (operations.CREATE_CUSTOMER, operations.CREATE_CHECKOUT) or run.settings.size is Size.FULL:
        headers = {"Accept": "text/html", "Content-Encoding": "gzip"}
        story.add(send(run, operation, valid_body(run, operation, merchant), merchant, headers=headers))


@when(parsers.parse('a "{name}" request names another merchant in its URL'))
def other_in_query(story: Story, name: str) -> None:
    run, operation = story.run, operations.BY_WORDS[name]
    fields = {"merchantId": story.rival.organization_id, "name": "Query", "totalAmount": 7, "currency": "XXX"}
    claimed = {"createdAt": LONG_AGO, "status": "complete", "deletedAt": LONG_AGO}
    path = f"{run.contract.operations[operation].path}?{urlencode(fields | claimed)}"
    headers = {"Accept": "application/xml, application/json;q=0.9"}
    story.add(send(run, operation, valid_body(run, operation, story.actor), story.actor, path=path, headers=headers))


@then("the URL changes nothing")
@then("it is refused as JSON, without a 5xx")
def decided_by_rules(story: Story) -> None:
    """The passive checks have compared each response with what the body of its request says."""
    assert story.exchanges, "the scenario sends something first"


@when("a path is asked for that does not exist")
def unknown_path(story: Story) -> None:
    run, token = story.run, story.actor.token
    password = f"{made_up.PASSWORD}-{run.unique()}"
    run.masker.add(password)
    body = encode({"conformanceRun": run.id, "email": made_up.email(run), "password": password})
    story.add(run.send(Call("POST", f"/no-such-path-{run.id}", body=body, token=token)))
    story.add(run.send(Call("GET", f"/no-such-path-{run.id}/at-all", token=token)))
