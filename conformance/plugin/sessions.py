"""Sessions that the tests of one process may end for those of another.

Where a target keeps only so many sessions of a user open, which is lawful, a sign-in ends the oldest of them. One
process knows when it signs in, and opens another session; side by side, a sign-in of one test meets the requests of
another. What such a request got then says nothing about the target.
"""

from __future__ import annotations

from collections import defaultdict
from http import HTTPStatus

from conformance.contract.document import Contract
from conformance.wire.exchange import Exchange


class Sessions:
    """What the controller knows of a run's sessions: the tokens that have worked, and who has signed in as whom."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._worked: set[str] = set()
        self._opened: defaultdict[str, set[str]] = defaultdict(set)

    def observe(self, exchange: Exchange, who: str) -> None:
        """Take in an exchange of a worker."""
        call = exchange.call
        if not exchange.is_success:
            return
        if call.token:
            self._worked.add(call.token)
        elif call.operation and call.actor and not self._contract.operations[call.operation].needs_token:
            self._opened[call.actor].add(who)

    def may_be_ended(self, exchange: Exchange, who: str) -> bool:
        """Return whether a session was refused that worked before, and another worker has signed in as its user."""
        call = exchange.call
        refused = exchange.status in self._contract.accepted(call.operation, (HTTPStatus.UNAUTHORIZED,))
        return refused and call.token in self._worked and bool(self._opened.get(call.actor, set()) - {who})

    def forget_sign_ins(self) -> None:
        """Forget who has signed in as whom until now."""
        self._opened.clear()
