"""Step 2, profile ``pades``: the page tree, its annotations and the form of one snapshot, with who holds whom.

    skeleton = Skeleton(snapshot)
    skeleton.pages[7], skeleton.fields[12], skeleton.parents[12]

These objects are compared in roles of their own. A change in one concerns its holders up to the catalog, but not
whoever else points at it (a link at its destination, a widget at its page).
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from signing_service.errors import FormatError, LimitError
from signing_service.verify.limits import MAX_TREE_NODES
from signing_service.verify.objects import Ref
from signing_service.verify.pades.document import Snapshot
from signing_service.verify.pades.signatures import field_title


class Skeleton:
    """Numbers of the objects that carry a document's structure."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Walk the page tree and the form; raises LimitError. What is broken is left out, and compared as content."""
        self.pages: dict[int, int] = {}
        """Each page's object number to its number, from 1."""
        self.fields: dict[int, str] = {}
        """Each field's and widget's object number to the field's full name."""
        self.members: set[int] = set()
        """Pages, page-tree nodes, annotations, fields, the catalog."""
        self.parents: dict[int, set[int]] = defaultdict(set)
        """Each member, and each array that holds some, to what holds it."""
        self._snapshot = snapshot
        root = snapshot.trailer.get("Root")
        self._root = root.number if isinstance(root, Ref) else 0
        self.members.add(self._root)
        try:
            catalog = snapshot.catalog
            self._walk_pages(catalog.get("Pages"))
            self._walk_form(catalog.get("AcroForm"))
        except FormatError:
            return

    def _items(self, value: Any, holder: int) -> list[tuple[Any, int]]:
        """The items of an array with their holder, which is the array where that is an object of its own."""
        if isinstance(value, Ref):
            self.parents[value.number].add(holder)
            holder = value.number
        return [(item, holder) for item in self._snapshot.array(value)]

    def _enter(self, item: Any, holder: int, seen: set[int]) -> bool:
        self._snapshot.document.spend()
        if not isinstance(item, Ref):
            return False
        self.parents[item.number].add(holder)
        if item.number in seen:
            return False
        seen.add(item.number)
        self.members.add(item.number)
        if len(self.members) > MAX_TREE_NODES:
            raise LimitError(f"the document has more than {MAX_TREE_NODES} pages, annotations and fields")
        return True

    def _walk_pages(self, root: Any) -> None:
        pending, seen = [(root, self._root)], set[int]()
        while pending:
            item, holder = pending.pop()
            if not self._enter(item, holder, seen):
                continue
            node = self._snapshot.dictionary(item)
            kids = self._items(node.get("Kids"), item.number) if "Kids" in node else []
            if kids:
                pending += reversed(kids)
                continue
            self.pages[item.number] = len(self.pages) + 1
            for note, place in self._items(node.get("Annots"), item.number):
                self._enter(note, place, seen)

    def _walk_form(self, form: Any) -> None:
        holder = self._root
        if isinstance(form, Ref):
            self.parents[form.number].add(holder)
            holder = form.number
        fields = self._items(self._snapshot.dictionary(form).get("Fields"), holder)
        pending, seen = [(item, place, "") for item, place in reversed(fields)], set[int]()
        while pending:
            item, place, prefix = pending.pop()
            if not self._enter(item, place, seen):
                continue
            node = self._snapshot.dictionary(item)
            name = field_title(self._snapshot, node, prefix)
            self.fields[item.number] = name
            kids = self._items(node.get("Kids"), item.number)
            pending += [(kid, inner, name) for kid, inner in reversed(kids)]
