"""Accounts that lock after wrong passwords, and caps on the sessions of an account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sandbox import policies
from sandbox.behaviour import Behaviour, Call, Change
from sandbox.changes import finishing, with_seams
from sandbox.model import SIGN_IN, Problem, Reply, text
from sandbox.store import Session, User
from sandbox.variants.model import Variant

WRONG_AT_MOST = 3


def _key(call: Call) -> str:
    return f"wrong passwords for {text(call.fields.get('email')).lower()}"


def _locking(problem: Problem) -> Change:
    """Refuse every sign-in of an e-mail after three wrong passwords in a row."""

    def admit(call: Call) -> Reply | None:
        if call.operation == SIGN_IN and call.memory.get(_key(call), 0) >= WRONG_AT_MOST:
            return call.behaviour.write_problem(call, problem)
        return None

    def count(call: Call, reply: Reply) -> Reply:
        if call.operation == SIGN_IN and reply.status in (200, 401):
            call.memory[_key(call)] = 0 if reply.succeeded else call.memory.get(_key(call), 0) + 1
        return reply

    def change(behaviour: Behaviour) -> Behaviour:
        return finishing(count)(replace(behaviour, admit=(*behaviour.admit, admit)))

    return change


def _newest(kept: int) -> Callable[[Call, User], Session]:
    """Close all sessions of a user but the newest ones."""

    def open_session(call: Call, user: User) -> Session:
        session = policies.open_session(call, user)
        call.store.execute(
            "DELETE FROM session WHERE user_id = ? AND rowid NOT IN"
            " (SELECT rowid FROM session WHERE user_id = ? ORDER BY rowid DESC LIMIT ?)",
            (user.id, user.id, kept),
        )
        return session

    return open_session


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "lock-3-403",
        "an account is locked after three wrong passwords: 403",
        _locking(Problem(403, "ACCOUNT_LOCKED", "The account is locked after too many attempts")),
    ),
    Variant(
        "lock-3-423",
        "an account is locked after three wrong passwords: 423",
        _locking(Problem(423, "ACCOUNT_LOCKED", "Locked")),
    ),
    Variant(
        "lock-3-429",
        "an account is locked after three wrong passwords: 429, to be tried again in a quarter of an hour",
        _locking(Problem(429, "TOO_MANY_ATTEMPTS", "Too many attempts", headers=(("retry-after", "900"),))),
    ),
    Variant("sessions-2", "the two newest sessions of a user stay open", with_seams(open_session=_newest(2))),
    Variant("sessions-3", "the three newest sessions of a user stay open", with_seams(open_session=_newest(3))),
)
