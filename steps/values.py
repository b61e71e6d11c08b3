"""Values that are easily spoiled on their way, by the words that the features have for them."""

from __future__ import annotations

from typing import Any

from conformance.run import Run
from steps import made_up
from steps.operations.create_checkout import line_item

MANY_SCRIPTS = "Thabo Mokoena – Société Ñandú 東京 Ελλάδα Привет 😀"


def changed(run: Run, body: dict[str, Any], value: str) -> dict[str, Any]:
    """A valid body: returns it with one value changed as the words say."""
    mark = run.unique()
    match value:
        case "a name in many scripts":
            return {**body, "name": f"{MANY_SCRIPTS} {mark}"}
        case "a long name":
            return {**body, "name": f"Conformance {'Long Name ' * 18}{mark}"}
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
        case "a password with blanks":
            return {**body, "password": f"Pass wörd {mark} – {MANY_SCRIPTS}"}
        case "capitals in the slug":
            return {**body, "slug": f"Conformance_{mark}.Shop-1"}
        case "a foreign phone number":
            return {**body, "phoneNumber": "+4479" + made_up.phone_number(run)[-8:]}
        case "nested metadata":
            nested = {
                "text": "Ünïcode 東京",
                "number": 42,
                "flag": True,
                "list": [1, "two", None],
                "inner": {"a": {"b": "c"}},
            }
            return {**body, "metadata": {**body["metadata"], **nested}}
        case "empty metadata":
            return {**body, "metadata": {}}
        case "an image":
            return {**body, "image": f"https://shop.example.com/{mark}/portrait.png"}
        case "a logo":
            return {**body, "logo": f"https://shop.example.com/{mark}/logo.png"}
        case "the amount 1":
            return _amount(body, 1)
        case "an amount of five digits":
            return _amount(body, 12_345)
        case "an amount of seven digits":
            return _amount(body, 1_234_567)
        case "an amount of eight digits":
            return _amount(body, 98_765_432)
        case "an amount beyond 32 bits":
            return _amount(body, 5_000_000_019)
        case "another currency":
            return _currency(body, "USD")
        case "a currency without cents":
            return _currency(body, "JPY")
        case "URLs with a query":
            shop = f"https://shop.example.com/{mark}"
            return {**body, "successUrl": f"{shop}/ok?order=A%20b&x=1", "cancelUrl": f"{shop}/no?order=A%20b&y=2"}
        case "long URLs":
            shop = f"https://shop.example.com/{mark}/{'a-long-path/' * 30}"
            return {**body, "successUrl": f"{shop}success", "cancelUrl": f"{shop}cancel"}
        case "three line items":
            return {**body, **_three_line_items(run, mark)}
    raise LookupError(f"no value is known as {value!r}")


def _amount(body: dict[str, Any], amount: int) -> dict[str, Any]:
    return {**body, "totalAmount": amount, "lineItems": [{**item, "amount": amount} for item in body["lineItems"]]}


def _currency(body: dict[str, Any], currency: str) -> dict[str, Any]:
    return {**body, "currency": currency, "lineItems": [{**item, "currency": currency} for item in body["lineItems"]]}


def _three_line_items(run: Run, mark: str) -> dict[str, Any]:
    wares = [("Blanket", 1, 45_000), ("Hat – mokorotlo", 2, 12_550), ("Tea", 3, 999)]
    items = [line_item(run, f"{name} {mark}", amount, quantity) for name, quantity, amount in wares]
    return {"lineItems": items, "totalAmount": sum(item["quantity"] * item["amount"] for item in items)}
