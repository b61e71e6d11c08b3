"""The evidence of a breach: its place in the response, what stands near a missing field, and what led to it."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from conformance.checks.places import is_missing, nearest, offending
from conformance.checks.rules import Rules
from conformance.contract.catalogue import Catalogue
from conformance.contract.document import Contract
from conformance.masking import Masker
from conformance.report.marking import in_one_line, laid_out
from conformance.values import MISSING
from conformance.wire.evidence import evidence
from conformance.wire.exchange import Call, Exchange, Response
from steps.access import spoiled

SESSION = {
    "id": "cs_1",
    "merchantId": "org_1",
    "currency": "LSL",
    "status": "open",
    "createdAt": "2026-01-01T00:00:00Z",
    "updatedAt": "2026-01-01T00:00:00Z",
}


def exchange(body: Any) -> Exchange:
    raw = json.dumps(body).encode()
    response = Response(201, (("content-type", "application/json"),), raw)
    call = Call("POST", "/checkout/sessions", "createCheckoutSession")
    return Exchange(1, call, "http://127.0.0.1/checkout/sessions", (), b"", 0.1, response)


@pytest.mark.parametrize(
    ("body", "value", "found"),
    [
        (b'{"a": "b", "c": "d"}', {"a": "b", "c": "d"}, {"a", "b", "c", "d"}),
        (b'{"a": "b", "a": "d"}', MISSING, {"a", "b", "d"}),
        (b'{"o": {"a": "b", "a": "d"}}', MISSING, {"o", "a", "b", "d"}),
        (b'{"a": "b",}', MISSING, {'{"a": "b",}'}),
        (b"", MISSING, set()),
    ],
    ids=["JSON", "a name twice", "a name twice inside", "no JSON", "nothing"],
)
def test_what_a_request_says(body: bytes, value: Any, found: set[str]) -> None:
    """RFC 8259, section 4: of two equal names a reader takes the first or the last, so that no rule can know."""
    sent = Exchange(1, Call("POST", "/customers", body=body), "http://127.0.0.1/customers", (), body, 0.1)
    assert sent.request_json == value
    assert set(sent.request_texts) == found
    assert sent.is_unreadable is body.endswith(b",}")


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"url": "https://pay.example/1"}, "url"),
        ({"session_url": "https://pay.example/1"}, "session_url"),
        ({"session": {"sessionUrl": "https://pay.example/1"}}, "session.sessionUrl"),
        ({"url": "no address"}, ""),
        ({"successUrl": "https://shop.example/1"}, ""),
        ({"note": "https://pay.example/1"}, ""),
        ({}, ""),
    ],
)
def test_what_stands_in_the_place_of_a_missing_field(
    more: dict[str, Any], place: str, contract: Contract, catalogue: Catalogue
) -> None:
    """A field of its own name elsewhere, or one alike that the document does not know, with a value that would do."""
    rules = Rules(catalogue, contract)
    assert nearest(exchange({**SESSION, **more}), "sessionUrl", rules) == place


def test_a_missing_field_is_told_with_its_neighbour() -> None:
    assert is_missing("sessionUrl", "url") == "`sessionUrl` is missing; `url` holds such a value"
    assert is_missing("sessionUrl", "") == "`sessionUrl` is missing"


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("`currency` USD", "currency"),
        ("merchantId org_2", "merchantId"),
        ("status 200", ""),
        ("`absent` or `id`", "id"),
        ("no 5xx", ""),
    ],
)
def test_the_place_is_the_field_that_is_named(words: str, place: str) -> None:
    """A plain word is no field: a status that was expected is that of the response."""
    assert offending(exchange(SESSION), words) == place


def test_the_place_is_marked_in_the_body() -> None:
    body = json.dumps({"id": "", "user": {"name": "A", "tags": [1, {"x": 2}]}}, ensure_ascii=False)
    before, place, after = laid_out(body, "user.tags")
    assert before.endswith('"name": "A",\n    ')
    assert place == '"tags": [\n      1,\n      {\n        "x": 2\n      }\n    ]'
    assert json.loads(before + place + after) == json.loads(body)
    assert before + place + after == json.dumps(json.loads(body), indent=2)
    assert in_one_line(body, "user.name") == '"name": "A"'


@pytest.mark.parametrize("body", ['{"id": 1', "<html>", '{"id":1}', '"text"'])
def test_a_body_without_the_place_is_left_alone(body: str) -> None:
    assert laid_out(body, "other") == (body, "", "")
    assert in_one_line(body, "other") == ""


@pytest.mark.parametrize("token", ["abcDEF123ghiJKL456", "abcDEF123ghi.SIGNature0123456"])
def test_a_spoiled_token_is_told_by_length_and_place_and_never_shown(token: str) -> None:
    forms = spoiled(token)
    assert len(forms) == len(set(forms.values())) >= 4
    for words, form in forms.items():
        assert f"the token of {len(token)} characters" in words
        assert form != token
        assert token[:6] not in words
        if "another letter in place" in words:
            place = int(words.split("in place ")[1].split(",")[0])
            assert [number for number, (one, other) in enumerate(zip(token, form, strict=True), 1) if one != other] == [
                place
            ]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ('{\n  "name": "a",\n  "password": "known-secret"\n}\n', '{\n  "name": "a",\n  "password": "***"\n}\n'),
        ('{"name": "\\ud83d\\ude00 known-secret"}', '{"name": "\\ud83d\\ude00 ***"}'),
        ('{"token": "a-first", "token": "a-second"}', '{"token": "***", "token": "***"}'),
        ('{"token": {"of": "nobody"}}', '{"token": {"of": "***"}}'),
        ('{"name":   5, "secret": ["one"]}', '{"name": 5, "secret": ["***"]}'),
    ],
    ids=["lines", "escapes", "twice", "an object", "a list"],
)
def test_a_body_is_told_as_it_was_written_and_masked(sent: str, told: str) -> None:
    """Where its text does not hide all that its JSON hides, its JSON is told."""
    masker = Masker()
    masker.add("known-secret")
    call = Call("POST", "/customers", "createCustomer", body=sent.encode())
    found = evidence(Exchange(1, call, "http://127.0.0.1/customers", (), sent.encode(), 0.1), masker)
    assert found["request"]["body"] == told
    assert shlex.split(found["curl"])[-1] == told


def test_a_body_that_is_nested_deep_is_told_too() -> None:
    """As in a worker, whose requests reach the process that reports as bytes."""
    sent = b'{"n": ' * 500 + b"1" + b"}" * 500
    call = Call("POST", "/customers", "createCustomer", body=sent)
    found = evidence(Exchange(1, call, "http://127.0.0.1/customers", (), sent, 0.1), Masker())
    assert found["request"]["body"].startswith('{"n": {"n": ')
