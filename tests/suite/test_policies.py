"""A target that holds as many as it may: what it refuses then decides nothing."""

from __future__ import annotations

import json

import pytest

from conformance.checks.rules import Rules
from conformance.contract.catalogue import Catalogue
from conformance.contract.document import Contract
from conformance.errors import NotTested
from conformance.masking import Masker
from conformance.results.records import Record
from conformance.run import Run
from conformance.settings import Settings
from conformance.wire.exchange import Call, Exchange, Intent, Response
from steps.outcomes import FORBIDDEN, refused
from tests.suite.invocation import ROOT


@pytest.fixture
def run(catalogue: Catalogue, contract: Contract) -> Run:
    return Run(Settings(), contract, catalogue, Rules(catalogue, contract), Masker(), ROOT)


def answered(run: Run, operation: str, status: int, message: str) -> Exchange:
    path = run.contract.operations[operation].path
    sent = Call("POST", path, operation, json={}, intent=Intent.VALID)
    body = json.dumps({"code": "REFUSED", "message": message}).encode()
    came = Response(status, (("content-type", "application/json"),), body)
    return Exchange(1, sent, f"http://host{path}", (), b"{}", 0.1, came)


@pytest.mark.parametrize(
    ("operation", "status", "message", "full"),
    [
        ("createCustomer", 403, "The limit of 40 customers is reached", True),
        ("createCustomer", 409, "customer_limit_reached", True),
        ("createCustomer", 422, "Too many customers on this plan", True),
        ("createCheckoutSession", 409, "80 sessions are open", True),
        ("createCheckoutSession", 403, "You have reached the maximum number of open checkout sessions", True),
        ("createCustomer", 400, "the name of a customer has a limit of 60 characters", False),
        ("createCustomer", 403, "You have no access to this merchant", False),
        ("createCustomer", 409, "A customer with the same identity exists", False),
        ("createCheckoutSession", 422, "the amount is above the limit", False),
        ("createCheckoutSession", 404, "Customer not found", False),
    ],
)
def test_a_limit_is_told_from_other_refusals(run: Run, operation: str, status: int, message: str, full: bool) -> None:
    exchange = answered(run, operation, status, message)
    assert (run.why_full(exchange) is not None) == full
    status_rule = {"createCustomer": "CUSTOMER-STATUS-1", "createCheckoutSession": "CHECKOUT-STATUS-1"}[operation]
    assert (status_rule in [rule for rule, findings in run.judge(exchange) if findings]) == (not full)
    decides = "CUSTOMER-STATE-1"
    with run.recording(Record("a test", (decides,))) as record:
        if full:
            with pytest.raises(NotTested, match="as many"):
                run.check(exchange.is_success, "it is created", exchange.outcome, exchange, decides)
            refused(run, exchange, FORBIDDEN, "something foreign", decides)
            assert not record.decided
            assert "as many" in record.not_tested[decides].words
        else:
            assert run.check(exchange.is_success, "it is created", exchange.outcome, exchange, decides) is False
            assert record.decided[decides] == 1
