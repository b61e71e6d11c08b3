"""Where a requirement is written: references such as `contract#sign-up-echo`, resolved into a label and a link."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Source:
    """One place at which a requirement is written.

    `href` is an https address, or a path within the project's repository (`docs/contract.md#sign-up-echo`).
    """

    reference: str
    label: str
    href: str


@dataclass(frozen=True)
class Place:
    """What the key of a reference stands for: label and link, each with a gap for what follows the `#`."""

    label: str
    href: str


def _page(path: str) -> Place:
    return Place(path, path)


def _rfc(number: int) -> Place:
    return Place(f"RFC {number}, section {{}}", f"https://www.rfc-editor.org/rfc/rfc{number}#section-{{}}")


PLACES: Final[Mapping[str, Place]] = {
    "contract": _page("docs/contract.md#{}"),
    "tutorial": _page("docs/contract.md#tutorial-{}"),
    "deciding": _page("docs/deciding.md#{}"),
    "openapi": _page("openapi/onboarding.yaml#{}"),
    "better-auth": Place("better-auth, {}", "https://www.better-auth.com/docs/{}"),
    "rfc8259": _rfc(8259),
    "rfc9110": _rfc(9110),
    "rfc9112": _rfc(9112),
}


def resolve(reference: str) -> Source:
    """Return the source that a reference of the catalogue (`key#part`) names.

    Raises `ValueError`, with the nearest known key, for a reference of another form or with an unknown key.
    """
    key, _, part = reference.partition("#")
    if key not in PLACES:
        near = difflib.get_close_matches(key, PLACES, 1)
        hint = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(PLACES)}"
        raise ValueError(f"unknown source `{reference}`; {hint}")
    if not part or part != part.strip():
        raise ValueError(f"the source `{reference}` names no place; write `{key}#place`")
    place = PLACES[key]
    return Source(reference, place.label.format(part), place.href.format(part))
