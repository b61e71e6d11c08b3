"""A plugin of a measured run: counts how often it waits for responses; those that are awaited together count once.

Environment: `BENCH_WAITS` names the file that the number is written into.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from conformance.plugin.state import RUN


class _Waits:
    """Counts the calls of a client."""

    def __init__(self, client: Any) -> None:
        self.number = 0
        for name in ("send", "send_each", "send_together"):
            setattr(client, name, self._counted(getattr(client, name)))

    def _counted(self, send: Any) -> Any:
        def counted(*arguments: Any) -> Any:
            self.number += 1
            return send(*arguments)

        return counted


WAITS = pytest.StashKey[_Waits]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    config.stash[WAITS] = _Waits(config.stash[RUN].client)


def pytest_sessionfinish(session: pytest.Session) -> None:
    Path(os.environ["BENCH_WAITS"]).write_text(str(session.config.stash[WAITS].number), encoding="ascii")
