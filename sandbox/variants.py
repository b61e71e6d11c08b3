"""The lawful variants: what the contract page allows a target to do differently.

``ALL`` is in the order in which variants are applied, however they were asked for: those that change how a reply is
written come last, so that any of them can be combined.
"""

from __future__ import annotations

import gzip
import json
import math
import time
import unicodedata
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeAlias

from sandbox import errors, identity, policies, presentation, writing
from sandbox.behaviour import Behaviour
from sandbox.model import (
    AUTHENTICATION,
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    GET_CHECKOUT,
    GET_CUSTOMER,
    OPERATIONS,
    OPTIONAL_READS,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Call,
    Headers,
    Json,
    JsonObject,
    Problem,
    Refused,
    Reply,
    text,
)
from sandbox.store import Customer, Session, User

Change: TypeAlias = Callable[[Behaviour], Behaviour]
Finish: TypeAlias = Callable[[Call, Reply], Reply]
Edit: TypeAlias = Callable[[Call, JsonObject], None]

ACCOUNTS = (("first@merchant.example", "sandbox-password-1"), ("second@merchant.example", "sandbox-password-2"))
GATEWAY_KEY = "letmein"
WINDOW = 10.0
ALLOWED_IN_WINDOW = 3


@dataclass(frozen=True)
class Variant:
    """A lawful difference; ``capability`` says what cannot be tested where it is switched on."""

    id: str
    description: str
    change: Change
    capability: str = ""


# Parts ---------------------------------------------------------------------------------------------------------------


def _seams(**seams: object) -> Change:
    return lambda behaviour: replace(behaviour, **seams)  # type: ignore[arg-type]


def _finishing(finish: Finish) -> Change:
    return lambda behaviour: replace(behaviour, finish=(*behaviour.finish, finish))


def _arriving(arrive: Callable[[Call], Reply | None]) -> Change:
    return lambda behaviour: replace(behaviour, arrive=(*behaviour.arrive, arrive))


def _admitting(operation: str, act: Callable[[Call], None]) -> Change:
    def admit(call: Call) -> Reply | None:
        if call.operation == operation:
            act(call)
        return None

    return lambda behaviour: replace(behaviour, admit=(*behaviour.admit, admit))


def _succeeding(operations: Collection[str], finish: Finish) -> Change:
    return _finishing(
        lambda call, reply: finish(call, reply) if reply.succeeded and call.operation in operations else reply
    )


def _bodies(operations: Collection[str], make: Callable[[Json], Json]) -> Change:
    return _succeeding(operations, lambda _, reply: replace(reply, body=make(reply.body)))


def _entities(operations: Collection[str], edit: Edit) -> Change:
    """Edit the user, organization, customer or checkout session in a successful reply."""

    def finish(call: Call, reply: Reply) -> Reply:
        entity = reply.body
        for name in ("user", "organization"):
            if isinstance(entity, dict) and isinstance(entity.get(name), dict):
                entity = entity[name]
        if isinstance(entity, dict) and "id" in entity:
            edit(call, entity)
        return reply

    return _succeeding(operations, finish)


def _both(*changes: Change) -> Change:
    def change(behaviour: Behaviour) -> Behaviour:
        for one in changes:
            behaviour = one(behaviour)
        return behaviour

    return change


def _refusing(names: Collection[str], status: int) -> Change:
    def change(behaviour: Behaviour) -> Behaviour:
        for name in names:
            behaviour = behaviour.refusing(name, lambda problem: replace(problem, status=status))
        return behaviour

    return change


# Shapes --------------------------------------------------------------------------------------------------------------

