"""The hosted checkout page behind ``sessionUrl``: what a buyer sees, and the test card that pays."""

from __future__ import annotations

import time
from html import escape
from urllib.parse import parse_qs

from sandbox.behaviour import Call
from sandbox.model import Json, Reply
from sandbox.store import Checkout

TEST_CARD = "4242424242424242"
PAID = "complete"
WITHOUT = ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF")
WITH_THREE = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
DECIMALS = {**dict.fromkeys(WITHOUT, 0), **dict.fromkeys(WITH_THREE, 3)}
"""Decimals of the currencies that do not have two (ISO 4217): amounts are in the smallest unit."""
HEADERS = (
    ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"),
    ("x-content-type-options", "nosniff"),
)
TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Checkout</title>
<style>body{{font:16px sans-serif;max-width:32em;margin:2em auto}}
td:last-child{{text-align:right}}table{{width:100%}}</style>
</head><body><h1>Checkout</h1>
<table>{items}<tr><th>Total</th><td>{total}</td></tr></table>
<p>{notice}</p>{form}<p><a href="{cancel}">Cancel</a></p></body></html>
"""
FORM = """<form method="post"><label>Card number <input name="cardNumber" autocomplete="cc-number" required></label>
<label>Expiry <input name="expiry" placeholder="MM/YY"></label> <label>CVC <input name="cvc"></label>
<button>Pay</button></form>"""


async def show(call: Call) -> Reply:
    checkout = _checkout(call)
    return _page(checkout, "Paid. Thank you." if checkout.status == PAID else "Pay by card.")


async def pay(call: Call) -> Reply:
    """Pay with the test card; any other card is declined with 402."""
    checkout = _checkout(call)
    given = parse_qs(call.raw.decode("utf-8", "replace")).get("cardNumber", [""])[0]
    if checkout.status == PAID:
        return _page(checkout, "Paid. Thank you.")
    if "".join(given.split()) != TEST_CARD:
        return _page(checkout, "The card was declined.", status=402)
    call.store.settle(checkout.id, PAID, time.time())
    return _page(_checkout(call), "Paid. Thank you.")


def _checkout(call: Call) -> Checkout:
    checkout = call.store.checkout(call.parameter)
    if checkout is None:
        call.refuse("not-there")
    return checkout


def _page(checkout: Checkout, notice: str, status: int = 200) -> Reply:
    detail = checkout.detail
    items = "".join(_row(item, detail["currency"]) for item in detail["lineItems"] or () if isinstance(item, dict))
    html = TEMPLATE.format(
        items=items,
        total=_money(detail["totalAmount"], detail["currency"]),
        notice=notice,
        form="" if checkout.status == PAID else FORM,
        cancel=escape(str(detail["cancelUrl"])),
    )
    return Reply(status, headers=HEADERS, media_type="text/html; charset=utf-8", raw=html.encode("utf-8", "replace"))


def _row(item: dict[str, Json], currency: Json) -> str:
    amount = _money(item.get("amount"), item.get("currency") or currency)
    return (
        f"<tr><td>{escape(str(item.get('quantity', 1)))} x {escape(str(item.get('name')))}</td><td>{amount}</td></tr>"
    )


def _money(amount: Json, currency: Json) -> str:
    if not isinstance(amount, (int, float)):
        return "-"
    decimals = DECIMALS.get(str(currency), 2)
    whole, part = divmod(int(amount), 10**decimals)
    return f"{whole}{f'.{part:0{decimals}d}' if decimals else ''} {escape(str(currency))}"
