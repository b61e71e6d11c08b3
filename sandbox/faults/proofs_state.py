"""Who is let in, what belongs to whom, and what stays: one defect for each requirement about them."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace

from sandbox import identity, policies, presentation
from sandbox.behaviour import Behaviour, Call, Change
from sandbox.changes import arriving, both, with_seams
from sandbox.faults.authentication import empty_bearer
from sandbox.faults.builders import editing, failing, header, somebody, succeeding
from sandbox.faults.headers import TOKEN
from sandbox.faults.model import MUST, SHOULD, Fault, table
from sandbox.faults.proofs_errors import SECTIONS
from sandbox.model import (
    CHECKOUT_PAGE,
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    GET_CHECKOUT,
    GET_CUSTOMER,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    JsonObject,
    Reply,
    text,
)
from sandbox.store import Session, User

PROTECTED = (CREATE_ORGANIZATION, SET_ACTIVE, CREATE_CUSTOMER, CREATE_CHECKOUT)


def _any_scheme(operation: str) -> Change:
    """One operation takes the token of a Basic header for a bearer's."""

    def change(behaviour: Behaviour) -> Behaviour:
        def find(call: Call) -> Session | None:
            return behaviour.find_session(call) or (_basic_session(call) if call.operation == operation else None)

        return replace(behaviour, find_session=find)

    return change


def _basic_session(call: Call) -> Session | None:
    scheme, _, given = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name = base64.b64decode(given).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        name = given
    return policies.living_session(call, identity.unsigned(name, call.store.secret))


def _one_session_for_each_user(call: Call, user: User) -> Session:
    rows = call.store.execute("SELECT token FROM session WHERE user_id = ? ORDER BY created LIMIT 1", (user.id,))
    known = policies.living_session(call, rows[0][0]) if rows and call.operation == SIGN_IN else None
    return known or policies.open_session(call, user)


def _first_token(call: Call, reply: Reply) -> Reply:
    """The third sign-up and those after it hand out the token of the second."""
    tokens = call.memory.setdefault("sign-up tokens", [])
    tokens.append((reply.body["token"], dict(reply.headers)[TOKEN]))
    bare, signed = tokens[min(len(tokens), 2) - 1]
    return header(TOKEN, lambda _: signed)(call, replace(reply, body={**reply.body, "token": bare}))


def _keep_refused_password(call: Call, reply: Reply) -> Reply:
    email, password = text(call.fields.get("email")).lower(), text(call.fields.get("password"))
    if 0 < len(password) < 8:
        call.memory.setdefault("refused passwords", {})[email] = password
    return reply


def _opened_by_refused_password(call: Call) -> Reply | None:
    given, email = call.fields.get("password"), text(call.fields.get("email")).lower()
    user = call.store.user_by_lookup(email) if call.operation == SIGN_IN else None
    if user is None or given is None or call.memory.get("refused passwords", {}).get(email) != given:
        return None
    session = call.behaviour.open_session(call, user)
    shown = {"redirect": False, "token": session.token, "user": presentation.user(call, user)}
    return Reply(200, shown, call.behaviour.token_header(call, session))


def _opening_with_refused_password(behaviour: Behaviour) -> Behaviour:
    return replace(behaviour, admit=(*behaviour.admit, _opened_by_refused_password))


def _end_session(call: Call, reply: Reply) -> Reply:
    activated = call.memory.setdefault("activated", [])
    activated.append(call.caller.token)
    if activated.count(call.caller.token) < 2:
        return reply
    call.store.execute("DELETE FROM session WHERE token = ?", (call.caller.token,))
    return reply


def _answered_though_unknown(call: Call) -> bool:
    wanted = call.fields.get("organizationId")
    return isinstance(wanted, str) and wanted != "" and call.store.organization(wanted) is None


def _unknown_activated(behaviour: Behaviour) -> Behaviour:
    def admit(call: Call) -> Reply | None:
        if call.operation == SET_ACTIVE and _answered_though_unknown(call):
            return Reply(200, {"success": True})
        return None

    return replace(behaviour, admit=(*behaviour.admit, admit))


def _newest_organization(call: Call, customer: JsonObject) -> None:
    """A customer for whom no merchant is named goes to the newest organization that there is."""
    if call.fields.get("merchantId") is None:
        query = "SELECT organization_id FROM member ORDER BY rowid DESC LIMIT 1"
        customer["merchantId"] = call.store.execute(query)[0][0]
        call.store.execute("UPDATE customer SET merchant_id = ? WHERE id = ?", (customer["merchantId"], customer["id"]))


def _same_again(call: Call, reply: Reply) -> Reply:
    """The same customer again is answered with 201 and the id of the first."""
    email = text(call.fields.get("email"))
    kept = call.memory.setdefault("ids by e-mail", {}).setdefault(email, reply.body["id"])
    return replace(reply, body={**reply.body, "id": kept})


