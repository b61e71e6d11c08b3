"""Small changes of a behaviour that faults and variants are put together from alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from sandbox.behaviour import Arrive, Behaviour, Call, Change, Finish
from sandbox.model import Json, JsonObject, Reply

Edit: TypeAlias = Callable[[Call, JsonObject], None]


def with_seams(**seams: object) -> Change:
    """Take other choices for named seams."""
    return lambda behaviour: replace(behaviour, **seams)  # type: ignore[arg-type]


def finishing(finish: Finish) -> Change:
    """Run over every reply."""
    return lambda behaviour: replace(behaviour, finish=(*behaviour.finish, finish))


def arriving(arrive: Arrive) -> Change:
    """Run before anything else; a reply given here is the response."""
    return lambda behaviour: replace(behaviour, arrive=(*behaviour.arrive, arrive))


def admitting(operation: str, act: Callable[[Call], None]) -> Change:
    """Run on a valid call of one operation, before the operation."""

    def admit(call: Call) -> Reply | None:
        if call.operation == operation:
            act(call)
        return None

    return lambda behaviour: replace(behaviour, admit=(*behaviour.admit, admit))


def both(*changes: Change) -> Change:
    """Make several changes, one after the other."""

    def change(behaviour: Behaviour) -> Behaviour:
        for one in changes:
            behaviour = one(behaviour)
        return behaviour

    return change


def put(name: str, value: Json) -> Edit:
    """Give a member of the response this value."""

    def edit(_: Call, entity: JsonObject) -> None:
        entity[name] = value

    return edit


def drop(*names: str) -> Edit:
    """Leave members of the response out."""

    def edit(_: Call, entity: JsonObject) -> None:
        for name in names:
            entity.pop(name, None)

    return edit
