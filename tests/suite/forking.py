"""Whether processes can be forked here.

Most of the suite's own tests fork a process that has imported everything, to be quick; a run of the suite never does.
"""

from __future__ import annotations

import os
from typing import Final

import pytest

CAN_FORK: Final = hasattr(os, "fork")
NEEDS_FORK: Final = "needs fork, which this system does not have"


def skip_without_fork() -> None:
    """Skip the test that is running where no process can be forked."""
    if not CAN_FORK:
        pytest.skip(NEEDS_FORK)