def _nobody_there(call: Call, merchant_id: str) -> bool:
    return policies.is_member(call, merchant_id) or (
        call.operation == CREATE_CHECKOUT and call.store.organization(merchant_id) is None
    )


def _shown_to_all(operation: str) -> Change:
    """One of the reads shows its thing to members of other organizations too."""

    def admit(call: Call) -> Reply | None:
        if call.operation != operation:
            return None
        found = call.store.customer(call.parameter) or call.store.checkout(call.parameter)
        owners = call.store.members(found.merchant_id) if found else []
        if owners:
            call.session = replace(call.caller, user_id=owners[0].user_id)
        return None

    return lambda behaviour: replace(behaviour, admit=(*behaviour.admit, admit))


def _not_found(call: Call) -> Reply | None:
    if call.operation == CHECKOUT_PAGE:
        return call.behaviour.write_problem(call, call.behaviour.refusals["not-there"])
    return None


FAULTS = (
    *table(
        "authentication",
        *(
            Fault(
                f"{SECTIONS[name][0]}-basic-taken",
                name,
                MUST,
                "a token under the scheme Basic is taken",
                _any_scheme(name),
                (f"{SECTIONS[name][1]}-AUTH-4",),
            )
            for name in PROTECTED
        ),
        *(
            Fault(
                f"{SECTIONS[name][0]}-empty-bearer",
                name,
                MUST,
                "the word Bearer alone will do",
                somebody(name, empty_bearer),
                (f"{SECTIONS[name][1]}-AUTH-5",),
            )
            for name in (SET_ACTIVE, CREATE_CHECKOUT)
        ),
        Fault(
            "signin-one-session-for-each-user",
            SIGN_IN,
            MUST,
            "a sign-in gives the token of the user's first session again",
            with_seams(open_session=_one_session_for_each_user),
            ("SIGNIN-UNIQUE-1",),
        ),
        Fault(
            "signup-tokens-equal",
            SIGN_UP,
            MUST,
            "from the third on, a sign-up hands out the token of the second",
            succeeding(SIGN_UP, _first_token),
            ("SIGNUP-UNIQUE-5",),
        ),
    ),
    *table(
        "uniqueness",
        Fault(
            "signup-email-case-counts",
            SIGN_UP,
            SHOULD,
            "an e-mail in another letter case is another account",
            with_seams(email_lookup=policies.as_given, email_sought=policies.as_given, email_stored=policies.as_given),
            ("SIGNUP-UNIQUE-4",),
        ),
        Fault(
            "customer-same-again-same-id",
            CREATE_CUSTOMER,
            MUST,
            "the same customer again is answered with 201 and the id of the first",
            both(with_seams(same_customer_refused=False), succeeding(CREATE_CUSTOMER, _same_again)),
            ("CUSTOMER-UNIQUE-2",),
        ),
    ),
    *table(
        "state",
        Fault(
            "signup-refused-password-kept",
            SIGN_UP,
            MUST,
            "the short password of a refused sign-up opens the account that is made later",
            both(failing(_keep_refused_password, SIGN_UP, 400), _opening_with_refused_password),
            ("SIGNUP-UNIQUE-6",),
        ),
        Fault(
            "set-active-second-ends-session",
            SET_ACTIVE,
            MUST,
            "the token is dead after its second set-active",
            succeeding(SET_ACTIVE, _end_session),
            ("ACTIVE-STATE-4",),
        ),
        Fault(
            "customer-to-newest-organization",
            CREATE_CUSTOMER,
            MUST,
            "a customer for whom no merchant is named goes to the newest organization",
            editing(CREATE_CUSTOMER, _newest_organization),
            ("ACTIVE-STATE-1", "CUSTOMER-ECHO-6"),
        ),
    ),
    *table(
        "tenancy",
        Fault(
            "set-active-unknown-answered",
            SET_ACTIVE,
            MUST,
            "activating an organization that does not exist is answered 200",
            _unknown_activated,
            ("ACTIVE-TENANT-3",),
        ),
        Fault(
            "customer-shown-to-all",
            CREATE_CUSTOMER,
            MUST,
            "any merchant can read a customer",
            _shown_to_all(GET_CUSTOMER),
            ("CUSTOMER-TENANT-4",),
        ),
        Fault(
            "checkout-shown-to-all",
            CREATE_CHECKOUT,
            MUST,
            "any merchant can read a checkout session",
            _shown_to_all(GET_CHECKOUT),
            ("CHECKOUT-TENANT-4",),
        ),
        Fault(
            "checkout-unknown-merchant-accepted",
            CREATE_CHECKOUT,
            MUST,
            "a session is made for a merchant who does not exist",
            with_seams(may_use=_nobody_there),
            ("CHECKOUT-TENANT-2",),
        ),
    ),
    *table(
        "customer options",
        Fault(
            "checkout-page-missing",
            CREATE_CHECKOUT,
            SHOULD,
            "there is no page behind sessionUrl",
            arriving(_not_found),
            ("CHECKOUT-PAGE-1",),
        ),
    ),
)
