"""What the signatures of a document permit to be done after them: DocMDP, FieldMDP, field locks.

    policy = Policy.unsigned().after(found, snapshot)
    policy.level, policy.is_locked("Reason")

Clauses: ISO 32000-2 12.8.2.2 (DocMDP), 12.8.2.4 (FieldMDP), 12.7.5.5 table 236 (Lock).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from signing_service.verify.objects import text_string
from signing_service.verify.pades.document import Snapshot
from signing_service.verify.pades.signatures import Found

NOTHING, FILLING, ANNOTATING = 1, 2, 3  # DocMDP's /P


@dataclass(frozen=True, slots=True)
class Lock:
    """Fields that may not change any more."""

    action: str
    """``All``, ``Include`` or ``Exclude``."""
    names: tuple[str, ...]

    def covers(self, name: str) -> bool:
        """Whether the field, or one that it is part of, is locked."""
        listed = any(name == item or name.startswith(f"{item}.") for item in self.names)
        return self.action == "All" or (self.action == "Include") == listed


@dataclass(frozen=True, slots=True)
class Policy:
    """The sum of what all signatures so far permit."""

    level: int
    """1: nothing but validation material and document timestamps; 2: signing and filling in; 3: annotations too."""
    locks: tuple[Lock, ...] = ()
    certified: bool = False
    """Whether a signature certified the document (DocMDP)."""

    @classmethod
    def initial(cls) -> Policy:
        """Before any signature restricts more: signing and filling in, as validators treat plain approvals."""
        return cls(FILLING)

    def is_locked(self, name: str) -> bool:
        """Whether a signature locked the field."""
        return any(lock.covers(name) for lock in self.locks)

    def after(self, found: Found, snapshot: Snapshot) -> Policy:
        """The policy once ``found``, a signature of ``snapshot``, is given."""
        policy = self
        for reference in snapshot.array(found.dictionary.get("Reference")):
            entry = snapshot.dictionary(reference)
            method = snapshot.resolve(entry.get("TransformMethod"))
            parameters = snapshot.dictionary(entry.get("TransformParams"))
            if method == "DocMDP":
                level = _level(snapshot.resolve(parameters.get("P", FILLING)))
                first = found.kind == "certification" and policy == Policy.initial()
                policy = replace(policy, level=level if first else min(level, policy.level), certified=True)
            elif method == "FieldMDP":
                policy = policy._locked(parameters, snapshot)
        if found.lock:
            policy = policy._locked(found.lock, snapshot)
            level = snapshot.resolve(found.lock.get("P"))
            if level in (NOTHING, FILLING, ANNOTATING):
                policy = replace(policy, level=min(policy.level, level))
        return policy

    def _locked(self, parameters: Mapping[str, Any], snapshot: Snapshot) -> Policy:
        names = [snapshot.resolve(name) for name in snapshot.array(parameters.get("Fields"))]
        action = str(snapshot.resolve(parameters.get("Action")) or "All")
        if action not in ("All", "Include", "Exclude") or snapshot.document.closed is not None:
            action = "All"
        lock = Lock(action, tuple(text_string(name) for name in names if isinstance(name, bytes)))
        return replace(self, locks=(*self.locks, lock))


def docmdp_level(found: Found, snapshot: Snapshot) -> int | None:
    """What a signature by itself permits after it: DocMDP's /P, else its field lock's; None where neither says."""
    for reference in snapshot.array(found.dictionary.get("Reference")):
        entry = snapshot.dictionary(reference)
        if snapshot.resolve(entry.get("TransformMethod")) == "DocMDP":
            return _level(snapshot.resolve(snapshot.dictionary(entry.get("TransformParams")).get("P", FILLING)))
    level = snapshot.resolve(found.lock.get("P"))
    return level if level in (NOTHING, FILLING, ANNOTATING) else None


def _level(value: Any) -> int:
    return value if value in (NOTHING, FILLING, ANNOTATING) else NOTHING
