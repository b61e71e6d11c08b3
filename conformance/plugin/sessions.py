"""Sessions that the tests of one process may end for those of another.

Where a target keeps only so many sessions of a user open, which is lawful, a sign-in ends the oldest of them. One
process knows when it signs in, and opens another session; side by side, a sign-in of one test meets the requests of
another. What such a request got then says nothing about the target.
"""

from __future__ import annotations

from collections import defaultdict
from http import HTTPStatus

from conformance.contract.document import Contract
from conformance.wire.exchange import Call, Exchange


class Sessions:
    """What the controller knows of a run's sessions: the tokens of sessions, and who has signed in as whom."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._known: set[str] = set()
        self._opened: defaultdict[str, set[str]] = defaultdict(set)

    def announce(self, call: Call, who: str) -> None:
        """Take in a call of a worker before it is sent: the session that it ends may be asked for before it answers."""
        if self._opens(call):
            self._opened[call.actor].add(who)

    def observe(self, exchange: Exchange) -> None:
        """Take in the token that an exchange shows to be a session's: one that worked, or was handed out."""
        if not exchange.is_success or exchange.response is None:
            return
        if exchange.call.token:
            self._known.add(exchange.call.token)
        elif self._opens(exchange.call):
            body = exchange.response_json
            values = [value for _, value in exchange.response.headers]
            values += body.values() if isinstance(body, dict) else []
            self._known.update(value for value in values if isinstance(value, str))

    def may_be_ended(self, exchange: Exchange, who: str) -> bool:
        """Return whether the token of a session was refused, and another worker has signed in as its user."""
        call = exchange.call
        refused = exchange.status in self._contract.accepted(call.operation, (HTTPStatus.UNAUTHORIZED,))
        return refused and self._token(call) in self._known and bool(self._opened.get(call.actor, set()) - {who})

    def forget_sign_ins(self) -> None:
        """Forget who has signed in as whom until now."""
        self._opened.clear()

    def _opens(self, call: Call) -> bool:
        known = self._contract.operations.get(call.operation or "")
        return known is not None and bool(call.actor) and not call.token and not known.needs_token

    def _token(self, call: Call) -> str | None:
        """Return the token by which a call is let in, of one whose scheme is spelled in another way, too.

        An operation that needs no token is refused for another reason, whatever token it has.
        """
        known = self._contract.operations.get(call.operation or "")
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        is_meant = scheme.lower() == "bearer" and known is not None and known.needs_token
        return call.token or (token.strip() if is_meant else None)
