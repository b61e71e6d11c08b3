"""Customers: creating them, reading them back, and keeping tenants apart."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from pytest_bdd import given, parsers, then, when

from conformance.errors import NotTested, Why
from conformance.run import Run
from conformance.values import COMPARISONS, MISSING, caseless, contains, field, first_field, shown
from conformance.wire.exchange import Call, Exchange, Intent
from steps import made_up, operations
from steps.fixtures import Story, deciding, need
from steps.merchant import Merchant
from steps.merchants import TENANT_HEADERS, create_checkout, create_customer, new_customer, send, text_field
from steps.organizations import default_customer
from steps.outcomes import refused

OWNERS = "customer merchant"
"""The fact of the catalogue that says whose a customer is."""
NOT_FOUND = 404
OF_A_CUSTOMER = {"name": "exact", "email": "caseless", "phoneNumber": "exact", "metadata": "contains"}
"""The fields of a customer that come back as they were sent, each with how it is compared."""
READS_LAG = "reads lag behind"
_IN_VAIN = "reads that were repeated in vain"
_MOST_IN_VAIN = 3
_UNTIL_SEEN = (0.2, 0.3, 0.5, 0.7, 0.8)
SECONDS_BEHIND = 2.1
_OF_FIRST = ("merchantId", "name", "email", "phoneNumber", "metadata", "createdAt")
_OFFERED = {operations.CREATE_CUSTOMER: "customer", operations.CREATE_CHECKOUT: "checkout_session"}
READ_BACK = {operations.CREATE_CUSTOMER: "CUSTOMER-READ-1", operations.CREATE_CHECKOUT: "CHECKOUT-READ-1"}


def changed_fields(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in words which fields of a customer are not as they were, of those that both name."""
    return [
        f"`{name}` {shown(before[name])} reads {shown(now[name])}"
        for name, comparison in OF_A_CUSTOMER.items()
        if before.get(name) is not None
        and now.get(name) is not None
        and not COMPARISONS[comparison](before[name], now[name])
    ]


def read(run: Run, path: str, merchant: Merchant, headers: Mapping[str, str] | None = None) -> Exchange:
    """One of the optional reads: returns the exchange."""
    return run.send(Call("GET", path, token=merchant.token, actor=merchant.key, headers=headers or {}))


def read_back(run: Run, path: str, merchant: Merchant, headers: Mapping[str, str] | None = None) -> Exchange:
    """Read what was created a moment ago; what is not there yet is asked for again, since reads may lag two seconds.

    Where that was in vain three times, and nothing has ever come late, it is not asked for again.
    """
    exchange = read(run, path, merchant, headers)
    if exchange.status != NOT_FOUND:
        return exchange
    in_vain = run.shared.told(_IN_VAIN) or 0
    if in_vain >= _MOST_IN_VAIN and not run.shared.told(READS_LAG):
        return exchange
    for pause in _UNTIL_SEEN:
        time.sleep(pause)
        exchange = read(run, path, merchant, headers)
        if exchange.status != NOT_FOUND:
            run.shared.tell(READS_LAG, True)
            return exchange
    run.shared.tell(_IN_VAIN, in_vain + 1)
    return exchange


def read_for(run: Run, path: str, merchant: Merchant, organization: str) -> Exchange:
    """Read as a merchant who names an organization in the query and in headers: return the exchange."""
    query = urlencode(dict.fromkeys(("merchantId", "organizationId"), organization))
    headers = dict.fromkeys(TENANT_HEADERS, organization)
    return run.send(Call("GET", f"{path}?{query}", token=merchant.token, actor=merchant.key, headers=headers))


def item_path(run: Run, operation: str, identifier: str) -> str:
    """The path at which a target that offers the read shows what an operation created."""
    return f"{run.contract.operations[operation].path}/{quote(identifier, safe='')}"


def refuse_read(run: Run, name: str) -> None:
    """Raise `NotTested` for an optional read that the target does not offer, as its profile says."""
    if run.settings.reads.get(name) is False:
        raise NotTested(f"capability absent: the profile has `reads: {name}: false`", Why.CAPABILITY)


def no_read(run: Run, name: str, words: str) -> NotTested:
    """Return why an optional read cannot be tested: it is not there, which is lawful, unless the profile names it."""
    if run.settings.reads.get(name):
        return NotTested(f"the profile has `reads: {name}: true`, but {words}", Why.PRECONDITION)
    return NotTested(f"capability absent: {words}", Why.CAPABILITY)


