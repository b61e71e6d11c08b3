"""HTTP itself: methods, media types and paths."""

from __future__ import annotations

from typing import Final

from pytest_bdd import parsers, then, when

from conformance.wire.client import encode
from conformance.wire.exchange import Call
from steps import operations
from steps.access import by_whom
from steps.fixtures import Story
from steps.merchants import send, valid_body

_METHODS: Final = ("PUT", "PATCH", "DELETE", "GET")
_READABLE: Final = (operations.CREATE_CUSTOMER, operations.CREATE_CHECKOUT)


@when(parsers.parse('other methods than POST are tried on the path of "{name}"'))
def other_methods(story: Story, name: str) -> None:
    run, operation = story.run, operations.BY_WORDS[name]
    path, merchant = run.contract.operations[operation].path, by_whom(story, operation)
    limited = run.limited(operation)
    for method in _METHODS[:1] if limited else _METHODS:
        if method == "GET" and operation in _READABLE:
            continue
        body = None if method == "GET" else encode(valid_body(run, operation, merchant))
        story.add(run.send(Call(method, path, body=body, token=merchant.token, actor=merchant.key)))
    for method in () if limited else ("HEAD", "OPTIONS"):
        asked = run.send(Call(method, path, token=merchant.token, actor=merchant.key))
        story.notes.setdefault("asked", []).append(asked)


@then("none is carried out")
@then("it is refused with a 4xx")
def none_carried_out(story: Story) -> None:
    must = _named(story, "PROTOCOL-1")
    for exchange in story.exchanges:
        held = 400 <= exchange.status < 500
        story.run.check(held, "an orderly refusal with a 4xx", exchange.summary, exchange, must)
    for exchange in story.notes.get("asked", ()):
        held = exchange.response is not None and exchange.status < 500
        story.run.check(held, "an orderly answer to HEAD and OPTIONS", exchange.summary, exchange, must)


@then("each is refused with 405")
def each_405(story: Story) -> None:
    _each(story, 405)


@then("it is refused with 404")
def each_404(story: Story) -> None:
    _each(story, 404)


def _named(story: Story, end: str) -> str:
    """Return the one requirement of the scenario whose id ends like this, whatever its operation."""
    (name,) = (name for name in story.run.record.requirements if name.endswith(f"-{end}"))
    return name


def _each(story: Story, status: int) -> None:
    should = _named(story, "PROTOCOL-2")
    for exchange in story.exchanges:
        if 400 <= exchange.status < 500:
            story.run.check(exchange.status == status, f"status {status}", exchange.summary, exchange, should)


@when(parsers.parse('a valid "{name}" request names its media type with a parameter, and in capitals'))
def media_types(story: Story, name: str) -> None:
    run, operation = story.run, operations.BY_WORDS[name]
    merchant = by_whom(story, operation)
    if not run.saves(operation):
        run.need_success(send(run, operation, valid_body(run, operation, merchant), merchant, intent="valid"))
    media_types = ("application/json; charset=utf-8", "Application/JSON")
    for media_type in ("Application/JSON; charset=utf-8",) if run.limited(operation) else media_types:
        body = valid_body(run, operation, merchant)
        story.add(send(run, operation, body, merchant, headers={"Content-Type": media_type}))


@when(parsers.parse('a valid "{name}" request is sent in chunks'))
def in_chunks(story: Story, name: str) -> None:
    run, operation = story.run, operations.BY_WORDS[name]
    merchant = by_whom(story, operation)
    if not run.saves(operation):
        run.need_success(send(run, operation, valid_body(run, operation, merchant), merchant, intent="valid"))
    story.add(send(run, operation, valid_body(run, operation, merchant), merchant, chunked=True))


@then("it is accepted")
@then("both are accepted")
def both_accepted(story: Story) -> None:
    for exchange in story.exchanges:
        if story.run.why_unavailable(exchange) is None and exchange.status < 500 and exchange.response is not None:
            what = exchange.call.headers.get("Content-Type", "the request")
            story.run.check(exchange.is_success, f"{what} is accepted", exchange.summary, exchange)


@when("a path is asked for that does not exist")
def unknown_path(story: Story) -> None:
    run, token = story.run, story.actor.token
    body = encode({"conformanceRun": run.id})
    story.add(run.send(Call("POST", f"/no-such-path-{run.id}", body=body, token=token)))
    story.add(run.send(Call("GET", f"/no-such-path-{run.id}/at-all", token=token)))
