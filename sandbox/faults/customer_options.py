"""The three customer options of a checkout session: existing, none and inline."""

from __future__ import annotations

from sandbox import policies
from sandbox.behaviour import Attach, Call, Change
from sandbox.changes import Edit, drop, put, with_seams
from sandbox.faults.builders import (
    alter,
    copy,
    customer_ids,
    edited,
    every_time,
    for_option,
    keep_session_under_nobody,
    option,
    rename,
    succeeding,
    when,
)
from sandbox.faults.model import MUST, Fault, table
from sandbox.model import CREATE_CHECKOUT, JsonObject
from sandbox.store import Customer

DETACHED = (put("customerId", None), put("customer", None))
GUEST: JsonObject = {"name": "Guest", "email": "guest@example.com", "metadata": {}}


def _newest(call: Call, merchant_id: str) -> Customer | None:
    known = customer_ids(call, merchant_id)
    return call.store.customer(known[-1]) if known else None


def _copied(call: Call, merchant_id: str) -> Customer | None:
    given = policies.attach_existing(call, merchant_id)
    if given is None:
        return None
    known = {"name": given.name, "email": given.email, "phoneNumber": given.phone, "metadata": given.metadata}
    return policies.new_customer(call, merchant_id, known)


def _once(call: Call, merchant_id: str) -> Customer | None:
    customer = policies.attach_existing(call, merchant_id)
    used = call.memory.setdefault("attached before", set())
    if customer is None or customer.id in used:
        return None
    used.add(customer.id)
    return customer


def _unknown_let_through(call: Call, merchant_id: str) -> Customer | None:
    return policies.attach_existing(call, merchant_id) if call.store.customer(call.fields["customerId"]) else None


def _guest(call: Call, merchant_id: str) -> Customer | None:
    return policies.new_customer(call, merchant_id, GUEST)


def _refuse(call: Call, _: str) -> Customer | None:
    call.refuse("nobody")


def _fall_over(call: Call, _: str) -> Customer | None:
    call.refuse("broken")


def _numbered_after_the_last(call: Call, merchant_id: str) -> Customer | None:
    """The number of a new customer follows that of the merchant's last one, and there may be none."""
    return (
        policies.attach_inline(call, merchant_id) if customer_ids(call, merchant_id) else _fall_over(call, merchant_id)
    )


def _by_email(call: Call, merchant_id: str) -> Customer | None:
    """An inline customer is looked up by its e-mail first."""
    rows = call.store.execute(
        "SELECT id FROM customer WHERE merchant_id = ? AND email = ? LIMIT 1",
        (merchant_id, call.fields["customer"].get("email")),
    )
    return call.store.customer(rows[0][0]) if rows else policies.attach_inline(call, merchant_id)


def _not_kept(call: Call, merchant_id: str) -> Customer | None:
    customer = policies.attach_inline(call, merchant_id)
    if customer is not None:
        call.store.execute("DELETE FROM customer WHERE id = ?", (customer.id,))
    return customer


def _under_another(call: Call, merchant_id: str) -> Customer | None:
    rows = call.store.execute("SELECT id FROM organization WHERE id <> ? ORDER BY rowid LIMIT 1", (merchant_id,))
    return policies.attach_inline(call, rows[0][0] if rows else f"{merchant_id}-other")


def _newest_instead(call: Call, merchant_id: str) -> Customer | None:
    return _newest(call, merchant_id) or policies.attach_inline(call, merchant_id)


def _detach(call: Call, session: JsonObject) -> None:
    call.store.execute("UPDATE checkout SET customer_id = NULL WHERE id = ?", (session["id"],))


def _seam(name: str, attach: Attach) -> Change:
    return with_seams(**{name: attach})


def _nth(name: str, n: int, *edits: Edit) -> Change:
    """Every nth session of one option."""
    counted = every_time(n, f"sessions with {name}", edited(CREATE_CHECKOUT, *edits))
    return succeeding(CREATE_CHECKOUT, when(lambda call: option(call) == name, counted))


