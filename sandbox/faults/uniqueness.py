"""Two things that should be two and are one, and state that is lost or grows stale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sandbox import policies, presentation
from sandbox.behaviour import Call, Change
from sandbox.changes import both, with_seams
from sandbox.faults.builders import (
    Rewrite,
    broken,
    customer_ids,
    editing,
    every_time,
    failing,
    first,
    holder,
    succeeding,
    when,
)
from sandbox.faults.model import ANY, MUST, Fault, table
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    CREATE_ORGANIZATION,
    SET_ACTIVE,
    SIGN_IN,
    SIGN_UP,
    JsonObject,
    Reply,
    text,
)


def _signed_in_again(call: Call) -> Reply:
    user = holder(call)
    if user is None:
        call.refuse("email-taken")
    session = call.behaviour.open_session(call, user)
    shown = {"token": session.token, "user": presentation.user(call, user)}
    return Reply(200, shown, call.behaviour.token_header(call, session))


def _noted_password(call: Call, reply: Reply) -> Reply:
    email = text(call.fields.get("email")).lower()
    call.memory.setdefault("passwords", {})[email] = text(call.fields.get("password"))
    return reply


def _signed_in_by_sign_up(call: Call) -> Reply:
    """A sign-up with the password of the account is a sign-in."""
    known = call.memory.get("passwords", {}).get(text(call.fields.get("email")).lower())
    if known != call.fields.get("password"):
        call.refuse("email-taken")
    return _signed_in_again(call)


def _taken_over(call: Call) -> Reply:
    """The account keeps its id and gets the new password."""
    call.memory.setdefault("new passwords", {})[text(call.fields.get("email")).lower()] = text(call.fields["password"])
    return _signed_in_again(call)


def _known_password(call: Call, keep_old: bool) -> Reply | None:
    given = call.memory.get("new passwords", {}).get(text(call.fields.get("email")).lower())
    if call.operation != SIGN_IN or given is None:
        return None
    if given == text(call.fields.get("password")):
        return _signed_in_again(call)
    if not keep_old:
        call.refuse("wrong-password")
    return None


def _taking_over(keep_old: bool) -> Change:
    def admit(call: Call) -> Reply | None:
        return _known_password(call, keep_old)

    return lambda behaviour: replace(behaviour, taken_email=_taken_over, admit=(*behaviour.admit, admit))


def _invented_with_same_id(call: Call) -> Reply:
    user = holder(call)
    if user is None:
        call.refuse("email-taken")
    return Reply(200, {"token": None, "user": presentation.user(call, user)})


def _repeating_first(name: str) -> Change:
    """The second call of a session repeats what the first one gave, whatever it was asked."""

    def rewrite(call: Call, reply: Reply) -> Reply:
        kept = call.memory.setdefault(f"first {name}", {})
        return replace(reply, body=kept.setdefault(call.caller.token, reply.body))

    return succeeding(name, rewrite)


def _id_of_first(call: Call, customer: JsonObject) -> None:
    """A customer overwrites the merchant's first one."""
    oldest = customer_ids(call, customer["merchantId"])[0]
    if oldest != customer["id"]:
        row = "SELECT name, email, phone, metadata FROM customer WHERE id = ?"
        values = call.store.execute(row, (customer["id"],))[0]
        call.store.execute("DELETE FROM customer WHERE id = ?", (customer["id"],))
        change = "UPDATE customer SET name = ?, email = ?, phone = ?, metadata = ? WHERE id = ?"
        call.store.execute(change, (*values, oldest))
        customer["id"] = oldest


def _url_of_merchant(call: Call, session: JsonObject) -> None:
    session["sessionUrl"] = f"{call.base_url}/pay/{session['merchantId']}"


def _session_of_customer(call: Call, reply: Reply) -> Reply:
    """A customer's open session is given again."""
    kept = call.memory.setdefault("sessions of customers", {})
    return replace(reply, body=kept.setdefault(reply.body["customerId"], reply.body))


