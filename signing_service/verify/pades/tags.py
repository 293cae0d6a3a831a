"""Step 2, profile ``pades``: what may differ in the structure tree when a tagged document gains a field.

New elements, each of which stands for widgets of new fields and nothing else, at the end of their parent's kids; and
entries for them in the parent tree. What was tagged before stays tagged as it was.

Clauses: ISO 32000-2 14.7.2 (structure hierarchy), 14.7.5.3 (object references), 14.7.5.4 (parent tree).
"""

from __future__ import annotations

from typing import Any

from signing_service.verify.objects import Ref
from signing_service.verify.pades.walk import Walk, content

_TEXT = {"ActualText", "Alt", "E"}  # would be read aloud, or copied, in the place of what is shown


def structure_tree(walk: Walk, before: Any, after: Any, place: str) -> None:
    """The structure tree's root."""
    old, new = walk.older.resolve(before), walk.newer.resolve(after)
    if not isinstance(old, dict) or not isinstance(new, dict):
        walk.visit(content, before, after, place)
        return
    for key in sorted(old.keys() | new.keys()):
        if key == "K":
            _kids(walk, old.get(key), new.get(key), place)
        elif key == "ParentTree":
            walk.visit(_number_tree, old.get(key), new.get(key), f"{place}/ParentTree")
        elif key != "ParentTreeNextKey":
            walk.visit(content, old.get(key), new.get(key), f"{place}/{key}")


def _element(walk: Walk, before: Any, after: Any, place: str) -> None:
    """An element that was there: it may gain kids."""
    old, new = walk.older.resolve(before), walk.newer.resolve(after)
    if not isinstance(old, dict) or not isinstance(new, dict):
        walk.visit(content, before, after, place)
        return
    for key in sorted(old.keys() | new.keys()):
        if key == "K":
            _kids(walk, old.get(key), new.get(key), place)
        elif key == "P":
            if old.get(key) != new.get(key):
                walk.violate(f"{place}: an element was moved")
        else:
            walk.visit(content, old.get(key), new.get(key), f"{place}/{key}")


def _listed(snapshot_value: Any) -> list[Any]:
    return snapshot_value if isinstance(snapshot_value, list) else [snapshot_value]


def _kids(walk: Walk, before: Any, after: Any, place: str) -> None:
    """All kids that were there, in their order, then new elements for new widgets."""
    old = _listed(_array_or_item(walk.older.resolve(before), before))
    new = _listed(_array_or_item(walk.newer.resolve(after), after))
    if old == [None]:
        old = []
    if len(new) < len(old):
        walk.violate(f"{place}: elements were taken out of the structure tree")
        return
    for one, other in zip(old, new, strict=False):
        walk.visit(_element, one, other, place)
    for item in new[len(old) :]:
        if not _is_new_widgets_element(walk, item):
            walk.violate(f"{place}: an element was added that is not for a new signature field")


def _array_or_item(resolved: Any, given: Any) -> Any:
    """A single kid stands without an array."""
    return resolved if isinstance(resolved, list) else given


def _is_new_widgets_element(walk: Walk, item: Any) -> bool:
    """Whether an element holds object references to new fields' widgets and nothing else."""
    element = walk.newer.dictionary(item)
    if isinstance(item, Ref) and walk.older.get(item.number) is not None:
        return False
    kids = _listed(_array_or_item(walk.newer.resolve(element.get("K")), element.get("K")))
    references = [walk.newer.dictionary(kid) for kid in kids]
    return not element.keys() & _TEXT and all(
        walk.newer.resolve(reference.get("Type")) == "OBJR" and _is_new_widget(walk, reference.get("Obj"))
        for reference in references
    )


def _is_new_widget(walk: Walk, value: Any) -> bool:
    return (
        isinstance(value, Ref) and value.number in walk.new_skeleton.fields and value.number not in walk.skeleton.fields
    )


def _number_tree(walk: Walk, before: Any, after: Any, place: str) -> None:
    """A parent tree: its entries as they were, new ones behind them."""
    old, new = walk.older.dictionary(before), walk.newer.dictionary(after)
    for key in sorted((old.keys() | new.keys()) - {"Limits"}):
        if key == "Nums":
            _entries(walk, old.get(key), new.get(key), place)
        elif key == "Kids":
            _branches(walk, old.get(key), new.get(key), place)
        else:
            walk.visit(content, old.get(key), new.get(key), f"{place}/{key}")


def _entries(walk: Walk, before: Any, after: Any, place: str) -> None:
    old, new = walk.older.array(before), walk.newer.array(after)
    old_keys, new_keys = old[::2], new[::2]
    if len(old) % 2 or len(new) % 2 or new_keys[: len(old_keys)] != old_keys:
        walk.violate(f"{place} lost entries")
        return
    for key, one, other in zip(old_keys, old[1::2], new[1::2], strict=False):
        walk.visit(_entry, one, other, f"{place}/{key}")
    for value in new[len(old) + 1 :: 2]:
        if not _is_new_widgets_element(walk, value):
            walk.violate(f"{place} gained an entry that is not for a new signature field")


def _entry(walk: Walk, before: Any, after: Any, place: str) -> None:
    """A page's list of elements, or the element of one annotation: the same elements as before."""
    old, new = walk.older.resolve(before), walk.newer.resolve(after)
    if isinstance(old, list) and old == new:
        return
    if before != after:
        walk.violate(f"{place} was changed")


def _branches(walk: Walk, before: Any, after: Any, place: str) -> None:
    old, new = walk.older.array(before), walk.newer.array(after)
    if len(new) < len(old):
        walk.violate(f"{place} lost entries")
        return
    for one, other in zip(old, new, strict=False):
        walk.visit(_number_tree, one, other, place)
    for item in new[len(old) :]:
        _entries(walk, [], walk.newer.dictionary(item).get("Nums"), place)
