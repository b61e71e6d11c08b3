"""The customers at the end of a run: which requests may have created one whom no response has told."""

from __future__ import annotations

import json
from typing import Any

from conformance.wire.exchange import Call, Exchange, Response
from steps.ledger import may_have_created

ROW: dict[str, Any] = {"id": "cus_1", "email": "a.customer@example.com"}


def succeeded(method: str, body: bytes) -> Exchange:
    """A success on the path of customers, of which the beginning was kept."""
    response = Response(200, (("content-type", "application/json"),), body)
    return Exchange(1, Call(method, "/customers", ""), "http://127.0.0.1/customers", (), b"", 0.1, response)


CUT_OFF = b'{"data": [{"id": "cus_1", "email": "a.customer@exam'


def test_a_response_that_is_cut_off_may_name_who_was_created() -> None:
    assert may_have_created(succeeded("POST", CUT_OFF), ROW)


def test_a_list_that_is_cut_off_creates_nobody_whom_it_shows() -> None:
    """Otherwise a long list would excuse whom it shows, and nothing that a refused request has left were found."""
    assert not may_have_created(succeeded("GET", CUT_OFF), ROW)


def test_a_response_that_is_whole_tells_for_itself() -> None:
    assert not may_have_created(succeeded("POST", json.dumps(ROW).encode()), ROW)
