"""One request and its response, as the checks see them.

What Python shows of them has neither bodies nor headers nor tokens: tracebacks and debug logs hold the text of objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from conformance.values import MISSING, in_pairs, parse_json, texts

_VERY_LONG: Final = 50_000


class Intent(StrEnum):
    """What a request is for. Valid: the target has to accept it. Unusual: it may be refused by a policy of its own."""

    VALID = "valid"
    UNUSUAL = "unusual"
    ANY = "any"


@dataclass(frozen=True)
class Call:
    """A request that is about to be sent.

    `operation` is the id from the contract, or None for a request beside it. `intent` is valid where the target has
    to accept the request, and unusual where it may refuse it by a policy of its own, for `value`, which is in words.
    `repeat` says that it is an earlier request once more, which may be answered with what that one made. `generated`
    says that a machine made the values up; `actor` names who sends it; `chunked` sends the body as a chunk, without
    a Content-Length, `in_pieces` in several parts, or chunks; `in_small_letters` writes the names of the headers so, as
    HTTP/2 does.
    """

    method: str
    path: str
    operation: str | None = None
    json: Any = field(default=MISSING, repr=False)
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    token: str | None = field(default=None, repr=False)
    intent: Intent = Intent.ANY
    generated: bool = False
    actor: str = ""
    chunked: bool = False
    in_pieces: bool = False
    in_small_letters: bool = False
    value: str = ""
    repeat: bool = False


@dataclass(frozen=True)
class Response:
    """A response that was received whole: its body is decoded and bounded.

    `excess` counts the bytes that follow the headers of a response that has no body, as one to HEAD.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    excess: int = 0

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @cached_property
    def media_type(self) -> str:
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def says_json(self) -> bool:
        return self.media_type == "application/json" or self.media_type.endswith("+json")

    @cached_property
    def json(self) -> Any:
        return parse_json(self.body)

    @cached_property
    def texts(self) -> list[str]:
        """Return every text in the body's JSON value, field names included."""
        return texts(self.json)

    @cached_property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True)
class Exchange:
    """A request that was sent, and its response or failure.

    Exactly one of `response` and `failure` is given; `failure` is a sentence on why no whole response came.
    `gateway` says in words why the response is not the target's to this request; `again` that the request was sent more
    than once, and why. `began` is when it was sent, in seconds of Unix time.
    """

    number: int
    call: Call
    url: str
    request_headers: tuple[tuple[str, str], ...] = field(repr=False)
    request_body: bytes = field(repr=False)
    seconds: float
    response: Response | None = None
    failure: str | None = None
    gateway: str | None = None
    again: str = ""
    began: float = 0.0

    @cached_property
    def request_json(self) -> Any:
        """Return the request's body as a JSON value, or `MISSING` where it is not JSON, or has a name twice.

        Of two equal names readers of JSON take the first or the last (RFC 8259 section 4).
        """
        if self.call.json is not MISSING:
            return self.call.json
        return MISSING if self._pairs is not MISSING else self._parsed

    @cached_property
    def _parsed(self) -> Any:
        return parse_json(self.request_body) if self.request_body and self.call.json is MISSING else MISSING

    @cached_property
    def _pairs(self) -> Any:
        """Return the body with its objects as pairs, where one of them has a name twice, or else `MISSING`."""
        if self._parsed is MISSING:
            return MISSING
        pairs, twice = in_pairs(self.request_text)
        return pairs if twice else MISSING

    @cached_property
    def request_text(self) -> str:
        """Return the request's body as text."""
        return self.request_body.decode("utf-8", "replace")

    @cached_property
    def request_texts(self) -> list[str]:
        """Return every text in the request's JSON value, field names included; its whole body where that is no JSON."""
        if self.is_unreadable:
            return [self.request_text]
        return texts(self.request_json if self._pairs is MISSING else self._pairs)

    @property
    def is_unreadable(self) -> bool:
        """Return whether the request has a body that is no JSON."""
        return self.call.json is MISSING and self._parsed is MISSING and bool(self.request_body)

    @cached_property
    def response_text(self) -> str:
        """Return the response's body as text, without the very long texts that it repeats of its request."""
        text = self.response.text if self.response is not None else ""
        if len(text) > _VERY_LONG:
            for sent in self.request_texts:
                text = text.replace(sent, "") if len(sent) > _VERY_LONG else text
        return text

    @property
    def response_texts(self) -> list[str]:
        """Return every text in the response's JSON value, field names included."""
        return self.response.texts if self.response is not None else []

    @property
    def response_json(self) -> Any:
        """Return the response's body as a JSON value, or `MISSING`."""
        return self.response.json if self.response is not None else MISSING

    @property
    def status(self) -> int:
        """Return the response's status, or 0 where there was none."""
        return self.response.status if self.response is not None else 0

    @property
    def is_success(self) -> bool:
        return self.response is not None and self.gateway is None and self.response.is_success

    @property
    def outcome(self) -> str:
        """Return what came of the request, as a report says what it got: `status 201`, or why there is no response."""
        again = f" ({self.again})" if self.again else ""
        return f"status {self.status}{again}" if self.response is not None else f"no response: {self.failure}"

    @property
    def summary(self) -> str:
        """Return the exchange in one line: `POST /things → 201`."""
        again = f" ({self.again})" if self.again else ""
        return f"{self.call.method} {self.call.path} → {self.status or self.failure}{again}"
