"""What a client may not set: one request of each operation claims all of it, and the response takes none of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_bdd import given, parsers, then, when

from conformance.run import Run
from conformance.values import fact_key, first_field, shown
from conformance.wire.exchange import Exchange, Intent
from steps import made_up, operations
from steps.accounts import sign_in
from steps.customers import keeps_name
from steps.fixtures import Story, need, saved_for
from steps.merchant import Merchant
from steps.merchants import create_checkout, create_customer, organization_id, send, session_token, text_field
from steps.organizations import make_active, not_into, send_default

LONG_AGO: Final = "2001-02-03T04:05:06.000Z"
_FREE: Final = ("metadata", "lineItems")
_CAPITAL: Final = re.compile("[A-Z]")
_FACTS: Final = {"emailVerified": "verified", "role": "role"}
"""What the catalogue remembers of each account, by the field of the user."""
_ONE_BY_ONE: Final = ("id", "createdAt", "status", "role", "emailVerified", "deletedAt", "sessionUrl", "userId")
_AT_MOST: Final = 3
_SHORT: Final = 4
_CLAIMED_BY_NAME: Final = {"emailVerified": True, "role": "admin", "banned": True, "status": "complete"}


@dataclass
class Claim:
    """A body with claims: `texts` stand in no lawful response outside what is the client's own to fill."""

    body: dict[str, Any]
    texts: set[str] = field(default_factory=set)


def _as_columns(claims: dict[str, Any]) -> dict[str, Any]:
    """Return the claims under the name of a database column too, and with a capital in front, as some readers take."""
    columns = {_CAPITAL.sub(lambda letter: f"_{letter[0].lower()}", name): value for name, value in claims.items()}
    capitals = {f"{name[:1].upper()}{name[1:]}": value for name, value in claims.items()}
    return {**columns, **capitals, **claims}


def _times() -> dict[str, str]:
    return {"createdAt": LONG_AGO, "updatedAt": LONG_AGO}


def owned_by(organization: str) -> dict[str, Any]:
    """Claim an organization in each field that might name one, but for `merchantId`, which a client may name."""
    nested = {"id": organization}
    names = ("merchant_id", "organizationId", "activeOrganizationId", "tenantId", "accountId")
    return {**dict.fromkeys(names, organization), "merchant": nested, "organization": nested}


def _claims(story: Story, operation: str) -> Claim:
    """Return the valid body of an operation, and what it claims besides."""
    run, who = story.run, story.actor
    identifier = made_up.unknown_id(run, who.organization_id or run.unique())
    mark = run.unique()
    texts = {identifier, LONG_AGO}
    match operation:
        case operations.SIGN_UP | operations.SIGN_IN:
            identifier = story.merchants.account.user_id or identifier
            privileges = {"id": identifier, "emailVerified": True, "role": "admin", "banned": True, **_times()}
            texts.add(identifier)
            token = f"claimed-{mark}-{mark}"
            claims: dict[str, Any] = {**privileges, "token": token, "user": privileges}
            claims |= owned_by(story.rival.organization_id)
            if operation == operations.SIGN_IN:
                claims |= {"name": f"Claimed Name {mark}", "userId": story.merchants.first.user_id}
            return Claim(_as_columns(claims), {*texts, token, f"Claimed Name {mark}"})
        case operations.CREATE_ORGANIZATION:
            other = story.rival.user_id
            members = [{"userId": other, "role": "owner"}] if other else []
            claims = {"id": identifier, **_times(), "userId": other, "ownerId": other, "members": members}
            return Claim(_as_columns(claims), {*texts, *filter(None, [other])})
        case operations.SET_ACTIVE:
            slug = str(story.rival.organization.get("slug") or f"claimed-{mark}")
            named = {"name": f"Claimed Name {mark}", "slug": f"claimed-{mark}", "organizationSlug": slug}
            return Claim({"id": identifier, **named, **_times(), "role": "owner"}, {*texts, *named.values()})
        case operations.CREATE_CUSTOMER:
            foreign = story.rival.organization_id
            identifier = text_field(story.notes["theirs"], "id")
            inner = {"id": f"inner-{mark}", "merchantId": foreign, "createdAt": LONG_AGO}
            claims = {"id": identifier, **_times(), "deletedAt": LONG_AGO, "userId": foreign, "customerId": identifier}
            texts |= {identifier, foreign, inner["id"]}
            return Claim({**_as_columns({**claims, **owned_by(foreign)}), "metadata": inner}, texts)
        case operations.CREATE_CHECKOUT:
            foreign, host = story.rival.organization_id, f"claimed-{mark}.example.com"
            url = f"https://{host}/{mark}/claimed"
            inner = {"id": f"inner-{mark}", "status": "complete", "merchantId": foreign}
            nested = {"id": identifier, "customerId": identifier, **_times(), "deletedAt": LONG_AGO}
            claims = {
                **{"id": identifier, "status": "complete", "sessionUrl": url, "paymentIntentId": f"claimed-{mark}"},
                **{**_times(), "expiresAt": LONG_AGO, "deletedAt": LONG_AGO},
                **owned_by(foreign),
                "customer": {**operations.create_customer.person(run), **nested},
            }
            return Claim(
                {**_as_columns(claims), "metadata": inner}, {*texts, foreign, url, host, inner["id"], f"claimed-{mark}"}
            )
    return Claim({"id": identifier, **_times(), "deletedAt": LONG_AGO}, texts)


