"""The check before a run: whether the target lets a merchant in, and what to do where it does not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from conformance.errors import NotTested
from conformance.plugin.hooks import CheckFailed, NotTheTarget
from conformance.run import Run
from conformance.wire.client import TargetGone
from conformance.wire.exchange import Call, Response
from steps.merchants import AccountRefused, Merchant, Merchants


def pytest_conformance_check(run: Run) -> list[str]:
    """Provisions the merchants whom the run will share: returns what came of it, a sentence each.

    Raises `CheckFailed` where an account that the user named cannot be used, and `NotTheTarget` where something else
    answers in the target's place.
    """
    merchants, settings = Merchants(run), run.settings
    told = [_tried(lambda: merchants.first, settings.merchant_email)]
    if run.recent and run.recent[-1].gateway is None and _is_page(run.recent[-1].response):
        _require_api(run, run.recent[-1].response)
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


def _require_api(run: Run, page: Response | None) -> None:
    """A merchant was answered with a web page: raises `NotTheTarget` where a path that nobody has is answered alike."""
    with closing(run.client.open_wire()) as wire:
        anything = wire.send(Call("POST", f"/conformance-{run.unique()}", json={})).response
    if _is_page(anything) and page is not None and anything is not None and anything.status == page.status:
        raise NotTheTarget(
            f"every path is answered with a web page (status {page.status}): check the base URL, "
            "or hand a gateway its key with --header"
        )


def _is_page(response: Response | None) -> bool:
    return response is not None and response.status >= 400 and "html" in response.media_type
