"""What a request carries beside what it needs: claims in capitals, another user, headers, a token."""

from __future__ import annotations

from collections.abc import Callable

from sandbox import policies
from sandbox.behaviour import Call
from sandbox.changes import arriving, both, with_seams
from sandbox.faults.builders import broken, editing, failing, succeeding, when
from sandbox.faults.model import ANY, must, table
from sandbox.model import (
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    GET_CHECKOUT,
    GET_CUSTOMER,
    LIST_CUSTOMERS,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    JsonObject,
    Reply,
    text,
)


def _take_capitals(call: Call, user: JsonObject) -> None:
    if call.fields.get("EmailVerified") is True:
        user["emailVerified"] = True


def _member_in_body(call: Call, organization_id: str) -> bool:
    return call.store.is_member(organization_id, text(call.fields.get("userId")) or call.caller.user_id)


def _merchant_in_capitals(call: Call, reply: Reply) -> Reply:
    """The guard reads `merchantId`, and what stores the customer a name in any letter case."""
    named = call.fields.get("MerchantId")
    if isinstance(named, str):
        call.store.execute("UPDATE customer SET merchant_id = ? WHERE id = ?", (named, reply.body["id"]))
        reply.body["merchantId"] = named
    return reply


def _not_modified(operation: str) -> Callable[[Call], Reply | None]:
    """A cache before the guard knows that nothing has changed, whoever asks."""

    def respond(call: Call) -> Reply | None:
        meant = call.operation == operation and "if-none-match" in call.headers
        return Reply(304, media_type=None) if meant else None

    return respond


def _speaks_sesotho(call: Call) -> bool:
    return call.headers.get("accept-language", "").startswith("st")


def _member_since_sign_in(call: Call, organization_id: str) -> bool:
    """A session knows the organizations that its user had when it was opened, and those that it has created."""
    query = "SELECT created FROM organization WHERE id = ?"
    rows = call.store.execute(query, (organization_id,))
    later = bool(rows) and rows[0][0] > call.caller.created
    own = organization_id in call.memory.setdefault("created in", {}).get(call.caller.token, ())
    return policies.is_member(call, organization_id) and (own or not later)


def _created_in(call: Call, reply: Reply) -> Reply:
    made = call.memory.setdefault("created in", {}).setdefault(call.caller.token, set())
    made.add(str(reply.body.get("id")))
    return reply


def _end_session(call: Call, reply: Reply) -> Reply:
    session = policies.find_session(call)
    if session is not None:
        call.store.execute("DELETE FROM session WHERE token = ?", (session.token,))
    return reply


FAULTS = table(
    "carried along",
    must(
        "signup-claims-in-capitals",
        SIGN_UP,
        "EmailVerified is taken as emailVerified would not be",
        editing(SIGN_UP, _take_capitals),
        "SIGNUP-PROPERTY-20",
    ),
    must(
        "set-active-member-in-body",
        SET_ACTIVE,
        "the membership that counts is that of the userId in the body",
        with_seams(may_activate=_member_in_body),
        "ACTIVE-TENANT-2",
    ),
    must(
        "set-active-members-of-the-sign-in",
        SET_ACTIVE,
        "an older session does not know an organization that its user has created in another one",
        both(succeeding(CREATE_ORGANIZATION, _created_in), with_seams(may_activate=_member_since_sign_in)),
        "ACTIVE-STATUS-1",
    ),
    must(
        "customer-merchant-in-capitals",
        CREATE_CUSTOMER,
        "MerchantId beside merchantId is where the customer goes, unchecked",
        succeeding(CREATE_CUSTOMER, _merchant_in_capitals),
        "CUSTOMER-TENANT-40",
    ),
    *(
        must(
            f"{name}-conditional-open",
            operation,
            "If-None-Match is answered with 304 before the token is looked at",
            arriving(_not_modified(operation)),
            requirement,
        )
        for name, operation, requirement in (
            ("customer-read", GET_CUSTOMER, "CUSTOMER-READ-22"),
            ("checkout-read", GET_CHECKOUT, "CHECKOUT-READ-22"),
            ("list", LIST_CUSTOMERS, "CUSTOMER-LIST-25"),
        )
    ),
    must(
        "refusals-500-in-sesotho",
        ANY,
        "a refusal in a language that the messages are not in is a 500",
        failing(when(_speaks_sesotho, broken)),
        "ORG-STATUS-3",
        "ACTIVE-STATUS-3",
        "CUSTOMER-STATUS-3",
        "CHECKOUT-STATUS-3",
    ),
    must(
        "signin-refused-ends-bearer",
        SIGN_IN,
        "a refused sign-in ends the session whose token it carries",
        failing(_end_session, SIGN_IN, 401),
        "SIGNIN-STATE-1",
    ),
)
