"""How many breaches the reports' scripts show again: `python -m tests.suite.reproduction [FAULT…]`.

For each fault a short run is made on a sandbox that has it, or a whole gate where that finds nothing. Each script is
then run twice: with a fresh sandbox that has the fault, and with one that has none. A breach is shown again where the
last response of the first is like the one that the run got, and unlike that of the second; or where the requirement's
own rule is broken by the first alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from conformance.checks.rules import Rules
from conformance.contract.catalogue import Catalogue, load_catalogue
from conformance.contract.document import Contract, load_contract
from conformance.masking import Masker
from conformance.values import MISSING, parse_json
from conformance.wire.exchange import Call, Exchange, Intent, Response
from sandbox.switchboard import FAULTS
from tests.suite.invocation import ROOT, Done, invoke
from tests.suite.recording import Seen, Target, recording_target

_VOLATILE: Final = frozenset({"date", "content-length", "connection", "keep-alive", "transfer-encoding"})
_TOOLS: Final = ("sh", "curl", "sed", "awk", "tr", "cut", "od", "cat", "rm", "mktemp", "head", "tail")
_EVERY: Final = 12
_PATIENCE: Final = 300
_LONGEST_WORD: Final = 12
_LARGEST_NUMBER: Final = 10_000_000


@dataclass(frozen=True)
class Outcome:
    """What became of one script: whether it showed the breach again, or else why not."""

    requirement: str
    shown: bool
    why: str = ""


def short_run(folder: Path, fault: str, *words: str) -> Done:
    """Return a run of the walk, and of the tests of what the fault is made to break, with its reports in a folder."""
    ids = FAULTS[fault].requirements
    tests = " or ".join(["smoke", *(f'requirement(id="{name}")' for name in ids)])
    return gate(folder, fault, "-m", tests, *words)


def gate(folder: Path, fault: str, *words: str) -> Done:
    """Return a run on a sandbox with a fault, with its reports in a folder."""
    return invoke(folder, "--sandbox-fault", fault, "--seed", "7", *words, patience=_PATIENCE)


def outcomes(done: Done, faults: Sequence[str], python: bool = True) -> Iterator[Outcome]:
    """Yield what becomes of each script of a run, with python3 or without it."""
    for row in done.report["requirements"]:
        if not row["breaches"]:
            continue
        if row["script"] is None or row["breaches"][0]["exchange"] is None:
            yield Outcome(row["id"], False, "there is no script, or no exchange to hold its response against")
            continue
        recorded = _recorded(row["breaches"][0]["exchange"])
        wrong = answer_of(done.reports / row["script"], faults, python)
        right = answer_of(done.reports / row["script"], (), python)
        if row["id"] in wrong.broken - right.broken:
            yield Outcome(row["id"], True)
        elif wrong.likeness != recorded:
            yield Outcome(row["id"], False, "the response is another one than the run got")
        elif (wrong.likeness, wrong.details, wrong.origins) == (right.likeness, right.details, right.origins):
            yield Outcome(row["id"], False, "a target without the fault gives a response that looks the same")
        else:
            yield Outcome(row["id"], True)


@dataclass(frozen=True)
class Answer:
    """The last response that a script gets: without what differs each time, with the origins of its values besides.

    An origin is the earlier request or response, and the field, that had the value first. `details` is what the
    responses of two targets to the same requests have in common, though not those of a script and of a longer run: the
    lengths of lists, and numbers. `broken` are the requirements whose rules the response breaks.
    """

    likeness: Any
    details: Any
    origins: Any
    broken: frozenset[str]


def answer_of(script: Path, faults: Sequence[str], python: bool = True) -> Answer:
    """Return the last response that a script gets from a fresh sandbox."""
    with recording_target(faults) as target:
        run_script(script, target, python)
        if not target.seen:
            return Answer(None, None, None, frozenset())
        *earlier, last = target.seen
        body = b"" if last.method == "HEAD" else last.response
        likeness, details = _likeness(last.status, last.came_headers.items(), last.request, body)
        return Answer(likeness, details, _origins(earlier, last), frozenset(_broken(target.seen)))


def _origins(earlier: Iterable[Seen], last: Seen) -> list[tuple[str, Any]]:
    """Return by field of a response where its text stood before, as far as it did."""
    known: dict[str, tuple[int, str]] = {}
    for number, item in enumerate(earlier):
        for path, text in chain(_paths(parse_json(item.request), "sent"), _paths(parse_json(item.response))):
            known.setdefault(text, (number, path))
    return [(path, known[text]) for path, text in _paths(parse_json(last.response)) if text in known]


def _paths(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from _paths(item, f"{path}.{name}")


def _broken(seen: Iterable[Seen]) -> set[str]:
    """Return the requirements whose rules the last of some answers breaks, with what the ones before it told."""
    catalogue, contract = _promised()
    rules = Rules(catalogue, contract)
    by_path = {(known.method, known.path): name for name, known in contract.operations.items()}
    found: set[str] = set()
    for number, item in enumerate(seen, 1):
        token = item.sent_headers.get("authorization", "").rpartition(" ")[2] or None
        operation = by_path.get((item.method, item.path))
        call = Call(item.method, item.path, operation, body=item.request, token=token, intent=Intent.VALID, actor="one")
        response = Response(item.status, tuple(item.came_headers.items()), item.response)
        sent = tuple(item.sent_headers.items())
        exchange = Exchange(number, call, item.path, sent, item.request, item.ended - item.began, response)
        found = {requirement.id for requirement, findings in rules.apply(exchange) if findings}
    return found


@cache
def _promised() -> tuple[Catalogue, Contract]:
    return load_catalogue(ROOT / "openapi" / "requirements"), load_contract(ROOT / "openapi" / "onboarding.yaml")


def run_script(script: Path, target: Target, python: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a script against a target, on a machine without python3 if it is not to have it."""
    with ExitStack() as stack:
        path = os.environ["PATH"]
        if not python:
            path = stack.enter_context(TemporaryDirectory())
            for name in _TOOLS:
                place = next(
                    Path(folder, name) for folder in os.environ["PATH"].split(":") if Path(folder, name).exists()
                )
                Path(path, name).symlink_to(place)
        environment = {"PATH": path, "BASE_URL": target.url}
        return subprocess.run(
            ["sh", str(script)],
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=False,
        )


