"""Step 6 under an earlier trust file: whether what it cannot judge is only a matter of getting a later one.

Whoever verifies with the file from paper lacks the officers who came since. The bundle holds the later files, as the
service's ``trust-file`` events, and trust never comes from a bundle: they pass nothing. They only tell an honest
bundle (INDETERMINATE, with the fingerprint of the file to get from elsewhere) from a forged one (FAILED).

1. Only what succeeds the trusted file without a gap counts, as ``verify --trust OLD NEW…`` checks it.
2. What fails under the trusted file is open where the same check passes under one of these, the newest first.

    later = LaterTrust.of(trust.file, service_events)
    identity = later.check(lambda known: identify(approval, signer, before, known, time))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from signing_service.encoding import canonical_json
from signing_service.errors import Phrase, SigningServiceError
from signing_service.evidence.trust import (
    TrustFile,
    fingerprint,
    fingerprint_text,
    format_trust_file,
    parse_trust_file,
)
from signing_service.verify.successors import verify_successors
from signing_service.verify.verdict import SubIndication, Verdict, unproven

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LaterTrust:
    """The file that is trusted, and the bytes of what a bundle says came after it."""

    trusted: TrustFile
    told: Sequence[bytes] = ()

    @classmethod
    def of(cls, trusted: TrustFile, service: Sequence[Mapping[str, Any]]) -> Self:
        """Take the files out of the service's events; nothing of them is judged yet."""
        files = (event["file"] for event in service if event["type"] == "trust-file")
        return cls(trusted, tuple(canonical_json(file) + b"\n" for file in files))

    def check(self, check: Callable[[TrustFile], T]) -> T:
        """What the check gives under the trusted file; raises its error, or that a later file is needed."""
        try:
            return check(self.trusted)
        except SigningServiceError as error:
            for data in reversed(self._successors()):  # (2)
                later = parse_trust_file(data)
                if _passes(check, later):
                    raise _needs(data, later, error) from error
            raise

    def _successors(self) -> Sequence[bytes]:
        """(1) In order."""
        if not self.told:
            return ()
        given = {str(number): data for number, data in enumerate(self.told)}
        chain = verify_successors(("trusted", format_trust_file(self.trusted)), given)
        return [given[link.name] for link in chain.links[1:] if link.verdict is Verdict.PASSED]


def _passes(check: Callable[[TrustFile], object], trust: TrustFile) -> bool:
    try:
        check(trust)
    except SigningServiceError:
        return False
    return True


def _needs(data: bytes, later: TrustFile, error: SigningServiceError) -> SigningServiceError:
    """The error for what is open, with the officer's name in place of the identifier."""
    message = error.message
    if isinstance(message, Phrase) and (officer := later.officer(str(message.values.get("officer")))):
        message = Phrase(message.template, **{**message.values, "officer": officer.name})
    hint = (
        f"a later trust file is needed (SHA-256 fingerprint {fingerprint_text(fingerprint(data))}): get it from "
        "elsewhere, check that it follows with `verify --trust OLD NEW`, then verify with it"
    )
    return unproven(SubIndication.NO_POE, message, hint=hint)
