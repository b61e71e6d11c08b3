"""Merchants: signed-up users with an active organization, provisioned once and shared by the tests of a run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Any

from conformance.errors import NotTested, Why
from conformance.run import Run
from conformance.sharing import once
from conformance.values import MISSING, field, first_field
from conformance.wire.client import encode
from conformance.wire.exchange import Call, Exchange, Intent
from steps import made_up, operations
from steps.merchant import Merchant
from steps.operations.base import Body

TOKEN_HEADER = "set-auth-token"
TENANT_HEADERS = ("X-Organization-Id", "X-Merchant-Id", "X-Tenant-Id", "X-Account-Id")
"""Headers by which some platforms name a tenant: here they are no place for one."""
_REFUSES_ACCOUNT = frozenset({400, 401, 403, 409, 410, 422, 423})
_LOCKED = "accounts that were locked"
_VERIFIED_LATE = "the e-mail of a new account is verified after a moment"
_UNTIL_VERIFIED = (0.3, 0.5, 0.7, 1.0, 1.5)
"""Seconds between sign-ins of a new account."""


class AccountRefused(NotTested):
    """An account that the user named cannot be used; the message says how to mend it."""


def call(run: Run, operation: str, json: Any, merchant: Merchant | None = None, **more: Any) -> Call:
    """A call of an operation with a JSON body, by a merchant or by nobody; `more` are further fields of the call."""
    known = run.contract.operations[operation]
    token = merchant.token if merchant is not None and known.needs_token else None
    actor = merchant.key if merchant is not None else ""
    fields = {
        "method": known.method,
        "path": known.path,
        "operation": operation,
        "json": json,
        "token": token,
        "actor": actor,
    }
    return Call(**{**fields, **more})


def twice(sent: Call, name: str, last: Any) -> Call:
    """Return a call whose body has a field a second time, with another value; JSON leaves open which of them counts."""
    text = f"{encode(sent.json).decode()[:-1]}, {encode({name: last}).decode()[1:]}"
    headers = {**sent.headers, "Content-Type": "application/json"}
    return replace(sent, json=MISSING, body=text.encode(), headers=headers)


def send(run: Run, operation: str, json: Any, merchant: Merchant | None = None, **more: Any) -> Exchange:
    """Sends a call of an operation, as `call` makes it: returns the exchange.

    A valid session that is refused for want of products is sent again with them, as all that come after it. A valid
    sign-in for which the e-mail is to be verified first is sent again, too: a staging may have somebody who does so.
    """
    exchange = run.send(call(run, operation, json, merchant, **more))
    if operation == operations.SIGN_IN and exchange.call.intent == Intent.VALID:
        return _once_verified(run, exchange)
    if operation == operations.CREATE_CHECKOUT and exchange.call.intent == Intent.VALID:
        wanted = operations.create_checkout.with_product(run, exchange)
        return exchange if wanted is None else run.send(call(run, operation, wanted, merchant, **more))
    return exchange


def _once_verified(run: Run, exchange: Exchange) -> Exchange:
    """Return the sign-in of a new account that is let in after a moment, or the refused one where that was in vain."""
    known = run.shared.told(_VERIFIED_LATE)
    if known is False or run.settings.merchant_email:
        return exchange
    first = exchange
    for pause in _UNTIL_VERIFIED:
        if not run.has_status(exchange, HTTPStatus.FORBIDDEN):
            break
        time.sleep(pause)
        exchange = run.send(exchange.call)
    if known is None:
        run.shared.tell(_VERIFIED_LATE, exchange is not first and exchange.is_success)
    return exchange


def session_token(exchange: Exchange) -> str:
    """A sign-up or sign-in that was answered: returns the token, of the header first, then the body; empty for none."""
    header = exchange.response.header(TOKEN_HEADER) if exchange.response is not None else None
    body = first_field(exchange.response_json, ["token"])
    return header or (body if isinstance(body, str) else "")


def own_cookies(exchange: Exchange) -> str:
    """Return the cookies that a response sets, as a browser sends them back; empty for none."""
    headers = exchange.response.headers if exchange.response is not None else ()
    pairs = [value.partition(";")[0].strip() for name, value in headers if name.lower() == "set-cookie"]
    return "; ".join(pair for pair in pairs if pair.partition("=")[2])


def token_forms(exchange: Exchange) -> tuple[str, ...]:
    """Return the forms of the token that a sign-up or sign-in has given, that of the body first."""
    body = first_field(exchange.response_json, ["token"])
    forms = (body if isinstance(body, str) else "", session_token(exchange))
    return tuple(dict.fromkeys(filter(None, forms)))


def organization_id(exchange: Exchange) -> str:
    """An organization that was answered, bare or wrapped: returns its id."""
    found = first_field(exchange.response_json, ["id", "organization.id"])
    if not isinstance(found, str) or not found:
        raise NotTested(f"precondition missing: {exchange.summary} gave no organization id")
    return found


class Merchants:
    """Provisions the merchants of a run on demand; all its processes share them, each with sessions of its own."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._ready: dict[str, Merchant] = {}
        self._spare: dict[str, str] = {}
        self._sign_ins: dict[str, int] = {}
        self._is_capped = False

    @property
    def first(self) -> Merchant:
        """The merchant whom most tests work with."""
        settings = self.run.settings
        return self._renewed(self._provisioned("first", settings.merchant_email, settings.merchant_password))

    @property
    def second(self) -> Merchant:
        """Another merchant, for what tenants must not see or do to each other."""
        settings = self.run.settings
        merchant = self._provisioned("second", settings.second_merchant_email, settings.second_merchant_password)
        return self._renewed(merchant)

    @property
    def account(self) -> Merchant:
        """An account for the checks of passwords and sessions; a fresh one where the target has locked the last one.

        Where accounts are given, it is the first of them. Raises `NotTested` where that one is locked.
        """
        locked = self.run.shared.told(_LOCKED) or 0
        if not self.run.settings.merchant_email:
            return self._provisioned(f"account {locked + 1}", None, None)
        if locked:
            raise NotTested("the account that was given is locked after wrong passwords, which is lawful", Why.POLICY)
        return self.first

    @contextmanager
    def minding_locks(self, operation: str, email: str) -> Iterator[None]:
        """Take a sign-in's 429 that asks for too long a wait for a lock, where sign-ins are not limited."""
        try:
            yield
        except NotTested as error:
            is_lock = error.why is Why.RATE_LIMITED and not self.run.limited(operations.SIGN_IN)
            if is_lock and operation == operations.SIGN_IN:
                self.lock_seen(email)
            raise

    def need_no_lock(self, exchange: Exchange) -> None:
        """Raise `NotTested` where a sign-in is refused as locked: the next test has a fresh account."""
        if is_locked(self.run, exchange):
            self.lock_seen(exchange.request_json["email"])

    def lock_seen(self, email: str) -> None:
        """Let the next test have a fresh account, where this was that of the tests; raise `NotTested`."""
        locked = self.run.shared.told(_LOCKED) or 0
        account = self._ready.get("first" if self.run.settings.merchant_email else f"account {locked + 1}")
        if account is not None and account.email == email:
            self.run.shared.tell(_LOCKED, locked + 1)
        raise NotTested("a policy of the target: an account is locked after a few wrong passwords", Why.POLICY)

    @property
    def intruder(self) -> Merchant:
        """The second merchant in a session that may lose its active organization."""
        return self.spare(self.second)

    def _provisioned(self, key: str, email: str | None, password: str | None) -> Merchant:
        if key not in self._ready:
            merchant = once(self.run.shared, f"merchant {key}", lambda: self._provision(key, email, password))
            self.run.masker.add(merchant.password, merchant.token)
            self._ready[key] = merchant
        return self._ready[key]

    def _provision(self, key: str, email: str | None, password: str | None) -> Merchant:
        if email and password:
            merchant = self._given(Merchant(key, email, password))
        else:
            merchant = self.sign_up(key)
            merchant = replace(merchant, token=self._first_session(merchant))
        if key.startswith("account"):
            self._first_of_two(merchant)
        organization, exchange = self._create_organization(merchant)
        merchant = replace(merchant, organization_id=organization, organization=exchange.request_json or {})
        self.run.shared.tell(f"name of {key}'s organization", merchant.organization.get("name"))
        self.activate(merchant, merchant.token)
        return merchant

    def _first_of_two(self, merchant: Merchant) -> None:
        """Create the organization that the account has besides, so that its active one is not its first, if it may.

        It is named as the first merchant's, which opens nothing of that one.
        """
        name = self.run.shared.told("name of first's organization")
        create_namesake(self.run, merchant, name, "the name of another organization")

    def _first_session(self, merchant: Merchant) -> str:
        """The session of a new account; where sign-ins are limited, that of its sign-up will do for the account."""
        if merchant.key.startswith("account") and self.run.limited(operations.SIGN_IN):
            for token in self.run.shared.take(f"spare session of {merchant.key}") or ():
                sent = call(self.run, operations.SET_ACTIVE, {}, merchant, token=token)
                if not self.run.has_status(self.run.send(sent), 0, HTTPStatus.UNAUTHORIZED):
                    return str(token)
        return self.sign_in(merchant)

    def _given(self, merchant: Merchant) -> Merchant:
        """An account that the user named: signs in. Raises `AccountRefused` where its door stays closed."""
        try:
            return replace(merchant, token=self.sign_in(merchant))
        except NotTested as error:
            last = self.run.recent[-1] if self.run.recent else None
            if error.why is not Why.PRECONDITION or last is None or not self.run.has_status(last, *_REFUSES_ACCOUNT):
                raise
            name = "merchant" if merchant.key == "first" else f"{merchant.key}-merchant"
            told = f"the target does not let {merchant.email} in (status {last.status})"
            raise AccountRefused(f"{told}; check --{name}-email and --{name}-password") from None

    def sign_up(self, key: str) -> Merchant:
        """A new account; its own session, where sign-up opens one, is the first spare one."""
        body = operations.sign_up.body(self.run)
        self.run.masker.add(body["password"])
        exchange = self._sign_up_as_namesake(key, body)
        if exchange is None:
            exchange = send(self.run, operations.SIGN_UP, body, intent=Intent.VALID, actor=key)
        self.run.need_success(exchange)
        found = first_field(exchange.response_json, ["user.id"])
        user_id = found if isinstance(found, str) else ""
        self.run.shared.tell(f"spare session of {key}", token_forms(exchange))
        self.run.shared.tell(f"e-mail of {key}", body["email"])
        self.run.shared.tell(f"name of {key}", body["name"])
        return Merchant(key, body["email"], body["password"], user_id=user_id)

    def _sign_up_as_namesake(self, key: str, body: Body) -> Exchange | None:
        """Sign an account up by the first merchant's name; return None where the target refuses that."""
        name = self.run.shared.told("name of first") if key.startswith("account") else None
        if name is None:
            return None
        named = {**body, "name": name}
        value = "the name of another user"
        exchange = send(self.run, operations.SIGN_UP, named, intent=Intent.UNUSUAL, value=value, actor=key)
        self.run.shared.tell(made_up.USERS_SHARE_A_NAME, exchange.is_success)
        if not exchange.is_success:
            return None
        body |= named
        return exchange

    def sign_in(self, merchant: Merchant) -> str:
        """A new session of a merchant: returns its token."""
        body = {"email": merchant.email, "password": merchant.password}
        exchange = send(self.run, operations.SIGN_IN, body, intent=Intent.VALID, actor=merchant.key)
        self.run.need_success(exchange)
        token = session_token(exchange)
        if not token:
            raise NotTested("precondition missing: sign-in hands out no token")
        if cookies := own_cookies(exchange):
            self.run.shared.tell(f"cookies of {merchant.key}", cookies)
        return token

    def cookies(self, merchant: Merchant) -> str:
        """Return the cookies of the merchant's newest session, as a header has them; empty where there are none."""
        return str(self.run.shared.told(f"cookies of {merchant.key}") or "")

    def spare(self, merchant: Merchant) -> Merchant:
        """The merchant in another session, whose active organization a test may change.

        Where a session has two forms of its token, its requests have the one that the main session's do not. The
        session of a sign-up may be that of the first sign-in, and is the main one then.
        """
        if merchant.key not in self._spare:
            forms = self.run.shared.take(f"spare session of {merchant.key}") or ()
            opening = None if merchant.token in forms else next(filter(partial(self._opens, merchant), forms), None)
            self._spare[merchant.key] = opening or self.sign_in(merchant)
        spare = self._renewed(replace(merchant, token=self._spare[merchant.key]), "spare")
        self._spare[merchant.key] = spare.token
        return spare

    def _renewed(self, merchant: Merchant, which: str = "main") -> Merchant:
        """Return a merchant in a new session, where her sign-ins in the tests have ended the one that she had.

        A cap on sessions is lawful; that the last two stay open is a check of its own. Where there is one, the spare
        session is renewed before the main one, so that a test which is given both has the newest two.
        """
        session = f"{merchant.key} {which}"
        if self._sign_ins.setdefault(session, self._count(merchant)) != self._count(merchant):
            if which == "main" and self._is_capped:
                self._renew_spare(merchant)
            body = {"organizationId": merchant.organization_id}
            if self.run.has_status(send(self.run, operations.SET_ACTIVE, body, merchant), HTTPStatus.UNAUTHORIZED):
                self._is_capped = True
                if which == "main":
                    self._renew_spare(merchant)
                merchant = replace(merchant, token=self.sign_in(merchant))
                self.activate(merchant, merchant.token)
                if which == "main":
                    self._ready[merchant.key] = merchant
        self._sign_ins[session] = self._count(merchant)
        return merchant

    def _renew_spare(self, merchant: Merchant) -> None:
        if merchant.key in self._spare:
            self.spare(merchant)

    def _count(self, merchant: Merchant) -> int:
        return self.run.successes[operations.SIGN_IN, merchant.key]

    def _opens(self, merchant: Merchant, token: str) -> bool:
        body = {"organizationId": merchant.organization_id}
        return send(self.run, operations.SET_ACTIVE, body, merchant, token=token).is_success

    def activate(self, merchant: Merchant, token: str) -> Exchange:
        """Makes the merchant's organization the active one of a session."""
        body = {"organizationId": merchant.organization_id}
        sent = call(self.run, operations.SET_ACTIVE, body, merchant, token=token, intent=Intent.VALID)
        return self.run.need_success(self.run.send(sent))

    def _create_organization(self, merchant: Merchant) -> tuple[str, Exchange]:
        body = operations.create_organization.body(self.run)
        exchange = send(self.run, operations.CREATE_ORGANIZATION, body, merchant, intent=Intent.VALID)
        check_token(self.run, exchange)
        if not exchange.is_success and self.run.why_unavailable(exchange):
            exchange = send(self.run, operations.SET_ACTIVE, {}, merchant)
            if first_field(exchange.response_json, ["id", "organization.id"]) is MISSING:
                raise NotTested("the user may create no organization and has none that is active", Why.WITHHELD)
            return organization_id(exchange), exchange
        found = organization_id(self.run.need_success(exchange))
        return found, exchange


