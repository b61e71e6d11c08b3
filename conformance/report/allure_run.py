"""What Allure shows of the run as a whole: its environment, who ran it, and the kinds of results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from conformance.report.junit import run_facts
from conformance.report.model import Report

WARNING: Final = "warning (SHOULD): "
CATEGORIES: Final = (
    {"name": "Broken requirements", "matchedStatuses": ["failed"]},
    {
        "name": "Warnings: a SHOULD is not kept",
        "messageRegex": r"warning \(SHOULD\): [\s\S]*",
        "matchedStatuses": ["passed"],
    },
    {"name": "Known failures", "messageRegex": r"[\s\S]*known failure [\s\S]*", "matchedStatuses": ["skipped"]},
    {"name": "Not tested", "messageRegex": r"[\s\S]*not tested: [\s\S]*", "matchedStatuses": ["skipped"]},
    {"name": "The suite itself failed", "matchedStatuses": ["broken"]},
)


def write_run(report: Report, folder: Path, reports: Path) -> None:
    """Write the environment, the executor and the categories of a run beside its results.

    Allure 3 reads name and categories from a configuration of its own, which goes into the folder of the reports.
    """
    lines = [f"{name}={_escaped(value)}" for name, value in run_facts(report).items()]
    _write(folder / "environment.properties", "\n".join(lines) + "\n")
    executor = {
        "name": "API conformance suite",
        "type": "conformance",
        "buildName": f"run {report.run}, seed {report.seed}",
        "reportName": f"{report.verdict.capitalize()}: {report.target}",
    }
    _write(folder / "executor.json", json.dumps(executor, ensure_ascii=False, indent=1) + "\n")
    _write(folder / "categories.json", json.dumps(CATEGORIES, ensure_ascii=False, indent=1) + "\n")
    third = {"name": executor["reportName"], "categories": CATEGORIES}
    _write(reports / "allurerc.json", json.dumps(third, ensure_ascii=False, indent=1) + "\n")


def _escaped(value: str) -> str:
    """Return a value as a line of a properties file holds it: one line, in ASCII."""
    text = " ".join(value.split()).replace("\\", "\\\\")
    return "".join(letter if letter.isascii() else f"\\u{ord(letter):04x}" for letter in text if ord(letter) < 0x10000)


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
