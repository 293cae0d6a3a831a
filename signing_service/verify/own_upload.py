"""The judge of uploads: bytes in, an accepted revision or the reason of its refusal out (DESIGN 4b). No I/O.

    accepted = judge_upload(stored, uploaded, Upload("njupt:president", lin), trust, at=now)

In this order:

0. limits: what a signature may add;
1. it begins with exactly the stored bytes, and adds to them;
2. what it adds is one revision as :mod:`.own_update` has it, in the signer's own field;
3. its container is as :mod:`.own_container` has it;
4. its certificate leads to an anchor of the party, at the time that its own timestamp proves or else now, names the
   person of the mandate, and is revoked by nothing that the file brings;
5. read again from the beginning, as an auditor will, the file is the same.

Each refusal is an UploadError (LimitError at 0) that says what to do; the stored bytes are never in doubt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from signing_service.agreement.mandates import Representative
from signing_service.agreement.terms import Terms
from signing_service.errors import (
    ForbiddenChangeError,
    ForeignCertificateError,
    FormatError,
    LimitError,
    NonconformingSignatureError,
    OtherDocumentError,
    UploadError,
    VerificationError,
)
from signing_service.verify.certificate import Certificate
from signing_service.verify.changes import Revision, read_revisions
from signing_service.verify.container import Container
from signing_service.verify.own_certificate import (
    as_refusal,
    check_names,
    check_not_revoked,
    open_own,
    own_anchors,
    own_timestamp,
    validate_own_path,
)
from signing_service.verify.own_update import SUBFILTER, open_reader
from signing_service.verify.path import PathBuilder
from signing_service.verify.report import SignatureReport
from signing_service.verify.signed import Signed
from signing_service.verify.structure import Document, read_document
from signing_service.verify.timestamps import Timestamp
from signing_service.verify.trust import Trust
from signing_service.verify.verdict import CheckError, Checks

MAX_ADDED = 4 * 1024 * 1024  # bytes that one signature may add: a picture, fonts and certificates
_EOF = b"%%EOF"
_SUB_FILTER = re.compile(rb"/SubFilter[\x00\t\n\x0c\r ]*/([A-Za-z0-9.#]{1,64})")
_NEAR = 64  # bytes behind the end of a revision, in which two continuations of it differ


@dataclass(frozen=True, slots=True)
class Upload:
    """Whose signature is expected."""

    signer: str
    """``<party>:<role>``."""
    representative: Representative
    """Of the mandate in force."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A revision that may be stored, with what the service needs of it."""

    revision: Revision
    startxref: int
    size: int
    """With startxref: where the next delta begins."""
    path: tuple[Certificate, ...]
    """From the signer's certificate to the anchor."""
    timestamp: Timestamp | None
    """The time that a trusted timestamp inside the signature proves, or will; None: the service must add one."""
    ocsp_responses: tuple[bytes, ...]
    """DER, as the signature brings them…"""
    crls: tuple[bytes, ...]
    """… and DER revocation lists."""


def judge_upload(stored: bytes, uploaded: bytes, expected: Upload, trust: Trust, at: datetime) -> Accepted:
    """Judge an upload; ``stored``: the newest revision, known to be good. Raises UploadError or LimitError."""
    if len(uploaded) > len(stored) + MAX_ADDED:  # (0)
        raise LimitError(
            "the file adds %(added)s bytes to the agreement, the limit is %(limit)s",
            hint="use a smaller picture for the visible signature",
            added=len(uploaded) - len(stored),
            limit=MAX_ADDED,
        )
    check_prefix(stored, uploaded)  # (1)
    before = read_document(stored)
    terms = Terms.from_json(before.base.terms)
    if terms.signer(expected.signer).party.own_certificate is None:
        raise ForeignCertificateError("the agreement lets this party sign with one-time keys only")
    _check_sub_filter(uploaded[len(stored) :])  # (3), before what follows from it
    _check_update(uploaded, before, expected.signer, len(stored))  # (2)
    after, revision = _read_again(uploaded, len(stored))  # (5)
    signed = _open(revision)  # (3)
    path, timestamp = _judge_certificate(signed, terms, expected, trust, at)  # (4)
    container = signed.container
    return Accepted(
        revision,
        after.startxref,
        after.size,
        path,
        timestamp,
        container.ocsp_responses if container else (),
        container.crls if container else (),
    )