OPTIONAL: dict[str, tuple[str, ...]] = {
    "user": (
        "image",
        "role",
        "banned",
        "banReason",
        "banExpires",
        "username",
        "displayUsername",
        "phoneNumber",
        "phoneNumberVerified",
        "isAnonymous",
    ),
    "organization": ("logo", "metadata", "members"),
    "customer": ("deletedAt",),
    "checkout": (
        "paymentIntentId",
        "successUrl",
        "cancelUrl",
        "lineItems",
        "mode",
        "expiresAt",
        "metadata",
        "deletedAt",
        "hostedCheckoutConfig",
    ),
}
THINGS = {
    SIGN_UP: "user",
    SIGN_IN: "user",
    CREATE_ORGANIZATION: "organization",
    SET_ACTIVE: "organization",
    CREATE_CUSTOMER: "customer",
    GET_CUSTOMER: "customer",
    CREATE_CHECKOUT: "checkout",
    GET_CHECKOUT: "checkout",
}
GIVEN: dict[str, JsonObject] = {
    "user": {
        "image": "https://merchant.example/face.png",
        "role": "user",
        "banned": False,
        "banReason": "none",
        "banExpires": "2020-01-01T00:00:00.000Z",
        "username": "merchant",
        "displayUsername": "Merchant",
        "phoneNumber": "+26658000000",
        "phoneNumberVerified": False,
        "isAnonymous": False,
    },
    "organization": {"logo": "https://merchant.example/logo.png"},
    "customer": {},
    "checkout": {"paymentIntentId": "pi_0123456789", "hostedCheckoutConfig": {"theme": "light"}},
}


def _without_optional(call: Call, entity: JsonObject) -> None:
    for name in OPTIONAL[THINGS[call.operation]]:
        entity.pop(name, None)


def _null_optional(call: Call, entity: JsonObject) -> None:
    for name in OPTIONAL[THINGS[call.operation]]:
        entity[name] = None


def _all_optional(call: Call, entity: JsonObject) -> None:
    for name, value in GIVEN[THINGS[call.operation]].items():
        if entity.get(name) is None:
            entity[name] = value


def _unknown_fields(_: Call, entity: JsonObject) -> None:
    entity |= {"object": "thing", "livemode": False, "_links": {"self": None}, "tags": []}


def _put(name: str, value: Json) -> Edit:
    def edit(_: Call, entity: JsonObject) -> None:
        entity[name] = value

    return edit


def _drop(*names: str) -> Edit:
    def edit(_: Call, entity: JsonObject) -> None:
        for name in names:
            entity.pop(name, None)

    return edit


def _is_inline(call: Call) -> bool:
    return call.fields.get("customer") is not None and call.fields.get("customerId") is None


def _inline_object_alone(call: Call, session: JsonObject) -> None:
    if _is_inline(call) and session.get("customer"):
        session.pop("customerId", None)


def _no_customer_fields(_: Call, session: JsonObject) -> None:
    if session.get("customerId") is None and session.get("customer") is None:
        session.pop("customerId", None)
        session.pop("customer", None)


def _metadata_as_text(_: Call, organization: JsonObject) -> None:
    if isinstance(organization.get("metadata"), dict):
        organization["metadata"] = json.dumps(organization["metadata"], ensure_ascii=False)


def _in_organization(content: Json) -> Json:
    return {"organization": content}


def _success(value: Json) -> Callable[[Json], Json]:
    return lambda content: content if content is None else {"success": value}


# Accounts and tokens -------------------------------------------------------------------------------------------------


def _header_alone(_: Call, reply: Reply) -> Reply:
    return replace(reply, body={name: value for name, value in reply.body.items() if name != "token"})


def _body_alone(_: Call, reply: Reply) -> Reply:
    """The body carries what the header would have carried."""
    told = dict(reply.headers).get("set-auth-token")
    headers = tuple(pair for pair in reply.headers if pair[0] != "set-auth-token")
    return replace(reply, headers=headers, body={**reply.body, "token": told} if told else reply.body)


def _two_sessions(call: Call, session: Session) -> Headers:
    """The header's token opens another session of the same user than the body's; set-active repeats its own."""
    if call.operation == SET_ACTIVE:
        return policies.token_header(call, session)
    user = call.store.user(session.user_id)
    return policies.token_header(call, policies.open_session(call, user)) if user else ()


def _no_session(null: bool) -> Finish:
    """Sign-up opens no session."""

    def finish(_: Call, reply: Reply) -> Reply:
        content = {name: value for name, value in reply.body.items() if name != "token"}
        headers = tuple(pair for pair in reply.headers if pair[0] != "set-auth-token")
        return replace(reply, headers=headers, body={**content, "token": None} if null else content)

    return finish


