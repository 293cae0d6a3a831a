"""Step 1, profile ``pades``: the signatures of a document, what each covers, and in which revision it stands.

    for found in find_signatures(document):
        found.field, found.revision, found.subfilter, found.contents

A ByteRange must leave out exactly the ``/Contents`` string of its own dictionary, and end where a revision ends:
everything else (missing, null, negative, overlapping, enlarged gaps, copied dictionaries) is refused.

Clauses: ISO 32000-2 12.8.1 (table 255), 12.7.5.5 (signature fields), EN 319 142-1 5.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from signing_service.errors import FormatError, LimitError
from signing_service.verify.limits import MAX_CMS_BYTES, MAX_TREE_NODES
from signing_service.verify.objects import Ref, skip_space, text_string
from signing_service.verify.pades.document import Document, Located, Snapshot

_WHITESPACE = b"\x00\t\n\x0c\r "


@dataclass(frozen=True, slots=True)
class FormField:
    """A terminal field of the form with what it inherits."""

    name: str
    type: str
    """``Sig``, ``Tx``, ``Btn``, ``Ch`` or empty."""
    value: Any
    """``/V``, a reference or direct; None where there is none."""
    reference: Ref | None
    dictionary: dict[str, Any]


@dataclass(slots=True)
class Found:
    """A signature dictionary in a field."""

    field: str
    dictionary: dict[str, Any]
    lock: dict[str, Any]
    """The field's ``/Lock``, resolved; empty where there is none."""
    seed: dict[str, Any]
    """The field's ``/SV``, likewise."""
    subfilter: str = ""
    kind: str = "signature"
    """``signature``, ``certification`` or ``timestamp``."""
    ranges: tuple[int, int, int] = (0, 0, 0)
    """End of the first part, start and end of the second."""
    contents: bytes = b""
    """The padded container."""
    revision: int = -1
    """The revision that it signs."""
    error: str = ""
    """Why it is no signature at all."""


def form_fields(snapshot: Snapshot) -> list[FormField]:
    """Every terminal field, in the order of the form; raises FormatError on loops."""
    form = snapshot.dictionary(snapshot.catalog.get("AcroForm"))
    fields: list[FormField] = []
    pending: list[tuple[Any, str, str, Any]] = [
        (item, "", "", None) for item in reversed(snapshot.array(form.get("Fields")))
    ]
    seen: set[int] = set()
    while pending:
        item, prefix, kind, value = pending.pop()
        if isinstance(item, Ref):
            if item.number in seen:
                raise FormatError("the form's fields form a loop, or one stands twice")
            seen.add(item.number)
        if len(fields) + len(pending) > MAX_TREE_NODES:
            raise LimitError(f"the form has more than {MAX_TREE_NODES} fields")
        dictionary = snapshot.dictionary(item)
        name = field_title(snapshot, dictionary, prefix)
        kind = str(snapshot.resolve(dictionary.get("FT")) or kind)
        value = dictionary.get("V", value)
        kids = snapshot.array(dictionary.get("Kids"))
        inner = [kid for kid in kids if "T" in snapshot.dictionary(kid)]
        if inner:
            pending += [(kid, name, kind, value) for kid in reversed(inner)]
        else:
            fields.append(FormField(name, kind, value, item if isinstance(item, Ref) else None, dictionary))
    return fields


def field_title(snapshot: Snapshot, dictionary: dict[str, Any], prefix: str) -> str:
    """A field's full name under its parent's (ISO 32000-2 12.7.4.2); a widget has its field's."""
    title = snapshot.resolve(dictionary.get("T"))
    if not isinstance(title, bytes):
        return prefix
    label = f"encrypted:{title.hex()[:16]}" if snapshot.document.closed is not None else _label(title)
    return f"{prefix}.{label}" if prefix else label


def _label(title: bytes) -> str:
    try:
        return text_string(title)
    except FormatError:
        return title.decode("latin-1")


def find_signatures(document: Document) -> list[Found]:
    """Every signature of the newest revision, and those of older ones that were taken out; in the order of signing."""
    newest = document.snapshots[-1]
    found: list[Found] = []
    seen: set[int] = set()
    for snapshot in reversed(document.snapshots):
        fields = _filled_fields(snapshot, newest)
        document.spend(len(fields))
        for item in fields:
            dictionary = snapshot.resolve(item.value)
            if id(dictionary) not in seen and (snapshot is newest or isinstance(dictionary, dict)):
                seen.add(id(dictionary))
                found.append(_read(document, snapshot, item))
    permissions = newest.dictionary(newest.catalog.get("Perms"))
    certified = newest.resolve(permissions.get("DocMDP"))
    for signature in found:
        if certified is not None and signature.dictionary is certified:
            signature.kind = "certification"
    return sorted(found, key=lambda signature: signature.ranges[2])


def _filled_fields(snapshot: Snapshot, newest: Snapshot) -> list[FormField]:
    """Signature fields with a value; a broken form of an older revision has none that count."""
    try:
        return [item for item in form_fields(snapshot) if item.type == "Sig" and item.value is not None]
    except FormatError:
        if snapshot is newest:
            raise
        return []


