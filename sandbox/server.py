"""Serving the sandbox over HTTP until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence

import uvicorn

from sandbox.app import create_app


class _Server(uvicorn.Server):
    """A uvicorn server that says when it listens and, once told to stop, does not wait for open requests."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None], exit_with_stdin: bool) -> None:
        super().__init__(config)
        self._announce = announce
        self._exit_with_stdin = exit_with_stdin

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._exit_with_stdin:
            _when_stdin_ends(asyncio.get_running_loop(), self.stop)
        self._announce()

    def stop(self) -> None:
        self.should_exit = True
        self.force_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        kept = {number: signal.signal(number, lambda *_: self.stop()) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)


def _when_stdin_ends(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    def wait() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(stop)

    threading.Thread(target=wait, daemon=True).start()


def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    prefix: str = "",
    faults: Sequence[str] = (),
    variants: Sequence[str] = (),
    database: str | None = None,
    exit_with_stdin: bool = False,
) -> None:
    """Serve until SIGTERM, SIGINT or, on demand, the end of stdin; one line on stdout says when the sandbox listens.

    Raises ``UnknownName`` for a fault or variant that is not on the switchboard, and ``OSError`` where the address
    cannot be had.
    """
    app = create_app(faults, variants, prefix, database)
    listener = _listen(host, port)
    path = "/" + prefix.strip("/") if prefix.strip("/") else ""
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listener.getsockname()[1]}{path}"

    def announce() -> None:
        print(f"sandbox: listening on {address}", flush=True)

    config = uvicorn.Config(
        app,
        loop="asyncio",
        lifespan="off",
        ws="none",
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_keep_alive=60,
    )
    with listener:
        _Server(config, announce, exit_with_stdin).run(sockets=[listener])
    sys.stdout.flush()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off only where the protocol is named; with it every reply takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":  # there the option lets two servers have one port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError):
        listener.close()
        raise
    return listener
