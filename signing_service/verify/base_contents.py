"""Step 1, profile ``agreement``: what a base may hold that acts, covers, hides or travels with it.

An allow-list of what ``docs/formats.md`` 4 has a base consist of: nothing in it runs, nothing lies over its pages but
its own empty signature fields and links within the document, each field is seen where its page shows it, and no file
is attached but the agreement's source.

Clauses: ISO 32000-2 7.7 (catalog, pages), 12.3 (outline), 12.5 (annotations), 12.6 (actions), 7.11.4 (attachments).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from signing_service.agreement.terms import ARCHIVE_FIELDS, LANGUAGE, SEAL_FIELD, TIMESTAMP_PREFIX
from signing_service.errors import FormatError, LimitError
from signing_service.verify.limits import MAX_TREE_NODES
from signing_service.verify.objects import Ref, text_string

Resolve = Callable[[Any, str], Any]
Box = tuple[float, float, float, float]
Table = dict[str, Any]

_CATALOG = frozenset(
    ("AF", "AcroForm", "DSS", "Lang", "MarkInfo", "Metadata", "Names", "OutputIntents", "Outlines", "PageMode",
     "Pages", "Perms", "StructTreeRoot", "Type", "ViewerPreferences")
)  # fmt: skip
_PAGES = frozenset(("Count", "Kids", "Parent", "Type"))
_PAGE = frozenset(("Annots", "Contents", "MediaBox", "Parent", "Resources", "Rotate", "StructParents", "Tabs", "Type"))
_FIELD = frozenset(("AP", "F", "FT", "P", "Rect", "Subtype", "T", "Type"))
_FIELD_MORE = frozenset(("StructParent", "TU"))
_LINK = frozenset(("Border", "Contents", "Dest", "F", "Rect", "StructParent", "Subtype", "Type"))
_OUTLINE = frozenset(("Count", "Dest", "First", "Last", "Next", "Parent", "Prev", "Title", "Type"))
_FILE = frozenset(("AFRelationship", "Desc", "EF", "F", "Type", "UF"))
_ATTACHED = re.compile(rf"terms\.json|rendering\.json|agreement\.toml|(?:{LANGUAGE.pattern})\.md")
_LOCKED, _PRINTED = 132, 4  # annotation flags: Print and Locked; Print (ISO 32000-2 table 167)
_UNSEEN = frozenset((SEAL_FIELD, *ARCHIVE_FIELDS))
MAX_FIELDS_ON_A_PAGE = 500


def check_contents(catalog: Mapping[str, Any], fields: Mapping[int, str], resolve: Resolve) -> None:
    """Raise FormatError, which names the object, unless the base holds nothing but what a base consists of.

    ``fields``: object number to name, of ``/AcroForm /Fields``. ``resolve(value, what)`` follows a reference.
    """
    _Contents(catalog, fields, resolve).check()


class _Contents:
    def __init__(self, catalog: Mapping[str, Any], fields: Mapping[int, str], resolve: Resolve) -> None:
        self._catalog, self._fields, self._resolve = catalog, fields, resolve
        self._seen: set[int] = set()
        self._placed: set[int] = set()

    def check(self) -> None:
        catalog = self._catalog
        _only(catalog, _CATALOG, "catalog")
        form = self._table(catalog.get("AcroForm"), "/AcroForm")
        _only(form, {"DR", "Fields", "SigFlags"}, "/AcroForm")
        _only(self._table(form.get("DR"), "/DR"), {"Font"}, "/DR")
        _only(self._table(catalog.get("ViewerPreferences", {}), "viewer"), {"DisplayDocTitle"}, "/ViewerPreferences")
        if catalog.get("PageMode", "UseOutlines") != "UseOutlines":
            raise FormatError("/PageMode of the base is not /UseOutlines")
        self._check_attachments()
        self._check_outline()
        for index, (reference, page) in enumerate(self._pages(), 1):
            self._check_page(reference, page, f"page {index}")
        for number in self._fields.keys() - self._placed:
            raise FormatError(f"field {self._fields[number]!r} of the base is on no page")

    def _table(self, value: Any, what: str) -> Table:
        table = self._resolve(value, what)
        if not isinstance(table, dict):
            raise FormatError(f"{what} of the base is not a dictionary")
        return table

    def _list(self, value: Any, what: str) -> list[Any]:
        items = self._resolve(value, what)
        if not isinstance(items, list):
            raise FormatError(f"{what} of the base is not an array")
        return items

    def _visit(self, reference: Any, what: str) -> Ref:
        """An object that may be reached only once, so that every walk ends."""
        if not isinstance(reference, Ref) or reference.number in self._seen:
            raise FormatError(f"{what} of the base is not an object of its own: {reference}")
        if len(self._seen) >= MAX_TREE_NODES:
            raise LimitError(f"the base has more than {MAX_TREE_NODES} pages and outline entries")
        self._seen.add(reference.number)
        return reference

    def _check_attachments(self) -> None:
        names = self._table(self._catalog.get("Names"), "/Names")
        _only(names, {"EmbeddedFiles"}, "/Names")
        tree = self._table(names.get("EmbeddedFiles"), "/EmbeddedFiles")
        _only(tree, {"Names"}, "/EmbeddedFiles")
        pairs = self._list(tree.get("Names"), "attachments")
        known = set()
        for key, value in zip(pairs[::2], pairs[1::2], strict=False):
            name = _text(key, "attachment")
            if not _ATTACHED.fullmatch(name) or name in known:
                raise FormatError(f"the base has an attachment {name!r} that is none of an agreement's")
            known.add(name)
            self._check_file(value, name)
        files = {value for value in pairs[1::2] if isinstance(value, Ref)}
        associated = self._list(self._catalog.get("AF", []), "/AF")
        if any(not isinstance(item, Ref) or item not in files for item in associated):
            raise FormatError("/AF of the base names a file that is not among its attachments")

    def _check_file(self, value: Any, name: str) -> None:
        what = f"attachment {name!r}"
        file = self._table(value, what)
        _only(file, _FILE, what)
        streams = self._table(file.get("EF"), what)
        _only(streams, {"F", "UF"}, what)
        if {_text(file.get(key), what) for key in ("F", "UF")} != {name} or streams.get("F") != streams.get("UF"):
            raise FormatError(f"{what} of the base has two names or two contents")

    def _check_outline(self) -> None:
        waiting = [self._catalog["Outlines"]] if "Outlines" in self._catalog else []
        while waiting:
            reference = waiting.pop()
            if isinstance(reference, Ref) and reference.number in self._seen:
                continue  # neighbours name each other
            what = f"outline entry {self._visit(reference, 'outline entry')}"
            entry = self._table(reference, what)
            _only(entry, _OUTLINE, what)
            _check_destination(entry.get("Dest", []), what)
            waiting += [entry[key] for key in ("First", "Last", "Next", "Prev") if key in entry]

    def _pages(self) -> Iterator[tuple[Ref, Table]]:
        """Every page in order."""
        waiting = [self._catalog.get("Pages")]
        while waiting:
            reference = self._visit(waiting.pop(), "page")
            node = self._table(reference, f"page {reference}")
            if "Kids" in node:
                _only(node, _PAGES, f"page tree node {reference}")
                waiting += reversed(self._list(node["Kids"], "/Kids"))
            else:
                yield reference, node

    def _check_page(self, reference: Ref, page: Table, what: str) -> None:
        _only(page, _PAGE, what)
        _only(self._table(page.get("Resources", {}), f"resources of {what}"), {"Font"}, f"resources of {what}")
        paper = _box(self._resolve(page.get("MediaBox"), "/MediaBox"), what)
        if page.get("Rotate", 0) != 0:
            raise FormatError(f"{what} of the base is rotated")
        boxes: list[tuple[str, Box]] = []
        for item in self._list(page.get("Annots", []), f"/Annots of {what}"):
            if not isinstance(item, Ref) or item.number not in self._fields:
                self._check_link(item, what)
                continue
            name = self._fields[item.number]
            if item.number in self._placed:
                raise FormatError(f"field {name!r} of the base is on two pages")
            self._placed.add(item.number)
            box = self._check_field(item, name, reference, paper)
            if name not in _UNSEEN:
                boxes.append((name, box))
        _check_apart(boxes, what)

    def _check_link(self, item: Any, page: str) -> None:
        what = f"annotation {item} on {page}" if isinstance(item, Ref) else f"an annotation on {page}"
        link = self._table(item, what)
        if link.get("Subtype") != "Link" or link.get("F") != _PRINTED:
            raise FormatError(f"{what} of the base is neither a field of the form nor a link within the document")
        _only(link, _LINK, what)
        _check_destination(link.get("Dest"), what)

    def _check_field(self, item: Ref, name: str, page: Ref, paper: Box) -> Box:
        what = f"field {name!r}"
        field = self._table(item, what)
        _only(field, _FIELD | _FIELD_MORE, what)
        if not field.keys() >= _FIELD or (field["Type"], field["Subtype"]) != ("Annot", "Widget"):
            raise FormatError(f"{what} of the base is not a widget with all that a field has")
        if field["F"] != _LOCKED or field["P"] != page:
            raise FormatError(f"{what} of the base has other flags than {_LOCKED} or is not on its page")
        _only(self._table(field["AP"], what), {"N"}, f"appearance of {what}")
        box = _box(field["Rect"], what)
        if name in _UNSEEN or name.startswith(TIMESTAMP_PREFIX):
            if any(box):
                raise FormatError(f"{what} of the base has a place on paper, and nothing to show there")
        elif not (paper[0] <= box[0] < box[2] <= paper[2] and paper[1] <= box[1] < box[3] <= paper[3]):
            raise FormatError(f"{what} of the base is not seen on its page")
        return box


def _only(table: Mapping[str, Any], allowed: frozenset[str] | set[str], what: str) -> None:
    if not table.keys() <= allowed:
        extra = sorted(table.keys() - allowed)
        raise FormatError(f"{what} of the base has what no base has: {', '.join('/' + key for key in extra)}")


def _check_destination(value: Any, what: str) -> None:
    if not isinstance(value, list) or any(isinstance(part, dict | list | bytes) for part in value):
        raise FormatError(f"{what} of the base leads elsewhere than to a page of it")


def _text(value: Any, what: str) -> str:
    if not isinstance(value, bytes):
        raise FormatError(f"a name of the {what} of the base is not a string")
    return text_string(value)


def _box(value: Any, what: str) -> Box:
    """Left, bottom, right, top in points."""
    if not isinstance(value, list) or len(value) != 4 or any(type(part) not in (int, float) for part in value):
        raise FormatError(f"{what} of the base has no rectangle of four numbers")
    return value[0], value[1], value[2], value[3]


def _check_apart(boxes: Sequence[tuple[str, Box]], page: str) -> None:
    """Visible fields of one page do not cover one another."""
    if len(boxes) > MAX_FIELDS_ON_A_PAGE:
        raise LimitError(f"{page} of the base has more than {MAX_FIELDS_ON_A_PAGE} fields")
    for index, (name, one) in enumerate(boxes):
        for other, two in boxes[:index]:
            if one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]:
                raise FormatError(f"fields {other!r} and {name!r} on {page} of the base overlap")
