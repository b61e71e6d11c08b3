"""The sources of the requirements: every reference leads somewhere, and every fact of the contract is accounted for."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from conformance.contract.catalogue import Catalogue, Requirement
from conformance.contract.sources import PLACES, Source, resolve

ROOT = Path(__file__).parents[2]
PAGES = ("docs/contract.md", "docs/deciding.md")
FACT = re.compile(r'- <a id="(?P<anchor>[a-z0-9-]+)"></a>\*\*(?P<level>\w+)\*\* \((?P<sources>[^)]+)\): .+')
LEVELS = ("MUST", "SHOULD", "MAY", "SUITE")
SOURCES = ("T", "S", "B", "H", "O", "D")
BETTER_AUTH = ("authentication/email-password", "plugins/bearer", "plugins/organization")
# MUST rows whose sources say SHOULD: each is to be lowered, or to be given a source that bears it.
ABOVE_THEIR_SOURCE: frozenset[str] = frozenset({"ACTIVE-HEADERS-2"})


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def anchors(page: str) -> list[str]:
    """Return all anchors of a page: the explicit ones and GitHub's for its headings."""
    text = text_of(page)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    slugs = [re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings]
    return re.findall(r'<a id="([^"]+)"></a>', text) + slugs


def facts() -> dict[str, str]:
    """Return the level of each fact of the contract, by its anchor."""
    found = [match for line in text_of("docs/contract.md").splitlines() if (match := FACT.fullmatch(line))]
    return {match["anchor"]: match["level"] for match in found}


def without_requirement() -> list[str]:
    section = text_of("docs/contract.md").split("\n## Facts without a requirement\n")[1]
    return re.findall(r"^- \[[^]]+\]\(#([^)]+)\)$", section, re.MULTILINE)


def cited(row: Requirement) -> set[str]:
    """Return the anchors of the contract page that a requirement names."""
    return {source.href.partition("#")[2] for source in row.sources if source.href.startswith("docs/contract.md#")}


def leads_somewhere(source: Source) -> bool:
    path, _, part = source.href.partition("#")
    if path in PAGES:
        return part in anchors(path)
    if path.startswith("openapi/"):
        found = yaml.safe_load(text_of(path))
        for name in part.split("/")[1:]:
            found = found.get(name.replace("~1", "/").replace("~0", "~"))
        return found is not None
    if path.startswith("https://www.rfc-editor.org/"):
        return re.fullmatch(r"section-\d+(\.\d+)*", part) is not None
    return path.removeprefix("https://www.better-auth.com/docs/") in BETTER_AUTH


def test_every_reference_leads_somewhere(catalogue: Catalogue) -> None:
    found = {source for row in catalogue for source in row.sources}
    assert [source.reference for source in found if not leads_somewhere(source)] == []
    assert {source.reference.partition("#")[0] for source in found} == set(PLACES)


def test_a_source_is_named_once(catalogue: Catalogue) -> None:
    for row in catalogue:
        assert len({source.href for source in row.sources}) == len(row.sources), row.id


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("contrct#sign-up", "did you mean `contract`"),
        ("the tutorial, step 6", "known are contract"),
        ("contract", "write `contract#place`"),
        ("rfc9110# 15", "write `rfc9110#place`"),
    ],
)
def test_unknown_reference_is_refused_with_the_remedy(reference: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        resolve(reference)


def test_a_reference_has_a_label_and_a_link() -> None:
    assert resolve("rfc9110#15.5.6") == Source(
        "rfc9110#15.5.6", "RFC 9110, section 15.5.6", "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6"
    )
    assert resolve("tutorial#step-6").href == "docs/contract.md#tutorial-step-6"


def test_each_fact_has_an_anchor_a_level_and_its_sources() -> None:
    for line in text_of("docs/contract.md").splitlines():
        if line.startswith("- <a"):
            fact = FACT.match(line)
            assert fact, line
            assert fact["level"] in LEVELS, line
            assert {name[0] for name in re.split("[,;] ", fact["sources"]) if name[0].isupper()} <= set(SOURCES), line


@pytest.mark.parametrize("page", PAGES)
def test_anchors_stand_once_and_links_lead_to_them(page: str) -> None:
    stand = Counter(re.findall(r'<a id="([^"]+)"></a>', text_of(page)))
    assert max(stand.values()) == 1
    for path, part in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", text_of(page)):
        assert part in anchors(f"docs/{path}" if path else page), part


def test_every_fact_has_a_requirement_or_is_listed_as_without(catalogue: Catalogue) -> None:
    """What the contract asks of a target is in the catalogue, or the page says that it is not; never both."""
    asked = {anchor for anchor, level in facts().items() if level in ("MUST", "SHOULD")}
    used = set().union(*(cited(row) for row in catalogue))
    listed = without_requirement()
    assert sorted(asked - used) == sorted(listed)


def test_no_level_is_higher_than_its_source(catalogue: Catalogue) -> None:
    """A MUST names a fact that is a MUST, or a section of an RFC."""
    levels = facts()
    above = {
        row.id
        for row in catalogue
        if row.level == "MUST"
        and not any(levels[anchor] == "MUST" for anchor in cited(row))
        and not any(source.reference.startswith("rfc") for source in row.sources)
    }
    assert above == ABOVE_THEIR_SOURCE