def _read(document: Document, snapshot: Snapshot, item: FormField) -> Found:
    dictionary = snapshot.resolve(item.value)
    lock, seed = (snapshot.dictionary(item.dictionary.get(key)) for key in ("Lock", "SV"))
    if not isinstance(dictionary, dict):
        return Found(item.name, {}, lock, seed, error="its value is not a signature dictionary")
    found = Found(item.name, dictionary, lock, seed)
    try:
        found.subfilter = str(snapshot.resolve(dictionary.get("SubFilter")) or "")
        found.kind = "timestamp" if found.subfilter == "ETSI.RFC3161" else "signature"
        _check_type(found, snapshot.resolve(dictionary.get("Type")))
        located = snapshot.located(item.value.number) if isinstance(item.value, Ref) else _holder(snapshot, item)
        _read_range(document, snapshot, found, located)
    except FormatError as error:
        found.error = error.message
    except ValueError:
        found.error = "/Contents is not hexadecimal"
    return found


def _check_type(found: Found, kind: Any) -> None:
    """What calls itself a timestamp must be one (ISO 32000-2 table 255); some timestamps call themselves /Sig."""
    if kind not in (None, "Sig", "DocTimeStamp") or (kind == "DocTimeStamp" and found.kind != "timestamp"):
        raise FormatError(f"its /Type {kind!r} and its sub-filter {found.subfilter!r} contradict each other")


def _holder(snapshot: Snapshot, item: FormField) -> Located:
    """A signature dictionary may stand directly in its field."""
    if item.reference is None:
        raise FormatError("its signature dictionary is in no object of its own")
    return snapshot.located(item.reference.number)


def _read_range(document: Document, snapshot: Snapshot, found: Found, located: Located) -> None:
    if located.flaw:
        raise FormatError(located.flaw)
    byte_range = snapshot.resolve(found.dictionary.get("ByteRange"))
    contents = snapshot.resolve(found.dictionary.get("Contents"))
    if not isinstance(contents, bytes) or not contents:
        raise FormatError("/Contents is missing or empty")
    if len(contents) > MAX_CMS_BYTES:
        raise LimitError(f"/Contents is larger than {MAX_CMS_BYTES} bytes")
    if (
        not isinstance(byte_range, list)
        or len(byte_range) != 4
        or not all(isinstance(number, int) and not isinstance(number, bool) for number in byte_range)
    ):
        raise FormatError("/ByteRange is not four numbers")
    start, first, second, rest = byte_range
    pdf = document.pdf
    if start != 0 or not 0 < first < second or rest < 0 or second + rest > len(pdf):
        raise FormatError("/ByteRange does not lie within the file")
    if located.start < 0 or not located.body < first < second < located.end:
        raise FormatError("/ByteRange leaves out something other than its own /Contents")
    if (first, second) not in set(_contents_spans(pdf, located)):
        raise FormatError("/ByteRange leaves out more, or less, than its own /Contents")
    if bytes.fromhex(pdf[first + 1 : second - 1].translate(None, _WHITESPACE).decode("latin-1")) != contents:
        raise FormatError("/ByteRange leaves out another string than /Contents")
    found.ranges, found.contents = (first, second, second + rest), contents
    found.revision = _revision_ending_at(document, second + rest)


def _contents_spans(pdf: bytes, located: Located) -> Iterator[tuple[int, int]]:
    """Where the hexadecimal strings under a key /Contents stand in the object."""
    position = skip_space(pdf, located.body)
    while position < located.end:
        at = pdf.find(b"/Contents", position, located.end)
        if at < 0:
            return
        start = skip_space(pdf, at + len(b"/Contents"))
        if pdf[start : start + 1] == b"<" and pdf[start : start + 2] != b"<<":
            stop = pdf.find(b">", start, located.end)
            if stop > 0:
                yield start, stop + 1
        position = at + 1


def _revision_ending_at(document: Document, end: int) -> int:
    for revision in document.revisions:
        if revision.end <= end and not document.pdf[revision.end : end].strip(_WHITESPACE):
            following = document.revisions[revision.number + 1 :]
            if not following or end <= min(span[0] for span in following[0].sections[0].spans):
                return revision.number
    raise FormatError("what it covers does not end where a revision of the file ends")


def covers_file(document: Document, found: Found) -> bool:
    """Whether nothing but white space follows what the signature covers."""
    return not document.pdf[found.ranges[2] :].strip(_WHITESPACE)


def signed_parts(document: Document, found: Found) -> tuple[memoryview, memoryview]:
    """The two parts of the file that the signature covers."""
    view = memoryview(document.pdf)
    first, second, end = found.ranges
    return view[:first], view[second:end]


def read_time(value: Any) -> datetime | None:
    """Read a PDF date (ISO 32000-2 7.9.4); None for anything that is none."""
    if not isinstance(value, bytes):
        return None
    text = value.decode("latin-1").removeprefix("D:").replace("'", "")
    digits = text[:14]
    if not digits.isdigit() or len(digits) < 4:
        return None
    try:
        return datetime.strptime(_filled(digits), "%Y%m%d%H%M%S").replace(tzinfo=_zone(text[14:]))
    except ValueError:
        return None


def _filled(digits: str) -> str:
    """Month and day default to the first, the time of day to midnight."""
    return digits + "00000101000000"[len(digits) :]


def _zone(text: str) -> timezone:
    if text[:1] not in ("+", "-") or not text[1:5].isdigit():
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[3:5] or 0))
    return timezone(offset if text[0] == "+" else -offset)
