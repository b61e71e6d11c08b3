"""What other plugins would tell of secrets: client libraries' logs, tracebacks, CI variables, Allure's results."""

from __future__ import annotations

import logging
from typing import Any, Final

import pytest

from conformance.masking import Masker

_CHATTY: Final = ("httpcore", "hpack", "h2")
_LONGEST_LINE: Final = 2000


def quiet_logs() -> None:
    """A log at DEBUG: the HTTP library's own loggers would write every header into it, before a secret is known."""
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def masked_traceback(item: pytest.Item, error: pytest.ExceptionInfo[BaseException], shown: object, mask: Masker) -> str:
    """An unexpected exception: returns its traceback, masked.

    pytest abridges the values in a traceback, and half a secret is no longer known for one: so the whole values are
    masked, and abridged afterwards.
    """
    if hasattr(shown, "reprtraceback"):
        option = item.config.option
        style: Any = "long" if option.tbstyle == "auto" else option.tbstyle
        shown = error.getrepr(
            showlocals=option.showlocals, style=style, truncate_locals=False, truncate_args=False, chain=True
        )
    return "\n".join(_abridged(line) for line in mask.text(str(shown)).splitlines())


def mask_metadata(config: pytest.Config, masker: Masker) -> None:
    """The environment that pytest-metadata collects for pytest-html's table and the session header: masks it."""
    if config.pluginmanager.hasplugin("metadata"):
        from pytest_metadata.plugin import metadata_key  # type: ignore[import-untyped]  # noqa: PLC0415

        found = config.stash[metadata_key]
        found.update(masker.value(dict(found)))


def mask_fields(node: Any, masker: Masker) -> None:
    """A result of Allure's model: masks every text in it, and in what it consists of."""
    for name, value in vars(node).items():
        if isinstance(value, str):
            setattr(node, name, masker.text(value))
        elif isinstance(value, list):
            for place, item in enumerate(value):
                if isinstance(item, str):
                    value[place] = masker.text(item)
                elif hasattr(item, "__dict__"):
                    mask_fields(item, masker)
        elif hasattr(value, "__dict__") and not isinstance(value, type):
            mask_fields(value, masker)


def _abridged(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}… ({len(line)} characters)"
