"""The HTML report: one self-contained page for the owner of an API, who need not know the suite."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemBytecodeCache, PackageLoader, StrictUndefined
from markupsafe import Markup

from conformance.contract.catalogue import CONCERNS
from conformance.report.marking import in_one_line, laid_out
from conformance.report.messages import UNFINISHED, stopped_words

Row = Mapping[str, Any]

LONGEST_TEXT: Final = 16_384
EVIDENCE_SHOWN: Final = 3
VERDICTS: Final = ("failed", "warned", "known failure", "not tested", "passed")
SYMBOLS: Final = {"failed": "✗", "warned": "!", "known failure": "△", "not tested": "–", "passed": "✓"}
_RUN_SYMBOLS: Final = {
    "conformant": "✓",
    "no breach found": "○",
    "known failures": "△",
    "not conformant": "✗",
    "not finished": "?",
}
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
_WORD: Final = re.compile(r"\w+")
_TICKS: Final = re.compile("`([^`]+)`")
_CUT_BODY: Final = re.compile(r"… \(\d+ bytes\)'?$")


@dataclass(frozen=True)
class Group:
    """The requirements of one operation, or of one concern within it."""

    name: str
    anchor: str
    rows: tuple[Row, ...]
    parts: tuple[Group, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        return _counts(self.rows)

    def part(self, name: str) -> Group | None:
        return next((part for part in self.parts if part.name == name), None)


@dataclass(frozen=True)
class Broken:
    """A broken requirement: the breaches that are shown, and how many more there were, some of them in the data."""

    row: Row
    shown: tuple[Row, ...]
    more: int
    kept: int


@dataclass(frozen=True)
class Cause:
    """A broken requirement, those that likely follow from it, and the worst that they endanger."""

    broken: Broken
    follows: tuple[Broken, ...]
    endangers: str

    @property
    def size(self) -> int:
        """Return how many requirements are broken by it."""
        return 1 + len(self.follows)


def render_html(data: dict[str, Any], pages: str | None = None) -> str:
    """Return a run's data (`Report.to_data`) as a page that needs no other file, no network and no script.

    `pages` is where the project's own pages are read (`../`, or an https address), for the links to them; without it
    such a source is named and not linked.

    Whatever came from the target is text in it: escaped, bounded, and with its invisible characters made visible.
    """
    return environment().get_template("report.html").render(_view(data, pages))


def render_begun(data: dict[str, Any]) -> str:
    """Return the page of a run that has decided nothing yet, from its data as `render_html` takes them."""
    return environment().get_template("begun.html").render(run=data, symbol=_RUN_SYMBOLS[data["verdict"]])


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the environment of the templates, each compiled when it is first used, or taken as it was compiled."""
    made = Environment(
        loader=PackageLoader("conformance.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_presentable,
        bytecode_cache=_compiled_templates(),
    )
    made.globals["unfinished"] = UNFINISHED
    made.filters |= {
        "count": _count,
        "stopped": stopped_words,
        "span": _span,
        "moment": _moment,
        "slug": _slug,
        "marked": _marked,
        "placed": in_one_line,
        "ticks": _ticks,
        "verbatim": _verbatim,
        "copyable": _copyable,
    }
    script, style = _asset("report.js"), _asset("report.css")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    made.globals |= {
        "symbols": SYMBOLS,
        "verdicts": VERDICTS,
        "script": Markup(script),
        "style": Markup(style),
        "script_hash": Markup(digest),
    }
    return made


def _compiled_templates() -> FileSystemBytecodeCache | None:
    """Return where compiled templates are kept, beside them as Python keeps its modules; None where it keeps none."""
    folder = Path(str(files("conformance.report"))) / "templates" / "__pycache__"
    if sys.dont_write_bytecode:
        return None
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
    return FileSystemBytecodeCache(str(folder)) if os.access(folder, os.W_OK) else None


def _asset(name: str) -> str:
    return (files("conformance.report") / "templates" / name).read_text(encoding="utf-8").strip()


def _view(data: Mapping[str, Any], pages: str | None) -> dict[str, Any]:
    rows: list[Row] = data["requirements"]
    numbers = {test: number for number, test in enumerate(dict.fromkeys(t for row in rows for t in row["tests"]), 1)}
    concerns = _ordered(CONCERNS, (row["concern"] for row in rows))
    groups = _groups(rows, [operation["operation"] for operation in data["operations"]], concerns)
    causes = _causes(data["groups"], {row["id"]: row for row in rows})
    return {
        "run": data,
        "symbol": _RUN_SYMBOLS[data["verdict"]],
        "sentence": _sentence(data),
        "counts": _counts(rows),
        "routes": {row["operation"]: f"{row['method']} {row['path']}".strip() for row in data["operations"]},
        "failed": [cause for cause in causes if cause.broken.row["verdict"] == "failed"],
        "warned": [cause for cause in causes if cause.broken.row["verdict"] == "warned"],
        "known": [Cause(_broken(row), (), row["concern"]) for row in rows if row["verdict"] == "known failure"],
        "together": _broken_together(rows),
        "groups": groups,
        "tallied": _counts,
        "concerns": [concern for concern in concerns if any(group.part(concern) for group in groups)],
        "reasons": _by_reason(rows),
        "owasp": _by_category(data["owasp"], rows),
        "created": _by_kind(data["created"]),
        "numbers": numbers,
        "files": _by_file(numbers),
        "deciding": Counter(test for row in rows for test in row["tests"]),
        "link_to": lambda href: _link(href, pages),
        "ranges": lambda tests: _ranges(numbers[test] for test in tests),
    }


def _link(href: str, pages: str | None) -> str | None:
    if href.startswith("https://"):
        return href
    return None if pages is None else pages + href


def _sentence(data: Mapping[str, Any]) -> str:
    must, should = data["totals"]["MUST"], data["totals"]["SHOULD"]
    untested = must["not tested"] + should["not tested"]
    warnings = f"{_count(should['warned'], 'SHOULD requirement')} {'is' if should['warned'] == 1 else 'are'} not kept"
    failures = f"{_count(must['failed'], 'MUST requirement')} {'is' if must['failed'] == 1 else 'are'} broken"
    stopped = (data["stopped"] or f"it ended with status {data['exit_status']}").rstrip(".")
    first = {
        "conformant": f"Every MUST requirement that this target can show was tested and is kept ({must['passed']}).",
        "no breach found": f"No breach was found, but only {must['passed']} of {sum(must.values())} MUST requirements "
        "were tested.",
        "known failures": f"No requirement is broken beyond the known failures ({_known(data)}), each of which has its "
        "reason, its owner and its last day below.",
        "not conformant": f"{failures}." if must["failed"] else f"Every MUST that was tested is kept, but {warnings}.",
        "not finished": f"{stopped_words(stopped)} No breach was found until then.",
    }[data["verdict"]]
    strict = " In this strict run that counts as a failure." if data["strict"] else ""
    second = f" {warnings[0].upper()}{warnings[1:]}.{strict}" if should["warned"] and must["failed"] else ""
    if should["warned"] and not must["failed"]:
        second = strict if data["verdict"] == "not conformant" else f" {warnings[0].upper()}{warnings[1:]} (a warning)."
    third = f" {_count(untested, 'requirement')} {'was' if untested == 1 else 'were'} not tested, each for a reason."
    third = third if untested else ""
    beside = data["verdict"] == "not conformant" and _known(data)
    fourth = f" Beside that, {_count(beside, 'known failure')} {'holds' if beside == 1 else 'hold'}." if beside else ""
    return first + second + third + fourth


def _known(data: Mapping[str, Any]) -> int:
    return sum(counts["known failure"] for counts in data["totals"].values())


def _counts(rows: Iterable[Row]) -> dict[str, int]:
    found = Counter(row["verdict"] for row in rows)
    return {verdict: found[verdict] for verdict in VERDICTS if found[verdict]}


def _ordered(known: Iterable[str], found: Iterable[str]) -> list[str]:
    present = dict.fromkeys(found)
    return [*(name for name in known if name in present), *(name for name in present if name not in set(known))]


def _groups(rows: list[Row], operations: list[str], concerns: list[str]) -> list[Group]:
    named = _ordered(operations, (row["operation"] for row in rows))
    return [_group(name, [row for row in rows if row["operation"] == name], concerns) for name in named]


def _group(operation: str, rows: list[Row], concerns: list[str]) -> Group:
    anchor = f"at-{_slug(operation)}"
    by_concern = {name: tuple(row for row in rows if row["concern"] == name) for name in concerns}
    parts = tuple(Group(name, f"{anchor}-{_slug(name)}", kept) for name, kept in by_concern.items() if kept)
    return Group(operation, anchor, tuple(rows), parts)


def _broken(row: Row) -> Broken:
    different: dict[str, Row] = {}
    for breach in row["breaches"]:
        different.setdefault(_form(f"{breach['expected'][:LONGEST_TEXT]}\n{breach['got'][:LONGEST_TEXT]}"), breach)
    shown = tuple(different.values())[:EVIDENCE_SHOWN]
    kept = len(row["breaches"]) - len(shown)
    return Broken(row, shown, kept + row["more_breaches"], kept)


def _causes(groups: Iterable[Row], rows: Mapping[str, Row]) -> list[Cause]:
    return [
        Cause(
            _broken(rows[group["cause"]]), tuple(_broken(rows[name]) for name in group["follows"]), group["endangers"]
        )
        for group in groups
    ]


def _form(text: str) -> str:
    """Return a text without long words and words with a digit, such as ids and times, which always differ."""
    return _WORD.sub(lambda word: "" if len(word[0]) > 15 or any(map(str.isdigit, word[0])) else word[0], text)


def _broken_together(rows: Iterable[Row]) -> dict[tuple[str, int], list[str]]:
    """Return the ids that each single response breaks: breaches of several requirements are often one defect."""
    found: dict[tuple[str, int], dict[str, None]] = {}
    for row in rows:
        for breach in row["breaches"]:
            if breach["exchange"] is not None:
                found.setdefault((breach["test"], breach["exchange"]["number"]), {})[row["id"]] = None
    return {exchange: list(ids) for exchange, ids in found.items()}


def _by_reason(rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    reasons: dict[str, list[Row]] = {}
    for row in rows:
        if row["verdict"] == "not tested":
            reasons.setdefault(row["reason"], []).append(row)
    return sorted(reasons.items(), key=lambda item: -len(item[1]))


def _by_category(categories: Iterable[Row], rows: Iterable[Row]) -> list[tuple[Row, list[Row]]]:
    """Return each category of the OWASP list with the rows that belong to it."""
    by_id = {row["id"]: row for row in rows}
    return [(category, [by_id[name] for name in category["requirements"]]) for category in categories]


def _by_kind(created: Iterable[str]) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {}
    for text in created:
        kind, _, name = text.partition(" ")
        kinds.setdefault(kind, []).append(name)
    return kinds


def _by_file(numbers: Mapping[str, int]) -> dict[str, list[tuple[int, str, str]]]:
    found: dict[str, list[tuple[int, str, str]]] = {}
    for test, number in numbers.items():
        file, _, name = test.partition("::")
        found.setdefault(file, []).append((number, name or test, test))
    return found


def _ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Return numbers as ranges of first and last, so that fifty tests take a few words."""
    runs = groupby(enumerate(sorted(numbers)), key=lambda pair: pair[1] - pair[0])
    return [(run[0][1], run[-1][1]) for run in (list(pairs) for _, pairs in runs)]


def _presentable(value: object) -> object:
    """Return a text for the page: bounded, with invisible characters as code points."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    if len(value) <= LONGEST_TEXT and value.isascii() and value.isprintable():
        return value
    if len(value) > LONGEST_TEXT:
        value = f"{value[:LONGEST_TEXT]} … ({len(value) - LONGEST_TEXT} characters more)"
    return _UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", value)


def _verbatim(text: str) -> Markup:
    """Return a text to be copied as it is: escaped, with its invisible characters."""
    return Markup.escape(text.encode("utf-8", "backslashreplace").decode("utf-8"))


def _ticks(text: str) -> Markup:
    """Return a sentence of the catalogue escaped, with what stands between backticks as code."""
    return Markup(_TICKS.sub(r"<code>\1</code>", str(Markup.escape(_presentable(text)))))


def _copyable(line: str) -> str:
    """Return how a line for a shell can be copied: `shown` where the page has it as it is, `hidden` where it shows code
    points in place of characters, and `no` where it is not the whole request."""
    if len(line) > LONGEST_TEXT or _CUT_BODY.search(line):
        return "no"
    return "hidden" if _UNSEEN.search(line) else "shown"


def _marked(body: str, place: str) -> Markup:
    """Return a body laid out, with the place of a breach in it marked."""
    before, found, after = (Markup.escape(_presentable(part)) for part in laid_out(body, place))
    return before + (Markup("<mark>") + found + Markup("</mark>") if found else "") + after


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}".replace(",", " ")


def _span(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds else "0 s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    return moment.strftime("%d %B %Y, %H:%M:%S ").lstrip("0") + (moment.tzname() or "")


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")
