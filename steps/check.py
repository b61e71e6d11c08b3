"""The check before a run: whether the target lets a merchant in, and what to do where it does not."""

from __future__ import annotations

from collections.abc import Callable

from conformance.hooks import CheckFailed
from conformance.ledger import NotTested
from conformance.run import Run
from conformance.wire import TargetGone
from steps.merchants import AccountRefused, Merchant, Merchants


def pytest_conformance_check(run: Run) -> list[str]:
    """Provisions the merchants whom the run will share: returns what came of it, a sentence each.

    Raises `CheckFailed` where an account that the user named cannot be used.
    """
    merchants, settings = Merchants(run), run.settings
    told = [_tried(lambda: merchants.first, settings.merchant_email)]
    if settings.second_merchant_email:
        told.append(_tried(lambda: merchants.second, settings.second_merchant_email))
    elif settings.merchant_email:
        told.append("no second merchant was named: the checks that keep tenants apart need one, or an open sign-up")
    return told


def _tried(provision: Callable[[], Merchant], given: str | None) -> str:
    try:
        merchant = provision()
    except AccountRefused as error:
        raise CheckFailed(str(error)) from None
    except (NotTested, TargetGone) as reason:
        if given:
            return f"the merchant {given} could not be used: {reason}"
        return f"no merchant could be made: {reason}; where accounts exist, name one with --merchant-email"
    return f"signed in as {given}" if given else f"signed up and signed in as {merchant.email}"
