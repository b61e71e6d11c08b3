"""Create checkout session: a page on which a customer pays."""

from __future__ import annotations

from typing import Any, Final

from conformance.run import Run
from steps import made_up
from steps.merchant import Merchant
from steps.operations.base import Body, Operation, need_merchant
from steps.operations.create_customer import identity, person

ID: Final = "createCheckoutSession"


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
    """Return a line item of the target's currency, of a product that it knows where one was given."""
    product: dict[str, Any] = {"productId": run.settings.product_id} if run.settings.product_id else {}
    return {"name": name, **product, "quantity": quantity, "amount": amount, "currency": run.settings.currency}


def _consistent(run: Run, generated: Body) -> Body:
    """Return a session whose line items have its currency, add up to its total and name no made-up product or image."""
    made_up_ids = ("productId", "imageId")
    items = [
        {name: value for name, value in {**item, "currency": generated["currency"]}.items() if name not in made_up_ids}
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


OPERATION: Final = Operation(
    ID,
    "create checkout session",
    body=lambda run, who: body(run, need_merchant(who).organization_id),
    sender=lambda merchants: merchants.first,
    unique=lambda run, generated, _: _consistent(run, generated),
    takes_customer=True,
    bases={"with a new customer": _with_new_customer, "with three line items": _with_three_line_items},
)
