"""What the tests of a run share across its processes: values that are made once for all, and notes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum
from typing import Any, Final, Protocol, TypeVar, cast

from conformance.errors import NotTested, Why

T = TypeVar("T")
_TRIES: Final = 2


class Claim(Enum):
    """What `Shared.claim` returns where nothing is there to be shared yet."""

    GRANTED = "granted"
    """The caller is to make it now, and to `settle` it or to `give_up`."""


class Shared(Protocol):
    """Where the shared values are kept: in this process, or in the controller."""

    def claim(self, key: str) -> Any:
        """Return a value that is made once, in a tuple of one, or `Claim.GRANTED` where the caller is to make it now.

        Waits while another process makes it; raises `NotTested` where that has failed often enough.
        """

    def settle(self, key: str, value: Any) -> None:
        """Hand over the value that was claimed and has been made."""

    def give_up(self, key: str, reason: tuple[str, str, str] | None) -> None:
        """Say that the claimed value could not be made, and why; without a reason, that does not count as a try."""

    def tell(self, key: str, value: Any) -> None:
        """Leave a note for all tests."""

    def told(self, key: str) -> Any:
        """Return the note that a test has left, or None."""

    def take(self, key: str) -> Any:
        """Return the note that a test has left and remove it; return None where there is none."""

    def collected(self, items: dict[str, tuple[str, ...]], deselected: dict[str, str]) -> None:
        """Say which tests there are, with the ids each decides, and which ids were deselected, with the reason."""


def once(shared: Shared, key: str, make: Callable[[], T]) -> T:
    """Return a value that all tests of a run share, made by the first that needs it.

    Raises `NotTested` where it cannot be made; after two failures it is not tried again.
    """
    found = shared.claim(key)
    if found is not Claim.GRANTED:
        return cast("tuple[T]", found)[0]
    try:
        value = make()
    except NotTested as error:
        counts = error.why is not Why.DISTURBED
        shared.give_up(key, (error.reason, error.why.value, error.operation) if counts else None)
        raise
    except BaseException:
        shared.give_up(key, None)
        raise
    shared.settle(key, value)
    return value


class Store:
    """The shared values of a run, in the controller; `who` names the worker that asks, if any."""

    def __init__(self) -> None:
        self.items: dict[str, tuple[str, ...]] = {}
        self.deselected: dict[str, str] = {}
        self._changed = threading.Condition()
        self._values: dict[str, Any] = {}
        self._makers: dict[str, str] = {}
        self._failures: dict[str, list[tuple[str, Why, str]]] = {}
        self._notes: dict[str, Any] = {}

    def claim(self, key: str, who: str = "") -> Any:
        with self._changed:
            self._changed.wait_for(lambda: key not in self._makers)
            if key in self._values:
                return (self._values[key],)
            failures = self._failures.get(key, [])
            if len(failures) >= _TRIES:
                raise NotTested(*failures[-1])
            self._makers[key] = who
            return Claim.GRANTED

    def settle(self, key: str, value: Any, who: str = "") -> None:  # noqa: ARG002
        with self._changed:
            self._values[key] = value
            self._makers.pop(key, None)
            self._changed.notify_all()

    def give_up(self, key: str, reason: tuple[str, str, str] | None, who: str = "") -> None:  # noqa: ARG002
        with self._changed:
            if reason is not None:
                self._failures.setdefault(key, []).append((reason[0], Why(reason[1]), reason[2]))
            self._makers.pop(key, None)
            self._changed.notify_all()

    def tell(self, key: str, value: Any, who: str = "") -> None:  # noqa: ARG002
        self._notes[key] = value

    def told(self, key: str, who: str = "") -> Any:  # noqa: ARG002
        return self._notes.get(key)

    def take(self, key: str, who: str = "") -> Any:  # noqa: ARG002
        return self._notes.pop(key, None)

    def collected(
        self,
        items: dict[str, tuple[str, ...]],
        deselected: dict[str, str],
        who: str = "",  # noqa: ARG002
    ) -> None:
        self.items, self.deselected = items, deselected

    def clear(self) -> None:
        """Forget all values, so that they are made again."""
        with self._changed:
            self._values.clear()
            self._failures.clear()

    def forget(self, who: str) -> None:
        """Release all that a worker held which has ended, perhaps by a crash."""
        with self._changed:
            self._makers = {key: maker for key, maker in self._makers.items() if maker != who}
            self._changed.notify_all()
