"""A sandbox that remembers every request and answer: what was really sent, unmasked, to hold the reports against."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.app import create_app

_SECRET_FIELDS = {"password", "token"}
_SECRET_HEADERS = {"authorization", "set-auth-token"}


@dataclass
class Seen:
    """One request with its response."""

    method: str
    path: str
    sent_headers: dict[str, str]
    request: bytes = b""
    status: int = 0
    came_headers: dict[str, str] = field(default_factory=dict)
    response: bytes = b""
    http_version: str = "1.1"
    client: tuple[str, int] = ("", 0)
    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0

    @property
    def secrets(self) -> set[str]:
        """Every password and token in it, of either side."""
        found = {
            value.rpartition(" ")[2]
            for headers in (self.sent_headers, self.came_headers)
            for name, value in headers.items()
            if name in _SECRET_HEADERS
        }
        for body in (self.request, self.response):
            try:
                found |= set(_named(json.loads(body)))
            except ValueError:
                continue
        return found


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _named(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in _SECRET_FIELDS and isinstance(item, str):
                yield item
            yield from _named(item)


@dataclass
class Target:
    """A target that records: its base URL, and what it has seen so far."""

    url: str
    seen: list[Seen] = field(default_factory=list)

    @property
    def openings(self) -> list[Seen]:
        """The first request of every connection."""
        return list({seen.client: seen for seen in reversed(self.seen)}.values())

    @property
    def secrets(self) -> set[str]:
        """All passwords and tokens that went over the wire, short ones aside: they are words of every report."""
        return {secret for item in self.seen for secret in item.secrets if len(secret) >= 8}

    def bodies(self, path: str) -> list[Any]:
        """The JSON bodies that were sent to a path, in their order."""
        return [json.loads(item.request) for item in self.seen if item.path.endswith(path)]


def recorded(app: ASGIApp, target: Target) -> ASGIApp:
    """An application: returns it with every request and answer remembered."""

    async def recorder(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        seen = Seen(
            scope["method"],
            scope["path"],
            _text(scope["headers"]),
            http_version=scope["http_version"],
            client=tuple(scope["client"]),
        )
        target.seen.append(seen)

        async def receiving() -> Message:
            message: Message = await receive()
            seen.request += message.get("body", b"")
            return message

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status, seen.came_headers = message["status"], _text(message["headers"])
            seen.response += message.get("body", b"")
            await send(message)

        await app(scope, receiving, sending)
        seen.ended = time.monotonic()

    return recorder


@contextmanager
def recording_target(
    faults: Sequence[str] = (),
    variants: Sequence[str] = (),
    prefix: str = "",
    before: Callable[[ASGIApp], ASGIApp] = lambda app: app,
) -> Iterator[Target]:
    """A sandbox in a thread of this process while it lasts, with something in front of it perhaps."""
    listener = socket.create_server(("127.0.0.1", 0))
    # asyncio does this for the sockets alone that it has made itself; without it, each response takes 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    target = Target(f"http://127.0.0.1:{listener.getsockname()[1]}{prefix}")
    app = recorded(before(create_app(faults, variants, prefix)), target)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", server_header=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield target
    finally:
        server.should_exit = server.force_exit = True
        thread.join(5)


def _text(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
