"""Building a published agreement again from the source that is attached to it, and comparing the bytes.

Example::

    made = reproduce(pdf, open_fonts(find_fonts(os.environ)))
    made.verdict   # "PASSED", "FAILED" or "INDETERMINATE"

What is compared is the base: the bytes under revision 0, before the seal and all signatures. A difference counts as
FAILED only if the same libraries and fonts made it; with others the verdict is INDETERMINATE and they are named.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pikepdf

from signing_service.agreement.members import Members
from signing_service.agreement.source import parse_source
from signing_service.agreement.terms import Terms
from signing_service.encoding import parse_canonical_json, sha256_hex
from signing_service.errors import FormatError, LimitError
from signing_service.pdf.rendering import render_base
from signing_service.pdf.rendering.provenance import RECIPE, TERMS, recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from signing_service.pdf.fonts import Fonts

MAX_ATTACHMENT = 1024 * 1024  # bytes of one attached file
MAX_UNPACKED = 64 * 1024 * 1024  # bytes of all streams
MAX_REVISIONS = 2000
MAX_PDF = 256 * 1024 * 1024

_END = re.compile(rb"startxref\n([1-9][0-9]{0,9})\n%%EOF\n\Z")
_PREVIOUS = re.compile(rb"/Prev ([1-9][0-9]{0,9})\b")


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What came of it."""

    verdict: str
    """``PASSED`` · ``FAILED`` · ``INDETERMINATE``."""
    reason: str
    base_sha256: str
    """Of the unsigned bytes in the PDF."""
    rebuilt_sha256: str
    differences: tuple[str, ...] = ()
    """Libraries and fonts that are not those that made the PDF."""


def reproduce(pdf: bytes, fonts: Fonts) -> Reproduction:
    """Render the attached source again and compare; raises FormatError where the PDF is not one of this service."""
    if len(pdf) > MAX_PDF:
        raise LimitError(f"the PDF is larger than {MAX_PDF} bytes")
    base = base_of(pdf)
    files = _attachments(base)
    table = Members(parse_canonical_json(_taken(files, RECIPE)), RECIPE)
    address = table.optional_text("verification_url")
    differences = _differences(table, recipe(fonts, address))
    sealed = _taken(files, TERMS)
    terms = Terms.from_json(sealed)
    source = parse_source(files)
    if source.terms(terms.id, terms.supersedes).to_json() != sealed:
        return Reproduction("FAILED", "the attached terms are not those of the attached source", sha256_hex(base), "")
    rebuilt = render_base(source, terms, verification_url=address, fonts=fonts)
    verdict, reason = _compare(base, rebuilt, differences)
    return Reproduction(verdict, reason, sha256_hex(base), sha256_hex(rebuilt), differences)


def base_of(pdf: bytes) -> bytes:
    """The unsigned bytes that all updates were appended to; raises FormatError."""
    end = _END.search(pdf[-64:])
    if end is None:
        raise FormatError("the PDF does not end in startxref and %%EOF", hint="give the file as it was downloaded")
    at = int(end[1])
    for _ in range(MAX_REVISIONS):
        trailer = pdf.find(b"trailer", at)
        stop = pdf.find(b"startxref", trailer)
        if trailer < 0 or stop < 0 or not pdf.startswith(b"xref\n", at):
            raise FormatError("the PDF has no classic cross-reference table")
        previous = _PREVIOUS.search(pdf, trailer, stop)
        if previous is None:
            return pdf[: pdf.find(b"%%EOF\n", stop) + len(b"%%EOF\n")]
        if int(previous[1]) >= at:
            raise FormatError("the PDF's cross-reference tables do not lead back to the first")
        at = int(previous[1])
    raise LimitError(f"the PDF has more than {MAX_REVISIONS} revisions")


def _attachments(base: bytes) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    try:
        with pikepdf.open(BytesIO(base), suppress_warnings=True) as pdf:
            for name, attached in pdf.attachments.items():
                files[name] = _unpacked(attached.obj.EF.F, MAX_ATTACHMENT, f"the attachment {name}")
    except (pikepdf.PdfError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise FormatError(f"the PDF's attachments cannot be read: {error}") from error
    return files


def _unpacked(stream: pikepdf.Object, limit: int, what: str) -> bytes:
    """What a stream holds, unpacked no further than ``limit`` bytes; LimitError, FormatError on other filters."""
    data = stream.read_raw_bytes()
    if stream.get("/Filter") is not None:
        if stream.Filter != "/FlateDecode":
            raise FormatError(f"{what} is packed otherwise than this service does")
        try:
            data = zlib.decompressobj().decompress(data, limit + 1)
        except zlib.error as error:
            raise FormatError(f"{what} cannot be unpacked") from error
    if len(data) > limit:
        raise LimitError(f"{what} is larger than {limit} bytes")
    return data


def _taken(files: dict[str, bytes], name: str) -> bytes:
    try:
        return files.pop(name)
    except KeyError:
        raise FormatError(f"the PDF has no attachment {name}", hint="it was not made by this service") from None


def _differences(table: Members, ours: Mapping[str, Any]) -> tuple[str, ...]:
    theirs = {"layout": {"layout": table.integer("layout", 1, 10_000)}, **_named(table)}
    table.integer("v", 1, 1)
    table.finish()
    own = {"layout": {"layout": ours["layout"]}, "libraries": ours["libraries"], "fonts": ours["fonts"]}
    found = []
    for group, members in own.items():
        for name in sorted({*members, *theirs[group]}):
            then, now = theirs[group].get(name, "none"), members.get(name, "none")
            if then != now:
                found.append(f"{name}: made with {str(then)[:20]}, here {str(now)[:20]}")
    return tuple(found)


def _named(table: Members) -> dict[str, dict[str, Any]]:
    groups = {}
    for group in ("libraries", "fonts"):
        value = table.take(group)
        if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
            raise table.refuse(f"{group} is not a table of texts")
        groups[group] = value
    return groups


def _compare(base: bytes, rebuilt: bytes, differences: tuple[str, ...]) -> tuple[str, str]:
    if base == rebuilt:
        return "PASSED", "the attached source gives exactly these bytes"
    if differences:
        return "INDETERMINATE", "other libraries or fonts made this document"
    if _decompressed(base) == _decompressed(rebuilt):
        return "INDETERMINATE", "the same content, compressed by another build of the libraries"
    at = next((n for n, (one, two) in enumerate(zip(base, rebuilt, strict=False)) if one != two), len(rebuilt))
    return "FAILED", f"the attached source gives other bytes, from offset {at} on"


def _decompressed(data: bytes) -> bytes | None:
    """The file with every stream unpacked and a fixed identifier; None if it needs repair or very much room."""
    buffer = BytesIO()
    try:
        with pikepdf.open(BytesIO(data), attempt_recovery=False, suppress_warnings=True) as pdf:
            room = MAX_UNPACKED
            for part in pdf.objects:
                if isinstance(part, pikepdf.Stream):
                    room -= len(_unpacked(part, room, "the document"))
            pdf.save(
                buffer, static_id=True, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.all,
                object_stream_mode=pikepdf.ObjectStreamMode.disable,
            )  # fmt: skip
            repaired = bool(pdf.get_warnings())
    except (pikepdf.PdfError, FormatError):
        return None
    return None if repaired else buffer.getvalue()
