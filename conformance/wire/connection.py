"""Connect to a target: through which proxy, with which certificates, and once it is up."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from conformance.settings import Settings
from conformance.wire.client import Connection, Wire

_TELL_EVERY: Final = 5.0


def connection(settings: Settings, base_url: str) -> Connection:
    """Return how to reach the target of a run from its settings."""
    loopback = urlsplit(base_url).hostname in ("127.0.0.1", "localhost", "::1")
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


def wait_for_target(wire: Wire, seconds: float, say: Callable[[str], None]) -> str | None:
    """Wait for a target that may still be starting; return None once it responds, or the reason after `seconds`.

    A gateway that says meanwhile that the target is not up yet (502, 503, 504) is waited for as well. `say` is told
    what is waited for, now and then.
    """
    begun = time.monotonic()
    tell_at = begun + _TELL_EVERY
    while (now := time.monotonic()) < begun + seconds and (reason := wire.reach(ready=True)) is not None:
        if now >= tell_at:
            say(f"waiting  {now - begun:.0f} of {seconds:g} s for the target: {reason}")
            tell_at = now + _TELL_EVERY
        time.sleep(min(0.5, max(0.0, begun + seconds - time.monotonic())))
    return wire.reach()
