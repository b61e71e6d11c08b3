"""Access to the protected operations: with a token that is missing, made up, spoiled or in the wrong place."""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from pytest_bdd import parsers, then, when

from conformance.run import Run
from conformance.settings import Size
from conformance.values import MISSING, from_base64, parse_json
from conformance.wire.client import encode
from conformance.wire.exchange import Call, Exchange, Intent
from steps import operations
from steps.fixtures import Story
from steps.merchant import Merchant
from steps.merchants import any_customer, call, send, valid_body

_FORMS = {"with spoiled tokens": (1, 3), "with the token as Basic": (1, 0), "with a made-up token": (0, 1)}
"""How many forms a gate tries always, and of the others in turn, where that is not one and one."""
COOKIES: Final = (
    *("token", "session", "session_token", "better-auth.session_token", "sessionid", "session_id", "sid"),
    *("connect.sid", "PHPSESSID", "JSESSIONID", "laravel_session", "auth", "auth_token", "access_token", "jwt"),
)
"""Names that frameworks have for the cookie of a session."""
_PARAMETERS: Final = ("token", "access_token", "api_token", "auth_token", "session_token", "jwt", "api_key")
"""Names that frameworks have for a token in the query."""
_PUBLIC: Final = "/authentication/sign-in/email"
"""A path that needs no token, which a careless guard looks for in the whole URL."""
_LONG_TOKEN: Final = 1_000
"""Longer than the key of a cache may be, and short enough for the headers that any server takes."""
_HEXADECIMAL = re.compile(r"(?:[A-Za-z_]*_)?[0-9A-Fa-f-]+")


def spoiled(token: str) -> dict[str, str]:
    """A token that works: returns forms of it that must not, by what is spoiled, in words that do not show it.

    A signed token (`TOKEN.SIGNATURE`) is spoiled in each of its parts; its bare form, without the signature, is lawful
    and not among them. Hexadecimal digits, as a UUID has them, may lawfully be written in either letter case.
    """
    first, dot, rest = token.partition(".")
    middle, size = len(first) // 2, len(token)
    tampered = first[:middle] + _other(first[middle]) + first[middle + 1 :]
    whole = f"the token of {size} characters"
    forms = {
        f"{whole} with another letter in place {middle + 1}": f"{tampered}{dot}{rest}",
        f"{whole} cut after {len(first[:-4])}": first[:-4],
        f"{whole} with one more": f"{token}x",
    }
    if not _HEXADECIMAL.fullmatch(first):
        forms[f"{whole} with each letter in the other case"] = token.swapcase()
    if rest:
        half = len(rest) // 2
        place = len(first) + 1 + half + 1
        changed = f"{first}.{rest[:half]}{_other(rest[half])}{rest[half + 1 :]}"
        forms[f"{whole} with another letter in place {place}, in its signature"] = changed
    return {what: form for what, form in forms.items() if form and form != token}


def _other(letter: str) -> str:
    """Return another letter, in whatever case they are compared."""
    return "A" if letter not in "Aa" else "B"


def made_tokens(merchant: Merchant, operation: str) -> dict[str, str]:
    """Return what somebody who knows a merchant may try as a token, by what it is in words.

    Operations take turns in forms of a web token that only a reader takes who looks for another one.
    """
    in_turn = {
        operations.SET_ACTIVE: _unsigned(merchant, "NONE"),
        operations.CREATE_CUSTOMER: _unsigned(merchant, "nOnE"),
        operations.CREATE_CHECKOUT: _signed(merchant, ""),
    }
    return {
        **_web_tokens(merchant.token),
        "the user's id": merchant.user_id,
        "the organization's id": merchant.organization_id,
        "an unsigned web token with the user's id": _unsigned(merchant, "none"),
        "another web token with the user's id": in_turn.get(operation, ""),
        "a web token with the user's id that is signed with the word secret": _signed(merchant, "secret"),
        "the user's id in base64": base64.b64encode(merchant.user_id.encode()).decode(),
        "the e-mail": merchant.email,
        "wildcards": "%" * len(merchant.token),
        "SQL": "'OR'1'='1",
    }