def check_prefix(stored: bytes, uploaded: bytes) -> None:
    """(1) Raise OtherDocumentError unless ``uploaded`` is ``stored`` and more; says what is probably the matter."""
    if uploaded.startswith(stored) and len(uploaded) > len(stored):
        return
    if not uploaded.startswith(b"%PDF-"):
        raise OtherDocumentError("the file is not a PDF", hint="upload the agreement's PDF, signed by your software")
    if uploaded == stored:
        raise OtherDocumentError(
            "the file has no new signature", hint="sign it in your software and save it, then upload that file"
        )
    common = _common_length(stored, uploaded)
    if 0 <= common - stored.rfind(_EOF, 0, common) <= _NEAR:
        raise OtherDocumentError(
            "the file continues an older state of the agreement; somebody has signed since",
            hint="download the agreement again, sign that file and upload it",
        )
    raise OtherDocumentError(
        "the file differs from the agreement at byte %(offset)s, before anything was added",
        hint='download it again; let your software add the signature, never "print", "save as copy" or "optimise"',
        offset=common,
    )


def _common_length(one: bytes, other: bytes) -> int:
    """How many bytes two files have in common at their beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def _check_sub_filter(added: bytes) -> None:
    """Say first what is most telling: software that writes another kind of signature differs in more."""
    for name in _SUB_FILTER.findall(added):
        if name.decode("latin-1") not in (SUBFILTER, "ETSI.RFC3161"):
            raise NonconformingSignatureError(
                "the signature has the sub-filter %(found)s, not %(wanted)s",
                hint="choose PAdES in your software",
                found=name.decode("latin-1"),
                wanted=SUBFILTER,
            )


def _check_update(uploaded: bytes, before: Document, signer: str, start: int) -> None:
    reader, number = open_reader(uploaded, before.base), len(before.deltas)
    if reader.count != number + 1:
        raise ForbiddenChangeError(
            "the file adds %(count)s revisions to the agreement, not one",
            hint="sign once; let your software add no validation data (LTV) or timestamp as an update of its own",
            count=reader.count - number,
        )
    update = reader.read(number, start, len(uploaded), before.size)
    if update.field.name != signer:
        raise ForbiddenChangeError(
            "the signature is in the field %(field)s, not in yours, %(signer)s",
            hint="choose the field %(signer)s in your software",
            field=repr(update.field.name),
            signer=repr(signer),
        )


def _read_again(uploaded: bytes, start: int) -> tuple[Document, Revision]:
    """(5) As an auditor reads the whole file, from its end to the base and back."""
    try:
        after = read_document(uploaded)
        revision = list(read_revisions(uploaded, after))[-1]
    except UploadError:
        raise
    except (FormatError, VerificationError) as error:
        raise ForbiddenChangeError(error.message, hint=error.hint) from error
    if not revision.own_certificate or after.deltas[-1].start != start:
        raise ForbiddenChangeError("the update is not written as a signature with an own certificate is")
    return after, revision


def _open(revision: Revision) -> Signed:
    """(3) The container; what is wrong with it is told as it was found."""
    signed = Signed(revision, SignatureReport(revision.number, revision.kind, revision.field))
    try:
        open_own(signed, Checks())
    except UploadError:
        raise
    except (FormatError, CheckError) as error:
        raise NonconformingSignatureError(error.message, hint=error.hint) from error
    return signed


def _judge_certificate(
    signed: Signed, terms: Terms, expected: Upload, trust: Trust, at: datetime
) -> tuple[tuple[Certificate, ...], Timestamp | None]:
    """(4) Path, name and revocation, at the time that is proven."""
    container, certificate = _needed(signed)
    authorities = PathBuilder(trust.all_anchors, signed.certificates)
    ahead = [token.info.time for token in signed.own_tokens]  # of the future, too: one day verifiers will count it
    timestamp = own_timestamp(signed, authorities, max([at, *ahead]))
    moment = timestamp.time if timestamp else at
    anchors = own_anchors(terms, trust, expected.signer)
    if not anchors:
        raise ForeignCertificateError(
            "no authority is named for this party's own certificates", hint="ask the secretariat"
        )
    try:
        path = validate_own_path(container, certificate, anchors, moment)
        check_not_revoked(path, container, moment)
    except (CheckError, FormatError) as error:
        raise as_refusal(error) from error
    check_names(certificate, expected.representative)
    return path.certificates, timestamp


def _needed(signed: Signed) -> tuple[Container, Certificate]:
    assert signed.container is not None, "open_own has set it"
    assert signed.certificate is not None, "open_own has set it"
    return signed.container, signed.certificate