def needs_read(run: Run, merchant: Merchant, operation: str, identifier: str) -> Exchange:
    """What was created a moment ago: returns how it reads, or raises `NotTested` where the target offers no read.

    A target that offers it says of a thing that is not there something else than of a path that is not there: where it
    says so of what was created, that was not kept, which is a breach.
    """
    refuse_read(run, _OFFERED[operation])
    path = item_path(run, operation, identifier)
    exchange = read(run, path, merchant)
    if exchange.is_success:
        return exchange
    if told := _told(exchange, identifier):
        below = run.unique()
        elsewhere = _told(read(run, f"{path}/{below}", merchant), identifier, below)
        if elsewhere and told != elsewhere:
            exchange = read_back(run, path, merchant)
            held = exchange.is_success
            run.check(held, "what was created can be read", exchange.outcome, exchange, READ_BACK[operation])
            if held:
                return exchange
        elif elsewhere:
            run.check(True, "what was created can be read", exchange.outcome, exchange, READ_BACK[operation])
    raise no_read(run, _OFFERED[operation], exchange.summary)


def offers_read(run: Run, merchant: Merchant, operation: str, sample: Callable[[], str]) -> None:
    """Raise `NotTested` where the target does not show what an operation creates; one id tells for all tests."""
    key = f"reads of {operation}"
    offered = run.shared.told(key)
    if offered is None:
        try:
            needs_read(run, merchant, operation, sample())
        except NotTested as reason:
            if reason.why is Why.CAPABILITY:
                run.shared.tell(key, False)
            raise
        run.shared.tell(key, True)
    elif offered is False:
        raise no_read(run, _OFFERED[operation], "the target offers no such read")


def is_read(
    run: Run, merchant: Merchant, operation: str, sample: Callable[[], str], requirement: str | None = None
) -> bool:
    """Return whether the target shows what an operation creates; where not, one requirement alone is not tested.

    Without a requirement, what the read would show is one look more at something that was decided before.
    """
    with deciding(run, requirement) if requirement is not None else suppress(NotTested):
        offers_read(run, merchant, operation, sample)
        return True
    return False


def keeps_name(run: Run, merchant: Merchant, created: Exchange, requirement: str) -> None:
    """A customer whom somebody else tried to change: checks that she reads as created, where the target offers it."""
    customer = text_field(created, "id")
    if not is_read(run, merchant, operations.CREATE_CUSTOMER, lambda: customer):
        return
    exchange = read_back(run, item_path(run, operations.CREATE_CUSTOMER, customer), merchant)
    before, after = (first_field(one.response_json, ["name"]) for one in (created, exchange))
    held = MISSING in (before, after) or before == after
    run.check(held, f"the other merchant's customer {before}, as created", f"{after}", exchange, requirement)


def _told(exchange: Exchange, *marks: str) -> str:
    """The words of a 404, without what tells one path from another; nothing where it has none."""
    texts = [
        text for name in ("code", "message", "error") if isinstance(text := field(exchange.response_json, name), str)
    ]
    words = " ".join(texts) if exchange.status == NOT_FOUND else ""
    for mark in marks:
        words = words.replace(mark, "")
    return " ".join(re.findall(r"[^\W\d_]+", words)).lower()


@given("the target lets a customer be read")
def target_reads_customer(story: Story) -> None:
    run, who = story.run, story.actor
    offers_read(run, who, operations.CREATE_CUSTOMER, lambda: new_customer(run, who))


@when("the merchant creates a customer")
def creates_customer(story: Story) -> None:
    exchange = story.run.need_success(story.add(create_customer(story.run, story.actor)))
    story.customers.append(text_field(exchange, "id"))


@when(parsers.parse("the merchant creates {times:d} more customers"))
def creates_more(story: Story, times: int) -> None:
    for _ in range(times):
        creates_customer(story)


@when("the merchant creates the same customer twice")
def creates_twice(story: Story) -> None:
    """She has the e-mail of the merchant's account, where the run has made it and the target takes it.

    To refuse that is a policy, but not as taken: an account is no customer.
    """
    run, key = story.run, f"a customer with the e-mail of {story.actor.key}"
    body = operations.create_customer.body(run, story.actor.organization_id)
    first = None
    if not run.settings.merchant_email and not run.shared.told(key):
        run.shared.tell(key, True)
        own = {**body, "email": story.actor.email}
        what = {"intent": Intent.UNUSUAL, "value": "a customer with the e-mail of the account"}
        first = send(run, operations.CREATE_CUSTOMER, own, story.actor, **what)
        is_taken, told = first.status == HTTPStatus.CONFLICT, "no customer of the merchant has that e-mail"
        run.check(not is_taken, told, first.outcome, first, "CUSTOMER-STATUS-1")
        body = own if first.is_success else body
    if first is None or not first.is_success:
        first = send(run, operations.CREATE_CUSTOMER, body, story.actor, intent=Intent.VALID)
    story.add(run.need_success(first))
    story.add(send(story.run, operations.CREATE_CUSTOMER, body, story.actor, repeat=True))


