"""Why no whole response came: in words for the owner of the API, and in kinds for the wire."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import httpx

from conformance.wire.bounds import MAX_BODY, Unbounded, Undecodable

PROXY_CLOSED: Final = "the proxy does not let us through: look at --proxy"
CLIENT_REFUSED: Final = (
    "it wants to know its client by a certificate, or does not accept the one that it got: see --client-cert"
)
_CLIENT_REFUSED: Final = re.compile(
    r"ALERT_(?:CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN|ACCESS_DENIED)"
)
_ENDED: Final = "<ConnectionTerminated error_code:0,"
"""HTTP/2: a server ends a connection that is used up, for which the client library gives up the response on its way."""


class Kind(StrEnum):
    """What became of a request that got no whole response.

    Unreached: no connection came about. Closed: it ended before the first byte of a response. Cut: it ended in the
    middle of one. Silent: time ran out. No HTTP, and broken: a response came that cannot be used.
    """

    UNREACHED = "unreached"
    CLOSED = "closed"
    CUT = "cut"
    SILENT = "silent"
    NO_HTTP = "no HTTP"
    BROKEN = "broken"


@dataclass(frozen=True)
class Failure:
    """Why no whole response came: the kind, and words for the owner of the API; `in_tls` says that TLS failed."""

    kind: Kind
    words: str
    in_tls: bool = False


def failure_of(error: Exception, patience: float, connect_patience: float, start: bytes) -> Failure:
    """Return what an error of the client library says about the target, whose response starts with `start`."""
    text = str(error)
    match error:
        case httpx.ReadError() | httpx.ReadTimeout() | httpx.RemoteProtocolError() if not _may_be_http(start):
            return Failure(Kind.NO_HTTP, f"a response that is not HTTP (it starts with {start!r})")
        case httpx.ConnectTimeout():
            return Failure(Kind.UNREACHED, f"no connection within {connect_patience:g} s")
        case httpx.ConnectError():
            return _unconnected(text)
        case httpx.ProxyError():
            return Failure(Kind.UNREACHED, f"{PROXY_CLOSED} ({text})")
        case httpx.TimeoutException() if start:
            return Failure(Kind.SILENT, f"no whole response within {patience:g} s: it came in too slowly")
        case httpx.TimeoutException():
            return Failure(Kind.SILENT, f"no response within {patience:g} s")
        case httpx.ReadError() | httpx.WriteError() if _CLIENT_REFUSED.search(text):
            return Failure(Kind.UNREACHED, CLIENT_REFUSED)
        case httpx.ReadError() | httpx.WriteError():
            return Failure(Kind.CUT if start else Kind.CLOSED, "the connection was reset")
        case httpx.RemoteProtocolError():
            return _broken_off(text, bool(start))
        case Undecodable():
            return Failure(Kind.BROKEN, text)
        case Unbounded():
            return Failure(Kind.BROKEN, f"an endless response: more than {MAX_BODY // 1024 // 1024} MB")
        case _:
            return Failure(Kind.BROKEN, f"{type(error).__name__}: {text}")


def _may_be_http(start: bytes) -> bool:
    return b"HTTP/".startswith(start[:5])


def _broken_off(text: str, started: bool) -> Failure:
    if "Server disconnected" in text and started:
        return Failure(Kind.CUT, "the connection was closed in the middle of the headers")
    if "Server disconnected" in text:
        return Failure(Kind.CLOSED, "the connection was closed without a response")
    if text.startswith(_ENDED):
        return Failure(Kind.CLOSED, "the connection was ended (GOAWAY) before a response")
    if "incomplete" in text or "closed" in text:
        return Failure(Kind.CUT, "a truncated response: the connection was closed before the body was complete")
    if "buffer too long" in text:
        return Failure(Kind.BROKEN, "a response whose headers do not end within 100 kB")
    if "illegal status line" in text:
        return Failure(Kind.NO_HTTP, f"a response that is not HTTP ({text})")
    return Failure(Kind.BROKEN, f"a response that breaks HTTP ({text})")


def _unconnected(text: str) -> Failure:
    if "CERTIFICATE_VERIFY_FAILED" in text:
        detail = text.partition("verify failed:")[2].partition("(_ssl")[0].strip() or "not trusted"
        words = (
            f"its TLS certificate cannot be verified ({detail}): name its authority with --ca-bundle, "
            "or accept any certificate with --insecure"
        )
        return Failure(Kind.UNREACHED, words, in_tls=True)
    if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER_FAILURE" in text or "HTTP_REQUEST" in text:
        words = "what answers there does not speak TLS: write http:// if that is meant"
        return Failure(Kind.UNREACHED, words, in_tls=True)
    if _CLIENT_REFUSED.search(text):
        return Failure(Kind.UNREACHED, CLIENT_REFUSED)
    if "SSL" in text or "TLS" in text:
        return Failure(Kind.UNREACHED, f"TLS failed: {text}", in_tls=True)
    if any(sign in text for sign in ("Name or service", "getaddrinfo", "No address", "name resolution", "nodename")):
        return Failure(Kind.UNREACHED, "the host name cannot be resolved")
    if "refused" in text:
        return Failure(Kind.UNREACHED, "the connection was refused")
    return Failure(Kind.UNREACHED, f"no connection ({text})")
