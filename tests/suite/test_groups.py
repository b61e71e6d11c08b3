"""Broken requirements by their cause: what belongs together, what does not, and what comes first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from conformance.contract.catalogue import Catalogue
from conformance.errors import Why
from conformance.results.causes import DEPTHS
from conformance.results.groups import DANGERS, groups
from conformance.results.records import Breach, Reason, Record
from conformance.results.verdicts import results

Seen = Mapping[str, tuple[int, ...]]
"""By requirement the exchanges that broke it in one test."""


def grouped(catalogue: Catalogue, *tests: Seen, looks: int = 10, alike: bool = False) -> list[list[str]]:
    """Return the ids of each group, for tests with these breaches, where each requirement was looked at so often.

    All got the same where they are `alike`.
    """
    records = []
    for number, seen in enumerate(tests):
        record = Record(f"test_{number}")
        for name, exchanges in seen.items():
            record.decided[name] = looks
            for exchange in exchanges:
                record.breach(Breach(name, record.test, "this", "that" if alike else name, exchanged(exchange)))
        records.append(record)
    return ids_of(catalogue, records)


def ids_of(catalogue: Catalogue, records: list[Record]) -> list[list[str]]:
    found = results(catalogue, records, {}, Reason("", Why.NEVER))
    return [[result.requirement.id for result in group.members] for group in groups(found)]


def exchanged(
    number: int, status: int = 200, body: Any = None, sent: str = "", operation: str | None = None
) -> dict[str, Any]:
    """Return an exchange as a breach keeps it."""
    response = {"status": status, "headers": [], "body": json.dumps(body)}
    return {"number": number, "operation": operation, "request": {"url": "/", "body": sent}, "response": response}


def breach(name: str, expected: str, got: str, exchange: dict[str, Any], *before: tuple[str, str]) -> Breach:
    """Return a breach, with the exchanges that led to it: a method and path with what came."""
    led = [{"summary": f"{what} → 201", "request": "", "response": came} for what, came in before]
    steps = [{"step": "Given it", "exchanges": led}] if led else []
    return Breach(name, f"test of {name}", expected, got, exchange, before=steps)


def told(catalogue: Catalogue, *breaches: Breach) -> list[list[str]]:
    """Return the ids of each group for breaches that a test each found, in one of ten looks."""
    records = []
    for item in breaches:
        record = Record(item.test)
        record.decided[item.requirement] = 10
        record.breach(item)
        records.append(record)
    return ids_of(catalogue, records)


TOGETHER: Mapping[str, tuple[Seen, ...]] = {
    "the same field of the same operation": ({"CHECKOUT-SCHEMA-3": (1,)}, {"CHECKOUT-UNIQUE-2": (2,)}),
    "what is about the whole response": ({"SIGNIN-ERROR-1": (1, 2), "SIGNIN-ERROR-4": (2,)},),
    "a response that should have been a refusal": ({"ORG-VALID-2": (3,), "ORG-ECHO-1": (3,)},),
    "what comes later in the same test": ({"ACTIVE-STATUS-1": (4,), "CUSTOMER-STATUS-1": (5,)},),
    "the same field later in the same test": ({"CUSTOMER-ECHO-3": (4,), "CHECKOUT-INLINE-4": (5,)},),
    "another one's object as a whole": ({"CUSTOMER-UNIQUE-1": tuple(range(1, 11)), "CUSTOMER-ECHO-3": (1, 2)},),
    "mostly another one's object": (
        {"CUSTOMER-UNIQUE-1": tuple(range(1, 10)), "CUSTOMER-ECHO-3": tuple(range(1, 11))},
    ),
    "a gap in the tokens of an operation": ({"ORG-AUTH-2": (1,)}, {"ORG-AUTH-3": (2,)}),
    "valid requests that are refused alike": ({"ORG-STATUS-1": (1,)}, {"ORG-PROTOCOL-3": (2,)}),
    "what the catalogue says": ({"CUSTOMER-ECHO-3": (1,)}, {"CUSTOMER-READ-1": (9,)}),
    "a family that the catalogue names": ({"CUSTOMER-TENANT-4": (1,)}, {"API-LEAK-1": (9,)}),
    "the same sentence for other operations": ({"ORG-AUTH-2": (1,)}, {"CUSTOMER-AUTH-2": (2,)}),
    "now and then, always together": ({"CUSTOMER-ECHO-2": (1, 2), "CUSTOMER-ECHO-3": (1, 2)},),
}

APART: Mapping[str, tuple[Seen, ...]] = {
    "other fields of the same operation": ({"CUSTOMER-SCHEMA-4": (1,)}, {"CUSTOMER-SCHEMA-6": (2,)}),
    "fields that are always wrong, by chance together": (
        {"CUSTOMER-SCHEMA-4": tuple(range(1, 11)), "CUSTOMER-ECHO-3": (1, 2)},
    ),
    "what is grave and what is not": ({"CUSTOMER-SCHEMA-2": (1,), "CUSTOMER-TENANT-1": (2,)},),
    "what came before": ({"ACTIVE-STATUS-1": (7,), "CUSTOMER-STATUS-2": (5,)},),
    "another test": ({"ACTIVE-STATUS-1": (4,)}, {"CUSTOMER-STATUS-2": (5,)}),
    "another field later in the same test": ({"CUSTOMER-ECHO-4": (4,), "CHECKOUT-INLINE-4": (5,)},),
}


@pytest.mark.parametrize("tests", TOGETHER.values(), ids=TOGETHER)
def test_breaches_with_a_common_cause_are_one_group_the_cause_first(
    tests: tuple[Seen, ...], catalogue: Catalogue
) -> None:
    ids = [name for seen in tests for name in seen]
    assert grouped(catalogue, *tests, alike=True) == [ids]


@pytest.mark.parametrize("tests", APART.values(), ids=APART)
def test_breaches_of_their_own_are_groups_of_their_own(tests: tuple[Seen, ...], catalogue: Catalogue) -> None:
    ids = {name for seen in tests for name in seen}
    assert sorted(grouped(catalogue, *tests)) == sorted([name] for name in ids)


MADE = '{"id": "cs_1", "customerId": "cus_unheard"}'
SHOWN_TOGETHER: Mapping[str, tuple[Breach, ...]] = {
    "an error ends it": (
        breach("CHECKOUT-STATUS-3", "no 5xx", "status 500", exchanged(1, 500)),
        breach("CHECKOUT-STATUS-3", "no 5xx", "status 500", exchanged(2, 500)),
        breach("CHECKOUT-BODY-40", "an orderly response", "status 500", exchanged(2, 500)),
    ),
    "a connection that is cut ends it": (
        breach("CHECKOUT-STATUS-4", "a response", "none", exchanged(1)),
        breach("CHECKOUT-STATUS-4", "a response", "none", exchanged(2)),
        breach("CUSTOMER-TENANT-20", "a customer", "no response", exchanged(2)),
    ),
    "the value at a field": (
        breach("CHECKOUT-EXISTING-1", "`customerId` a", "b", exchanged(1, 201, {"customerId": "cus_of_another"})),
        breach("CHECKOUT-LEAK-23", "none", 'got "cus_of_another"', exchanged(1, 201, {"customerId": "cus_of_another"})),
    ),
    "an id that its giver does not know": (
        breach("CHECKOUT-INLINE-3", "one", "status 404", exchanged(2, 404, sent="cus_unheard"), ("POST /c", MADE)),
        breach("CHECKOUT-INLINE-6", "two", "status 404", exchanged(4, 404, sent="cus_unheard"), ("POST /c", MADE)),
    ),
    "wrong values of a field": (
        breach("CHECKOUT-TENANT-31", "nothing", "status 201", exchanged(1, 201)),
        breach("CHECKOUT-EXISTING-4", "a refusal", "status 201", exchanged(2, 201)),
    ),
    "accepted by two operations": (
        breach("ORG-AUTH-3", "a token refused", "status 200", exchanged(1, 200)),
        breach("CUSTOMER-AUTH-3", "a token refused", "status 201", exchanged(2, 201)),
    ),
    "the same in errors": (
        breach("CUSTOMER-ERROR-3", "statusCode 400", "500", exchanged(1, 400)),
        breach("API-ERROR-2", "statusCode 401", "500", exchanged(2, 401)),
    ),
    "what a read shows at two fields": (
        breach("CHECKOUT-ECHO-4", "`successUrl` a", "b", exchanged(1, 201, {"successUrl": "b"})),
        breach("CHECKOUT-READ-21", "as created", "`successUrl` b reads a; `cancelUrl` a reads b", exchanged(2, 200)),
        breach("CHECKOUT-ECHO-5", "`cancelUrl` b", "a", exchanged(1, 201, {"cancelUrl": "a"})),
    ),
    "a field that is missing": (
        breach("CUSTOMER-SCHEMA-3", "`merchantId` to be there", "missing", exchanged(1, 201, {"id": "x"})),
        breach("CUSTOMER-SCHEMA-3", "`merchantId` to be there", "missing", exchanged(2, 201, {"id": "y"})),
        breach("CUSTOMER-TENANT-20", "merchantId a", "status 201, merchantId missing", exchanged(1, 201, {"id": "x"})),
    ),
    "the same refused field": (
        breach("SIGNIN-VALID-2", "`email` null refused", "status 401", exchanged(1, 401)),
        breach("SIGNIN-VALID-3", "`email` as a number refused", "status 401", exchanged(2, 401)),
    ),
    "valid requests that an older rule names": (
        breach("CUSTOMER-STATUS-1", "201", "status 401", exchanged(1, 401, operation="createCustomer")),
        breach("CUSTOMER-TENANT-20", "a customer", "status 401", exchanged(2, 401, operation="createCustomer")),
    ),
}
SHOWN_APART: Mapping[str, tuple[Breach, ...]] = {
    "errors of two operations": (
        breach("ORG-STATUS-3", "no 5xx", "status 500", exchanged(1, 500)),
        breach("CUSTOMER-STATUS-3", "no 5xx", "status 500", exchanged(2, 500)),
    ),
    "another place of the same response": (
        breach("CHECKOUT-EXISTING-1", "`customerId` a", "b", exchanged(1, 201, {"customerId": "b", "x": "cus_of"})),
        breach("CHECKOUT-LEAK-23", "none", 'got "cus_of"', exchanged(1, 201, {"customerId": "b", "x": "cus_of"})),
    ),
    "ids of two givers": (
        breach("CHECKOUT-INLINE-3", "one", "status 404", exchanged(2, 404, sent="cus_unheard"), ("POST /c", MADE)),
        breach("CHECKOUT-INLINE-6", "two", "status 404", exchanged(4, 404, sent="cus_unheard"), ("POST /d", MADE)),
    ),
    "another merchant's field": (
        breach("CUSTOMER-ECHO-1", "`merchantId` a", '"b"', exchanged(1, 201, {"merchantId": "of another"})),
        breach("CUSTOMER-TENANT-20", "merchantId a", "merchantId c", exchanged(2, 201, {"merchantId": "c"})),
    ),
    "other refused fields": (
        breach("SIGNIN-VALID-2", "`email` null refused", "status 401", exchanged(1, 401)),
        breach("SIGNIN-VALID-3", "`password` as a number refused", "status 401", exchanged(2, 401)),
    ),
    "a refusal and a leak": (
        breach("CHECKOUT-TENANT-22", "a customer", "status 404", exchanged(1, 404)),
        breach("API-LEAK-1", "none", "data of another", exchanged(2, 200)),
    ),
    "refused by two operations": (
        breach("SIGNIN-TOKEN-33", "the session works", "status 401", exchanged(1, 401)),
        breach("SIGNUP-TOKEN-32", "the session works", "status 401", exchanged(2, 401)),
    ),
}


@pytest.mark.parametrize("breaches", SHOWN_TOGETHER.values(), ids=SHOWN_TOGETHER)
def test_responses_show_a_common_cause(breaches: tuple[Breach, ...], catalogue: Catalogue) -> None:
    assert told(catalogue, *breaches) == [list(dict.fromkeys(item.requirement for item in breaches))]


@pytest.mark.parametrize("breaches", SHOWN_APART.values(), ids=SHOWN_APART)
def test_responses_show_causes_of_their_own(breaches: tuple[Breach, ...], catalogue: Catalogue) -> None:
    assert sorted(told(catalogue, *breaches)) == sorted([item.requirement] for item in breaches)


def test_what_endangers_most_comes_first(catalogue: Catalogue) -> None:
    """A MUST before any SHOULD, other merchants before money, and money before a media type."""
    names = ("CUSTOMER-HEADERS-1", "CHECKOUT-ECHO-1", "CUSTOMER-ECHO-7", "SIGNIN-AUTH-1", "ACTIVE-TENANT-1")
    found = grouped(catalogue, *({name: (number,)} for number, name in enumerate(names, 1)))
    order = ["ACTIVE-TENANT-1", "SIGNIN-AUTH-1", "CHECKOUT-ECHO-1", "CUSTOMER-HEADERS-1", "CUSTOMER-ECHO-7"]
    assert found == [[name] for name in order]


def test_a_group_has_the_danger_of_its_worst(catalogue: Catalogue) -> None:
    (group,) = groups(results(catalogue, _records("CHECKOUT-SCHEMA-9", "CHECKOUT-ECHO-1"), {}, Reason("", Why.NEVER)))
    assert (group.cause.requirement.id, group.endangers) == ("CHECKOUT-SCHEMA-9", "money")


def _records(*names: str) -> list[Record]:
    record = Record("test")
    for name in names:
        record.decided[name] = 1
        record.breach(Breach(name, record.test, "this", "that", exchanged(1)))
    return [record]


def test_responses_are_counted_once_however_often_they_break_it(catalogue: Catalogue) -> None:
    record = Record("test")
    record.decided["SIGNUP-ECHO-1"] = 110
    for number in (*range(1, 23), 22):
        record.breach(Breach("SIGNUP-ECHO-1", record.test, "this", "that", exchanged(number)))
    found = results(catalogue, [record], {}, Reason("", Why.NEVER))
    (broken,) = (result for result in found if result.breaches)
    assert (broken.times_broken, broken.looks) == (22, 110)


def test_every_concern_has_its_place(catalogue: Catalogue) -> None:
    concerns = {row.concern for row in catalogue}
    assert concerns == set(DEPTHS)
    assert concerns | {row.endangers for row in catalogue if row.endangers} == set(DANGERS)
