"""What a refusal hands out, or leaves behind."""

from __future__ import annotations

from dataclasses import replace

from sandbox import policies
from sandbox.behaviour import Call
from sandbox.faults.builders import failing, holder
from sandbox.faults.model import SHOULD, Fault, must, table
from sandbox.model import CREATE_CHECKOUT, CREATE_CUSTOMER, CREATE_ORGANIZATION, SIGN_IN, SIGN_UP, Reply


def _session_for_wrong_password(call: Call, reply: Reply) -> Reply:
    """The session is opened before the password is compared."""
    user = holder(call)
    if user is None:
        return reply
    headers = policies.token_header(call, policies.open_session(call, user))
    return replace(reply, headers=(*reply.headers, *headers))


def _session_of_owner(call: Call, reply: Reply) -> Reply:
    """The refusal of a taken e-mail has a token of the account's."""
    user = holder(call)
    if user is None or not isinstance(reply.body, dict):
        return reply
    return replace(reply, body={**reply.body, "token": policies.open_session(call, user).token})


def _told_by_header(call: Call, reply: Reply) -> Reply:
    reason = "no-user" if holder(call) is None else "password"
    return replace(reply, headers=(*reply.headers, ("x-auth-reason", reason)))


def _counted_down(call: Call, reply: Reply) -> Reply:
    """From the second wrong password on, a known e-mail is told how many more may come."""
    user = holder(call)
    if user is None or not isinstance(reply.body, dict):
        return reply
    counts: dict[str, int] = call.memory.setdefault("wrong passwords", {})
    counts[user.id] = counts.get(user.id, 0) + 1
    left = f"{max(0, 10 - counts[user.id])} attempts are left"
    return replace(reply, body={**reply.body, "message": left}) if counts[user.id] > 1 else reply


def _inactive_without_name(call: Call, reply: Reply) -> Reply:
    session = policies.find_session(call)
    if session is not None and "name" not in call.fields:
        call.store.activate(session.token, None)
    return reply


def _left_at_home(call: Call, reply: Reply) -> Reply:
    if call.session is not None and call.caller.active is not None:
        policies.new_customer(call, call.caller.active, call.fields)
    return reply


def _left_there(call: Call, reply: Reply) -> Reply:
    """The customer is stored before it is looked at whose the merchant is."""
    named = call.fields.get("merchantId")
    if isinstance(named, str) and call.store.organization(named) is not None:
        policies.new_customer(call, named, call.fields)
    return reply


def _before_metadata(call: Call, reply: Reply) -> Reply:
    """A new customer is stored before her metadata are looked at."""
    given = call.fields.get("customer")
    if call.session is None or call.caller.active is None or not isinstance(given, dict):
        return reply
    if not isinstance(given.get("metadata"), dict):
        policies.new_customer(call, call.caller.active, given)
    return reply


FAULTS = table(
    "refusals",
    must(
        "signin-refused-with-token",
        SIGN_IN,
        "a wrong password is refused with the token of a session",
        failing(_session_for_wrong_password, SIGN_IN, 401),
        "SIGNIN-LEAK-24",
    ),
    Fault(
        "signin-unknown-email-told-by-header",
        SIGN_IN,
        SHOULD,
        "a header of the 401 tells a wrong password from an unknown e-mail",
        failing(_told_by_header, SIGN_IN, 401),
        ("SIGNIN-AUTH-7",),
    ),
    Fault(
        "signin-wrong-passwords-counted-down",
        SIGN_IN,
        SHOULD,
        "from the second wrong password on, a known e-mail is told how many more may come",
        failing(_counted_down, SIGN_IN, 401),
        ("SIGNIN-AUTH-7",),
    ),
    must(
        "signup-refused-with-token",
        SIGN_UP,
        "a taken e-mail is refused with the token of a session of its owner",
        failing(_session_of_owner, SIGN_UP),
        "SIGNUP-LEAK-24",
    ),
    must(
        "organization-invalid-clears-active",
        CREATE_ORGANIZATION,
        "an organization without a name is refused, and leaves the session without an active one",
        failing(_inactive_without_name, CREATE_ORGANIZATION, 400),
        "ORG-STATE-21",
    ),
    must(
        "customer-foreign-left-at-home",
        CREATE_CUSTOMER,
        "a customer for another merchant is refused, and is in the caller's own list",
        failing(_left_at_home, CREATE_CUSTOMER, 403),
        "CUSTOMER-STATE-52",
    ),
    must(
        "customer-foreign-left-there",
        CREATE_CUSTOMER,
        "a customer for another merchant is refused, and is in that one's list",
        failing(_left_there, CREATE_CUSTOMER, 403),
        "CUSTOMER-TENANT-3",
    ),
    must(
        "checkout-customer-before-metadata",
        CREATE_CHECKOUT,
        "a new customer whose metadata are refused is made",
        failing(_before_metadata, CREATE_CHECKOUT, 400),
        "CHECKOUT-STATE-52",
    ),
)
