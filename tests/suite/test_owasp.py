"""The map to the OWASP API Security Top 10: its page is current, and the schemas know its categories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from conformance.contract.catalogue import Catalogue, CatalogueError, load_catalogue
from conformance.contract.owasp import CATEGORIES
from tests.suite.detection import ROOT
from tests.suite.owasp_page import PAGE, page

CATALOGUE_SCHEMA: Final = ROOT / "openapi" / "requirements.schema.json"
REPORT_SCHEMA: Final = ROOT / "reports" / "conformance.schema.json"
NOT_SEEN: Final = {"API6", "API10"}
"""Categories of which nothing can be seen from outside."""


def test_the_page_is_current(catalogue: Catalogue) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(catalogue), "run `python -m tests.suite.owasp_page`"


def test_both_schemas_know_the_categories() -> None:
    known = [category.id for category in CATEGORIES]
    row = json.loads(CATALOGUE_SCHEMA.read_text(encoding="utf-8"))["$defs"]["requirement"]
    assert row["properties"]["owasp"]["enum"] == known
    assert json.loads(REPORT_SCHEMA.read_text(encoding="utf-8"))["$defs"]["owasp"]["enum"] == known


def test_each_category_has_requirements_unless_nothing_of_it_is_seen(catalogue: Catalogue) -> None:
    used = {row.owasp for row in catalogue} - {None}
    assert used == {category.id for category in CATEGORIES} - NOT_SEEN
    assert [category.id for category in CATEGORIES if category.unseen.startswith("All of it")] == sorted(
        NOT_SEEN, key=len
    )


def test_who_may_reach_what_is_in_a_category(catalogue: Catalogue) -> None:
    """Tenancy, authentication and leaks are what the list is about; what has no category there has it on purpose."""
    about = {"tenancy", "authentication", "leaks"}
    without = sorted(row.id for row in catalogue if row.concern in about and row.owasp is None)
    assert without == ["CUSTOMER-TENANT-22", "CUSTOMER-TENANT-23", "CUSTOMER-TENANT-24"]


def test_an_unknown_category_is_a_mistake_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "requirements"
    folder.mkdir()
    text = (ROOT / "openapi" / "requirements" / "0-properties.yaml").read_text(encoding="utf-8")
    (folder / "0-properties.yaml").write_text(text.replace("owasp: API3", "owasp: API11"), encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"line \d+ .*PROPERTY-20.*unknown word `API11` for `owasp`"):
        load_catalogue(folder, CATALOGUE_SCHEMA)