@then("the second is refused as taken, is the first, or is a customer of its own")
def taken_or_own(story: Story) -> None:
    first, second = story.exchanges
    if second.is_success:
        bodies = [exchange.response_json for exchange in (first, second)]
        ids = [first_field(body, ["id"]) for body in bodies]
        differing = [name for name in _OF_FIRST if field(bodies[0], name) != field(bodies[1], name)]
        told = f"the id of the first with another {' and '.join(differing)}"
        held = ids[0] != ids[1] or not differing
        story.run.check(held, "the first customer, or one with an id of its own", told, second, "CUSTOMER-UNIQUE-2")
    else:
        refused(story.run, second, (409, 400, 422), "the same customer again", "CUSTOMER-UNIQUE-2")


@then("customers of the same e-mail or phone number and another name leave the first one as it was")
def leaves_first_as_it_was(story: Story) -> None:
    """Whether it is refused or created: the first customer reads as it was created, where the target offers it.

    One of the others claims the id of the first.
    """
    run, first = story.run, story.exchanges[0]
    identifier = text_field(first, "id")
    for same, claimed in (("email", {}), ("phoneNumber", {"id": identifier})):
        other = {**operations.create_customer.person(run), same: first.request_json[same], **claimed}
        send(run, operations.CREATE_CUSTOMER, {**other, "merchantId": story.actor.organization_id}, story.actor)
    if not is_read(run, story.actor, operations.CREATE_CUSTOMER, lambda: identifier, "CUSTOMER-STATE-55"):
        return
    exchange = read_back(run, item_path(run, operations.CREATE_CUSTOMER, identifier), story.actor)
    need(exchange.is_success, exchange.summary)
    for name in ("name", "phoneNumber", "metadata"):
        sent, got = first.request_json[name], field(exchange.response_json, name)
        held = got is MISSING or contains(sent, got)
        run.check(held, f"{name} {shown(sent)}, as created", f"{name} {shown(got)}", exchange, "CUSTOMER-STATE-55")


@when("the merchant creates a customer with a name that is no text, and then with metadata that are none")
def creates_refused_customer(story: Story) -> None:
    """What is checked first, and what is checked last, may be refused at different moments."""
    body = story.notes["right"] = operations.create_customer.body(story.run, story.actor.organization_id)
    for wrong in ({"name": {"first": "Thabo"}}, {"metadata": "text"}):
        exchange = story.add(send(story.run, operations.CREATE_CUSTOMER, {**body, **wrong}, story.actor, repeat=True))
        need(not exchange.is_success, "a field of another type was accepted")


@then("the same customer is created once the request is right")
def corrected_customer(story: Story) -> None:
    run = story.run
    exchange = send(run, operations.CREATE_CUSTOMER, story.notes["right"], story.actor, repeat=True)
    run.check(exchange.is_success, "the corrected customer", exchange.outcome, exchange, "CUSTOMER-STATE-56")


@then("the merchant can create a customer without naming an organization")
@then("the organization that was active before is active still")
def can_create_default(story: Story) -> None:
    must = story.run.record.requirements[0]
    with deciding(story.run, must):
        exchange = default_customer(story.run, story.actor)
        got = first_field(exchange.response_json, ["merchantId"])
        held = exchange.is_success and got in (story.actor.organization_id, MISSING)
        told = f"{exchange.outcome}, merchantId {got}"
        story.run.check(held, "a customer of the active organization", told, exchange, must)


@when("the merchant creates a customer for the other merchant")
def creates_for_other(story: Story) -> None:
    body = operations.create_customer.body(story.run, story.rival.organization_id)
    story.add(send(story.run, operations.CREATE_CUSTOMER, body, story.actor))


@when("the merchant does so in another session")
def creates_for_other_elsewhere(story: Story) -> None:
    """Its token has the other form, where tokens have two."""
    body = operations.create_customer.body(story.run, story.rival.organization_id)
    story.add(send(story.run, operations.CREATE_CUSTOMER, body, story.merchants.spare(story.actor)))


