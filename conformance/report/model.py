"""The report as data: the content of `conformance.json`, from which every other report is made."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from conformance import __version__
from conformance.contract.owasp import CATEGORIES
from conformance.errors import Why
from conformance.report.messages import again_line, company_note
from conformance.report.reproduce.script import SCRIPTS, Script
from conformance.results.audit import Audit
from conformance.results.comparison import compare
from conformance.results.groups import Group, groups
from conformance.results.known import NONE_KNOWN, KnownFailures
from conformance.results.records import Breach, Reason, Record
from conformance.results.traffic import drift, response_times
from conformance.results.verdicts import Result, RunVerdict, Verdict, results, run_verdict, stale_entries
from conformance.run import Run
from conformance.settings import Deviation, Size

FORMAT: Final = 3
_UNFINISHED: Final = frozenset({2, 3, 4, 7})
"""Exit statuses of a run that was interrupted, failed by itself, was misused, or did not reach its target."""


@dataclass(frozen=True)
class Report:
    """A run that has ended: its target, settings, counts and the verdict on every requirement."""

    target: str
    size: Size
    seed: int
    run: str
    strict: bool
    started: datetime
    ended: datetime
    exit_status: int
    stopped: str | None
    configuration: Mapping[str, str]
    operations: tuple[Mapping[str, Any], ...]
    waited: float
    checked: tuple[str, ...]
    created: tuple[str, ...]
    policies: tuple[str, ...]
    gateway_answers: int
    requests_sent: int
    complete: bool
    results: tuple[Result, ...]
    given: tuple[str, ...]
    is_bundled: bool = False
    exit_reason: str | None = None
    proofs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    audit: Audit | None = None
    scripts: Mapping[str, Script] = field(default_factory=dict)
    drift: tuple[Mapping[str, Any], ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    earlier: Mapping[str, Any] | None = None
    known: KnownFailures = NONE_KNOWN
    deviations: tuple[Deviation, ...] = ()

    @cached_property
    def broken(self) -> tuple[Result, ...]:
        """Return the requirements that fail the run, the MUSTs first."""
        verdicts = (Verdict.FAILED, Verdict.WARNED) if self.strict else (Verdict.FAILED,)
        return tuple(result for verdict in verdicts for result in self.results if result.verdict == verdict)

    @property
    def warned(self) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.verdict is Verdict.WARNED)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Return what is broken by its cause, warnings included; what is known to be broken is told by itself."""
        return groups(result for result in self.results if result.verdict is not Verdict.KNOWN)

    @property
    def known_failures(self) -> tuple[Result, ...]:
        """Return the requirements that are broken, in no other way than the known failures say."""
        return tuple(result for result in self.results if result.verdict is Verdict.KNOWN)

    @property
    def stale(self) -> tuple[str, ...]:
        """Return what no longer fits of the known failures, a sentence each."""
        complete = self.complete and self.stopped is None
        return stale_entries(self.results, self.known, complete=complete, every_case=self.size is Size.FULL)

    @property
    def decided(self) -> int:
        return sum(result.verdict is not Verdict.NOT_TESTED for result in self.results)

    @property
    def decided_ids(self) -> tuple[str, ...]:
        return tuple(result.requirement.id for result in self.results if result.verdict is not Verdict.NOT_TESTED)

    @property
    def requests(self) -> int:
        return sum(operation["requests"] for operation in self.operations)

    def totals(self) -> dict[str, dict[str, int]]:
        """Return how many requirements of each level have each verdict."""
        counts = {
            "MUST": {"passed": 0, "failed": 0, "known failure": 0, "not tested": 0},
            "SHOULD": {"passed": 0, "warned": 0, "known failure": 0, "not tested": 0},
        }
        for result in self.results:
            counts[result.requirement.level][result.verdict] += 1
        return counts

    @property
    def finished_well(self) -> bool:
        """Return whether the run came to its end, so that its verdict counts."""
        return self.stopped is None and self.exit_status not in _UNFINISHED

    @property
    def partial(self) -> tuple[Result, ...]:
        """Return the requirements of which only some cases were decided."""
        return tuple(result for result in self.results if result.is_partial)

    @property
    def untested_operations(self) -> dict[str, str]:
        """Return why no valid request was decided, by the selected operations of which the target could show one."""
        return {
            result.requirement.operation: result.reason.words
            for result in self.results
            if result.leaves_gap
            and result.reason
            and result.reason.why is not Why.DESELECTED
            and "accepts" in (result.requirement.rule or {})
        }

    @property
    def verdict(self) -> RunVerdict:
        """Return the verdict on the run, for the top of every report."""
        return run_verdict(self.results, strict=self.strict, finished=self.finished_well, complete=self.complete)

    def finished(self, ended: datetime, exit_status: int, exit_reason: str | None = None) -> Report:
        """Return the report with the end of the run in it, and why it ended so where no verdict says it."""
        return replace(self, ended=ended, exit_status=exit_status, exit_reason=exit_reason)

    @cached_property
    def comparison(self) -> dict[str, Any] | None:
        """Return in what the run differs from the earlier one that the user named, if any."""
        return compare(self.earlier, self._data()) if self.earlier is not None else None

    def to_data(self) -> dict[str, Any]:
        """Return the report as JSON data, in the form of `reports/conformance.schema.json`."""
        return {**self._data(), "comparison": self.comparison}

    def _data(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": __version__,
            "digests": dict(self.digests),
            "target": self.target,
            "bundled": self.is_bundled,
            "verdict": self.verdict.value,
            "exit_status": self.exit_status,
            "exit_reason": self.exit_reason,
            "stopped": self.stopped,
            "size": self.size.value,
            "seed": self.seed,
            "run": self.run,
            "strict": self.strict,
            "started": self.started.isoformat(timespec="milliseconds"),
            "seconds": round((self.ended - self.started).total_seconds(), 3),
            "seconds_waited": round(self.waited, 1),
            "configuration": dict(self.configuration),
            "totals": self.totals(),
            "requests": self.requests,
            "operations": [dict(operation) for operation in self.operations],
            "checked": list(self.checked),
            "created": list(self.created),
            "policies": list(self.policies),
            "drift": [dict(row) for row in self.drift],
            "gateway": {"answered": self.gateway_answers, "of": self.requests_sent},
            "audit": self.audit and self.audit.to_data(),
            "owasp": self._owasp(),
            "deviations": [self.deviation_data(deviation) for deviation in self.deviations],
            "stale_known_failures": list(self.stale),
            "groups": [
                {
                    "cause": group.cause.requirement.id,
                    "follows": [result.requirement.id for result in group.follows],
                    "endangers": group.endangers,
                }
                for group in self.groups
            ],
            "requirements": [self._row(result) for result in self.results],
        }

    def _owasp(self) -> list[dict[str, Any]]:
        """Return the categories of the OWASP list, with the requirements that belong to each."""
        return [
            {
                "category": category.id,
                "title": category.title,
                "href": category.href,
                "requirements": [row.requirement.id for row in self.results if row.requirement.owasp == category.id],
                "unseen": category.unseen,
            }
            for category in CATEGORIES
        ]

    def deviation_data(self, deviation: Deviation) -> dict[str, Any]:
        """Return a status of the target's own choice as JSON data, with how often it came."""
        counts: Mapping[str, int] = next(
            (row["statuses"] for row in self.operations if row["operation"] == deviation.operation), {}
        )
        shown = {name: value for name, value in deviation._asdict().items() if name != "place"}
        return {**shown, "seen": counts.get(str(deviation.status), 0)}

    def _row(self, result: Result) -> dict[str, Any]:
        requirement = result.requirement
        return {
            "id": requirement.id,
            "level": requirement.level,
            "operation": requirement.operation,
            "concern": requirement.concern,
            "statement": requirement.statement,
            "owasp": requirement.owasp,
            "source": requirement.source,
            "sources": [{"label": source.label, "href": source.href} for source in requirement.sources],
            "verdict": result.verdict.value,
            "reason": result.reason.words if result.reason else "",
            "why": result.reason.why.value if result.reason else "",
            "cases": {"decided": result.cases.decided, "planned": result.cases.planned},
            "looks": {"broken": result.times_broken, "of": result.looks},
            "tests": list(result.tests),
            "proven_by": list(self.proofs.get(requirement.id, ())),
            "breaches": [_told(breach, again_line(breach.test, self.given, self.seed)) for breach in result.breaches],
            "more_breaches": result.more_breaches,
            "company": company_note(result),
            "script": f"{SCRIPTS}/{self.scripts[requirement.id].name}" if requirement.id in self.scripts else None,
            "known_failure": result.known and result.known.to_data(),
        }


