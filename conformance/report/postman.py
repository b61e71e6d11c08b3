"""The walk as a Postman collection (format 2.1): each request of it, with what a later one takes from its response."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from conformance.contract.document import Contract

SCHEMA: Final = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_AT: Final = (
    'const at = (path) => path.split(".").reduce((value, name) => (value == null ? undefined : value[name]), body);'
)
_NEW_VALUES: Final = (
    "// values of its own for each walk",
    'const digits = () => String(Math.floor(Math.random() * 1e7)).padStart(7, "0");',
    'pm.collectionVariables.set("run", Date.now().toString(16));',
    'pm.collectionVariables.set("digits", digits());',
    'pm.collectionVariables.set("moreDigits", digits());',
    'pm.collectionVariables.set("password", `Aa1!${digits()}${digits()}`);',
)
_MADE_UP: Final = ("run", "digits", "moreDigits", "password")


@dataclass(frozen=True)
class Taken:
    """Where a response holds the value of a variable: in a header, or at the first of some dotted paths."""

    paths: tuple[str, ...]
    header: str = ""


@dataclass(frozen=True)
class WalkStep:
    """One request of the walk: `body` names variables as `{{name}}`, `takes` those that its response gives."""

    name: str
    operation: str
    body: Mapping[str, Any]
    takes: Mapping[str, Taken] = field(default_factory=dict)


def collection(
    steps: Sequence[WalkStep], contract: Contract, base_url: str, headers: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the walk as a collection. Of the user's own `headers`, the names alone are in it."""
    own = {name: re.sub(r"\W", "_", name) for name in headers}
    taken = dict.fromkeys(name for step in steps for name in step.takes)
    values = {"baseUrl": base_url.rstrip("/"), **dict.fromkeys((*_MADE_UP, *taken, *own.values()), "")}
    return {
        "info": {
            "name": "Merchant onboarding",
            "description": "From sign-up to a checkout page, with the three ways to name the session's customer. "
            "Run the requests in their order.",
            "schema": SCHEMA,
        },
        "item": [_item(step, contract, own, first=number == 0) for number, step in enumerate(steps)],
        "variable": [{"key": name, "value": value, "type": "string"} for name, value in values.items()],
    }


def _item(step: WalkStep, contract: Contract, own: Mapping[str, str], *, first: bool) -> dict[str, Any]:
    known = contract.operations[step.operation]
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    headers |= {name: f"{{{{{variable}}}}}" for name, variable in own.items()}
    bearer = {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]}
    events = [_event("test", _script(step, known.success))]
    return {
        "name": step.name,
        "event": [_event("prerequest", _NEW_VALUES), *events] if first else events,
        "request": {
            "method": known.method,
            "auth": bearer if known.needs_token else {"type": "noauth"},
            "header": [{"key": name, "value": value} for name, value in headers.items()],
            "url": {
                "raw": f"{{{{baseUrl}}}}{known.path}",
                "host": ["{{baseUrl}}"],
                "path": known.path.strip("/").split("/"),
            },
            "body": {
                "mode": "raw",
                "raw": json.dumps(step.body, ensure_ascii=False, indent=2),
                "options": {"raw": {"language": "json"}},
            },
            "description": f"Operation {step.operation}",
        },
        "response": [],
    }


def _script(step: WalkStep, statuses: Iterable[int]) -> list[str]:
    """Return the script after a response: its status is checked, and variables are taken from it."""
    allowed = ", ".join(map(str, statuses))
    lines = [
        f'pm.test("the status is {allowed.replace(", ", " or ")}", () => '
        f"pm.expect(pm.response.code).to.be.oneOf([{allowed}]));"
    ]
    if step.takes:
        lines += ["const body = pm.response.json();", _AT]
    for name, taken in step.takes.items():
        places = [f"pm.response.headers.get({json.dumps(taken.header)})"] if taken.header else []
        places += [f"at({json.dumps(path)})" for path in taken.paths]
        lines.append(f"pm.collectionVariables.set({json.dumps(name)}, {' || '.join(places)});")
    return lines


def _event(listen: str, lines: Iterable[str]) -> dict[str, Any]:
    return {"listen": listen, "script": {"type": "text/javascript", "exec": list(lines)}}
