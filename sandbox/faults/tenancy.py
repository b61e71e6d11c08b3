"""What one tenant can see, use or change of another's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sandbox import identity, policies
from sandbox.behaviour import Behaviour
from sandbox.faults.builders import editing, failing, option, with_seams
from sandbox.faults.model import ANY, MUST, Change, table
from sandbox.model import CREATE_CHECKOUT, CREATE_CUSTOMER, SET_ACTIVE, Call, JsonObject, Reply, text
from sandbox.store import Customer, Member


def _using(operation: str, allow: Callable[[Call, str], bool]) -> Change:
    """Let one operation use a merchant where ``allow`` says so, be the caller a member or not."""

    def change(behaviour: Behaviour) -> Behaviour:
        def may_use(call: Call, merchant_id: str) -> bool:
            return behaviour.may_use(call, merchant_id) or (call.operation == operation and allow(call, merchant_id))

        return replace(behaviour, may_use=may_use)

    return change


def _known(call: Call, merchant_id: str) -> bool:
    return call.store.organization(merchant_id) is not None


def _unknown(call: Call, merchant_id: str) -> bool:
    return not _known(call, merchant_id)


def _with_customer(call: Call, merchant_id: str) -> bool:
    return _known(call, merchant_id) and option(call) != "none"


def _checked_before(call: Call, merchant_id: str) -> bool:
    """The check is made once for a session and then thought to hold."""
    return _known(call, merchant_id) and call.caller.token in call.memory.get("checked sessions", ())


def _remember_check(call: Call, _: JsonObject) -> None:
    call.memory.setdefault("checked sessions", set()).add(call.caller.token)


def _own_instead(operation: str) -> Change:
    """A foreign merchantId is quietly replaced by the caller's own."""

    def admit(call: Call) -> Reply | None:
        named = text(call.fields.get("merchantId"))
        if call.operation == operation and named and not policies.is_member(call, named) and call.caller.active:
            call.body = {**call.fields, "merchantId": call.caller.active}
        return None

    return lambda behaviour: replace(behaviour, admit=(*behaviour.admit, admit))


def _before_refusal(operation: str, act: Callable[[Call], None]) -> Change:
    """Leave a trace of what is then refused as foreign."""

    def answer(call: Call, reply: Reply) -> Reply:
        if reply.status == 403 and call.caller.active is not None:
            act(call)
        return reply

    return failing(answer, operation, 403)


def _create_anyway(call: Call) -> None:
    policies.new_customer(call, text(call.fields.get("merchantId")), call.fields)


def _create_inline_anyway(call: Call) -> None:
    if option(call) == "inline":
        policies.new_customer(call, text(call.fields.get("merchantId")), call.fields["customer"])


def _activate_anyway(call: Call) -> None:
    policies.activate(call, text(call.fields.get("organizationId")))


def _activation_trace(act: Callable[[Call], None]) -> Change:
    def refused(call: Call) -> None:
        if call.store.organization(text(call.fields.get("organizationId"))) is not None:
            act(call)

    return with_seams(activation_refused=refused)


def _join(call: Call) -> None:
    wanted = text(call.fields.get("organizationId"))
    if not policies.is_member(call, wanted):
        call.store.add_member(Member(identity.random_text(32), wanted, call.caller.user_id, "member", 0.0))


def _everywhere(call: Call, organization_id: str | None) -> None:
    call.store.execute("UPDATE session SET active = ?", (organization_id,))


def _in_all_sessions_of_the_user(call: Call, organization_id: str | None) -> None:
    call.store.execute("UPDATE session SET active = ? WHERE user_id = ?", (organization_id, call.caller.user_id))


def _open_active(call: Call, merchant_id: str) -> bool:
    """Whatever is active in the session may be used."""
    return merchant_id == call.caller.active


def _any_customer(call: Call, _: Customer, __: str) -> bool:
    return call.operation == CREATE_CHECKOUT


def _foreign_customer_dropped(call: Call, merchant_id: str) -> Customer | None:
    customer = call.store.customer(text(call.fields["customerId"]))
    if customer is not None and customer.merchant_id != merchant_id:
        return None
    return policies.attach_existing(call, merchant_id)