def _signed_alone(behaviour: Behaviour) -> Behaviour:
    def find(call: Call) -> Session | None:
        return behaviour.find_session(call) if "." in (policies.bearer(call) or "") else None

    return replace(behaviour, find_session=find)


def _invented(call: Call) -> Reply:
    """B hides that an e-mail is taken: an invented user, no token."""
    email = text(call.fields.get("email")).lower()
    user = User(call.behaviour.new_id(call, "user"), text(call.fields.get("name")), email, email, "", None, time.time())
    return Reply(200, {"token": None, "user": presentation.user(call, user)})


def _captcha(call: Call) -> Reply | None:
    if call.operation != SIGN_UP or call.headers.get("x-captcha-response"):
        return None
    return Reply(400, {"code": "MISSING_RESPONSE", "message": "Missing CAPTCHA response"})


def _url_null(_: Call, reply: Reply) -> Reply:
    return replace(reply, body={"url": None, **reply.body})


# Tenancy and state ---------------------------------------------------------------------------------------------------


def _clear_active(call: Call) -> None:
    call.store.activate(call.caller.token, None)


def _only_active(behaviour: Behaviour) -> Behaviour:
    def may_use(call: Call, merchant_id: str) -> bool:
        return behaviour.may_use(call, merchant_id) and merchant_id == call.caller.active

    return replace(behaviour, may_use=may_use)


def _current_without_id(behaviour: Behaviour) -> Behaviour:
    (field,) = behaviour.fields[SET_ACTIVE]
    fields = {**behaviour.fields, SET_ACTIVE: (replace(field, required=False),)}
    return replace(behaviour, fields=fields)


def _no_null_id(behaviour: Behaviour) -> Behaviour:
    (field,) = behaviour.fields[SET_ACTIVE]
    return replace(behaviour, fields={**behaviour.fields, SET_ACTIVE: (replace(field, nullable=False),)})


def _identity(column: str, name: str) -> Change:
    """One member alone makes a customer's identity."""

    def act(call: Call) -> None:
        query = f"SELECT 1 FROM customer WHERE merchant_id = ? AND {column} = ? LIMIT 1"
        merchant_id = text(call.fields.get("merchantId")) or call.caller.active
        if call.store.execute(query, (merchant_id, call.fields.get(name))):
            call.refuse("same-customer")

    return _admitting(CREATE_CUSTOMER, act)


def _prefer_id(call: Call) -> None:
    call.body = {name: value for name, value in call.fields.items() if name != "customer"}


def _foreign_unknown(call: Call, merchant_id: str) -> Customer | None:
    """Another merchant's customer is as unknown as one that does not exist."""
    customer = call.store.customer(text(call.fields["customerId"]))
    if customer is not None and not call.behaviour.may_attach(call, customer, merchant_id):
        call.refuse("unknown-customer")
    return policies.attach_existing(call, merchant_id)


# Errors --------------------------------------------------------------------------------------------------------------


def _shape_s(_: Call, problem: Problem) -> Reply:
    return Reply(problem.status, errors.status_and_message(problem), problem.headers)


def _shape_s_with_list(_: Call, problem: Problem) -> Reply:
    told = errors.status_and_message(problem) | {"message": list(problem.messages)}
    return Reply(problem.status, told, problem.headers)


def _shape_b(_: Call, problem: Problem) -> Reply:
    return Reply(problem.status, errors.code_and_message(problem), problem.headers)


def _message_alone(call: Call, reply: Reply) -> Reply:
    if reply.status != 400 or call.operation not in AUTHENTICATION or not isinstance(reply.body, dict):
        return reply
    if reply.body.get("code") == "MISSING_RESPONSE":
        return reply
    message = reply.body.get("message")
    return replace(reply, body={"message": "; ".join(message) if isinstance(message, list) else message})


def _empty(reply: Reply) -> Reply:
    return replace(reply, raw=b"", media_type=None)


def _empty_401(call: Call, reply: Reply) -> Reply:
    return _empty(reply) if reply.status == 401 and call.operation in AUTHENTICATION else reply


def _empty_404(call: Call, reply: Reply) -> Reply:
    return _empty(reply) if reply.status == 404 and not call.operation else reply


