"""Agreements' bytes so far, with their SHA-256 states, so that signing costs the same however long the file is.

A cache in the process's memory: what is missing is read from the revisions' deltas, so losing it only costs time.
Stored revisions never change, so what was read once stays right. What is read must have the digest that was stored
with it: on bytes that a failing disk has changed nobody signs, or all signatures above them would be lost with them.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from signing_service.errors import DamagedError
from signing_service.store import agreements

if TYPE_CHECKING:
    from hashlib import _Hash

MAX_BYTES = 64 << 20  # of the files of the agreements that were signed last; a file has half a megabyte


@dataclass(frozen=True, slots=True)
class _Prefix:
    number: int = -1
    """The last revision that it holds."""
    data: bytes = b""
    state: _Hash = field(default_factory=hashlib.sha256)


class Prefixes:
    """The files of the most recently signed agreements; thread-safe."""

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self._limit = limit
        self._kept: OrderedDict[str, _Prefix] = OrderedDict()
        self._lock = threading.Lock()

    def hash_of(self, session: Session, agreement_id: str, end: agreements.RevisionEnd) -> _Hash:
        """A fresh SHA-256 object that has taken in everything up to the end of a revision; raises DamagedError."""
        return self._read(session, agreement_id, end).state.copy()

    def bytes_of(self, session: Session, agreement_id: str, end: agreements.RevisionEnd) -> bytes:
        """The whole file up to the end of a revision; raises DamagedError."""
        with self._lock:
            known = self._kept.get(agreement_id, _Prefix())
        if known.number < end.number:
            known = self._read(session, agreement_id, end)
        return known.data[: end.length]

    def _read(self, session: Session, agreement_id: str, end: agreements.RevisionEnd) -> _Prefix:
        with self._lock:
            known = self._kept.get(agreement_id, _Prefix())
        if known.number == end.number:
            return known
        if known.number > end.number:
            known = _Prefix()
        deltas = agreements.read_deltas(session, agreement_id, known.number, end.number)
        state = known.state.copy()
        for _, delta in deltas:
            state.update(delta)
        if state.hexdigest() != end.sha256:
            raise DamagedError(
                f"the database holds other bytes of agreement {agreement_id} than its revision {end.number} had",
                hint="nothing was added to it; docs/operations.md says how to bring a damaged revision back",
            )
        prefix = _Prefix(end.number, b"".join([known.data, *(delta for _, delta in deltas)]), state)
        self._keep(agreement_id, prefix)
        return prefix

    def _keep(self, agreement_id: str, prefix: _Prefix) -> None:
        with self._lock:
            if self._kept.get(agreement_id, _Prefix()).number <= prefix.number:
                self._kept[agreement_id] = prefix
            self._kept.move_to_end(agreement_id)
            while len(self._kept) > 1 and sum(len(one.data) for one in self._kept.values()) > self._limit:
                self._kept.popitem(last=False)
