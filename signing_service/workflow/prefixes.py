"""Agreements' bytes so far, with their SHA-256 states, so that signing costs the same however long the file is.

A cache in the process's memory: what is missing is read from the revisions' deltas, so losing it only costs time.
Stored revisions never change, so what was read once stays right.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

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

    def hash_of(self, session: Session, agreement_id: str, number: int) -> _Hash:
        """A fresh SHA-256 object that has taken in everything up to revision ``number``."""
        return self._read(session, agreement_id, number).state.copy()

    def bytes_of(self, session: Session, agreement_id: str, end: agreements.RevisionEnd) -> bytes:
        """The whole file up to the end of a revision."""
        with self._lock:
            known = self._kept.get(agreement_id, _Prefix())
        if known.number < end.number:
            known = self._read(session, agreement_id, end.number)
        return known.data[: end.length]

    def _read(self, session: Session, agreement_id: str, number: int) -> _Prefix:
        with self._lock:
            known = self._kept.get(agreement_id, _Prefix())
        if known.number == number:
            return known
        if known.number > number:
            known = _Prefix()
        deltas = list(agreements.read_deltas(session, agreement_id, known.number, number))
        state = known.state.copy()
        for _, delta in deltas:
            state.update(delta)
        last = deltas[-1][0] if deltas else known.number
        prefix = _Prefix(last, b"".join([known.data, *(delta for _, delta in deltas)]), state)
        self._keep(agreement_id, prefix)
        return prefix

    def _keep(self, agreement_id: str, prefix: _Prefix) -> None:
        with self._lock:
            if self._kept.get(agreement_id, _Prefix()).number <= prefix.number:
                self._kept[agreement_id] = prefix
            self._kept.move_to_end(agreement_id)
            while len(self._kept) > 1 and sum(len(one.data) for one in self._kept.values()) > self._limit:
                self._kept.popitem(last=False)
