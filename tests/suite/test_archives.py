"""The exchanges as an HTTP archive, and the walk as a Postman collection."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from conformance.checks.rules import Rules
from conformance.contract.catalogue import Catalogue
from conformance.contract.document import Contract
from conformance.masking import Masker
from conformance.report import har
from conformance.report.har import archive, entry
from conformance.report.postman import collection
from conformance.run import Run
from conformance.settings import Settings
from conformance.wire.evidence import MaskedOnce
from conformance.wire.exchange import Call, Exchange, Response
from steps import operations
from steps.walk import pytest_conformance_walk
from tests.suite.invocation import ROOT

SECRET = "s3cret-of-the-run"
SENT = Call("POST", "/customers?page=2&empty=", "createCustomer")
CAME = Response(
    201, (("Content-Type", "application/json"), ("Location", "/customers/1")), b'{"token": "abc", "id": "1"}'
)


def exchange(response: Response | None = CAME, failure: str | None = None, number: int = 7) -> Exchange:
    headers = (("Content-Type", "application/json"), ("Authorization", f"Bearer {SECRET}"))
    url = f"http://host{SENT.path}"
    return Exchange(number, SENT, url, headers, b'{"name": "x"}', 0.25, response, failure, began=1_800_000_000.5)


def told(sent: Exchange) -> dict[str, Any]:
    return entry(sent, MaskedOnce(Masker()).of(sent))


def test_an_exchange_is_an_entry_of_an_archive() -> None:
    found = told(exchange())
    request, response = found["request"], found["response"]
    assert (found["startedDateTime"], found["time"]) == ("2027-01-15T08:00:00.500+00:00", 250.0)
    assert request["queryString"] == [{"name": "page", "value": "2"}, {"name": "empty", "value": ""}]
    assert request["postData"] == {"mimeType": "application/json", "text": '{"name": "x"}'}
    assert {"name": "Authorization", "value": "Bearer ***"} in request["headers"]
    assert (response["status"], response["statusText"], response["redirectURL"]) == (201, "Created", "/customers/1")
    assert response["content"]["text"] == '{"token": "***", "id": "1"}'
    assert SECRET not in json.dumps(found)


def test_a_request_without_a_response_is_one_too() -> None:
    found = told(exchange(None, "no response within 10 s"))
    assert (found["response"]["status"], found["_error"]) == (0, "no response within 10 s")


@pytest.mark.parametrize("number", [0, 1, 3, 4])
def test_an_archive_is_bounded_and_says_so(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(har, "MOST", 3)
    data = json.loads(
        "".join(archive((exchange(number=one) for one in range(number)), MaskedOnce(Masker()).of, left_out=0))
    )
    assert len(data["log"]["entries"]) == min(number, 3)
    assert ("1 later exchanges are left out" in data["log"]["comment"]) == (number > 3)


@pytest.fixture
def walk(catalogue: Catalogue, contract: Contract) -> dict[str, Any]:
    run = Run(Settings(), contract, catalogue, Rules(catalogue, contract), Masker(), ROOT)
    return collection(pytest_conformance_walk(run), contract, "https://host/api", ["X-Key"])


def test_the_collection_walks_through_all_operations(walk: dict[str, Any], contract: Contract) -> None:
    """Each operation is there, the checkout three times: with a known customer, without one, and with a new one."""
    sent = [(item["request"]["method"], "/" + "/".join(item["request"]["url"]["path"])) for item in walk["item"]]
    known = [(contract.operations[name].method, contract.operations[name].path) for name in operations.BY_ID]
    assert sent == [*known, known[-1], known[-1]]
    bodies = [json.loads(item["request"]["body"]["raw"]) for item in walk["item"]]
    assert [sorted({"customer", "customerId"} & body.keys()) for body in bodies[-3:]] == [
        ["customerId"],
        [],
        ["customer"],
    ]


def test_what_a_request_of_the_collection_names_was_set_before(walk: dict[str, Any]) -> None:
    known = {variable["key"] for variable in walk["variable"] if variable["value"]} | {"X_Key"}
    for item in walk["item"]:
        scripts = {event["listen"]: "\n".join(event["script"]["exec"]) for event in item["event"]}
        known |= set(re.findall(r'set\("(\w+)"', scripts.get("prerequest", "")))
        text = json.dumps(item["request"])
        assert set(re.findall(r"\{\{(\w+)\}\}", text)) <= known, item["name"]
        known |= set(re.findall(r'set\("(\w+)"', scripts["test"]))
    assert {"token", "organizationId", "customerId"} <= known
    assert not [
        variable for variable in walk["variable"] if variable["key"] in ("token", "password") and variable["value"]
    ]
