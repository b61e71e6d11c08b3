"""Who somebody is: password hashes, session tokens and their signatures, fresh ids."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
import string
import unicodedata
from urllib.parse import unquote

ALPHABET = string.ascii_letters + string.digits


def password_key(password: str) -> str:
    """Passwords are compared after NFKC (contract page: More of what B really does)."""
    return unicodedata.normalize("NFKC", password)


def _digest(key: str, salt: bytes) -> bytes:
    # A service in earnest makes this dear. Here all passwords are made up, and a gate signs in two hundred times.
    return hashlib.scrypt(key.encode("utf-8", "replace"), salt=salt, n=16, r=8, p=1, dklen=32)


def hash_password_at_once(key: str) -> str:
    """Salt and digest of a password key."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}:{_digest(key, salt).hex()}"


async def hash_password(key: str) -> str:
    """The same, worked out beside the event loop."""
    return await asyncio.to_thread(hash_password_at_once, key)


async def password_matches(key: str, stored: str) -> bool:
    salt, _, digest = stored.partition(":")
    given = await asyncio.to_thread(_digest, key, bytes.fromhex(salt))
    return hmac.compare_digest(given.hex(), digest)


def new_token() -> str:
    return random_text(32)


def random_text(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _signature(token: str, secret: bytes) -> str:
    digest = hmac.new(secret, token.encode("utf-8", "replace"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def signed(token: str, secret: bytes) -> str:
    """TOKEN.SIGNATURE, the form that the ``set-auth-token`` header carries."""
    return f"{token}.{_signature(token, secret)}"


def unsigned(token: str, secret: bytes) -> str | None:
    """The bare token of either form; None where a signature is there and wrong."""
    bare, dot, signature = token.partition(".")
    if not dot:
        return token
    plain = unquote(signature).translate(str.maketrans("+/", "-_")).rstrip("=")
    return bare if hmac.compare_digest(plain.encode(), _signature(bare, secret).encode()) else None
