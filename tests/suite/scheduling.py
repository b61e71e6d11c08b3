"""How the own tests are handed to the workers of pytest-xdist."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

from tests.suite.order import TOGETHER

_READS: Final = re.compile(
    r"test_(fault_is_proven|lawful_server|variants_are_lawful|reference_is_conformant|limits_leave_little)"
)
"""The tests that read proofs, by how their names begin."""


class ByFile(LoadFileScheduling):  # type: ignore[misc]
    """A worker takes a file after the other; those that share a run are one, and so are the tests that read proofs."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        if _READS.match(test):
            return "proofs"
        return TOGETHER[0] if PurePosixPath(file).stem in TOGETHER else file
