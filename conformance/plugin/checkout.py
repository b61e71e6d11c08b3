"""In an editable installation: load the plugin where pytest is called in the checkout and misses its configuration.

Before pytest knows an option it takes its value for a path, and where that exists, it looks there for its
configuration: `pytest --ca-bundle /etc/ssl/ca.pem` would find neither the configuration nor the plugin. `entry` starts
pytest again with the right one. Elsewhere this does nothing, and a wheel registers nothing with pytest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

_PLUGIN: Final = "conformance.plugin.entry"


def configuration(folder: Path) -> Path | None:
    """Return the configuration of the checkout that a folder is, or None for another folder."""
    file = folder / "pyproject.toml"
    return file if file.is_file() and "\nconformance_contract" in file.read_text("utf-8", "replace") else None


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    if configuration(Path.cwd()) is not None:
        pluginmanager.import_plugin(_PLUGIN)
