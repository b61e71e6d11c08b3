"""How a mistake in a file is told: with the nearest right word."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def remedy(word: object, known: Iterable[str], enough: int = 12) -> str:
    """Return the end of a sentence about a wrong word: the right word that is nearest, or else the right words.

    Of more than `enough` right words none is told, since nobody reads so many.
    """
    words = list(dict.fromkeys(known))
    near = difflib.get_close_matches(str(word), words, 1)
    if near:
        return f"; did you mean `{near[0]}`?"
    return f"; known are {', '.join(words)}" if 0 < len(words) <= enough else ""
