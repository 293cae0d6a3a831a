"""SHA-256 states of agreements' bytes so far, so that signing costs the same however long the file is.

A cache in the process's memory: what is missing is read from the revisions' deltas, so losing it only costs time.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from signing_service.store import agreements

if TYPE_CHECKING:
    from hashlib import _Hash

MAX_PREFIXES = 1024  # agreements; a state is about 200 bytes


class PrefixHashes:
    """The hash states of the most recently signed agreements; thread-safe."""

    def __init__(self) -> None:
        self._states: OrderedDict[str, tuple[int, _Hash]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, session: Session, agreement_id: str, number: int) -> _Hash:
        """A fresh SHA-256 object that has taken in everything up to revision ``number``."""
        with self._lock:
            known, state = self._states.get(agreement_id, (-1, hashlib.sha256()))
            state = state.copy() if known <= number else hashlib.sha256()
        known = known if known <= number else -1
        for revision, delta in agreements.read_deltas(session, agreement_id, after=known):
            if revision <= number:
                state.update(delta)
        self._keep(agreement_id, number, state.copy())
        return state

    def _keep(self, agreement_id: str, number: int, state: _Hash) -> None:
        with self._lock:
            self._states[agreement_id] = (number, state)
            self._states.move_to_end(agreement_id)
            while len(self._states) > MAX_PREFIXES:
                self._states.popitem(last=False)
