"""The three customer options of a checkout session: existing, none and inline."""

from __future__ import annotations

from sandbox import policies
from sandbox.behaviour import Attach, Behaviour
from sandbox.faults.builders import (
    Edit,
    alter,
    copy,
    customer_ids,
    drop,
    edited,
    every_time,
    for_option,
    not_ascii,
    option,
    put,
    refusal,
    rename,
    succeeding,
    when,
    with_problem_status,
    with_seams,
)
from sandbox.faults.model import MUST, SHOULD, Change, Level, Row, table
from sandbox.model import CREATE_CHECKOUT, Call, JsonObject
from sandbox.store import Customer

DETACHED = (put("customerId", None), put("customer", None))
GUEST: JsonObject = {"name": "Guest", "email": "guest@example.com", "metadata": {}}


def _oldest(call: Call, merchant_id: str) -> Customer | None:
    known = customer_ids(call, merchant_id)
    return call.store.customer(known[0]) if known else None


def _newest(call: Call, merchant_id: str) -> Customer | None:
    known = customer_ids(call, merchant_id)
    return call.store.customer(known[-1]) if known else None


def _oldest_instead(call: Call, merchant_id: str) -> Customer | None:
    policies.attach_existing(call, merchant_id)
    return _oldest(call, merchant_id)


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


def _once_or_refused(call: Call, merchant_id: str) -> Customer | None:
    return _once(call, merchant_id) or call.refuse("same-customer")


def _unknown_let_through(call: Call, merchant_id: str) -> Customer | None:
    return policies.attach_existing(call, merchant_id) if call.store.customer(call.fields["customerId"]) else None


def _unknown_made_up(call: Call, merchant_id: str) -> Customer | None:
    if call.store.customer(call.fields["customerId"]):
        return policies.attach_existing(call, merchant_id)
    return policies.new_customer(call, merchant_id, GUEST)


def _with_unicode_not_found(call: Call, merchant_id: str) -> Customer | None:
    customer = policies.attach_existing(call, merchant_id)
    if customer is not None and not_ascii(customer.name or ""):
        call.refuse("unknown-customer")
    return customer


def _guest(call: Call, merchant_id: str) -> Customer | None:
    return policies.new_customer(call, merchant_id, GUEST)


def _silent_guest(call: Call, merchant_id: str) -> Customer | None:
    policies.new_customer(call, merchant_id, GUEST)
    return None


def _refuse(call: Call, _: str) -> Customer | None:
    call.refuse("nobody")


def _fall_over(call: Call, _: str) -> Customer | None:
    call.refuse("broken")


def _ignored(_: Call, __: str) -> Customer | None:
    return None


def _same_for_ever(call: Call, merchant_id: str) -> Customer | None:
    kept = call.memory.setdefault("inline customers", {})
    if merchant_id not in kept:
        kept[merchant_id] = policies.attach_inline(call, merchant_id)
    customer: Customer = kept[merchant_id]
    return customer


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


def _under_nobody(call: Call, _: str) -> Customer | None:
    return policies.attach_inline(call, "default")


def _newest_instead(call: Call, merchant_id: str) -> Customer | None:
    return _newest(call, merchant_id) or policies.attach_inline(call, merchant_id)


def _unicode_fails(call: Call, merchant_id: str) -> Customer | None:
    if not_ascii(str(call.fields["customer"].get("name"))):
        call.refuse("broken")
    return policies.attach_inline(call, merchant_id)


def _plus_refused(call: Call, merchant_id: str) -> Customer | None:
    if "+" in str(call.fields["customer"].get("email")):
        call.refuse("nobody")
    return policies.attach_inline(call, merchant_id)


def _email_for_id(_: Call, session: JsonObject) -> None:
    session["customerId"] = (session.get("customer") or {}).get("email")


def _other_inner_id(call: Call, session: JsonObject) -> None:
    session["customer"]["id"] = call.behaviour.new_id(call, "cus")


def _seam(name: str, attach: Attach) -> Change:
    return with_seams(**{name: attach})


def _forgotten_later(name: str) -> Change:
    """The answer is right, what is stored is not."""

    def change(behaviour: Behaviour) -> Behaviour:
        def forget(call: Call, session: JsonObject) -> None:
            call.store.execute("UPDATE checkout SET customer_id = NULL WHERE id = ?", (session["id"],))

        return for_option(name, forget)(behaviour)

    return change


def _nth(name: str, n: int, *edits: Edit) -> Change:
    """Every nth session of one option."""
    counted = every_time(n, f"sessions with {name}", edited(CREATE_CHECKOUT, *edits))
    return succeeding(CREATE_CHECKOUT, when(lambda call: option(call) == name, counted))


def _row(name: str, level: Level, says: str, change: Change) -> Row:
    return (name, CREATE_CHECKOUT, level, says, change)


