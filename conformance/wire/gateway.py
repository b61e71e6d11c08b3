"""Telling a gateway's own page from an answer of the target."""

from __future__ import annotations

import re
from typing import Final

from conformance.wire.exchange import Response
from conformance.wire.failures import PROXY_CLOSED

NOT_REACHED: Final = "the target was not reached"
_STATUSES: Final = frozenset({401, 403, 413, 414, 431, 494, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530})
_AWAY: Final = frozenset({502, 503, 504})
_NAMES: Final = re.compile(
    r"<center>\s*(?:nginx|openresty|cloudflare|awselb)|cf-error|cloudflare ray id|incapsula|cloudfront"
    r"|varnish cache server",
    re.IGNORECASE,
)
_NO_UPSTREAM: Final = re.compile(r"upstream connect error|no healthy upstream|upstream request timeout")
_SIGNS: Final = re.compile(
    r"cloudflare|ray id|imperva|akamai|reference\s*#|request blocked|haproxy|traefik|envoy|sucuri|varnish"
    r"|web application firewall|\bwaf\b|f5 networks|the requested url was rejected|gateway|proxy|load balancer"
    r"|access denied|checking your browser",
    re.IGNORECASE,
)


def gateway_page(response: Response, method: str = "") -> str | None:
    """An answer that may come from a proxy, firewall or load balancer before the target: returns why it is taken for
    one, or None. Its page is HTML and names a gateway's product, or has a gateway's status and speaks of its work; to
    HEAD, which shows no page, the status has to do. Some gateways say in plain text that they have no upstream, and 407
    is a proxy's alone (RFC 9110 section 15.5.8)."""
    if response.status == 407:
        return f"{PROXY_CLOSED} (status 407): {NOT_REACHED}"
    if method == "HEAD" and response.status in _AWAY and "html" in response.media_type:
        return f"a gateway answered with status {response.status}: {NOT_REACHED}"
    plain = response.status in _AWAY and response.media_type == "text/plain"
    if plain and (said := _NO_UPSTREAM.match(response.text)):
        return f"a gateway answered with “{said[0]}”: {NOT_REACHED}"
    if response.status < 400 or response.status == 500 or "html" not in response.media_type:
        return None
    sign = _NAMES.search(response.text) or (_SIGNS.search(response.text) if response.status in _STATUSES else None)
    if sign is None:
        return None
    page = f"its own page (status {response.status}, “{sign[0].strip()}”)"
    return f"a gateway answered with {page}: {NOT_REACHED}"
