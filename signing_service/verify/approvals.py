"""Step 6: the approval in each signature, and the one-time certificate that it was given for (docs/formats.md 3, 6).

The approval says what the person agreed to; every member of its statement is held against what the document shows.
The certificate's names are held against the party and role of the field.

    approved = check_approval(container, expected)         # raises CheckError or ApprovalError
    check_certificate_names(certificate, terms, "njupt:president")
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from signing_service.agreement.consent import consent_sentence, role_in
from signing_service.agreement.terms import SECRETARIAT, Terms
from signing_service.approval import Approval, RelyingParty, ServiceAssertion, Statement, challenge_of, verify_assertion
from signing_service.encoding import format_time
from signing_service.errors import InputError, Phrase
from signing_service.verify.certificate import Certificate
from signing_service.verify.cms import APPROVAL
from signing_service.verify.container import Container
from signing_service.verify.speech import marked as _l
from signing_service.verify.timestamps import CLOCK_TOLERANCE
from signing_service.verify.verdict import CheckError, SubIndication, failure

_SERVICE_METHODS = {"password": _l("password"), "password+totp": _l("password+totp")}
MAX_ONE_TIME_LIFE = timedelta(hours=1)  # docs/formats.md 6
_NO_REVOCATION = x509.ObjectIdentifier("2.5.29.56")  # noRevAvail, RFC 9608
_SHORT_TERM = x509.ObjectIdentifier("0.4.0.194121.2.1")  # validity-assured-short-term, EN 319 412-1


@dataclass(frozen=True, slots=True)
class Expected:
    """What an approval must say."""

    act: str
    terms: Terms
    revision0: str
    signer: str
    key: bytes
    """DER SubjectPublicKeyInfo of the certificate."""
    appearance: str
    time: datetime
    """The proven time of the signature, or the claimed one where none is proven."""
    relying_party: RelyingParty | None
    """To whom passkeys speak, from the trust file; None without one."""


@dataclass(frozen=True, slots=True)
class Approved:
    """An approval that fits its signature."""

    der: bytes
    statement: Statement
    assurance: str
    """``service`` or ``passkey``."""
    method: str
    """How the person was asked, for people."""


def check_approval(container: Container, expected: Expected) -> Approved:
    """Give the approval of a signature; raises an error of the tree unless it fits ``expected`` entirely."""
    der = container.one(APPROVAL, "approval")
    approval = Approval.from_der(der)
    if approval.to_der() != der:
        raise _refused("is not canonical DER")
    statement = Statement.from_json(approval.statement)
    _compare(statement, expected)
    if expected.time > statement.expires:
        raise _refused(f"expired at {format_time(statement.expires)}, before the signature's time")
    method = _check_evidence(approval, expected)
    return Approved(der, statement, approval.assurance, method)


def _compare(statement: Statement, expected: Expected) -> None:
    pairs = {
        "act": (statement.act, expected.act),
        "agreement": (statement.agreement, expected.terms.id),
        "revision 0": (statement.revision0, expected.revision0),
        "signer": (statement.signer, expected.signer),
        "one-time key": (statement.key, expected.key),
        "appearance": (statement.appearance, expected.appearance),
    }
    for what, (approved, shown) in pairs.items():
        if approved != shown:
            raise _refused(f"is for another {what} than the signature's")
    if statement.consent not in _sentences(statement, expected.terms):
        raise _refused("has a consent sentence that is not of this service")


def _sentences(statement: Statement, terms: Terms) -> set[str]:
    """Every spelling of the consent in its language: with any title and name of the terms, and the one role."""
    parties, role = {""}, ""
    if statement.signer != SECRETARIAT:
        signer = terms.signer(statement.signer)
        parties = {signer.party.name, signer.party.native_name}
        role = role_in(signer.role.title, statement.consent_language, terms.languages[0])
    try:
        return {
            consent_sentence(
                statement.act, statement.consent_language, title=title, version=terms.version, party=party, role=role
            )
            for title in terms.title.values()
            for party in parties
        }
    except InputError:
        return set()


def _check_evidence(approval: Approval, expected: Expected) -> str:
    evidence = approval.evidence
    if not isinstance(evidence, ServiceAssertion):
        if expected.relying_party is not None:  # whose passkey it is, and all else, is for :mod:`.enrolments`
            verify_assertion(evidence, challenge_of(approval.statement), expected.relying_party)
        return _l("a passkey")
    if evidence.time > expected.time + CLOCK_TOLERANCE:
        raise _refused("was given after the signature's time")
    return Phrase(_l("%(method)s, asserted by the service"), method=Phrase(_SERVICE_METHODS[evidence.method]))


def _refused(problem: str) -> CheckError:
    return failure(SubIndication.SIG_CONSTRAINTS_FAILURE, f"the approval {problem}")


def check_certificate_names(certificate: Certificate, terms: Terms, signer_id: str, name: str) -> None:
    """Raise CheckError unless a one-time certificate is of the profile and names this signer and ``name``."""
    parsed = certificate.parsed
    party, _, role = signer_id.partition(":")
    alternative = certificate.extension(x509.SubjectAlternativeName)
    uris = alternative.get_values_for_type(x509.UniformResourceIdentifier) if alternative else []
    problem = ""
    if alternative is None or len(alternative) != 1 or uris != [f"urn:signing-service:{terms.id}:{party}:{role}"]:
        problem = "is not for this agreement, party and role"
    elif certificate.subject_value(x509.NameOID.COMMON_NAME) != name:
        problem = f"is not for {name!r}, whom the signature names"
    elif signer_id != SECRETARIAT and (
        certificate.subject_value(x509.NameOID.ORGANIZATION_NAME),
        certificate.subject_value(x509.NameOID.COUNTRY_NAME),
    ) != (terms.party(party).name, terms.party(party).country):
        problem = "names another university or country"
    elif certificate.until - certificate.since > MAX_ONE_TIME_LIFE:
        problem = "is valid for longer than an hour"
    elif not {_NO_REVOCATION, _SHORT_TERM} <= {extension.oid for extension in parsed.extensions}:
        problem = "does not say that it is short-lived and without revocation"
    if problem:
        raise failure(SubIndication.SIG_CONSTRAINTS_FAILURE, f"the one-time certificate {problem}")
