"""Known failures: breaches that the target's team has accepted for a time, each with its reason, owner and last day.

The file is the team's own. A breach of a known failure does not fail a run; a known failure that has expired, or that
no longer fails, does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

from conformance.contract.catalogue import Catalogue
from conformance.contract.form import Form
from conformance.contract.words import remedy
from conformance.contract.yamlfile import DataPath, YamlError, YamlFile, read_yaml

EVERY_BREACH: Final = "*"
"""What a known failure covers that has no `match`."""
SCHEMA: Final = "known-failures.schema.json"


class KnownFailuresError(ValueError):
    """A file of known failures that cannot be used; the message is one sentence with its file, line and remedy."""


@dataclass(frozen=True)
class KnownFailure:
    """A requirement that the target is known to break, and what of it is known.

    `matches` are the texts of which a known breach shows one, `EVERY_BREACH` where all are known.
    """

    requirement: str
    reason: str
    expires: date
    owner: str = ""
    link: str = ""
    matches: tuple[str, ...] = (EVERY_BREACH,)
    intermittent: bool = False
    place: str = field(default="", compare=False)

    def covers(self, text: str) -> str:
        """Return the first of `matches` that a breach, told in words, shows; an empty text for a breach that is new."""
        return next((match for match in self.matches if _shows(text, match)), "")

    @property
    def responsible(self) -> str:
        """Return who sees to it, and where, in words."""
        return ", ".join(filter(None, (self.owner, self.link)))

    def to_data(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "reason": self.reason,
            "owner": self.owner,
            "link": self.link,
            "expires": self.expires.isoformat(),
            "match": [match for match in self.matches if match != EVERY_BREACH],
            "intermittent": self.intermittent,
        }


@dataclass(frozen=True)
class KnownFailures:
    """All known failures of a target, by requirement; `today` is the day of the run."""

    entries: Mapping[str, KnownFailure] = field(default_factory=dict)
    today: date = field(default_factory=lambda: datetime.now(UTC).date())

    def __iter__(self) -> Iterator[KnownFailure]:
        return iter(self.entries.values())

    def get(self, requirement: str) -> KnownFailure | None:
        return self.entries.get(requirement)

    def has_expired(self, failure: KnownFailure) -> bool:
        """Return whether the last day of a known failure has passed, so that it covers nothing any more."""
        return failure.expires < self.today

    def covers(self, requirement: str, text: str) -> str:
        """Return the match that covers a breach, told in words; an empty text where it is not known."""
        failure = self.entries.get(requirement)
        return "" if failure is None or self.has_expired(failure) else failure.covers(text)


NONE_KNOWN: Final = KnownFailures()


def load_known_failures(file: Path, catalogue: Catalogue) -> KnownFailures:
    """Return the known failures of a file.

    Raises `KnownFailuresError` for a file that cannot be read or is not as its schema has it, an id that the catalogue
    does not have, and a day that no calendar has.
    """
    try:
        document = read_yaml(file, dates_as_text=True)
    except YamlError as error:
        raise KnownFailuresError(str(error)) from None
    except OSError as error:
        raise KnownFailuresError(f"{file}: {error.strerror or error}") from None
    return known_failures(document, (), catalogue)


def known_failures(document: YamlFile, path: DataPath, catalogue: Catalogue) -> KnownFailures:
    """Return the known failures that stand at a path of a document: see `load_known_failures`."""
    rows: Any = document.data
    for name in path:
        rows = rows[name]
    if rows is None:
        return KnownFailures()
    unknown = next((name for name in rows if name not in catalogue), None) if isinstance(rows, dict) else None
    if unknown is not None:
        near = remedy(unknown, catalogue.by_id, 0)
        raise KnownFailuresError(
            f"{document.place((*path, unknown))}: the catalogue has no requirement {unknown}{near}"
        )
    mistake = _form().mistake(document) if not path else None
    if mistake is not None:
        named = f" ({mistake.path[0]})" if len(mistake.path) > 1 else ""
        raise KnownFailuresError(f"{document.place(mistake.path)}{named}: {mistake.words}")
    return KnownFailures({name: _failure(name, row, document, (*path, name)) for name, row in rows.items()})


def _form() -> Form:
    with as_file(files("conformance") / "schemas" / SCHEMA) as schema:
        return Form.load(schema)


def _failure(name: str, row: Mapping[str, Any], document: YamlFile, path: DataPath) -> KnownFailure:
    try:
        expires = date.fromisoformat(row["expires"])
    except ValueError:
        place = document.place((*path, "expires"))
        raise KnownFailuresError(f"{place} ({name}): {row['expires']} is no day of the calendar") from None
    match = row.get("match", EVERY_BREACH)
    return KnownFailure(
        requirement=name,
        reason=" ".join(row["reason"].split()),
        expires=expires,
        owner=row.get("owner", "").strip(),
        link=row.get("link", ""),
        matches=(match,) if isinstance(match, str) else tuple(match),
        intermittent=row.get("intermittent", False),
        place=document.place(path),
    )


def told(expected: str, got: str, summary: str, test: str) -> str:
    """Return a breach in the words that a `match` is held against."""
    return f"expected {expected}; got {got}\n{summary}\n{test}"


def _shows(text: str, match: str) -> bool:
    pattern = ".*".join(re.escape(" ".join(part.split())) for part in match.split("*"))
    return re.search(pattern, " ".join(text.split())) is not None
