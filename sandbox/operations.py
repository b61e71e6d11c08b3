"""The six operations and the optional reads, each a plain function from call to reply (contract page: Operations)."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, quote

from sandbox import identity, policies, presentation
from sandbox.behaviour import Behaviour, Call
from sandbox.model import JsonObject, Reply, optional_text, text
from sandbox.store import Checkout, Customer, Member, Organization, User

PAGE_LIMIT = 100


async def sign_up(call: Call) -> Reply:
    behaviour, body = call.behaviour, call.fields
    email = text(body.get("email"))
    key = behaviour.password_key(text(body.get("password")))
    user = User(
        id=behaviour.new_id(call, "user"),
        name=text(body.get("name")),
        email=behaviour.email_stored(email),
        lookup=behaviour.email_lookup(email) or identity.random_text(32),
        password=await identity.hash_password(key),
        image=optional_text(body.get("image")),
        created=time.time(),
    )
    if not call.store.add_user(user):
        return behaviour.taken_email(call)
    shown = presentation.user(call, user)
    if behaviour.verification_demanded:
        return Reply(200, {"token": None, "user": shown})
    session = behaviour.open_session(call, user)
    return Reply(200, {"token": session.token, "user": shown}, behaviour.token_header(call, session))


def seeded_user(behaviour: Behaviour, email: str, password: str) -> User:
    """An account that is there before anybody signs up."""
    stored = identity.hash_password_at_once(behaviour.password_key(password))
    return User(identity.random_text(32), "Merchant", email, behaviour.email_lookup(email), stored, None, time.time())


async def sign_in(call: Call) -> Reply:
    behaviour, body = call.behaviour, call.fields
    user = call.store.user_by_lookup(behaviour.email_sought(text(body.get("email"))))
    key = behaviour.password_key(text(body.get("password")))
    if user is None:
        await identity.hash_password(key)
        call.refuse("unknown-email")
    if behaviour.password_checked and not await identity.password_matches(key, user.password):
        call.refuse("wrong-password")
    if behaviour.verification_demanded and not policies.is_verified(call, user):
        call.refuse("not-verified")
    session = behaviour.open_session(call, user)
    response: JsonObject = {"redirect": False, "token": session.token, "user": presentation.user(call, user)}
    headers = behaviour.token_header(call, session)
    if body.get("callbackURL"):
        response |= {"redirect": True, "url": body["callbackURL"]}
        headers = (*headers, ("location", quote(body["callbackURL"], safe=policies.IN_URLS)))
    return Reply(200, response, headers)


async def create_organization(call: Call) -> Reply:
    behaviour, body = call.behaviour, call.fields
    limit = behaviour.organization_limit
    if limit is not None and call.store.owned(call.caller.user_id) >= limit:
        call.refuse("organization-limit")
    slug = text(body.get("slug"))
    if slug and behaviour.slugs_unique and call.store.slug_taken(slug):
        call.refuse("slug-taken")
    now = time.time()
    organization = Organization(
        id=behaviour.new_id(call, "org"),
        name=text(body.get("name")),
        slug=slug,
        logo=optional_text(body.get("logo")),
        metadata=body.get("metadata"),
        created=now,
    )
    owner = Member(behaviour.new_id(call, "member"), organization.id, call.caller.user_id, "owner", now)
    with call.store.together():
        call.store.add_organization(organization, owner)
        if behaviour.created_is_active:
            behaviour.activate(call, organization.id)
        return Reply(200, presentation.created_organization(call, organization))


async def set_active(call: Call) -> Reply:
    behaviour = call.behaviour
    if "organizationId" in call.fields and call.fields["organizationId"] is None:
        behaviour.activate(call, None)
        return Reply(200, None)
    named, slug = text(call.fields.get("organizationId")), text(call.fields.get("organizationSlug"))
    wanted = named or ("" if slug else call.caller.active)
    if wanted is None:
        return Reply(200, None)
    organization = call.store.organization(wanted) if wanted else call.store.organization_by_slug(slug)
    if organization is None:
        behaviour.activation_refused(call)
        call.refuse("unknown-organization" if wanted else "unknown-slug")
    if not behaviour.may_activate(call, organization.id):
        behaviour.activation_refused(call)
        call.refuse("not-a-member")
    behaviour.activate(call, organization.id)
    shown = presentation.activated_organization(call, organization)
    return Reply(200, shown, behaviour.token_header(call, call.caller))


def merchant_of(call: Call) -> str:
    """The organization that a call is scoped to: the one that it names, else the session's active one."""
    active = call.caller.active
    if active is None and call.behaviour.active_demanded:
        call.refuse("no-active-organization")
    merchant_id = text(call.fields.get("merchantId")) or active
    if merchant_id is None:
        call.refuse("no-active-organization")
    if not call.behaviour.may_use(call, merchant_id):
        call.refuse("foreign-merchant")
    return merchant_id


async def create_customer(call: Call) -> Reply:
    merchant_id, body = merchant_of(call), call.fields
    email, phone = optional_text(body.get("email")), optional_text(body.get("phoneNumber"))
    if call.behaviour.same_customer_refused and call.store.same_customer(merchant_id, email, phone):
        call.refuse("same-customer")
    customer = policies.new_customer(call, merchant_id, body)
    return Reply(201, presentation.customer(call, customer))


async def create_checkout(call: Call) -> Reply:
    behaviour, body = call.behaviour, call.fields
    merchant_id = merchant_of(call)
    by_id, inline = body.get("customerId") is not None, body.get("customer") is not None
    if by_id and inline:
        behaviour.two_options(call)
    with call.store.together():
        attach = behaviour.existing if by_id else behaviour.inline if inline else behaviour.none
        checkout = _new_checkout(call, merchant_id, attach(call, merchant_id))
        call.store.add_checkout(checkout)
        return Reply(201, presentation.checkout(call, checkout))


def _new_checkout(call: Call, merchant_id: str, customer: Customer | None) -> Checkout:
    now, kept = time.time(), ("currency", "totalAmount", "lineItems", "successUrl", "cancelUrl", "mode", "metadata")
    return Checkout(
        id=call.behaviour.new_id(call, "cs"),
        merchant_id=merchant_id,
        customer_id=customer.id if customer else None,
        status=call.behaviour.opening_status,
        detail={name: call.fields.get(name) for name in kept},
        created=now,
        updated=now,
        expires=now + policies.DAY,
    )


async def get_customer(call: Call) -> Reply:
    customer = call.store.customer(call.parameter)
    if customer is None or not policies.is_member(call, customer.merchant_id):
        call.refuse("not-there")
    return Reply(200, presentation.customer(call, customer))


async def list_customers(call: Call) -> Reply:
    merchant_id = call.caller.active
    if merchant_id is None:
        call.refuse("no-active-organization")
    limit, offset = _window(call)
    rows, total = call.store.customers(merchant_id, limit, offset)
    return Reply(200, presentation.customers(call, rows, limit, offset, total))


def _window(call: Call) -> tuple[int, int]:
    asked = parse_qs(call.query)
    limit, offset = asked.get("limit", ["20"])[0], asked.get("offset", ["0"])[0]
    if not all(number.isascii() and number.isdigit() and len(number) < 10 for number in (limit, offset)):
        call.refuse("invalid")
    if int(limit) == 0:
        call.refuse("invalid")
    return min(int(limit), PAGE_LIMIT), int(offset)


async def get_checkout(call: Call) -> Reply:
    checkout = call.store.checkout(call.parameter)
    if checkout is None or not policies.is_member(call, checkout.merchant_id):
        call.refuse("not-there")
    return Reply(200, presentation.checkout(call, checkout))
