"""pytest and nothing else: its hooks, the controller, the workers, and the process of the sandbox.

What a start imports is no garbage: looked through as often as usual, it would take a tenth of the start. So the garbage
collector waits until the tests are collected, or, where the session is not the suite's, until that is known.
"""

import gc
from typing import Final

USUAL: Final = gc.get_threshold()
_WHILE_STARTING: Final = (100_000, 50, 100)

gc.set_threshold(*_WHILE_STARTING)
