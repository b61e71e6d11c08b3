"""A file of known failures, written from a run: each new entry has its reason and owner still to be given."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from conformance.report.model import Report
from conformance.results.known import KnownFailure
from conformance.results.verdicts import Result, Verdict

_DAYS: Final = 90
_SEEN: Final = 3
_HEAD: Final = """\
# Known failures: requirements that this target breaks for now. Give each its reason, an owner or a link, and the last
# day on which that is accepted. `match` narrows it to what was seen, so that another breach still fails the run.
"""


def render_known_failures(report: Report) -> str:
    """Return a file with what fails this run, and with the known failures that still hold as they stand.

    What has passed is left out; what was not tested is kept.
    """
    return _HEAD + "".join(_entry(report, result) for result in report.results if _is_kept(report, result))


def _is_kept(report: Report, result: Result) -> bool:
    is_known = result.known is not None and result.verdict in (Verdict.KNOWN, Verdict.NOT_TESTED)
    return is_known or result in report.broken


def _entry(report: Report, result: Result) -> str:
    lines = ["", f"{result.requirement.id}:", _comment(result.requirement.statement)]
    known = result.known
    if known is None or report.known.has_expired(known):
        seen = dict.fromkeys(f"expected {breach.expected}; got {breach.got}" for breach in result.breaches)
        lines += [_comment(f"seen: {text}") for text in list(seen)[:_SEEN]]
        expires = report.known.today + timedelta(days=_DAYS)
        lines += [f"{name}: {json.dumps(text)}" for name, text in _blank(known).items()] + [f"expires: {expires}"]
    else:
        lines += _lines(known.to_data())
    head, *rest = lines[1:]
    return "\n".join(["", head, *(f"  {line}" for line in rest)]) + "\n"


def _blank(known: KnownFailure | None) -> dict[str, str]:
    """Return what a person has to fill in; what an expired entry said is kept for its next reason."""
    return {"reason": "", "owner": known.owner if known else ""}


def _lines(data: Mapping[str, Any]) -> Iterator[str]:
    for name, value in data.items():
        if value not in ("", [], False):
            yield f"{name}: {json.dumps(value, ensure_ascii=False)}"


def _comment(text: str) -> str:
    return f"# {' '.join(text.split())}"
