"""A profile: one file in the repository of a target that is the whole configuration of its runs.

It names secrets by the environment variables that have them. What an option may be is the options' own matter: see
`conformance.plugin.options`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

from conformance.contract.document import Contract
from conformance.contract.form import Form
from conformance.contract.words import remedy
from conformance.contract.yamlfile import DataPath, YamlError, YamlFile, read_yaml
from conformance.settings import Deviation

_SCHEMA: Final = "profile.schema.json"
_SECTIONS: Final = ("connection", "limits", "values", "run")
_FILES: Final = ("ca_bundle", "client_cert", "known_failures", "compare")
_KNOWN: Final = "known_failures"


class ProfileError(ValueError):
    """A profile that cannot be used; the message is one sentence with its file, line and remedy."""


@dataclass(frozen=True)
class Profile:
    """What a profile says: options by name, each with the place where it stands, and what no option can say.

    `known_failures` are the entries that stand in it, with the way to them; None where it has none or names a file.
    `variables` are those of the environment that it names.
    """

    options: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    base_url: str = ""
    reads: Mapping[str, bool] = field(default_factory=dict)
    deviations: tuple[Deviation, ...] = ()
    pytest: tuple[str, ...] = ()
    known_failures: tuple[YamlFile, DataPath] | None = None
    variables: frozenset[str] = frozenset()


NO_PROFILE: Final = Profile()


def load_profile(file: Path, environment: Mapping[str, str]) -> Profile:
    """Return what a profile says, with the values of the environment variables that it names.

    Raises `ProfileError` for a file that cannot be read or is not as its schema has it, and for a variable that is not
    set.
    """
    try:
        document = read_yaml(file, dates_as_text=True)
    except YamlError as error:
        raise ProfileError(str(error)) from None
    except OSError as error:
        raise ProfileError(f"{file}: {error.strerror or error}") from None
    with as_file(files("conformance") / "schemas" / _SCHEMA) as schema:
        mistake = Form.load(schema).mistake(document)
    if document.data is None:
        raise ProfileError(f"{file.name}: the file is empty; `merchant-conformance init` writes a profile of a target")
    if mistake is not None:
        raise ProfileError(f"{document.place(mistake.path)}: {mistake.words}")
    data = document.data
    known = data.get(_KNOWN)
    return Profile(
        options=dict(_options(document, file.parent, environment)),
        base_url=_text(document, ("base_url",), environment) if "base_url" in data else "",
        reads=data.get("reads", {}),
        deviations=tuple(
            Deviation(**row, place=document.place(("deviations", number)))
            for number, row in enumerate(data.get("deviations", []))
        ),
        pytest=tuple(data.get("pytest", [])),
        known_failures=(document, (_KNOWN,)) if isinstance(known, dict) else None,
        variables=frozenset(_variables(data)),
    )


def _variables(data: Any) -> Iterator[str]:
    """Yield the names of the environment variables in a part of a profile."""
    if isinstance(data, dict) and isinstance(data.get("env"), str):
        yield data["env"]
    for part in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _variables(part)


def _options(document: YamlFile, folder: Path, environment: Mapping[str, str]) -> Iterator[tuple[str, tuple[Any, str]]]:
    """Yield each option's name with its value, as the environment would have it, and its place."""
    data = document.data
    headers = [f"{name}: {_text(document, ('headers', name), environment)}" for name in data.get("headers", {})]
    if headers:
        yield "header", (headers, document.place(("headers",)))
    for number, account in enumerate(data.get("merchants", [])):
        for key in account:
            path = ("merchants", number, key)
            prefix = "second_" if number else ""
            yield f"{prefix}merchant_{key}", (_text(document, path, environment), document.place(path))
    for place in _places(data):
        value = _at(data, place)
        found = value if isinstance(value, bool) else _text(document, place, environment)
        name = str(place[-1])
        yield name, (str(folder / str(found)) if name in _FILES else found, document.place(place))


def _places(data: Mapping[str, Any]) -> Iterator[DataPath]:
    """Yield the ways to what is an option as it stands."""
    for section in _SECTIONS:
        for name in data.get(section, {}):
            yield section, name
    if isinstance(data.get(_KNOWN), str):
        yield (_KNOWN,)


def _at(data: Any, path: DataPath) -> Any:
    for name in path:
        data = data[name]
    return data


def _text(document: YamlFile, path: DataPath, environment: Mapping[str, str]) -> str:
    """Return the value at a path as a text: itself, or that of the environment variable which it names."""
    value = _at(document.data, path)
    if not isinstance(value, dict):
        return str(value)
    variable = value["env"]
    if not environment.get(variable):
        raise ProfileError(
            f"{document.place(path)}: the environment variable {variable} is not set; set it, or write the value here"
        )
    return environment[variable]


def apply_deviations(contract: Contract, deviations: tuple[Deviation, ...]) -> None:
    """Let a contract document the statuses of a target's own choice, each as the status in whose place it stands.

    Raises `ProfileError` for an operation that the contract does not have, and for a status in whose place one is to
    stand and that it does not document.
    """
    for deviation in deviations:
        operation = contract.operations.get(deviation.operation)
        if operation is None:
            near = remedy(deviation.operation, contract.operations)
            raise ProfileError(f"{deviation.place}: there is no operation {deviation.operation}{near}")
        documented = ", ".join(str(status) for status in sorted(operation.bodies) if status >= 400)
        if deviation.like not in operation.bodies:
            told = f"{operation.id} does not document {deviation.like}, in whose place {deviation.status} would stand"
            raise ProfileError(f"{deviation.place}: {told}; it documents {documented}")
        operation.own[deviation.status] = (*operation.own.get(deviation.status, ()), deviation.like)
        operation.bodies.setdefault(deviation.status, operation.bodies[deviation.like])
        operation.headers.setdefault(deviation.status, operation.headers.get(deviation.like, {}))
