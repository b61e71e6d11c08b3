"""How what came back is compared with what was sent."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.values import contains, plain

IMAGE = "https://shop.example.com/a.png"
FIRST = {"name": "Blanket", "imageUrl": IMAGE, "currency": "LSL"}
SECOND = {"name": "Hat", "currency": "LSL"}


@pytest.mark.parametrize(
    ("sent", "came", "is_held"),
    [
        ([FIRST, SECOND], [FIRST, SECOND], True),
        ([FIRST, SECOND], [{"id": "1", **FIRST}, {"id": "2", **SECOND, "imageUrl": None}], True),
        ([FIRST, SECOND], [FIRST, {**SECOND, "imageUrl": IMAGE}], False),
        ([SECOND, FIRST], [{**SECOND, "imageUrl": IMAGE}, FIRST], True),
        ([FIRST, SECOND], [FIRST, {**SECOND, "imageUrl": "https://cdn.example.com/hat.png"}], True),
        ([FIRST, {"name": "Blanket"}], [FIRST, {**FIRST}], True),
        ([{**FIRST, "unit": "piece"}, SECOND], [{**FIRST, "unit": "piece"}, {**SECOND, "unit": "piece"}], True),
        ([FIRST, "a text"], [FIRST, "a text"], True),
        ([FIRST, {"name": 5}], [FIRST, {"name": 5, "imageUrl": IMAGE}], False),
        ([FIRST], [FIRST, SECOND], False),
    ],
    ids=[
        "the same",
        "fields of the target's own",
        "what was sent with the item before",
        "what was sent with a later item",
        "another text",
        "another item of the same name",
        "a short text, such as a default",
        "items of other kinds",
        "after an item without texts",
        "one more item",
    ],
)
def test_an_item_of_a_list_has_its_own_texts_alone(sent: Any, came: Any, is_held: bool) -> None:
    assert contains(sent, came) is is_held


@pytest.mark.parametrize("value", [1.5, 0.125, -2.5, 347.0])
def test_what_a_computer_holds_exactly_comes_back_as_it_went(value: float) -> None:
    assert plain(value)
    assert plain({"quantity": [value]})


@pytest.mark.parametrize("value", [0.1, 1e300, float("inf"), float("nan"), 20_000.5])
def test_other_floats_may_be_rounded(value: float) -> None:
    assert not plain(value)
