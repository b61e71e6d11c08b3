"""What the steps know of an operation, in one place each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.run import Run
from steps.merchant import Merchant, Provisioned

Body = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """An operation of the document, as its requests are made.

    `words` name it in the features. `body` makes a valid body, for a merchant where it needs one; `sender` says who
    sends it; `unique` gives a generated body the values that have to be unique or real. `is_scarce` says that targets
    usually limit its rate, `takes_customer` that its requests may name one by an id. `bases` are further valid bodies,
    by what they have in words; those `of_customer` name a customer of the merchant as well. `guessed` are the fields
    whose made-up values a full run sends too, in a part of the cases: whoever names what there is not, is refused, and
    that, too, is done in an orderly way.
    """

    id: str
    words: str
    body: Callable[[Run, Merchant | None], Body]
    sender: Callable[[Provisioned], Merchant | None]
    unique: Callable[[Run, Body, Merchant | None], Body]
    is_scarce: bool = False
    takes_customer: bool = False
    guessed: tuple[str, ...] = ()
    bases: Mapping[str, Callable[[Run, Merchant | None], Body]] = field(default_factory=dict)
    of_customer: frozenset[str] = frozenset()


def need_merchant(merchant: Merchant | None) -> Merchant:
    """Return the merchant whom an operation needs; raise `LookupError` for nobody."""
    if merchant is None:
        raise LookupError("this operation is sent by a merchant")
    return merchant