def _nothing_here(call: Call, reply: Reply) -> Reply:
    if reply.status != 404 or call.operation or not isinstance(reply.body, dict):
        return reply
    return replace(reply, body={**reply.body, "message": "no such customer or session: nothing was found"})


def _challenge(_: Call, reply: Reply) -> Reply:
    told = (("www-authenticate", 'Bearer realm="api"'),)
    return replace(reply, headers=(*reply.headers, *told)) if reply.status == 401 else reply


# Limits and gateways -------------------------------------------------------------------------------------------------


def _seconds(name: str) -> Callable[[float], Headers]:
    return lambda wait: ((name, str(max(1, math.ceil(wait)))),)


def _limit(told: Callable[[float], Headers], shared: bool = False, plain: bool = False) -> Change:
    """Three requests in ten seconds each for sign-up and sign-in; the window restarts after ten seconds of silence.

    Clients are told apart by their address, and by X-Forwarded-For; not so where the bucket is shared.
    """

    def arrive(call: Call) -> Reply | None:
        if call.operation not in (SIGN_UP, SIGN_IN):
            return None
        client = "" if shared else call.headers.get("x-forwarded-for", call.client)
        buckets = call.memory.setdefault("limits", {})
        count, last = buckets.get((call.path, client), (0, 0.0))
        now = time.monotonic()
        if now - last > WINDOW:
            count = 0
        if count >= ALLOWED_IN_WINDOW:
            return _too_many(told(last + WINDOW - now), plain)
        buckets[(call.path, client)] = (count + 1, now)
        return None

    return _arriving(arrive)


def _too_many(headers: Headers, plain: bool) -> Reply:
    words = "Too many requests. Please try again later."
    if plain:
        return Reply(429, headers=headers, media_type="text/plain", raw=words.encode())
    return Reply(429, {"message": words}, headers)


def _gateway(call: Call) -> Reply | None:
    if call.headers.get("x-gateway-key") == GATEWAY_KEY:
        return None
    page = b"<!doctype html><html><head><title>403 Forbidden</title></head><body><h1>403 Forbidden</h1></body></html>"
    return Reply(403, raw=page, media_type="text/html")


def _cookie(_: Call, reply: Reply) -> Reply:
    cookie = f"session={identity.random_text(16)}; Path=/; HttpOnly; SameSite=Lax"
    return replace(reply, headers=(*reply.headers, ("set-cookie", cookie)))


# Ids, times, texts ---------------------------------------------------------------------------------------------------


def _uuid(_: Call, __: str) -> str:
    return str(uuid.uuid4())


def _integer(call: Call, _: str) -> str:
    call.memory["ids"] = call.memory.get("ids", 1000) + 1
    return str(call.memory["ids"])


def _prefixed(_: Call, kind: str) -> str:
    return f"{kind}_{identity.random_text(20)}"


def _with_offset(moment: float) -> str:
    return datetime.fromtimestamp(moment, timezone(timedelta(hours=2))).isoformat(timespec="milliseconds")


