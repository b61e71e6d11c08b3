"""A target far away, and the bare time of requests: what a gate is held against."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Queue
from urllib.parse import urlsplit


@contextmanager
def far_away(url: str, seconds: float) -> Iterator[str]:
    """While it lasts, the target at `url` can be reached at the address given, where each response is so late."""
    here = socket.create_server(("127.0.0.1", 0))
    there = urlsplit(url)

    def accept() -> None:
        with suppress(OSError):
            while True:
                near, _ = here.accept()
                far = socket.create_connection((there.hostname or "", there.port or 80))
                for one in (near, far):  # or the second piece of a request waits until the first is acknowledged: 40 ms
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for pair, late in (((near, far), 0.0), ((far, near), seconds)):
                    threading.Thread(target=_pass_on, args=(*pair, late), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{here.getsockname()[1]}{there.path}"
    finally:
        here.close()


def _pass_on(source: socket.socket, sink: socket.socket, late: float) -> None:
    """Pass on what comes, each piece so many seconds after it came; pieces travel side by side."""
    pieces: Queue[tuple[float, bytes]] = Queue()

    def deliver() -> None:
        with suppress(OSError):
            while True:
                due, data = pieces.get()
                time.sleep(max(0.0, due - time.monotonic()))
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)

    threading.Thread(target=deliver, daemon=True).start()
    with suppress(OSError):
        while data := source.recv(65536):
            pieces.put((time.monotonic() + late, data))
    pieces.put((time.monotonic() + late, b""))


def replayed(url: str, requests: Sequence[tuple[str, str, dict[str, str], bytes]]) -> float:
    """Send recorded requests over one kept connection; return the seconds that it took.

    The target knows none of the recorded sessions, so that it does less for many a request: this is a lower bound.
    """
    there = urlsplit(url)
    link = http.client.HTTPConnection(there.hostname or "", there.port)
    started = time.monotonic()
    for method, path, headers, body in requests:
        try:
            link.request(method, there.path.rstrip("/") + path, body=body or None, headers=headers)
            link.getresponse().read()
        except (http.client.HTTPException, OSError, ValueError):
            link.close()
    return time.monotonic() - started
