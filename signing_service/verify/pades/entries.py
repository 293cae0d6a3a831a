"""Step 1, profile ``pades``: where each object was after each revision.

    entries = EntryHistory(revisions)
    entries.at(12, 3)          # object 12 as of revision 3: its Entry, or None
    entries.changed(3)         # numbers whose place differs from revision 2's

Kept per object, so that a file with many revisions costs no more than its sections have entries.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence

from signing_service.verify.pades.xref import Entry, Revision


class EntryHistory:
    """The entries of all revisions, by object number."""

    def __init__(self, revisions: Sequence[Revision]) -> None:
        """Merge each revision's sections: the newest entry of an object counts."""
        self._numbers: dict[int, list[int]] = defaultdict(list)
        self._entries: dict[int, list[Entry]] = defaultdict(list)
        self._own: list[dict[int, Entry]] = []
        self._members: dict[int, set[int]] = defaultdict(set)
        for revision in revisions:
            own: dict[int, Entry] = {}
            for section in reversed(revision.sections):
                own |= section.entries
            self._own.append(own)
            for number, entry in own.items():
                self._numbers[number].append(revision.number)
                self._entries[number].append(entry)
                if entry.kind == "compressed":
                    self._members[entry.place].add(number)

    def at(self, number: int, revision: int) -> Entry | None:
        """Where object ``number`` was as of ``revision``."""
        revisions = self._numbers.get(number)
        if revisions is None:
            return None
        position = bisect_right(revisions, revision)
        return self._entries[number][position - 1] if position else None

    def own(self, revision: int) -> dict[int, Entry]:
        """What the revision's own sections list."""
        return self._own[revision]

    def changed(self, revision: int) -> set[int]:
        """Numbers whose place differs from the revision before; all that revision 0 has."""
        return {
            number for number, entry in self._own[revision].items() if not _same(self.at(number, revision - 1), entry)
        }

    def members(self, holder: int, revision: int) -> set[int]:
        """Numbers of the objects that were in an object stream as of ``revision``."""
        found = set()
        for number in self._members.get(holder, ()):
            entry = self.at(number, revision)
            if entry is not None and entry.kind == "compressed" and entry.place == holder:
                found.add(number)
        return found

    def holders(self, revision: int) -> set[int]:
        """Numbers among the revision's own entries that are ever used as an object stream."""
        return {number for number in self._own[revision] if number in self._members}


def _same(before: Entry | None, after: Entry) -> bool:
    if before is None:
        return after.kind == "free"
    return before == after or (before.kind == "free" and after.kind == "free")
