"""Customers, the three customer options, and the optional reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sandbox import policies, presentation
from sandbox.behaviour import Behaviour, Call, Change
from sandbox.changes import admitting, arriving, both, finishing, with_seams
from sandbox.model import (
    CREATE_CHECKOUT,
    CREATE_CUSTOMER,
    GET_CUSTOMER,
    LIST_CUSTOMERS,
    OPTIONAL_READS,
    Json,
    Reply,
    text,
)
from sandbox.store import Customer
from sandbox.variants.builders import refusing
from sandbox.variants.model import Variant

_PAGE = 10


def _identity(column: str, name: str) -> Change:
    """One member alone makes a customer's identity."""

    def act(call: Call) -> None:
        query = f"SELECT 1 FROM customer WHERE merchant_id = ? AND {column} = ? LIMIT 1"
        merchant_id = text(call.fields.get("merchantId")) or call.caller.active
        if call.store.execute(query, (merchant_id, call.fields.get(name))):
            call.refuse("same-customer")

    return admitting(CREATE_CUSTOMER, act)


def _with(*names: str, required: bool) -> Change:
    """Want these fields of a customer, or take it without them."""

    def change(behaviour: Behaviour) -> Behaviour:
        fields = [
            replace(field, required=required) if field.name in names else field
            for field in behaviour.fields[CREATE_CUSTOMER]
        ]
        return replace(behaviour, fields={**behaviour.fields, CREATE_CUSTOMER: tuple(fields)})

    return change


def _prefer_id(call: Call) -> None:
    call.body = {name: value for name, value in call.fields.items() if name != "customer"}


def _foreign_unknown(call: Call, merchant_id: str) -> Customer | None:
    """Another merchant's customer is as unknown as one that does not exist."""
    customer = call.store.customer(text(call.fields["customerId"]))
    if customer is not None and not call.behaviour.may_attach(call, customer, merchant_id):
        call.refuse("unknown-customer")
    return policies.attach_existing(call, merchant_id)


def _nothing_here(call: Call, reply: Reply) -> Reply:
    if reply.status != 404 or call.operation or not isinstance(reply.body, dict):
        return reply
    return replace(reply, body={**reply.body, "message": "no such customer or session: nothing was found"})


def _ten_a_page(call: Call, reply: Reply) -> Reply:
    if call.operation != LIST_CUSTOMERS or not reply.succeeded or not isinstance(reply.body, dict):
        return reply
    rows, page = reply.body["data"][:_PAGE], reply.body["pagination"]
    told = {"limit": min(page["limit"], _PAGE), "hasMore": page["offset"] + len(rows) < page["total"]}
    return replace(reply, body={**reply.body, "data": rows, "pagination": {**page, **told}})


def _kept(call: Call) -> str:
    return f"{call.headers.get('authorization')} {call.raw!r}"


def _answer_again(call: Call) -> Reply | None:
    known: dict[str, Reply] = call.memory.setdefault("customers by request", {})
    return known.get(_kept(call)) if call.operation == CREATE_CUSTOMER and call.method == "POST" else None


def _keep(call: Call, reply: Reply) -> Reply:
    if call.operation == CREATE_CUSTOMER and reply.succeeded:
        call.memory.setdefault("customers by request", {})[_kept(call)] = reply
    return reply


def _noted(value: Json) -> Json:
    """Return what is shown of customers, with a note of the target's own in their metadata, and theirs once more."""
    if isinstance(value, list):
        return [_noted(item) for item in value]
    if isinstance(value, dict) and isinstance(value.get("metadata"), dict):
        sent = value["metadata"]
        return {**value, "metadata": {**sent, "_system": {"source": "api"}}, "notes": sent}
    return value


def _with_own_metadata(call: Call, reply: Reply) -> Reply:
    if call.operation in (CREATE_CUSTOMER, GET_CUSTOMER) and reply.succeeded:
        return replace(reply, body=_noted(reply.body))
    if call.operation == LIST_CUSTOMERS and reply.succeeded:
        return replace(reply, body={**reply.body, "data": _noted(reply.body["data"])})
    return reply


def _of_all_own(call: Call, reply: Reply) -> Reply:
    """Where no organization is active, list the customers of all organizations of the user."""
    if call.operation != LIST_CUSTOMERS or call.session is None or call.session.active is not None:
        return reply
    query = "SELECT organization_id FROM member WHERE user_id = ?"
    owned = [row[0] for row in call.store.execute(query, (call.session.user_id,))]
    rows = [row for merchant in owned for row in call.store.customers(merchant, _PAGE, 0)[0]]
    return Reply(200, presentation.customers(call, rows, len(rows), 0, len(rows)))


