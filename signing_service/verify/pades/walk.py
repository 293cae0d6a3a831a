"""Step 2, profile ``pades``: walking two revisions in parallel. A place is visited in a role; each (role, pair) once.

    walk = Walk(document, number, graph, policy)
    walk.visit(trailers, older.trailer, newer.trailer, "trailer")
    walk.run()
    walk.findings.violations

The role :func:`content` permits no difference at all; the others are in :mod:`.comparison` and :mod:`.forms`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from signing_service.verify.objects import Ref, Stream
from signing_service.verify.pades.document import Document, Snapshot
from signing_service.verify.pades.graph import ReferenceGraph
from signing_service.verify.pades.policy import Policy

MAX_VIOLATIONS = 20  # named; a document that was replaced has thousands


@dataclass(slots=True)
class Findings:
    """What differs between two revisions."""

    permitted: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)


class Walk:
    """One comparison under way."""

    def __init__(self, document: Document, number: int, graph: ReferenceGraph, policy: Policy) -> None:
        """Compare revision ``number`` with the one before it."""
        self.older, self.newer, self.policy = document.snapshots[number - 1], document.snapshots[number], policy
        self.graph = graph
        self.tainted = graph.tainted(number)
        """What is not in it is equal in both; see :mod:`.graph`."""
        self.skeleton, self.new_skeleton = graph.skeleton(number - 1), graph.skeleton(number)
        """Pages, fields and annotations are compared in roles of their own, wherever else they are referred to."""
        self.findings = Findings()
        self._pending: list[tuple[Role, Any, Any, str]] = []
        self._done: set[tuple[Role, int, int]] = set()

    def visit(self, role: Role, before: Any, after: Any, place: str) -> None:
        """Compare two values in a role, later."""
        if isinstance(before, Ref) and isinstance(after, Ref):
            if before == after and before.number not in self.tainted:
                return
            key = (role, before.number, after.number)
            if key in self._done:
                return
            self._done.add(key)
        self._pending.append((role, before, after, place))

    def run(self) -> None:
        """Do everything that is pending."""
        while self._pending and len(self.findings.violations) < MAX_VIOLATIONS:
            role, before, after, place = self._pending.pop()
            role(self, before, after, place)
            self.newer.document.spend()

    def permit(self, text: str) -> None:
        """Note a change that may be."""
        if text not in self.findings.permitted:
            self.findings.permitted.append(text)

    def violate(self, text: str) -> None:
        """Note a change that may not be."""
        if text not in self.findings.violations:
            self.findings.violations.append(text)


Role = Callable[[Walk, Any, Any, str], None]


def content(walk: Walk, before: Any, after: Any, place: str) -> None:
    """Nothing may differ."""
    old, new = walk.older.resolve(before), walk.newer.resolve(after)
    held = isinstance(before, Ref) and before == after and before.number in walk.skeleton.members
    if held and isinstance(old, dict) and isinstance(new, dict):
        return
    if isinstance(old, Stream) and isinstance(new, Stream):
        _streams(walk, before, after, place)
    elif isinstance(old, dict) and isinstance(new, dict):
        dictionaries(walk, old, new, place)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for one, other in zip(old, new, strict=True):
            walk.visit(content, one, other, place)
    elif not _equal(old, new):
        walk.violate(f"{place} was changed")


def dictionaries(walk: Walk, old: dict[str, Any], new: dict[str, Any], place: str) -> None:
    """Every key in role :func:`content`."""
    for key in old.keys() | new.keys():
        walk.visit(content, old.get(key), new.get(key), f"{place}/{key}" if place.count("/") < 6 else place)


def _equal(old: Any, new: Any) -> bool:
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    return bool(type(old) is type(new) or isinstance(old, int | float)) and bool(old == new)


def _streams(walk: Walk, before: Any, after: Any, place: str) -> None:
    """Dictionary and raw bytes; where the filters differ the bytes do too."""
    old, new = raw_stream(walk.older, before), raw_stream(walk.newer, after)
    if old != new:
        walk.violate(f"{place} was changed")
        return
    dictionaries(walk, walk.older.dictionary(before), walk.newer.dictionary(after), place)


def raw_stream(snapshot: Snapshot, reference: Any) -> bytes | None:
    """The undecoded bytes of a stream that a reference leads to."""
    for _ in range(16):
        if not isinstance(reference, Ref):
            return None
        located = snapshot.located(reference.number)
        if located.raw is not None:
            return snapshot.document.pdf[slice(*located.raw)]
        reference = located.value
    return None
