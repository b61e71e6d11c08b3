"""Words and numbers of the dictionary, in generated cases: they stay valid, and the same case is changed alike."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from conformance.contract.document import Contract
from conformance.generate.dictionary import NUMBERS, WORDS, with_word

CUSTOMER: Final = {
    "merchantId": "org",
    "phoneNumber": "+26658123456",
    "email": "a@example.com",
    "name": "Thabo",
    "metadata": {"note": "x", "level": 3},
}


def bodies(number: int) -> list[dict[str, Any]]:
    return [{**CUSTOMER, "name": f"Thabo {place}"} for place in range(number)]


def test_a_changed_body_is_valid_and_has_a_word_or_number(contract: Contract) -> None:
    is_valid = partial(contract.is_valid_request, "createCustomer")
    changed = [(body, with_word(body, is_valid)) for body in bodies(60)]
    assert all(is_valid(new) for _, new in changed)
    different = [(old, new) for old, new in changed if new != old]
    assert len(different) > 50
    for old, new in different:
        told = [name for name in old if old[name] != new[name]]
        assert len(told) == 1, told
        text = str(new[told[0]])
        assert any(word in text for word in WORDS) or any(str(number) in text for number in NUMBERS)


def test_the_same_body_is_changed_alike_and_stays_itself(contract: Contract) -> None:
    """A finding is repeated with its seed, and made smaller."""
    is_valid = partial(contract.is_valid_request, "createCustomer")
    for body in bodies(10):
        before = repr(body)
        assert with_word(body, is_valid) == with_word(body, is_valid)
        assert repr(body) == before


def test_where_nothing_is_valid_the_body_stays() -> None:
    assert with_word(CUSTOMER, lambda _: False) == CUSTOMER
    assert with_word({"active": True}, lambda _: True) == {"active": True}
    assert with_word({}, lambda _: True) == {}


def test_a_request_is_held_against_the_document(contract: Contract) -> None:
    assert contract.is_valid_request("createCustomer", CUSTOMER)
    assert not contract.is_valid_request("createCustomer", {**CUSTOMER, "metadata": "text"})