EXISTING = table(
    "existing",
    Fault(
        "existing-customer-id-missing",
        CREATE_CHECKOUT,
        MUST,
        "customerId is missing",
        for_option("existing", drop("customerId")),
        requirements=("CHECKOUT-EXISTING-1", "CHECKOUT-EXISTING-3"),
    ),
    Fault(
        "existing-customer-id-renamed",
        CREATE_CHECKOUT,
        MUST,
        "customerId is called customer_id",
        for_option("existing", rename("customerId", "customer_id")),
        requirements=("CHECKOUT-EXISTING-1", "CHECKOUT-EXISTING-3"),
    ),
    Fault(
        "existing-attached-to-copy",
        CREATE_CHECKOUT,
        MUST,
        "a copy of the customer is made and attached",
        _seam("existing", _copied),
        requirements=("CHECKOUT-EXISTING-1", "CHECKOUT-EXISTING-2", "CHECKOUT-EXISTING-3", "CHECKOUT-INLINE-3"),
    ),
    Fault(
        "existing-customer-id-cut",
        CREATE_CHECKOUT,
        MUST,
        "customerId comes back cut",
        for_option("existing", alter("customerId", lambda value: value[:16])),
        requirements=("CHECKOUT-READ-1", "CHECKOUT-EXISTING-1", "CHECKOUT-EXISTING-3", "CHECKOUT-INLINE-3"),
    ),
    Fault(
        "existing-only-first-time",
        CREATE_CHECKOUT,
        MUST,
        "a customer's second session is not attached",
        _seam("existing", _once),
        requirements=("CHECKOUT-EXISTING-1", "CHECKOUT-EXISTING-3"),
    ),
    Fault(
        "existing-every-3rd-not-attached",
        CREATE_CHECKOUT,
        MUST,
        "every third session is not attached",
        _nth("existing", 3, *DETACHED),
        requirements=("CHECKOUT-EXISTING-1", "CHECKOUT-EXISTING-3"),
    ),
    Fault(
        "existing-unknown-ignored",
        CREATE_CHECKOUT,
        MUST,
        "an unknown customerId gives a session without a customer",
        _seam("existing", _unknown_let_through),
        requirements=("CHECKOUT-EXISTING-1", "CHECKOUT-EXISTING-4"),
    ),
    Fault(
        "existing-kept-without-customer",
        CREATE_CHECKOUT,
        MUST,
        "the response names the customer, the session that is kept has none",
        for_option("existing", _detach),
        requirements=("CHECKOUT-READ-1",),
    ),
)
NONE = table(
    "none",
    Fault(
        "none-attaches-newest",
        CREATE_CHECKOUT,
        MUST,
        "the merchant's newest customer is attached",
        _seam("none", _newest),
        requirements=("CHECKOUT-NONE-2",),
    ),
    Fault(
        "none-attaches-guest",
        CREATE_CHECKOUT,
        MUST,
        "a guest is made and attached",
        _seam("none", _guest),
        requirements=("CHECKOUT-NONE-2", "CHECKOUT-NONE-3"),
    ),
    Fault(
        "none-kept-under-nobody",
        CREATE_CHECKOUT,
        MUST,
        "a session without a customer is kept under another merchant and cannot be read",
        for_option("none", keep_session_under_nobody),
        requirements=("CHECKOUT-READ-1",),
    ),
    Fault(
        "none-refused",
        CREATE_CHECKOUT,
        MUST,
        "a session without a customer is refused",
        _seam("none", _refuse),
        requirements=("CHECKOUT-STATUS-1", "CHECKOUT-NONE-1"),
    ),
    Fault(
        "none-500",
        CREATE_CHECKOUT,
        MUST,
        "a session without a customer is a 500",
        _seam("none", _fall_over),
        requirements=("CHECKOUT-STATUS-3", "CHECKOUT-NONE-1"),
    ),
    Fault(
        "none-customer-id-empty",
        CREATE_CHECKOUT,
        MUST,
        "customerId is the empty string",
        for_option("none", put("customerId", "")),
        requirements=("CHECKOUT-NONE-2",),
    ),
    Fault(
        "none-customer-id-undefined",
        CREATE_CHECKOUT,
        MUST,
        "customerId is the text undefined",
        for_option("none", put("customerId", "undefined")),
        requirements=("CHECKOUT-NONE-2",),
    ),
    Fault(
        "none-every-3rd-customer-id",
        CREATE_CHECKOUT,
        MUST,
        "every third session has a customerId",
        _nth("none", 3, copy("merchantId", "customerId")),
        requirements=("CHECKOUT-NONE-2",),
    ),
)
INLINE = table(
    "inline",
    Fault(
        "inline-not-attached",
        CREATE_CHECKOUT,
        MUST,
        "the customer is made but the response does not show it",
        for_option("inline", *DETACHED),
        requirements=("CHECKOUT-INLINE-1", "CHECKOUT-INLINE-2"),
    ),
    Fault(
        "inline-by-email",
        CREATE_CHECKOUT,
        MUST,
        "an inline customer whose e-mail is known is the known one",
        _seam("inline", _by_email),
        requirements=("CHECKOUT-INLINE-2",),
    ),
    Fault(
        "inline-newest-instead",
        CREATE_CHECKOUT,
        MUST,
        "the merchant's newest customer is attached instead",
        _seam("inline", _newest_instead),
        requirements=("CHECKOUT-INLINE-2", "CHECKOUT-INLINE-6"),
    ),
    Fault(
        "inline-under-another-merchant",
        CREATE_CHECKOUT,
        MUST,
        "the customer is made under another merchant",
        _seam("inline", _under_another),
        requirements=("CHECKOUT-INLINE-3", "CHECKOUT-INLINE-6"),
    ),
    Fault(
        "inline-id-is-session-id",
        CREATE_CHECKOUT,
        MUST,
        "customerId is the session's id",
        for_option("inline", copy("id", "customerId"), put("customer", None)),
        requirements=("CHECKOUT-INLINE-3", "CHECKOUT-INLINE-6"),
    ),
    Fault(
        "inline-refused",
        CREATE_CHECKOUT,
        MUST,
        "an inline customer is refused",
        _seam("inline", _refuse),
        requirements=("CHECKOUT-STATUS-1",),
    ),
    Fault(
        "inline-first-of-merchant-500",
        CREATE_CHECKOUT,
        MUST,
        "a new customer in a session is a 500 where the merchant has none yet",
        _seam("inline", _numbered_after_the_last),
        requirements=("CHECKOUT-STATUS-3",),
    ),
    Fault(
        "inline-every-3rd-not-attached",
        CREATE_CHECKOUT,
        MUST,
        "every third inline customer is not attached",
        _nth("inline", 3, *DETACHED),
        requirements=("CHECKOUT-INLINE-1",),
    ),
)
FAULTS = (*EXISTING, *NONE, *INLINE)
