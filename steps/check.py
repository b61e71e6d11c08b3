"""The check before a run: whether the target lets a merchant in, and what to do where it does not."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from typing import Final

from conformance.errors import NotTested
from conformance.plugin.hooks import CheckFailed, NotTheTarget
from conformance.run import Run
from conformance.settings import Size
from conformance.wire.client import TargetGone
from conformance.wire.exchange import Call, Exchange, Response
from steps import operations
from steps.customers import NOT_FOUND, READS_LAG, item_path, offers_read, read
from steps.merchant import Merchant
from steps.merchants import AccountRefused, Merchants, new_customer

_NO_SUCH_PATH: Final = frozenset({404, 405, 501})
_WORDS: Final = re.compile(r"\b[A-Za-z]{3,}\b")


def pytest_conformance_check(run: Run) -> list[str]:
    """Provision the merchants whom the run will share; return what came of it, a sentence each.

    Raises `CheckFailed` where an account that the user named cannot be used, and `NotTheTarget` where something else
    answers in the target's place, or where the base URL lacks a part of its path.
    """
    merchants, settings = Merchants(run), run.settings
    words, merchant = _tried(lambda: merchants.first, settings.merchant_email)
    told = [words]
    if run.recent and all(exchange.response is None for exchange in run.recent):
        _require_response(run)
    if run.recent and run.recent[-1].gateway is None and _is_page(run.recent[-1].response):
        _require_api(run, run.recent[-1].response)
    if settings.second_merchant_email:
        told.append(_tried(lambda: merchants.second, settings.second_merchant_email)[0])
    elif settings.merchant_email:
        told.append("no second merchant was named: the checks that keep tenants apart need one, or an open sign-up")
    told += _missing_operations(run)
    if merchant is not None and settings.size != Size.SMOKE:
        run.reads_lag = _reads_lag(run, merchant)
        run.shared.tell(READS_LAG, run.reads_lag)
    return told


def _reads_lag(run: Run, merchant: Merchant) -> bool:
    """Return whether a customer who was created a moment ago is not always there when it is read, but is later on.

    It is read twice, since reads may take turns between a store and a copy of it.
    """
    try:
        identifier = new_customer(run, merchant)
        offers_read(run, merchant, operations.CREATE_CUSTOMER, lambda: identifier)
        path = item_path(run, operations.CREATE_CUSTOMER, identifier)
        read(run, path, merchant)
    except (NotTested, TargetGone):
        return False
    return any(exchange.status == NOT_FOUND for exchange in run.recent if exchange.call.path == path)


def _tried(provision: Callable[[], Merchant], given: str | None) -> tuple[str, Merchant | None]:
    try:
        merchant = provision()
    except AccountRefused as error:
        raise CheckFailed(str(error)) from None
    except (NotTested, TargetGone) as reason:
        if given:
            return f"the merchant {given} could not be used: {reason}", None
        return f"no merchant could be made: {reason}; where accounts exist, name one with --merchant-email", None
    return f"signed in as {given}" if given else f"signed up and signed in as {merchant.email}", merchant


def _require_response(run: Run) -> None:
    """No request got a response: raises `NotTheTarget` where that is for want of time and any other path is as mute."""
    with closing(run.client.open_wire()) as wire:
        silent = wire.silence.of_all
        other = wire.send(Call("POST", f"/conformance-{run.unique()}", json={}))
        if silent and wire.silence.of_all > silent and other.response is None:
            seconds = f"{run.settings.timeout:g} s"
            raise NotTheTarget(
                f"nothing at {run.base_url} was answered in time, which is {seconds} (--timeout): give it more with "
                "--timeout SECONDS, or see why the target hangs"
            )


def _require_api(run: Run, page: Response | None) -> None:
    """A merchant was answered with a web page: raises `NotTheTarget` where a path that nobody has is answered alike."""
    with closing(run.client.open_wire()) as wire:
        anything = wire.send(Call("POST", f"/conformance-{run.unique()}", json={})).response
    if _is_page(anything) and page is not None and anything is not None and anything.status == page.status:
        raise NotTheTarget(
            f"every path is answered with a web page (status {page.status}): check the base URL, "
            "or hand a gateway its key with --header"
        )


def _missing_operations(run: Run) -> list[str]:
    """Find the operations whose path the target answers as it answers a path that nobody has; return a sentence each.

    Raises `NotTheTarget` where every operation that was tried is missing. Costs requests only where one was answered
    with 404 or 405, and for those that provisioning does not send: their empty body is refused and leaves nothing.
    """
    tried = {exchange.call.operation or "": exchange for exchange in run.recent}
    unsent = [name for name, known in run.contract.operations.items() if known.needs_token and name not in tried]
    for name in unsent if operations.SET_ACTIVE in tried else ():
        token = tried[operations.SET_ACTIVE].call.token
        known = run.contract.operations[name]
        tried[name] = run.send(Call(known.method, known.path, operation=name, json={}, token=token))
    suspects = [name for name, exchange in tried.items() if exchange.status in _NO_SUCH_PATH]
    if not suspects:
        return []
    unknown = run.send(Call("POST", f"/conformance-{run.unique()}", json={}, token=tried[suspects[0]].call.token))
    missing = [name for name in suspects if _alike(tried[name], unknown)]
    if missing and len(missing) == len(tried):
        call = tried[missing[0]].call
        raise NotTheTarget(
            f"there is no {call.method} {call.path} under {run.base_url} (status {unknown.status}, as for any unknown "
            "path): check the base URL, which may lack a part of its path, such as /api"
        )
    for name in missing:
        call = tried[name].call
        run.absent[name] = f"the target has no {call.method} {call.path}: it answers as for any unknown path"
    return list(run.absent.values())


def _alike(exchange: Exchange, unknown: Exchange) -> bool:
    """Return whether two refusals have the same status and words, but for the path that they may name."""
    texts = [
        (item.response.text if item.response is not None else "").replace(item.url, "").replace(item.call.path, "")
        for item in (exchange, unknown)
    ]
    words = [_WORDS.findall(text) for text in texts]
    return exchange.status == unknown.status and words[0] == words[1]


def _is_page(response: Response | None) -> bool:
    return response is not None and response.status >= 400 and "html" in response.media_type
