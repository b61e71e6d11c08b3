"""Masking: no token, password or key leaves the process in evidence, a message or a traceback."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable
from itertools import product
from threading import Lock
from typing import Any, Final
from urllib.parse import quote

from conformance.literals import SHORTEST, Literals

MASK: Final = "***"
_SECRET_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"})
_SECRET_FIELD: Final = re.compile(r"pass(word|phrase)|token|secret|api_?key", re.IGNORECASE)
_SECRET_NAME: Final = r"[a-z_-]{0,40}(?:password|passphrase|token|secret|api_?key)[a-z_-]{0,40}"
_SECRET_TEXT: Final = re.compile(
    rf"""(?i)((?:"{_SECRET_NAME}"|'{_SECRET_NAME}')\s*:\s*)(?:"(?:[^"\\]|\\.)*|'(?:[^'\\]|\\.)*)"""
)
"""A field as JSON writes it, and as Python shows it; the text may end within the value."""
_SECRET_IN_QUOTES: Final = re.compile(
    rf"""(?i)(\\"{_SECRET_NAME}\\"\s*:\s*\\")(?:[^"\\]|\\\\(?:\\.|[^"\\])|\\[^"\\])*"""
)
"""The same within a text that is itself in quotes, as the words of a breach quote a body that is no JSON."""
_URL_USER: Final = re.compile(r"""(?<=://)[^\s/@:"'\\]+:[^\s/@"'\\]+(?=@)""")
_SHORTEST_IN_BASE64: Final = 8
_QUOTES_IN_HTML: Final = tuple(product(('"', "&quot;", "&#34;"), ("'", "&#x27;", "&#39;")))


class Masker:
    """The secrets of a run: a secret that it was `told` never appears in a text that it masked."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self._forms = Literals()
        self._adding = Lock()
        self._headers: set[str] = set(_SECRET_HEADERS)

    def add(self, *secrets: object) -> None:
        """Add secrets as they become known (a generated password, a received token); values under six characters are
        left to the masking by field name, since they would blot out ordinary text."""
        with self._adding:
            for secret in secrets:
                if isinstance(secret, str) and len(secret) >= SHORTEST and secret not in self._forms:
                    self.told.append(secret)
                    for form in _forms(secret):
                        self._forms.add(form)

    def add_header(self, name: str) -> None:
        """Add a header whose value is a secret in this run, such as a gateway's key."""
        self._headers.add(name.lower())

    def text(self, text: str) -> str:
        """Return a text with every known secret, and every value of a secret-named field, masked."""
        if len(text) < SHORTEST:
            return text
        text = self._forms.replaced(text, MASK)
        if '"' in text or "'" in text:
            text = _SECRET_TEXT.sub(_without_value, text)
            text = _SECRET_IN_QUOTES.sub(rf"\1{MASK}", text) if '\\"' in text else text
        return _URL_USER.sub(MASK, text) if "://" in text else text

    def known(self, text: str) -> str:
        """Return a text with the known secrets masked alone, whatever the names of its fields."""
        return self._forms.replaced(text, MASK) if len(text) >= SHORTEST else text

    def headers(self, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return the headers of a request or response in their order, with secret values masked."""
        return [(name, self._header(name, value)) for name, value in headers]

    def _header(self, name: str, value: str) -> str:
        if name.lower() not in self._headers:
            return self.text(value)
        scheme, blank, _ = value.partition(" ")
        if name.lower() == "authorization" and blank and scheme.isalpha():
            return f"{scheme} {MASK}"
        return MASK if value else value

    def json(self, value: Any) -> str:
        """Return a JSON value as JSON, masked as `value` does; raise `RecursionError` where it is nested too deep.

        Most values hold no secret, which their JSON tells at once: a secret in it stands there as one of its forms. A
        backslash in JSON may belong to a text that is in quotes itself, so that its parts are looked at one by one.
        """
        text = json.dumps(value, ensure_ascii=False)
        if "\\\\" not in text and not _SECRET_FIELD.search(text) and self.text(text) == text:
            return text
        return json.dumps(self.value(value), ensure_ascii=False)

    def value(self, value: Any) -> Any:
        """Return a copy of a JSON value in which texts are masked and secret-named fields hide their values."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {
                self.text(name): _hidden(self.value(item)) if _SECRET_FIELD.search(name) else self.value(item)
                for name, item in value.items()
            }
        return value


def _without_value(found: re.Match[str]) -> str:
    return f"{found[1]}{found[0][len(found[1])]}{MASK}"


def _hidden(value: Any) -> Any:
    """Return a value of a secret-named field with every text in it masked, however deep."""
    if isinstance(value, str):
        return MASK
    if isinstance(value, list):
        return [_hidden(item) for item in value]
    return {name: _hidden(item) for name, item in value.items()} if isinstance(value, dict) else value


def _forms(secret: str) -> set[str]:
    """Return a secret as texts hold it: as it is, in a URL, in JSON, as Python shows it, in HTML, and in base64."""
    in_html = html.escape(secret, quote=False)
    forms = {
        secret,
        quote(secret, safe="", errors="replace"),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        *(in_html.replace('"', double).replace("'", single) for double, single in _QUOTES_IN_HTML),
    }
    if len(secret) >= _SHORTEST_IN_BASE64:
        raw = secret.encode("utf-8", "surrogatepass")
        coded = b64encode(raw).decode(), urlsafe_b64encode(raw).decode()
        forms |= {*coded, *(text.rstrip("=") for text in coded)}
    return forms
