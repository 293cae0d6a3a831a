"""Signature wrapping: the gap in the ByteRange grows, and what was signed moves aside."""

from __future__ import annotations

from tests.attacks.catalogue import attack
from tests.attacks.documents import CONTROLS, approval
from tests.attacks.editing import append, body_of, contents_span
from tests.attacks.saving import FORGED, page_contents, signature_dictionary, stream


def _wrapped(pdf: bytes, inserted: bytes) -> bytes:
    """Put bytes between /Contents and the second signed part; the ByteRange is told where that part now is."""
    start, end = contents_span(pdf)
    old = b"%d %d %d]" % (start, end, len(pdf) - end)
    moved = end + len(inserted)
    new = b"%d %d %d]" % (start, moved, len(pdf) - end)
    at = pdf.rindex(old)
    room = len(new) - len(old)
    head = pdf[:at] + new + pdf[at + len(old) :][room:] if room >= 0 else pdf[:at] + new + b" " + pdf[at + len(old) :]
    return head[:end] + inserted + head[end:]


@attack("wrapping", on="approval", pades="leaves out|not where|does not|no cross-reference")
def objects_stand_in_the_enlarged_gap():
    forged = b" >>\nendobj\n%d 0 obj\n%s\nendobj\n" % (page_contents(approval()), stream(FORGED))
    return _wrapped(approval(), forged)


@attack("wrapping", on="signed", agreement="does not cover|canonical|cross-reference|startxref")
def objects_stand_in_the_enlarged_gap_of_ours():
    return _wrapped(CONTROLS["signed"](), b" /Forged true ")


@attack("wrapping", on="approval", pades="leaves out more")
def the_gap_swallows_a_neighbouring_byte():
    pdf = approval()
    start, end = contents_span(pdf)
    old = b"%d %d %d]" % (start, end, len(pdf) - end)
    return pdf.replace(old, (b"%d %d %d]" % (start - 1, end, len(pdf) - end)).ljust(len(old)))


@attack("wrapping", on="approval", pades="leaves out")
def the_gap_is_the_container_without_its_brackets():
    pdf = approval()
    start, end = contents_span(pdf)
    old = b"%d %d %d]" % (start, end, len(pdf) - end)
    return pdf.replace(old, (b"%d %d %d]" % (start + 1, end - 1, len(pdf) - end + 1)).ljust(len(old)))


@attack("wrapping", on="approval", pades="own /Contents|leaves out")
def a_second_dictionary_claims_the_same_range():
    """The field points at a copy of the signature dictionary; its range leaves out the first one's container."""
    pdf = approval()
    number = signature_dictionary(pdf)
    return append(pdf, {number: body_of(pdf, number)})
