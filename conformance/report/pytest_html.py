"""pytest-html: what `report.html` says above its table, which is the target, the verdict and what is broken."""

from __future__ import annotations

from html import escape

from conformance.report.messages import stopped_words, title
from conformance.report.model import Report


def page_title(target: str) -> str:
    """Return the title of the page, which is known before there is a verdict."""
    return f"API conformance of {target}, test by test" if target else "API conformance, test by test"


def summary(report: Report) -> list[str]:
    """Return paragraphs for the top of the page, escaped: the verdict in a sentence, and each cause in one."""
    decided = f"{report.decided} of {len(report.results)} requirements were tested"
    lines = [f"<p><b>{escape(report.verdict.capitalize())}</b>: {escape(report.target)}. {decided}.</p>"]
    if report.stopped:
        lines.append(f"<p>{escape(stopped_words(report.stopped))}</p>")
    if report.exit_reason:
        lines.append(f"<p>Exit status {report.exit_status}: {escape(report.exit_reason)}.</p>")
    if report.groups:
        told = "".join(f"<li>{escape(title(group.cause.requirement))}</li>" for group in report.groups)
        lines.append(f"<p>What is broken, the worst first:</p><ol>{told}</ol>")
    lines.append(
        f"<p>Size {report.size}, seed {report.seed}, run {report.run}. "
        'The requirements and their evidence are in <a href="conformance.html">conformance.html</a>.</p>'
    )
    return lines
