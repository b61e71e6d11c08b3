"""What the rule on guessable tokens takes off a token before it counts what is left to guess."""

from __future__ import annotations

import hashlib
import time

import pytest

from conformance.checks.tokens import _forms, _holds, _weakness

NAME = "ada of the merchants"
RANDOM = "q8ZrT3nVx0LpWc5YhBd2KsGm7UeJfA1i"


@pytest.mark.parametrize(
    "known", [NAME, NAME.upper(), hashlib.md5(NAME.encode()).hexdigest(), hashlib.sha256(NAME.encode()).hexdigest()]
)
def test_a_token_of_what_is_known_is_guessable(known: str) -> None:
    assert "0 bits" in _weakness(known, [NAME], [])


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256"])
@pytest.mark.parametrize("text", ["1", "9999", str(int(time.time()))], ids=["the first", "a late one", "the time"])
def test_a_digest_of_a_number_is_guessable(text: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of a row, or the second in which the session was opened."""
    now = int(text) + 3 if len(text) > 4 else int(time.time())
    monkeypatch.setattr(time, "time", lambda: now)
    assert "0 bits" in _weakness(hashlib.new(name, text.encode()).hexdigest(), [NAME], [])


def test_a_token_of_chance_is_not_guessable() -> None:
    assert _weakness(RANDOM, [NAME], []) == ""
    assert _weakness(hashlib.sha256(RANDOM.encode()).hexdigest(), [NAME], []) == ""


def test_octets_of_chance_in_the_form_of_a_url_are_not_guessable() -> None:
    """They are no text, so that nothing is known of them that their digits do not tell."""
    octets = hashlib.sha256(RANDOM.encode()).digest()
    assert _weakness("".join(f"%{octet:02x}" for octet in octets), [NAME], []) == ""


def test_known_texts_may_hold_what_no_utf_8_has() -> None:
    """A target that accepts a lone surrogate in a name has it among what a user is known by."""
    assert _weakness(RANDOM, [f"{NAME}\ud800"], []) == ""


def test_nothing_is_looked_for_that_has_no_room() -> None:
    """A name of a megabyte is in no token; the pattern of it would take a second."""
    long = "x" * 1_000_000
    assert list(_forms(long, 64)) == [
        hashlib.new(name, long.encode()).hexdigest() for name in ("md5", "sha1", "sha256")
    ]
    assert list(_forms(long, 39)) == [hashlib.md5(long.encode()).hexdigest()]
    assert list(_forms(NAME, 31)) == [NAME]


@pytest.mark.parametrize(
    ("content", "identifier", "held"),
    [
        ('{"uid": "3F2504E0-4F89-41D3-9A0C-0305E82C3301"}', "3f2504e04f8941d39a0c0305e82c3301", True),
        ('{"sub": 7, "v": 3}', "7", True),
        ('{"sub": 7, "v": 3}', "3", False),
        ("3f9a7c3e", "3", False),
        (RANDOM, "3f2504e04f8941d39a0c0305e82c3301", False),
    ],
)
def test_a_token_that_holds_an_id_is_told(content: str, identifier: str, held: bool) -> None:
    """A short id may stand in a text by chance: it counts as a claim alone."""
    assert _holds(content, identifier, ["sub", "uid"]) is held


def test_a_part_that_all_tokens_share_leaves_nothing_to_guess() -> None:
    """A constant signature adds nothing to a number; one that is a token's own does."""
    assert "bits are left" in _weakness(f"0007.{RANDOM}", [], [f"0006.{RANDOM}"])
    assert _weakness(f"0007.{RANDOM}", [], [f"0006.{RANDOM[::-1]}"]) == ""
    assert _weakness(f"0007.{RANDOM}", [], [f"0007.{RANDOM}"]) == ""
