"""Steps 4 and 5, profile ``pades``: times, paths, revocation, algorithms; from the newest signature to the oldest.

    prover = Prover(trust, pool, at, checks)
    for opened in newest_first: prover.prove(opened)

A trusted document timestamp moves the moment of validation back to its own time for everything that it covers
(EN 319 102-1 5.6.3, sliding in time). A trusted signature timestamp proves when its signature existed. Without either
a signature is judged as of the moment of validation.
"""

from __future__ import annotations

from datetime import datetime

from signing_service.verify.certificate import Certificate
from signing_service.verify.pades.evidence import Pool
from signing_service.verify.pades.opening import Opened
from signing_service.verify.path import Path, PathBuilder, Purpose, is_for_timestamping
from signing_service.verify.timestamps import Timestamp, Token
from signing_service.verify.trust import Trust
from signing_service.verify.verdict import CheckError, Checks, Step, SubIndication, failure, unproven


class Prover:
    """Goes back in time through the signatures of one document."""

    def __init__(self, trust: Trust, pool: Pool, at: datetime, checks: Checks) -> None:
        """``at``: where it starts."""
        self._anchors = trust.all_anchors
        self._paths = PathBuilder(self._anchors, pool.certificates)
        self._pool, self._checks = pool, checks
        self._moment, self._proven = at, False
        self.provable_until: datetime | None = None

    def prove(self, opened: Opened) -> None:
        """Prove one signature or document timestamp and record what was found."""
        if opened.found.kind == "timestamp":
            self._prove_timestamp(opened)
        else:
            self._prove_signature(opened)

    def _prove_timestamp(self, opened: Opened) -> None:
        with self._checks.collecting(Step.TIME, opened.subject, SubIndication.GENERIC):
            timestamp = self._validate(opened.tokens[0])
            self._describe(opened, timestamp)
            self._moment, self._proven = min(self._moment, timestamp.time), True
            self._checks.passed(Step.TIME, opened.subject, f"its time is proven by {timestamp.authority}")

    def _validate(self, token: Token) -> Timestamp:
        timestamp = token.validate(self._paths, self._moment)
        self._check_revocation(timestamp.path, self._moment, proven=self._proven)
        return timestamp

    def _prove_signature(self, opened: Opened) -> None:
        moment, proven, excuse = self._moment, self._proven, ""
        for token in opened.tokens:
            try:
                timestamp = self._validate(token)
            except CheckError as error:
                excuse = f"; its timestamp proves nothing: {error.message}"
                self._refuse_usurper(opened, token, error)
                continue
            self._describe(opened, timestamp)
            moment, proven = min(moment, timestamp.time), True
            self._checks.passed(Step.TIME, opened.subject, f"its time is proven by {timestamp.authority}")
        with self._checks.collecting(Step.PATH, opened.subject, SubIndication.GENERIC):
            certificate = opened.certificate
            if certificate is None or opened.container is None:
                return
            path = opened.path = self._path(certificate, moment, excuse)
            weak = opened.container.scheme().weak_at(certificate.public_key, moment)
            if opened.between is not None:
                weak = weak or opened.between.weak_at(moment)
            if weak:
                raise unproven(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, weak)
            self._check_revocation(path, moment, proven=proven)
            self._limit(path, proven=proven)
            known = "" if self._is_known_good(path) else "; the file brings no revocation data for it"
            self._checks.passed(
                Step.PATH, opened.subject, f"its certificate leads to {path.anchor.subject_text}{known}"
            )

    def _refuse_usurper(self, opened: Opened, token: Token, error: CheckError) -> None:
        """Who was certified for something else than timestamping makes no timestamps; unknown authorities just count
        for nothing, and so do anchors, which are given without a purpose."""
        certificate = token.certificate
        if (
            error.indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE
            and certificate not in self._anchors
            and not is_for_timestamping(certificate)
        ):
            self._checks.record(Step.TIME, opened.subject, error, SubIndication.CHAIN_CONSTRAINTS_FAILURE)

    def _path(self, certificate: Certificate, moment: datetime, excuse: str) -> Path:
        try:
            return self._paths.validate(certificate, Purpose.SIGNING, moment)
        except CheckError as error:
            raise CheckError(error.verdict, error.indication, error.message + excuse, hint=error.hint) from error

    def _check_revocation(self, path: Path, moment: datetime, *, proven: bool) -> None:
        """Raise CheckError where something in the path was revoked before the moment that counts."""
        for position, certificate in enumerate(path.certificates[:-1]):
            revoked = self._pool.revoked(certificate, self._anchors)
            if revoked is None or revoked > moment:
                continue
            text = f"the certificate of {certificate.subject_text!r} was revoked at {revoked:%Y-%m-%d %H:%M} UTC"
            if proven and position == 0:
                raise failure(SubIndication.REVOKED, text)
            raise unproven(
                SubIndication.REVOKED_NO_POE if position == 0 else SubIndication.REVOKED_CA_NO_POE,
                f"{text}, and nothing proves that the signature is older",
            )

    def _is_known_good(self, path: Path) -> bool:
        return all(self._pool.is_known_good(certificate, self._anchors) for certificate in path.certificates[:-1])

    def _describe(self, opened: Opened, timestamp: Timestamp) -> None:
        opened.report.time, opened.report.time_authority = timestamp.time, timestamp.authority
        if not self._proven:
            self._narrow(timestamp.path.until)

    def _limit(self, path: Path, *, proven: bool) -> None:
        """Without any proof of time the verdict holds while the path does."""
        if not proven:
            self._narrow(path.until)

    def _narrow(self, until: datetime) -> None:
        self.provable_until = until if self.provable_until is None else min(self.provable_until, until)
