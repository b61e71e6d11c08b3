"""`merchant-conformance init`: write a first profile by looking at a target.

The look is a run of a few tests. What it cannot see stands in the profile as a comment.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

FILE: Final = "conformance.yaml"
READS: Final = {"customer": "CUSTOMER-READ-20", "customers": "CUSTOMER-LIST-20", "checkout_session": "CHECKOUT-READ-20"}
"""The optional reads, each with a requirement that is decided where the target offers it."""
_LOOK: Final = " or ".join(["smoke", *(f'requirement(id="{name}")' for name in READS.values())])
_ENDED_WELL: Final = frozenset({0, 1, 8, 9})
_USAGE_ERROR: Final = 4
_SIGN_UP: Final = "signUpEmail"
_WITHHELD: Final = "withheld by the target"
_SECRET: Final = re.compile(r"[^A-Za-z0-9]+")


def initial(words: Sequence[str], run: Callable[[Sequence[str]], int]) -> int:
    """Look at a target with `run`, which carries out the suite, and write its profile; return the exit status.

    Nothing is written where the target cannot be looked at, and no file is written over.
    """
    parser = argparse.ArgumentParser(
        "merchant-conformance init",
        description="Write a profile by looking at a target. Further options are those of a run, such as --ca-bundle.",
        exit_on_error=False,
    )
    parser.add_argument("file", nargs="?", default=FILE, help="the file to write (default: %(default)s)")
    parser.add_argument("--base-url", metavar="URL", help="the address of the target", default="")
    parser.add_argument("--report-dir", metavar="DIR", help="where the reports of the look go", default="reports")
    parser.add_argument("--header", action="append", default=[], metavar="'NAME: VALUE'", help="may be repeated")
    try:
        given, rest = parser.parse_known_args(words)
    except argparse.ArgumentError as error:
        return _refused(str(error))
    if not given.base_url:
        return _refused(f"init looks at a target: {parser.prog} --base-url https://staging.example.com/api")
    file = Path(given.file)
    if file.exists():
        return _refused(f"{file} exists already; name another file: {parser.prog} FILE --base-url URL")
    headers = [word for header in given.header for word in ("--header", header)]
    look = ["-q", "-m", _LOOK, "--report-dir", given.report_dir, "--base-url", given.base_url, *headers, *rest]
    status = run(look)
    if status not in _ENDED_WELL:
        return status
    report = json.loads(Path(given.report_dir, "conformance.json").read_text(encoding="utf-8"))
    file.write_text(profile_text(report, given.base_url, given.header), encoding="utf-8")
    print(f"\nwrote    {file}; read it, and run: merchant-conformance --profile {file}")
    return 0


def _refused(words: str) -> int:
    print(f"ERROR: {words}", file=sys.stderr)
    return _USAGE_ERROR


def profile_text(report: Mapping[str, Any], base_url: str, headers: Iterable[str]) -> str:
    """Return a profile for the target that a report is of."""
    rows = {row["id"]: row for row in report["requirements"]}
    broken = [name for name, row in rows.items() if row["verdict"] == "failed"]
    parts = [
        "# The profile of a target: `merchant-conformance schema profile` prints its JSON Schema.\n"
        f"# Written on {datetime.now(UTC).date()} from a look at the target.",
        f"base_url: {json.dumps(base_url)}",
        _headers(headers),
        _merchants(report, rows.values()),
        _reads(rows),
        _limits(report),
        "# run:\n#   size: gate",
        "# known_failures: known.yaml  # merchant-conformance --profile FILE --write-known-failures known.yaml",
    ]
    if broken:
        parts.append(f"# broken already in what was looked at: {', '.join(broken)}")
    return "\n\n".join(filter(None, parts)) + "\n"


def variable(name: str) -> str:
    """Return the name of an environment variable for a secret, such as X_API_KEY for X-Api-Key."""
    return _SECRET.sub("_", name).strip("_").upper()


def _headers(headers: Iterable[str]) -> str:
    names = [header.partition(":")[0].strip() for header in headers]
    return "\n".join(["headers:", *(f"  {name}: {{env: {variable(name)}}}" for name in names)]) if names else ""


def _merchants(report: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> str:
    accounts = [f"{who}merchant" for who in ("", "second_") if f"{who}merchant_email" in report["configuration"]]
    closed = any(row["operation"] == _SIGN_UP and row["why"] == _WITHHELD for row in rows)
    lines = []
    for who in accounts or ["merchant", "second_merchant"]:
        names = f"{who.upper()}_EMAIL", f"{who.upper()}_PASSWORD"
        lines += [f"  - email: {{env: {names[0]}}}", f"    password: {{env: {names[1]}}}"]
    if accounts:
        return "\n".join(["merchants:", *lines])
    if closed:
        return "\n".join(["# Sign-up is closed: name two accounts that exist.", "merchants:", *lines])
    return "\n".join(
        ["# Sign-up is open, so that no account is needed. Where it is closed:", "# merchants:"]
        + [f"# {line}" for line in lines]
    )


def _reads(rows: Mapping[str, Mapping[str, Any]]) -> str:
    lines = []
    for name, requirement in READS.items():
        row = rows[requirement]
        offered = row["verdict"] != "not tested"
        known = offered or row["why"] == "capability absent"
        lines.append(f"  {name}: {str(offered).lower()}" if known else f"  # {name}: not seen ({row['reason']})")
    if all(line.lstrip().startswith("#") for line in lines):
        return "\n".join(["# reads:", *(f"#{line.replace('# ', '')}" for line in lines)])
    return "\n".join(["# The optional reads that were seen.", "reads:", *lines])


def _limits(report: Mapping[str, Any]) -> str:
    limited = sum(row["statuses"].get("429", 0) for row in report["operations"])
    if limited:
        told = f"# The target limits the rate of requests: {limited} were answered with 429."
        return f"{told}\nlimits:\n  longest_wait: 150"
    return "# limits:\n#   rate_limit: 10/s\n#   timeout: 10"
