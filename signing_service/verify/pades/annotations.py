"""Step 2, profile ``pades``: what may differ among the annotations of a page.

- the widgets of new signature fields (the form judges the fields);
- notes and their pop-ups where DocMDP says 3, no larger than an icon.

Anything that could lie over the text (free text, stamps, drawings, redactions) is refused even where DocMDP says 3:
the standard permits it, and published attacks change contracts with it.

Clauses: ISO 32000-2 12.5.2, 12.5.6, 12.8.2.2.
"""

from __future__ import annotations

from typing import Any

from signing_service.verify.objects import Ref
from signing_service.verify.pades.policy import ANNOTATING
from signing_service.verify.pades.walk import Walk, content

_BACK = {"Parent", "P"}
_HARMLESS_NOTES = {"Text", "Popup"}
_ICON = 48  # points
_NOTE = {
    "Contents",
    "RC",
    "AP",
    "M",
    "T",
    "Subj",
    "Open",
    "C",
    "NM",
    "State",
    "StateModel",
    "CreationDate",
    "Popup",
    "Rect",
}


def page_annotations(walk: Walk, before: Any, after: Any, place: str) -> None:
    """The annotations of one page."""
    old, new = walk.older.array(before), walk.newer.array(after)
    old_numbers = [item.number for item in old if isinstance(item, Ref)]
    kept = [item.number for item in new if isinstance(item, Ref) and item.number in old_numbers]
    if len(old_numbers) != len(old):
        walk.visit(content, before, after, f"{place}/Annots")
        return
    if kept != [number for number in old_numbers if number in kept] or not _may_lose(walk, old, set(kept)):
        walk.violate(f"{place}: annotations were taken out or put in another order")
        return
    for item in new:
        if not isinstance(item, Ref) or item.number not in old_numbers:
            _new_annotation(walk, item, place)
        elif item.number in walk.tainted and item.number not in walk.skeleton.fields:
            _annotation(walk, item, place)


def _may_lose(walk: Walk, old: list[Any], kept: set[int]) -> bool:
    lost = [item for item in old if item.number not in kept]
    return all(
        walk.policy.level == ANNOTATING and walk.older.dictionary(item).get("Subtype") in _HARMLESS_NOTES
        for item in lost
    )


def _annotation(walk: Walk, item: Ref, place: str) -> None:
    old, new = walk.older.dictionary(item), walk.newer.dictionary(item)
    allowed: set[str] = set()
    if walk.policy.level == ANNOTATING and _is_harmless(walk, old) and _is_harmless(walk, new):
        walk.permit(f"{place}: a note was changed")
        allowed = _NOTE
    for key in sorted((old.keys() | new.keys()) - _BACK - allowed):
        walk.visit(content, old.get(key), new.get(key), f"{place}: annotation/{key}")
    if old.get("P") != new.get("P") or old.get("Parent") != new.get("Parent"):
        walk.violate(f"{place}: an annotation was moved")


def _new_annotation(walk: Walk, item: Any, place: str) -> None:
    new = walk.newer.dictionary(item)
    if isinstance(item, Ref) and item.number in walk.new_skeleton.fields and item.number not in walk.skeleton.fields:
        return  # a new field's widget; the form judges it
    if isinstance(item, Ref) and item.number in walk.skeleton.fields:
        walk.violate(f"{place}: the field {walk.skeleton.fields[item.number]!r} was put on the page")
    elif walk.policy.level == ANNOTATING and _is_harmless(walk, new):
        walk.permit(f"{place}: a note was added")
    elif walk.newer.resolve(new.get("Subtype")) == "Widget":
        walk.violate(f"{place}: a widget was added that belongs to no field")
    else:
        walk.violate(f"{place}: an annotation ({walk.newer.resolve(new.get('Subtype'))}) was added")


def _is_harmless(walk: Walk, annotation: dict[str, Any]) -> bool:
    """A note or its pop-up, without actions, and no larger than a note's icon where it draws itself."""
    if walk.newer.resolve(annotation.get("Subtype")) not in _HARMLESS_NOTES or annotation.keys() & {"A", "AA"}:
        return False
    rectangle = [walk.newer.resolve(value) for value in walk.newer.array(annotation.get("Rect"))]
    sides = [abs(rectangle[2] - rectangle[0]), abs(rectangle[3] - rectangle[1])] if _are_four(rectangle) else [0, 0]
    return "AP" not in annotation or max(sides) <= _ICON


def _are_four(values: list[Any]) -> bool:
    return len(values) == 4 and all(isinstance(value, int | float) for value in values)
