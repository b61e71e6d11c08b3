"""What is seldom asked: other spellings of paths, ids in odd places, who a new user is, and what a refusal leaves."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import parse_qs

from sandbox import policies
from sandbox.behaviour import Behaviour, Call, Change
from sandbox.changes import admitting, arriving, both, finishing, put, with_seams
from sandbox.faults.authentication import keyed_by
from sandbox.faults.builders import editing, falling_over
from sandbox.faults.comparisons import dead_where, given_in, reading_id
from sandbox.faults.doors import also_by, newest_session, unwatched
from sandbox.faults.model import ANY, MUST, Fault, table
from sandbox.faults.tokens import GUESSABLE, tokens_like
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    GET_CHECKOUT,
    GET_CUSTOMER,
    LIST_CUSTOMERS,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    Json,
    JsonObject,
    Reply,
    text,
)
from sandbox.store import Customer, Session, User

_SHORT = 20
INVISIBLE = "\u200b\u200c\u200d"


def _forwarded(call: Call) -> Session | None:
    """Who a proxy says it is, although none stands in front."""
    if call.operation != CREATE_CUSTOMER or "authorization" in call.headers:
        return None
    return newest_session(call, "u.email = ?", call.headers.get("x-forwarded-email"))


def _true(call: Call, value: Json) -> Json:
    """The merchant of somebody else, where what is asked is always true."""
    rows = call.store.execute("SELECT id FROM organization LIMIT 1") if isinstance(value, str) else []
    return rows[0][0] if rows and isinstance(value, str) and "' OR '" in value else value


def _opened_by_sql(behaviour: Behaviour) -> Behaviour:
    def arrive(call: Call) -> None:
        named = text(given_in(call).get("merchantId")) if call.operation == CREATE_CHECKOUT else ""
        call.memory["always true"] = "' OR '" in named

    def may_use(call: Call, merchant_id: str) -> bool:
        return bool(call.memory.get("always true")) or behaviour.may_use(call, merchant_id)

    changed = replace(behaviour, arrive=(*behaviour.arrive, arrive), may_use=may_use)
    return reading_id(CREATE_CHECKOUT, "merchantId", _true)(changed)


def _of_the_active(call: Call, customer: Customer, merchant_id: str) -> bool:
    return customer.merchant_id == (call.caller.active or merchant_id)


def _active_of_anybody(call: Call, user: User) -> Session:
    """A first session starts where somebody else is."""
    session = policies.open_session(call, user)
    if call.operation != SIGN_UP:
        return session
    rows = call.store.execute("SELECT active FROM session WHERE active IS NOT NULL ORDER BY rowid DESC LIMIT 1")
    for row in rows:
        call.store.activate(session.token, row[0])
        call.memory[session.token] = row[0]
    return session


def _in_the_first_organization(behaviour: Behaviour) -> Behaviour:
    def may_use(call: Call, merchant_id: str) -> bool:
        return call.memory.get(call.caller.token) == merchant_id or behaviour.may_use(call, merchant_id)

    return replace(behaviour, open_session=_active_of_anybody, may_use=may_use)


def _any_of(operation: str, table_name: str, test: str) -> Change:
    """The newest thing of all is read, where a test of the id says so."""

    def arrive(call: Call) -> None:
        if call.operation == operation and test in call.parameter and len(call.parameter) < _SHORT:
            rows = call.store.execute(f"SELECT id FROM {table_name} ORDER BY rowid DESC LIMIT 1")
            call.parameter = rows[0][0] if rows else call.parameter

    return arriving(arrive)


def _of_the_query(call: Call, reply: Reply) -> Reply:
    wanted = parse_qs(call.query).get("merchantId", [""])[0]
    if call.operation != LIST_CUSTOMERS or not reply.succeeded or not wanted:
        return reply
    session = replace(call.caller, active=wanted)
    rows, _ = call.store.customers(str(session.active), 100, 0)
    data = [{**row, "id": one.id} for one in rows for row in reply.body["data"][:1]]
    return replace(reply, body={**reply.body, "data": data})


def _with_hash(call: Call, reply: Reply) -> Reply:
    if call.operation != LIST_CUSTOMERS or not reply.succeeded:
        return reply
    by = {"id": "x", "passwordHash": hashlib.sha256(call.store.secret).hexdigest()}
    return replace(reply, body={**reply.body, "data": [{**row, "createdBy": by} for row in reply.body["data"]]})


def _left_by_malformed(call: Call, reply: Reply) -> Reply:
    """Malformed JSON is refused after a row was made for it."""
    if call.operation == CREATE_CUSTOMER and reply.status == 400 and call.raw.startswith(b"{") and not given_in(call):
        session = call.behaviour.find_session(call)
        if session is not None and session.active is not None and len(call.raw) > len("{}"):
            policies.new_customer(call, session.active, {"name": "", "metadata": {}})
    return reply


def _left_by_refused(call: Call, reply: Reply) -> Reply:
    """A refused session has put its metadata on the customer already."""
    given = given_in(call) if call.operation == CREATE_CHECKOUT and reply.status == 400 else {}
    if isinstance(given.get("metadata"), dict) and isinstance(given.get("customerId"), str):
        call.store.execute("UPDATE customer SET metadata = '{}' WHERE id = ?", (given["customerId"],))
    return reply


def _same_for_all(call: Call, reply: Reply) -> Reply:
    """A body that is known is answered with the session that it made, whoever sends it for whatever merchant."""
    if call.operation != CREATE_CHECKOUT or not reply.succeeded:
        return reply
    told = repr({name: value for name, value in call.fields.items() if name != "merchantId"})
    known = call.memory.setdefault("sessions by request", {})
    return replace(reply, body=known.setdefault(told, reply.body))


def _equal_names(call: Call) -> bool:
    items = call.fields.get("lineItems", [])
    names = [item.get("name") for item in items if isinstance(item, dict)]
    return 1 < len(names) < 4 and len(set(names)) < len(names)


def _refuse_equal_names(call: Call) -> None:
    if _equal_names(call):
        call.refuse("invalid")


def _allowing_all(call: Call, reply: Reply) -> Reply:
    """A 405 names every method as allowed, the refused one too."""
    if reply.status != HTTPStatus.METHOD_NOT_ALLOWED:
        return reply
    others = tuple(pair for pair in reply.headers if pair[0].lower() != "allow")
    return replace(reply, headers=(*others, ("allow", "GET, POST, PUT, PATCH, DELETE")))


def _form_falls_over(call: Call) -> bool:
    return call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def _newest_session(call: Call) -> None:
    """The id of a customer reads the newest session of the customer."""
    if call.operation == GET_CHECKOUT:
        query = "SELECT id FROM checkout WHERE customer_id = ? ORDER BY rowid DESC LIMIT 1"
        rows = call.store.execute(query, (call.parameter,))
        call.parameter = rows[0][0] if rows else call.parameter


def _shown_to_heads(call: Call) -> Reply | None:
    """HEAD asks for no token."""
    meant = call.operation in (GET_CUSTOMER, GET_CHECKOUT) and call.method == "HEAD"
    return Reply(200, {}) if meant else None


def _more_at_the_end(call: Call, reply: Reply) -> Reply:
    """A page that ends with the last customer goes on."""
    if call.operation != LIST_CUSTOMERS or not reply.succeeded:
        return reply
    page = reply.body["pagination"]
    more = page["offset"] + page["limit"] <= page["total"]
    return replace(reply, body={**reply.body, "pagination": {**page, "hasMore": more}})


def _without_prefix(call: Call, value: Json) -> Json:
    """A customer is looked up by what follows the prefix."""
    return f"cus_{value.partition('_')[2]}" if isinstance(value, str) and "_" in value else value


def _ended(call: Call, session: JsonObject) -> None:
    session["expiresAt"] = "2001-02-03T04:05:06.000Z"


def _remembered(call: Call, reply: Reply) -> Reply:
    """A page of a hundred that was read once is read so for ever."""
    if call.operation != LIST_CUSTOMERS or not reply.succeeded or "limit=100&" not in call.query:
        return reply
    known = call.memory.setdefault("lists", {})
    return replace(reply, body=known.setdefault((call.caller.active, call.query), reply.body))


def _sent_on(call: Call, _: User) -> bool:
    return call.operation == SIGN_IN and call.fields.get("rememberMe") is True and "callbackURL" in call.fields


def _digest(call: Call, user: User) -> str:
    name = f"sign-ins of {user.id}"
    call.memory[name] = call.memory.get(name, 0) + 1
    return hashlib.md5(f"{user.id}:{call.memory[name]}".encode(), usedforsecurity=False).hexdigest()


def _visible(password: str) -> str:
    return "".join(letter for letter in password if letter not in INVISIBLE)


FAULTS = (
    *table(
        "doors",
        Fault(
            "active-parameter-unwatched",
            SET_ACTIVE,
            MUST,
            "the path with a parameter of its last part asks for no token",
            unwatched("/authentication/organization/set-active;v=1"),
            ("ACTIVE-AUTH-32",),
        ),
        Fault(
            "checkout-ending-unwatched",
            CREATE_CHECKOUT,
            MUST,
            "the path with an ending asks for no token",
            unwatched("/checkout/sessions.json"),
            ("CHECKOUT-AUTH-32",),
        ),
        Fault(
            "organization-dot-unwatched",
            CREATE_ORGANIZATION,
            MUST,
            "the path with a dot for a part asks for no token",
            unwatched("/authentication/organization/./create"),
            ("ORG-AUTH-32",),
        ),
        Fault(
            "customer-capitals-unwatched",
            CREATE_CUSTOMER,
            MUST,
            "the path in capitals asks for no token",
            unwatched("/CUSTOMERS"),
            ("CUSTOMER-AUTH-32",),
        ),
        Fault(
            "customer-forwarded-email-believed",
            CREATE_CUSTOMER,
            MUST,
            "an e-mail in X-Forwarded-Email is believed without a token",
            also_by(_forwarded),
            ("CUSTOMER-AUTH-31",),
        ),
        Fault(
            "token-digest-of-count",
            SIGN_IN,
            MUST,
            "a token is the MD5 of the user's id and the number of the sign-in",
            tokens_like(_digest),
            GUESSABLE,
        ),
    ),
    *table(
        "comparisons",
        Fault(
            "checkout-merchant-sql",
            CREATE_CHECKOUT,
            MUST,
            "SQL as merchantId opens another merchant",
            _opened_by_sql,
            ("CHECKOUT-TENANT-30",),
        ),
        Fault(
            "customer-read-like",
            GET_CUSTOMER,
            MUST,
            "the id % reads some customer",
            _any_of(GET_CUSTOMER, "customer", "%"),
            ("CUSTOMER-READ-24",),
        ),
        Fault(
            "checkout-read-sql",
            GET_CHECKOUT,
            MUST,
            "SQL as an id reads some session",
            _any_of(GET_CHECKOUT, "checkout", "' OR '"),
            ("CHECKOUT-READ-24",),
        ),
        Fault(
            "password-without-invisible",
            SIGN_IN,
            MUST,
            "invisible characters in a password do not count",
            keyed_by(_visible),
            ("SIGNIN-AUTH-34",),
        ),
        Fault(
            "signin-remembered-and-sent-on-dead",
            SIGN_IN,
            MUST,
            "the session of a sign-in that is remembered and sent on to a page is not kept",
            dead_where(_sent_on),
            ("SIGNIN-TOKEN-33",),
        ),
    ),
    *table(
        "organizations",
        Fault(
            "checkout-customer-of-active",
            CREATE_CHECKOUT,
            MUST,
            "a customer is looked for in the active organization, whichever is named",
            with_seams(may_attach=_of_the_active),
            ("CHECKOUT-TENANT-27",),
        ),
        Fault(
            "signup-in-organization-of-others",
            SIGN_UP,
            MUST,
            "a new user starts in the organization that somebody made active last",
            _in_the_first_organization,
            ("SIGNUP-TENANT-50",),
        ),
        Fault(
            "customers-of-merchant-in-query",
            LIST_CUSTOMERS,
            MUST,
            "merchantId in the query lists another merchant's customers",
            finishing(_of_the_query),
            ("CUSTOMER-LIST-22",),
        ),
        Fault(
            "customers-with-password-hash",
            LIST_CUSTOMERS,
            MUST,
            "each customer of the list says who made it, with that user's password hash",
            finishing(_with_hash),
            ("API-LEAK-25",),
        ),
    ),
    *table(
        "uniqueness",
        Fault(
            "checkout-same-for-all-merchants",
            CREATE_CHECKOUT,
            MUST,
            "a body that another merchant has sent is answered with that one's session",
            finishing(_same_for_all),
            ("CHECKOUT-UNIQUE-4", "CHECKOUT-ECHO-3"),
        ),
        Fault(
            "checkout-items-of-one-name-refused",
            CREATE_CHECKOUT,
            MUST,
            "two line items of one name are refused",
            admitting(CREATE_CHECKOUT, _refuse_equal_names),
            ("CHECKOUT-STATUS-1",),
        ),
    ),
    *table(
        "http",
        Fault(
            "any-405-allows-all",
            ANY,
            MUST,
            "a 405 names every method as allowed",
            finishing(_allowing_all),
            tuple(f"{short}-PROTOCOL-50" for short in ("SIGNUP", "SIGNIN", "ORG", "ACTIVE", "CUSTOMER", "CHECKOUT")),
        ),
        Fault(
            "payments-form-500",
            ANY,
            MUST,
            "form data is a 500 for customers and sessions",
            both(*(falling_over(operation, _form_falls_over) for operation in (CREATE_CUSTOMER, CREATE_CHECKOUT))),
            ("CUSTOMER-STATUS-3",),
        ),
    ),
    *table(
        "reads",
        Fault(
            "checkout-read-by-customer",
            GET_CHECKOUT,
            MUST,
            "a customer's id reads the newest session of the customer",
            arriving(_newest_session),
            ("CHECKOUT-READ-24",),
        ),
        Fault(
            "checkout-read-ended",
            GET_CHECKOUT,
            MUST,
            "a session reads as ended before it was created",
            editing(GET_CHECKOUT, _ended),
            ("API-TIME-50",),
        ),
        Fault(
            "customer-read-updated-before",
            GET_CUSTOMER,
            MUST,
            "a customer reads as updated before it was created",
            editing(GET_CUSTOMER, put("updatedAt", "2001-02-03T04:05:06.000Z")),
            ("API-TIME-51",),
        ),
        Fault(
            "reads-by-head-open",
            ANY,
            MUST,
            "HEAD of what was created asks for no token",
            arriving(_shown_to_heads),
            ("CUSTOMER-READ-22", "CHECKOUT-READ-26"),
        ),
        Fault(
            "customers-more-at-the-end",
            LIST_CUSTOMERS,
            MUST,
            "hasMore is true for a page that ends with the last customer",
            finishing(_more_at_the_end),
            ("CUSTOMER-LIST-24",),
        ),
        Fault(
            "checkout-customer-of-any-prefix",
            CREATE_CHECKOUT,
            MUST,
            "the prefix of a customer's id does not count",
            reading_id(CREATE_CHECKOUT, "customerId", _without_prefix),
            ("CHECKOUT-TENANT-31",),
        ),
        Fault(
            "customers-kept-for-ever",
            LIST_CUSTOMERS,
            MUST,
            "a page of a hundred that was read once is read so for ever",
            finishing(_remembered),
            ("CUSTOMER-STATE-57",),
        ),
    ),
    *table(
        "undone",
        Fault(
            "customer-malformed-leaves-record",
            CREATE_CUSTOMER,
            MUST,
            "malformed JSON is refused and leaves an empty customer",
            finishing(_left_by_malformed),
            ("CUSTOMER-STATE-52",),
        ),
        Fault(
            "checkout-refused-changes-customer",
            CREATE_CHECKOUT,
            MUST,
            "a refused session has emptied the metadata of its customer",
            finishing(_left_by_refused),
            ("CUSTOMER-STATE-51",),
        ),
    ),
)
