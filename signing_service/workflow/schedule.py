"""What the worker does only now and then: when each such task was begun last in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")


class Schedule:
    """Says once in each interval that a task is due; thread-safe. A new process begins with everything due."""

    def __init__(self) -> None:
        self._begun: dict[str, datetime] = {}
        self._kept: dict[str, Any] = {}
        self._places: dict[str, Any] = {}
        self._put_off: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def is_due(self, task: str, now: datetime, interval: timedelta) -> bool:
        """Whether ``interval`` has passed since the last time that this said so; a clock set back counts as passed."""
        with self._lock:
            last = self._begun.get(task)
            if last is not None and timedelta(0) <= now - last < interval:
                return False
            self._begun[task] = now
            return True

    def leave_at(self, task: str, place: object) -> None:
        """Remember where a round of a task is to go on that is too long for one look."""
        with self._lock:
            self._places[task] = place

    def left_at(self, task: str) -> Any:
        """Where the round is to go on, once; None where none was left unfinished."""
        with self._lock:
            return self._places.pop(task, None)

    def put_off(self, task: str, now: datetime) -> None:
        """Remember that a task failed now."""
        with self._lock:
            self._put_off[task] = now

    def is_put_off(self, task: str, now: datetime, interval: timedelta) -> bool:
        """Whether it failed less than ``interval`` ago; a clock set back counts as passed."""
        with self._lock:
            failed = self._put_off.get(task)
            if failed is not None and timedelta(0) <= now - failed < interval:
                return True
            self._put_off.pop(task, None)
            return False

    def count_put_off(self) -> int:
        """How many tasks are put off at most."""
        with self._lock:
            return len(self._put_off)

    def kept(self, task: str, now: datetime, interval: timedelta, look: Callable[[], T]) -> T:
        """What ``look`` gave when it was due last; a look that fails is due again at once."""
        if self.is_due(task, now, interval) or task not in self._kept:
            try:
                self._kept[task] = look()
            except Exception:
                with self._lock:
                    self._begun.pop(task, None)
                raise
        found: T = self._kept[task]
        return found
