"""The report on a page for a pipeline: a summary in Markdown, annotations for GitHub, a badge; all from its data."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from conformance.report.messages import deviation_words

_BROKEN_SHOWN: Final = 20
_ANNOTATED: Final = 10
_LONGEST: Final = 300
_LABEL: Final = "conformance"
_COLOURS: Final = {
    "conformant": "brightgreen",
    "no breach found": "yellow",
    "known failures": "yellow",
    "not conformant": "red",
}
_HEX: Final = {"brightgreen": "#3b7d0c", "yellow": "#8a6d00", "red": "#b3261e", "lightgrey": "#595959"}
_CHARACTER: Final = 6.6
_MARKS: Final = re.compile(r"([\\`*_\[\]#|@~!-])")


def render_summary(data: Mapping[str, Any]) -> str:
    """Return the summary of a run in Markdown: its verdict by level, what is broken, and what was left out."""
    lines = [
        f"# Conformance: {data['verdict']}",
        "",
        f"{_plain(data['target'] or 'the bundled sandbox')}, {data['size']}, {data['started'][:10]}, "
        f"seed {data['seed']}, run {data['run']}",
        "",
    ]
    if data["stopped"]:
        lines += [f"**Stopped:** {_plain(data['stopped'])}", ""]
    if data["exit_reason"]:
        lines += [f"**Exit status {data['exit_status']}:** {_plain(data['exit_reason'])}", ""]
    lines += [*_levels(data["totals"]), ""]
    for title, verdict in (("Broken (MUST)", "failed"), ("Warnings (SHOULD)", "warned")):
        lines += _breaches(title, [row for row in data["requirements"] if row["verdict"] == verdict])
    lines += _known([row for row in data["requirements"] if row["verdict"] == "known failure"])
    if data["stale_known_failures"]:
        words = map(_plain, data["stale_known_failures"])
        lines += ["## Known failures that no longer fit", "", *(f"- {sentence}" for sentence in words), ""]
    lines += _left_out(data["requirements"])
    if data["policies"]:
        lines += ["## Policies seen", "", *(f"- {_plain(policy)}" for policy in data["policies"]), ""]
    if data["deviations"]:
        lines += ["## Declared deviations", "", *(f"- {_plain(_deviation(row))}" for row in data["deviations"]), ""]
    return "\n".join([*lines, _foot(data), ""])


def _levels(totals: Mapping[str, Mapping[str, int]]) -> list[str]:
    verdicts = list(dict.fromkeys(verdict for counts in totals.values() for verdict in counts))
    lines = [f"| level | {' | '.join(verdicts)} |", f"|---|{'---:|' * len(verdicts)}"]
    for level, counts in totals.items():
        lines.append(f"| {level} | {' | '.join(str(counts.get(verdict, '')) for verdict in verdicts)} |")
    return lines


def _breaches(title: str, rows: list[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return []
    lines = [f"## {title}", "", "| requirement | operation | it says | expected | got |", "|---|---|---|---|---|"]
    for row in rows[:_BROKEN_SHOWN]:
        first = row["breaches"][0]
        cells = (row["operation"], row["statement"])
        words = " | ".join(map(_plain, cells))
        lines.append(f"| {row['id']} | {words} | {_code(first['expected'])} | {_code(first['got'])} |")
    left = len(rows) - _BROKEN_SHOWN
    return [*lines, *(["", f"and {left} more"] if left > 0 else []), ""]


def _known(rows: list[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return []
    lines = [
        "## Known failures",
        "",
        "| requirement | operation | reason | owner | until | got |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows[:_BROKEN_SHOWN]:
        entry = row["known_failure"]
        owner = ", ".join(filter(None, (entry["owner"], entry["link"])))
        words = " | ".join(map(_plain, (row["operation"], entry["reason"], owner, entry["expires"])))
        lines.append(f"| {row['id']} | {words} | {_code(row['breaches'][0]['got'])} |")
    left = len(rows) - _BROKEN_SHOWN
    return [*lines, *(["", f"and {left} more"] if left > 0 else []), ""]


def _deviation(row: Mapping[str, Any]) -> str:
    return f"{deviation_words(row)}: {row['reason']}"


def _left_out(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    counts = Counter(row["why"] for row in rows if row["verdict"] == "not tested")
    if not counts:
        return []
    lines = ["## Not tested", "", "| why | requirements |", "|---|---:|"]
    return [*lines, *(f"| {_plain(why)} | {number} |" for why, number in counts.most_common()), ""]


def _foot(data: Mapping[str, Any]) -> str:
    version = f"suite {data['version']}, "
    catalogue = f"catalogue {data['digests']['catalogue'][:12]} of {len(data['requirements'])} requirements"
    requests = f"{data['requests']} requests in {data['seconds']:.0f} s"
    return f"{version}{catalogue}, {requests}, exit status {data['exit_status']}"


def _plain(text: str) -> str:
    """Return a text in which Markdown and HTML mean nothing, on one line."""
    return _MARKS.sub(r"\\\1", html.escape(_short(text), quote=False))


def _code(text: str) -> str:
    return f"<code>{html.escape(_short(text), quote=False).replace('|', '&#124;')}</code>"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …"


def github_annotations(data: Mapping[str, Any]) -> list[str]:
    """Return the workflow commands by which GitHub shows what is broken beside a run; it shows ten of each kind."""
    lines = []
    if data["stopped"]:
        lines.append(_command("error", f"conformance: {data['verdict']}", data["stopped"]))
    if data["exit_reason"]:
        lines.append(_command("error", f"conformance: exit status {data['exit_status']}", data["exit_reason"]))
    stale = data["stale_known_failures"][:_ANNOTATED]
    lines += [_command("error", "a known failure that no longer fits", sentence) for sentence in stale]
    for kind, verdict in (("error", "failed"), ("warning", "warned")):
        rows = [row for row in data["requirements"] if row["verdict"] == verdict]
        for row in rows[:_ANNOTATED]:
            first = row["breaches"][0]
            words = f"{row['statement']} Expected {_short(first['expected'])}; got {_short(first['got'])}"
            lines.append(_command(kind, f"{row['id']} ({row['operation']})", words))
    return lines


def _command(kind: str, title: str, words: str) -> str:
    name = _escaped(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{kind} title={name}::{_escaped(words)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def badge_endpoint(data: Mapping[str, Any]) -> str:
    """Return what shields.io reads of an endpoint, https://shields.io/badges/endpoint-badge, as JSON."""
    message, colour = _message(data)
    return json.dumps({"schemaVersion": 1, "label": _LABEL, "message": message, "color": colour}, indent=1) + "\n"


def badge_svg(data: Mapping[str, Any]) -> str:
    """Return the badge as a picture that needs no other server."""
    message, colour = _message(data)
    left, right = (round(len(text) * _CHARACTER + 12) for text in (_LABEL, message))
    words = f"{_LABEL}: {message}"
    texts = "".join(
        f'<text x="{x}" y="14" textLength="{width - 12}">{html.escape(text)}</text>'
        for text, x, width in ((_LABEL, 6, left), (message, left + 6, right))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{words}">'
        f"<title>{words}</title>"
        f'<rect width="{left}" height="20" fill="#444"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{_HEX[colour]}"/>'
        f'<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">{texts}</g></svg>\n'
    )


def _message(data: Mapping[str, Any]) -> tuple[str, str]:
    verdict = data["verdict"]
    broken = sum(counts.get("failed", 0) for counts in data["totals"].values())
    message = f"{broken} broken" if verdict == "not conformant" and broken else verdict
    return message, _COLOURS.get(verdict, "lightgrey")