def build_report(
    run: Run,
    records: Iterable[Record],
    stopped: str | None,
    checked: tuple[str, ...] = (),
) -> Report:
    """Return the report of a run from its records; every requirement has a verdict, or a reason for having none."""
    records = list(records)
    settings = run.settings
    return Report(
        target=run.base_url,
        size=settings.size,
        seed=settings.seed,
        run=run.id,
        strict=settings.strict,
        started=run.started,
        ended=run.started,
        exit_status=0,
        stopped=stopped,
        configuration={name: run.masker.text(value) for name, value in settings.shown().items()},
        operations=_operations(run, records),
        waited=run.client.limits.pacer.waited,
        checked=checked,
        created=tuple(dict.fromkeys(text for record in records for text in record.created)),
        policies=tuple(dict.fromkeys(text for record in records for text in record.policies)),
        gateway_answers=run.client.tally.answered,
        requests_sent=run.client.tally.requests,
        complete=not _missed(run, records) and not run.store.deselected and _covers_all(run),
        results=decided(run, records, stopped),
        given=run.given,
        is_bundled=run.is_bundled,
        proofs=run.proofs,
        drift=tuple(drift(run.history, run.contract)),
        digests=_digests(run),
        known=run.recorder.known,
        deviations=settings.deviations,
    )


