"""Valid requests: each satisfies every source of the contract at once, and is like no other request of any run."""

from __future__ import annotations

import zlib
from typing import Any, Final

from conformance.run import Run

PASSWORD: Final = "Correct-Horse-7"
SIGN_UP, SIGN_IN = "signUpEmail", "signInEmail"
CREATE_ORGANIZATION, SET_ACTIVE = "createOrganization", "setActiveOrganization"
CREATE_CUSTOMER, CREATE_CHECKOUT = "createCustomer", "createCheckoutSession"

OPERATIONS: Final = {
    "sign up": SIGN_UP,
    "sign in": SIGN_IN,
    "create organization": CREATE_ORGANIZATION,
    "set active organization": SET_ACTIVE,
    "create customer": CREATE_CUSTOMER,
    "create checkout session": CREATE_CHECKOUT,
}


def email(run: Run) -> str:
    """An e-mail address in a reserved domain that nobody has used."""
    return f"conformance.{run.unique()}@{run.settings.email_domain}"


def password(run: Run) -> str:
    """A password of this run alone, long enough to be told apart after its first 72 characters."""
    return f"{PASSWORD}-{run.unique()}-{'Zebra!Quagga?' * 6}"[:96] + "qZ"


def phone_number(run: Run) -> str:
    """A phone number of Lesotho in E.164, different for each call of a run and most likely for each run."""
    return f"+2665{zlib.crc32(run.unique().encode()) % 10_000_000:07d}"


def metadata(run: Run) -> dict[str, Any]:
    """Metadata that mark test data as such and name the run."""
    return {"conformanceRun": run.id, "note": f"Conformance test data {run.unique()}"}


def sign_up(run: Run) -> dict[str, Any]:
    """A new account."""
    return {"name": f"Conformance Tester {run.unique()}", "email": email(run), "password": password(run)}


def organization(run: Run) -> dict[str, Any]:
    """A new organization."""
    mark = run.unique()
    return {"name": f"Conformance Store {mark}", "slug": f"conformance-{mark}", "metadata": metadata(run)}


def customer(run: Run, merchant_id: str | None) -> dict[str, Any]:
    """A new customer of a merchant, or of the active organization."""
    body = {**inline_customer(run), "merchantId": merchant_id}
    return {name: value for name, value in body.items() if value is not None}


def inline_customer(run: Run) -> dict[str, Any]:
    """A new customer as a checkout session takes it along."""
    return {
        "name": f"Conformance Customer {run.unique()}",
        "email": email(run),
        "phoneNumber": phone_number(run),
        "metadata": metadata(run),
    }


def checkout(run: Run, merchant_id: str) -> dict[str, Any]:
    """A new checkout session without a customer: one line item whose amounts add up to the total."""
    mark = run.unique()
    amount = run.random(f"amount {run.names}").randrange(1_000, 900_000)
    return {
        "merchantId": merchant_id,
        "currency": "LSL",
        "totalAmount": amount,
        "lineItems": [
            {"name": "Basotho blanket", "productId": f"prod-{mark}", "quantity": 1, "amount": amount, "currency": "LSL"}
        ],
        "successUrl": f"https://shop.example.com/{mark}/success",
        "cancelUrl": f"https://shop.example.com/{mark}/cancel",
        "mode": "payment",
        "metadata": metadata(run),
    }


def unknown_id(run: Run, like: str) -> str:
    """An id that nothing has, of the same form as a known one: its last letters and digits are others."""
    if like.isdigit():
        return str(int(like) + 900_000_000)
    source = run.random(f"unknown {like}")
    alphabets = ("0123456789", "abcdef", "ABCDEF", "ghijklmnopqrstuvwxyz", "GHIJKLMNOPQRSTUVWXYZ")
    own = [next((alphabet for alphabet in alphabets if letter in alphabet), letter) for letter in like[-12:]]
    candidate = like[:-12] + "".join(source.choice(alphabet) for alphabet in own)
    return candidate if candidate != like else f"{like}0"
