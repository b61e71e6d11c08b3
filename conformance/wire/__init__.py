"""The one way out: every request to the target, and everything that may happen to it.

Where click is installed, httpx imports its command line with it, which takes longer than httpx itself; it is left out.
"""

import sys
from typing import Final

_COMMAND_LINE: Final = "httpx._main"

if "httpx" not in sys.modules:
    sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment] # as where click is missing
    import httpx  # noqa: F401

    del sys.modules[_COMMAND_LINE]
