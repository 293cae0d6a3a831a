"""One piece of work for all threads of a process that ask for it while another is under way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar, cast

from signing_service.errors import UnavailableError

T = TypeVar("T")


class Together(Generic[T]):
    """Work whose result holds for everybody who asked before it began; thread-safe. ::

        together = Together[bytes]()
        note = together.run(publication, patience=30)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun, self._done = 0, 0
        self._result: T | None = None

    def run(self, work: Callable[[], T], *, patience: float) -> T:
        """What the work gave that began after this was called: the own one, or one that others waited for.

        Raises UnavailableError where another's work hangs for longer than ``patience`` seconds: of many threads that
        wait, the last one waits no longer than the first.
        """
        wanted = self._begun + 1  # the one that is under way may not see what the caller has committed
        if not self._lock.acquire(timeout=patience):
            raise UnavailableError("the database is busy", hint="try again in a moment")
        try:
            if self._done < wanted:
                self._begun += 1
                self._result = work()
                self._done = self._begun
            return cast(T, self._result)
        finally:
            self._lock.release()