EXISTING = table(
    "existing",
    _row("existing-not-attached", MUST, "customerId and customer are null", for_option("existing", *DETACHED)),
    _row("existing-customer-id-missing", MUST, "customerId is missing", for_option("existing", drop("customerId"))),
    _row(
        "existing-customer-id-renamed",
        MUST,
        "customerId is called customer_id",
        for_option("existing", rename("customerId", "customer_id")),
    ),
    _row(
        "existing-attached-to-oldest",
        MUST,
        "the merchant's oldest customer is attached",
        _seam("existing", _oldest_instead),
    ),
    _row("existing-attached-to-copy", MUST, "a copy of the customer is made and attached", _seam("existing", _copied)),
    _row(
        "existing-customer-id-upper-cased",
        MUST,
        "customerId comes back in capitals",
        for_option("existing", alter("customerId", str.upper)),
    ),
    _row(
        "existing-customer-id-cut",
        MUST,
        "customerId comes back cut",
        for_option("existing", alter("customerId", lambda value: value[:16])),
    ),
    _row(
        "existing-customer-id-is-session-id",
        MUST,
        "customerId is the session's id",
        for_option("existing", copy("id", "customerId")),
    ),
    _row("existing-only-first-time", MUST, "a customer's second session is not attached", _seam("existing", _once)),
    _row(
        "existing-second-time-refused",
        MUST,
        "a customer's second session is refused",
        _seam("existing", _once_or_refused),
    ),
    _row(
        "existing-every-3rd-not-attached", MUST, "every third session is not attached", _nth("existing", 3, *DETACHED)
    ),
    _row(
        "existing-unicode-customer-not-found",
        MUST,
        "customers with letters outside ASCII are not found",
        _seam("existing", _with_unicode_not_found),
    ),
    _row(
        "existing-unknown-ignored",
        MUST,
        "an unknown customerId gives a session without a customer",
        _seam("existing", _unknown_let_through),
    ),
    _row(
        "existing-unknown-made-up",
        MUST,
        "an unknown customerId gives a session with a made-up customer",
        _seam("existing", _unknown_made_up),
    ),
    _row(
        "existing-lost-in-storage",
        MUST,
        "the answer is attached, the stored session is not (seen with GET /checkout/sessions/{id})",
        _forgotten_later("existing"),
    ),
)
NONE = table(
    "none",
    _row("none-attaches-newest", MUST, "the merchant's newest customer is attached", _seam("none", _newest)),
    _row("none-attaches-guest", MUST, "a guest is made and attached", _seam("none", _guest)),
    _row(
        "none-creates-silently",
        MUST,
        "a customer is made but not attached (seen with GET /customers)",
        _seam("none", _silent_guest),
    ),
    _row("none-refused", MUST, "a session without a customer is refused", _seam("none", _refuse)),
    _row("none-500", MUST, "a session without a customer is a 500", _seam("none", _fall_over)),
    _row(
        "none-customer-empty-object",
        MUST,
        "customer is {} instead of absent or null",
        for_option("none", put("customer", {})),
    ),
    _row("none-customer-id-empty", MUST, "customerId is the empty string", for_option("none", put("customerId", ""))),
    _row(
        "none-customer-id-undefined",
        MUST,
        "customerId is the text undefined",
        for_option("none", put("customerId", "undefined")),
    ),
    _row(
        "none-every-3rd-customer-id",
        MUST,
        "every third session has a customerId",
        _nth("none", 3, copy("merchantId", "customerId")),
    ),
    _row("none-without-session-url", MUST, "the session has no sessionUrl", for_option("none", drop("sessionUrl"))),
)
INLINE = table(
    "inline",
    _row("inline-ignored", MUST, "no customer is made", _seam("inline", _ignored)),
    _row(
        "inline-not-attached",
        MUST,
        "the customer is made but the answer does not show it",
        for_option("inline", *DETACHED),
    ),
    _row(
        "inline-same-id", MUST, "all inline customers of a merchant are the first one", _seam("inline", _same_for_ever)
    ),
    _row(
        "inline-by-email", MUST, "an inline customer whose e-mail is known is the known one", _seam("inline", _by_email)
    ),
    _row(
        "inline-newest-instead",
        MUST,
        "the merchant's newest customer is attached instead",
        _seam("inline", _newest_instead),
    ),
    _row("inline-not-kept", MUST, "the customer cannot be used afterwards", _seam("inline", _not_kept)),
    _row(
        "inline-under-another-merchant",
        MUST,
        "the customer is made under another merchant",
        _seam("inline", _under_another),
    ),
    _row("inline-under-no-merchant", MUST, "the customer is made under no merchant", _seam("inline", _under_nobody)),
    _row(
        "inline-id-is-session-id",
        MUST,
        "customerId is the session's id",
        for_option("inline", copy("id", "customerId"), put("customer", None)),
    ),
    _row(
        "inline-id-is-email",
        MUST,
        "customerId is the customer's e-mail",
        for_option("inline", _email_for_id, put("customer", None)),
    ),
    _row("inline-refused", MUST, "an inline customer is refused", _seam("inline", _refuse)),
    _row(
        "inline-500-for-unicode",
        MUST,
        "an inline customer with letters outside ASCII is a 500",
        _seam("inline", _unicode_fails),
    ),
    _row(
        "inline-plus-address-refused",
        MUST,
        "an inline customer with a plus-addressed e-mail is refused",
        _seam("inline", _plus_refused),
    ),
    _row(
        "inline-every-3rd-not-attached",
        MUST,
        "every third inline customer is not attached",
        _nth("inline", 3, *DETACHED),
    ),
    _row(
        "inline-ids-disagree", SHOULD, "customerId and customer.id are two ids", for_option("inline", _other_inner_id)
    ),
    _row(
        "two-options-500",
        MUST,
        "customerId and customer together are a 500",
        refusal("two-options", with_problem_status(500)),
    ),
)
FAULTS = (*EXISTING, *NONE, *INLINE)