def taken(value: Any, texts: set[str], sent: Any) -> list[str]:
    """Return the places of a response at which a claim was taken, leaving out what is the client's own to fill.

    An object of the request that stands whole in another place is a copy: some targets show metadata under two names,
    or repeat the request.
    """
    copies = dict(_objects(sent))
    by_name = dict(pair for copy in copies.values() for pair in copy.items() if pair in _CLAIMED_BY_NAME.items())
    found, stack = [], [("", value)]
    while stack:
        path, item = stack.pop()
        if isinstance(item, dict):
            if any(item == copy for place, copy in copies.items() if place != path):
                continue
            for name, inner in item.items():
                place = f"{path}.{name}".lstrip(".")
                if name in by_name and inner == by_name[name]:
                    found.append(f"{place} {shown(inner)}")
                elif name not in _FREE:
                    stack.append((place, inner))
        elif isinstance(item, list):
            stack += [(path, inner) for inner in item]
        elif isinstance(item, str) and _is_claimed(path, item, texts):
            found.append(f"{path} {shown(item)}")
    return found


def _is_claimed(path: str, item: str, texts: set[str]) -> bool:
    """Return whether a text of a response is a claim; a short id may be any text but that of a field for an id."""
    if item in texts:
        return len(item) > _SHORT or path.lower().endswith("id")
    return _host_of(item) in texts or item.startswith(LONG_AGO[:10])


