"""Whether a form field shows the value that it has, as far as the appearance can be read.

    shows_value(snapshot, field, b"Nanjing", "Tx")

Text in the appearance is read where its font has a single-byte encoding that agrees with Latin letters; where it
cannot be read (composite fonts), nothing is claimed against it.

Clauses: ISO 32000-2 12.7.4.3 (variable text), 12.7.5.2.3 (check boxes), 9.4.3 (showing text).
"""

from __future__ import annotations

import re
from typing import Any

from signing_service.errors import FormatError
from signing_service.verify.objects import Name, Ref, Stream, parse_object, text_string
from signing_service.verify.pades.document import Snapshot

_SHOWN = re.compile(rb"[(<\[]")
_DRAWING = re.compile(rb"(?:^|[\x00\t\n\x0c\r \])>])(?:Do|BI|sh|c|v|y)(?:$|[\x00\t\n\x0c\r (\[</])")  # annex A
_PICTURE = "\ufffc"  # object replacement character: equal to no value
_NOT_TEXT = re.compile(r"[\s\u00a0\u00ad]+")
_PASSWORD = 1 << 13  # field flag 14
_MAX_CONTENT = 1024 * 1024  # bytes of one appearance


def shows_value(snapshot: Snapshot, field: dict[str, Any], value: Any, kind: str, *, certainly: bool = False) -> bool:
    """Whether the field's appearance fits ``value``.

    Where that cannot be decided: True, but False if it must be so ``certainly``.
    """
    if kind == "Btn":
        return _button(snapshot, field, value)
    if value is not None and not isinstance(value, bytes):
        return not certainly
    if not certainly and _is_formatted(snapshot, field):
        return True
    wanted = _spellings(snapshot, field, value or b"", kind)
    widgets = [snapshot.dictionary(kid) for kid in snapshot.array(field.get("Kids"))] or [field]
    for widget in widgets:
        shown = _shown(snapshot, snapshot.dictionary(widget.get("AP")).get("N"))
        if certainly if shown is None else _plain(shown) not in wanted:
            return False
    return True


def _is_formatted(snapshot: Snapshot, field: dict[str, Any]) -> bool:
    """Whether what is shown is not the value itself: a password, or a number that a script formats."""
    flags = snapshot.resolve(field.get("Ff"))
    actions = snapshot.dictionary(field.get("AA"))
    return "F" in actions or (isinstance(flags, int) and bool(flags & _PASSWORD))


def _spellings(snapshot: Snapshot, field: dict[str, Any], value: bytes, kind: str) -> set[str]:
    """The value, and of a choice what its option is displayed as (ISO 32000-2 12.7.5.4)."""
    spellings = {_plain(_text(value))}
    if kind == "Ch":
        for option in snapshot.array(field.get("Opt")):
            pair = snapshot.array(option)
            if len(pair) == 2 and pair[0] == value and isinstance(pair[1], bytes):
                spellings.add(_plain(_text(pair[1])))
    return spellings


def _button(snapshot: Snapshot, field: dict[str, Any], value: Any) -> bool:
    """A check box or radio button shows the state that its value names."""
    widgets = [snapshot.dictionary(kid) for kid in snapshot.array(field.get("Kids"))] or [field]
    for widget in widgets:
        states = snapshot.dictionary(snapshot.dictionary(widget.get("AP")).get("N")).keys()
        expected = value if isinstance(value, Name) and value in states else "Off"
        if str(snapshot.resolve(widget.get("AS")) or "Off") != expected:
            return False
    return True


def _text(value: bytes) -> str:
    try:
        return text_string(value)
    except FormatError:
        return value.decode("latin-1")


def _plain(text: str) -> str:
    return _NOT_TEXT.sub("", text)


def _shown(snapshot: Snapshot, reference: Any) -> str | None:
    """The text that an appearance stream shows; None where it cannot be read."""
    if not isinstance(reference, Ref):
        return None
    located = snapshot.located(reference.number)
    if not isinstance(located.value, Stream):
        return None
    fonts = snapshot.dictionary(snapshot.dictionary(located.value.dictionary.get("Resources")).get("Font"))
    if any(snapshot.dictionary(font).get("Subtype") == "Type0" for font in fonts.values()):
        return None
    try:
        data = snapshot.document.stream_data(located)
    except FormatError:
        return None
    return _strings(data) if len(data) <= _MAX_CONTENT else None


def _strings(data: bytes) -> str | None:
    """All strings in a content stream; one that draws pictures or curves as well shows what cannot be read."""
    if _DRAWING.search(data):
        return _PICTURE
    out: list[bytes] = []
    position = 0
    while (match := _SHOWN.search(data, position)) is not None:
        try:
            value, position = parse_object(data, match.start())
        except FormatError:
            return None
        items = value if isinstance(value, list) else [value]
        out += [item for item in items if isinstance(item, bytes)]
    return b"".join(out).decode("cp1252", "replace")
