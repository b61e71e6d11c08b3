"""The order of the own tests' files."""

from __future__ import annotations

from typing import Final

TOGETHER: Final = ("test_parallel", "test_forks")
"""Files that share the run in one process (`serial_run`)."""
LONGEST: Final = (*TOGETHER, "test_shown_commands", "test_runs", "test_misbehaving", "test_networks")
"""The files that take longest: they come first, so that no worker has much to do when the others have ended."""
