"""`python -m tests.suite.reference_pages` writes the pages that list the options and the requirements."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from posixpath import relpath
from typing import Final

from conformance.contract.catalogue import Catalogue, Requirement, load_catalogue
from conformance.contract.sources import Source
from conformance.generate.used import ids_of
from conformance.plugin.options import OPTIONS, QUESTIONS, Option
from conformance.plugin.questions import Scenario, scenarios
from tests.suite.detection import ROOT

OPTIONS_PAGE: Final = ROOT / "docs" / "options.md"
CATALOGUE_PAGE: Final = ROOT / "docs" / "catalogue.md"
_MADE: Final = "Made by `python -m tests.suite.reference_pages`."
_OPTIONS_HEAD: Final = f"""# Options

Each is an option of `merchant-conformance`, and of `pytest` in a checkout; an entry of a [profile](profile.md); an ini
key (`conformance_size = smoke`); and an environment variable, in that order of precedence. Flags are set by `1`,
`true`, `yes` or `on`. What may be repeated stands in a variable on a line each. {_MADE}

`--base-url URL` names the target (ini key `base_url`, variable `PYTEST_BASE_URL`); without it the bundled sandbox is
the target. pytest's own options hold as well: `-k` and `-m` select, `-n 8` spreads the tests over processes, `-x` stops
at the first failure. A line to run a test again leaves out headers and passwords: keep those in the environment.

## Of a run

| option | variable | what it does | default |
|---|---|---|---|
"""
_QUESTIONS_HEAD: Final = """
## Questions

They need no target.

| option | what it does |
|---|---|
"""
_CATALOGUE_HEAD: Final = f"""# The catalogue

All requirements that a target is held to, by operation. `merchant-conformance --explain ID` says more of one, and
`merchant-conformance --list-requirements WORDS` finds some. How a fact becomes a requirement is in
[how it decides](deciding.md), what proves each in [what it catches](detection.md). {_MADE}
"""


def options_page() -> str:
    """Return the page on the options as Markdown."""
    rows = [_option(option) for option in OPTIONS]
    asked = [f"| `--{name} {metavar}` | {words} |" for name, (metavar, words) in QUESTIONS.items()]
    return _OPTIONS_HEAD + "\n".join(rows) + "\n" + _QUESTIONS_HEAD + "\n".join(asked) + "\n"


def _option(option: Option) -> str:
    written = f"--{option.name}" if option.flag else f"--{option.name} {option.metavar}"
    default = "" if option.default in (None, (), False, "") else f"`{option.default}`"
    more = "; may be repeated" if option.several and "repeated" not in option.help else ""
    anchor = f'<a id="{option.name}"></a>'
    return f"| {anchor}`{written}` | `{option.variable}` | {option.help}{more} | {default} |"


def catalogue_page(catalogue: Catalogue, known: list[Scenario]) -> str:
    """Return the page on the requirements as Markdown, each with an anchor of its own: its id in small letters."""
    operations = list(dict.fromkeys(row.operation for row in catalogue))
    counts = [f"[{name}](#{name.lower()}) ({sum(row.operation == name for row in catalogue)})" for name in operations]
    lines = [_CATALOGUE_HEAD, f"{len(catalogue)} requirements: {', '.join(counts)}.", ""]
    for name in operations:
        lines += [
            f"## {name}",
            "",
            "| requirement | level | statement | source | decided by |",
            "|---|---|---|---|---|",
        ]
        lines += [_requirement(row, catalogue, known) for row in catalogue if row.operation == name]
        lines.append("")
    return "\n".join(lines)


def _requirement(row: Requirement, catalogue: Catalogue, known: list[Scenario]) -> str:
    sources = ", ".join(map(_source, row.sources))
    decided = "; ".join(_deciders(row, catalogue, known))
    anchor = f'<a id="{row.id.lower()}"></a>'
    cells = (f"{anchor}{row.id}", row.level, row.statement.replace("|", "\\|"), sources, decided.replace("|", "\\|"))
    return f"| {' | '.join(cells)} |"


def _source(source: Source) -> str:
    if source.href.startswith("https://"):
        return f"[{source.label}]({source.href})"
    path, _, part = source.href.partition("#")
    there = f"#{part}" if PurePosixPath(path).suffix == ".md" else ""
    return f"[{source.label.removeprefix('docs/')}]({relpath(path, 'docs')}{there})"


def _deciders(row: Requirement, catalogue: Catalogue, known: list[Scenario]) -> Iterator[str]:
    if row.not_testable:
        yield f"nobody: {row.not_testable}"
    if row.rule:
        yield f"check {', '.join(f'`{kind}`' for kind in row.rule)}"
    if row.refuses is not None or row.survives is not None:
        yield "table of requests"
    files = dict.fromkeys(scenario.place.partition(",")[0] for scenario in known if row.id in scenario.ids)
    for file in files:
        yield f"[{PurePosixPath(file).name}](../{file})"
    if row.id in ids_of(catalogue, row.operation):
        yield "schemathesis"


def main() -> None:
    """Write both pages."""
    catalogue = load_catalogue(ROOT / "openapi" / "requirements")
    OPTIONS_PAGE.write_text(options_page(), encoding="utf-8")
    CATALOGUE_PAGE.write_text(catalogue_page(catalogue, scenarios(ROOT / "features", ROOT)), encoding="utf-8")


if __name__ == "__main__":
    main()
