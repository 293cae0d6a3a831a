"""Whether writers are let to the database: not while its synchronous standby is away, for which no commit returns.

Each of them would keep its thread in a commit until nobody is left who answers. So the process that watches the
standbys (workflow/standby_watch.py) closes the gate, and a writer is told at once, while readers go on::

    with gate.passing(), engine.begin() as connection:  # raises DatabaseDownError
        connection.execute(statement)
        gate.check()  # who has waited for a lock meanwhile begins no commit that would not return
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from signing_service.errors import DatabaseDownError, UnavailableError
from signing_service.store.engine import forget_cancelled_waits, wait_was_cancelled

_ADVICE = "end no commit that waits; bring the standby back, or tell the primary to go on without it"


class Gate:
    """Open until it is closed; thread-safe. Only a watched one closes, since nobody else would open it again."""

    def __init__(self) -> None:
        self.is_watched = False
        """Whether a thread of this process finds out when commits return again."""
        self.is_closed = False
        self._trying = threading.Lock()

    def close(self) -> None:
        """Refuse writers from now on, where it is watched."""
        self.is_closed = self.is_watched

    def check(self) -> None:
        """Raise DatabaseDownError while it is closed."""
        if self.is_closed:
            words = "the database takes nothing: no commit returns while its synchronous standby is away"
            raise DatabaseDownError(words, hint=_ADVICE)

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Around a writer's transaction: raises DatabaseDownError when refused, or if its commit lacks the standby."""
        self.check()
        with self._replicated():
            yield

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Around a transaction that is let through, and opens the gate once its commit has returned.

        Raises UnavailableError where another one is under way.
        """
        if not self._trying.acquire(blocking=False):
            raise UnavailableError("another commit is tried already", hint="wait for it")
        try:
            with self._replicated():
                yield
            self.is_closed = False
        finally:
            self._trying.release()

    @contextmanager
    def _replicated(self) -> Iterator[None]:
        forget_cancelled_waits()
        yield
        if wait_was_cancelled():
            self.close()
            words = "the database does not answer: the wait of a commit for its synchronous standby was ended"
            raise DatabaseDownError(words, hint=_ADVICE)
