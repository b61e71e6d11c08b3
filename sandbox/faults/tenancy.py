"""What one tenant can see, use or change of another's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sandbox import policies
from sandbox.behaviour import Behaviour, Call, Change
from sandbox.changes import both, with_seams
from sandbox.faults.builders import editing, failing, keep_session_under_nobody, option
from sandbox.faults.model import ANY, MUST, Fault, table
from sandbox.model import CREATE_CHECKOUT, CREATE_CUSTOMER, SET_ACTIVE, JsonObject, Reply, text
from sandbox.store import Customer


def _using(operation: str, allow: Callable[[Call, str], bool]) -> Change:
    """Let one operation use a merchant where ``allow`` says so, be the caller a member or not."""

    def change(behaviour: Behaviour) -> Behaviour:
        def may_use(call: Call, merchant_id: str) -> bool:
            return behaviour.may_use(call, merchant_id) or (call.operation == operation and allow(call, merchant_id))

        return replace(behaviour, may_use=may_use)

    return change


def _known(call: Call, merchant_id: str) -> bool:
    return call.store.organization(merchant_id) is not None


def _with_customer(call: Call, merchant_id: str) -> bool:
    return _known(call, merchant_id) and option(call) != "none"


def _checked_before(call: Call, merchant_id: str) -> bool:
    """The check is made once for a session and then thought to hold."""
    return _known(call, merchant_id) and call.caller.token in call.memory.get("checked sessions", ())


def _remember_check(call: Call, _: JsonObject) -> None:
    call.memory.setdefault("checked sessions", set()).add(call.caller.token)


def _no_active(call: Call, merchant_id: str) -> bool:
    """The named merchant is held against the active one, where there is one."""
    return call.caller.active is None and _known(call, merchant_id)


def _own_instead(operation: str) -> Change:
    """A foreign merchantId is quietly replaced by the caller's own."""

    def admit(call: Call) -> Reply | None:
        named = text(call.fields.get("merchantId"))
        if call.operation == operation and named and not policies.is_member(call, named) and call.caller.active:
            call.body = {**call.fields, "merchantId": call.caller.active}
        return None

    return lambda behaviour: replace(behaviour, admit=(*behaviour.admit, admit))


def _activate_anyway(call: Call) -> None:
    policies.activate(call, text(call.fields.get("organizationId")))


def _activation_trace(act: Callable[[Call], None]) -> Change:
    def refused(call: Call) -> None:
        if call.store.organization(text(call.fields.get("organizationId"))) is not None:
            act(call)

    return with_seams(activation_refused=refused)


def _everywhere(call: Call, organization_id: str | None) -> None:
    call.store.execute("UPDATE session SET active = ?", (organization_id,))


def _in_all_sessions_of_the_user(call: Call, organization_id: str | None) -> None:
    call.store.execute("UPDATE session SET active = ? WHERE user_id = ?", (organization_id, call.caller.user_id))


def _open_active(call: Call, merchant_id: str) -> bool:
    """Whatever is active in the session may be used."""
    return merchant_id == call.caller.active


def _foreign_customer_dropped(call: Call, merchant_id: str) -> Customer | None:
    customer = call.store.customer(text(call.fields["customerId"]))
    if customer is not None and customer.merchant_id != merchant_id:
        return None
    return policies.attach_existing(call, merchant_id)


def _first_organization(call: Call) -> str:
    return str(call.store.execute("SELECT id FROM organization ORDER BY rowid LIMIT 1")[0][0])


def _name_first_tenant(call: Call, entity: JsonObject) -> None:
    entity["merchantId"] = _first_organization(call)


def _keep_under_nobody(call: Call, customer: JsonObject) -> None:
    call.store.execute("UPDATE customer SET merchant_id = 'default' WHERE id = ?", (customer["id"],))


def _make_customer_nonetheless(call: Call, reply: Reply) -> Reply:
    merchant, customer = text(call.fields.get("merchantId")), call.fields.get("customer")
    if call.store.organization(merchant) is not None and isinstance(customer, dict):
        policies.new_customer(call, merchant, customer)
    return reply


def _tell_organization(call: Call, reply: Reply) -> Reply:
    organization = call.store.organization(text(call.fields.get("organizationId")))
    if organization is None:
        return reply
    shown = {"id": organization.id, "name": organization.name, "slug": organization.slug}
    return replace(reply, body={**reply.body, "organization": shown})


