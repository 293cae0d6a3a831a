"""Steps 3 to 6 for one revision of profile ``agreement``: container, times, path, approval.

    signed = open_revision(revision, terms, checks)        # (3): intact and canonical; nothing about trust
    signed.check_time(authorities, moment, checks)         # (5)
    signed.check_path(paths, checks)                       # (4) at the proven time
    signed.check_approval(terms, revision0, checks)        # (6)

Each method records what it finds and raises nothing for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from signing_service.agreement.terms import Terms
from signing_service.approval import RelyingParty, Statement
from signing_service.verify import own_certificate
from signing_service.verify.approvals import Expected, check_approval, check_certificate_names
from signing_service.verify.certificate import Certificate, NameKey, unique
from signing_service.verify.changes import Revision
from signing_service.verify.cms import check_embedded_chain, check_signed_attributes, read_signature, read_token
from signing_service.verify.container import TIMESTAMP_TOKEN, Container
from signing_service.verify.later_trust import LaterTrust
from signing_service.verify.path import PathBuilder, Purpose, check_purpose
from signing_service.verify.report import SignatureReport
from signing_service.verify.rules import signer_of
from signing_service.verify.speech import marked as _l
from signing_service.verify.timestamps import Timestamp, Token, open_token, validate_by
from signing_service.verify.trust import Trust
from signing_service.verify.verdict import GIVE_TRUST_FILE, CheckError, Checks, Step, SubIndication, failure, unproven

_ONE_TIME = {
    "2.5.29.56": "noRevAvail",  # RFC 9608
    "0.4.0.194121.2.1": "validity-assured-short-term",  # EN 319 412-1 clause 5.2
}
_TIMESTAMPS = {"archive": "archive timestamp", "timestamp": "document timestamp"}


@dataclass(slots=True)
class Signed:
    """A revision with what was found of it."""

    revision: Revision
    report: SignatureReport
    container: Container | None = None
    certificate: Certificate | None = None
    """The signer's; None for an archive timestamp."""
    token: Token | None = None
    timestamp: Timestamp | None = None
    leads: bool | None = None
    """Whether the signer's certificate leads to an anchor at all; None where that was not asked."""
    approval: bytes = b""
    statement: Statement | None = None
    """What the approval says."""
    own_tokens: tuple[Token, ...] = ()
    """Timestamps in a signature with an own certificate."""

    @property
    def subject(self) -> str:
        """How checks name it."""
        return f"field {self.revision.field}"

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """Every certificate that came with it."""
        own = self.container.certificates if self.container else ()
        tokens = (*self.own_tokens, *((self.token,) if self.token else ()))
        return (*own, *(certificate for token in tokens for certificate in token.certificates))

    def check_time(
        self,
        authorities: PathBuilder,
        trust: Trust,
        moment: datetime,
        checks: Checks,
        stamp: Timestamp | None = None,
        later: LaterTrust | None = None,
    ) -> None:
        """(5) Validate the timestamp as seen at ``moment``; ``stamp``: of the revision that follows, if it is one."""
        if self.revision.own_certificate:
            own_certificate.check_own_time(self, stamp, authorities, trust, moment, checks)
        if self.token is None:
            return
        with checks.collecting(Step.TIME, self.subject, SubIndication.GENERIC):
            timestamp = self.timestamp = validate_by(self.token, authorities, moment, later)
            self.report.time, self.report.time_authority = timestamp.time, timestamp.authority
            trusted = set(trust.timestamp_anchors)
            self.report.time_independent = any(item in trusted for item in timestamp.path.certificates)
            checks.passed(Step.TIME, self.subject, f"its time is proven by {timestamp.authority}")

    def check_path(
        self,
        paths: PathBuilder,
        checks: Checks,
        terms: Terms | None = None,
        trust: Trust | None = None,
        later: LaterTrust | None = None,
    ) -> None:
        """(4) Validate the signer's certificate at the proven time; without one there is nothing to say."""
        if self.certificate is None or self.timestamp is None:
            return
        if self.revision.own_certificate:
            if terms is not None and trust is not None:
                own_certificate.check_own_path(self, terms, trust, checks, later)
            return
        with checks.collecting(Step.PATH, self.subject, SubIndication.GENERIC):
            try:
                path = paths.validate(self.certificate, Purpose.SIGNING, self.timestamp.time)
            except CheckError as error:
                self.leads = error.indication is not SubIndication.NO_CERTIFICATE_CHAIN_FOUND
                raise
            self.leads = True
            checks.passed(Step.PATH, self.subject, f"its certificate leads to {path.anchor.subject_text}")

    def check_approval(
        self, terms: Terms, revision0: str, at: datetime, checks: Checks, relying_party: RelyingParty | None
    ) -> None:
        """(6) Hold approval and certificate names against the document."""
        certificate, container, revision = self.certificate, self.container, self.revision
        if revision.own_certificate:
            own_certificate.check_allowed(self, terms, checks)
        if certificate is None or container is None or revision.appearance_sha256 is None:
            return
        with checks.collecting(Step.APPROVAL, self.subject, SubIndication.SIG_CONSTRAINTS_FAILURE):
            signer = signer_of(self.report)
            check_certificate_names(certificate, terms, signer, revision.name)
            expected = Expected(
                act=revision.kind,
                terms=terms,
                revision0=revision0,
                signer=signer,
                key=certificate.public_key_der,
                appearance=revision.appearance_sha256,
                time=self.timestamp.time if self.timestamp else revision.claimed_time or at,
                relying_party=relying_party,
            )
            approved = check_approval(container, expected)
            self.approval, self.statement = approved.der, approved.statement
            self.report.assurance, self.report.approval = approved.assurance, approved.method
            self.report.consent = approved.statement.consent
            self.report.consent_language = approved.statement.consent_language
            if approved.assurance == "passkey" and relying_party is None:
                raise unproven(SubIndication.NO_POE, _l("its approval is by a passkey"), hint=GIVE_TRUST_FILE)
            checks.passed(Step.APPROVAL, self.subject, f"approved by {approved.method}")


