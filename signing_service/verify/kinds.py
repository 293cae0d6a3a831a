"""What a file is that cannot be verified, in words for somebody who knows no file formats, and what to do about it.

    kind = kind_of(data)                # of what is neither a PDF nor an evidence bundle
    kind.what, kind.hint                # "a picture", "a scan or a photo proves nothing: …"
    hint_about(pdf)                     # on a PDF that is none of this service's, or not any more

Only the first bytes and a few words in the file are looked at; nothing is unpacked and nothing is proven.
"""

from __future__ import annotations

from dataclasses import dataclass

from signing_service.evidence.receipt import is_receipt
from signing_service.verify.speech import marked as _l

_TAIL = 1024  # bytes in which a whole PDF ends (ISO 32000-2 7.5.5, and what readers do beyond it)


@dataclass(frozen=True, slots=True)
class Kind:
    """In words: what it is, and what to do."""

    what: str
    hint: str


GIVE_DOCUMENT = _l("give the agreement's PDF or its evidence-….zip, as they were downloaded")
EMPTY = Kind(_l("an empty file"), _l("the download may have been interrupted: get the file anew"))
RECEIPT = Kind(
    _l("the receipt that somebody got after signing"),
    _l("check it with: signing-service record audit --trust trust.json --receipt FILE"),
)
_TRUST_FILE = Kind(
    _l("a trust file, which other files are checked against"),
    _l("give the agreement's PDF or its evidence bundle, and this beside it as the trust file"),
)
_PICTURE = Kind(_l("a picture"), _l("a scan or a photo proves nothing: give the PDF or the bundle that was downloaded"))
OFFICE = Kind(
    _l("a text or table of an office program"),
    _l("it holds no signature of an agreement: give the PDF or the bundle that was downloaded"),
)
_CERTIFICATE = Kind(_l("a certificate"), _l("give it beside the agreement, as what is trusted"))
_ZIP = Kind(_l("a ZIP archive, but no evidence bundle"), _l("if the bundle is inside it, unpack it first"))
_PAGE = Kind(_l("a web page, perhaps a saved report"), _l("a report only tells of a file: give the file itself"))
_PROOF = Kind(
    _l("a part of an evidence bundle, or a proof of the record"),
    _l("give the whole evidence-….zip, as it was downloaded, without unpacking it"),
)
_DATA = Kind(_l("a file of data for programs"), GIVE_DOCUMENT)
_TEXT = Kind(_l("a text"), GIVE_DOCUMENT)
_UNKNOWN = Kind(_l("a kind of file that this verifier does not know"), GIVE_DOCUMENT)

_BEGINNINGS = (
    ((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"BM"), _PICTURE),
    ((b"\xd0\xcf\x11\xe0", b"{\\rtf"), OFFICE),
    ((b"-----BEGIN CERTIFICATE-----",), _CERTIFICATE),
    ((b"c2sp.org/tlog-proof",), _PROOF),
    ((b"<!doctype html", b"<!DOCTYPE html", b"<html"), _PAGE),
)
_OFFICE_PARTS = (b"[Content_Types].xml", b"mimetypeapplication/vnd.oasis")
_UNPACKED = (b'{"entry":', b'{"agreement":')  # lines of events.jsonl, a manifest


def kind_of(data: bytes) -> Kind:
    """The kind of a file that is no PDF and no bundle."""
    begin = data[:_TAIL].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not data.strip():
        return EMPTY
    if data.startswith(b"PK\x03\x04"):
        return OFFICE if any(part in data[: 64 * _TAIL] for part in _OFFICE_PARTS) else _ZIP
    for beginnings, kind in _BEGINNINGS:
        if begin.startswith(beginnings):
            return kind
    if begin[8:12] == b"WEBP" or begin[4:8] == b"ftyp":
        return _PICTURE
    if begin.startswith(b"{"):
        return _json(data, begin)
    return _TEXT if _is_text(data) else _UNKNOWN


def _json(data: bytes, begin: bytes) -> Kind:
    if is_receipt(data):
        return RECEIPT
    if b'"relying_party_id"' in data and b'"record"' in data:
        return _TRUST_FILE
    return _PROOF if begin.startswith(_UNPACKED) else _DATA


def _is_text(data: bytes) -> bool:
    if b"\0" in data:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


CUT = _l("its end is missing: the download was interrupted, or something was added; get the file anew")
LOCKED = _l("it is protected by a password, as no agreement is: give the file as it was downloaded")
UNSIGNED = _l("it holds no signature; perhaps it was printed or saved anew: give the file as it was downloaded")
FOREIGN = _l(
    "if it is a signed PDF from elsewhere, verify it with --profile pades, on the page as “Any other signed PDF”; "
    "if it is an agreement, give the file as it was downloaded"
)
ABOUT_ONE = frozenset({CUT, LOCKED, UNSIGNED, FOREIGN})
"""What says nothing below a list of many files."""


def hint_about(pdf: bytes) -> str:
    """What to do about a PDF that does not have the form of this service's agreements."""
    if b"%%EOF" not in pdf[-_TAIL:]:
        return CUT
    if b"/Encrypt" in pdf:
        return LOCKED
    return FOREIGN if b"/ByteRange" in pdf else UNSIGNED
