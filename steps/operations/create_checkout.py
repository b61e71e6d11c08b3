"""Create checkout session: a page on which a customer pays."""

from __future__ import annotations

from typing import Final

from conformance.checks.responses import asked_for
from conformance.run import Run
from conformance.values import without
from conformance.wire.exchange import Exchange
from steps import made_up
from steps.merchant import Merchant
from steps.operations.base import Body, Operation, need_merchant
from steps.operations.create_customer import identity, person

ID: Final = "createCheckoutSession"
_WANTED: Final = "the product of line items"


def body(run: Run, merchant_id: str) -> Body:
    """Return the valid body of a session without a customer: one line item whose amounts add up to the total."""
    mark, settings = run.unique(), run.settings
    amount = settings.amount or run.random(f"amount {run.names}").randrange(1_000, 900_000)
    return {
        "merchantId": merchant_id,
        "currency": settings.currency,
        "totalAmount": amount,
        "lineItems": [line_item(run, f"Basotho blanket {mark}", amount)],
        "successUrl": f"https://shop.example.com/{mark}/success",
        "cancelUrl": f"https://shop.example.com/{mark}/cancel",
        "mode": "payment",
        "metadata": made_up.metadata(run),
    }


def line_item(run: Run, name: str, amount: int, quantity: int = 1) -> Body:
    """Return a line item of the target's currency."""
    return {"name": name, **_product(run), "quantity": quantity, "amount": amount, "currency": run.settings.currency}


def _product(run: Run) -> Body:
    """Return the product of a line item: the one that was given, or one that the target has asked for."""
    product = run.settings.product_id or run.shared.told(_WANTED)
    return {"productId": product} if product else {}


def with_product(run: Run, refusal: Exchange) -> Body | None:
    """Return the body of a refused session again with a product in each line item, where the refusal asks for one.

    No source says that line items name a product, and none that they need not: a target may ask for it. Return None
    where nothing asks for it.
    """
    sent = refusal.request_json
    if asked_for(refusal, ("lineItems.0.productId",), run.contract) is None:
        return None
    run.shared.tell(_WANTED, f"product-{run.id}")
    run.record.policies[f"{ID}: each line item has to name a product (--product-id)"] = None
    return {**sent, "lineItems": [{**item, **_product(run)} for item in sent["lineItems"]]}


def _consistent(run: Run, generated: Body) -> Body:
    """Return a session whose line items have its currency, add up to its total and name no made-up product or image."""
    made_up_ids = ("productId", "imageId")
    items = [
        {name: value for name, value in item.items() if name not in made_up_ids}
        | {"currency": generated["currency"], **_product(run)}
        for item in generated.get("lineItems", [])
    ]
    total = sum(item.get("quantity", 1) * item.get("amount", 0) for item in items)
    found = {**generated, "lineItems": items, "totalAmount": total if items else generated.get("totalAmount", 0)}
    customer = found.get("customer")
    if isinstance(customer, dict):
        found["customer"] = {**customer, **identity(run)}
        found.pop("customerId", None)
    return found


def _with_new_customer(run: Run, merchant: Merchant | None) -> Body:
    return {**body(run, need_merchant(merchant).organization_id), "customer": person(run)}


def _with_three_line_items(run: Run, merchant: Merchant | None) -> Body:
    """Return a session of three line items with an image each; two of them are of one name, at different prices."""
    valid = body(run, need_merchant(merchant).organization_id)
    image = f"https://shop.example.com/{run.unique()}/image.png"
    part = valid["totalAmount"] // 4
    wares = (("Basotho blanket", 1, part), ("Mokorotlo", 2, part // 2), ("Basotho blanket", 1, 2 * part))
    items = [{**line_item(run, name, amount, quantity), "imageUrl": image} for name, quantity, amount in wares]
    return {**valid, "lineItems": items, "totalAmount": sum(item["quantity"] * item["amount"] for item in items)}


def _three_bare(run: Run, merchant: Merchant | None) -> Body:
    """Return a session of three line items that have no image."""
    valid = _with_three_line_items(run, merchant)
    return {**valid, "lineItems": [without(item, "imageUrl") for item in valid["lineItems"]]}


def _three_for_new_customer(run: Run, merchant: Merchant | None) -> Body:
    return {**_with_three_line_items(run, merchant), "customer": person(run)}


OPERATION: Final = Operation(
    ID,
    "create checkout session",
    body=lambda run, who: body(run, need_merchant(who).organization_id),
    sender=lambda merchants: merchants.first,
    unique=lambda run, generated, _: _consistent(run, generated),
    takes_customer=True,
    bases={
        "with a new customer": _with_new_customer,
        "for an existing customer": lambda run, who: body(run, need_merchant(who).organization_id),
        "with three line items": _with_three_line_items,
        "with three line items and a new customer": _three_for_new_customer,
        "with three bare line items for an existing customer": _three_bare,
    },
    of_customer=frozenset({"for an existing customer", "with three bare line items for an existing customer"}),
)
