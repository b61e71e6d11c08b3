"""Imported by the process that runs are forked from, so that none of them prepares anew what all of them use.

Templates are compiled and features parsed; a YAML file is parsed once for as long as it says the same; the sandbox and
the maker of generated requests are forks too; what the suite imports only when it is needed is there (`LATE`).
"""

from __future__ import annotations

import importlib
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from pytest_bdd.feature import get_feature

from conformance.contract import catalogue, document
from conformance.contract.yamlfile import YamlFile, read_yaml
from conformance.generate import beside
from conformance.plugin import sandbox
from conformance.report.html import environment
from tests.suite.forked_modules import MODULES, ForkedModule, import_late

_ROOT: Final = Path(__file__).parents[2]
_READ: Final[dict[tuple[Path, bytes], YamlFile]] = {}


def _read_once(file: Path) -> YamlFile:
    """Return what a file says, as `read_yaml` does; a run may change what it gets, since it is a fork."""
    key = (file, file.read_bytes() if file.is_file() else b"")
    if key not in _READ:
        _READ[key] = read_yaml(file)
    return _READ[key]


def _warm_up() -> None:
    forking = SimpleNamespace(Popen=ForkedModule, PIPE=subprocess.PIPE, DEVNULL=subprocess.DEVNULL)
    for module in (beside, sandbox):
        vars(module)["subprocess"] = forking
    import_late()
    for name in MODULES.values():
        importlib.import_module(name)
    reading: dict[str, Any] = {"read_yaml": _read_once}
    vars(catalogue).update(reading)
    vars(document).update(reading)
    catalogue.load_catalogue(_ROOT / "openapi" / "requirements")
    document.load_contract(_ROOT / "openapi" / "onboarding.yaml")
    for feature in (_ROOT / "features").glob("**/*.feature"):
        get_feature(str(feature.parent), feature.name)
    for name in environment().list_templates(extensions=["html"]):
        environment().get_template(name)


_warm_up()
