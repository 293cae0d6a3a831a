"""Step 2, profile ``pades``: what may differ in the form and its fields.

- form: new signature fields (in a certified document only such as have no room on a page and are no part of a field
  that was certified), new fonts in ``/DR``,
  ``/SigFlags``, ``/DA``, ``/NeedAppearances`` switched off;
- an empty signature field: filled, with its appearance, by a signature that this very revision brings;
- another field: its value together with an appearance that shows the value, if the policy permits and no lock
  forbids; where it is (``/Rect``) and what it does (actions) never;

Clauses: ISO 32000-2 12.7.3, 12.7.4, 12.7.5.5, 12.8.2.2.
"""

from __future__ import annotations

from typing import Any

from signing_service.verify.objects import Ref, Stream
from signing_service.verify.pades.appearance import shows_value
from signing_service.verify.pades.document import Snapshot
from signing_service.verify.pades.policy import FILLING
from signing_service.verify.pades.signatures import form_fields
from signing_service.verify.pades.walk import Walk, content

_ANY_FORM = {"SigFlags"}
_FILLED_SIGNATURE = {"V", "AP", "AS", "M", "F"}
_FILLED_FIELD = {"V", "AP", "AS", "I", "TI", "RV", "M"}
_GAINED = {"Type", "Subtype", "MK", "BS", "Border", "H"}  # by a signature field that lacked them when it is signed
_WIDGET = {"Type": "Annot", "Subtype": "Widget"}
_BACK = {"Parent", "P"}


def form(walk: Walk, before: Any, after: Any, place: str) -> None:
    """The AcroForm dictionary."""
    old, new = walk.older.dictionary(before), walk.newer.dictionary(after)
    if before is not None and walk.newer.resolve(after) is None:
        walk.violate("the form was taken out")
        return
    for key in sorted((old.keys() | new.keys()) - _ANY_FORM):
        if key == "Fields":
            fields(walk, old.get(key), new.get(key), "", "")
        elif key == "DR":
            walk.visit(_resources, old.get(key), new.get(key), "form/DR")
        elif key == "DA" and key not in old:
            continue  # it speaks for fields that have none of their own, which are judged when they change
        elif key == "NeedAppearances":
            _drawing_anew(walk, old.get(key), new.get(key))
        else:
            walk.visit(content, old.get(key), new.get(key), f"form/{key}")


def _drawing_anew(walk: Walk, before: Any, after: Any) -> None:
    """Viewers may be asked to draw all fields from their values only where that shows nothing else than before."""
    if walk.newer.resolve(after) is not True or walk.older.resolve(before) is True:
        return
    for item in form_fields(walk.newer):
        if item.type != "Sig" and not shows_value(
            walk.newer, item.dictionary, walk.newer.resolve(item.value), item.type, certainly=True
        ):
            walk.violate(f"field {item.name!r} would show something else when it is drawn anew")


def _resources(walk: Walk, before: Any, after: Any, place: str) -> None:
    """Resources may gain entries and lose none."""
    old, new = walk.older.dictionary(before), walk.newer.dictionary(after)
    for key, value in old.items():
        if isinstance(walk.older.resolve(value), dict) and place == "form/DR":
            walk.visit(_resources, value, new.get(key), f"form/DR/{key}")
        else:
            walk.visit(content, value, new.get(key), f"{place}/{key}")


def fields(walk: Walk, before: Any, after: Any, prefix: str, kind: str) -> None:
    """The fields of the form, or the kids of one: all that were there in their order, then new signature fields."""
    old, new = walk.older.array(before), walk.newer.array(after)
    old_numbers = [item.number if isinstance(item, Ref) else -1 for item in old]
    kept = [item for item in new if isinstance(item, Ref) and item.number in old_numbers]
    if -1 in old_numbers or [item.number for item in kept] != old_numbers:
        if old == new:
            walk.visit(content, before, after, "form/Fields")
        else:
            walk.violate("fields were taken out of the form or put in another order")
        return
    for item, same in zip(old, kept, strict=True):
        if item.number in walk.tainted:
            _field(walk, item, same, kind)
    for item in new:
        if not isinstance(item, Ref) or item.number not in old_numbers:
            if prefix and walk.policy.certified:
                walk.violate(f"the field {prefix!r} of a certified document gained another part")
            _new_field(walk, item, kind)


