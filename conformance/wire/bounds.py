"""Bounds on the body of a response: how large it may become once it is decoded."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

MAX_BODY: Final = 8 * 1024 * 1024
_CODINGS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_RAW_DEFLATE: Final = -15
_NEXT_MEMBER: Final = b"\x1f\x8b"
"""How a further member of a gzip file begins, of which there may be several (RFC 1952 section 2.2)."""


class Unbounded(Exception):
    """A body that is larger than a response may be."""


class Undecodable(Exception):
    """A body that is not what its Content-Encoding says; the message says how."""


def decoded(chunks: Iterable[bytes], coding: str) -> bytes:
    """Return a body that arrives in chunks, decoded.

    Raises `Unbounded` as soon as it grows too long, and `Undecodable` where it is not what its coding says.
    """
    names = [name for name in (part.strip().lower() for part in coding.split(",")) if name not in ("", "identity")]
    if not names:
        return _joined(chunks)
    if len(names) > 1 or names[0] not in _CODINGS:
        raise Undecodable(f"Content-Encoding {coding[:80]!r}, which was not asked for")
    body = bytearray()
    decoder = None
    for chunk in chunks:
        try:
            if decoder is None:
                decoder = zlib.decompressobj(_window(names[0], chunk))
            body += decoder.decompress(chunk, MAX_BODY + 1 - len(body))
            while decoder.unused_data.startswith(_NEXT_MEMBER) and len(body) <= MAX_BODY:
                rest, decoder = decoder.unused_data, zlib.decompressobj(_CODINGS["gzip"])
                body += decoder.decompress(rest, MAX_BODY + 1 - len(body))
        except zlib.error as error:
            raise Undecodable(f"a body that is not {names[0]}, as its Content-Encoding says ({error})") from None
        if len(body) > MAX_BODY:
            raise Unbounded
    if decoder is not None and not decoder.eof:
        raise Undecodable(f"a body that ends in the middle of its {names[0]} coding")
    return bytes(body)


def _joined(chunks: Iterable[bytes]) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > MAX_BODY:
            raise Unbounded
    return bytes(body)


def _window(name: str, start: bytes) -> int:
    """Return zlib's window bits for a coding; `deflate` may lack its header (RFC 9110 section 8.4.1.2)."""
    if name == "deflate" and start[0] & 0x0F != 8:
        return _RAW_DEFLATE
    return _CODINGS[name]
