"""Whether a form field shows the value that it has, as far as the appearance can be read.

    shows_value(snapshot, field, b"Nanjing", "Tx")

Where the appearance's text cannot be read (see :mod:`.shown_text`), nothing is claimed against it.

Clauses: ISO 32000-2 12.7.4.3 (variable text), 12.7.5.2.3 (check boxes).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from signing_service.errors import FormatError
from signing_service.verify.objects import Name, text_string
from signing_service.verify.pades.document import Snapshot
from signing_service.verify.pades.shown_text import shown_text

_NOT_TEXT = re.compile(r"[\s\u00a0\u00ad]+")
_PASSWORD, _COMBO, _COMB = 1 << 13, 1 << 17, 1 << 24  # field flags 14, 18 and 25 (tables 231, 233)
_MOST_CELLS = 100


def shows_value(snapshot: Snapshot, field: dict[str, Any], value: Any, kind: str, *, certainly: bool = False) -> bool:
    """Whether the field's appearance fits ``value``.

    Where that cannot be decided: True, but False if it must be so ``certainly``.
    """
    if kind == "Btn":
        return _button(snapshot, field, value)
    if value is not None and not isinstance(value, bytes):
        return not certainly
    if not certainly and _is_formatted(snapshot, field, kind):
        return True
    wanted = _spellings(snapshot, field, value or b"", kind)
    widgets = [snapshot.dictionary(kid) for kid in snapshot.array(field.get("Kids"))] or [field]
    for widget in widgets:
        normal = snapshot.dictionary(widget.get("AP")).get("N")
        shown = shown_text(snapshot, normal, _cells(snapshot, field), widget.get("Rect"))
        if shown is not None and _runs_leftwards(shown):
            shown = None
        if certainly if shown is None else _plain(shown) not in wanted:
            return False
    return True


def _is_formatted(snapshot: Snapshot, field: dict[str, Any], kind: str) -> bool:
    """Whether what is shown is not the value alone: a password, a list's options, a number that a script formats."""
    flags = snapshot.resolve(field.get("Ff"))
    flags = flags if isinstance(flags, int) else 0
    if kind == "Ch" and not flags & _COMBO:
        return True
    return "F" in snapshot.dictionary(field.get("AA")) or bool(flags & _PASSWORD)


def _cells(snapshot: Snapshot, field: dict[str, Any]) -> int:
    """Into how many cells a comb is parted (ISO 32000-2 table 231, flag 25); 0 where it is none."""
    flags, length = snapshot.resolve(field.get("Ff")), snapshot.resolve(field.get("MaxLen"))
    is_comb = isinstance(flags, int) and bool(flags & _COMB) and isinstance(length, int)
    return min(max(0, length), _MOST_CELLS) if is_comb else 0


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
    return _NOT_TEXT.sub("", unicodedata.normalize("NFKC", text))


def _runs_leftwards(text: str) -> bool:
    """Such text is shown in another order than it is written in."""
    return any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)
