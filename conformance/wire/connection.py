"""Connect to a target: through which proxy, with which certificates, and once it is up."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies

import httpx

from conformance.settings import Settings
from conformance.wire.client import Connection, Wire
from conformance.wire.target import TargetError
from conformance.wire.transport import environment_proxy

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_PROXIES: Final = ("http", "https", "socks5", "socks5h")
_TELL_EVERY: Final = 5.0


def connection(settings: Settings, base_url: str) -> Connection:
    """Return how to reach the target of a run from its settings."""
    loopback = urlsplit(base_url).hostname in _LOOPBACK
    verify: ssl.SSLContext | bool = not settings.insecure
    if settings.ca_bundle or settings.client_cert:
        verify = ssl.create_default_context(cafile=settings.ca_bundle)
        if settings.insecure:
            verify.check_hostname, verify.verify_mode = False, ssl.CERT_NONE
        if settings.client_cert:
            verify.load_cert_chain(settings.client_cert)
    return Connection(
        base_url=base_url,
        timeout=settings.timeout,
        connect_timeout=settings.connect_timeout,
        headers={name.strip(): value.strip() for name, _, value in (text.partition(":") for text in settings.header)},
        proxy=settings.proxy,
        verify=verify,
        client_cert=settings.client_cert,
        http2=settings.http2,
        trust_environment=not loopback,
    )


def environment_of(settings: Settings, base_url: str) -> list[str]:
    """Return, in a sentence each, what the environment changes on the way to a target, and what of it is ignored.

    Raises `TargetError` where the environment names a proxy or a file of certificates that cannot be used.
    """
    url = httpx.URL(base_url)
    found = getproxies()
    scheme = url.scheme if url.scheme in found else "all"
    variable = f"{scheme.upper()}_PROXY"
    if not settings.insecure and not settings.ca_bundle and url.scheme == "https":
        _require_certificates()
    if scheme not in found:
        return []
    if url.host in _LOOPBACK:
        return [f"proxy: {variable} is ignored, since the target is on this machine; --proxy is not"]
    if settings.proxy:
        return [f"proxy: {variable} is ignored, since --proxy is given"]
    proxy = environment_proxy(url)
    if proxy is None:
        return [f"proxy: {variable} is not used for {url.host}, by NO_PROXY"]
    try:
        named = httpx.URL(proxy)
    except httpx.InvalidURL:
        named = httpx.URL("")
    if named.scheme not in _PROXIES or not named.host:
        raise TargetError(f"{variable} names no proxy: write it as http://HOST:PORT, or unset it")
    port = f":{named.port}" if named.port else ""
    return [f"proxy: requests go through {named.scheme}://{named.host}{port}, by {variable}"]


def _require_certificates() -> None:
    """Raise `TargetError` where the environment names certificates that cannot be read."""
    variable = "SSL_CERT_FILE" if os.environ.get("SSL_CERT_FILE") else "SSL_CERT_DIR"
    place = os.environ.get(variable)
    if not place:
        return
    try:
        if variable == "SSL_CERT_FILE":
            ssl.create_default_context(cafile=place)
        else:
            next(Path(place).iterdir(), None)
    except ssl.SSLError:
        raise TargetError(f"{variable} names {place!r}, which holds no certificate in PEM form; correct it") from None
    except OSError as error:
        raise TargetError(f"{variable} names {place!r}, which cannot be read ({error.strerror}); correct it") from None


def wait_for_target(wire: Wire, path: str, seconds: float, say: Callable[[str], None]) -> str | None:
    """Wait for a target that may still be starting; return None once it responds, or the reason after `seconds`.

    A gateway that says meanwhile that the target is not up yet (502, 503, 504) is waited for as well. What closes each
    connection, that of a POST to `path` too, is no target. `say` is told what is waited for, now and then.
    """
    begun = time.monotonic()
    tell_at = begun + _TELL_EVERY
    while (now := time.monotonic()) < begun + seconds and (reason := wire.reach(ready=True)) is not None:
        if now >= tell_at:
            say(f"waiting  {now - begun:.0f} of {seconds:g} s for the target: {reason}")
            tell_at = now + _TELL_EVERY
        time.sleep(min(0.5, max(0.0, begun + seconds - time.monotonic())))
    return wire.reach(path=path)
