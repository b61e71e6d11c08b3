"""The features before a run: each mistake in them, and between them and the steps, in one sentence with its place.

pytest-bdd tells such a mistake when it collects or runs the scenario, with a traceback. What is read here it keeps and
does not read again. `get_feature`, the exceptions and the registry of step definitions are no documented interfaces:
`pyproject.toml` bounds the version of pytest-bdd, and `tests/suite/test_feature_mistakes.py` holds each of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pytest_bdd import parsers
from pytest_bdd.exceptions import GherkinParseError
from pytest_bdd.feature import get_feature
from pytest_bdd.parser import Feature, Scenario

from conformance.contract.words import remedy
from conformance.plugin.step_cache import REGISTRY

_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Definition:
    """A step definition: the kind of step (None for any), its text as it is written, where it stands, its matcher."""

    kind: str | None
    text: str
    place: str
    parser: Any

    def matches(self, kind: str, text: str) -> bool:
        """Return whether a step of the kind is one of this definition."""
        return self.kind in (None, kind) and bool(self.parser.is_matching(text))


def is_id(tag: str) -> bool:
    """Return whether a tag is meant for the id of a requirement."""
    return tag == tag.upper() and tag[-1].isdigit()


def feature_mistakes(
    folder: Path, root: Path, ids: Collection[str], marks: Collection[str], definitions: Collection[Definition]
) -> Iterator[str]:
    """Yield a sentence for each mistake in the features of a folder: a file, a tag, a step, a definition without use.

    `ids` are the tags that stand for requirements, `marks` the others that are known. Of a file that cannot be read,
    and of whatever depends on it, nothing more is said.
    """
    files = sorted(folder.glob("**/*.feature"))
    features: list[Feature] = []
    if not files:
        yield f"the folder {shown(folder, root)} has no .feature file; correct the ini key bdd_features_base_dir"
    for file in files:
        name = shown(file, root)
        mistake = _unreadable(file)
        if mistake is None:
            try:
                features.append(get_feature(str(file.parent), file.name))
            except GherkinParseError as error:
                said = re.sub(r"\s+", " ", str(error.message)).rstrip(".")
                mistake = f", line {error.line}: this is no Gherkin: {said}"
        if mistake is not None:
            yield f"{name}{mistake}"
            continue
        yield from _feature(features[-1], file, name, ids, marks, definitions)
    if len(features) == len(files) and files:
        yield from _unused(features, definitions)


def shown(file: Path, root: Path) -> str:
    """Return a path as people read it: from the folder of the project where it stands there."""
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)


def definitions_of_steps(root: Path) -> list[Definition]:
    """Return every step definition that has been imported, without those that pytest-bdd itself offers."""
    found = []
    for context in REGISTRY.values():
        if context.step_func.__module__.startswith("pytest_bdd."):
            continue
        code = context.step_func.__code__
        place = f"{shown(Path(code.co_filename), root)}, line {code.co_firstlineno}"
        found.append(Definition(context.type, context.parser.name, place, context.parser))
    return found


def _unreadable(file: Path) -> str | None:
    try:
        content = file.read_bytes()
    except OSError as error:
        return f": this file cannot be read ({error.strerror})"
    if content.startswith(_BOM):
        return ", line 1: the file begins with a byte order mark; save it as UTF-8 without one"
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return f", line {line}: the file is in another encoding; save it as UTF-8"
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
        return ": the file has no feature; write one that begins with `Feature:`, or remove the file"
    return None


def _feature(
    feature: Feature,
    file: Path,
    name: str,
    ids: Collection[str],
    marks: Collection[str],
    definitions: Collection[Definition],
) -> Iterator[str]:
    if not feature.scenarios:
        yield f"{name}: the feature has no scenario; write one, or remove the file"
    lines = file.read_text(encoding="utf-8").splitlines()
    for tag in sorted(_tags(feature)):
        number = next((at for at, line in enumerate(lines, 1) if f"@{tag}" in line.split()), 1)
        if is_id(tag) and tag not in ids:
            yield f"{name}, line {number}: the tag @{tag} is no requirement of the catalogue{remedy(tag, ids)}"
        elif not is_id(tag) and tag not in marks:
            yield f"{name}, line {number}: the tag @{tag} is neither a known mark nor a requirement{remedy(tag, marks)}"
    unknown: dict[tuple[str, str], int] = {}
    word_for_word = {(definition.kind, definition.text) for definition in definitions}
    patterns = [definition for definition in definitions if not _is_literal(definition)]
    for kind, text, line in _steps(feature):
        known = not word_for_word.isdisjoint({(kind, text), (None, text)})
        if not known and not any(definition.matches(kind, text) for definition in patterns):
            unknown.setdefault((kind, text), line)
    for (kind, text), line in unknown.items():
        alike = remedy(text, [definition.text for definition in definitions if definition.kind in (None, kind)])
        yield f"{name}, line {line}: no step is defined for `{kind.capitalize()} {text}`{alike}"


def _is_literal(definition: Definition) -> bool:
    """Return whether a definition is of the steps that have its very text."""
    return isinstance(definition.parser, parsers.string)


def _tags(feature: Feature) -> set[str]:
    scenarios = feature.scenarios.values()
    rules = [scenario.rule.tags for scenario in scenarios if scenario.rule]
    examples = [table.tags for scenario in scenarios for table in scenario.examples]
    return set(feature.tags).union(*(scenario.tags for scenario in scenarios), *rules, *examples)


def _steps(feature: Feature) -> Iterator[tuple[str, str, int]]:
    """Yield kind, text and line of each step, with the values of each row of examples in it."""
    for template in feature.scenarios.values():
        for row in [row for table in template.examples for row in table.as_contexts()] or [{}]:
            scenario: Scenario = template.render(row)
            for step in scenario.steps:
                yield step.type, step.name, step.line_number


def _unused(features: Iterable[Feature], definitions: Iterable[Definition]) -> Iterator[str]:
    steps = {(kind, text) for feature in features for kind, text, _ in _steps(feature)}
    for definition in definitions:
        is_used = _is_literal(definition) and (definition.kind, definition.text) in steps
        if not is_used and not any(definition.matches(kind, text) for kind, text in steps):
            words = "has no scenario that uses it: remove it, or write one"
            yield f"{definition.place}: the step `{definition.text}` {words}"
