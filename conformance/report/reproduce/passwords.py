"""Fresh passwords for a script: they are like each other as those of the run were, and tell nothing of them."""

from __future__ import annotations

import hashlib
import random
import string
import unicodedata
from collections.abc import Iterable
from typing import Final

_VOWELS: Final = "aeiou"
"""They have the same accents."""
_CONSONANTS: Final = "".join(letter for letter in string.ascii_lowercase if letter not in _VOWELS)
_KINDS: Final = (_VOWELS, _CONSONANTS, "123456789")


def fresh(secrets: Iterable[str]) -> dict[str, str]:
    """Return a fresh password by each secret: letters and digits are exchanged, the same way in all of them.

    So capitals, accents, blanks, order and length stay what they are. The way is drawn from the secrets themselves,
    which nobody knows; a nought stays one, since numbers with noughts before them are compared.
    """
    secrets = list(secrets)
    drawn = random.Random(hashlib.sha256("\0".join(sorted(secrets)).encode("utf-8", "surrogatepass")).digest())
    table: dict[int, str] = {}
    for letters in _KINDS:
        mixed = _mixed(letters, drawn)
        table.update(zip(map(ord, letters + letters.upper()), mixed + mixed.upper(), strict=True))
    return {secret: _exchanged(secret, table) for secret in secrets}


def _mixed(letters: str, drawn: random.Random) -> str:
    """Return the letters in an order in which none has its own place."""
    order = list(letters)
    drawn.shuffle(order)
    following = dict(zip(order, [*order[1:], order[0]], strict=True))
    return "".join(following[letter] for letter in letters)


def _exchanged(secret: str, table: dict[int, str]) -> str:
    """Return a secret with its letters exchanged, those with accents by what they are made of."""
    return "".join(
        unicodedata.normalize("NFC", unicodedata.normalize("NFD", letter).translate(table))
        if len(unicodedata.normalize("NFD", letter)) > 1
        else letter.translate(table)
        for letter in secret
    )