def _field(walk: Walk, before: Ref, after: Ref, inherited: str) -> None:
    """A field that was there before."""
    old, new = walk.older.dictionary(before), walk.newer.dictionary(after)
    name = walk.skeleton.fields.get(before.number, "")
    kind = str(walk.older.resolve(old.get("FT")) or inherited)
    kids = walk.older.array(old.get("Kids"))
    named = any("T" in walk.older.dictionary(kid) for kid in kids)
    allowed: set[str] = set()
    if not named and _value_differs(walk, before, after):
        allowed = _filling(walk, name, kind, old, new)
        _check_appearance(walk, name, before)
    for key in sorted((old.keys() | new.keys()) - allowed):
        if key == "Kids" and named:
            fields(walk, old.get(key), new.get(key), name, kind)
        elif key == "Kids" and (key in old) == (key in new):
            _widgets(walk, old.get(key), new.get(key), name, allowed & {"AP", "AS", "M", "F"})
        elif key in _BACK:
            _pointer(walk, key, old, new, name)
        elif key in old or "V" not in allowed or kind != "Sig" or not _may_gain(walk, key, new[key]):
            walk.visit(content, old.get(key), new.get(key), f"field {name!r}/{key}")


def _may_gain(walk: Walk, key: str, value: Any) -> bool:
    return key in _GAINED and walk.newer.resolve(value) == _WIDGET.get(key, walk.newer.resolve(value))


def _pointer(walk: Walk, key: str, old: dict[str, Any], new: dict[str, Any], name: str) -> None:
    """A pointer at parent or page stays as it was; a field that had none may be told its page."""
    page = new.get(key)
    told = key == "P" and key not in old and isinstance(page, Ref) and page.number in walk.skeleton.pages
    if old.get(key) != page and not told:
        walk.violate(f"field {name!r}/{key} was changed")


def _widgets(walk: Walk, before: Any, after: Any, name: str, allowed: set[str]) -> None:
    """The widgets of one field: the same ones, with at most their appearance changed."""
    old, new = walk.older.array(before), walk.newer.array(after)
    if old != new:
        walk.violate(f"field {name!r} has other widgets than before")
        return
    for one, other in zip(old, new, strict=True):
        first, second = walk.older.dictionary(one), walk.newer.dictionary(other)
        for key in sorted((first.keys() | second.keys()) - allowed):
            if key in _BACK:
                _pointer(walk, key, first, second, name)
            else:
                walk.visit(content, first.get(key), second.get(key), f"field {name!r}/{key}")


def _value_differs(walk: Walk, before: Ref, after: Ref) -> bool:
    """Whether value or appearance of a field, or of its widgets, may differ at all."""
    pairs = [(before, after)]
    pairs += zip(
        walk.older.array(walk.older.dictionary(before).get("Kids")),
        walk.newer.array(walk.newer.dictionary(after).get("Kids")),
        strict=False,
    )
    for one, other in pairs:
        old, new = walk.older.dictionary(one), walk.newer.dictionary(other)
        for key in _FILLED_FIELD | _FILLED_SIGNATURE:
            if old.get(key) != new.get(key) or _is_tainted(walk, old.get(key)):
                return True
    return False


def _is_tainted(walk: Walk, value: Any) -> bool:
    from signing_service.verify.pades.document import references

    return any(number in walk.tainted for number in references(value))


def _filling(walk: Walk, name: str, kind: str, old: dict[str, Any], new: dict[str, Any]) -> set[str]:
    """Give the keys that may differ because the field is being filled."""
    was, now = walk.older.resolve(old.get("V")), walk.newer.resolve(new.get("V"))
    if kind == "Sig":
        if was is not None or not isinstance(now, dict):
            return set()
        return _FILLED_SIGNATURE if _may_sign(walk, name, new.get("V"), now) else set()
    if walk.policy.level < FILLING or walk.policy.is_locked(name):
        return set()
    if isinstance(was, Stream | dict) or isinstance(now, Stream | dict):
        return set()
    allowed = _FILLED_FIELD - {"AP"} if kind == "Btn" else _FILLED_FIELD
    if _is_drawn_from_value(walk, old, new):
        walk.permit(f"the field {name!r} was filled in")
        return allowed
    if not shows_value(walk.newer, new, now, kind, certainly=was == now):
        walk.violate(f"field {name!r} does not show its value")
        return allowed
    walk.permit(f"the field {name!r} was filled in")
    return allowed