def _unsigned(merchant: Merchant, none: str) -> str:
    """Return a JSON web token that claims a user, and a time to end that is far away, without a signature.

    `none` is how its header says so: the word in other letters is the way past a reader that refuses it in small ones.
    """
    return f"{_part_of({'alg': none, 'typ': 'JWT'})}.{_part_of(_claims_of(merchant))}."


def _signed(merchant: Merchant, key: str) -> str:
    """Return the same as `_unsigned` does, signed with a key that is easily guessed (HS256)."""
    text = f"{_part_of({'alg': 'HS256', 'typ': 'JWT'})}.{_part_of(_claims_of(merchant))}"
    digest = hmac.digest(key.encode(), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def _claims_of(merchant: Merchant) -> dict[str, Any]:
    user = merchant.user_id
    return {"sub": user, "id": user, "userId": user, "email": merchant.email, "exp": 4_102_444_800}


def _web_tokens(token: str) -> dict[str, str]:
    """A JSON web token: return it with the signature left out, and with another payload; nothing for other tokens."""
    parts = token.split(".")
    header, payload = (_json_of(part) for part in (*parts, "", "")[:2])
    if len(parts) != 3 or not isinstance(header, dict) or not isinstance(payload, dict):
        return {}
    changed = _part_of({**payload, "jti": "another", "iat": 1})
    return {
        "the token without a signature (alg none)": f"{_part_of({**header, 'alg': 'none'})}.{parts[1]}.",
        "the token with another payload": f"{parts[0]}.{changed}.{parts[2]}",
    }


def _json_of(part: str) -> Any:
    try:
        return parse_json(from_base64(part))
    except ValueError:
        return MISSING


def _part_of(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def elsewhere(path: str, body: dict[str, Any], merchant: Merchant, own_cookies: str) -> dict[str, dict[str, Any]]:
    """Return changes to a call that take the token along, but not in the Authorization header.

    Cookies that the target itself has set stand for the token where there are some: a browser would send them.
    """
    token = merchant.token
    names = ("X-Auth-Token", "X-Access-Token", "Set-Auth-Token", "X-Session-Token", "X-API-Key", "X-Authorization")
    others = {
        **dict.fromkeys(names, token),
        **dict.fromkeys(("X-User-Id", "X-Forwarded-User", "X-Auth-Request-User", "Remote-User"), merchant.user_id),
        **dict.fromkeys(("X-Forwarded-Email", "X-Auth-Request-Email", "X-User-Email"), merchant.email),
        "X-Organization-Id": merchant.organization_id,
        "X-Middleware-Subrequest": ":".join(["middleware"] * 5),
        **dict.fromkeys(("X-Original-URL", "X-Rewrite-URL"), _PUBLIC),
    }
    query = urlencode(dict.fromkeys(_PARAMETERS, token))
    cookies = "; ".join(f"{name}={token}" for name in COOKIES)
    found: dict[str, dict[str, Any]] = {
        "the token in the query and in other headers": {"path": f"{path}?{query}", "headers": others},
        "the token in a cookie and in the body": {
            "headers": {"Cookie": cookies},
            "json": {**body, "token": token, "access_token": token, "userId": merchant.user_id},
        },
    }
    if own_cookies:
        found["a cookie that the sign-in has set"] = {"headers": {"Cookie": own_cookies}}
    return found


def spellings(path: str) -> dict[str, str]:
    """Return other spellings of a path, by what is different in words."""
    first, rest = path[1:2], path[2:]
    last = path.rpartition("/")[2]
    return {
        "a slash at the end": f"{path}/",
        "a double slash": f"{path[: -len(last) - 1]}//{last}",
        "a double slash in front": f"/{path}",
        "capitals": path.upper(),
        "a public path in its query": f"{path}?next={_PUBLIC}",
        "a capital": f"/{first.upper()}{rest}",
        "an encoded letter": f"/%{ord(first):02X}{rest}",
        "an ending": f"{path}.json",
        "a parameter of its last part": f"{path};v=1",
        "an encoded dot": f"{path[: -len(last) - 1]}/%2e/{last}",
        "the way back from a public path in front": f"{_PUBLIC.rpartition('/')[0]}/%2e%2e/%2e%2e{path}",
        "an earlier version in front": f"/v1{path}",
    }


def opens_nothing(run: Run, exchange: Exchange, what: str, requirement: str | None = None) -> None:
    """Check that a request was not carried out, whatever the refusal; a gateway's response decides nothing."""
    if exchange.gateway is None:
        run.check(not exchange.is_success, f"{what} opens nothing", exchange.outcome, exchange, requirement)


def tried(story: Story, what: str, exchange: Exchange) -> None:
    """Keep a request of a scenario, and in words what was tried with it."""
    story.notes.setdefault("what of", []).append(what)
    story.add(exchange)


def try_all(story: Story, calls: Mapping[str, Call]) -> None:
    """Send calls that are independent of each other, and keep each with the words for it."""
    for what, exchange in zip(calls, story.run.send_all(calls.values()), strict=True):
        tried(story, what, exchange)


@when(parsers.parse('a valid "{name}" request has each token that somebody could make up'))
def sent_with_made_tokens(story: Story, name: str) -> None:
    run, operation = story.run, operations.BY_WORDS[name]
    merchant = by_whom(story, operation)
    story.notes["operation"] = operation
    calls = {
        what: call(
            run,
            operation,
            valid_body(run, operation, merchant),
            merchant,
            token=None,
            headers={"Authorization": f"Bearer {token}"},
        )
        for what, token in made_tokens(merchant, operation).items()
        if token
    }
    try_all(story, calls)


@when(parsers.parse('a valid "{name}" request has the token anywhere but in its header'))
def sent_with_token_elsewhere(story: Story, name: str) -> None:
    run, operation = story.run, operations.BY_WORDS[name]
    merchant = by_whom(story, operation)
    story.notes["operation"] = operation
    path = run.contract.operations[operation].path
    calls: dict[str, Call] = {}
    cookies = story.merchants.cookies(merchant)
    for what in elsewhere(path, {}, merchant, cookies):
        body = valid_body(run, operation, merchant)
        changes = {"json": body, **elsewhere(path, body, merchant, cookies)[what]}
        calls[what] = replace(call(run, operation, body, merchant, token=None), **changes)
    try_all(story, calls)


@when(parsers.parse('a valid "{name}" request without a token is sent to other spellings of the path'))
def sent_to_other_spellings(story: Story, name: str) -> None:
    run, operation = story.run, operations.BY_WORDS[name]
    merchant = by_whom(story, operation)
    story.notes["operation"] = operation
    paths = spellings(run.contract.operations[operation].path)
    different = {path: what for what, path in reversed(paths.items())}
    names = [what for what, path in paths.items() if different[path] == what]
    calls = {
        f"the path with {what}": Call(
            "POST", paths[what], body=encode(valid_body(run, operation, merchant)), actor=merchant.key
        )
        for what in names
    }
    try_all(story, calls)


def _chosen(run: Run, operation: str, names: list[str], always: int, others: int) -> list[str]:
    """Return all names in a full run; in a gate the first ones, and of the others as many, by the seed.

    Operations take turns, so that together they meet more than any of them.
    """
    if run.settings.size == Size.FULL:
        return names
    rest = names[always:]
    if not rest:
        return names
    rest = run.random("forms in turn").sample(rest, len(rest))
    start = others * list(operations.BY_ID).index(operation)
    turns = [rest[(start + number) % len(rest)] for number in range(min(others, len(rest)))]
    return [*names[:always], *turns]


@then("none of them is carried out")
@then("nothing is opened by any of them")
def nothing_opened(story: Story) -> None:
    story.run.record.plan(story.run.recorder.active_requirement(), len(story.exchanges))
    for what, exchange in zip(story.notes["what of"], story.exchanges, strict=True):
        opens_nothing(story.run, exchange, what)


def headers_for(how: str, token: str) -> dict[str, dict[str, str]]:
    """The words of a scenario: returns the Authorization headers to send, by what each of them is in words."""
    match how:
        case "without a token":
            return {"a request without a token": {}}
        case "with a made-up token":
            made_up = "Zm9yZ2Vk" * 4
            signed = f"{made_up}.{made_up}{made_up[:11]}="
            forms = {
                "a made-up token": made_up,
                "the word null as a token": "null",
                "a made-up signed token": signed,
                f"a made-up token of {_LONG_TOKEN:,} letters with an accent": "é" * _LONG_TOKEN,
            }
            return {what: {"Authorization": f"Bearer {value}"} for what, value in forms.items()}
        case "with spoiled tokens":
            return {what: {"Authorization": f"Bearer {value}"} for what, value in spoiled(token).items()}
        case "with the token as Basic":
            basic = base64.b64encode(f"{token}:{token}".encode()).decode()
            return {
                "the token under the scheme Basic": {"Authorization": f"Basic {token}"},
                "the token as user name and password under the scheme Basic": {"Authorization": f"Basic {basic}"},
                "the token under the scheme Token": {"Authorization": f"Token {token}"},
            }
        case "with an empty bearer token":
            inside = dict.fromkeys(("X-Forwarded-For", "X-Real-IP", "X-Client-IP"), "127.0.0.1")
            browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "st-LS,st;q=0.9"}
            what = "an empty bearer token, of a browser that says to be on the target's machine,"
            return {what: {"Authorization": "Bearer", **inside, **browser}}
    raise LookupError(f"no request is known that is sent {how!r}")


def by_whom(story: Story, operation: str) -> Merchant:
    """Return who sends an operation's requests.

    Organizations are created in the spare session, so that the active organization of the other one stays; sign-ins are
    those of an account made for it, since a cap on sessions may end older ones.
    """
    if operation == operations.SIGN_IN:
        return story.merchants.account
    return story.merchants.spare(story.actor) if operation == operations.CREATE_ORGANIZATION else story.actor


@when(parsers.parse('a valid "{name}" request is sent {how}'))
def sent_how(story: Story, name: str, how: str) -> None:
    run, operation = story.run, operations.BY_WORDS[name]
    merchant = by_whom(story, operation)
    story.notes["operation"] = operation
    forms = headers_for(how, merchant.token)
    chosen = _chosen(run, operation, list(forms), *_FORMS.get(how, (1, 1)))
    calls: dict[str, Call] = {}
    for what in chosen:
        headers = forms[what]
        run.masker.add(headers.get("Authorization", "").partition(" ")[2])
        body: Any = valid_body(run, operation, merchant)
        calls[what] = call(run, operation, body, merchant, token=None, headers=headers)
    if operation == operations.CREATE_CHECKOUT and how == "without a token":
        calls |= _with_a_customer(run, merchant)
    try_all(story, calls)


def _with_a_customer(run: Run, merchant: Merchant) -> dict[str, Call]:
    """Return requests without a token for sessions that have a customer, by what they are in words."""
    options: dict[str, dict[str, Any]] = {
        "for a customer who is there": {"customerId": any_customer(run, merchant)},
        "with a new customer": {"customer": operations.create_customer.person(run)},
    }
    plain = call(run, operations.CREATE_CHECKOUT, valid_body(run, operations.CREATE_CHECKOUT, merchant), merchant)
    return {
        f"a request without a token {words}": replace(plain, json={**plain.json, **option}, token=None)
        for words, option in options.items()
    }


@when(parsers.parse('a valid "{name}" request has its token behind "{scheme}" and two blanks'))
def scheme_in_other_letters(story: Story, name: str, scheme: str) -> None:
    run, operation = story.run, operations.BY_WORDS[name]
    merchant = by_whom(story, operation)
    headers = {"Authorization": f"{scheme}  {merchant.token}"}
    story.add(send(run, operation, valid_body(run, operation, merchant), merchant, token=None, headers=headers))


@then("the same request with the merchant's token is accepted")
def accepted_with_token(story: Story) -> None:
    run, operation = story.run, story.notes["operation"]
    merchant = by_whom(story, operation)
    if run.needs_control(operation, f"{merchant.key} token"):
        control: Call = call(run, operation, valid_body(run, operation, merchant), merchant, intent=Intent.VALID)
        run.need_success(run.send(control))
