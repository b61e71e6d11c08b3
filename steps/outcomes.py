"""What comes back: refusals of each kind, and success."""

from __future__ import annotations

from pytest_bdd import parsers, then

from conformance.errors import Why
from conformance.results.records import Reason
from conformance.run import Run
from conformance.values import MISSING, first_field
from conformance.wire.exchange import Exchange
from steps.fixtures import Story
from steps.merchants import send

FORBIDDEN = (403, 400, 404)
UNKNOWN = (404, 400, 403)
TAKEN = (409, 422, 400)
FORBIDDEN_OR_TAKEN = (403, 400, 404, 409, 422)
"""For a request that another merchant has sent before: it may be looked at first whether what it creates is there."""
TOO_LONG = (413, 422)
LONG_ID = 260
"""How many characters a long id has more than one of the target's own: a column of a table often holds 255."""


def refused(run: Run, exchange: Exchange, statuses: tuple[int, ...], what: str, requirement: str | None = None) -> None:
    """A request that has to be refused: checks its status; a 5xx or no response is a breach of another requirement."""
    undecided = _why_undecided(run, exchange, what)
    if undecided is not None:
        run.record.not_tested[requirement or run.recorder.active_requirement()] = undecided
        return
    statuses = run.contract.accepted(exchange.call.operation, statuses)
    expected = f"{what} refused with {' or '.join(map(str, statuses))}"
    held, got = exchange.status in statuses, f"status {exchange.status}"
    run.check(held, expected, got, exchange, requirement, refusal=not exchange.is_success)


def _why_undecided(run: Run, exchange: Exchange, what: str) -> Reason | None:
    """Return why a response says nothing of a refusal; None where its status decides."""
    if exchange.gateway:
        return Reason(exchange.gateway, Why.GATEWAY)
    if (reason := run.why_full(exchange)) is not None:
        return Reason(reason, Why.WITHHELD)
    if exchange.response is None or exchange.status >= 500:
        return Reason(f"{what} was not refused in an orderly way: {exchange.summary}", Why.PRECONDITION)
    return None


@then("the request is refused with 401")
def refused_with_401(story: Story) -> None:
    tried = story.notes.get("what of") or [story.notes.get("what", "the request")] * len(story.exchanges)
    for what, exchange in zip(tried, story.exchanges, strict=True):
        refused(story.run, exchange, (401,), what)


@then("the request is refused as forbidden")
def refused_as_forbidden(story: Story) -> None:
    must = _must(story, "-TENANT-")
    for exchange in story.exchanges:
        refused(story.run, exchange, FORBIDDEN, "what belongs to somebody else, or to nobody,", must)


@then(parsers.re(r"the same (customer|session) without a token, or with the other merchant's, is refused"))
def same_of_somebody_else(story: Story) -> None:
    """What is kept to answer the same request again is kept for its sender."""
    run, first = story.run, story.exchanges[0]
    operation = first.call.operation or ""
    nobodys = send(run, operation, first.request_json, story.actor, token=None, repeat=True)
    refused(run, nobodys, (401,), "the same request without a token", _must(story, "-AUTH-"))
    rivals = send(run, operation, first.request_json, story.rival, repeat=True)
    refused(run, rivals, FORBIDDEN_OR_TAKEN, "the same request by another merchant", _must(story, "-TENANT-"))


def _must(story: Story, family: str) -> str:
    """Return the requirement of a family that the scenario decides."""
    (must,) = (name for name in story.run.record.requirements if family in name)
    return must


@then("the request is refused as unknown")
def refused_as_unknown(story: Story) -> None:
    """An empty id may be read as none; then nobody is attached. A long one may be refused for its length."""
    for exchange in story.exchanges:
        named = exchange.request_json["customerId"]
        attached = first_field(exchange.response_json, ["customerId", "customer.id"])
        if named == "" and exchange.is_success and attached in (None, MISSING):
            continue
        statuses = (*UNKNOWN, *TOO_LONG) if len(named) > LONG_ID else UNKNOWN
        refused(story.run, exchange, statuses, "an unknown customer")


@then("the request is refused as taken")
def refused_as_taken(story: Story) -> None:
    if story.run.why_unavailable(story.last):
        raise story.run.why_not(story.last)
    refused(story.run, story.last, (400, 409, 422), "a slug that is taken", "ORG-UNIQUE-2")


@then("the session is created")
@then("the response repeats what was sent")
@then("the responses repeat what was sent")
@then("no response repeats a customer from before")
def succeeded(story: Story) -> None:
    """The passive checks have compared each response with its request; here it has to be a success at all."""
    for exchange in story.exchanges:
        story.run.need_success(exchange)


@then("every path stands under the base URL")
def under_base_url(story: Story) -> None:
    """Each request went to the base URL with its own path, and each was answered there as its operation documents."""
    for exchange in story.exchanges:
        under = exchange.url.startswith(story.run.base_url + exchange.call.path)
        story.run.check(
            under and exchange.is_success, "a success under the base URL", exchange.outcome, exchange, "API-BASE-1"
        )