def _is_drawn_from_value(walk: Walk, old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether viewers were asked to draw the form's fields anew when it was signed, and nobody drew this one since."""
    form = walk.older.dictionary(walk.older.catalog.get("AcroForm"))
    if walk.older.resolve(form.get("NeedAppearances")) is not True:
        return False
    kids = walk.older.array(old.get("Kids"))
    pairs = [(old, new), *((walk.older.dictionary(kid), walk.newer.dictionary(kid)) for kid in kids)]
    return all(
        before.get("AP") == after.get("AP") and not _is_tainted(walk, before.get("AP")) for before, after in pairs
    )


def _may_sign(walk: Walk, name: str, reference: Any, dictionary: dict[str, Any]) -> bool:
    """A signature fills a field only in the revision that brings it, and only if the policy lets it."""
    is_timestamp = walk.newer.resolve(dictionary.get("SubFilter")) == "ETSI.RFC3161"
    if walk.policy.level < FILLING and not is_timestamp:
        walk.violate(f"the field {name!r} was signed although no changes are permitted")
        return False
    if isinstance(reference, Ref) and reference.number not in walk.tainted:
        walk.violate(f"the field {name!r} was filled with a signature that stood there before")
        return False
    walk.permit(f"the {'timestamp' if is_timestamp else 'signature'} field {name!r} was filled")
    return True


def _check_appearance(walk: Walk, name: str, reference: Ref) -> None:
    """An appearance dictionary that is held elsewhere too cannot be let go: it would come back as something else."""
    widgets = [reference, *walk.older.array(walk.older.dictionary(reference).get("Kids"))]
    for widget in widgets:
        held = walk.older.dictionary(widget).get("AP")
        older = walk.older.dictionary(held)
        newer = walk.newer.dictionary(walk.newer.dictionary(widget).get("AP"))
        for state in sorted({"D", "R"} & newer.keys()):  # what is shown while a pointer is over it
            same = newer[state] == older.get(state) and not _is_tainted(walk, newer[state])
            if not same and newer[state] != newer.get("N"):
                walk.violate(f"field {name!r} shows something else when it is pointed at")
        if isinstance(held, Ref) and walk.graph.referrers(held.number) - walk.skeleton.fields.keys():
            walk.violate(f"field {name!r}: its appearance dictionary is used for something else too")


def _new_field(walk: Walk, item: Any, inherited: str) -> None:
    """A field that was not there before: a signature field, empty and unseen, or signed in this revision."""
    new = walk.newer.dictionary(item)
    name = walk.new_skeleton.fields.get(item.number, "") if isinstance(item, Ref) else ""
    kind = str(walk.newer.resolve(new.get("FT")) or inherited)
    if isinstance(item, Ref) and walk.older.get(item.number) is not None and item.number not in walk.tainted:
        walk.violate(f"the field {name!r} stood in the file before, hidden")
        return
    kids = walk.newer.array(new.get("Kids"))
    if kids and all("T" in walk.newer.dictionary(kid) for kid in kids) and "Subtype" not in new:
        for kid in kids:
            _new_field(walk, kid, kind)
        return
    widgets = [new, *map(walk.newer.dictionary, kids)]
    if kind != "Sig" or any(widget.keys() & {"A", "AA"} for widget in widgets):
        walk.violate(f"the field {name!r} was added")
        return
    if walk.policy.certified and any(_has_room(walk.newer, widget) for widget in widgets):
        walk.violate(f"the visible field {name!r} was added to a certified document")
        return
    value = walk.newer.resolve(new.get("V"))
    if isinstance(value, dict):
        _may_sign(walk, name, new.get("V"), value)
        return
    if walk.policy.level < FILLING:
        walk.violate(f"the field {name!r} was added although no changes are permitted")
    elif any(_is_visible(walk.newer, widget) for widget in widgets):
        walk.violate(f"the field {name!r} was added with an appearance but without a signature")
    else:
        walk.permit(f"the empty signature field {name!r} was added")


def _has_room(snapshot: Snapshot, widget: dict[str, Any]) -> bool:
    """Whether a widget has an area on its page; one that cannot be read counts as having."""
    rectangle = [snapshot.resolve(value) for value in snapshot.array(widget.get("Rect"))]
    numbers = [value for value in rectangle if isinstance(value, int | float)]
    if "Rect" not in widget:
        return False
    return len(numbers) != 4 or (numbers[0] != numbers[2] and numbers[1] != numbers[3])


def _is_visible(snapshot: Snapshot, widget: dict[str, Any]) -> bool:
    """Whether a widget draws something: it has room, and an appearance that is not empty."""
    normal = snapshot.dictionary(widget.get("AP")).get("N")
    if not _has_room(snapshot, widget) and "Rect" in widget:
        return False
    if not isinstance(normal, Ref):
        return normal is not None
    located = snapshot.located(normal.number)
    if not isinstance(located.value, Stream):
        return bool(located.value)
    return bool(snapshot.document.stream_data(located).strip())