def _foreign_customer_copied(call: Call, merchant_id: str) -> Customer | None:
    """A foreign customer's data is copied into the caller's merchant."""
    customer = call.store.customer(text(call.fields["customerId"]))
    if customer is None or customer.merchant_id == merchant_id:
        return policies.attach_existing(call, merchant_id)
    known = {"name": customer.name, "email": customer.email, "phoneNumber": customer.phone}
    return policies.new_customer(call, merchant_id, {**known, "metadata": customer.metadata})


def _first_organization(call: Call) -> str:
    return str(call.store.execute("SELECT id FROM organization ORDER BY rowid LIMIT 1")[0][0])


def _name_first_tenant(call: Call, entity: JsonObject) -> None:
    entity["merchantId"] = _first_organization(call)


def _keep_under_nobody(call: Call, customer: JsonObject) -> None:
    call.store.execute("UPDATE customer SET merchant_id = 'default' WHERE id = ?", (customer["id"],))


def _neighbours_name(call: Call, customer: JsonObject) -> None:
    """The name comes from the newest customer of another merchant."""
    query = "SELECT name FROM customer WHERE merchant_id <> ? ORDER BY rowid DESC LIMIT 1"
    rows = call.store.execute(query, (customer["merchantId"],))
    if rows:
        customer["name"] = rows[0][0]


def _neighbours_customer(call: Call, merchant_id: str) -> Customer | None:
    given = policies.attach_existing(call, merchant_id)
    query = "SELECT id FROM customer WHERE merchant_id <> ? ORDER BY rowid DESC LIMIT 1"
    rows = call.store.execute(query, (merchant_id,))
    return call.store.customer(rows[0][0]) if rows else given


def _tell_organization(call: Call, reply: Reply) -> Reply:
    organization = call.store.organization(text(call.fields.get("organizationId")))
    if organization is None:
        return reply
    shown = {"id": organization.id, "name": organization.name, "slug": organization.slug}
    return replace(reply, body={**reply.body, "organization": shown})


def _tell_customer(call: Call, reply: Reply) -> Reply:
    customer = call.store.customer(text(call.fields.get("customerId")))
    if customer is None:
        return reply
    return replace(reply, body={**reply.body, "customer": {"name": customer.name, "email": customer.email}})