def _conflict(call: Call, _: Reply) -> Reply:
    return call.behaviour.write_problem(call, call.behaviour.refusals["same-customer"])


def _after_refusal(act: Callable[[Call], None], operation: str | None = None) -> Change:
    def rewrite(call: Call, reply: Reply) -> Reply:
        if call.session is not None:
            act(call)
        return reply

    return failing(rewrite, operation)


def _after_success(operation: str, act: Callable[[Call, Reply], None]) -> Change:
    def rewrite(call: Call, reply: Reply) -> Reply:
        act(call, reply)
        return reply

    return succeeding(operation, rewrite)


def _end_session(call: Call) -> None:
    call.store.execute("DELETE FROM session WHERE token = ?", (call.caller.token,))


def _end_sessions_of_account(call: Call, reply: Reply) -> Reply:
    user = holder(call)
    if user is not None:
        call.store.execute("DELETE FROM session WHERE user_id = ?", (user.id,))
    return reply


def _deactivate_older(call: Call, reply: Reply) -> None:
    user = reply.body["user"]["id"]
    call.store.execute("UPDATE session SET active = NULL WHERE user_id = ? AND token <> ?", (user, reply.body["token"]))


def _activate_nothing(call: Call, organization_id: str | None) -> None:
    if call.operation != SET_ACTIVE:
        policies.activate(call, organization_id)


def _activate_once(call: Call, organization_id: str | None) -> None:
    done = call.memory.setdefault("set active before", set())
    if call.operation != SET_ACTIVE or call.caller.token not in done:
        policies.activate(call, organization_id)
    if call.operation == SET_ACTIVE:
        done.add(call.caller.token)


def _again_is_wrong(call: Call) -> Reply | None:
    """Activating what is active already is refused, unless it is active since its creation."""
    done = call.memory.setdefault("activated", set())
    pair = (call.caller.token, text(call.fields.get("organizationId"))) if call.operation == SET_ACTIVE else None
    if pair in done:
        call.refuse("unknown-organization")
    if pair is not None:
        done.add(pair)
    return None


def _leave_older_organizations(call: Call, reply: Reply) -> None:
    statement = "DELETE FROM member WHERE user_id = ? AND organization_id <> ?"
    call.store.execute(statement, (call.caller.user_id, reply.body["id"]))


def _keep_three(call: Call, reply: Reply) -> None:
    for oldest in customer_ids(call, reply.body["merchantId"])[:-3]:
        call.store.execute("DELETE FROM customer WHERE id = ?", (oldest,))


def _use_up_customer(call: Call, reply: Reply) -> None:
    call.store.execute("DELETE FROM customer WHERE id = ?", (reply.body["customerId"],))


def _lock(call: Call, reply: Reply) -> Reply:
    call.memory.setdefault("locked", set()).add(text(call.fields.get("email")).lower())
    return reply


def _locked(call: Call) -> Reply | None:
    if call.operation == SIGN_IN and text(call.fields.get("email")).lower() in call.memory.get("locked", ()):
        call.refuse("wrong-password")
    return None


def _second_fails(operation: str, what: Rewrite = broken) -> Change:
    """Every second success of a session is a failure."""

    def rewrite(call: Call, reply: Reply) -> Reply:
        return every_time(2, f"{operation} {call.caller.token}", what)(call, reply)

    return succeeding(operation, rewrite)


