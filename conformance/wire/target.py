"""The URL of the server under test, as a user gives it."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx

from conformance.settings import Size


class TargetError(ValueError):
    """A target that cannot be used; the message is one sentence with the remedy."""


def checked_url(text: str) -> str:
    """Return a base URL as the user wrote it, without a trailing slash. Raises `TargetError` where it is unusable."""
    url = text.strip()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise TargetError(f"the base URL {text!r} is not a URL; write it as https://HOST:PORT/PATH") from None
    if parts.scheme not in ("http", "https"):
        raise TargetError(f"the base URL {text!r} has to start with http:// or https://")
    if not parts.hostname or port == 0:
        raise TargetError(f"the base URL {text!r} names no host; write it as https://HOST:PORT/PATH")
    try:
        if " " in url or not httpx.URL(url).host:
            raise httpx.InvalidURL("a blank")
    except httpx.InvalidURL:
        raise TargetError(f"the base URL {text!r} is not a URL; write it as https://HOST:PORT/PATH") from None
    if parts.username is not None:
        raise TargetError("the base URL must not hold a user name or password; hand a gateway its key with --header")
    if parts.query or parts.fragment:
        raise TargetError(f"the base URL {text!r} must not have a query or a fragment; leave out what follows the path")
    return url.rstrip("/")


def refuse_load(url: str | None, size: Size, allowed: str | None) -> None:
    """Raise `TargetError` for a full run, which sends thousands of requests to a host, that was not confirmed."""
    host = urlsplit(url or "").hostname
    if size is Size.FULL and host not in (None, "localhost", "127.0.0.1", "::1", allowed):
        raise TargetError(f"a full run is heavy: confirm that {host} may be sent it with --allow-load {host}")