def open_revision(revision: Revision, terms: Terms | None, checks: Checks) -> Signed:
    """(3) Read and check a revision's container and token as far as no trust is needed.

    Everything here is determined by the file alone, so each check is PASSED or FAILED: an unknown algorithm is not
    of the profile.
    """
    signed = Signed(revision, _report(revision, terms))
    with checks.collecting(Step.CMS, signed.subject, SubIndication.FORMAT_FAILURE, decided=True):
        if revision.own_certificate:
            own_certificate.open_own(signed, checks)
            _describe(signed.report, signed.certificate, signed.container)
        elif revision.kind in ("archive", "timestamp"):
            _open_timestamp(signed, checks)
        else:
            _open_signature(signed, checks)
    return signed


def _open_signature(signed: Signed, checks: Checks) -> None:
    revision = signed.revision
    container = read_signature(revision.contents)
    certificate = container.signer_certificate()
    check_embedded_chain(container, certificate)
    check_purpose(certificate, Purpose.SIGNING)
    if revision.kind == "seal":
        _check_seal_certificate(certificate)
    check_signed_attributes(container, revision.digest, certificate, revision.kind != "seal")
    container.check_signature(certificate.public_key, revision.digest)
    signed.container, signed.certificate = container, certificate
    _describe(signed.report, certificate, container)
    checks.passed(Step.CMS, signed.subject, "the signature is intact and canonical")
    with checks.collecting(Step.TIME, signed.subject, SubIndication.FORMAT_FAILURE, decided=True):
        token = read_token(container.unsigned_attributes[TIMESTAMP_TOKEN][0])
        opened = open_token(token, lambda used: used.digest(container.signature))
        check_embedded_chain(token, opened.certificate)
        check_purpose(opened.certificate, Purpose.TIMESTAMPING)
        signed.token = opened
        signed.report.intact = True


