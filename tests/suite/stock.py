"""`python -m tests.suite.stock [FAULT…]` measures what stock schemathesis finds on the same faults, or on those named.

Its command line runs against a sandbox for every fault, with all checks, a token of a merchant with an active
organization handed to it, and a fixed seed. A fault counts as found where the run reports a kind of failure at an
operation that it does not report on the faultless reference. The results go to `docs/stock-schemathesis.json`.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import httpx

from sandbox.switchboard import FAULTS
from tests.suite.detection import ROOT, Case, sandbox
from tests.suite.detection_page import STOCK

MAX_EXAMPLES: Final = 5
ROUNDS: Final = 3


def main(named: Sequence[str]) -> None:
    """Measures the reference several times, for what is reported without a fault, then every fault once.

    Where faults are named, only they and the reference are measured; what is known of the others stays.
    """
    started = time.monotonic()
    known = json.loads(STOCK.read_text(encoding="utf-8")) if named else {"reference": [], "faults": {}}
    cases = [Case()] * ROUNDS + [Case(faults=(name,)) for name in named or FAULTS]
    context = multiprocessing.get_context("fork")
    reference = set(known["reference"])
    faults: dict[str, list[str]] = known["faults"]
    with context.Pool(os.cpu_count(), maxtasksperchild=1) as pool:
        for number, (case, found) in enumerate(pool.imap(findings, enumerate(cases), chunksize=1), 1):
            if case.faults:
                faults[case.id] = sorted(set(found) - reference)
            else:
                reference |= set(found)
            print(f"{number}/{len(cases)} {time.monotonic() - started:.0f} s {case.id}: {found}", flush=True)
    faults = {name: sorted(set(found) - reference) for name, found in faults.items()}
    data = {"max_examples": MAX_EXAMPLES, "reference": sorted(reference), "faults": dict(sorted(faults.items()))}
    STOCK.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def findings(numbered: tuple[int, Case]) -> tuple[Case, list[str]]:
    """One run of the command line: returns the kinds of failure and the operations at which it reports them."""
    number, case = numbered
    with tempfile.TemporaryDirectory() as folder, sandbox(case) as url:
        report = Path(folder, "report.json")
        words = ["run", "openapi/onboarding.yaml", "-u", url, "-H", f"Authorization: Bearer {token(url)}"]
        words += ["--checks", "all", "--max-examples", str(MAX_EXAMPLES), "--seed", str(number % ROUNDS + 1)]
        words += ["--no-color", "--report-json-path", str(report), "--request-timeout", "5"]
        schemathesis = Path(sys.executable).with_name("schemathesis")
        subprocess.run([schemathesis, *words], cwd=ROOT, capture_output=True, check=False, timeout=300)
        data: dict[str, Any] = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {"failures": []}
    return case, sorted({f"{item['title']} at {name}" for item in data["failures"] for name in _operations(item)})


def _operations(item: dict[str, Any]) -> list[str]:
    return [operation if isinstance(operation, str) else operation["label"] for operation in item["operations"]]


def token(url: str) -> str:
    """A merchant with an active organization: returns the token, or a word where the fault lets none be made."""
    account = {"email": "stock@example.com", "password": "Stock-Password-1"}
    try:
        with httpx.Client(base_url=url, trust_env=False) as client:
            client.post("/authentication/sign-up/email", json={"name": "Stock", **account})
            response = client.post("/authentication/sign-in/email", json=account)
            token = response.headers.get("set-auth-token") or response.json()["token"]
            headers = {"Authorization": f"Bearer {token}"}
            body = {"name": "Stock", "slug": "stock"}
            made = client.post("/authentication/organization/create", json=body, headers=headers).json()
            chosen = {"organizationId": made["id"]}
            client.post("/authentication/organization/set-active", json=chosen, headers=headers)
            return str(token)
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return "none"


if __name__ == "__main__":
    main(sys.argv[1:])