def is_locked(run: Run, exchange: Exchange) -> bool:
    """Return whether a sign-in was refused because wrong passwords have locked the account."""
    known = exchange.call.operation == operations.SIGN_IN and not exchange.is_success
    return known and "locked" in (run.why_unavailable(exchange) or "")


def create_namesake(run: Run, merchant: Merchant, name: str | None, value: str, **more: Any) -> Exchange:
    """Create an organization by a name that is there already, or by one of its own where the target refuses that.

    `value` says in words what is unusual about the name; `more` is for the request with the other one.
    """
    body = operations.create_organization.body(run)
    if name:
        named = {**body, "name": name}
        exchange = send(run, operations.CREATE_ORGANIZATION, named, merchant, intent=Intent.UNUSUAL, value=value)
        if exchange.is_success or run.why_unavailable(exchange) is not None:
            return exchange
    return send(run, operations.CREATE_ORGANIZATION, body, merchant, **more)


def check_token(run: Run, exchange: Exchange) -> None:
    """The first request with the token of a sign-in: checks that the token opened a session."""
    held = not run.has_status(exchange, HTTPStatus.UNAUTHORIZED)
    run.check(held, "the token of the sign-in opens a session", exchange.outcome, exchange, "SIGNIN-TOKEN-2")


def create_customer(run: Run, merchant: Merchant, **changes: Any) -> Exchange:
    """A valid customer of the merchant, with changes to the body: returns the exchange."""
    body = {**operations.create_customer.body(run, merchant.organization_id), **changes}
    return send(run, operations.CREATE_CUSTOMER, body, merchant, intent=Intent.VALID)