FAULTS = table(
    "tenancy",
    (
        "customer-foreign-merchant-accepted",
        CREATE_CUSTOMER,
        MUST,
        "a customer is made in any organization",
        _using(CREATE_CUSTOMER, _known),
    ),
    (
        "customer-unknown-merchant-accepted",
        CREATE_CUSTOMER,
        MUST,
        "a merchantId that nobody has is accepted",
        _using(CREATE_CUSTOMER, _unknown),
    ),
    (
        "customer-foreign-merchant-replaced",
        CREATE_CUSTOMER,
        MUST,
        "a foreign merchantId is quietly replaced by the own one",
        _own_instead(CREATE_CUSTOMER),
    ),
    (
        "customer-refused-but-created",
        CREATE_CUSTOMER,
        MUST,
        "403 for a foreign merchantId, but the customer is made there (seen as a 409 or with GET /customers)",
        _before_refusal(CREATE_CUSTOMER, _create_anyway),
    ),
    (
        "customer-kept-under-nobody",
        CREATE_CUSTOMER,
        MUST,
        "the customer is kept under another merchant and cannot be used",
        editing(CREATE_CUSTOMER, _keep_under_nobody),
    ),
    (
        "customer-merchant-id-of-first-tenant",
        CREATE_CUSTOMER,
        MUST,
        "merchantId is that of the oldest organization",
        editing(CREATE_CUSTOMER, _name_first_tenant),
    ),
    (
        "customer-name-of-another-tenant",
        CREATE_CUSTOMER,
        MUST,
        "the name is that of another merchant's newest customer",
        editing(CREATE_CUSTOMER, _neighbours_name),
    ),
    (
        "checkout-foreign-merchant-accepted",
        CREATE_CHECKOUT,
        MUST,
        "a session is made in any organization",
        _using(CREATE_CHECKOUT, _known),
    ),
    (
        "checkout-unknown-merchant-accepted",
        CREATE_CHECKOUT,
        MUST,
        "a merchantId that nobody has is accepted",
        _using(CREATE_CHECKOUT, _unknown),
    ),
    (
        "checkout-foreign-merchant-replaced",
        CREATE_CHECKOUT,
        MUST,
        "a foreign merchantId is quietly replaced by the own one",
        _own_instead(CREATE_CHECKOUT),
    ),
    (
        "checkout-foreign-merchant-with-customer",
        CREATE_CHECKOUT,
        MUST,
        "a foreign merchantId is accepted where a customer is named or inline",
        _using(CREATE_CHECKOUT, _with_customer),
    ),
    (
        "checkout-merchant-checked-once",
        CREATE_CHECKOUT,
        MUST,
        "after its first own checkout session a token may use any merchantId",
        lambda behaviour: editing(CREATE_CHECKOUT, _remember_check)(
            _using(CREATE_CHECKOUT, _checked_before)(behaviour)
        ),
    ),
    (
        "checkout-refused-but-inline-created",
        CREATE_CHECKOUT,
        MUST,
        "403 for a foreign merchantId, but the inline customer is made there (seen as a 409 or with GET /customers)",
        _before_refusal(CREATE_CHECKOUT, _create_inline_anyway),
    ),
    (
        "checkout-merchant-id-of-first-tenant",
        CREATE_CHECKOUT,
        MUST,
        "merchantId is that of the oldest organization",
        editing(CREATE_CHECKOUT, _name_first_tenant),
    ),
    (
        "checkout-foreign-customer-accepted",
        CREATE_CHECKOUT,
        MUST,
        "another merchant's customer can be attached",
        with_seams(may_attach=_any_customer),
    ),
    (
        "checkout-foreign-customer-dropped",
        CREATE_CHECKOUT,
        MUST,
        "another merchant's customer gives a session without a customer",
        with_seams(existing=_foreign_customer_dropped),
    ),
    (
        "checkout-foreign-customer-copied",
        CREATE_CHECKOUT,
        MUST,
        "another merchant's customer is copied and attached",
        with_seams(existing=_foreign_customer_copied),
    ),
    (
        "checkout-attaches-another-tenants-customer",
        CREATE_CHECKOUT,
        MUST,
        "the newest customer of another merchant is attached",
        with_seams(existing=_neighbours_customer),
    ),
    (
        "checkout-foreign-customer-shown",
        CREATE_CHECKOUT,
        MUST,
        "the refusal shows the foreign customer's name and e-mail",
        failing(_tell_customer, CREATE_CHECKOUT, 403),
    ),
    (
        "set-active-foreign-accepted",
        SET_ACTIVE,
        MUST,
        "anybody can activate any organization, and then use it",
        lambda behaviour: with_seams(may_activate=_known)(
            _using(CREATE_CUSTOMER, _open_active)(_using(CREATE_CHECKOUT, _open_active)(behaviour))
        ),
    ),
    (
        "set-active-foreign-answered",
        SET_ACTIVE,
        MUST,
        "activating a foreign organization is answered 200, but opens nothing",
        with_seams(may_activate=_known),
    ),
    (
        "set-active-refused-but-done",
        SET_ACTIVE,
        MUST,
        "403, but the foreign organization is active and open afterwards",
        lambda behaviour: _activation_trace(_activate_anyway)(
            _using(CREATE_CUSTOMER, _open_active)(_using(CREATE_CHECKOUT, _open_active)(behaviour))
        ),
    ),
    (
        "set-active-refusal-admits",
        SET_ACTIVE,
        MUST,
        "403, but the caller is a member afterwards",
        _activation_trace(_join),
    ),
    (
        "set-active-foreign-shown",
        SET_ACTIVE,
        MUST,
        "the refusal shows the foreign organization's name and slug",
        failing(_tell_organization, SET_ACTIVE, 403),
    ),
    (
        "active-organization-of-everybody",
        ANY,
        MUST,
        "one user's activation changes the active organization of all",
        with_seams(activate=_everywhere),
    ),
    (
        "active-organization-of-the-user",
        ANY,
        MUST,
        "an activation changes the active organization of the user's other sessions",
        with_seams(activate=_in_all_sessions_of_the_user),
    ),
)
