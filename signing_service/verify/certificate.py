"""A certificate as the verifier sees it: parsed once, its extensions read when asked for.

``cryptography`` decodes DER strictly; what it cannot decode is no certificate here. Two certificates are the same
if and only if their bytes are: an authority's, which stands in every signature of a file, is one object in all of them,
and what was found out about it is not found out again.

    certificate = Certificate.load(der)
    certificate.is_authority, certificate.subject_text, certificate.until
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import TypeVar, cast
from weakref import WeakValueDictionary

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signing_service.errors import FormatError
from signing_service.verify.algorithms import certificate_scheme, check_signature, key_until
from signing_service.verify.der import Algorithm, encoded, items
from signing_service.verify.scheme_oids import ECDSA_WITH
from signing_service.verify.verdict import CheckError, SubIndication, failure, unproven

# Serial numbers that are not positive were issued all the same; the warning would stand in the auditor's terminal.
warnings.filterwarnings("ignore", message="Parsed a serial number which wasn't positive")

NameKey = tuple[frozenset[tuple[str, str]], ...]
E = TypeVar("E", bound=x509.ExtensionType)
T = TypeVar("T")


class Certificate:
    """One X.509 certificate (RFC 5280), equal and hashed by its DER; made by :meth:`load` and :meth:`of`."""

    def __init__(self, parsed: x509.Certificate, der: bytes) -> None:
        self.parsed, self.der = parsed, der
        self._issued: set[bytes] = set()  # the DER of those that it was found to have signed
        self._refused: dict[bytes, CheckError] = {}  # by the DER of those that were found not to have signed it

    @classmethod
    def of(cls, parsed: x509.Certificate) -> Certificate:
        """The certificate that ``cryptography`` parsed; raises FormatError over a bit that nobody signs."""
        der = parsed.public_bytes(Encoding.DER)
        known = _IN_USE.get(der)
        if known is not None:
            return known
        if der[len(der) - len(parsed.signature) - 1]:  # the BIT STRING's count of unused bits
            raise FormatError("a certificate's signature is not a whole number of octets")
        made = _IN_USE[der] = cls(parsed, der)
        return made

    @classmethod
    def load(cls, der: bytes) -> Certificate:
        """Parse DER; raises FormatError."""
        known = _IN_USE.get(der)
        if known is not None:
            return known
        try:
            return cls.of(x509.load_der_x509_certificate(der))
        except (ValueError, x509.InvalidVersion) as error:
            raise FormatError("a certificate is not the DER that it must be") from error

    @classmethod
    def load_pem(cls, pem: bytes) -> list[Certificate]:
        """Parse every certificate of a PEM text; raises FormatError if there is none."""
        try:
            return [cls.of(parsed) for parsed in x509.load_pem_x509_certificates(pem)]
        except ValueError as error:
            raise FormatError("no PEM certificate can be read") from error

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Certificate) and self.der == other.der)

    def __hash__(self) -> int:
        return hash(self.der)

    @cached_property
    def sha256(self) -> str:
        """Fingerprint, 64 lower-case hexadecimal digits."""
        return sha256(self.der).hexdigest()

    @cached_property
    def subject(self) -> bytes:
        """The subject's DER name."""
        return _readable(lambda: self.parsed.subject.public_bytes())

    @cached_property
    def issuer(self) -> bytes:
        """The issuer's DER name."""
        return _readable(lambda: self.parsed.issuer.public_bytes())

    @cached_property
    def subject_key(self) -> NameKey:
        """The subject as names are compared: without regard to case, white space and string types (RFC 5280 7.1)."""
        return _readable(lambda: _name_key(self.parsed.subject))

    @cached_property
    def issuer_key(self) -> NameKey:
        """The issuer as names are compared."""
        return _readable(lambda: _name_key(self.parsed.issuer))

    @property
    def serial(self) -> int:
        """The serial number."""
        return self.parsed.serial_number

    @property
    def since(self) -> datetime:
        """notBefore, aware."""
        return self.parsed.not_valid_before_utc

    @property
    def until(self) -> datetime:
        """notAfter, aware; the certificate is valid at this very second (RFC 5280 4.1.2.5)."""
        return self.parsed.not_valid_after_utc

    @cached_property
    def public_key(self) -> PublicKeyTypes:
        """The subject's key; raises CheckError (INDETERMINATE) for an unsupported kind."""
        try:
            return self.parsed.public_key()
        except (UnsupportedAlgorithm, ValueError) as error:
            raise unproven(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "a certificate's key is not supported") from error

    @cached_property
    def key_until(self) -> datetime:
        """The last moment at which a key of this kind and size may be relied on."""
        return key_until(self.public_key)

    @cached_property
    def public_key_der(self) -> bytes:
        """The SubjectPublicKeyInfo's DER."""
        return self.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @cached_property
    def extensions(self) -> x509.Extensions:
        """All extensions; raises FormatError where one is malformed or stands twice."""
        return _readable(lambda: self.parsed.extensions)

    @cached_property
    def _by_kind(self) -> dict[type, x509.ExtensionType]:
        return {type(extension.value): extension.value for extension in self.extensions}

    def extension(self, kind: type[E]) -> E | None:
        """One extension's value, or None."""
        return cast("E | None", self._by_kind.get(kind))

    @cached_property
    def issuer_text(self) -> str:
        """The whole issuer (RFC 4514), for people."""
        return _readable(lambda: self.parsed.issuer.rfc4514_string())

    @property
    def is_self_issued(self) -> bool:
        """Whether subject and issuer are the same name."""
        return self.subject == self.issuer

    @property
    def is_authority(self) -> bool:
        """Whether basicConstraints say that it is a certification authority's."""
        constraints = self.extension(x509.BasicConstraints)
        return constraints is not None and constraints.ca

    @cached_property
    def key_id(self) -> bytes | None:
        """The subject key identifier extension."""
        extension = self.extension(x509.SubjectKeyIdentifier)
        return extension.digest if extension else None

    @cached_property
    def subject_text(self) -> str:
        """The common name, else the whole subject (RFC 4514), for people."""
        return _readable(lambda: name_text(self.parsed.subject))

    def subject_value(self, oid: x509.ObjectIdentifier) -> str | None:
        """The single value of one attribute of the subject; None if absent or repeated."""
        values = self.parsed.subject.get_attributes_for_oid(oid)
        return str(values[0].value) if len(values) == 1 else None

    def check_issued_by(self, issuer: Certificate) -> None:
        """Raise CheckError unless the issuer's key signed this certificate and its name is the one named here.

        Says nothing on whether the issuer may issue; that is path validation.
        """
        if self.der in issuer._issued:
            return
        if issuer.der in self._refused:
            raise self._refused[issuer.der].with_traceback(None)
        try:
            self._check_issued_by(issuer)
        except CheckError as error:
            self._refused[issuer.der] = error
            raise
        issuer._issued.add(self.der)

    def _check_issued_by(self, issuer: Certificate) -> None:
        try:
            key = issuer.public_key
            if self.issuer != issuer.subject or self._is_old():
                self._check_by_key(issuer)
            elif isinstance(key, ec.EllipticCurvePublicKey):
                self._check_by_curve(key)
            else:
                self.parsed.verify_directly_issued_by(issuer.parsed)
        except InvalidSignature as error:
            raise failure(
                SubIndication.SIG_CRYPTO_FAILURE,
                f"the certificate of {self.subject_text!r} is not signed by {issuer.subject_text!r}",
            ) from error
        except UnsupportedAlgorithm as error:
            raise unproven(
                SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
                f"the signature algorithm of the certificate of {self.subject_text!r} is not supported",
            ) from error
        except (TypeError, ValueError) as error:
            raise failure(
                SubIndication.SIG_CRYPTO_FAILURE, f"the certificate of {self.subject_text!r} cannot be checked: {error}"
            ) from error

    def _check_by_curve(self, key: ec.EllipticCurvePublicKey) -> None:
        """As ``verify_directly_issued_by``, which reads the issuer's key anew each time."""
        used = self.parsed.signature_hash_algorithm
        if self.parsed.signature_algorithm_oid.dotted_string not in ECDSA_WITH or used is None:
            raise ValueError("it is signed by another kind of key than its issuer's")
        self._check_one_algorithm()
        key.verify(self.parsed.signature, self.parsed.tbs_certificate_bytes, ec.ECDSA(used))

    def _check_one_algorithm(self) -> None:
        """The algorithm is named twice, inside and outside of what is signed (RFC 5280 4.1.1.2, 4.1.2.3)."""
        signed, outer, _ = items(self.der, "certificate")
        inside = items(encoded(signed), "certificate")
        inner = inside[2 if inside[0].tag_bytes == b"\xa0" else 1]  # after the version, where there is one, and number
        if encoded(inner) != encoded(outer):
            raise ValueError("its two signature algorithms differ")

    def _is_old(self) -> bool:
        """Whether it is signed over a hash that ``cryptography`` refuses; how weak that is, the path's date tells."""
        used = self.parsed.signature_hash_algorithm
        return used is not None and used.name in ("sha1", "md5")

    def _check_by_key(self, issuer: Certificate) -> None:
        """The same where names are equal but spelled in different string types, and where the hash is an old one."""
        if self.issuer_key != issuer.subject_key:
            raise ValueError("its issuer has another name")
        self._check_one_algorithm()
        oid, data = self.parsed.signature_algorithm_oid.dotted_string, self.parsed.tbs_certificate_bytes
        check_signed(issuer.public_key, oid, self.parsed.signature, data)

    def key_purposes(self) -> set[str] | None:
        """Dotted OIDs of the extended key usage; None where the extension is absent."""
        usage = self.extension(x509.ExtendedKeyUsage)
        return None if usage is None else {oid.dotted_string for oid in usage}


_IN_USE: WeakValueDictionary[bytes, Certificate] = WeakValueDictionary()  # by DER


def check_signed(key: PublicKeyTypes, algorithm: str, signature: bytes, data: bytes) -> None:
    """Raise CheckError unless the key signed a certificate's, list's or response's ``data``; ``algorithm``: its OID."""
    scheme = certificate_scheme(Algorithm(algorithm, None))
    check_signature(key, scheme, signature, data, scheme.hash.digest(data))


def name_text(name: x509.Name) -> str:
    """The common name of a distinguished name, else all of it (RFC 4514)."""
    common = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string()


def _name_key(name: x509.Name) -> NameKey:
    return tuple(
        frozenset((item.oid.dotted_string, " ".join(str(item.value).casefold().split())) for item in part)
        for part in name.rdns
    )


def unique(certificates: Iterable[Certificate]) -> tuple[Certificate, ...]:
    """Each certificate once, in the order of first appearance."""
    return tuple(dict.fromkeys(certificates))


def _readable(read: Callable[[], T]) -> T:
    try:
        return read()
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, TypeError) as error:
        raise FormatError(f"a certificate cannot be read: {error}") from error
