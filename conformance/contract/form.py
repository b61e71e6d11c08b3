"""Files that are held against a JSON Schema: the first mistake in one sentence, with its line and the remedy."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs

from conformance.contract.words import remedy
from conformance.contract.yamlfile import DataPath, YamlFile


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a file: the way to it, and words for it."""

    path: DataPath
    words: str


@dataclass(frozen=True)
class Form:
    """A JSON Schema, compiled. Its descriptions say in the messages how a value has to be."""

    schema: dict[str, Any]
    validator: jsonschema_rs.Validator

    @classmethod
    def load(cls, file: Path) -> Form:
        """Read a schema. Raises `OSError` or `ValueError` for a file that cannot be read or is no JSON Schema."""
        schema = json.loads(file.read_text(encoding="utf-8"))
        return cls(schema, jsonschema_rs.validator_for(schema))

    def mistake(self, file: YamlFile) -> Mistake | None:
        """Return the first mistake of a file, by its lines.

        Where a key is unknown, it is told in place of the key that is missing beside it.
        """
        if self.validator.is_valid(file.data):
            return None
        errors = list(self.validator.iter_errors(file.data))
        mistyped = [error.instance_path for error in errors if error.kind.name == "additionalProperties"]
        told = [error for error in errors if error.kind.name != "required" or error.instance_path not in mistyped]
        return min(map(self._mistake, told), key=lambda item: file.line(item.path))

    def _mistake(self, error: jsonschema_rs.ValidationError) -> Mistake:
        path, details = tuple(error.instance_path), error.kind.as_dict()
        spoken = self._at(error.schema_path[:-1])
        name = _shown(path)
        match error.kind.name:
            case "additionalProperties":
                key = details["unexpected"][0]
                what = "unknown kind of rule" if path and path[-1] == "rule" else "unknown key"
                where = "" if not path or isinstance(path[-1], int) or path[-1] == "rule" else f" in {name}"
                return Mistake((*path, key), f"{what} `{key}`{where}{remedy(key, spoken['properties'], 30)}")
            case "required" if "dependentRequired" in error.schema_path:
                words = (
                    "names, facts, creations, secrets, private fields and accounts stand beside an `operation` alone"
                )
                return Mistake(path, words)
            case "required":
                inside = "" if not path or isinstance(path[-1], int) else f" in {name}"
                return Mistake(path, f"`{details['property']}` is missing{inside}")
            case "enum":
                options = [str(option) for option in details["options"]]
                return Mistake(path, f"unknown word `{error.instance}` for {name}{remedy(error.instance, options)}")
            case "minProperties" | "maxProperties" if path[-1] == "rule":
                return Mistake(path, "`rule` names exactly one kind of check")
            case "minItems" | "minProperties":
                return Mistake(path, f"{name} is empty")
            case "uniqueItems":
                return Mistake(path, f"{name} has a value twice")
            case "type":
                more = f": {_description(spoken)}" if "description" in spoken and path else ""
                return Mistake(path, f"{name} is no {' or '.join(_types(spoken['type']))}{more}")
            case "falseSchema":
                return Mistake(path, f"{name} stands in a file for several operations alone, which has no `operation`")
            case "anyOf" if all("required" in branch for branch in spoken["anyOf"]):
                tables = ", ".join(branch["required"][0] for branch in spoken["anyOf"])
                return Mistake(path, f"{name} has none of {tables}")
            case _:
                return Mistake(path, f"{name} is {_short(error.instance)}: {_description(spoken)}")

    def _at(self, path: Iterable[str | int]) -> dict[str, Any]:
        node: Any = self.schema
        for name in path:
            node = node[name]
        return node if isinstance(node, dict) else {}


def _shown(path: DataPath) -> str:
    """Return the name of a place; that of a list, where the place is a part of one."""
    names = [name for name in path if isinstance(name, str)]
    return f"`{names[-1]}`" if names else "the file"


def _types(types: str | list[str]) -> list[str]:
    words = {"object": "mapping", "array": "list", "string": "text", "integer": "whole number"}
    return [words.get(name, name) for name in ([types] if isinstance(types, str) else types)]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _description(schema: dict[str, Any]) -> str:
    """Return how a value has to be, without the full stop, so that it fits into a sentence."""
    return str(schema.get("description", "it has to be as the schema has it")).rstrip(".")
