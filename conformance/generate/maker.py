"""The maker of a gate's generated cases: in this process, or in one of its own beside the first tests.

`python -m conformance.generate.maker` reads a document and orders from its input, and writes the cases of each order.
Then it answers what schemathesis holds against one response after the other, until its input ends. All of it is
pickled: the other end is the suite itself (`conformance.generate.beside`).
"""

from __future__ import annotations

import os
import pickle
from functools import cache
from pathlib import Path
from random import Random

from hypothesis.strategies import SearchStrategy

from conformance.generate.adapters import AnyCase
from conformance.generate.cases import Generator, complaints, drawn, parts_of, sample
from conformance.generate.plain import Answer, Complaint, Order, Parts
from conformance.subprocesses import give_way
from conformance.wire.client import NotSendable


class Maker:
    """Makes the cases of a gate from the OpenAPI document, and holds responses to them against schemathesis' checks."""

    def __init__(self, document: Path) -> None:
        self.generator = Generator.load(document)
        self._cases: dict[Order, list[AnyCase]] = {}

    def made(self, order: Order) -> list[Parts | None]:
        """Return the cases of an order: see `Source`."""
        return [_told(case) for case in self._made(order)]

    def complaints(self, order: Order, place: int, answer: Answer) -> list[Complaint]:
        """Return what the checks hold against the response to one case of an order."""
        return complaints(self._made(order)[place], answer)

    def strategies(self, order: Order) -> list[SearchStrategy[AnyCase]]:
        """Return what the cases of an order are drawn from: a strategy for each example, or one of all values."""
        if order.kind == "examples":
            return self.generator.examples(order.operation)[: order.number]
        return [self.generator.fuzzing(order.operation, order.mode)]

    def _made(self, order: Order) -> list[AnyCase]:
        if order not in self._cases:
            self._cases[order] = self._drawn(order)
        return self._cases[order]

    def _drawn(self, order: Order) -> list[AnyCase]:
        if order.kind == "coverage":
            cases = self.generator.coverage(order.operation, order.mode)
            return sample(cases, order.number, Random(order.seed))
        each = 1 if order.kind == "examples" else order.number
        return [case for strategy in self.strategies(order) for case in drawn(strategy, each, order.seed)]


def _told(case: AnyCase) -> Parts | None:
    try:
        return parts_of(case)
    except NotSendable:
        return None


@cache
def maker(document: Path) -> Maker:
    """Return the maker of a document in this process, which is made once."""
    return Maker(document)


def main() -> None:
    """Serve the process that has started this one, over the standard streams."""
    give_way()
    with os.fdopen(os.dup(0), "rb") as asked, os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # whatever is printed here is no answer
        document, orders = pickle.load(asked)
        made = Maker(document)
        for order in orders:
            pickle.dump(made.made(order), answers)
            answers.flush()
        while True:
            try:
                order, place, answer = pickle.load(asked)
            except EOFError:
                return
            pickle.dump(made.complaints(order, place, answer), answers)
            answers.flush()


if __name__ == "__main__":
    main()
