"""Allure's files: kept in its folder without the tests waiting for it, or handed to another process."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any
from uuid import uuid4

from allure_commons.model2 import TestResultContainer

Keep = Callable[[str, bytes], None]
"""Keeps a file of Allure's under its name."""


Elsewhere = Callable[[str], None]
"""In place of an attachment: lets another process write it into a file of this name."""


class Folder:
    """Write files into Allure's folder in a thread of its own, since a gate makes more than a thousand of them.

    A fork has no threads: it writes each file at once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._owner = os.getpid()
        self._waiting: SimpleQueue[tuple[str, bytes] | None] = SimpleQueue()
        self._error: OSError | None = None
        self._thread = Thread(target=self._write, daemon=True, name="allure")
        self._thread.start()

    def keep(self, name: str, data: bytes) -> None:
        """Write a file soon; `close` tells whether it could be written. In a fork, raise `OSError` at once."""
        if os.getpid() == self._owner:
            self._waiting.put((name, data))
        else:
            (self._folder / name).write_bytes(data)

    def close(self) -> None:
        """Wait until all files are written. Raises the first `OSError` that stopped one of them, once."""
        if self._thread.is_alive() and os.getpid() == self._owner:
            self._waiting.put(None)
            self._thread.join()
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _write(self) -> None:
        while (file := self._waiting.get()) is not None:
            name, data = file
            try:
                with open(f"{self._folder}/{name}", "wb", buffering=0) as opened:  # noqa: PTH123 - a third of the time
                    opened.write(data)
            except OSError as error:
                self._error = self._error or error


class Files:
    """What Allure's own logger of files does, by way of `keep`."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep

    def item(self, item: Any) -> None:
        """Keep the result of a test, and leave out what only tells of pytest's fixtures.

        Every step of a scenario is a fixture to pytest, so that there are five times as many of those as tests.
        """
        if not isinstance(item, TestResultContainer):
            text = json.dumps(item, default=_told, ensure_ascii=False)
            self._keep(item.file_pattern.format(prefix=uuid4()), text.encode("utf-8", "replace"))

    def attachment(self, body: str | bytes | Elsewhere, file_name: str) -> None:
        """Keep an attachment, or have it written elsewhere."""
        if callable(body):
            body(file_name)
            return
        self._keep(file_name, body.encode("utf-8", "replace") if isinstance(body, str) else body)


def _told(node: Any) -> dict[str, Any]:
    """Return a node of Allure's model as JSON has it: without what is empty."""
    return {name: value for name, value in vars(node).items() if value or value is False}