FAULTS = table(
    "tenancy",
    Fault(
        "customer-foreign-merchant-accepted",
        CREATE_CUSTOMER,
        MUST,
        "a customer is made in any organization",
        _using(CREATE_CUSTOMER, _known),
        requirements=("CUSTOMER-TENANT-1",),
    ),
    Fault(
        "customer-foreign-merchant-replaced",
        CREATE_CUSTOMER,
        MUST,
        "a foreign merchantId is quietly replaced by the own one",
        _own_instead(CREATE_CUSTOMER),
        requirements=("CUSTOMER-ECHO-1", "CUSTOMER-TENANT-1", "CUSTOMER-TENANT-2"),
    ),
    Fault(
        "customer-kept-under-nobody",
        CREATE_CUSTOMER,
        MUST,
        "the customer is kept under another merchant and cannot be used",
        editing(CREATE_CUSTOMER, _keep_under_nobody),
        requirements=("CUSTOMER-STATE-2",),
    ),
    Fault(
        "customer-merchant-id-of-first-tenant",
        CREATE_CUSTOMER,
        MUST,
        "merchantId is that of the oldest organization",
        editing(CREATE_CUSTOMER, _name_first_tenant),
        requirements=("CUSTOMER-ECHO-1",),
    ),
    Fault(
        "checkout-kept-under-nobody",
        CREATE_CHECKOUT,
        MUST,
        "the session is kept under another merchant and cannot be read",
        editing(CREATE_CHECKOUT, keep_session_under_nobody),
        requirements=("CHECKOUT-READ-1",),
    ),
    Fault(
        "checkout-foreign-merchant-accepted",
        CREATE_CHECKOUT,
        MUST,
        "a session is made in any organization",
        _using(CREATE_CHECKOUT, _known),
        requirements=("CHECKOUT-TENANT-1", "CHECKOUT-LEAK-3"),
    ),
    Fault(
        "checkout-foreign-merchant-leaves-customer",
        CREATE_CHECKOUT,
        MUST,
        "a session for another merchant is refused, but its new customer is made there",
        failing(_make_customer_nonetheless, CREATE_CHECKOUT, 403),
        requirements=("CHECKOUT-TENANT-5",),
    ),
    Fault(
        "checkout-foreign-merchant-with-customer",
        CREATE_CHECKOUT,
        MUST,
        "a foreign merchantId is accepted where a customer is named or inline",
        _using(CREATE_CHECKOUT, _with_customer),
        requirements=("CHECKOUT-TENANT-1", "CHECKOUT-LEAK-3"),
    ),
    Fault(
        "checkout-merchant-checked-once",
        CREATE_CHECKOUT,
        MUST,
        "after its first own checkout session a token may use any merchantId",
        lambda behaviour: editing(CREATE_CHECKOUT, _remember_check)(
            _using(CREATE_CHECKOUT, _checked_before)(behaviour)
        ),
        requirements=("CHECKOUT-TENANT-1",),
    ),
    *(
        Fault(
            f"{what}-merchant-unchecked-without-active",
            operation,
            MUST,
            "a session of a user without an active organization may use any merchantId",
            both(with_seams(active_demanded=False), _using(operation, _no_active)),
            requirements=("ACTIVE-TENANT-40",),
        )
        for operation, what in ((CREATE_CUSTOMER, "customer"), (CREATE_CHECKOUT, "checkout"))
    ),
    Fault(
        "checkout-foreign-customer-dropped",
        CREATE_CHECKOUT,
        MUST,
        "another merchant's customer gives a session without a customer",
        with_seams(existing=_foreign_customer_dropped),
        requirements=("CHECKOUT-TENANT-3",),
    ),
    Fault(
        "set-active-foreign-accepted",
        SET_ACTIVE,
        MUST,
        "anybody can activate any organization, and then use it",
        lambda behaviour: with_seams(may_activate=_known)(
            _using(CREATE_CUSTOMER, _open_active)(_using(CREATE_CHECKOUT, _open_active)(behaviour))
        ),
        requirements=("ACTIVE-TENANT-1", "ACTIVE-TENANT-2", "ACTIVE-LEAK-3"),
    ),
    Fault(
        "set-active-foreign-answered",
        SET_ACTIVE,
        MUST,
        "activating a foreign organization is answered 200, but opens nothing",
        with_seams(may_activate=_known),
        requirements=("ACTIVE-TENANT-1", "ACTIVE-LEAK-3"),
    ),
    Fault(
        "set-active-refused-but-done",
        SET_ACTIVE,
        MUST,
        "403, but the foreign organization is active and open afterwards",
        lambda behaviour: _activation_trace(_activate_anyway)(
            _using(CREATE_CUSTOMER, _open_active)(_using(CREATE_CHECKOUT, _open_active)(behaviour))
        ),
        requirements=("ACTIVE-TENANT-2",),
    ),
    Fault(
        "set-active-foreign-shown",
        SET_ACTIVE,
        MUST,
        "the refusal shows the foreign organization's name and slug",
        failing(_tell_organization, SET_ACTIVE, 403),
        requirements=("ACTIVE-LEAK-3",),
    ),
    Fault(
        "active-organization-of-everybody",
        ANY,
        MUST,
        "one user's activation changes the active organization of all",
        with_seams(activate=_everywhere),
        requirements=("ACTIVE-STATE-3",),
    ),
    Fault(
        "active-organization-of-the-user",
        ANY,
        MUST,
        "an activation changes the active organization of the user's other sessions",
        with_seams(activate=_in_all_sessions_of_the_user),
        requirements=("ACTIVE-STATE-3",),
    ),
)
