"""The decisions of the reference target that a fault or a variant may take differently."""

from __future__ import annotations

import re
import time

from sandbox import identity
from sandbox.behaviour import Call
from sandbox.model import AUTHENTICATION, SIGN_IN, SIGN_UP, JsonObject, Reply, optional_text, text
from sandbox.store import Customer, Session, User

DAY = 24 * 3600.0
WEEK = 7 * DAY
IN_URLS = "/:?#[]@!$&'()*+,;=%"
RELATIVE = re.compile(r"/(?![/\\])[^\s\\]*")


def bearer(call: Call) -> str | None:
    """The token of an ``Authorization: Bearer`` header, in any letter case (contract page: More of B)."""
    scheme, _, token = call.headers.get("authorization", "").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def find_session(call: Call) -> Session | None:
    """The session of a bare or signed token; none where the signature is wrong or the session over."""
    token = bearer(call)
    bare = identity.unsigned(token, call.store.secret) if token else None
    return living_session(call, bare)


def living_session(call: Call, bare: str | None) -> Session | None:
    session = call.store.session(bare) if bare else None
    return session if session and session.expires > time.time() else None


def open_session(call: Call, user: User) -> Session:
    now = time.time()
    lasts = DAY if call.fields.get("rememberMe") is False else WEEK
    session = Session(identity.new_token(), user.id, None, now, now + lasts)
    call.store.add_session(session)
    return session


def token_header(call: Call, session: Session) -> tuple[tuple[str, str], ...]:
    """B: the header holds the signed form, and scripts of other origins may read it."""
    return (
        ("set-auth-token", identity.signed(session.token, call.store.secret)),
        ("access-control-expose-headers", "set-auth-token"),
    )


def is_verified(call: Call, user: User) -> bool:
    """Nobody verifies an e-mail here, or soon; the accounts that are there from the beginning are verified."""
    since = time.time() - user.created
    return user.lookup in dict(call.behaviour.accounts) or since >= call.behaviour.verified_after


def lower_case(email: str) -> str:
    return email.lower()


def as_given(value: str) -> str:
    return value


def is_member(call: Call, organization_id: str) -> bool:
    return call.store.is_member(organization_id, call.caller.user_id)


def activate(call: Call, organization_id: str | None) -> None:
    call.store.activate(call.caller.token, organization_id)


def clear_active(call: Call) -> None:
    """B: a refused activation leaves the session without an active organization."""
    call.store.activate(call.caller.token, None)


def leave_active(call: Call) -> None:
    """A refused activation changes nothing."""


def refuse_other_origins(call: Call) -> None:
    """B: no request from another site's page, and none with a cookie that does not say where it comes from."""
    if call.operation not in AUTHENTICATION:
        return
    origin = call.headers.get("origin")
    if "cookie" in call.headers and origin in (None, "null"):
        call.refuse("no-origin")
    if origin is not None and origin != "/".join(call.base_url.split("/")[:3]):
        call.refuse("other-origin")


def any_origin(_: Call) -> None:
    """Look at neither the origin nor cookies."""


def refuse_absolute_callback(call: Call) -> None:
    """B: a callback leads to a page of one's own, named by its path."""
    callback = call.fields.get("callbackURL")
    if call.operation in (SIGN_UP, SIGN_IN) and callback and RELATIVE.fullmatch(callback) is None:
        call.refuse("absolute-callback")


def any_callback(_: Call) -> None:
    """Take whatever callback is named."""


def same_merchant(_: Call, customer: Customer, merchant_id: str) -> bool:
    return customer.merchant_id == merchant_id


def refuse_taken_email(call: Call) -> Reply:
    call.refuse("email-taken")


def refuse_two_options(call: Call) -> None:
    call.refuse("two-options")


def new_id(_: Call, kind: str) -> str:
    return f"{kind}_{identity.random_text(24)}" if kind in ("cus", "cs") else identity.random_text(32)


def new_customer(call: Call, merchant_id: str, given: JsonObject) -> Customer:
    """Store a customer of a merchant as it was given, and return it."""
    customer = Customer(
        id=call.behaviour.new_id(call, "cus"),
        merchant_id=merchant_id,
        name=optional_text(given.get("name")),
        email=optional_text(given.get("email")),
        phone=optional_text(given.get("phoneNumber")),
        metadata=given["metadata"] if isinstance(given.get("metadata"), dict) else {},
        created=time.time(),
    )
    call.store.add_customer(customer)
    return customer


def attach_existing(call: Call, merchant_id: str) -> Customer | None:
    customer = call.store.customer(text(call.fields["customerId"]))
    if customer is None:
        call.refuse("unknown-customer")
    if not call.behaviour.may_attach(call, customer, merchant_id):
        call.refuse("foreign-customer")
    return customer


def attach_none(_: Call, __: str) -> Customer | None:
    return None


def attach_inline(call: Call, merchant_id: str) -> Customer | None:
    given = call.fields["customer"]
    if not isinstance(given, dict) or not any(given.get(name) for name in ("name", "email", "phoneNumber")):
        call.refuse("nobody")
    return new_customer(call, merchant_id, given)