UNIQUENESS = table(
    "uniqueness",
    Fault(
        "signup-taken-email-takes-over",
        SIGN_UP,
        MUST,
        "signing up with a taken e-mail replaces the password",
        _taking_over(keep_old=False),
        requirements=("SIGNUP-UNIQUE-1", "SIGNUP-UNIQUE-2", "SIGNUP-UNIQUE-3"),
    ),
    Fault(
        "signup-taken-email-signs-in",
        SIGN_UP,
        MUST,
        "signing up with a taken e-mail and the account's password opens a session",
        both(succeeding(SIGN_UP, _noted_password), with_seams(taken_email=_signed_in_by_sign_up)),
        requirements=(
            "SIGNUP-UNIQUE-1",
            "SIGNUP-UNIQUE-2",
        ),
    ),
    Fault(
        "signup-taken-email-shows-holder",
        SIGN_UP,
        MUST,
        "signing up with a taken e-mail is 200 with the holder's own user",
        with_seams(taken_email=_invented_with_same_id),
        requirements=("SIGNUP-UNIQUE-1", "SIGNUP-UNIQUE-2"),
    ),
    Fault(
        "organization-taken-slug-accepted",
        CREATE_ORGANIZATION,
        MUST,
        "a taken slug is free",
        with_seams(slugs_unique=False),
        requirements=("ORG-UNIQUE-2",),
    ),
    Fault(
        "organization-second-repeats-first",
        CREATE_ORGANIZATION,
        MUST,
        "a session's second organization is its first",
        _repeating_first(CREATE_ORGANIZATION),
        requirements=("ORG-UNIQUE-1",),
    ),
    Fault(
        "organization-ids-equal",
        CREATE_ORGANIZATION,
        MUST,
        "all organizations have the id of the first",
        editing(CREATE_ORGANIZATION, first("id")),
        requirements=("ORG-UNIQUE-1",),
    ),
    Fault(
        "customer-second-repeats-first",
        CREATE_CUSTOMER,
        MUST,
        "a session's second customer is its first",
        _repeating_first(CREATE_CUSTOMER),
        requirements=("CUSTOMER-UNIQUE-1",),
    ),
    Fault(
        "customer-second-overwrites-first",
        CREATE_CUSTOMER,
        MUST,
        "a merchant's second customer overwrites its first",
        editing(CREATE_CUSTOMER, _id_of_first),
        requirements=("CUSTOMER-UNIQUE-1",),
    ),
    Fault(
        "customer-second-409",
        CREATE_CUSTOMER,
        MUST,
        "every second customer of a session is a conflict",
        _second_fails(CREATE_CUSTOMER, _conflict),
        requirements=("CUSTOMER-STATUS-1",),
    ),
    Fault(
        "checkout-ids-equal",
        CREATE_CHECKOUT,
        MUST,
        "all sessions have the id of the first",
        editing(CREATE_CHECKOUT, first("id")),
        requirements=("CHECKOUT-UNIQUE-1", "CHECKOUT-UNIQUE-3"),
    ),
    Fault(
        "checkout-urls-equal",
        CREATE_CHECKOUT,
        MUST,
        "all sessions of a merchant have one sessionUrl",
        editing(CREATE_CHECKOUT, _url_of_merchant),
        requirements=("CHECKOUT-UNIQUE-2", "CHECKOUT-UNIQUE-3"),
    ),
    Fault(
        "checkout-one-session-per-customer",
        CREATE_CHECKOUT,
        MUST,
        "a customer's second session is its first",
        succeeding(CREATE_CHECKOUT, when(lambda call: bool(call.fields.get("customerId")), _session_of_customer)),
        requirements=("CHECKOUT-UNIQUE-1", "CHECKOUT-UNIQUE-2"),
    ),
)
STATE = table(
    "state",
    Fault(
        "active-lost-after-refusal",
        ANY,
        MUST,
        "a refused request ends the active organization",
        _after_refusal(policies.clear_active),
        requirements=(
            "CUSTOMER-STATUS-1",
            "CUSTOMER-STATE-1",
            "CHECKOUT-STATUS-1",
            "CHECKOUT-NONE-1",
            "CHECKOUT-STATE-1",
        ),
    ),
    Fault(
        "active-lost-after-invalid-customer",
        CREATE_CUSTOMER,
        MUST,
        "an invalid customer ends the active organization",
        _after_refusal(policies.clear_active, CREATE_CUSTOMER),
        requirements=("CUSTOMER-STATUS-1", "CUSTOMER-STATE-1"),
    ),
    Fault(
        "active-lost-after-checkout",
        CREATE_CHECKOUT,
        MUST,
        "a checkout session ends the active organization",
        _after_success(CREATE_CHECKOUT, lambda call, _: policies.clear_active(call)),
        requirements=("CHECKOUT-STATUS-1", "CHECKOUT-NONE-1", "CHECKOUT-STATE-1"),
    ),
    Fault(
        "active-lost-at-next-signin",
        SIGN_IN,
        MUST,
        "a sign-in ends the active organization of the user's other sessions",
        _after_success(SIGN_IN, _deactivate_older),
        requirements=("SIGNIN-UNIQUE-2",),
    ),
    Fault(
        "set-active-does-nothing",
        SET_ACTIVE,
        MUST,
        "set-active answers well and changes nothing",
        with_seams(activate=_activate_nothing),
        requirements=("ACTIVE-STATE-2",),
    ),
    Fault(
        "set-active-first-time-only",
        SET_ACTIVE,
        MUST,
        "a session's second activation changes nothing",
        with_seams(activate=_activate_once),
        requirements=("ACTIVE-STATE-2",),
    ),
    Fault(
        "set-active-again-refused",
        SET_ACTIVE,
        MUST,
        "activating the same organization again is refused",
        lambda behaviour: replace(behaviour, admit=(*behaviour.admit, _again_is_wrong)),
        requirements=("ACTIVE-STATUS-1",),
    ),
    Fault(
        "organization-ends-session",
        CREATE_ORGANIZATION,
        MUST,
        "the token is dead after create organization",
        _after_success(CREATE_ORGANIZATION, lambda call, _: _end_session(call)),
        requirements=("ORG-STATE-2",),
    ),
    Fault(
        "organization-leaves-older",
        CREATE_ORGANIZATION,
        MUST,
        "the user leaves its older organizations by creating one",
        _after_success(CREATE_ORGANIZATION, _leave_older_organizations),
        requirements=("ORG-STATE-3",),
    ),
    Fault(
        "organization-second-500",
        CREATE_ORGANIZATION,
        MUST,
        "every second organization of a session is a 500",
        _second_fails(CREATE_ORGANIZATION),
        requirements=("ORG-STATUS-3",),
    ),
    Fault(
        "checkout-second-500",
        CREATE_CHECKOUT,
        MUST,
        "every second checkout session of a token is a 500",
        _second_fails(CREATE_CHECKOUT),
        requirements=("CHECKOUT-STATUS-3",),
    ),
    Fault(
        "session-ends-after-refusal",
        ANY,
        MUST,
        "a refused request ends the session",
        _after_refusal(_end_session),
        requirements=(
            "ORG-STATUS-1",
            "ACTIVE-STATUS-1",
            "CUSTOMER-STATUS-1",
            "CUSTOMER-STATE-1",
        ),
    ),
    Fault(
        "signin-failure-ends-sessions",
        SIGN_IN,
        MUST,
        "a wrong password ends all of the user's sessions",
        failing(_end_sessions_of_account, SIGN_IN, 401),
        requirements=("SIGNIN-STATE-1",),
    ),
    Fault(
        "signin-failure-locks-account",
        SIGN_IN,
        MUST,
        "after one wrong password the right one is refused",
        lambda behaviour: failing(_lock, SIGN_IN, 401)(replace(behaviour, admit=(*behaviour.admit, _locked))),
        requirements=("SIGNIN-STATUS-1",),
    ),
    Fault(
        "customer-three-are-kept",
        CREATE_CUSTOMER,
        MUST,
        "a merchant's fourth customer displaces its oldest",
        _after_success(CREATE_CUSTOMER, _keep_three),
        requirements=("CUSTOMER-STATE-2",),
    ),
    Fault(
        "checkout-uses-customer-up",
        CREATE_CHECKOUT,
        MUST,
        "a customer is gone after its first checkout session",
        _after_success(CREATE_CHECKOUT, _use_up_customer),
        requirements=("CHECKOUT-STATUS-1", "CHECKOUT-INLINE-3", "CHECKOUT-INLINE-6"),
    ),
)
FAULTS = (*UNIQUENESS, *STATE)