def _objects(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the objects of a request, each with its path."""
    if isinstance(value, dict):
        yield path, value
        for name, item in value.items():
            yield from _objects(item, f"{path}.{name}".lstrip("."))


def _host_of(text: str) -> str | None:
    try:
        return urlsplit(text).hostname
    except ValueError:
        return None


@when(parsers.parse('a "{name}" request claims what a client may not set'))
def claims_sent(story: Story, name: str) -> None:
    run, operation = story.run, operations.BY_WORDS[name]
    merchant = operations.BY_ID[operation].sender(story.merchants)
    body = operations.BY_ID[operation].body(run, merchant)
    claim = _claims(story, operation)
    merged = {**body, **claim.body}
    if "metadata" in body and "metadata" in claim.body:
        merged["metadata"] = {**body["metadata"], **claim.body["metadata"]}
    story.notes["claimed"] = claim.texts
    what = {"intent": Intent.UNUSUAL, "value": "what a client may not set"}
    exchange = send(run, operation, merged, merchant, **what)
    alone = _alone(run, claim) if 400 <= exchange.status < 500 and not run.limited(operation) else {}
    tries = [
        send(run, operation, {**operations.BY_ID[operation].body(run, merchant), name: value}, merchant, **what)
        for name, value in alone.items()
    ]
    for one in [one for one in tries if one.is_success] or [exchange]:
        story.add(one)


def _alone(run: Run, claim: Claim) -> dict[str, Any]:
    """Return claims to be made one by one, where all at once are refused: some by the seed, in a full run all."""
    names = [name for name in _ONE_BY_ONE if name in claim.body]
    if run.settings.size != "full":
        names = run.random("claims one by one").sample(names, min(_AT_MOST, len(names)))
    return {name: claim.body[name] for name in names}


@when("a new organization claims the id of the other merchant's")
def claims_others_organization(story: Story) -> None:
    """The id that it gets is its own, so that nothing of the other merchant's is written over."""
    run, closed = story.run, story.rival.organization_id
    body = {**operations.create_organization.body(run), "id": closed}
    spare = story.merchants.spare(story.actor)
    exchange = send(run, operations.CREATE_ORGANIZATION, body, spare, intent=Intent.UNUSUAL, value="a claimed id")
    held = not exchange.is_success or organization_id(exchange) != closed
    run.check(held, "a refusal, or an id of its own", exchange.outcome, exchange, "ORG-PROPERTY-20")


@when("the new user signs in and claims it again")
def claims_sign_in(story: Story) -> None:
    saved_for(story, operations.SIGN_IN)
    person = story.last.request_json
    claim = _claims(story, operations.SIGN_IN)
    story.notes["claimed"] |= claim.texts
    body = {**operations.sign_in.body(person["email"], person["password"]), **claim.body}
    headers = {"Authorization": f"Bearer {story.merchants.first.token}"}
    value = "what a client may not set, in somebody else's session"
    exchange = send(story.run, operations.SIGN_IN, body, intent=Intent.UNUSUAL, value=value, headers=headers)
    if not exchange.is_success:
        _signs_in_without(story, person)
    story.add(exchange)


def _signs_in_without(story: Story, person: dict[str, Any]) -> None:
    """Decide that a new user whose claims are refused at sign-in signs in without them, as new users of the run do."""
    run = story.run
    if run.settings.merchant_email or not story.last.is_success:
        return
    exchange = sign_in(story, person["email"], person["password"], intent=Intent.VALID)
    told = "the new user signs in without the claims"
    run.check(exchange.is_success, told, exchange.outcome, exchange, "SIGNUP-PROPERTY-20")


def _all_have(story: Story, exchange: Exchange, name: str) -> bool:
    """Return whether accounts that never claimed it have what was claimed, too: each merchant may be an administrator.

    E-mails are verified at once where a mailbox is read.
    """
    when = "at sign-in" if exchange.call.operation == operations.SIGN_IN else "at once"
    own = fact_key(exchange.request_json.get("email"))
    found = story.run.known(f"{_FACTS[name]} {when}")
    return any(value == _CLAIMED_BY_NAME[name] for email, value in found.items() if email != own)


@then("nothing of it is taken")
def nothing_taken(story: Story) -> None:
    for exchange in story.exchanges:
        requirement = next(
            name
            for name in story.run.record.requirements
            if story.run.catalogue[name].operation == exchange.call.operation and "PROPERTY" in name
        )
        if not exchange.is_success:
            raise story.run.why_not(exchange)
        found = taken(exchange.response_json, story.notes["claimed"], exchange.request_json)
        common = tuple(f"user.{name} " for name in _FACTS if _all_have(story, exchange, name))
        found = [what for what in found if not what.startswith(common)]
        got = ", ".join(found) or "nothing"
        story.run.check(not found, "the claims are ignored", f"taken: {got}", exchange, requirement)


@then("no host that a client names is that of a checkout page")
def no_host_of_client(story: Story) -> None:
    """A gateway sets the headers that name the host which was asked for; a client may send them as well, in vain."""
    run, host = story.run, f"pages-{story.run.unique()}.example.com"
    body = operations.create_checkout.body(run, story.actor.organization_id)
    headers = {"X-Forwarded-Host": host, "X-Forwarded-Server": host, "Forwarded": f"host={host}"}
    what = {"intent": Intent.UNUSUAL, "value": "another host in a header"}
    exchange = send(run, operations.CREATE_CHECKOUT, body, story.actor, headers=headers, **what)
    if exchange.is_success:
        url = str(first_field(exchange.response_json, ["sessionUrl"]))
        run.check(host not in url.lower(), "a host of the target's own", url, exchange, "CHECKOUT-PROPERTY-20")


@then("the new user is in nobody's organization")
def in_no_organization(story: Story) -> None:
    """What the sign-up claims would show in a customer for that organization, the sign-in's in one by default."""
    run, closed = story.run, story.rival.organization_id
    token = session_token(story.last)
    need(bool(token), "sign-in hands out no token")
    newcomer = Merchant(f"claimant {run.unique()}", "", "", token=token)
    named = send(run, operations.CREATE_CUSTOMER, operations.create_customer.body(run, closed), newcomer)
    run.check(not named.is_success, "no member of the organization", named.outcome, named, "SIGNUP-PROPERTY-20")
    not_into(run, send_default(run, newcomer), closed, "SIGNIN-PROPERTY-20")


@then("the organization is the creator's")
def organization_is_creators(story: Story) -> None:
    """The passive checks record a refusal as a breach."""
    created = organization_id(story.last)
    spare = story.merchants.spare(story.merchants.first)
    story.run.need_success(make_active(story.run, spare, created, intent=Intent.VALID))


@then("the customer is the merchant's")
def customer_is_merchants(story: Story) -> None:
    """The passive checks record a refusal as a breach."""
    customer = text_field(story.last, "id")
    story.run.need_success(create_checkout(story.run, story.actor, customerId=customer))


@given("a customer of the other merchant whose id is going to be claimed")
def customer_to_be_claimed(story: Story) -> None:
    story.notes["theirs"] = story.run.need_success(create_customer(story.run, story.rival))


@then("the other merchant's customer is as it was")
def claimed_customer_is_as_it_was(story: Story) -> None:
    keeps_name(story.run, story.rival, story.notes["theirs"], "CUSTOMER-PROPERTY-20")


@when("the merchant creates a customer with fields that mean something to JavaScript")
def prototype_sent(story: Story) -> None:
    mark = story.run.unique()
    inherited = {"deletedAt": LONG_AGO, "role": "admin", "note": f"Inherited {mark}"}
    body: dict[str, Any] = operations.create_customer.body(story.run, story.actor.organization_id)
    story.notes["mark"] = mark
    body |= {"__proto__": inherited, "constructor": {"prototype": inherited}}
    body["metadata"] = {**body["metadata"], "__proto__": inherited}
    story.add(send(story.run, operations.CREATE_CUSTOMER, body, story.actor))
    session = operations.create_checkout.body(story.run, story.actor.organization_id)
    session["__proto__"] = {"status": "complete", **_times(), "deletedAt": LONG_AGO}
    send(story.run, operations.CREATE_CHECKOUT, session, story.actor)


@then("the next customer inherits nothing")
def inherits_nothing(story: Story) -> None:
    body = operations.create_customer.body(story.run, story.actor.organization_id)
    exchange: Exchange = send(story.run, operations.CREATE_CUSTOMER, body, story.actor, intent=Intent.VALID)
    need(exchange.response is not None, exchange.summary)
    inherited = exchange.response is not None and story.notes["mark"] in exchange.response.text
    got = "what the request before had in `__proto__`" if inherited else "nothing of it"
    story.run.check(not inherited, "a customer as it was sent", got, exchange)
