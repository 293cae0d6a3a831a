"""Step 1, profile ``pades``: an update is the objects that it lists and its cross-reference data, and nothing else.

    check_update(document, number)       # raises FormatError

Its trailer may not take back the number of objects either: those beyond ``/Size`` do not exist for a reader that goes
by it (ISO 32000-2 table 15). Bytes that belong to no object are where a reader that repairs files finds another
document than one that does not.

Asked only of updates that follow a signature; what a signature covers, its signer answers for.
"""

from __future__ import annotations

import re

from signing_service.errors import FormatError
from signing_service.verify.objects import skip_space
from signing_service.verify.pades.document import Document

_END = re.compile(rb"startxref[\x00\t\n\x0c\r ]{1,8}\d{1,10}[\x00\t\n\x0c\r ]{1,8}%%EOF")


def check_update(document: Document, number: int) -> None:
    """Raise FormatError unless what revision ``number`` lists is all of it, but for white space and comments."""
    revision, snapshot = document.revisions[number], document.snapshots[number]
    before, now = (item.trailer.get("Size") for item in (document.snapshots[number - 1], snapshot))
    if isinstance(before, int) and isinstance(now, int) and now < before:
        raise FormatError(f"revision {number + 1} declares fewer objects than there were: some readers lose the rest")
    start = document.revisions[number - 1].end
    spans = [span for section in revision.sections for span in section.spans]
    for section in revision.sections:
        for item, entry in section.entries.items():
            if entry.kind == "offset" and start <= entry.place < revision.end:
                located = snapshot.located(item)
                if located.flaw:
                    raise FormatError(f"revision {number + 1}: {located.flaw}")
                if located.start >= 0:
                    spans.append((located.start, located.end))
    position = start
    for begin, end in sorted(set(spans)):
        if begin < position:
            raise FormatError(f"objects of revision {number + 1} overlap")
        if skip_space(document.pdf, position) < begin:
            raise FormatError(f"revision {number + 1} has bytes that belong to no object, at {position}")
        position = end
    tail = skip_space(document.pdf, position)
    if not _END.fullmatch(document.pdf, tail, revision.end):
        raise FormatError(f"revision {number + 1} has bytes that belong to no object, at {position}")
