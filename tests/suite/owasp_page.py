"""`python -m tests.suite.owasp_page` writes the page that maps the requirements to the OWASP API Security Top 10."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.contract.catalogue import Catalogue, Requirement, load_catalogue
from conformance.contract.owasp import ADDRESS, CATEGORIES, EDITION, Category
from tests.suite.detection import ROOT

PAGE = ROOT / "docs" / "owasp.md"
_HEAD = f"""# The OWASP API Security Top 10

Which requirements belong to a category of the [{EDITION}]({ADDRESS}), and what of it no test
from outside, with the accounts of two merchants, can see. A requirement has its category in its row of the catalogue
(`owasp:`), and the reports tell the verdicts under it. Made by `python -m tests.suite.owasp_page`.

"""


def page(catalogue: Catalogue) -> str:
    """Return the page as Markdown: the table, and under it each category's requirements in their own words."""
    rows = {category.id: [row for row in catalogue if row.owasp == category.id] for category in CATEGORIES}
    lines = ["| category | requirements | what a black box with two merchants cannot see |", "|---|---|---|"]
    lines += [_line(category, rows[category.id]) for category in CATEGORIES]
    mapped = sum(map(len, rows.values()))
    lines += ["", f"{mapped} of {len(catalogue)} requirements belong to a category.", ""]
    for category in CATEGORIES:
        if rows[category.id]:
            lines += [f"## {category.id}", "", "| requirement | level | statement |", "|---|---|---|"]
            lines += [f"| {row.id} | {row.level} | {row.statement} |" for row in rows[category.id]]
            lines.append("")
    return _HEAD + "\n".join(lines)


def _line(category: Category, rows: Iterable[Requirement]) -> str:
    """Return the row of a category; ids are told by family, as the table is for an overview."""
    families: dict[str, int] = {}
    for row in rows:
        family = row.id.rpartition("-")[0]
        families[family] = families.get(family, 0) + 1
    counted = ", ".join(f"{family} ({number})" for family, number in families.items())
    told = f"[{sum(families.values())}](#{category.id.lower()}): {counted}" if families else "none"
    return f"| [{category.id}]({category.href}) {category.title} | {told} | {category.unseen} |"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(load_catalogue(ROOT / "openapi" / "requirements")), encoding="utf-8")


if __name__ == "__main__":
    main()
