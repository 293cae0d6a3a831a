"""Steps 4 to 8 under an earlier trust file: whether what it cannot judge is only a matter of getting a later one.

Whoever verifies with the file from paper lacks the officers, the record's keys, the witnesses and the authorities that
came since. The bundle holds the later files, as the service's ``trust-file`` events, and trust never comes from a
bundle: they pass nothing. They only tell an honest bundle (INDETERMINATE, with the fingerprint of the file to get from
elsewhere) from a forged one (FAILED).

1. Only what succeeds the trusted file without a gap counts, as ``verify --trust OLD NEW…`` checks it: each signed by
   an officer of the one before, or, where it only names the record's next key, by the record's key before.
2. What fails under the trusted file is open where the same check passes under one of these, the newest first.
3. What the trusted file itself refuses, a key that it retired, no later file gives back.

    later = LaterTrust.of(trust.file, opened.lines)
    identity = later.check(lambda known: identify(approval, signer, before, known, time))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Self, TypeVar

from signing_service.encoding import canonical_json
from signing_service.errors import Phrase, RetiredKeyError, SigningServiceError
from signing_service.evidence.event_lines import EventLine
from signing_service.evidence.trust import (
    TrustFile,
    fingerprint,
    fingerprint_text,
    format_trust_file,
    parse_trust_file,
)
from signing_service.record.entry import SERVICE_SCOPE
from signing_service.verify.shapes import check_shape
from signing_service.verify.speech import marked as _l
from signing_service.verify.successors import verify_successors
from signing_service.verify.verdict import SubIndication, Verdict, unproven

T = TypeVar("T")
MOST_FOLLOWED = 1000  # files that a bundle may tell, one after each change in decades; a forged one may hold any number


@dataclass(frozen=True)
class LaterTrust:
    """The file that is trusted, and the bytes of what a bundle says came after it."""

    trusted: TrustFile
    told: Sequence[bytes] = ()

    @classmethod
    def of(cls, trusted: TrustFile, lines: Iterable[EventLine]) -> Self:
        """Take the files out of the service's events; nothing of them is judged yet."""
        return cls(trusted, tuple(islice(filter(None, map(_told_in, lines)), MOST_FOLLOWED)))

    def check(self, check: Callable[[TrustFile], T], message: str = "") -> T:
        """What the check gives under the trusted file; raises its error, or that a later file is needed.

        ``message``: what is said then, where the error would say more than is known.
        """
        try:
            return check(self.trusted)
        except SigningServiceError as error:
            raise self.judged(error, check, message) from error

    def judged(
        self, error: SigningServiceError, check: Callable[[TrustFile], object], message: str = ""
    ) -> SigningServiceError:
        """The error that came of a check under all that is trusted; or that a later file is needed."""
        if not isinstance(error, RetiredKeyError):  # (3)
            for data, later in reversed(self._successors):  # (2)
                if _passes(check, later):
                    return _needs(data, later, message or error.message)
        return error

    @cached_property
    def _successors(self) -> Sequence[tuple[bytes, TrustFile]]:
        """(1) In order; followed once, however many checks ask."""
        if not self.told:
            return ()
        given = {str(number): data for number, data in enumerate(self.told)}
        chain = verify_successors(("trusted", format_trust_file(self.trusted)), given)
        passed = [given[link.name] for link in chain.links[1:] if link.verdict is Verdict.PASSED]
        return [(data, parse_trust_file(data)) for data in passed]


def _told_in(line: EventLine) -> bytes:
    """The trust file that a line's event tells; nothing for any other event, or one that has another shape."""
    event = line.event
    if event is None or line.entry.scope != SERVICE_SCOPE or event.get("type") != "trust-file":
        return b""
    try:
        check_shape(event)
    except SigningServiceError:
        return b""
    return canonical_json(event["file"]) + b"\n"


def _passes(check: Callable[[TrustFile], object], trust: TrustFile) -> bool:
    try:
        check(trust)
    except SigningServiceError:
        return False
    return True


def _needs(data: bytes, later: TrustFile, message: str) -> SigningServiceError:
    """The error for what is open, with the officer's name in place of the identifier."""
    if isinstance(message, Phrase) and (officer := later.officer(str(message.values.get("officer")))):
        message = Phrase(message.template, **{**message.values, "officer": officer.name})
    hint = _l(
        "a later trust file is needed (SHA-256 fingerprint %(fingerprint)s): get it from elsewhere, check that it "
        "follows with `verify --trust OLD NEW`, then verify with it"
    )
    return unproven(SubIndication.NO_POE, message, hint=Phrase(hint, fingerprint=fingerprint_text(fingerprint(data))))
