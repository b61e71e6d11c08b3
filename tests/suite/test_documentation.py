"""The pages: every link and anchor leads somewhere, every command is one that there is, what is made is current."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from conformance.contract.catalogue import Catalogue
from conformance.plugin.options import OPTIONS, QUESTIONS
from conformance.plugin.questions import scenarios
from tests.suite import reference_pages
from tests.suite.invocation import ROOT, invoke
from tests.suite.shown_commands import PAGES, commands, prose, text_of
from tests.suite.test_sources import anchors

LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)")
LONGEST_README = 70


@cache
def anchors_of(page: str) -> frozenset[str]:
    return frozenset(anchors(page))


def dead(page: str, target: str) -> str | None:
    """Return why a link of a page leads nowhere; None where it does, and for the address of another site."""
    path, _, part = target.partition("#")
    if "://" in path:
        return None if re.fullmatch(r"https://[\w.-]+(/\S*)?", path) else "no https address"
    place = (ROOT / page).parent / path if path else ROOT / page
    if not place.exists():
        return "there is no such file"
    name = place.resolve().relative_to(ROOT).as_posix()
    if part and (place.suffix != ".md" or part not in anchors_of(name)):
        return "there is no such anchor"
    return None


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    links = LINK.findall(re.sub(r"`[^`]*`", "", prose(page)))
    assert {link: why for link in links if (why := dead(page, link))} == {}


def test_a_link_that_leads_nowhere_is_seen() -> None:
    assert dead("README.md", "docs/nothing.md") == "there is no such file"
    assert dead("README.md", "docs/options.md#nothing") == "there is no such anchor"
    assert dead("README.md", "http://example.com") == "no https address"
    assert dead("README.md", "docs/options.md#size") is None


def test_every_page_is_reached_from_the_readme() -> None:
    """Whoever begins at the README comes to each page of the folder, by links alone."""
    reached, waiting = set[str](), ["README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or not page.endswith(".md"):
            continue
        reached.add(page)
        paths = [link.partition("#")[0] for link in LINK.findall(prose(page)) if "://" not in link]
        waiting += [((ROOT / page).parent / path).resolve().relative_to(ROOT).as_posix() for path in paths if path]
    assert {page for page in PAGES if page.startswith("docs/")} <= reached


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The options of each program, as its help has them."""
    helped = invoke(tmp_path_factory.mktemp("help"), "--help").output
    found = {"pytest": set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", helped)) | {"--all-proofs", "--version"}}
    for name in ("sandbox", "bench"):
        done = subprocess.run(
            [sys.executable, "-m", name, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        found[name] = set(re.findall(r"--[a-z][a-z0-9-]*", done.stdout))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_command_has_options_that_there_are(page: str, known: dict[str, set[str]]) -> None:
    environments = configparser.ConfigParser(interpolation=None)
    environments.read(ROOT / "tox.ini")
    for words in commands(page):
        program = Path(words[0]).name
        options = {word.partition("=")[0] for word in words if word.startswith("--") and word != "--"}
        if program == "python" and words[1] == "-m":
            program = words[2]
        if program == "merchant-conformance":
            program = "sandbox" if words[1:2] == ["sandbox"] else "pytest"
        if program in known:
            assert options <= known[program], words
        elif program.startswith("tests."):
            assert (ROOT / f"{program.replace('.', '/')}.py").is_file(), words
        elif program == "tox" and "-e" in words:
            names = words[words.index("-e") + 1].split(",")
            assert all(environments.has_section(f"testenv:{name}") for name in names), words


def test_the_page_on_options_is_current() -> None:
    page = reference_pages.options_page()
    assert text_of("docs/options.md") == page, "run python -m tests.suite.reference_pages"
    for option in OPTIONS:
        assert f'<a id="{option.name}"></a>`--{option.name}' in page
        assert f"`{option.variable}`" in page
    assert all(f"`--{name} " in page for name in QUESTIONS)


def test_the_page_on_requirements_is_current(catalogue: Catalogue) -> None:
    page = reference_pages.catalogue_page(catalogue, scenarios(ROOT / "features", ROOT))
    assert text_of("docs/catalogue.md") == page, "run python -m tests.suite.reference_pages"
    assert all(f'<a id="{row.id.lower()}"></a>{row.id} | {row.level} |' in page for row in catalogue)


def test_the_reports_that_the_page_names_are_written(tmp_path: Path) -> None:
    done = invoke(tmp_path, "--size", "smoke", "--sandbox-fault", "customer-id-empty")
    assert done.status == 1
    table = text_of("docs/reports.md").partition("\n## ")[0]
    named = re.findall(r"`([\w.-]+\.(?:html|md|json|xml|svg)|[a-z-]+/)`", table)
    assert len(named) >= 8
    assert [name for name in named if name != "reports/" and not (tmp_path / name).exists()] == []


def test_the_readme_is_a_page_long() -> None:
    assert len(text_of("README.md").splitlines()) <= LONGEST_README
