"""Why no whole answer came: in words for the owner of the API, and in kinds for the wire."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

import httpx

from conformance.wire.bounds import MAX_BODY, Unbounded, Undecodable

PROXY_CLOSED: Final = "the proxy does not let us through: look at --proxy"
CLIENT_REFUSED: Final = (
    "it wants to know its client by a certificate, or does not accept the one that it got: see --client-cert"
)
_CLIENT_REFUSED: Final = re.compile(
    r"ALERT_(?:CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN|ACCESS_DENIED)"
)

Kind = Literal["unreached", "closed", "cut", "silent", "no HTTP", "broken"]


@dataclass(frozen=True)
class Failure:
    """What became of a request that got no whole answer.

    `unreached` means that no connection came about, `closed` that it ended before the first byte of an answer, `cut`
    that it ended in the middle of one, and `silent` that time ran out; the other two are answers that cannot be used.
    """

    kind: Kind
    words: str


def failure_of(error: Exception, patience: float, connect_patience: float, start: bytes) -> Failure:
    """An error of the client library: returns what it says about the target, whose answer started like this."""
    text = str(error)
    match error:
        case httpx.ReadTimeout() | httpx.RemoteProtocolError() if start and not b"HTTP/".startswith(start[:5]):
            return Failure("no HTTP", f"an answer that is not HTTP (it starts with {start!r})")
        case httpx.ConnectTimeout():
            return Failure("unreached", f"no connection within {connect_patience:g} s")
        case httpx.ConnectError():
            return Failure("unreached", _unconnected(text))
        case httpx.ProxyError():
            return Failure("unreached", f"{PROXY_CLOSED} ({text})")
        case httpx.TimeoutException() if start:
            return Failure("silent", f"no whole answer within {patience:g} s: it came in too slowly")
        case httpx.TimeoutException():
            return Failure("silent", f"no answer within {patience:g} s")
        case httpx.ReadError() | httpx.WriteError() if _CLIENT_REFUSED.search(text):
            return Failure("unreached", CLIENT_REFUSED)
        case httpx.ReadError() | httpx.WriteError():
            return Failure("cut" if start else "closed", "the connection was reset")
        case httpx.RemoteProtocolError():
            return _broken_off(text, bool(start))
        case Undecodable():
            return Failure("broken", text)
        case Unbounded():
            return Failure("broken", f"an endless answer: more than {MAX_BODY // 1024 // 1024} MB")
        case _:
            return Failure("broken", f"{type(error).__name__}: {text}")


def _broken_off(text: str, started: bool) -> Failure:
    if "Server disconnected" in text and started:
        return Failure("cut", "the connection was closed in the middle of the headers")
    if "Server disconnected" in text:
        return Failure("closed", "the connection was closed without an answer")
    if "incomplete" in text or "closed" in text:
        return Failure("cut", "a truncated answer: the connection was closed before the body was complete")
    if "buffer too long" in text:
        return Failure("broken", "an answer whose headers do not end within 100 kB")
    if "illegal status line" in text:
        return Failure("no HTTP", f"an answer that is not HTTP ({text})")
    return Failure("broken", f"an answer that breaks HTTP ({text})")


def _unconnected(text: str) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in text:
        detail = text.partition("verify failed:")[2].partition("(_ssl")[0].strip() or "not trusted"
        return (
            f"its TLS certificate cannot be verified ({detail}): name its authority with --ca-bundle, "
            "or accept any certificate with --insecure"
        )
    if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER_FAILURE" in text or "HTTP_REQUEST" in text:
        return "what answers there does not speak TLS: write http:// if that is meant"
    if _CLIENT_REFUSED.search(text):
        return CLIENT_REFUSED
    if "SSL" in text or "TLS" in text:
        return f"TLS failed: {text}"
    if any(sign in text for sign in ("Name or service", "getaddrinfo", "No address", "name resolution", "nodename")):
        return "the host name cannot be resolved"
    if "refused" in text:
        return "the connection was refused"
    return f"no connection ({text})"
