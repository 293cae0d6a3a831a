"""Reading the layout of a finished base, once at publication.

    layout = read_layout(base, contents_size=8192)

pikepdf finds the way through the document; the bytes of the fields are taken as they stand in the file, because
deltas repeat them.
"""

from __future__ import annotations

import re
from decimal import Decimal
from io import BytesIO

import pikepdf

from signing_service.errors import FormatError
from signing_service.pdf.grammar import (
    ARCHIVE_FIELDS,
    COUNTERSIGNATURE_FIELD,
    FIELD_END,
    FIELD_START,
    MAX_CONTENTS_BYTES,
    MIN_CONTENTS_BYTES,
    SEAL_FIELD,
    FieldSlot,
    Layout,
    read_tail,
)

_ENTRY = re.compile(rb"([0-9]{10}) 00000 n \n")
_NEEDED = (SEAL_FIELD, COUNTERSIGNATURE_FIELD, *ARCHIVE_FIELDS)


def read_layout(base: bytes, contents_size: int) -> Layout:
    """Read what deltas need of ``base``, whose every ``/Contents`` will hold ``contents_size`` bytes.

    Raises FormatError unless the base is as docs/formats.md 4 says.
    """
    if not MIN_CONTENTS_BYTES <= contents_size <= MAX_CONTENTS_BYTES:
        raise FormatError(f"{contents_size} bytes for a signature are not {MIN_CONTENTS_BYTES} to {MAX_CONTENTS_BYTES}")
    table = _Table(base)
    try:
        with pikepdf.open(BytesIO(base)) as pdf:
            return _read(pdf, table, contents_size)
    except (pikepdf.PdfError, KeyError, AttributeError, TypeError, ValueError) as error:
        raise FormatError(f"base is not the PDF that it must be: {error}") from error


class _Table:
    """The base's own cross-reference table: where each object stands."""

    def __init__(self, base: bytes) -> None:
        self._base = base
        tail = read_tail(base)
        head = b"xref\n0 %d\n0000000000 65535 f \n" % tail.size
        if not base.startswith(head, tail.startxref):
            raise FormatError("base has no cross-reference table in one run from object 0")
        self.offsets: dict[int, int] = {}
        position = tail.startxref + len(head)
        for number in range(1, tail.size):
            entry = _ENTRY.fullmatch(base, position, position + 20)
            if entry is None:
                raise FormatError(f"cross-reference entry of object {number} of the base is not in use or malformed")
            self.offsets[number] = int(entry[1])
            position += 20

    def body(self, number: int) -> bytes:
        """Give the bytes of an object (no stream) between ``obj`` and ``endobj``."""
        head = b"%d 0 obj\n" % number
        start = self.offsets[number]
        end = self._base.find(b"\nendobj\n", start)
        if not self._base.startswith(head, start) or end < 0:
            raise FormatError(f"object {number} of the base does not stand where its table says")
        return self._base[start + len(head) : end]


def _read(pdf: pikepdf.Pdf, table: _Table, contents_size: int) -> Layout:
    catalog, form = pdf.Root, pdf.Root.AcroForm
    if int(form.SigFlags) != 3:
        raise FormatError("base has another /SigFlags than 3")
    pages = {page.obj.objgen[0]: index for index, page in enumerate(pdf.pages)}
    fields = {str(field.T): _slot(field, pages, table) for field in form.Fields}
    missing = [name for name in _NEEDED if name not in fields]
    if missing or len(fields) != len(form.Fields):
        raise FormatError(f"base lacks the field {missing[0]!r}" if missing else "two fields of the base share a name")
    dss = _number(catalog.DSS, "/DSS")
    if table.body(dss) != b"<< >>":
        raise FormatError("/DSS of the base is not an empty dictionary")
    identifier = "".join(f"<{bytes(part).hex()}>" for part in pdf.trailer.ID)
    return Layout(
        root=_number(catalog, "catalog"),
        info=_number(pdf.trailer.Info, "/Info"),
        identifier=identifier,
        fields=fields,
        placeholder=_number(catalog.Perms.DocMDP, "/DocMDP"),
        dss=dss,
        resources=_number(form.DR, "/DR of /AcroForm"),
        contents_size=contents_size,
    )


def _number(value: pikepdf.Object, what: str) -> int:
    number, generation = value.objgen
    if number == 0 or generation != 0:
        raise FormatError(f"{what} of the base is not an indirect object of generation 0")
    return number


def _slot(field: pikepdf.Object, pages: dict[int, int], table: _Table) -> FieldSlot:
    number = _number(field, f"field {field.T}")
    body = table.body(number)
    if FIELD_START.match(body) is None or not body.endswith(FIELD_END) or "/V" in field or field.FT != "/Sig":
        raise FormatError(f"field {field.T} of the base is not an empty signature field of the agreed shape")
    left, bottom, right, top = (Decimal(str(edge)) for edge in field.Rect.as_list())
    return FieldSlot(number, body, pages[field.P.objgen[0]], _points(right - left), _points(top - bottom))


def _points(length: Decimal) -> str:
    """Write a length as the shortest PDF number."""
    text = f"{length:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
