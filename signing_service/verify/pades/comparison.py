"""Step 2, profile ``pades``: what may differ between two revisions, from the trailer down to the pages.

    findings = compare(document, number, graph, policy, signed)
    findings.permitted        # what changed and may: ["the signature field 'Sig2' was filled"]
    findings.violations       # what changed and may not: ["page 1/Contents was changed"]

Every place in the document has a role, and a role says what may differ there; the default is: nothing. An object that
is reached in two roles must satisfy both, so nothing can be changed as validation material while a page shows it.
Objects that neither revision reaches do not matter.

- trailer: ``/ID``, ``/Info``, ``/Size``, ``/Prev`` and what cross-reference streams need;
- catalog: ``/Extensions``, ``/PieceInfo``, ``/Version``; ``/DSS`` and ``/Metadata``: see :mod:`.material`;
- form and fields: see :mod:`.forms`; annotations: :mod:`.annotations`; structure tree: :mod:`.tags`;
- pages: ``/Annots``, ``/LastModified``, ``/PieceInfo``, a new ``/Tabs``.

``/PieceInfo`` holds what applications keep for themselves (14.5); no viewer shows it. A document that is closed to all
changes keeps it.

Clauses: ISO 32000-2 12.8.2.2, 12.8.2.4, 12.8.4.3; EN 319 142-1 5.4.
"""

from __future__ import annotations

from typing import Any

from signing_service.verify.objects import Ref
from signing_service.verify.pades.annotations import page_annotations
from signing_service.verify.pades.document import Document
from signing_service.verify.pades.forms import form
from signing_service.verify.pades.graph import ReferenceGraph
from signing_service.verify.pades.material import material, metadata
from signing_service.verify.pades.policy import FILLING, Policy
from signing_service.verify.pades.tags import structure_tree
from signing_service.verify.pades.walk import Findings, Walk, content

_ANY_TRAILER = {"ID", "Info", "Size", "Prev", "XRefStm", "Type", "W", "Index", "Filter", "DecodeParms", "Length", "DL"}
_ANY_CATALOG = {"Extensions", "Version"}


def compare(document: Document, number: int, graph: ReferenceGraph, policy: Policy) -> Findings:
    """Compare revision ``number`` with the one before it under ``policy``; raises LimitError, FormatError."""
    walk = Walk(document, number, graph, policy)
    walk.visit(_trailers, dict(walk.older.trailer), dict(walk.newer.trailer), "trailer")
    walk.run()
    return walk.findings


def _trailers(walk: Walk, before: dict[str, Any], after: dict[str, Any], place: str) -> None:
    for key in after:
        if key not in _ANY_TRAILER and key != "Root" and (key in before or _has_reference(after[key])):
            walk.visit(content, before.get(key), after[key], f"trailer/{key}")
    if "Encrypt" in before and "Encrypt" not in after:
        walk.violate("the encryption dictionary was taken out")
    walk.visit(_catalogs, before.get("Root"), after.get("Root"), "catalog")


def _has_reference(value: Any) -> bool:
    return isinstance(value, Ref | list | dict)


def _catalogs(walk: Walk, before: Any, after: Any, place: str) -> None:
    old, new = walk.older.resolve(before), walk.newer.resolve(after)
    if not isinstance(old, dict) or not isinstance(new, dict):
        walk.violate("the catalog was taken out")
        return
    for key in sorted(old.keys() | new.keys()):
        if key in _ANY_CATALOG or (key == "PieceInfo" and walk.policy.level >= FILLING):
            if _differs(walk, old.get(key), new.get(key)):
                walk.permit(f"the catalog's /{key} was changed")
        elif key in ("DSS", "Metadata"):
            if _differs(walk, old.get(key), new.get(key)):
                walk.visit(material if key == "DSS" else metadata, old.get(key), new.get(key), f"catalog/{key}")
        elif key == "AcroForm":
            walk.visit(form, old.get(key), new.get(key), "form")
        elif key == "Pages":
            walk.visit(_page_nodes, old.get(key), new.get(key), "pages")
        elif key == "StructTreeRoot" and key in old:
            walk.visit(structure_tree, old.get(key), new.get(key), "structure tree")
        else:
            walk.visit(content, old.get(key), new.get(key), f"catalog/{key}")


def _differs(walk: Walk, before: Any, after: Any) -> bool:
    return before != after or (isinstance(before, Ref) and before.number in walk.tainted)


def _page_nodes(walk: Walk, before: Any, after: Any, place: str) -> None:
    old, new = walk.older.resolve(before), walk.newer.resolve(after)
    if not isinstance(old, dict) or not isinstance(new, dict):
        walk.violate(f"{place} was changed")
        return
    if isinstance(before, Ref) and before.number in walk.skeleton.pages:
        place = f"page {walk.skeleton.pages[before.number]}"
    old_kids, new_kids = walk.older.array(old.get("Kids")), walk.newer.array(new.get("Kids"))
    if len(old_kids) != len(new_kids):
        walk.violate("pages were added or taken out")
        return
    for one, other in zip(old_kids, new_kids, strict=True):
        walk.visit(_page_nodes, one, other, place)
    for key in sorted((old.keys() | new.keys()) - {"Kids", "LastModified"}):
        if key == "Annots":
            walk.visit(page_annotations, old.get(key), new.get(key), place)
        elif key == "Parent":
            same_reference(walk, old.get(key), new.get(key), f"{place}/Parent")
        elif key == "PieceInfo" and walk.policy.level >= FILLING:
            if _differs(walk, old.get(key), new.get(key)):
                walk.permit(f"{place}: private data of an application were changed")
        elif key != "Tabs" or key in old:
            walk.visit(content, old.get(key), new.get(key), f"{place}/{key}")


def same_reference(walk: Walk, before: Any, after: Any, place: str) -> None:
    """A pointer back up the tree: compared, not followed."""
    if before != after:
        walk.violate(f"{place} was changed")