def _microseconds(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _whole_seconds(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _nfc(call: Call) -> Reply | None:
    name = call.fields.get("name")
    if isinstance(name, str):
        call.body = {**call.fields, "name": unicodedata.normalize("NFC", name)}
    return None


def _refuse_unusual(behaviour: Behaviour) -> Behaviour:
    """NUL characters, lone surrogates and deep nesting are an orderly 400."""

    def parse(call: Call) -> Json:
        value = behaviour.parse(call)
        written = json.dumps(value)
        if "\\u0000" in written or "\\ufffd" in written or call.raw.count(b"{") + call.raw.count(b"[") > 200:
            raise Refused(behaviour.refusals["invalid"])
        return value

    return replace(behaviour, parse=parse)


# Writing -------------------------------------------------------------------------------------------------------------


def _charset(_: Call, reply: Reply) -> Reply:
    meant = reply.media_type == "application/json"
    return replace(reply, media_type="application/json; charset=utf-8") if meant else reply


def _gzipped(call: Call, reply: Reply) -> Reply:
    content = writing.content(reply)
    if not content or "gzip" not in call.headers.get("accept-encoding", ""):
        return reply
    headers = (*reply.headers, ("content-encoding", "gzip"), ("vary", "accept-encoding"))
    return replace(reply, raw=gzip.compress(content, 1), headers=headers)


def _closing(_: Call, reply: Reply) -> Reply:
    return replace(reply, headers=(*reply.headers, ("connection", "close")))


FOREIGN = ("foreign-merchant", "foreign-customer", "not-a-member")
AUTH_LIMIT = "three sign-ups and sign-ins each in ten seconds"

ALL: tuple[Variant, ...] = (
    Variant(
        "set-active-metadata-string",
        "set-active gives metadata as JSON text",
        _entities({SET_ACTIVE}, _metadata_as_text),
    ),
    Variant(
        "set-active-without-members",
        "set-active gives neither members nor invitations",
        _entities({SET_ACTIVE}, _drop("members", "invitations")),
    ),
    Variant("optional-fields-absent", "optional fields are absent", _entities(THINGS, _without_optional)),
    Variant("optional-fields-null", "optional fields are null", _entities(THINGS, _null_optional)),
    Variant("optional-fields-given", "all optional fields are given", _entities(THINGS, _all_optional)),
    Variant(
        "unknown-fields", "responses hold fields that the contract does not know", _entities(THINGS, _unknown_fields)
    ),
    Variant(
        "checkout-amount-absent",
        "a checkout session is answered without totalAmount",
        _entities({CREATE_CHECKOUT}, _drop("totalAmount")),
        "the echo of the amount",
    ),
    Variant(
        "customer-fields-absent-when-none",
        "without a customer, customerId and customer are absent",
        _entities({CREATE_CHECKOUT}, _no_customer_fields),
    ),
    Variant(
        "checkout-customer-id-alone",
        "a session shows customerId, never a customer object",
        _entities({CREATE_CHECKOUT}, _drop("customer")),
    ),
    Variant(
        "inline-customer-object-alone",
        "an inline customer is shown as customer.id alone",
        _entities({CREATE_CHECKOUT}, _inline_object_alone),
    ),
    Variant("checkout-status-active", "a new session's status is active", _seams(opening_status="active")),
    Variant("expires-at-absent", "expiresAt is absent", _entities({CREATE_CHECKOUT}, _drop("expiresAt")), "expiresAt"),
    Variant("expires-at-null", "expiresAt is null", _entities({CREATE_CHECKOUT}, _put("expiresAt", None)), "expiresAt"),
    Variant("signin-url-null", "sign-in answers url: null", _succeeding({SIGN_IN}, _url_null)),
    Variant(
        "organization-wrapped",
        "a created organization comes as {organization: ...}",
        _bodies({CREATE_ORGANIZATION}, _in_organization),
    ),
    Variant("set-active-success", "set-active answers {success: true}", _bodies({SET_ACTIVE}, _success(True))),
    Variant(
        "set-active-success-nested",
        "set-active answers {success: {success: true}}",
        _bodies({SET_ACTIVE}, _success({"success": True})),
    ),
    Variant(
        "created-200",
        "customers and checkout sessions are answered 200",
        _succeeding({CREATE_CUSTOMER, CREATE_CHECKOUT}, lambda _, reply: replace(reply, status=200)),
    ),
    Variant("signatures-demanded", "only signed tokens open a session", _signed_alone),
    Variant(
        "tokens-of-two-sessions", "header and body carry tokens of two sessions", _seams(token_header=_two_sessions)
    ),
    Variant(
        "token-in-header-alone",
        "sign-up and sign-in give the token in the header alone",
        _succeeding({SIGN_UP, SIGN_IN}, _header_alone),
    ),
    Variant(
        "token-in-body-alone",
        "sign-up and sign-in give the token in the body alone",
        _succeeding({SIGN_UP, SIGN_IN}, _body_alone),
    ),
    Variant(
        "signup-token-null",
        "sign-up opens no session: the token is null",
        _succeeding({SIGN_UP}, _no_session(null=True)),
    ),
    Variant(
        "signup-token-absent",
        "sign-up opens no session: the token is absent",
        _succeeding({SIGN_UP}, _no_session(null=False)),
    ),
    Variant(
        "email-kept", "user.email comes back in the letter case of sign-up", _seams(email_stored=policies.as_given)
    ),
    Variant("taken-email-400", "a taken e-mail is 400", _refusing(("email-taken",), 400)),
    Variant("taken-email-409", "a taken e-mail is 409", _refusing(("email-taken",), 409)),
    Variant(
        "taken-email-hidden",
        "a taken e-mail is 200 with an invented user; sign-up opens no session",
        _both(_seams(taken_email=_invented), _succeeding({SIGN_UP}, _no_session(null=True))),
    ),
    Variant("slug-taken-409", "a taken slug is 409", _refusing(("slug-taken",), 409)),
    Variant("slug-taken-422", "a taken slug is 422", _refusing(("slug-taken",), 422)),
    Variant(
        "captcha",
        "sign-up wants a captcha: 400 MISSING_RESPONSE",
        lambda behaviour: replace(_arriving(_captcha)(behaviour), accounts=ACCOUNTS),
        "sign-up; two accounts are there: " + ", ".join("/".join(pair) for pair in ACCOUNTS),
    ),
    Variant(
        "verification-demanded",
        "the e-mail must be verified before sign-in: sign-up gives token null, sign-in 403",
        _seams(verification_demanded=True, accounts=ACCOUNTS, taken_email=_invented),
        "sign-in of new accounts; two verified ones are there: " + ", ".join("/".join(pair) for pair in ACCOUNTS),
    ),
    Variant(
        "organization-limit",
        "a user may create one organization",
        _seams(organization_limit=1),
        "what needs a second organization of one user",
    ),
    Variant(
        "created-organization-not-active",
        "a new organization is not active before set-active",
        _seams(created_is_active=False),
    ),
    Variant("merchant-must-be-active", "merchantId must be the active organization", _only_active),
    Variant(
        "active-not-demanded",
        "a session without an active organization may name any of the user's",
        _seams(active_demanded=False),
    ),
    Variant(
        "set-active-empty-accepted",
        "set-active without organizationId answers with the current organization or null",
        _current_without_id,
    ),
    Variant("set-active-null-refused", "organizationId null is refused", _no_null_id),
    Variant(
        "refused-activation-clears",
        "a refused activation ends the caller's own active organization",
        _seams(activation_refused=_clear_active),
    ),
    Variant("foreign-400", "another tenant's things are 400", _refusing(FOREIGN, 400)),
    Variant("foreign-404", "another tenant's things are 404", _refusing(FOREIGN, 404)),
    Variant(
        "foreign-customer-unknown",
        "another merchant's customer is the same 404 as an unknown one",
        _seams(existing=_foreign_unknown),
    ),
    Variant("unknown-customer-400", "an unknown customerId is 400", _refusing(("unknown-customer",), 400)),
    Variant("unknown-organization-403", "an unknown organization is 403", _refusing(("unknown-organization",), 403)),
    Variant(
        "customer-duplicates-accepted",
        "a customer with the same identity is accepted",
        _seams(same_customer_refused=False),
    ),
    Variant("customer-identity-is-email", "the e-mail alone is a customer's identity", _identity("email", "email")),
    Variant(
        "customer-identity-is-phone",
        "the phone number alone is a customer's identity",
        _identity("phone", "phoneNumber"),
    ),
    Variant("two-options-422", "customerId and customer together are 422", _refusing(("two-options",), 422)),
    Variant(
        "two-options-prefer-id", "of customerId and customer together customerId wins", _seams(two_options=_prefer_id)
    ),
    Variant(
        "reads-absent",
        "there are no optional reads",
        _seams(hidden=OPTIONAL_READS),
        "what is shown with the optional reads",
    ),
    Variant(
        "reads-absent-worded",
        "there are no optional reads, and an unknown path has no such customer or session",
        _both(_seams(hidden=OPTIONAL_READS), _finishing(_nothing_here)),
        "what is shown with the optional reads",
    ),
    Variant("validation-first", "bodies are validated before tokens", _seams(validates_first=frozenset(OPERATIONS))),
    Variant("authentication-first", "tokens are looked at before bodies", _seams(validates_first=frozenset())),
    Variant(
        "form-accepted",
        "sign-up and sign-in take form-urlencoded too",
        _seams(form_accepted=frozenset({SIGN_UP, SIGN_IN})),
    ),
    Variant("media-type-400", "a wrong media type is 400", _refusing(("media-type",), 400)),
    Variant("malformed-422", "malformed JSON is 422", _refusing(("malformed",), 422)),
    Variant("malformed-415", "malformed JSON is 415", _refusing(("malformed",), 415)),
    Variant("body-limit-100-kb", "bodies above 100 kB are 413", _seams(body_limit=100_000)),
    Variant("unusual-input-refused", "NUL, lone surrogates and nesting deeper than 200 are 400", _refuse_unusual),
    Variant(
        "names-in-nfc",
        "names are kept in Unicode's NFC",
        lambda behaviour: replace(behaviour, admit=(*behaviour.admit, _nfc)),
    ),
    Variant("ids-uuid", "ids are UUIDs", _seams(new_id=_uuid)),
    Variant("ids-integer", "ids are whole numbers, as strings", _seams(new_id=_integer)),
    Variant("ids-prefixed", "ids have a prefix for their kind", _seams(new_id=_prefixed)),
    Variant("times-with-offset", "date-times have the offset +02:00", _seams(timestamp=_with_offset)),
    Variant("times-with-microseconds", "date-times have microseconds", _seams(timestamp=_microseconds)),
    Variant("times-in-seconds", "date-times have no fraction", _seams(timestamp=_whole_seconds)),
    Variant("errors-shape-s", "every error has statusCode, message and error", _seams(write_problem=_shape_s)),
    Variant("errors-shape-b", "every error has code and message", _seams(write_problem=_shape_b)),
    Variant(
        "error-message-list",
        "every error has statusCode, a list of messages and error",
        _seams(write_problem=_shape_s_with_list),
    ),
    Variant(
        "error-400-message-alone", "a 400 on the authentication paths is a message alone", _finishing(_message_alone)
    ),
    Variant(
        "error-401-empty",
        "a 401 on the authentication paths has no body",
        _finishing(_empty_401),
        "the shape of a 401 on the authentication paths",
    ),
    Variant("error-404-empty", "a 404 for an unknown path has no body", _finishing(_empty_404)),
    Variant(
        "wrong-method-404",
        "another method is a 404 without a body",
        _both(_refusing(("wrong-method",), 404), _finishing(_empty_404)),
    ),
    Variant("www-authenticate", "a 401 carries WWW-Authenticate", _finishing(_challenge)),
    Variant(
        "limit-auth-x-retry-after",
        "a rate limit, its wait in X-Retry-After",
        _limit(_seconds("X-Retry-After")),
        AUTH_LIMIT,
    ),
    Variant(
        "limit-auth-retry-after",
        "a rate limit, its wait in Retry-After, its 429 plain text",
        _limit(_seconds("Retry-After"), plain=True),
        AUTH_LIMIT,
    ),
    Variant(
        "limit-auth-shared-bucket",
        "a rate limit, all clients share a bucket",
        _limit(_seconds("X-Retry-After"), shared=True),
        AUTH_LIMIT,
    ),
    Variant(
        "gateway-key",
        f"a gateway answers 403 with its own HTML page unless X-Gateway-Key is {GATEWAY_KEY}",
        _arriving(_gateway),
        "everything, without the header",
    ),
    Variant(
        "latency-100-ms",
        "every reply takes 100 ms more",
        _finishing(lambda _, reply: replace(reply, delay=reply.delay + 0.1)),
    ),
    Variant("set-cookie", "every reply sets a cookie", _finishing(_cookie)),
    Variant("charset-replies", "JSON is sent as application/json; charset=utf-8", _finishing(_charset)),
    Variant("gzip-replies", "replies are gzip where the client accepts it", _finishing(_gzipped)),
    Variant("chunked-replies", "replies are chunked", _finishing(lambda _, reply: replace(reply, chunked=True))),
    Variant("connection-close", "every connection ends after one reply", _finishing(_closing)),
)