def _recorded(exchange: dict[str, Any]) -> Any:
    response = exchange["response"]
    if response is None:
        return None
    sent, came = exchange["request"]["body"].encode(), response["body"].encode()
    return _likeness(response["status"], response["headers"], sent, came)[0]


def _likeness(status: int, headers: Iterable[Sequence[str]], request: bytes, response: bytes) -> tuple[Any, Any]:
    """Return what two responses of one kind have in common, and what they have where all before them was the same."""
    names = {name.lower(): value for name, value in headers if name.lower() not in _VOLATILE}
    sent = set(_leaves(Masker().value(parse_json(request))))
    body = Masker().value(parse_json(response))
    if body is MISSING:
        body = "no JSON"
    kinds = names.get("content-type"), names.get("allow")
    return (status, sorted(names), kinds, _like(body, sent, in_all=True)), _like(body, sent)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item)
    elif isinstance(value, str | int):
        yield value


def _like(value: Any, sent: set[Any], *, in_all: bool = False) -> Any:
    """Return a value with what a target makes up replaced by a word for it, and what was sent as such.

    What lists have `in_all` are the kinds of their items, each once; numbers are all alike, and so are metadata.
    """
    if isinstance(value, dict):
        alike = {"metadata": "a record"} if in_all and "metadata" in value else {}
        return {name: _like(item, sent, in_all=in_all) for name, item in sorted(value.items())} | alike
    if isinstance(value, list):
        found = [_like(item, sent, in_all=in_all) for item in value]
        return sorted({repr(item) for item in found}) if in_all else found
    if isinstance(value, str) and value:
        plain = value.isalpha() and len(value) <= _LONGEST_WORD
        return "what was sent" if value in sent else value if plain else "a text"
    if in_all and isinstance(value, int) and not isinstance(value, bool):
        return "a number"
    is_large = isinstance(value, int) and abs(value) > _LARGEST_NUMBER
    return "a number" if is_large else repr(value)


def main(names: Sequence[str]) -> None:
    """Print what becomes of the scripts of some faults, or of every twelfth, and their share."""
    shown = total = faults = any_shown = 0
    for fault in names or list(FAULTS)[::_EVERY]:
        with TemporaryDirectory() as folder:
            runs = (run(Path(folder, run.__name__), fault) for run in (short_run, gate))
            found = next(filter(None, (list(outcomes(done, [fault])) for done in runs)), [])
        good = [item.requirement for item in found if item.shown]
        bad = [f"{item.requirement} ({item.why})" for item in found if not item.shown]
        print(
            f"{fault}: shown again {', '.join(good) or 'nothing'}{'; not ' + '; '.join(bad) if bad else ''}", flush=True
        )
        shown, total = shown + len(good), total + len(found)
        faults, any_shown = faults + bool(found), any_shown + bool(good)
    print(json.dumps({"breaches": total, "shown again": shown, "faults": faults, "faults with one": any_shown}))


if __name__ == "__main__":
    main(sys.argv[1:])
