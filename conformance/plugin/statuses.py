"""The exit statuses of a run; `docs/exit-statuses.md` says what each means for a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from conformance.errors import Why
from conformance.report.model import Report


class Status(IntEnum):
    """How a run ended; 0 to 6 are pytest's own numbers with the meaning that they have there."""

    KEPT = 0
    BROKEN = 1
    INTERRUPTED = 2
    SUITE_FAILED = 3
    MISTAKE = 4
    NOTHING_DECIDED = 5
    TOO_MANY_WARNINGS = 6
    NOT_REACHED = 7
    OPERATION_NOT_TESTED = 8
    KNOWN_FAILURES_STALE = 9


_REASONS: Final[Mapping[int, str]] = {
    Status.SUITE_FAILED: "the suite itself failed, which is no verdict on the target; its output says where",
    Status.NOTHING_DECIDED: "nothing was decided: no test was selected, or none could be carried out",
    Status.TOO_MANY_WARNINGS: "Python warned more often than --max-warnings allows",
    Status.NOT_REACHED: "the target was not reached",
    Status.KNOWN_FAILURES_STALE: "the known failures no longer fit; correct their file",
}


def exit_reason(report: Report, status: int) -> str | None:
    """Return why a run ended with a status that neither its verdict nor what stopped it explains, or else none."""
    if report.stopped is not None:
        return None
    if status == Status.OPERATION_NOT_TESTED:
        missing, why = report.untested_operations, dict.fromkeys(report.untested_operations.values())
        told = f"{', '.join(missing)} could not be tested at all ({'; '.join(why)})"
        return f"{told}: give what is missing, or accept it with --allow-incomplete"
    return _REASONS.get(status)


def exit_status(report: Report, ended: int, *, out_of_time: bool, unreached: bool, allow_incomplete: bool) -> int:
    """Return the exit status of a run whose tests have ended with one of pytest's; the first that applies counts.

    A test that failed though no requirement is broken is a fault of the suite's own.
    """
    if report.broken:
        return Status.BROKEN
    if out_of_time:
        return Status.INTERRUPTED
    if unreached:
        return Status.NOT_REACHED
    if ended == Status.KEPT and not report.decided:
        kept_out = any(result.reason and result.reason.why is Why.GATEWAY for result in report.results)
        return Status.NOT_REACHED if kept_out else Status.NOTHING_DECIDED
    if ended == Status.BROKEN:
        return Status.SUITE_FAILED
    if report.untested_operations and not allow_incomplete:
        return Status.OPERATION_NOT_TESTED
    return Status.KNOWN_FAILURES_STALE if report.stale else ended