@when("the merchant creates a customer for a merchant who does not exist")
def creates_for_unknown(story: Story) -> None:
    """The id of nothing, and that of the user, who is no organization.

    An organization of the merchant's may have the same one as the user: where ids are counted, by chance.
    """
    run, who = story.run, story.actor
    of_the_user = "" if who.user_id.isdigit() or who.user_id == who.organization_id else who.user_id
    for named in filter(None, (made_up.unknown_id(run, who.organization_id), of_the_user)):
        body = operations.create_customer.body(run, named)
        story.add(send(run, operations.CREATE_CUSTOMER, body, who))


@then("a customer of the merchant's own is created")
def own_customer(story: Story) -> None:
    story.run.need_success(create_customer(story.run, story.actor))


@when("the other merchant reads that customer")
def other_reads_customer(story: Story) -> None:
    """The customer who was created by itself, and one who was created with a checkout session."""
    person = operations.create_customer.person(story.run)
    session = story.run.need_success(create_checkout(story.run, story.actor, customer=person))
    for customer in (*story.customers, text_field(session, "customerId", "customer.id")):
        path = item_path(story.run, operations.CREATE_CUSTOMER, customer)
        story.add(read(story.run, path, story.rival))


@then("the merchant reads the customer")
def owner_reads_customer(story: Story) -> None:
    path = item_path(story.run, operations.CREATE_CUSTOMER, story.customers[0])
    exchange = read_back(story.run, path, story.actor)
    told = "the customer is there for its merchant"
    story.run.check(exchange.is_success, told, exchange.outcome, exchange, "CUSTOMER-STATE-54")


@then("the customer is not shown")
@then("the checkout session is not shown")
def not_shown(story: Story) -> None:
    (must,) = (name for name in story.run.record.requirements if "-TENANT-" in name)
    for exchange in story.exchanges:
        if exchange.call.method == "GET":
            not_shown_to(story.run, exchange, must)


def not_shown_to(run: Run, exchange: Exchange, must: str) -> None:
    """The read of something that is another merchant's: checks that it is refused."""
    run.check(exchange.status in (401, 403, 404, 400), "403 or 404", exchange.outcome, exchange, must)


@then("the customer is not shown to the other merchant afterwards either")
def not_shown_afterwards(story: Story) -> None:
    """The other merchant names the owner in the query and in headers, puts a slash at the end, and asks by HEAD."""
    run, rival, plain = story.run, story.rival, item_path(story.run, operations.CREATE_CUSTOMER, story.customers[0])
    for exchange in (read_for(run, plain, rival, story.actor.organization_id), read(run, f"{plain}/", rival)):
        there = exchange.is_success and story.customers[0] in exchange.response_texts
        run.check(not there, "403 or 404", exchange.outcome, exchange, "CUSTOMER-TENANT-4")
    exchange = run.send(Call("HEAD", plain, token=rival.token, actor=rival.key))
    held = 400 <= exchange.status < 500
    run.check(held, "a refusal of HEAD", exchange.outcome, exchange, "CUSTOMER-TENANT-4")


@then("the customer can be read as it was created")
def reads_customer(story: Story) -> None:
    exchange = read_back(story.run, item_path(story.run, operations.CREATE_CUSTOMER, story.customers[-1]), story.actor)
    if story.run.check(exchange.is_success, "the customer can be read", exchange.outcome, exchange):
        agrees(story, exchange, story.customers[-1], story.last.request_json)


def agrees(story: Story, exchange: Exchange, identifier: str, sent: dict[str, Any]) -> None:
    """A customer that is read: checks its id, merchant and all that was sent against what the read shows."""
    got = exchange.response_json
    held = first_field(got, ["id"]) == identifier
    story.run.check(held, f"id {identifier}", f"id {first_field(got, ['id'])}", exchange)
    merchant_id = first_field(got, ["merchantId"])
    right = merchant_id == story.actor.organization_id
    story.run.check(right, f"merchantId {story.actor.organization_id}", f"merchantId {merchant_id}", exchange)
    for name in ("name", "phoneNumber", "metadata"):
        same = contains(sent[name], field(got, name))
        expected = f"`{name}` {shown(sent[name])}, as it was sent"
        story.run.check(same, expected, f"`{name}` {shown(field(got, name))}", exchange)
    same, expected = caseless(sent["email"], field(got, "email")), f"`email` {shown(sent['email'])}, as it was sent"
    story.run.check(same, expected, f"`email` {shown(field(got, 'email'))}", exchange)
