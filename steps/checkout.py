"""Checkout sessions, and the three ways to name their customer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from pytest_bdd import given, parsers, then, when

from conformance.checks.times import is_near, time_of
from conformance.errors import NotTested, Why
from conformance.run import Run
from conformance.sharing import once
from conformance.values import MISSING, contains, field, first_field, shown, without
from conformance.wire.exchange import Call, Exchange, Intent
from steps import made_up, operations
from steps.customers import agrees, is_read, item_path, not_shown_to, offers_read, read, read_back, read_for
from steps.fixtures import Story, need, new_session
from steps.merchants import any_customer, call, create_checkout, new_customer, send, text_field, twice
from steps.organizations import send_default_session
from steps.outcomes import FORBIDDEN, LONG_ID, refused
from steps.shown import differing_fields, told_by_both

CUSTOMER = ("customerId", "customer.id")
_IDENTITY = ("id", "sessionUrl")
_CLOCKS_OFF = timedelta(days=1)


def attached(exchange: Exchange) -> Any:
    """A checkout session: returns the id of the customer who is attached, or `MISSING`."""
    return first_field(exchange.response_json, CUSTOMER)


def check_attached(story: Story, exchange: Exchange, customer: str) -> None:
    """A session that was created for a customer: checks that it is attached to that one."""
    story.run.need_success(exchange)
    got = field(exchange.response_json, "customerId")
    story.run.check(got == customer, f"customerId {customer}", f"customerId {got}", exchange)


@when("the merchant creates a checkout session for that customer")
def for_that_customer(story: Story) -> None:
    story.add(create_checkout(story.run, story.actor, customerId=story.customers[-1]))


@when(parsers.parse("the merchant creates {times:d} checkout sessions for that customer"))
def for_that_customer_often(story: Story, times: int) -> None:
    for _ in range(times):
        story.add(create_checkout(story.run, story.actor, customerId=story.customers[-1]))


@when("the merchant creates checkout sessions for the one and the other in turn")
def in_turn(story: Story) -> None:
    for customer in [*story.customers, story.customers[0]]:
        story.add(create_checkout(story.run, story.actor, customerId=customer))


@when("the merchant creates a checkout session for a new customer of hers")
def for_new_customer(story: Story) -> None:
    story.customers.append(new_customer(story.run, story.actor))
    story.add(story.run.need_success(create_checkout(story.run, story.actor, customerId=story.customers[-1])))


@when("the merchant creates a checkout session for a customer who does not exist")
def for_unknown_customer(story: Story) -> None:
    """The id of a session names no customer, unless ids of each kind are counted."""
    unknown = made_up.unknown_id(story.run, new_customer(story.run, story.actor))
    body = {**operations.create_checkout.body(story.run, story.actor.organization_id), "customerId": unknown}
    story.add(send(story.run, operations.CREATE_CHECKOUT, body, story.actor))
    of_a_session = text_field(some_session(story), "id")
    others = [] if of_a_session.isdigit() else [of_a_session]
    for named in ("", f"{unknown}{'x' * LONG_ID}", *others):
        other = {**operations.create_checkout.body(story.run, story.actor.organization_id), "customerId": named}
        story.add(send(story.run, operations.CREATE_CHECKOUT, other, story.actor))


def some_session(story: Story) -> Exchange:
    """Return a session with a customer, whose own id names no customer; all tests share it."""
    run, who = story.run, story.actor

    def make() -> Exchange:
        return run.need_success(create_checkout(run, who, customer=operations.create_customer.person(run)))

    return once(run.shared, f"a session of {who.key}", make)


@when("the merchant creates a checkout session without a customer")
def without_customer(story: Story) -> None:
    story.add(create_checkout(story.run, story.actor))


@when("the merchant creates a checkout session without a customer whose metadata names one")
def without_customer_but_in_metadata(story: Story) -> None:
    run = story.run
    body = operations.create_checkout.body(run, story.actor.organization_id)
    emails = {name: made_up.email(run) for name in ("email", "customerEmail")}
    body["metadata"] = {**body["metadata"], "customerId": story.customers[0], **emails}
    story.add(send(run, operations.CREATE_CHECKOUT, body, story.actor, intent=Intent.UNUSUAL, value="metadata"))


@when("the merchant creates a checkout session with a new customer")
def with_new_customer(story: Story) -> None:
    story.add(create_checkout(story.run, story.actor, customer=operations.create_customer.person(story.run)))


@when("the merchant creates two checkout sessions with a new customer of the same e-mail")
def with_similar_customers(story: Story) -> None:
    """Two of one name, the second with the same phone number instead of the e-mail.

    Then one more with that e-mail and a name of its own, who claims the id of the customer.

    A target may refuse a customer whose e-mail or phone number is taken; whom it creates has an id of its own.
    """
    known = story.last.request_json
    email, phone = ({"name": known["name"], name: known[name]} for name in ("email", "phoneNumber"))
    people = [{**operations.create_customer.person(story.run), **changes} for changes in (email, phone)]
    people.append({**operations.create_customer.person(story.run), "email": known["email"], "id": story.customers[-1]})
    for customer in people:
        body = {**operations.create_checkout.body(story.run, story.actor.organization_id), "customer": customer}
        story.add(send(story.run, operations.CREATE_CHECKOUT, body, story.actor))
    story.notes["of one phone"] = story.exchanges[-2]


@then("no response names a customer from before")
def no_known_customer(story: Story) -> None:
    """The passive checks have compared the ids of all customers; here a session has to exist at all."""
    need(
        any(exchange.is_success for exchange in story.exchanges[1:]),
        "a taken e-mail was refused, which is lawful",
        Why.POLICY,
    )


@then("a session for the one with the same phone number is attached to that one")
def attached_beside_namesake(story: Story) -> None:
    created = story.notes["of one phone"]
    customer = attached(created) if created.is_success else MISSING
    if isinstance(customer, str):
        exchange = story.run.need_success(create_checkout(story.run, story.actor, customerId=customer))
        got = attached(exchange)
        told = f"customerId {customer}"
        story.run.check(got == customer, told, f"customerId {got}", exchange, "CHECKOUT-EXISTING-3")


@then("a checkout session can be created for the first of them")
def session_for_the_first(story: Story) -> None:
    exchange = create_checkout(story.run, story.actor, customerId=story.customers[0])
    story.run.check(exchange.is_success, "the customer is still known", exchange.outcome, exchange)


@when(parsers.parse("the merchant creates {times:d} checkout sessions with new customers"))
def with_new_customers(story: Story, times: int) -> None:
    """They differ in their new customers alone."""
    with_new_customer(story)
    body = story.last.request_json
    for _ in range(times - 1):
        other = {**body, "customer": operations.create_customer.person(story.run)}
        story.add(send(story.run, operations.CREATE_CHECKOUT, other, story.actor, intent=Intent.VALID))


@when(parsers.parse("the merchant creates {times:d} checkout sessions for the customer who was created with it"))
def for_inline_customer(story: Story, times: int) -> None:
    customer = text_field(story.run.need_success(story.last), *CUSTOMER)
    for _ in range(times):
        body = {**operations.create_checkout.body(story.run, story.actor.organization_id), "customerId": customer}
        story.add(send(story.run, operations.CREATE_CHECKOUT, body, story.actor))


@when("the merchant creates a checkout session for that customer and with a new customer")
def with_both(story: Story) -> None:
    """Again with an e-mail alone for the new customer, and with null, as clients that write all of their fields do."""
    person = operations.create_customer.person
    for new in (person(story.run), {"email": person(story.run)["email"]}, None):
        both = {"customerId": story.customers[-1], "customer": new}
        body = {**operations.create_checkout.body(story.run, story.actor.organization_id), **both}
        story.add(send(story.run, operations.CREATE_CHECKOUT, body, story.actor))


@when("the merchant creates checkout sessions whose customer or customer's id is null, or has no phone or no metadata")
def with_null_options(story: Story) -> None:
    """As clients write them that send all of their fields: none, and a new customer; then new ones in part."""
    run, person = story.run, operations.create_customer.person
    options = (
        {"customerId": None, "customer": None},
        {"customerId": None, "customer": person(run)},
        {"customer": without(person(run), "phoneNumber")},
        {"customer": without(person(run), "metadata")},
    )
    for option in options:
        body = {**operations.create_checkout.body(run, story.actor.organization_id), **option}
        story.add(send(run, operations.CREATE_CHECKOUT, body, story.actor))


@then("each is refused in an orderly way, or has the customer whom it asks for")
def has_whom_it_asks_for(story: Story) -> None:
    for exchange in story.exchanges:
        is_asked = exchange.request_json["customer"] is not None
        requirement = "CHECKOUT-INLINE-1" if is_asked else "CHECKOUT-NONE-2"
        got = attached(exchange)
        right = got not in (None, MISSING) if is_asked else got in (None, MISSING)
        held = right if exchange.is_success else 400 <= exchange.status < 500
        told = "a 4xx, or a new customer attached" if is_asked else "a 4xx, or no customer attached"
        whom = "nobody" if got in (None, MISSING) else got
        outcome = f"{exchange.outcome}, attached to {whom}" if exchange.is_success else exchange.outcome
        story.run.check(held, told, outcome, exchange, requirement)


@then("a session for each customer who was created with one is attached to that customer")
def each_new_customer_is_used(story: Story) -> None:
    created = [attached(exchange) for exchange in story.exchanges if exchange.request_json["customer"] is not None]
    for customer in created:
        if isinstance(customer, str):
            exchange = create_checkout(story.run, story.actor, customerId=customer)
            held = exchange.is_success and attached(exchange) == customer
            told = "a session for the customer who was created with an earlier one"
            story.run.check(held, told, exchange.outcome, exchange, "CHECKOUT-INLINE-3")


@when("the merchant creates checkout sessions that have a customer, and no currency or no line items")
def with_customer_but_in_part(story: Story) -> None:
    """The customer has had a session before, from which nothing may come either."""
    run, customer = story.run, any_customer(story.run, story.actor)
    run.need_success(create_checkout(run, story.actor, customerId=customer))
    for name in ("currency", "lineItems"):
        for option in ({"customerId": customer}, {"customer": operations.create_customer.person(run)}):
            body = {**operations.create_checkout.body(run, story.actor.organization_id), **option}
            story.add(send(run, operations.CREATE_CHECKOUT, without(body, name), story.actor))


@then("each is refused with 400")
def each_refused_with_400(story: Story) -> None:
    for exchange in story.exchanges:
        refused(story.run, exchange, (400,), "a session with a customer that lacks a field")


@when("the merchant creates the same checkout session twice")
def same_twice(story: Story) -> None:
    """With a key of its own, as clients send it again that got no response; a target may overlook the key."""
    body = operations.create_checkout.body(story.run, story.actor.organization_id)
    headers = {"Idempotency-Key": f"order-{story.run.unique()}"}
    first = send(story.run, operations.CREATE_CHECKOUT, body, story.actor, intent=Intent.VALID, headers=headers)
    story.add(story.run.need_success(first))
    story.add(send(story.run, operations.CREATE_CHECKOUT, body, story.actor, repeat=True, headers=headers))


@when("checkout sessions with a new customer are refused for a line item, a currency, a merchant and their amounts")
def refused_sessions(story: Story) -> None:
    """All have one customer. A target may take an amount below zero or any currency, and then the others have another.

    The last one has an amount that is no number.
    """
    run, own = story.run, story.actor.organization_id
    body = {**operations.create_checkout.body(run, own), "customer": operations.create_customer.person(run)}
    for wrong in (
        {"totalAmount": -1},
        {"currency": "X"},
        {"lineItems": [{"name": 5}]},
        {"merchantId": made_up.unknown_id(run, own)},
    ):
        if send(run, operations.CREATE_CHECKOUT, {**body, **wrong}, story.actor).is_success:
            body["customer"] = operations.create_customer.person(run)
    exchange = send(run, operations.CREATE_CHECKOUT, {**body, "totalAmount": "a lot"}, story.actor)
    need(not exchange.is_success, "an amount that is no number was accepted")
    story.notes["corrected"] = body


@when("the merchant creates a checkout session for the other merchant")
def for_other_merchant(story: Story) -> None:
    """In each of the three customer options; the existing customer is the other merchant's, as the session would be.

    Two of them are sent in another session, whose token has the other form where it has two.
    """
    options: tuple[dict[str, Any], ...] = (
        {},
        {"customerId": any_customer(story.run, story.rival)},
        {"customer": operations.create_customer.person(story.run)},
    )
    for place, option in enumerate(options):
        who = story.merchants.spare(story.actor) if place else story.actor
        body = {**operations.create_checkout.body(story.run, story.rival.organization_id), **option}
        story.add(send(story.run, operations.CREATE_CHECKOUT, body, who))


@when("the merchant creates a checkout session for a merchant who does not exist")
def for_unknown_merchant(story: Story) -> None:
    body = operations.create_checkout.body(story.run, made_up.unknown_id(story.run, story.actor.organization_id))
    story.add(send(story.run, operations.CREATE_CHECKOUT, body, story.actor))


@when("the merchant creates a checkout session for the other merchant's customer")
def for_others_customer(story: Story) -> None:
    body = {
        **operations.create_checkout.body(story.run, story.actor.organization_id),
        "customerId": story.customers[-1],
    }
    story.add(send(story.run, operations.CREATE_CHECKOUT, body, story.actor))


@then("it is not attached beside a new customer either, or beside one of the merchant's own")
def not_attached_beside_new(story: Story) -> None:
    """A target may refuse both options in one request, or overlook one of them."""
    run, foreign = story.run, story.customers[-1]
    body = operations.create_checkout.body(run, story.actor.organization_id)
    body |= {"customerId": foreign, "customer": operations.create_customer.person(run)}
    exchange = send(run, operations.CREATE_CHECKOUT, body, story.actor)
    got = attached(exchange) if exchange.is_success else MISSING
    told = f"{exchange.outcome}, attached to {got}"
    run.check(got != foreign, "a refusal, or another customer attached", told, exchange, "CHECKOUT-BOTH-2")
    as_text = {**operations.create_checkout.body(run, story.actor.organization_id), "customer": foreign}
    exchange = send(run, operations.CREATE_CHECKOUT, as_text, story.actor)
    got = attached(exchange) if exchange.is_success else MISSING
    told = f"{exchange.outcome}, attached to {got}"
    run.check(got != foreign, "a refusal, or nobody attached", told, exchange, "CHECKOUT-TENANT-3")
    own = {
        **operations.create_checkout.body(run, story.actor.organization_id),
        "customerId": any_customer(run, story.actor),
    }
    exchange = run.send(twice(call(run, operations.CREATE_CHECKOUT, own, story.actor), "customerId", foreign))
    got = attached(exchange) if exchange.is_success else MISSING
    told = f"{exchange.outcome}, attached to {got}"
    run.check(got != foreign, "a refusal, or a customer of the merchant's own", told, exchange, "CHECKOUT-TENANT-3")


@then("a customer who was created with a session of the other merchant's is refused too")
def others_inline_customer(story: Story) -> None:
    run, rival = story.run, story.rival

    def make() -> str:
        session = run.need_success(create_checkout(run, rival, customer=operations.create_customer.person(run)))
        return text_field(session, *CUSTOMER)

    foreign = once(run.shared, f"a customer of a session of {rival.key}", make)
    body = {**operations.create_checkout.body(run, story.actor.organization_id), "customerId": foreign}
    exchange = send(run, operations.CREATE_CHECKOUT, body, story.actor)
    refused(run, exchange, FORBIDDEN, "a customer of another merchant's session", "CHECKOUT-TENANT-3")
    exchange = send_default_session(run, story.actor, customerId=foreign)
    refused(run, exchange, FORBIDDEN, "another merchant's customer, and no `merchantId`,", "CHECKOUT-TENANT-3")


@then("a checkout session of the merchant's own is created")
@then("a session for an existing customer is created")
def own_session(story: Story) -> None:
    customer = any_customer(story.run, story.actor)
    story.run.need_success(create_checkout(story.run, story.actor, customerId=customer))


@then("the merchant can create the same checkout session once it is corrected")
def can_create_session(story: Story) -> None:
    exchange = send(story.run, operations.CREATE_CHECKOUT, story.notes["corrected"], story.actor)
    told = "the corrected checkout session, and its new customer"
    story.run.check(exchange.is_success, told, exchange.outcome, exchange)


@then("the session exists and can be paid")
def exists(story: Story) -> None:
    exchange = story.last
    url = first_field(exchange.response_json, ["sessionUrl"])
    got = f"{exchange.outcome}, `sessionUrl` {shown(url)}" if exchange.is_success else exchange.outcome
    story.run.check(exchange.is_success and bool(url), "a session with a `sessionUrl` to pay at", got, exchange)


@then("the first of them reads so after the others")
def first_reads_attached(story: Story) -> None:
    run, first = story.run, story.exchanges[0]
    if not is_read(run, story.actor, operations.CREATE_CHECKOUT, lambda: text_field(first, "id")):
        return
    exchange = read_back(run, item_path(run, operations.CREATE_CHECKOUT, text_field(first, "id")), story.actor)
    held = exchange.is_success and not loses_customer(first, exchange)
    run.check(held, f"the customer {attached(first)}", exchange.outcome, exchange, "CHECKOUT-EXISTING-3")
    items, shows = (first_field(one.response_json, ["lineItems"]) for one in (first, exchange))
    if MISSING not in (items, shows):
        run.check(contains(items, shows), f"`lineItems` {shown(items)}", shown(shows), exchange, "CHECKOUT-READ-21")


@then(parsers.parse("all {times:d} sessions are attached to that customer"))
def all_attached(story: Story, times: int) -> None:
    assert len(story.exchanges) == times
    for exchange in story.exchanges:
        check_attached(story, exchange, story.customers[-1])


@then("each session is attached to the customer who was named")
def each_attached(story: Story) -> None:
    for exchange in story.exchanges:
        check_attached(story, exchange, exchange.request_json["customerId"])


@then("all sessions have the same customer")
def same_customer(story: Story) -> None:
    first, *later = story.exchanges
    customer = attached(first)
    for exchange in later:
        held = exchange.is_success and attached(exchange) == customer
        got = f"{exchange.outcome}, customerId {attached(exchange)}"
        story.run.check(held, f"a session attached to {customer}", got, exchange)


@then("the customer and the customer's id agree")
def customer_agrees(story: Story) -> None:
    exchange = story.run.need_success(story.last)
    ids = {value for path in CUSTOMER if isinstance(value := field(exchange.response_json, path), str)}
    need(bool(ids), "the response names no customer", Why.CAPABILITY)
    story.run.check(len(ids) == 1, "one customer", f"customerId and customer.id differ: {sorted(ids)}", exchange)


@then(parsers.parse("{times:d} different customers were created"))
def different_customers(story: Story, times: int) -> None:
    ids = [attached(story.run.need_success(exchange)) for exchange in story.exchanges]
    distinct = {str(value) for value in ids}
    story.run.check(
        len(distinct) == times, f"{times} different customers", f"{len(distinct)}", story.last, "CHECKOUT-INLINE-2"
    )


@then("the new customer can be read as sent")
def inline_customer_read(story: Story) -> None:
    exchange = story.run.need_success(story.last)
    customer = text_field(exchange, *CUSTOMER)
    shown = read_back(story.run, item_path(story.run, operations.CREATE_CUSTOMER, customer), story.actor)
    if story.run.check(shown.is_success, "the customer exists", shown.outcome, shown):
        agrees(story, shown, customer, exchange.request_json["customer"])
        moment = time_of(first_field(shown.response_json, ["createdAt"]))
        held = moment is None or is_near(moment, shown, _CLOCKS_OFF)
        told = "`createdAt` within a day of now"
        story.run.check(held, told, f"`createdAt` {moment}", shown, "CHECKOUT-INLINE-6")


@then("it is refused in an orderly way, or attached to the existing customer")
def refused_or_preferred(story: Story) -> None:
    for exchange in story.exchanges:
        if exchange.is_success:
            check_attached(story, exchange, story.customers[-1])
        else:
            held = 400 <= exchange.status < 500
            story.run.check(held, "a 4xx, or the existing customer attached", exchange.outcome, exchange)


@then("the second is the session of the first, or one of its own")
def same_or_own_session(story: Story) -> None:
    """A response that repeats the first session has its id and its URL; that of a new session has neither."""
    first, second = (story.run.need_success(exchange) for exchange in story.exchanges)
    values = [[first_field(exchange.response_json, [name]) for exchange in (first, second)] for name in _IDENTITY]
    same = [one == other for one, other in values if one is not MISSING and other is not MISSING]
    got = "the id of the first session and another URL, or the other way round"
    held = len(set(same)) <= 1
    told = "the first session again, or one with an id and a URL of its own"
    story.run.check(held, told, got, second, "CHECKOUT-UNIQUE-3")


@then("the same session with a new customer again has the same customer, or is one of its own")
def same_with_new_customer(story: Story) -> None:
    """A target may refuse a new customer whose e-mail is taken, as it is the second time."""
    run = story.run
    body = operations.create_checkout.body(run, story.actor.organization_id)
    body["customer"] = operations.create_customer.person(run)
    first = run.need_success(send(run, operations.CREATE_CHECKOUT, body, story.actor, intent=Intent.VALID))
    second = send(run, operations.CREATE_CHECKOUT, body, story.actor, repeat=True)
    sessions, customers = ([find(one) for one in (first, second)] for find in (_session_id, attached))
    if second.is_success and MISSING not in customers:
        held = (sessions[0] == sessions[1]) == (customers[0] == customers[1])
        got = "the first session with another customer, or the other way round"
        told = "the first session with its customer, or another one with a customer of its own"
        run.check(held, told, got, second, "CHECKOUT-UNIQUE-3")


def _session_id(exchange: Exchange) -> Any:
    return first_field(exchange.response_json, ["id"])


@then("the same session of the other merchant is one of its own")
def own_session_of_other(story: Story) -> None:
    """Two requests that differ in their merchant alone are two, by whatever key each merchant knows her own."""
    run, first = story.run, story.exchanges[0]
    body = {**first.request_json, "merchantId": story.rival.organization_id}
    exchange = send(run, operations.CREATE_CHECKOUT, body, story.rival, repeat=True, headers=first.call.headers)
    same = first_field(exchange.response_json, ["id"]) == first_field(first.response_json, ["id"])
    got = f"{exchange.outcome}, the id of the other merchant's session" if same else exchange.outcome
    held = exchange.is_success and not same
    run.check(held, "a session with an id of its own", got, exchange, "CHECKOUT-UNIQUE-4")


@then("a session that differs in its metadata alone, nested ones too, is one of its own")
def differing_in_metadata(story: Story) -> None:
    """Metadata that are nested may be refused by a policy; then they differ in a text.

    First a text differs in the case of its letters alone, then a long one in its end, then a null is there besides.
    """
    run, first = story.run, story.exchanges[0]
    known = [first]
    *_, (name, words) = first.request_json["metadata"].items()
    body = {**first.request_json, "metadata": {**first.request_json["metadata"], name: words.swapcase()}}
    exchange = send(run, operations.CREATE_CHECKOUT, body, story.actor, repeat=True)
    _is_own_session(story, exchange, known, "case of letters")
    _differing_in_long_text(story)
    for nested in (None, {"size": 1}, {"size": "1"}):
        metadata = {**first.request_json["metadata"], "details": nested}
        exchange = send(
            run, operations.CREATE_CHECKOUT, {**first.request_json, "metadata": metadata}, story.actor, repeat=True
        )
        if not exchange.is_success and nested is not None:
            metadata["details"] = "in a text"
            body = {**first.request_json, "metadata": metadata}
            exchange = send(run, operations.CREATE_CHECKOUT, body, story.actor, repeat=True)
            _is_own_session(story, exchange, known, "metadata")
            return
        _is_own_session(story, exchange, known, "metadata")
        known += [exchange] if exchange.is_success else []


def _differing_in_long_text(story: Story) -> None:
    """Two sessions with a long text in their metadata, which differ in its last character alone."""
    first = story.exchanges[0].request_json
    notes = [f"{'A long note. ' * 6}{last}" for last in "12"]
    bodies = [{**first, "metadata": {**first["metadata"], "note": note}} for note in notes]
    _second_is_own(story, bodies, "end of a long text")


def _second_is_own(story: Story, bodies: Iterable[dict[str, Any]], what: str) -> None:
    """Two sessions that differ in one thing alone: check that the second is not the first."""
    sent = [send(story.run, operations.CREATE_CHECKOUT, body, story.actor, repeat=True) for body in bodies]
    _is_own_session(story, sent[1], sent[:1], what)


def _is_own_session(story: Story, exchange: Exchange, known: list[Exchange], what: str) -> None:
    others = {first_field(other.response_json, ["id"]) for other in known}
    held = not (exchange.is_success and first_field(exchange.response_json, ["id"]) in others)
    got = f"{exchange.outcome}, the id of the session with another {what}"
    story.run.check(held, "a session with an id of its own", got, exchange, "CHECKOUT-UNIQUE-5")


@then("a session that differs in its product, its amount, its currency, a URL or its customer alone is one of its own")
def differing_is_own_session(story: Story) -> None:
    """A target may refuse a product that it does not know, and a currency."""
    run, first = story.run, story.exchanges[0]
    items = [{**item, "productId": f"Product-{run.unique().upper()}"} for item in first.request_json["lineItems"]]
    changes: dict[str, dict[str, Any]] = {"product ids": {"lineItems": items}}
    changes["URL of success"] = {"successUrl": f"https://shop.example.com/{run.unique()}/paid"}
    changes["URL of cancellation"] = {"cancelUrl": f"https://shop.example.com/{run.unique()}/back"}
    changes["customer"] = {"customerId": any_customer(run, story.actor)}
    plus = [{**item, "amount": item["amount"] + 100} for item in first.request_json["lineItems"]]
    more = sum(item["quantity"] * 100 for item in plus)
    changes["amount"] = {"lineItems": plus, "totalAmount": first.request_json["totalAmount"] + more}
    currency = "USD" if first.request_json["currency"] != "USD" else "EUR"
    paid_in_it = [{**item, "currency": currency} for item in first.request_json["lineItems"]]
    changes["currency"] = {"currency": currency, "lineItems": paid_in_it}
    for what, change in changes.items():
        exchange = send(run, operations.CREATE_CHECKOUT, {**first.request_json, **change}, story.actor, repeat=True)
        _is_own_session(story, exchange, [first], what)
    _differing_in_second_item(story)


def _differing_in_second_item(story: Story) -> None:
    """Two sessions of two line items each: they differ in the product of the second one alone."""
    first = story.exchanges[0].request_json
    *items, last = first["lineItems"]
    total = first["totalAmount"] + _price(last)
    second = [{**last, "productId": f"Product-{story.run.unique().upper()}"} for _ in range(2)]
    bodies = [{**first, "lineItems": [*items, last, item], "totalAmount": total} for item in second]
    _second_is_own(story, bodies, "second product")


def _price(item: dict[str, Any]) -> int:
    return int(item["quantity"] * item["amount"])


@given("the target lets a checkout session be read")
def target_reads_session(story: Story) -> None:
    run, who = story.run, story.actor
    offers_read(run, who, operations.CREATE_CHECKOUT, lambda: new_session(run, who))


@when("the other merchant reads that checkout session")
def other_reads_session(story: Story) -> None:
    """Another session without a customer has come after it, so that it is not the last one."""
    create_checkout(story.run, story.actor)
    path = item_path(story.run, operations.CREATE_CHECKOUT, text_field(story.last, "id"))
    story.notes.update(path=path, created=story.last)
    story.add(read(story.run, path, story.rival))


@then("a session that has a customer is not shown to the other merchant either, before and after its merchant reads it")
def session_with_customer_hidden(story: Story) -> None:
    run = story.run
    person = operations.create_customer.person(run)
    created = run.need_success(create_checkout(run, story.actor, customer=person))
    path = item_path(run, operations.CREATE_CHECKOUT, text_field(created, "id"))
    not_shown_to(run, read(run, path, story.rival), "CHECKOUT-TENANT-4")
    read_back(run, path, story.actor)
    not_shown_to(run, read(run, path, story.rival), "CHECKOUT-TENANT-4")
    exchange = read_for(run, path, story.rival, story.actor.organization_id)
    there = exchange.is_success and text_field(created, "id") in exchange.response_texts
    run.check(not there, "no session for who names its merchant", exchange.outcome, exchange, "CHECKOUT-TENANT-4")
    exchange = read(run, f"{run.contract.operations[operations.CREATE_CHECKOUT].path}?limit=100", story.rival)
    listed = exchange.is_success and text_field(created, "id") in exchange.response_texts
    run.check(not listed, "no list that has it", exchange.outcome, exchange, "CHECKOUT-TENANT-4")


@then("the merchant reads the session, which has no customer")
def owner_reads_session(story: Story) -> None:
    exchange = read_back(story.run, story.notes["path"], story.actor)
    must = "CHECKOUT-STATE-54"
    if story.run.check(exchange.is_success, "the session is there for its owner", exchange.outcome, exchange, must):
        got = attached(exchange)
        story.run.check(got in (None, MISSING), "no customer", f"the customer {got}", exchange, must)
        reads_whole(story.run, story.notes["created"], exchange)


@then("nobody reads it without a token")
def nobody_reads_session(story: Story) -> None:
    exchange = story.run.send(Call("GET", story.notes["path"]))
    held = 400 <= exchange.status < 500
    story.run.check(held, "a refusal without a token", exchange.outcome, exchange, "CHECKOUT-READ-22")


def reads_whole(run: Run, created: Exchange, found: Exchange) -> None:
    """Decide that a session reads in all documented fields as its creation answered."""
    differing = differing_fields(run, created, found.response_json)
    run.check(not differing, "what the creation answered", "; ".join(differing), found, "CHECKOUT-READ-21")


@then("the checkout session can be read as it was created")
def reads_session(story: Story) -> None:
    created = story.last
    path = item_path(story.run, operations.CREATE_CHECKOUT, text_field(created, "id"))
    exchange = read_back(story.run, path, story.actor)
    if not story.run.check(exchange.is_success, "the session can be read", exchange.outcome, exchange):
        return
    names = ("id", "merchantId", "currency", "totalAmount", "sessionUrl", "customerId")
    for name, told, now in told_by_both(story.run, created, exchange, names):
        expected = f"`{name}` {shown(told)}, as the creation had it"
        story.run.check(contains(told, now), expected, f"`{name}` {shown(now)}", exchange)
    lost = loses_customer(created, exchange)
    story.run.check(not lost, f"the customer {attached(created)}, as the creation had it", "no customer", exchange)
    reads_whole(story.run, created, exchange)


def loses_customer(created: Exchange, exchange: Exchange) -> bool:
    """Return whether a session reads without the customer whom its creation named: with null, not with nothing."""
    lost = attached(exchange) is MISSING and field(exchange.response_json, "customerId") is None
    return lost and attached(created) is not MISSING


@when("somebody opens the checkout page")
def opens_page(story: Story) -> None:
    url, base = text_field(story.last, "sessionUrl"), story.run.base_url
    if not url.startswith(f"{base}/"):
        raise NotTested("the checkout page is on another host, to which nothing is sent", Why.CAPABILITY)
    story.add(story.run.send(Call("GET", url.removeprefix(base), headers={"Accept": "text/html"})))


@then("the page is shown")
def page_is_shown(story: Story) -> None:
    story.run.check(story.last.is_success, "the page opens with 200", story.last.outcome, story.last)
