"""What goes wrong for one form of a value alone: one other type, one other scheme, the e-mail that came in capitals."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from sandbox import identity, policies
from sandbox.behaviour import Behaviour, Call, Change
from sandbox.changes import admitting, arriving, both, finishing, with_seams
from sandbox.faults.builders import (
    also_of_type,
    broken,
    copy,
    edited,
    editing,
    every,
    succeeding,
    with_rule,
    without_rule,
)
from sandbox.faults.model import ANY, SHOULD, Fault, must, table
from sandbox.model import (
    CREATE_CHECKOUT,
    GET_CHECKOUT,
    GET_CUSTOMER,
    LIST_CUSTOMERS,
    SIGN_IN,
    SIGN_UP,
    Json,
    JsonObject,
    Reply,
)
from sandbox.store import Customer, Session
from sandbox.validation import Check, is_currency, is_email

_PAGE = 10
INLINE_METADATA = "CHECKOUT-VALID-44"


def _has_scheme(value: Json) -> bool:
    return isinstance(value, str) and bool(urlsplit(value).scheme) and " " not in value


def _checked_as(name: str, holds: Check) -> Change:
    """Hold a field of a checkout session against another rule than that of its format."""
    return both(without_rule(CREATE_CHECKOUT, name, "format"), with_rule(CREATE_CHECKOUT, name, holds))


def _once_more(call: Call, merchant_id: str) -> Customer | None:
    """A customer who came with a session is known for one more, and not for a third."""
    customer = policies.attach_existing(call, merchant_id)
    if customer is None or customer.id not in call.memory.setdefault("came with a session", set()):
        return customer
    used = call.memory.setdefault("used once more", set())
    if customer.id in used:
        call.refuse("unknown-customer")
    used.add(customer.id)
    return customer


def _noted(call: Call, merchant_id: str) -> Customer | None:
    customer = policies.attach_inline(call, merchant_id)
    if customer is not None:
        call.memory.setdefault("came with a session", set()).add(customer.id)
    return customer


def _first_ten(call: Call, reply: Reply) -> Reply:
    """The list ends after ten customers, and says so."""
    if call.operation == LIST_CUSTOMERS and reply.succeeded and isinstance(reply.body, dict):
        page = reply.body["pagination"]
        left = max(0, _PAGE - page["offset"])
        total = min(page["total"], _PAGE)
        reply.body["data"] = reply.body["data"][:left]
        reply.body["pagination"] = {**page, "total": total, "hasMore": page["offset"] + len(reply.body["data"]) < total}
    return reply


def _last_twenty(call: Call, reply: Reply) -> Reply:
    """The list has the newest twenty customers of a merchant, and no older ones."""
    if call.operation == LIST_CUSTOMERS and reply.succeeded and isinstance(reply.body, dict):
        page = reply.body["pagination"]
        dropped = max(0, page["total"] - 2 * _PAGE)
        kept = [row for place, row in enumerate(reply.body["data"], page["offset"]) if place >= dropped]
        total = page["total"] - dropped
        reply.body["data"] = kept
        reply.body["pagination"] = {**page, "total": total, "hasMore": page["offset"] + len(kept) < total}
    return reply


def _one_blank(call: Call) -> Session | None:
    return None if "  " in call.headers.get("authorization", "") else policies.find_session(call)


def _from_query(operation: str) -> Change:
    """A token in the query opens the session that it opens in the header."""

    def find(call: Call) -> Session | None:
        given = parse_qs(call.query).get("token")
        if call.operation == operation and given and "authorization" not in call.headers:
            return policies.living_session(call, identity.unsigned(given[0], call.store.secret))
        return policies.find_session(call)

    return with_seams(find_session=find)


def _stored_as(call: Call) -> str | None:
    """The e-mail of the account that has this one in any letter case."""
    email = str(call.fields.get("email", ""))
    rows = call.store.execute("SELECT lookup FROM user WHERE lower(lookup) = ?", (email.lower(),))
    return rows[0][0] if rows else None


def _signs_in_anyway(call: Call) -> None:
    known = _stored_as(call)
    if known is not None:
        call.body = {**call.fields, "email": known}


def _small_letters_are_known(call: Call) -> None:
    if call.store.user_by_lookup(str(call.fields.get("email", "")).lower()) is not None:
        call.refuse("email-taken")


def _capitals_sign_in(call: Call) -> None:
    email = str(call.fields.get("email", ""))
    if call.store.user_by_lookup(email) is None:
        call.body = {**call.fields, "email": email.lower()}


def _is_taken_in_any_case(call: Call) -> None:
    if _stored_as(call) is not None:
        call.refuse("email-taken")


def _as_they_came(behaviour: Behaviour) -> Behaviour:
    return with_seams(email_lookup=policies.as_given, email_sought=policies.as_given)(behaviour)


def _falling_over(operation: str, odd: Callable[[str], bool]) -> Change:
    """A read falls over on some ids."""

    def respond(call: Call) -> Reply | None:
        return broken(call, Reply(500)) if call.operation == operation and odd(call.parameter) else None

    return arriving(respond)


def _page_of_customer(call: Call, session: JsonObject) -> None:
    if session.get("customerId"):
        session["sessionUrl"] = f"{call.base_url}/pay/{session['customerId']}"


def _url_before(call: Call, session: JsonObject) -> None:
    session["sessionUrl"] = call.memory.get("the URL before", session["sessionUrl"])


def _url_noted(call: Call, session: JsonObject) -> None:
    call.memory["the URL before"] = session["sessionUrl"]


def _swapped(_: Call, session: JsonObject) -> None:
    session["successUrl"], session["cancelUrl"] = session["cancelUrl"], session["successUrl"]


def _password_is_new(call: Call) -> None:
    if call.fields.get("password") in call.memory.setdefault("passwords", set()):
        call.refuse("invalid")


def _password_noted(call: Call, _: JsonObject) -> None:
    call.memory.setdefault("passwords", set()).add(call.fields.get("password"))


FAULTS = (
    *table(
        "status",
        must(
            "signup-password-of-another-refused",
            SIGN_UP,
            "a password that another user has is refused",
            both(admitting(SIGN_UP, _password_is_new), editing(SIGN_UP, _password_noted)),
            "SIGNUP-STATUS-1",
        ),
    ),
    *table(
        "validation",
        *(
            must(
                f"inline-metadata-{says}-accepted",
                CREATE_CHECKOUT,
                f"the metadata of an inline customer may be {words}",
                also_of_type(CREATE_CHECKOUT, "customer.metadata", kind),
                INLINE_METADATA,
            )
            for says, words, kind in (("text", "a text", str), ("list", "a list", list), ("number", "a number", int))
        ),
        Fault(
            "inline-email-empty-accepted",
            CREATE_CHECKOUT,
            SHOULD,
            "the e-mail of an inline customer may be empty",
            _checked_as("customer.email", lambda value: value == "" or is_email(value)),
            ("CHECKOUT-VALID-9",),
        ),
        Fault(
            "checkout-currency-empty-accepted",
            CREATE_CHECKOUT,
            SHOULD,
            "an empty currency is accepted",
            _checked_as("currency", lambda value: value == "" or is_currency(value)),
            ("CHECKOUT-VALID-5",),
        ),
        *(
            Fault(
                f"checkout-{says}-url-of-any-scheme",
                CREATE_CHECKOUT,
                SHOULD,
                f"a {name} may have any scheme, such as javascript",
                _checked_as(name, _has_scheme),
                ("CHECKOUT-VALID-6",),
            )
            for says, name in (("success", "successUrl"), ("cancel", "cancelUrl"))
        ),
    ),
    *table(
        "authentication",
        Fault(
            "bearer-with-one-blank-alone",
            ANY,
            SHOULD,
            "a token behind two blanks is not known",
            with_seams(find_session=_one_blank),
            ("ORG-AUTH-6", "ACTIVE-AUTH-6", "CUSTOMER-AUTH-6", "CHECKOUT-AUTH-6"),
        ),
        Fault(
            "signin-email-in-one-case",
            SIGN_IN,
            SHOULD,
            "an account is found by its e-mail in the letters of its sign-up alone",
            both(_as_they_came, admitting(SIGN_UP, _is_taken_in_any_case)),
            ("SIGNIN-AUTH-8",),
        ),
        Fault(
            "signin-email-kept-in-capitals",
            SIGN_IN,
            SHOULD,
            "an account whose e-mail came in capitals is not found in small letters",
            both(_as_they_came, admitting(SIGN_IN, _capitals_sign_in), admitting(SIGN_UP, _is_taken_in_any_case)),
            ("SIGNIN-AUTH-8",),
        ),
    ),
    *table(
        "uniqueness",
        Fault(
            "signup-email-kept-in-capitals",
            SIGN_UP,
            SHOULD,
            "an e-mail that came in capitals first is free in small letters",
            both(_as_they_came, admitting(SIGN_IN, _signs_in_anyway), admitting(SIGN_UP, _small_letters_are_known)),
            ("SIGNUP-UNIQUE-4",),
        ),
        must(
            "checkout-url-of-the-customer",
            CREATE_CHECKOUT,
            "all sessions of a customer have one sessionUrl",
            editing(CREATE_CHECKOUT, _page_of_customer),
            "CHECKOUT-UNIQUE-2",
        ),
        must(
            "checkout-each-fifth-url-again",
            CREATE_CHECKOUT,
            "each fifth session has the sessionUrl of the one before",
            both(
                succeeding(CREATE_CHECKOUT, every(5, edited(CREATE_CHECKOUT, _url_before))),
                editing(CREATE_CHECKOUT, _url_noted),
            ),
            "CHECKOUT-UNIQUE-2",
        ),
    ),
    *table(
        "reads",
        *(
            must(
                f"{short}-read-of-{says}-500",
                operation,
                f"the read of {words} is a 500",
                _falling_over(operation, odd),
                f"{short.upper()}-READ-24",
            )
            for short, operation in (("customer", GET_CUSTOMER), ("checkout", GET_CHECKOUT))
            for says, words, odd in (
                ("an-apostrophe", "an id with an apostrophe", lambda name: "'" in name),
                ("a-long-id", "an id of over a hundred characters", lambda name: len(name) > 100),
                ("another-script", "an id beyond ASCII", lambda name: not name.isascii()),
            )
        ),
        *(
            must(
                f"{short}-read-with-token-in-query",
                operation,
                "the read takes the token from the query, too",
                _from_query(operation),
                requirement,
            )
            for short, operation, requirement in (
                ("customer", GET_CUSTOMER, "CUSTOMER-READ-22"),
                ("checkout", GET_CHECKOUT, "CHECKOUT-READ-22"),
                ("customers", LIST_CUSTOMERS, "CUSTOMER-LIST-25"),
            )
        ),
        must(
            "checkout-read-with-urls-swapped",
            GET_CHECKOUT,
            "a session is read with successUrl and cancelUrl in each other's place",
            editing(GET_CHECKOUT, _swapped),
            "CHECKOUT-READ-21",
            "CHECKOUT-READ-40",
        ),
        must(
            "checkout-read-with-one-url",
            GET_CHECKOUT,
            "a session is read with its successUrl as cancelUrl",
            editing(GET_CHECKOUT, copy("successUrl", "cancelUrl")),
            "CHECKOUT-READ-21",
            "CHECKOUT-READ-40",
        ),
        must(
            "customers-end-after-ten",
            LIST_CUSTOMERS,
            "a list of customers ends after ten, and says so",
            finishing(_first_ten),
            "CUSTOMER-LIST-21",
        ),
        must(
            "customers-newest-twenty-alone",
            LIST_CUSTOMERS,
            "a list of customers has the newest twenty alone, and says so",
            finishing(_last_twenty),
            "CUSTOMER-LIST-21",
        ),
    ),
    *table(
        "inline",
        must(
            "inline-customer-known-once",
            CREATE_CHECKOUT,
            "the customer who came with a session can be named in one more, and no other",
            with_seams(inline=_noted, existing=_once_more),
            "CHECKOUT-INLINE-3",
        ),
    ),
)
