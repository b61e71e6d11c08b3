"""JUnit: what `junit.xml` says beside its tests, which is the verdict on the run and on each requirement."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Final

from conformance import __version__
from conformance.report.messages import facts, headline
from conformance.report.model import Report
from conformance.results.verdicts import Result, Verdict

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KINDS: Final = {"errors": "error", "failures": "failure", "skipped": "skipped"}
_ENDING: Final = "the run reaches its target and comes to its end"


def add_verdicts(file: Path, report: Report) -> None:
    """Add the properties of a run to a file that pytest has written, and a test case for each requirement.

    A broken MUST is a failure; what fails no run, a broken SHOULD and a known failure, is skipped with its reason, and
    so is what was not tested. A run that did not come to its end is an error.
    """
    root = ET.parse(file).getroot()
    for suite in root.iter("testsuite"):
        suite.insert(0, _properties(report))
    root.append(_suite("run", [_ending(report)], report))
    cases = [requirement_case(result, is_failure=result in report.broken) for result in report.results]
    root.append(_suite("requirements", cases, report))
    file.write_bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _properties(report: Report) -> ET.Element:
    element = ET.Element("properties")
    for name, value in run_facts(report).items():
        ET.SubElement(element, "property", name=name, value=_clean(value))
    return element


def run_facts(report: Report) -> dict[str, str]:
    """Return what a reader of any report wants to know of a run first, by name."""
    return {
        "conformance": __version__,
        "verdict": report.verdict.value,
        "target": report.target,
        "size": report.size.value,
        "seed": str(report.seed),
        "run": report.run,
        "strict": str(report.strict).lower(),
        "exit_status": str(report.exit_status),
        "requirements_tested": f"{report.decided} of {len(report.results)}",
        **({"exit_reason": report.exit_reason} if report.exit_reason else {}),
        **({"stopped": report.stopped} if report.stopped else {}),
    }


def _suite(name: str, cases: list[ET.Element], report: Report) -> ET.Element:
    counts = {kind: sum(case.find(tag) is not None for case in cases) for kind, tag in _KINDS.items()}
    attributes = {"name": name, "tests": str(len(cases)), **{kind: str(number) for kind, number in counts.items()}}
    suite = ET.Element("testsuite", {**attributes, "time": "0", "timestamp": report.started.isoformat()})
    suite.append(_properties(report))
    suite.extend(cases)
    return suite


def _ending(report: Report) -> ET.Element:
    case = ET.Element("testcase", classname="run", name=_ENDING, time="0")
    if not report.finished_well:
        words = report.stopped or f"it ended with status {report.exit_status}"
        ET.SubElement(case, "error", message=_clean(words), type="not finished")
    elif report.exit_reason:
        ET.SubElement(case, "error", message=_clean(report.exit_reason), type=f"exit status {report.exit_status}")
    return case


def requirement_case(result: Result, *, is_failure: bool) -> ET.Element:
    """Return the test case of a requirement, which fails where its verdict fails the run."""
    requirement = result.requirement
    case = ET.Element(
        "testcase",
        classname=f"requirements.{requirement.operation}",
        name=_clean(headline(requirement)),
        time="0",
    )
    told = "\n".join(line for breach in result.breaches[:1] for line in facts(breach))
    if is_failure:
        _put(case, "failure", requirement.level, headline(requirement), told)
    elif result.verdict is Verdict.WARNED:
        _put(case, "skipped", "warning", f"warning (SHOULD): {headline(requirement)}", told)
    elif result.verdict is Verdict.KNOWN:
        reason = result.known.reason if result.known else ""
        _put(case, "skipped", "known failure", f"known failure: {reason}", told)
    elif result.verdict is Verdict.NOT_TESTED:
        _put(case, "skipped", "not tested", f"not tested: {result.reason.words if result.reason else ''}", "")
    return case


def _put(case: ET.Element, tag: str, kind: str, message: str, text: str) -> None:
    ET.SubElement(case, tag, type=kind, message=_clean(message)).text = _clean(text)


def _clean(text: str) -> str:
    """Return a text without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
