"""Agreements' bytes so far, with their SHA-256 states, so that signing costs the same however long the file is.

A cache in the process's memory: what is missing is read from the revisions' deltas, so losing it only costs time.
What is kept is known by its digest, not by its number alone: a standby that is promoted may lack revisions that were
read here, and hold others under their numbers. What is read must have the digest that was stored with it: on bytes that
a failing disk has changed nobody signs, or all signatures above them would be lost with them.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
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
    digests: tuple[str, ...] = ()
    """SHA-256 of the file up to the end of each revision that it holds, hexadecimal."""
    data: bytes = b""
    state: _Hash = field(default_factory=hashlib.sha256)

    @property
    def number(self) -> int:
        """The last revision that it holds; -1 for none."""
        return len(self.digests) - 1

    def holds(self, end: agreements.RevisionEnd) -> bool:
        """Whether that very revision is in it."""
        return end.number <= self.number and self.digests[end.number] == end.sha256

    def then(self, deltas: Sequence[bytes]) -> _Prefix:
        """The same with further revisions."""
        state, digests = self.state.copy(), []
        for delta in deltas:
            state.update(delta)
            digests.append(state.hexdigest())
        return _Prefix((*self.digests, *digests), b"".join((self.data, *deltas)), state)


_NOTHING = _Prefix()


class Prefixes:
    """The files of the most recently signed agreements; thread-safe."""

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self._limit = limit
        self._kept: OrderedDict[str, _Prefix] = OrderedDict()
        self._lock = threading.Lock()

    def hash_of(self, session: Session, agreement_id: str, end: agreements.RevisionEnd) -> _Hash:
        """A fresh SHA-256 object that has taken in everything up to the end of a revision; raises DamagedError."""
        known = self._known(agreement_id)
        if known.number != end.number or not known.holds(end):
            known = self._read(session, agreement_id, end, known)
        return known.state.copy()

    def bytes_of(self, session: Session, agreement_id: str, end: agreements.RevisionEnd) -> bytes:
        """The whole file up to the end of a revision; raises DamagedError."""
        known = self._known(agreement_id)
        if not known.holds(end):
            known = self._read(session, agreement_id, end, known)
        return known.data[: end.length]

    def _known(self, agreement_id: str) -> _Prefix:
        with self._lock:
            return self._kept.get(agreement_id, _NOTHING)

    def _read(self, session: Session, agreement_id: str, end: agreements.RevisionEnd, known: _Prefix) -> _Prefix:
        """Read what is missing; everything where what is known is longer, or does not lead to that revision."""
        for before in (known, _NOTHING) if -1 < known.number < end.number else (_NOTHING,):
            deltas = agreements.read_deltas(session, agreement_id, before.number, end.number)
            prefix = before.then([delta for _, delta in deltas])
            if prefix.number == end.number and prefix.holds(end):
                self._keep(agreement_id, prefix)
                return prefix
        raise DamagedError(
            f"the database holds other bytes of agreement {agreement_id} than its revision {end.number} had",
            hint="nothing was added to it; docs/operations.md says how to bring a damaged revision back",
        )

    def _keep(self, agreement_id: str, prefix: _Prefix) -> None:
        with self._lock:
            longer = self._kept.get(agreement_id, _NOTHING)
            if longer.number < prefix.number or longer.digests[prefix.number] != prefix.digests[-1]:
                self._kept[agreement_id] = prefix
            self._kept.move_to_end(agreement_id)
            while len(self._kept) > 1 and sum(len(one.data) for one in self._kept.values()) > self._limit:
                self._kept.popitem(last=False)
