"""What the sentences of a scenario share: the run's merchants, and the story so far."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from pytest_bdd import given

from conformance.errors import NotTested, Why
from conformance.results.records import Reason
from conformance.run import Run
from conformance.wire.exchange import Exchange
from steps.merchant import Merchant
from steps.merchants import Merchants, any_customer, create_checkout, new_customer, text_field


@dataclass
class Story:
    """A scenario as far as it was told: who acts in it, what was sent and what came back."""

    run: Run
    merchants: Merchants
    merchant: Merchant | None = None
    other: Merchant | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    customers: list[str] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def actor(self) -> Merchant:
        """The merchant of the scenario."""
        assert self.merchant is not None, "the scenario starts with `Given a merchant`"
        return self.merchant

    @property
    def rival(self) -> Merchant:
        """The other merchant of the scenario."""
        assert self.other is not None, "the scenario starts with `Given another merchant`"
        return self.other

    @property
    def last(self) -> Exchange:
        """The exchange that the scenario speaks of."""
        return self.exchanges[-1]

    def add(self, exchange: Exchange) -> Exchange:
        """Takes an exchange into the story."""
        self.exchanges.append(exchange)
        return exchange


@pytest.fixture(scope="session")
def merchants(run: Run) -> Merchants:
    """The merchants of the run, provisioned on demand and shared."""
    return Merchants(run)


@pytest.fixture
def story(run: Run, merchants: Merchants) -> Story:
    """A new story for each scenario."""
    return Story(run, merchants)


@given("a merchant")
def a_merchant(story: Story) -> None:
    story.merchant = story.merchants.first


@given("another merchant")
def another_merchant(story: Story) -> None:
    story.other = story.merchants.second


@given("a customer of the merchant")
def a_customer(story: Story) -> None:
    story.customers.append(new_customer(story.run, story.actor))


@given("any customer of the merchant")
def some_customer(story: Story) -> None:
    story.customers.append(any_customer(story.run, story.actor))


@given("two customers of the merchant")
def two_customers(story: Story) -> None:
    story.customers += [new_customer(story.run, story.actor) for _ in range(2)]


@given("a customer of the other merchant")
def a_customer_of_the_other(story: Story) -> None:
    story.customers.append(new_customer(story.run, story.rival))


@given("a checkout session without a customer")
def a_checkout_session(story: Story) -> None:
    story.add(story.run.need_success(create_checkout(story.run, story.actor)))


def new_session(run: Run, merchant: Merchant) -> str:
    """A merchant who needs a checkout session: returns the id of a new one, or raises `NotTested`."""
    return text_field(run.need_success(create_checkout(run, merchant)), "id")


def saved_for(story: Story, operation: str) -> None:
    """A check that needs many of an operation: raises `NotTested` where the target limits its rate."""
    if story.run.limited(operation):
        raise NotTested(
            f"saved, since the target limits the rate of {operation}, and this check needs more of them", Why.SAVED
        )


@contextmanager
def deciding(run: Run, requirement: str) -> Iterator[None]:
    """Let what cannot be tested here leave this requirement undecided, and no other one of the scenario."""
    try:
        yield
    except NotTested as error:
        run.record.not_tested[requirement] = Reason(error.reason, error.why)


def need(held: bool, reason: str, why: Why = Why.PRECONDITION) -> None:
    """Raise `NotTested` with the reason where a precondition of a check does not hold."""
    if not held:
        raise NotTested(f"precondition missing: {reason}" if why is Why.PRECONDITION else reason, why)
