"""Universal signature forgery: what must be there to be checked is missing, empty, or no number at all."""

from __future__ import annotations

import re

from tests.attacks.catalogue import attack
from tests.attacks.documents import CONTROLS, approval
from tests.attacks.editing import contents_span, patched

_RANGE = re.compile(rb"/ByteRange \[[0-9 ]+\] *")


def _with_range(pdf: bytes, text: bytes) -> bytes:
    """Another value under the last /ByteRange, in the room that the old one had."""
    match = list(_RANGE.finditer(pdf))[-1]
    return pdf[: match.start()] + (b"/ByteRange " + text).ljust(len(match[0])) + pdf[match.end() :]


def _with_contents(pdf: bytes, text: bytes) -> bytes:
    """Another value under the last /Contents, padded with spaces."""
    start, end = contents_span(pdf)
    return pdf[:start] + text.ljust(end - start) + pdf[end:]


_AGREED = "not of the agreed form|does not cover"


@attack("forgery", on="approval", pades="/Contents is missing|four numbers|leaves out")
def contents_key_is_missing():
    return patched(approval(), b"/Contents", b"/Comments")


@attack("forgery", on="signed", agreement=_AGREED, pades="Contents is missing")
def contents_key_is_missing_in_ours():
    return patched(CONTROLS["signed"](), b"/Contents", b"/Comments")


@attack("forgery", on="approval", pades="/Contents is missing or empty")
def contents_is_null():
    return _with_contents(approval(), b"null")


@attack("forgery", on="approval", pades="/Contents is missing or empty")
def contents_is_empty():
    return _with_contents(approval(), b"<>")


@attack("forgery", on="approval", pades="Contents")
def contents_is_one_zero_octet():
    return _with_contents(approval(), b"<00>")


@attack("forgery", on="approval", pades="missing|cut off|not what it must be")
def contents_is_all_zero():
    start, end = contents_span(approval())
    return _with_contents(approval(), b"<" + b"0" * (end - start - 2) + b">")


@attack("forgery", on="signed", agreement="does not hold a DER SEQUENCE", pades="not what it must be|missing")
def contents_is_all_zero_in_ours():
    pdf = CONTROLS["signed"]()
    start, end = contents_span(pdf)
    return _with_contents(pdf, b"<" + b"0" * (end - start - 2) + b">")


@attack("forgery", on="approval", pades="/ByteRange is not four numbers")
def byte_range_key_is_missing():
    return patched(approval(), b"/ByteRange", b"/BitsRange")


@attack("forgery", on="approval", pades="/ByteRange is not four numbers")
def byte_range_is_null():
    return _with_range(approval(), b"null")


@attack("forgery", on="approval", pades="/ByteRange is not four numbers")
def byte_range_is_empty():
    return _with_range(approval(), b"[]")


@attack("forgery", on="approval", pades="does not lie within the file")
def byte_range_is_all_zero():
    return _with_range(approval(), b"[0 0 0 0]")


@attack("forgery", on="approval", pades="does not lie within the file")
def byte_range_is_negative():
    return _with_range(approval(), b"[0 -1 -1 -1]")


@attack("forgery", on="approval", pades="/ByteRange is not four numbers")
def byte_range_is_one_range():
    return _with_range(approval(), b"[0 %d]" % len(approval()))


@attack("forgery", on="approval", pades="does not lie within the file")
def byte_ranges_overlap():
    return _with_range(approval(), b"[0 900 100 %d]" % (len(approval()) - 100))


@attack("forgery", on="approval", pades="does not lie within the file")
def byte_range_ends_beyond_the_file():
    start, end = contents_span(approval())
    return _with_range(approval(), b"[0 %d %d %d]" % (start, end, len(approval())))


@attack("forgery", on="approval", pades="does not end where a revision")
def byte_range_ends_early():
    start, end = contents_span(approval())
    return _with_range(approval(), b"[0 %d %d %d]" % (start, end, len(approval()) - end - 40))


@attack("forgery", on="approval", pades="not lie within|four numbers|leaves out")
def byte_range_begins_late():
    start, end = contents_span(approval())
    return _with_range(approval(), b"[9 %d %d %d]" % (start - 9, end, len(approval()) - end))


@attack("forgery", on="approval", pades="/ByteRange is not four numbers")
def byte_range_has_a_real_number():
    start, end = contents_span(approval())
    return _with_range(approval(), b"[0 %d.0 %d %d]" % (start, end, len(approval()) - end))


@attack("forgery", on="approval", pades="sub-filter|signed digest")
def sub_filter_is_unknown():
    return patched(approval(), b"/ETSI.CAdES.detached", b"/Trust.Me.detached")


@attack("forgery", on="approval", pades="has no signature|not a signature dictionary")
def field_value_is_null():
    match = list(re.finditer(rb"/V \d+ 0 R", approval()))[-1]
    return approval()[: match.start()] + b"/V null".ljust(len(match[0])) + approval()[match.end() :]


@attack("forgery", on="approval", pades="two keys /Contents")
def two_contents_keys():
    return patched(approval(), b"/Reason", b"/Contents", last=True) if b"/Reason" in approval() else _two_contents()


def _two_contents() -> bytes:
    """The filter's name is given up to make room for a second /Contents."""
    return patched(approval(), b"/Filter /Adobe.PPKLite", b"/Contents <00>")
