"""The commands that the pages show: what stands in a fence for a shell, and between backticks."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = (
    *(file.relative_to(ROOT).as_posix() for file in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])),
    *("reports/README.md", "sandbox/README.md", "tests/better_auth/README.md"),
)
_PROGRAMS: Final = frozenset(
    {"deptry", "lint-imports", "merchant-conformance", "mypy", "node", "npm", "npx", "pip", "pre-commit", "pytest"}
    | {"python", "python3", "ruff", "tox"}
)
_FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROMPT: Final = "$ "


@cache
def text_of(page: str) -> str:
    """Return a page of the checkout as it stands."""
    return (ROOT / page).read_text(encoding="utf-8")


def prose(page: str) -> str:
    """Return a page without what stands between fences."""
    return _FENCE.sub("", text_of(page))


def commands(page: str) -> Iterator[list[str]]:
    """Yield the words of each command of a page, those of its fences first."""
    for line in [*_fenced(text_of(page)), *_inline(prose(page))]:
        for part in re.split(r"\s*(?:&&|;)\s*", line):
            words = shlex.split(part, comments=True)
            while words and re.fullmatch(r"\w+=.*", words[0]):
                words = words[1:]
            if words:
                yield words


def _fenced(text: str) -> Iterator[str]:
    for language, block in _FENCE.findall(text):
        if language == "sh":
            yield from block.splitlines()
        elif language == "console":
            yield from (line.removeprefix(_PROMPT) for line in block.splitlines() if line.startswith(_PROMPT))


def _inline(text: str) -> Iterator[str]:
    """Yield what is a command with words of its own; the name of a program alone is none."""
    for shown in re.findall(r"`([^`\n]+)`", text):
        program, _, rest = shown.partition(" ")
        if rest and Path(program).name in _PROGRAMS and "…" not in shown:
            yield shown
