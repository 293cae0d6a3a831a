"""Step 3, profile ``pades``: which certificates a field's author would have sign (certificate seed values).

    check_seed_certificate(opened, snapshot)        # raises CheckError SIG_CONSTRAINTS_FAILURE (INDETERMINATE)

Of what its flag makes a must, numbered as in the code:

1. ``/Subject``: the signer's certificate is one of these;
2. ``/Issuer``: one of these stands above it in its path;
3. ``/OID``: it has one of these policies;
4. ``/SubjectDN``: its subject has all attributes of all these;
5. ``/KeyUsage``: its key usage fits one of these patterns of ``1``, ``0`` and ``X``.

Clauses: ISO 32000-2 12.7.5.5, table 238; RFC 5280 4.2.1.3, 4.2.1.4; RFC 4519.
"""

from __future__ import annotations

from typing import Any

from cryptography import x509

from signing_service.errors import FormatError
from signing_service.verify.certificate import Certificate
from signing_service.verify.objects import text_string
from signing_service.verify.pades.document import Snapshot
from signing_service.verify.pades.opening import Opened
from signing_service.verify.verdict import CheckError, SubIndication, unproven

_SUBJECT, _ISSUER, _POLICY, _NAME, _USAGE = 1, 2, 4, 8, 32
_ATTRIBUTES = {
    "CN": "2.5.4.3",
    "SN": "2.5.4.4",
    "SERIALNUMBER": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "STREET": "2.5.4.9",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "TITLE": "2.5.4.12",
    "GIVENNAME": "2.5.4.42",
    "INITIALS": "2.5.4.43",
    "DC": "0.9.2342.19200300.100.1.25",
    "UID": "0.9.2342.19200300.100.1.1",
    "EMAIL": "1.2.840.113549.1.9.1",
    "E": "1.2.840.113549.1.9.1",
}  # what dictionaries of names call them, in capitals


def check_seed_certificate(opened: Opened, snapshot: Snapshot) -> None:
    """Raise CheckError unless the signer's certificate keeps to the field's required constraints."""
    wanted, certificate = snapshot.dictionary(opened.found.seed.get("Cert")), opened.certificate
    flags = snapshot.resolve(wanted.get("Ff"))
    if not isinstance(flags, int) or certificate is None:
        return
    listed = {name: [snapshot.resolve(item) for item in snapshot.array(wanted.get(name))] for name in _LISTS}
    above = opened.path.certificates[1:] if opened.path is not None else ()
    if flags & _SUBJECT and "Subject" in wanted and certificate not in _certificates(listed["Subject"]):  # (1)
        raise _refused("is not one that the field's author named")
    if flags & _ISSUER and "Issuer" in wanted and not set(above) & set(_certificates(listed["Issuer"])):  # (2)
        raise _refused("is from none of the issuers that the field's author named")
    if flags & _POLICY and "OID" in wanted and not _policies(certificate) & set(map(_text, listed["OID"])):  # (3)
        raise _refused("has none of the policies that the field's author named")
    if flags & _NAME and "SubjectDN" in wanted:  # (4)
        names = {(item.oid.dotted_string, str(item.value)) for item in certificate.parsed.subject}
        if not all(_attributes(snapshot, item) <= names for item in listed["SubjectDN"]):
            raise _refused("has another subject than the field's author demanded")
    fitting = [pattern for pattern in listed["KeyUsage"] if _fits(certificate, _text(pattern))]
    if flags & _USAGE and "KeyUsage" in wanted and not fitting:  # (5)
        raise _refused("has another key usage than the field's author demanded")


_LISTS = ("Subject", "Issuer", "OID", "SubjectDN", "KeyUsage")


def _refused(problem: str) -> CheckError:
    return unproven(SubIndication.SIG_CONSTRAINTS_FAILURE, f"the signer's certificate {problem} (seed value)")


def _certificates(ders: list[Any]) -> list[Certificate]:
    found = []
    for der in ders:
        try:
            found.append(Certificate.load(der if isinstance(der, bytes) else b""))
        except FormatError:
            continue  # it names nobody
    return found


def _policies(certificate: Certificate) -> set[str]:
    policies = certificate.extension(x509.CertificatePolicies)
    return {policy.policy_identifier.dotted_string for policy in policies} if policies is not None else set()


def _attributes(snapshot: Snapshot, dictionary: Any) -> set[tuple[str, str]]:
    if not isinstance(dictionary, dict):
        return {("", "")}  # equal to no attribute
    named = [(str(key), _text(snapshot.resolve(value))) for key, value in dictionary.items()]
    return {(_ATTRIBUTES.get(key.upper(), key), value) for key, value in named}


def _fits(certificate: Certificate, pattern: str) -> bool:
    """Nine characters in the order of RFC 5280 4.2.1.3; those that are left out do not matter."""
    usage = certificate.extension(x509.KeyUsage)
    if usage is None:
        return "1" not in pattern
    agreement = usage.key_agreement
    used = (
        usage.digital_signature,
        usage.content_commitment,
        usage.key_encipherment,
        usage.data_encipherment,
        agreement,
        usage.key_cert_sign,
        usage.crl_sign,
        agreement and usage.encipher_only,
        agreement and usage.decipher_only,
    )
    return all(sign == "X" or (sign == "1") == is_set for sign, is_set in zip(pattern, used, strict=False))


def _text(value: Any) -> str:
    return text_string(value) if isinstance(value, bytes) else str(value)
