"""Networks as a staging has them: TLS with an authority of its own, client certificates, HTTP/2, and proxies."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import proxy
import trustme
from hypercorn.asyncio import serve
from hypercorn.config import Config

from sandbox.app import create_app
from tests.suite.misbehaving import LOOPBACK, free_port
from tests.suite.recording import Target, recorded


@dataclass(frozen=True)
class Authority:
    """A certificate authority that nobody knows, with the files that it has issued."""

    root: Path
    server: Path
    client: Path
    stranger: Path

    @classmethod
    def made(cls, folder: Path) -> Authority:
        """A new authority: one certificate for loopback, one for a client, and one of another authority's."""
        authority, other = trustme.CA(), trustme.CA()
        files = cls(*(folder / f"{name}.pem" for name in ("root", "server", "client", "stranger")))
        authority.cert_pem.write_to_path(files.root)
        authority.issue_cert(LOOPBACK, "localhost").private_key_and_cert_chain_pem.write_to_path(files.server)
        authority.issue_cert("gate@ci.example").private_key_and_cert_chain_pem.write_to_path(files.client)
        other.issue_cert("stranger@ci.example").private_key_and_cert_chain_pem.write_to_path(files.stranger)
        return files


@contextmanager
def secured_target(
    authority: Authority, *, protocols: Sequence[str], wants_client: bool = False, most: int = 1000
) -> Iterator[Target]:
    """A recording sandbox behind TLS while it lasts, which speaks these protocols and may want to know its clients.

    After `most` requests it ends a connection.
    """
    port = free_port()
    target = Target(f"https://{LOOPBACK}:{port}")
    config = Config()
    config.bind = [f"{LOOPBACK}:{port}"]
    config.certfile = config.keyfile = str(authority.server)
    config.alpn_protocols = list(protocols)
    config.accesslog = config.errorlog = None
    config.keep_alive_max_requests = most
    if wants_client:
        config.ca_certs, config.verify_mode = str(authority.root), ssl.CERT_REQUIRED
    ended, listening = threading.Event(), threading.Event()

    async def main() -> None:
        async def wait() -> None:
            listening.set()
            while not ended.is_set():
                await asyncio.sleep(0.05)

        await serve(cast(Any, recorded(create_app([], [], ""), target)), config, shutdown_trigger=wait)

    thread = threading.Thread(target=asyncio.run, args=(main(),), daemon=True)
    thread.start()
    assert listening.wait(10)
    try:
        yield target
    finally:
        ended.set()
        thread.join(10)


@contextmanager
def forward_proxy(*words: str) -> Iterator[str]:
    """A forward proxy on loopback while it lasts: gives its address."""
    given = [
        "--hostname",
        LOOPBACK,
        "--port",
        "0",
        "--num-workers",
        "1",
        "--num-acceptors",
        "1",
        "--log-level",
        "CRITICAL",
    ]
    with proxy.Proxy([*given, *words]) as running:
        yield f"{LOOPBACK}:{running.flags.port}"