def create_checkout(
    run: Run, merchant: Merchant, intent: Intent = Intent.VALID, value: str = "", **changes: Any
) -> Exchange:
    """Send a valid checkout session of the merchant, with changes to the body; return the exchange."""
    body = {**operations.create_checkout.body(run, merchant.organization_id), **changes}
    return send(run, operations.CREATE_CHECKOUT, body, merchant, intent=intent, value=value)


def text_field(exchange: Exchange, *paths: str) -> str:
    """A text that the next step builds on: returns the first found, or raises `NotTested`."""
    found = first_field(exchange.response_json, paths)
    if not isinstance(found, str) or not found:
        raise NotTested(f"precondition missing: {exchange.summary} gave no {' or '.join(paths)}")
    return found


def new_customer(run: Run, merchant: Merchant) -> str:
    """A merchant who needs a customer: returns the id of a new one, or raises `NotTested`."""
    exchange = run.need_success(create_customer(run, merchant))
    return text_field(exchange, "id")


def any_customer(run: Run, merchant: Merchant) -> str:
    """A merchant who needs a customer, whichever: returns the id of one that all tests share, or raises `NotTested`."""
    return once(run.shared, f"a customer of {merchant.key}", lambda: new_customer(run, merchant))


def valid_body(run: Run, operation: str, merchant: Merchant | None, base: str = "") -> dict[str, Any]:
    """Return a new body of an operation that every source accepts, sent by this merchant.

    `base` names one that has more in it than the plain one (`Operation.bases`); raises `NotTested` where that names a
    customer and none can be created. Its secrets are masked from now on: it
    may be sent in a form in which none is found.
    """
    known = operations.BY_ID[operation]
    body = (known.bases[base] if base else known.body)(run, merchant)
    if base in known.of_customer and merchant is not None:
        body["customerId"] = any_customer(run, merchant)
    if operation in run.catalogue.secrets:
        run.masker.add(*(field(body, path) for path in run.catalogue.secrets[operation].request))
    return body
