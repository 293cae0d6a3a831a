"""A signature container (CMS SignedData with one signer) as the steps after reading see it, in both profiles.

    container.check_content(digest)                # message-digest attribute
    certificate = container.signer_certificate()   # found by the signer identifier, bound by ESS
    container.check_signature(certificate.public_key())

Clauses: RFC 5652 5.3, 5.4, 5.6; RFC 5035 3-5 (signing-certificate-v2); RFC 2634 5.4 (signing-certificate).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from signing_service.verify.algorithms import Scheme, check_signature, hash_algorithm, signature_scheme
from signing_service.verify.certificate import Certificate
from signing_service.verify.der import Algorithm, x509_oid
from signing_service.verify.speech import marked as _l
from signing_service.verify.verdict import SubIndication, failure, unproven

DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
TIMESTAMP_TOKEN = "1.2.840.113549.1.9.16.2.14"


@dataclass(frozen=True, slots=True)
class SignerId:
    """Who signed: issuer (DER name) and serial number, or a subject key identifier."""

    issuer: bytes | None
    serial: int | None
    key_id: bytes | None = None

    def names(self, certificate: Certificate) -> bool:
        """Whether a certificate is the one that is meant."""
        if self.issuer is not None:
            return certificate.serial == self.serial and certificate.issuer == self.issuer
        return self.key_id is not None and certificate.key_id == self.key_id


@dataclass(frozen=True, slots=True)
class Container:
    """One SignedData with one SignerInfo."""

    content_type: str
    content: bytes | None
    """The encapsulated content; None where the signature is detached."""
    certificates: tuple[Certificate, ...]
    signer: SignerId
    digest_algorithm: Algorithm
    signed_attributes: Mapping[str, tuple[bytes, ...]]
    """OID to the DER of each value; empty where there are no signed attributes."""
    signed_bytes: bytes | None
    """The signed attributes as they are hashed; None where the content itself is signed."""
    signature_algorithm: Algorithm
    signature: bytes
    unsigned_attributes: Mapping[str, tuple[bytes, ...]]
    crls: tuple[bytes, ...] = ()
    ocsp_responses: tuple[bytes, ...] = ()

    def scheme(self) -> Scheme:
        """How the signature is checked; raises CheckError for what is unsupported."""
        return signature_scheme(self.signature_algorithm, hash_algorithm(self.digest_algorithm))

    def one(self, oid: str, what: str) -> bytes:
        """The single value of a signed attribute; raises CheckError if it is absent or has several."""
        values = self.signed_attributes.get(oid, ())
        if len(values) != 1:
            problem = "is missing" if not values else "has more than one value"
            raise failure(SubIndication.SIG_CONSTRAINTS_FAILURE, f"the signed attribute {what} {problem}")
        return values[0]

    def check_content(self, digest: bytes) -> None:
        """Raise CheckError unless the signed attributes name this content type and ``digest``.

        Where there are no signed attributes the signature itself is over the content: nothing to compare.
        """
        if self.signed_bytes is None:
            return
        if self.one(CONTENT_TYPE, "content-type") != x509_oid(self.content_type):
            raise failure(SubIndication.FORMAT_FAILURE, "the signed content type is another than the content's")
        if self.one(MESSAGE_DIGEST, "message-digest") != b"\x04" + bytes([len(digest)]) + digest:
            raise failure(SubIndication.HASH_FAILURE, _l("the signed digest is not the digest of the signed bytes"))

    def signer_certificate(self, others: tuple[Certificate, ...] = ()) -> Certificate:
        """Find the signer's certificate here or among ``others``; raises CheckError (INDETERMINATE) without one."""
        for certificate in (*self.certificates, *others):
            if self.signer.names(certificate):
                return certificate
        raise unproven(SubIndication.NO_SIGNING_CERTIFICATE_FOUND, _l("the signer's certificate is not in the file"))

    def check_signature(self, key: PublicKeyTypes, content_digest: bytes, content: bytes | None = None) -> None:
        """Raise CheckError unless the signature value is the key's over signed attributes or content."""
        scheme = self.scheme()
        digest, data = content_digest, content
        if self.signed_bytes is not None:
            digest, data = scheme.hash.digest(self.signed_bytes), self.signed_bytes
        check_signature(key, scheme, self.signature, data, digest)
