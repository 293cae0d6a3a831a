"""Two transactions at once on PostgreSQL, one of which begins at a chosen moment of the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.workflow.test_lock_order import PATIENCE, WAITING


class Meanwhile:
    """Does ``act`` once ``function`` of ``module`` was called, and goes on when it is done or waits for a lock.

    The function's first argument is its session; with ``about``, only a call with that among its arguments counts.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        module: object,
        function: str,
        act: Callable[[], object],
        about: str | None = None,
    ) -> None:
        self._pool, self._act, self._about = ThreadPoolExecutor(1), act, about
        self._doing: Future[Any] | None = None
        self._original = getattr(module, function)
        monkeypatch.setattr(module, function, self._called)

    def _called(self, session: Session, *given: Any, **named: Any) -> Any:
        found = self._original(session, *given, **named)
        if self._doing is None and (self._about is None or self._about in given):
            self._doing = self._pool.submit(self._act)
            while not self._doing.done() and not session.execute(WAITING).scalar_one():
                pass
        return found

    def result(self) -> Any:
        """What the act gave, or its error."""
        assert self._doing is not None, "it was never called"
        self._pool.shutdown()
        return self._doing.result(PATIENCE)
