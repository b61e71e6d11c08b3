"""Small parts that variants are put together from."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from sandbox.behaviour import Behaviour, Call, Change, Finish
from sandbox.changes import Edit, finishing
from sandbox.model import Json, Reply


def succeeding(operations: Collection[str], finish: Finish) -> Change:
    """Run over the successful replies of some operations."""
    return finishing(
        lambda call, reply: finish(call, reply) if reply.succeeded and call.operation in operations else reply
    )


def bodies(operations: Collection[str], make: Callable[[Json], Json]) -> Change:
    """Make another body of the one that a successful reply has."""
    return succeeding(operations, lambda _, reply: replace(reply, body=make(reply.body)))


def entities(operations: Collection[str], edit: Edit) -> Change:
    """Edit the user, organization, customer or checkout session in a successful reply."""

    def finish(call: Call, reply: Reply) -> Reply:
        entity = reply.body
        for name in ("user", "organization"):
            if isinstance(entity, dict) and isinstance(entity.get(name), dict):
                entity = entity[name]
        if isinstance(entity, dict) and "id" in entity:
            edit(call, entity)
        return reply

    return succeeding(operations, finish)


def refusing(names: Collection[str], status: int) -> Change:
    """Give some of the named refusals another status."""

    def change(behaviour: Behaviour) -> Behaviour:
        for name in names:
            behaviour = behaviour.refusing(name, lambda problem: replace(problem, status=status))
        return behaviour

    return change