def _refuse_beyond(table: str, most: int, refusal: str) -> Callable[[Call], None]:
    """Refuse what would be one more than a merchant may have."""

    def act(call: Call) -> None:
        merchant_id = text(call.fields.get("merchantId")) or call.caller.active
        rows = call.store.execute(f"SELECT count(*) FROM {table} WHERE merchant_id = ?", (merchant_id,))
        if rows[0][0] >= most:
            call.refuse(refusal)

    return act


_beyond_forty = _refuse_beyond("customer", 40, "customers-full")


def _inline_beyond_forty(call: Call) -> None:
    if call.fields.get("customer"):
        _beyond_forty(call)


def _not_of_account(call: Call) -> None:
    user = call.store.user(call.caller.user_id)
    if user is not None and text(call.fields.get("email")).lower() == user.lookup:
        call.refuse("invalid")


def _superseded(call: Call, reply: Reply) -> Reply:
    """A customer has one session that is open: the newest."""
    if call.operation == CREATE_CHECKOUT and reply.succeeded and reply.body.get("customerId"):
        query = "UPDATE checkout SET status = 'expired' WHERE customer_id = ? AND id != ?"
        call.store.execute(query, (reply.body["customerId"], reply.body["id"]))
    return reply


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "customers-forty",
        "a merchant may have forty customers",
        both(admitting(CREATE_CUSTOMER, _beyond_forty), admitting(CREATE_CHECKOUT, _inline_beyond_forty)),
        "what needs more customers than that",
    ),
    Variant(
        "sessions-eighty",
        "a merchant may have eighty checkout sessions that are open",
        admitting(CREATE_CHECKOUT, _refuse_beyond("checkout", 80, "sessions-full")),
        "what needs more checkout sessions than that",
    ),
    Variant("account-no-customer", "nobody is a customer of their own", admitting(CREATE_CUSTOMER, _not_of_account)),
    Variant(
        "customer-merchant-id-required",
        "a customer without a merchantId is refused with 400",
        _with("merchantId", required=True),
        "what a customer by default shows of the active organization",
    ),
    Variant(
        "customer-repeated-answered-again",
        "the same request of the same session is answered with the customer that it made",
        both(arriving(_answer_again), finishing(_keep)),
    ),
    Variant(
        "customer-phone-and-metadata-optional",
        "a customer needs neither phone number nor metadata",
        _with("phoneNumber", "metadata", required=False),
    ),
    Variant(
        "customer-metadata-with-own",
        "the metadata of every customer have a note of the target's own besides, and stand under another name as sent",
        finishing(_with_own_metadata),
    ),
    Variant(
        "customers-of-all-own",
        "where no organization is active, the list has the customers of all of the user's",
        finishing(_of_all_own),
    ),
    Variant("customers-ten-a-page", "a page of customers has ten at most, whatever is asked", finishing(_ten_a_page)),
    Variant(
        "foreign-customer-unknown",
        "another merchant's customer is the same 404 as an unknown one",
        with_seams(existing=_foreign_unknown),
    ),
    Variant("unknown-customer-400", "an unknown customerId is 400", refusing(("unknown-customer",), 400)),
    Variant(
        "customer-duplicates-accepted",
        "a customer with the same identity is accepted",
        with_seams(same_customer_refused=False),
    ),
    Variant("customer-identity-is-email", "the e-mail alone is a customer's identity", _identity("email", "email")),
    Variant(
        "customer-identity-is-phone",
        "the phone number alone is a customer's identity",
        _identity("phone", "phoneNumber"),
    ),
    Variant(
        "customer-has-one-open-session",
        "a new session of a customer ends the customer's earlier ones",
        finishing(_superseded),
    ),
    Variant("two-options-422", "customerId and customer together are 422", refusing(("two-options",), 422)),
    Variant(
        "two-options-prefer-id",
        "of customerId and customer together customerId wins",
        with_seams(two_options=_prefer_id),
    ),
    Variant(
        "reads-absent",
        "there are no optional reads",
        with_seams(hidden=OPTIONAL_READS),
        "what is shown with the optional reads",
    ),
    Variant(
        "reads-absent-worded",
        "there are no optional reads, and an unknown path has no such customer or session",
        both(with_seams(hidden=OPTIONAL_READS), finishing(_nothing_here)),
        "what is shown with the optional reads",
    ),
)
