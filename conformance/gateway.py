"""Telling a gateway's own page from an answer of the target."""

from __future__ import annotations

import re
from typing import Final

from conformance.exchange import Response

_STATUSES: Final = frozenset({401, 403, 407, 413, 414, 431, 494, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530})
_SIGNS: Final = re.compile(
    r"<center>\s*(?:nginx|openresty|cloudflare|awselb)|cloudflare|cf-error|ray id|incapsula|imperva|akamai|reference\s*#"
    r"|request blocked|cloudfront|varnish|haproxy|traefik|envoy|sucuri|web application firewall|\bwaf\b|f5 networks"
    r"|the requested url was rejected|gateway|proxy|load balancer|access denied|checking your browser",
    re.IGNORECASE,
)


def gateway_page(response: Response) -> str | None:
    """An answer that may come from a proxy, firewall or load balancer before the target: returns why it is taken for
    one, or None. A gateway answers in HTML, with a status of its own kind, and its page tells what it is."""
    if response.status not in _STATUSES or "html" not in response.media_type:
        return None
    sign = _SIGNS.search(response.text)
    if sign is None:
        return None
    return f"a gateway answered with its own page (status {response.status}, “{sign[0].strip()}”): the target was not reached"
