"""Values that are easily spoiled on their way, by the words that the features have for them."""

from __future__ import annotations

from typing import Any

from conformance.run import Run
from steps.operations.create_checkout import line_item

MANY_SCRIPTS = "Thabo Mokoena – Société Ñandú 東京 Ελλάδα Привет 😀"


def changed(run: Run, body: dict[str, Any], value: str) -> dict[str, Any]:
    """A valid body: returns it with one value changed as the words say."""
    mark = run.unique()
    match value:
        case "a name in many scripts":
            return {**body, "name": f"{MANY_SCRIPTS} {mark}"}
        case "a long slug":
            return {**body, "slug": f"conformance-{'long-' * 16}{mark}"}
        case "a plus-addressed e-mail":
            return {**body, "email": f"conformance.{mark}+Shop-1@{run.settings.email_domain}".lower()}
        case "capitals in the e-mail":
            return {**body, "email": f"Conformance.{mark}@{run.settings.email_domain}"}
        case "a long e-mail":
            return {
                **body,
                "email": f"conformance.{mark}@{'long-name-of-a-department.' * 3}{run.settings.email_domain}",
            }
        case "an e-mail of a subdomain":
            return {**body, "email": f"c{mark}@mail-1.shop.{run.settings.email_domain}"}
        case "capitals in the slug":
            return {**body, "slug": f"Conformance_{mark}.Shop-1"}
        case "an image":
            return {**body, "image": f"https://shop.example.com/{mark}/portrait.png"}
        case "three line items":
            return {**body, **_three_line_items(run, mark)}
    raise LookupError(f"no value is known as {value!r}")


def _three_line_items(run: Run, mark: str) -> dict[str, Any]:
    wares = [("Blanket", 1, 45_000), ("Hat – mokorotlo", 2, 12_550), ("Tea", 3, 999)]
    items = [line_item(run, f"{name} {mark}", amount, quantity) for name, quantity, amount in wares]
    return {"lineItems": items, "totalAmount": sum(item["quantity"] * item["amount"] for item in items)}
