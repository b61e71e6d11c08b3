"""Access to the protected operations: with a token that is missing, made up, spoiled or in the wrong place."""

from __future__ import annotations

import base64
import re
from typing import Any

from pytest_bdd import parsers, then, when

from conformance.wire.exchange import Call, Intent
from steps import operations
from steps.fixtures import Story
from steps.merchants import Merchant, call, send, valid_body

_HEXADECIMAL = re.compile(r"(?:[A-Za-z_]*_)?[0-9A-Fa-f-]+")


def spoiled(token: str) -> list[str]:
    """A token that works: returns forms of it that must not.

    A signed token (`TOKEN.SIGNATURE`) is spoiled in each of its parts; its bare form, without the signature, is lawful
    and not among them. Hexadecimal digits, as a UUID has them, may lawfully be written in either letter case.
    """
    first, dot, rest = token.partition(".")
    middle = len(first) // 2
    tampered = first[:middle] + _other(first[middle]) + first[middle + 1 :]
    forms = [f"{tampered}{dot}{rest}", first[:-4], first[:middle], f"{token}x"]
    if not _HEXADECIMAL.fullmatch(first):
        forms.append(token.swapcase())
    if rest:
        half = len(rest) // 2
        forms += [
            f"{first}.{rest[:half]}",
            f"{first}.{rest[:half]}{_other(rest[half])}{rest[half + 1 :]}",
        ]
    return [form for form in forms if form and form != token]


def _other(letter: str) -> str:
    """Return another letter, in whatever case they are compared."""
    return "A" if letter not in "Aa" else "B"


def headers_for(how: str, token: str) -> list[dict[str, str]]:
    """The words of a scenario: returns the Authorization headers of the requests to send, one request for each."""
    match how:
        case "without a token":
            return [{}]
        case "with a made-up token":
            made_up = "Zm9yZ2Vk" * 4
            return [
                {"Authorization": f"Bearer {value}"}
                for value in (made_up, "null", f"{made_up}.{made_up}{made_up[:11]}=")
            ]
        case "with spoiled tokens":
            return [{"Authorization": f"Bearer {value}"} for value in spoiled(token)]
        case "with the token as Basic":
            basic = base64.b64encode(f"{token}:".encode()).decode()
            return [
                {"Authorization": f"Basic {token}"},
                {"Authorization": f"Basic {basic}"},
                {"Authorization": f"Token {token}"},
            ]
        case "with an empty bearer token":
            return [{"Authorization": "Bearer"}]
    raise LookupError(f"no request is known that is sent {how!r}")


def by_whom(story: Story, operation: str) -> Merchant:
    """Organizations are created in the spare session, so that the active organization of the other one stays."""
    return story.merchants.spare(story.actor) if operation == operations.CREATE_ORGANIZATION else story.actor


@when(parsers.parse('a valid "{name}" request is sent {how}'))
def sent_how(story: Story, name: str, how: str) -> None:
    run, operation = story.run, operations.BY_WORDS[name]
    merchant = by_whom(story, operation)
    story.notes.update(operation=operation, what=f"a request {how}")
    for headers in headers_for(how, merchant.token):
        run.masker.add(*(value.partition(" ")[2] for value in headers.values()))
        body: Any = valid_body(run, operation, merchant)
        story.add(send(run, operation, body, merchant, token=None, headers=headers))


@when(parsers.parse('a valid "{name}" request names the scheme "bearer" and "BEARER"'))
def scheme_in_other_cases(story: Story, name: str) -> None:
    run, operation = story.run, operations.BY_WORDS[name]
    merchant = by_whom(story, operation)
    run.need_success(send(run, operation, valid_body(run, operation, merchant), merchant, intent=Intent.VALID))
    for scheme in ("bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {merchant.token}"}
        story.add(send(run, operation, valid_body(run, operation, merchant), merchant, token=None, headers=headers))


@then("the same request with the merchant's token is accepted")
def accepted_with_token(story: Story) -> None:
    run, operation = story.run, story.notes["operation"]
    merchant = by_whom(story, operation)
    if run.needs_control(operation, f"{merchant.key} token"):
        control: Call = call(run, operation, valid_body(run, operation, merchant), merchant, intent=Intent.VALID)
        run.need_success(run.send(control))
