"""The pages: every link and anchor leads somewhere, every command is one that there is, what is made is current."""

from __future__ import annotations

import configparser
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from conformance.contract.catalogue import Catalogue
from conformance.plugin.options import OPTIONS, QUESTIONS
from conformance.plugin.questions import scenarios
from conformance.plugin.sandbox import Sandbox
from tests.suite import reference_pages
from tests.suite.invocation import ROOT, invoke
from tests.suite.test_recipes import COMMAND, shell
from tests.suite.test_sources import anchors

PAGES = [file.relative_to(ROOT).as_posix() for file in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])]
PAGES += ["reports/README.md", "sandbox/README.md", "tests/better_auth/README.md"]
LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)")
PROGRAMS = ("pytest", "merchant-conformance")
STATUSES = {"--sandbox-fault": 1}
STAGING = "https://staging.example.com/api"
LONGEST_README = 70


@cache
def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def prose(page: str) -> str:
    """A page without what stands between fences."""
    return re.sub(r"^```.*?^```", "", text_of(page), flags=re.MULTILINE | re.DOTALL)


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


def commands(page: str) -> Iterator[list[str]]:
    """Yield the words of each command of a page: in fences of `sh`, and between backticks."""
    fenced = re.findall(r"^```sh\n(.*?)^```", text_of(page), re.MULTILINE | re.DOTALL)
    lines = [line for block in fenced for line in block.splitlines()]
    inline = re.findall(r"`([^`\n]+)`", prose(page))
    for line in lines + [word for word in inline if word.startswith((*PROGRAMS, ".venv/bin/", "python -m", "tox"))]:
        for part in re.split(r"\s*(?:&&|;)\s*", line):
            words = shlex.split(part.replace("…", ""), comments=True)
            while words and re.fullmatch(r"\w+=.*", words[0]):
                words = words[1:]
            if words:
                yield words


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


def test_the_commands_of_the_first_run_do_what_the_page_says(tmp_path: Path) -> None:
    """They are carried out one after the other, with a sandbox in the place of the staging, in the size of a walk."""
    done = [words for words in commands("docs/first-run.md") if words[0] == COMMAND.name]
    assert len(done) >= 6
    target = Sandbox.start()
    try:
        for words in done:
            size = ["--size", "smoke"] if "--profile" in words else []
            line = shlex.join([word.replace(STAGING, target.url) for word in words] + size)
            ended = shell(line, tmp_path, {})
            status = next((status for word, status in STATUSES.items() if word in words), 0)
            assert ended.returncode == status, ended.stdout + ended.stderr
    finally:
        target.stop()
    for name in re.findall(r"`reports/([\w.]+)`", text_of("docs/first-run.md")):
        assert (tmp_path / "reports" / name).is_file()


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
