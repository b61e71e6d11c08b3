"""A plugin of a measured run: keeps its requests for the replay, and tells how long its tests took.

Environment: `BENCH_RECORD` names the file that the result is pickled into.
"""

from __future__ import annotations

import os
import pickle
import time
from pathlib import Path
from typing import Any, Final

import pytest

from conformance.plugin.state import RUN
from conformance.wire.exchange import Exchange

_sent: Final[list[tuple[str, str, dict[str, str], bytes]]] = []
_times: Final[dict[str, float]] = {}


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    client: Any = config.stash[RUN].client
    observe = client.observe

    def both(exchange: Exchange) -> None:
        hidden = ("host", "content-length", "transfer-encoding", "connection")
        headers = {name: value for name, value in exchange.request_headers if name.lower() not in hidden}
        _sent.append((exchange.call.method, exchange.call.path, headers, exchange.request_body))
        observe(exchange)

    client.observe = both


def pytest_collection() -> None:
    _times["collection"] = time.monotonic()


def pytest_collection_finish() -> None:
    _times["collection"] = time.monotonic() - _times["collection"]
    _times["tests"] = time.monotonic()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    _times["tests"] = time.monotonic() - _times.get("tests", time.monotonic())
    Path(os.environ["BENCH_RECORD"]).write_bytes(pickle.dumps((_sent, _times)))
