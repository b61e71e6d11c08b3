"""What the builds differ in, which `pyproject.toml` cannot say.

The wheel has `pyproject.toml`, with pytest's configuration, in the package beside the tests: Hatchling's `sources` map
folders alone. An editable installation registers with pytest what finds the checkout's configuration; a wheel nothing.
"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Configuration(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"]["pyproject.toml"] = "merchant_conformance/pyproject.toml"
        else:
            self.metadata.core.entry_points["pytest11"] = {"conformance-checkout": "conformance.plugin.checkout"}
