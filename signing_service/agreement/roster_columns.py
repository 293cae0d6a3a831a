"""The rows of a CSV file as spreadsheet programs export it, and the names of its columns.

Example::

    rows = read_rows(data, 400)
    names = columns_of(rows[0], wanted=("party", "name"), optional=("guest",))
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING

from signing_service.errors import FormatError, LimitError

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_BYTES = 1024 * 1024
MAX_TOLD = 12  # names of unknown columns in one message

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods; .xls
_DELIMITER = re.compile(r"sep=(.)\r?\n")  # the line by which Excel is told, and which it does not count


def read_rows(data: bytes, most: int) -> list[list[str]]:
    """Cells in UTF-8 or UTF-16, parted by comma, semicolon or tab, whichever the first line has most of.

    Raises FormatError where it is no such file or empty, LimitError above MAX_BYTES or ``most`` rows below the first.
    """
    if len(data) > MAX_BYTES:
        raise LimitError("the file is larger than %(limit)s bytes", limit=MAX_BYTES)
    if data.startswith(_WORKBOOKS):
        raise FormatError("the file is a workbook, not CSV", hint="save it as CSV UTF-8 in your spreadsheet program")
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError("the file is not UTF-8", hint="export it as CSV UTF-8") from None
    said = _DELIMITER.match(text)
    text = text[said.end() :] if said else text
    heading = text.partition("\n")[0]
    delimiter = said[1] if said else max((",", ";", "\t"), key=heading.count)
    try:
        rows = [_trimmed(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)]
    except csv.Error as error:
        raise FormatError("the file is not CSV: %(reason)s", reason=str(error)) from None
    if not rows:
        raise FormatError("the file is empty")
    if len(rows) > most + 1:
        raise LimitError("the file has more than %(limit)s rows", limit=most)
    return rows


def _trimmed(row: list[str]) -> list[str]:
    """Without the empty cells at its end, which some programs write for columns that once held something."""
    length = next((index for index in range(len(row), 0, -1) if row[index - 1].strip()), 0)
    return row[:length]


def columns_of(heads: Sequence[str], *, wanted: Sequence[str], optional: Sequence[str]) -> list[str]:
    """The columns' names, ``Time zone`` being ``time_zone``.

    Raises FormatError that names every column which is missing, unknown or there twice, and all that there may be.
    """
    names = [re.sub(r"[\s-]+", "_", head.strip().lower()) for head in heads]
    known = (*wanted, *optional)
    hint = "columns: %(columns)s; if wanted: %(optional)s"
    listed = {"columns": ", ".join(wanted), "optional": ", ".join(optional)}
    if not set(names) & set(known):
        raise FormatError("row 1 holds no names of columns", hint=hint, **listed)
    missing = ", ".join(name for name in wanted if name not in names)
    strangers = islice((name for name in names if name not in known), MAX_TOLD)
    unknown = ", ".join(_spelled(name, known) for name in strangers)
    twice = ", ".join(sorted(name for name, count in Counter(names).items() if count > 1 and name in known))
    if missing and unknown:
        message = "row 1: columns are missing: %(missing)s; others are unknown: %(unknown)s"
        raise FormatError(message, hint=hint, missing=missing, unknown=unknown, **listed)
    if missing:
        raise FormatError("row 1: columns are missing: %(missing)s", hint=hint, missing=missing, **listed)
    if unknown:
        raise FormatError("row 1: columns are unknown: %(unknown)s", hint=hint, unknown=unknown, **listed)
    if twice:
        raise FormatError("row 1: columns stand twice: %(columns)s", columns=twice)
    return names


def _spelled(name: str, known: Sequence[str]) -> str:
    """An unknown name, with the known one that it is nearly."""
    near = get_close_matches(name, known, n=1, cutoff=0.75)
    return f"{name!r} ({near[0]}?)" if near else repr(name)
