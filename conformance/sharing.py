"""What the tests of one run share, in whichever of its processes they run: what was made once for all, and facts."""

from __future__ import annotations

import threading
from collections import Counter
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
    """Where the shared things are kept: in this process, or behind a line to the one that leads the run."""

    def claim(self, key: str) -> Any:
        """A thing that is made once: returns it in a tuple of one, or `Claim.GRANTED` to the one who is to make it now.

        Waits while another process makes it; raises `NotTested` where that has failed often enough.
        """

    def settle(self, key: str, value: Any) -> None:
        """What was claimed is made."""

    def give_up(self, key: str, reason: tuple[str, str, str] | None) -> None:
        """What was claimed could not be made; without a reason, that does not count as a try."""

    def tell(self, key: str, value: Any) -> None:
        """A fact for all tests."""

    def told(self, key: str) -> Any:
        """The fact that a test has told, or None."""

    def take(self, key: str) -> Any:
        """The fact that a test has told, which is then told no more, or None."""

    def collected(self, items: dict[str, tuple[str, ...]], deselected: dict[str, str]) -> None:
        """The tests that there are, with what each decides, and the requirements that were deselected, with why."""

    def be_alone(self) -> None:
        """From now on until `release`, the requests of the run's other processes wait."""

    def release(self) -> None:
        """A test has ended, and so has its being alone."""


def once(shared: Shared, key: str, make: Callable[[], T]) -> T:
    """A thing that all tests of a run share: returns it, made by whoever needs it first.

    Raises `NotTested` where it cannot be made; what failed twice is not tried again.
    """
    found = shared.claim(key)
    if found is not Claim.GRANTED:
        return cast("tuple[T]", found)[0]
    try:
        value = make()
    except BaseException as error:
        shared.give_up(key, (error.reason, error.why.value, error.operation) if isinstance(error, NotTested) else None)
        raise
    shared.settle(key, value)
    return value


class Store:
    """The shared things of a run, in the controller it; `who` names the worker for whom it acts, if any."""

    def __init__(self) -> None:
        self.items: dict[str, tuple[str, ...]] = {}
        self.deselected: dict[str, str] = {}
        self._changed = threading.Condition()
        self._values: dict[str, Any] = {}
        self._makers: dict[str, str] = {}
        self._failures: dict[str, list[tuple[str, Why, str]]] = {}
        self._facts: dict[str, Any] = {}
        self._sending: Counter[str] = Counter()
        self._alone: str | None = None

    def claim(self, key: str, who: str = "") -> Any:
        with self._changed:
            self._changed.wait_for(lambda: key not in self._makers and self._may_begin(who))
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
        self._facts[key] = value

    def told(self, key: str, who: str = "") -> Any:  # noqa: ARG002
        return self._facts.get(key)

    def take(self, key: str, who: str = "") -> Any:  # noqa: ARG002
        return self._facts.pop(key, None)

    def collected(
        self,
        items: dict[str, tuple[str, ...]],
        deselected: dict[str, str],
        who: str = "",  # noqa: ARG002
    ) -> None:
        self.items, self.deselected = items, deselected

    def clear(self) -> None:
        """Nothing is made any more."""
        with self._changed:
            self._values.clear()
            self._failures.clear()

    def be_alone(self, who: str = "") -> None:
        """Waits until nobody else sends or makes anything; nobody else begins to."""
        with self._changed:
            self._changed.wait_for(lambda: self._alone in (None, who))
            self._alone = who
            self._changed.wait_for(lambda: not {*self._sending, *self._makers.values()} - {who})

    def release(self, who: str = "") -> None:
        with self._changed:
            if self._alone == who:
                self._alone = None
                self._changed.notify_all()

    def begin(self, who: str) -> None:
        """A request is about to be sent: waits while another worker is alone."""
        with self._changed:
            self._changed.wait_for(lambda: self._may_begin(who))
            self._sending[who] += 1

    def end(self, who: str) -> None:
        """The request that was begun has ended."""
        with self._changed:
            del self._sending[who]
            self._changed.notify_all()

    def forget(self, who: str) -> None:
        """A worker has ended, perhaps in the middle of something: what it held is free again."""
        with self._changed:
            self._makers = {key: maker for key, maker in self._makers.items() if maker != who}
            del self._sending[who]
            if self._alone == who:
                self._alone = None
            self._changed.notify_all()

    def _may_begin(self, who: str) -> bool:
        """Nobody else is alone, or waits for us to finish in order to be."""
        return self._alone in (None, who) or who in self._makers.values()
