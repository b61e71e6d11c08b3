"""The measure of deep fuzzing: its faults stand apart in rounds, and what stock schemathesis tells is read rightly."""

from __future__ import annotations

from collections import Counter

import pytest

from bench.rare import told
from bench.rare_faults import FAULTS, ROUNDS, Rare
from sandbox import switchboard
from sandbox.model import OPERATIONS

OUTPUT = """
______________________ POST /customers ______________________
1. Test Case ID: aaaaaa

- ST101 Server error

- ST103 Undocumented status code

Reproduce with:

    curl -X POST -d '{"name": "|"}' http://127.0.0.1:1/customers

________________________________ Stateful tests ________________________________
1. Test Case ID: bbbbbb

- ST101 Server error

Reproduce with:

    curl -X POST -d '{"name": "x"}' http://127.0.0.1:1/customers
    curl -X POST -d '{"email": "x"}' http://127.0.0.1:1/authentication/sign-in/email
"""


def test_there_are_thirty_faults_and_none_is_the_sandboxs_own() -> None:
    assert len({fault.id for fault in FAULTS}) == len(FAULTS) == 30
    assert not {fault.id for fault in FAULTS} & set(switchboard.FAULTS)
    assert {fault.operation for fault in FAULTS} == set(OPERATIONS)


@pytest.mark.parametrize("faults", ROUNDS)
def test_an_operation_has_one_fault_of_a_round(faults: tuple[Rare, ...]) -> None:
    """What is found at an operation is told to be that fault."""
    found = Counter(fault.operation for fault in faults)
    assert max(found.values()) == 1


def test_a_failure_belongs_to_the_last_request_of_its_block() -> None:
    assert set(told(OUTPUT)) == {
        ("Server error", "createCustomer"),
        ("Undocumented status code", "createCustomer"),
        ("Server error", "signInEmail"),
    }