def decided(run: Run, records: Sequence[Record], stopped: str | None) -> tuple[Result, ...]:
    """Return what the records of a run come to, by requirement: its verdict, or the reason for having none."""
    halted = Reason(stopped, Why.STOPPED) if stopped else None
    undecided = halted or Reason("no response decided it: what it is about did not come up", Why.NEVER)
    reasons = {name: Reason(words, Why.DESELECTED) for name, words in run.store.deselected.items()}
    for name in _missed(run, records):
        reasons.setdefault(name, halted or Reason("its test did not run", Why.STOPPED))
    for record in records:
        for name in record.requirements:
            reasons.setdefault(name, undecided)
    missing = [name for name in run.contract.operations if name not in run.accepted]
    for row in run.catalogue:
        operation = row.operation if row.operation in run.contract.operations else next(iter(missing), "")
        if operation in missing and row.rule:
            reasons[row.id] = _root(run, records, operation) or reasons.get(row.id, undecided)
    return results(run.catalogue, records, reasons, undecided, run.recorder.known)


def _missed(run: Run, records: Iterable[Record]) -> list[str]:
    """Return the requirements of the tests that were collected and have not run."""
    ran = {record.test for record in records}
    return [name for test, ids in run.store.items.items() if test not in ran for name in ids]


def _digests(run: Run) -> dict[str, str]:
    """Return the SHA-256 of what the document and the catalogue say, which the target was held against."""
    said = {"document": run.contract.document, "catalogue": [file.data for file in run.catalogue.files]}
    texts = {name: json.dumps(value, sort_keys=True, ensure_ascii=False, default=str) for name, value in said.items()}
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}


def _covers_all(run: Run) -> bool:
    """Return whether the tests that were collected decide every requirement that needs a test."""
    named = {name for ids in run.store.items.values() for name in ids}
    return all(row.id in named for row in run.catalogue if row.rule is None and row.not_testable is None)


def _root(run: Run, records: Iterable[Record], operation: str) -> Reason | None:
    """Return why an operation was never carried out, as one of its tests says, or else any test."""
    told = [
        (run.catalogue[name].operation, reason)
        for record in records
        for name, reason in record.not_tested.items()
        if not record.decided[name]
    ]
    gaps = [(owner, reason) for owner, reason in told if reason.why is not Why.NEVER]
    return next((reason for owner, reason in gaps if owner == operation), gaps[0][1] if gaps else None)


def _operations(run: Run, records: Iterable[Record]) -> tuple[dict[str, Any], ...]:
    counts: dict[str, Counter[str]] = {name: Counter() for name in run.contract.operations}
    other: Counter[str] = Counter()
    for record in records:
        for (name, status), number in record.requests.items():
            counts.get(name, other)[str(status or "no response")] += number
    times = response_times(run.history)
    rows: list[dict[str, Any]] = [
        {
            "operation": name,
            "method": run.contract.operations[name].method,
            "path": run.contract.operations[name].path,
            "requests": count.total(),
            "statuses": dict(sorted(count.items())),
            "times": times.get(name),
        }
        for name, count in counts.items()
    ]
    rows.append(
        {
            "operation": "other requests",
            "method": "",
            "path": "",
            "requests": other.total(),
            "statuses": dict(sorted(other.items())),
            "times": times.get(""),
        }
    )
    return tuple(rows)


def _told(breach: Breach, again: str) -> dict[str, Any]:
    data = {name: value for name, value in asdict(breach).items() if name != "refusal"}
    return {**data, "known": bool(breach.known), "again": again}