def check_seal_issuer(all_signed: Sequence[Signed], checks: Checks) -> None:
    """(3) The authority of one-time certificates makes no seal's: docs/formats.md 6 keeps the two apart."""
    acts = [item for item in all_signed if item.revision.kind in ("signature", "countersignature")]
    issuers = {_issuer(item) for item in acts if not item.revision.own_certificate}
    for item in all_signed:
        if item.revision.kind == "seal" and item.certificate is not None and _issuer(item) in issuers:
            checks.failed(
                Step.CMS,
                item.subject,
                SubIndication.SIG_CONSTRAINTS_FAILURE,
                "the seal's certificate is from the authority of the one-time certificates",
            )


def check_one_root(all_signed: Sequence[Signed], checks: Checks) -> None:
    """(4) Where the root of one of the service's certificates is trusted, it is the root of all of them.

    A changed authority's certificate, which a document with few signatures has only once, is found by that.
    """
    own = [item for item in all_signed if item.revision.kind == "seal" or _is_one_time(item.certificate)]
    if any(item.leads for item in own):
        for item in own:
            if item.leads is False:
                checks.failed(
                    Step.PATH,
                    item.subject,
                    SubIndication.CHAIN_CONSTRAINTS_FAILURE,
                    _l("its certificate does not lead to the root of the document's others"),
                )


def foreign_to(all_signed: Sequence[Signed], trust: Trust) -> str:
    """The origin of the trust file where no certificate of the document was issued under any anchor; else nothing."""
    certificates = unique(certificate for signed in all_signed for certificate in signed.certificates)
    if trust.file is None or not certificates:
        return ""
    own = any(_was_issued(one, anchor) for one in certificates for anchor in trust.anchors)
    return "" if own else trust.file.record_origin


def _was_issued(certificate: Certificate, anchor: Certificate) -> bool:
    try:
        certificate.check_issued_by(anchor)
    except CheckError:
        return False
    return True


def _is_one_time(certificate: Certificate | None) -> bool:
    extensions = certificate.extensions if certificate is not None else ()
    return any(item.oid.dotted_string in _ONE_TIME for item in extensions)


def _issuer(signed: Signed) -> NameKey | None:
    return signed.certificate.issuer_key if signed.certificate else None


def _check_seal_certificate(certificate: Certificate) -> None:
    """Raise CheckError if the seal was made with a certificate that speaks for a person."""
    marks = [_ONE_TIME[oid] for item in certificate.extensions if (oid := item.oid.dotted_string) in _ONE_TIME]
    names = certificate.extension(x509.SubjectAlternativeName)
    if names is not None:
        marks += [value for value in names.get_values_for_type(x509.UniformResourceIdentifier) if _is_urn(value)]
    if marks:
        raise failure(
            SubIndication.SIG_CONSTRAINTS_FAILURE,
            f"the seal is by a one-time certificate of {certificate.subject_text!r} ({', '.join(marks)})",
        )


def _is_urn(value: str) -> bool:
    return value.casefold().startswith("urn:")


def _open_timestamp(signed: Signed, checks: Checks) -> None:
    container = read_token(signed.revision.contents)
    opened = open_token(container, lambda used: signed.revision.digest if used.name == "sha256" else b"")
    check_embedded_chain(container, opened.certificate)
    check_purpose(opened.certificate, Purpose.TIMESTAMPING)
    signed.container, signed.token = container, opened
    _describe(signed.report, opened.certificate, container)
    signed.report.intact = True
    checks.passed(Step.CMS, signed.subject, f"the {_TIMESTAMPS[signed.revision.kind]} is intact and canonical")


def _report(revision: Revision, terms: Terms | None) -> SignatureReport:
    report = SignatureReport(
        revision.number,
        revision.kind,
        revision.field,
        reason=revision.reason,
        claimed_time=revision.claimed_time,
    )
    if terms is not None and revision.kind == "signature":
        signer = terms.signer(revision.field)
        report.party, report.party_native = signer.party.name, signer.party.native_name
        report.party_language = signer.party.native_language
        report.guest = signer.party.guest
        report.role = signer.role.title.get("en") or next(iter(signer.role.title.values()))
    return report


def _describe(report: SignatureReport, certificate: Certificate | None, container: Container | None) -> None:
    if certificate is None or container is None:
        return
    report.signer = certificate.subject_text
    report.certificate_sha256 = certificate.sha256
    report.issuer = certificate.issuer_text
    report.algorithm = container.scheme().title
