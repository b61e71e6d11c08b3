"""YAML files whose mistakes are told with their lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, TypeAlias

import yaml

DataPath: TypeAlias = "tuple[str | int, ...]"
"""The way to a value of a file: keys and indexes."""

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN: Final = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "map", "seq"))
_TEXT: Final = "tag:yaml.org,2002:str"
_DATE: Final = "tag:yaml.org,2002:timestamp"


class _DatesAsText(_LOADER):  # type: ignore[misc]
    """Reads a date that is not in quotes as the text that it is."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, form) for tag, form in resolvers if tag != _DATE]
        for first, resolvers in _LOADER.yaml_implicit_resolvers.items()
    }


class YamlError(ValueError):
    """A file that is no YAML, or says in YAML what JSON cannot say; the message names the file and the line."""


@dataclass(frozen=True, eq=False)
class YamlFile:
    """A YAML file that was read: its value, and the nodes that know in which lines its parts stand."""

    name: str
    data: Any
    node: yaml.Node | None

    def line(self, path: DataPath) -> int:
        """Return the line of the value at a path; where the path leads nowhere, that of the last part that is there."""
        node, line = self.node, 1
        for name in path:
            found = _child(node, name)
            if found is None:
                break
            line, node = found
        return line

    def place(self, path: DataPath = ()) -> str:
        """Return file and line of the value at a path, in words."""
        return f"{self.name}, line {self.line(path)}"


def read_yaml(file: Path, *, dates_as_text: bool = False) -> YamlFile:
    """Return what a YAML file says, with its lines; a date needs quotes unless `dates_as_text` is set.

    Raises `YamlError` for a file that is no YAML, a key that stands twice or is no text, or a value that JSON lacks;
    `FileNotFoundError` where there is no file.
    """
    try:
        loader = (_DatesAsText if dates_as_text else _LOADER)(file.read_text(encoding="utf-8"))
        try:
            node = loader.get_single_node()
            if node is not None:
                for mark, words in _strange(node):
                    raise YamlError(f"{file.name}, line {mark.line + 1}: {words}")
            data = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except UnicodeDecodeError:
        raise YamlError(f"{file.name}: the file is in another encoding; save it as UTF-8") from None
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise YamlError(f"{file.name}: the file cannot be read ({error.strerror or error})") from None
    except yaml.YAMLError as error:
        place, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        where = f", line {place.line + 1}" if place else ""
        why = f" ({problem})" if problem else ""
        raise YamlError(f"{file.name}{where}: this is no valid YAML{why}") from None
    return YamlFile(file.name, data, node)


def _strange(root: yaml.Node) -> Iterator[tuple[yaml.Mark, str]]:
    """Yield the places at which YAML says what no other reader of the file would understand."""
    stack, seen = [root], set()
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.tag not in _PLAIN:
            kind = node.tag.rpartition(":")[2]
            yield node.start_mark, f"a value that is read as a {kind}; write it in quotes"
        if isinstance(node, yaml.SequenceNode):
            stack += node.value
        elif isinstance(node, yaml.MappingNode):
            known = set()
            for key, value in node.value:
                if key.tag != _TEXT:
                    yield key.start_mark, f"the key {key.value} is no text; write it in quotes"
                if key.value in known:
                    yield key.start_mark, f"the key `{key.value}` stands twice"
                known.add(key.value)
                stack.append(value)


def _child(node: yaml.Node | None, name: str | int) -> tuple[int, yaml.Node] | None:
    """Return the line of a part of a mapping (that of its key) or list, and the part itself."""
    if isinstance(node, yaml.SequenceNode) and isinstance(name, int) and name < len(node.value):
        return node.value[name].start_mark.line + 1, node.value[name]
    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark.line + 1, value) for key, value in node.value if key.value == str(name)), None)
    return None
