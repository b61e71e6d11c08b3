"""Known strings, found in a text in one pass, however many they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

SHORTEST: Final = 6
_STRIDE: Final = 3
_PIECE: Final = SHORTEST - _STRIDE + 1


class Literals:
    """A growing set of strings of six characters or more, of which every occurrence in a text is replaced at once.

    Every third piece of four characters of a text is looked up. Wherever a literal stands in it, one of the literal's
    first three pieces is among them: so each literal is filed under those, as its offset from the piece and its length.
    One thread may add while others replace.
    """

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._filed: dict[tuple[str, ...], tuple[tuple[int, int], ...]] = {}

    def __contains__(self, literal: str) -> bool:
        return literal in self._known

    def add(self, literal: str) -> None:
        """Add a string. Raises `ValueError` where it is too short to be found."""
        if len(literal) < SHORTEST:
            raise ValueError(f"a literal has {SHORTEST} characters or more")
        self._known.add(literal)
        for offset in range(_STRIDE):
            piece = tuple(literal[offset : offset + _PIECE])
            place = offset, len(literal)
            filed = self._filed.get(piece, ())
            if place not in filed:
                self._filed[piece] = (*filed, place)

    def within(self, text: str) -> set[str]:
        """Return the strings that occur in a text."""
        return {text[start:end] for start, end in self._found(text)}

    def replaced(self, text: str, by: str) -> str:
        """Return a text in which each literal is replaced; those that overlap are replaced as one."""
        parts = []
        kept = 0
        for start, end in _joined(sorted(self._found(text))):
            parts += [text[kept:start], by]
            kept = end
        return "".join([*parts, text[kept:]]) if parts else text

    def _found(self, text: str) -> list[tuple[int, int]]:
        strides = [text[first::_STRIDE] for first in range(_PIECE)]
        if self._filed.keys().isdisjoint(
            zip(*strides, strict=False)
        ):  # as most texts are, which this tells the soonest
            return []
        return [
            (start, start + length)
            for number, piece in enumerate(zip(*strides, strict=False))
            if piece in self._filed
            for offset, length in self._filed[piece]
            if (start := number * _STRIDE - offset) >= 0 and text[start : start + length] in self._known
        ]


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans, which come in order, with those that share a character as one."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start < joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined
