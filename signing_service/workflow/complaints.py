"""What fails again and again is said once when it begins, when its words change, and when it is over. ::

    if service.complaints.begins("deliver", error.message):
        _log.warning("deliver: %s", error.message)
    ...
    if service.complaints.ends("deliver"):
        _log.info("deliver: all is well again")
"""

from __future__ import annotations

import threading


class Complaints:
    """What is wrong at the moment, by subject, as it was said last in this process; thread-safe."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}
        self._lock = threading.Lock()

    def begins(self, subject: str, words: str) -> bool:
        """Whether these words are new for the subject, so that they are to be said."""
        with self._lock:
            is_new = self._said.get(subject) != words
            self._said[subject] = words
            return is_new

    def ends(self, subject: str) -> bool:
        """Whether something had been wrong with the subject until now."""
        with self._lock:
            return self._said.pop(subject, None) is not None
