"""Step 2, profile ``pades``: which objects can lead to a changed one, so that only those need to be compared.

    graph = ReferenceGraph(document)
    graph.tainted(3)          # for comparing revision 3 with the one before it

An object is tainted if it is changed, or refers through others to a changed one, or holds one in the page tree or the
form. Everything else is the same in both revisions with all that hangs on it. References at pages, annotations and
fields from elsewhere (links, widgets, tags) do not count: those are compared where they are held.
"""

from __future__ import annotations

from collections import defaultdict

from signing_service.errors import FormatError
from signing_service.verify.pades.document import Document, references
from signing_service.verify.pades.skeleton import Skeleton


class ReferenceGraph:
    """Who refers to whom in any revision: each object is looked at once."""

    def __init__(self, document: Document) -> None:
        """Walk all revisions; raises LimitError."""
        self._document = document
        self._skeletons: dict[int, Skeleton] = {}
        self._incoming: dict[int, set[int]] | None = None
        self._broken: set[int] = set()
        """Objects that cannot be read: whoever leads to one may lead to anything."""

    def skeleton(self, number: int) -> Skeleton:
        """The skeleton of the document as of a revision."""
        if number not in self._skeletons:
            self._skeletons[number] = Skeleton(self._document.snapshots[number])
        return self._skeletons[number]

    def tainted(self, number: int) -> set[int]:
        """Give the objects through which revision ``number`` may differ from the one before it."""
        if self._incoming is None:
            self._incoming = self._references()
        holders = (self.skeleton(number - 1).parents, self.skeleton(number).parents)
        members = self.skeleton(number - 1).members | self.skeleton(number).members
        tainted = set(self._document.changed(number)) | self._broken
        pending = list(tainted)
        while pending:
            item = pending.pop()
            found = set().union(*(parents.get(item, ()) for parents in holders))
            if item not in members or self._is_stream(number, item):
                found |= self._incoming.get(item, set())
            for target in found - tainted:
                tainted.add(target)
                pending.append(target)
        return tainted

    def referrers(self, item: int) -> set[int]:
        """Numbers of the objects that refer to ``item`` in any revision; 0 stands for a trailer."""
        if self._incoming is None:
            self._incoming = self._references()
        trailers = (references(dict(revision.trailer)) for revision in self._document.revisions)
        return self._incoming.get(item, set()) | ({0} if any(item in found for found in trailers) else set())

    def _is_stream(self, number: int, item: int) -> bool:
        """A stream is content wherever it is listed."""
        snapshots = self._document.snapshots
        return any(snapshot.located(item).raw is not None for snapshot in (snapshots[number - 1], snapshots[number]))

    def _references(self) -> dict[int, set[int]]:
        """For each object number, the numbers of all objects that refer to it in any revision."""
        incoming: dict[int, set[int]] = defaultdict(set)
        for snapshot in self._document.snapshots:
            for number in self._document.changed(snapshot.revision.number):
                try:
                    self._document.spend()
                    value = snapshot.get(number)
                except FormatError:
                    self._broken.add(number)
                    continue
                for target in references(value):
                    incoming[target].add(number)
        return incoming
