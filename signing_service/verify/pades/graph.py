"""Step 2, profile ``pades``: which objects can lead to a changed one, so that only those need to be compared.

    tainted = tainted_objects(older, newer, changed)

An object is tainted if it is changed or refers, through any number of others, to a changed one. Everything else is
the same in both revisions with all that hangs on it.
"""

from __future__ import annotations

from collections import defaultdict

from signing_service.errors import FormatError, LimitError
from signing_service.verify.limits import MAX_TREE_NODES
from signing_service.verify.pades.document import Document, Snapshot, references


class ReferenceGraph:
    """Who refers to whom, by place in the file; each object is looked at once for all revisions."""

    def __init__(self, document: Document) -> None:
        """Start with nothing known about ``document``."""
        self._document = document
        self._outgoing: dict[int, frozenset[int]] = {}

    def tainted(self, older: Snapshot, newer: Snapshot, changed: set[int]) -> set[int]:
        """Give ``changed`` and everything reachable from the trailers that leads to it."""
        incoming: dict[int, set[int]] = defaultdict(set)
        for snapshot in (older, newer):
            self._walk(snapshot, incoming)
        tainted, pending = set(changed), list(changed)
        while pending:
            for number in incoming[pending.pop()] - tainted:
                tainted.add(number)
                pending.append(number)
        return tainted

    def _walk(self, snapshot: Snapshot, incoming: dict[int, set[int]]) -> None:
        pending = list(references(dict(snapshot.trailer)))
        seen = set(pending)
        while pending:
            number = pending.pop()
            for target in self._targets(snapshot, number):
                incoming[target].add(number)
                if target not in seen:
                    seen.add(target)
                    pending.append(target)
            if len(seen) > MAX_TREE_NODES:
                raise LimitError(f"the document has more than {MAX_TREE_NODES} objects")

    def _targets(self, snapshot: Snapshot, number: int) -> frozenset[int]:
        try:
            value = snapshot.get(number)
        except FormatError:
            return frozenset()  # broken in both revisions alike, or changed and then compared
        if value is None:
            return frozenset()
        key = id(value)  # the document keeps every parsed object, so an id is never used again
        if key not in self._outgoing:
            self._outgoing[key] = frozenset(references(value))
        return self._outgoing[key]
