"""The service's own check of a revision that it is about to store, on a prefix that it knows to be good.

    verify_last_revision(previous, current, trust=trust_file, at=now)      # raises VerificationError

Steps 1 to 6 for the last delta only; the cost does not grow with the number of signatures, but for hashing. The
record (8) and the rules (7) are not judged here: the entry is not written yet, and the workflow asked the rules.
"""

from __future__ import annotations

import functools
import re
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from signing_service.agreement.terms import TIMESTAMP_PREFIX, Terms
from signing_service.errors import FormatError, VerificationError
from signing_service.evidence.trust import TrustFile
from signing_service.verify.base import Base, read_known_base
from signing_service.verify.changes import Revision, read_last_revision, read_revisions
from signing_service.verify.path import PathBuilder
from signing_service.verify.signed import open_revision
from signing_service.verify.structure import read_document, read_last_delta
from signing_service.verify.trust import Trust
from signing_service.verify.verdict import Checks, Verdict

if TYPE_CHECKING:
    from hashlib import _Hash

_END = b"\n%%EOF\n"
_OBJECT = re.compile(rb"[\r\n]0*([0-9]{1,10})[\x00\t\n\x0c\r ]+0[\x00\t\n\x0c\r ]+obj")
KEPT = 128  # bases that a process keeps with what was read out of them, some 500 KB each


def verify_last_revision(previous: bytes, current: bytes, *, trust: TrustFile, at: datetime) -> Revision:
    """Check what ``current`` adds to ``previous``; give the revision.

    ``previous`` is the newest stored revision, empty when ``current`` is revision 0 (base and seal). Raises
    VerificationError, naming the first problem, unless the revision is exactly one delta that passes.
    """
    if not current.startswith(previous):
        raise VerificationError("the new revision does not begin with the newest stored one")
    try:
        base, revision = _last(previous, current)
        terms = _terms(base.terms)
    except FormatError as error:
        raise VerificationError(f"the new revision is not of the agreed form: {error.message}") from error
    checks = Checks()
    trusted = Trust.of_file(trust)
    signed = open_revision(revision, terms, checks)
    signed.check_time(PathBuilder(trusted.all_anchors, signed.certificates), trusted, at, checks)
    signed.check_path(PathBuilder(trusted.anchors, signed.certificates), checks)
    signed.check_approval(terms, _revision0(current, base), at, checks, trusted.relying_party)
    for check in checks:
        if check.verdict is not Verdict.PASSED:
            raise VerificationError(f"the new revision, {check.subject}: {check.message}", hint=check.hint)
    return revision


def _last(previous: bytes, current: bytes) -> tuple[Base, Revision]:
    """Read only the last delta where it is a signature in an empty field; the whole document otherwise."""
    known = _base_of(current) if previous else None
    if known is not None:
        base = known.base
        delta = read_last_delta(current, base, len(previous))
        hashed, written = known.read(previous)
        rewritten = [number for number in delta.objects if number < delta.size]
        if rewritten and base.dss not in rewritten and not _are_taken(base, rewritten, written):
            return base, read_last_revision(current, base, delta, hashed)
    document = read_document(current)
    revisions = list(read_revisions(current, document))
    if not revisions or (revisions[-2].end if len(revisions) > 1 else 0) != len(previous):
        raise FormatError("the file does not add exactly one revision")
    return document.base, revisions[-1]


def _are_taken(base: Base, numbers: list[int], written: frozenset[int]) -> bool:
    """Whether a revision before filled one of these objects, or one of them is a timestamp's field.

    A timestamp that follows an own-certificate signature must be seen together with it.
    """
    names = {field.number: field.name for field in base.fields.values()}
    return any(number in written or names.get(number, "").startswith(TIMESTAMP_PREFIX) for number in numbers)


class _Prefix(NamedTuple):
    """As much of an agreement as was looked through."""

    length: int
    sha256: bytes
    written: frozenset[int]
    """The objects that it may have written after the base; other software spells its updates its own way."""


_NOTHING = _Prefix(0, sha256().digest(), frozenset())


class _KnownBase:
    """A base that was read, and the longest prefix on it that was looked through: of the next one only the rest is."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self._prefix = _NOTHING  # replaced as a whole: threads share it

    def read(self, previous: bytes) -> tuple[_Hash, frozenset[int]]:
        """The SHA-256 state that has taken in ``previous``, and the numbers that occur as objects' after the base."""
        known, view = self._prefix, memoryview(previous)
        hashed = sha256(view[: known.length])
        if hashed.digest() != known.sha256:  # another agreement on the same base, or another history of this one
            known, hashed = _NOTHING, sha256()
        hashed.update(view[known.length :])
        begin = max(known.length, self.base.length) - 1  # with the end of line before it
        found = frozenset(int(match[1]) for match in _OBJECT.finditer(previous, begin))
        self._prefix = prefix = _Prefix(len(previous), hashed.digest(), known.written | found)
        return hashed, prefix.written


def _base_of(current: bytes) -> _KnownBase | None:
    end = current.find(_END)
    try:
        return _read_base(current[: end + len(_END)])
    except FormatError:
        return None  # the marker stood inside a stream: the whole document must be walked


@functools.lru_cache(maxsize=KEPT)
def _read_base(data: bytes) -> _KnownBase:
    """By content: the same bytes, signature after signature."""
    return _KnownBase(read_known_base(data))


_terms = functools.lru_cache(maxsize=KEPT)(Terms.from_json)


def _revision0(current: bytes, base: Base) -> str:
    end = current.find(_END, base.length) + len(_END)
    return sha256(current[:end]).hexdigest()
