"""Checks that one way to name a customer or a merchant lacks, as where each of them has code of its own."""

from __future__ import annotations

import json
from collections.abc import Callable

from sandbox.behaviour import Call, Change
from sandbox.changes import admitting, arriving, both, with_seams
from sandbox.faults.builders import sent_object
from sandbox.faults.model import SHOULD, Fault, must, table
from sandbox.model import CREATE_CHECKOUT, CREATE_CUSTOMER, Json, JsonObject, Reply
from sandbox.policies import attach_inline
from sandbox.store import Customer
from sandbox.validation import is_currency, is_web_address

URL = "https://shop.example.com/done"
Mend = Callable[[Call, JsonObject], JsonObject]


def _lacking(option: str, mend: Mend) -> Change:
    """Put what is right in the place of something wrong, in the sessions of one option, before anything looks at it."""

    def respond(call: Call) -> Reply | None:
        if call.operation == CREATE_CHECKOUT:
            body = sent_object(call)
            given = "existing" if body.get("customerId") else "inline" if body.get("customer") else "none"
            if given == option:
                call.raw = json.dumps({**body, **mend(call, body)}).encode()
        return None

    return arriving(respond)


def _admitting(option: str, mend: Mend) -> Change:
    """As `_lacking`, and what was sent is kept."""

    def remember(call: Call, body: JsonObject) -> JsonObject:
        mended = mend(call, body)
        call.memory.setdefault("as sent", {})[str(body.get("successUrl"))] = {name: body[name] for name in mended}
        return mended

    def restore(call: Call) -> None:
        sent = call.memory.get("as sent", {}).pop(str(call.fields["successUrl"]), {})
        call.body = {**call.fields, **sent}

    return both(_lacking(option, remember), admitting(CREATE_CHECKOUT, restore))


def _number_of_text(_: Call, body: JsonObject) -> JsonObject:
    amount = body.get("totalAmount")
    return {"totalAmount": int(amount)} if isinstance(amount, str) and amount.isdigit() else {}


def _default_url(_: Call, body: JsonObject) -> JsonObject:
    return {} if "successUrl" in body else {"successUrl": URL}


def _default_for_null(_: Call, body: JsonObject) -> JsonObject:
    return {"currency": "LSL"} if body.get("currency", "") is None else {}


def _merchant_of_customer(call: Call, body: JsonObject) -> JsonObject:
    customer = call.store.customer(str(body.get("customerId")))
    return {"merchantId": customer.merchant_id} if customer and "merchantId" not in body else {}


def _without_sign(_: Call, body: JsonObject) -> JsonObject:
    amount = body.get("totalAmount")
    return {"totalAmount": -amount} if isinstance(amount, int) and amount < 0 else {}


def _any_currency(_: Call, body: JsonObject) -> JsonObject:
    currency = body.get("currency")
    return {"currency": "LSL"} if isinstance(currency, str) and not is_currency(currency) else {}


def _any_url(_: Call, body: JsonObject) -> JsonObject:
    url = body.get("cancelUrl")
    return {"cancelUrl": URL} if isinstance(url, str) and not is_web_address(url) else {}


def _any_mode(_: Call, body: JsonObject) -> JsonObject:
    return {"mode": "payment"} if isinstance(body.get("mode"), str) else {}


def _any_items(_: Call, body: JsonObject) -> JsonObject:
    items = body.get("lineItems")
    return {"lineItems": [_as_item(item) for item in items]} if isinstance(items, list) else {}


def _as_item(item: Json) -> JsonObject:
    """Keep what is right of a line item."""
    given: JsonObject = item if isinstance(item, dict) else {}
    kept: JsonObject = {
        name: given[name] for name in ("name", "currency", "imageUrl") if isinstance(given.get(name), str)
    }
    for name in ("quantity", "amount"):
        if isinstance(given.get(name), int) and given[name] >= 0:
            kept[name] = given[name]
    return {"name": "", "quantity": 1, "amount": 0, "currency": "LSL", **kept}


def _kept_with_metadata(call: Call, merchant_id: str) -> Customer | None:
    customer = attach_inline(call, merchant_id)
    if customer is not None and not call.fields["customer"].get("metadata"):
        call.store.execute("DELETE FROM customer WHERE id = ?", (customer.id,))
    return customer


def _should(name: str, description: str, change: Change, requirement: str) -> Fault:
    return Fault(name, CREATE_CHECKOUT, SHOULD, description, change, (requirement,))


def _unchecked_by_default(call: Call) -> Reply | None:
    """A customer whose merchant is not named is written as it comes."""
    body = sent_object(call)
    if call.operation == CREATE_CUSTOMER and body and "merchantId" not in body:
        texts = {name: body[name] for name in ("name", "email") if not isinstance(body.get(name), str)}
        if texts:
            call.raw = json.dumps({**body, **{name: f"{value}@example.com" for name, value in texts.items()}}).encode()
    return None


FAULTS = table(
    "one option",
    must(
        "customer-of-default-unchecked",
        CREATE_CUSTOMER,
        "where no merchant is named, the name and the e-mail of a customer are accepted in any JSON type",
        arriving(_unchecked_by_default),
        "CUSTOMER-VALID-1",
    ),
    must(
        "existing-amount-text-accepted",
        CREATE_CHECKOUT,
        "for an existing customer, an amount that is a text of digits is accepted",
        _lacking("existing", _number_of_text),
        "CHECKOUT-VALID-3",
    ),
    must(
        "inline-success-url-not-required",
        CREATE_CHECKOUT,
        "with a new customer, a session without a success URL is accepted",
        _lacking("inline", _default_url),
        "CHECKOUT-VALID-1",
    ),
    must(
        "existing-currency-null-accepted",
        CREATE_CHECKOUT,
        "for an existing customer, a currency that is null is accepted",
        _lacking("existing", _default_for_null),
        "CHECKOUT-VALID-2",
    ),
    must(
        "inline-line-items-unchecked",
        CREATE_CHECKOUT,
        "with a new customer, nothing is wrong with any line item",
        _lacking("inline", _any_items),
        "CHECKOUT-VALID-40",
        "CHECKOUT-VALID-41",
    ),
    must(
        "existing-line-items-unchecked",
        CREATE_CHECKOUT,
        "for an existing customer, nothing is wrong with any line item",
        _lacking("existing", _any_items),
        "CHECKOUT-VALID-40",
        "CHECKOUT-VALID-41",
    ),
    must(
        "inline-without-metadata-not-kept",
        CREATE_CHECKOUT,
        "a new customer without metadata is not kept",
        with_seams(inline=_kept_with_metadata),
        "CHECKOUT-INLINE-3",
    ),
    _should(
        "existing-merchant-not-required",
        "for an existing customer, a session without a merchant is the customer's",
        _lacking("existing", _merchant_of_customer),
        "CHECKOUT-VALID-10",
    ),
    _should(
        "inline-negative-amount-accepted",
        "with a new customer, a negative amount is accepted",
        _admitting("inline", _without_sign),
        "CHECKOUT-VALID-4",
    ),
    _should(
        "inline-any-currency-accepted",
        "with a new customer, any text is accepted as a currency",
        _admitting("inline", _any_currency),
        "CHECKOUT-VALID-5",
    ),
    _should(
        "existing-any-url-accepted",
        "for an existing customer, any text is accepted as the URL of a cancelled payment",
        _admitting("existing", _any_url),
        "CHECKOUT-VALID-6",
    ),
    _should(
        "existing-any-mode-accepted",
        "for an existing customer, any mode is accepted",
        _admitting("existing", _any_mode),
        "CHECKOUT-VALID-7",
    ),
)
