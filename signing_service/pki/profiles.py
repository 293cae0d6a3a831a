"""Certificate profiles as constants, each with its clause, and the unsigned certificate that follows from one.

    builder = certificate_builder(ONE_TIME, subject, public_key, issuer=issuing_ca, now=now)
    certificate = keystore.sign_certificate("issuing-ca", builder)

docs/formats.md 6 is the table that these constants restate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from signing_service.errors import FormatError

YEAR = timedelta(days=365)
BACKDATE = timedelta(minutes=5)  # of a one-time certificate: clocks of verifiers may be behind ours

ID_KP_DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336 section 3
ID_KP_TIME_STAMPING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.8")  # RFC 3161 section 2.3
ID_KP_OCSP_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.9")  # RFC 6960 section 4.2.2.2
ID_CE_NO_REV_AVAIL = x509.ObjectIdentifier("2.5.29.56")  # RFC 9608 section 2
ID_ETSI_VALIDITY_ASSURED = x509.ObjectIdentifier("0.4.0.194121.2.1")  # EN 319 412-1 clause 5.2

MAX_COMMON_NAME_CHARACTERS = 64  # ub-common-name of RFC 5280 appendix A.1
MAX_ORGANISATION_CHARACTERS = 200  # not RFC 5280's 64, which universities exceed; X.520 itself dropped that bound

_DER_NULL = b"\x05\x00"


@dataclass(frozen=True, slots=True)
class Profile:
    """What a kind of certificate may do and for how long."""

    title: str
    lifetime: timedelta
    key_usage: frozenset[str]
    """Names of x509.KeyUsage's parameters that are true; the extension is critical (RFC 5280 section 4.2.1.3)."""
    curve: type[ec.EllipticCurve] = ec.SECP256R1
    path_length: int | None = None
    """None for an end entity, else basicConstraints' pathLenConstraint (RFC 5280 section 4.2.1.9)."""
    extended_key_usage: x509.ObjectIdentifier | None = None
    extended_key_usage_critical: bool = False
    without_revocation: bool = False
    """noRevAvail (RFC 9608) and validity-assured-short-term (EN 319 412-1 clause 5.2)."""
    without_status: bool = False
    """id-pkix-ocsp-nocheck: of a delegated OCSP responder (RFC 6960 section 4.2.2.2.1)."""
    backdate: timedelta = timedelta(0)

    @property
    def is_authority(self) -> bool:
        """Whether certificates of this profile may issue others."""
        return self.path_length is not None


_AUTHORITY = frozenset({"key_cert_sign", "crl_sign"})
_SIGNATURE = frozenset({"digital_signature", "content_commitment"})  # contentCommitment was nonRepudiation

ROOT = Profile("root", 40 * YEAR, _AUTHORITY, curve=ec.SECP384R1, path_length=1)
# digitalSignature because both authorities sign OCSP responses themselves (RFC 6960 section 4.2.2.2)
ISSUING_CA = Profile("issuing CA", 20 * YEAR, _AUTHORITY | {"digital_signature"}, path_length=0)
SERVICES_CA = Profile("services CA", 20 * YEAR, _AUTHORITY | {"digital_signature"}, path_length=0)
SEAL = Profile("seal", 10 * YEAR, _SIGNATURE, extended_key_usage=ID_KP_DOCUMENT_SIGNING)
TIMESTAMP = Profile(
    "timestamp",
    10 * YEAR,
    frozenset({"digital_signature"}),
    extended_key_usage=ID_KP_TIME_STAMPING,
    extended_key_usage_critical=True,  # RFC 3161 section 2.3: critical and alone
)
OCSP_RESPONDER = Profile(
    "OCSP responder of the root",
    20 * YEAR,
    frozenset({"digital_signature"}),
    extended_key_usage=ID_KP_OCSP_SIGNING,
    without_status=True,
)
ONE_TIME = Profile(
    "one-time",
    timedelta(hours=1),  # from the back-dated start, so that nothing is valid longer than an hour
    _SIGNATURE,
    extended_key_usage=ID_KP_DOCUMENT_SIGNING,
    without_revocation=True,
    backdate=BACKDATE,
)

_KEY_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def distinguished_name(common_name: str, *, organisation: str, country: str | None = None) -> x509.Name:
    """Give the name ``C, O, CN`` (country left out where there is none).

    Raises FormatError on an empty or too long part, or a country that isn't two letters.
    """
    _check_length("name", common_name, MAX_COMMON_NAME_CHARACTERS)
    _check_length("organisation", organisation, MAX_ORGANISATION_CHARACTERS)
    attributes = []
    if country is not None:
        if len(country) != 2 or not country.isascii() or not country.isupper():
            raise FormatError(f"country {country!r} is not a two-letter code of ISO 3166")
        attributes.append(x509.NameAttribute(NameOID.COUNTRY_NAME, country))
    attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    return x509.Name(attributes)


def _check_length(what: str, text: str, longest: int) -> None:
    if not 0 < len(text) <= longest:
        raise FormatError(
            f"{what} {text[:40]!r} has {len(text)} characters where a certificate holds 1 to {longest}",
            hint="shorten it; the full form stands in the agreement's text",
        )


def certificate_builder(
    profile: Profile,
    subject: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    *,
    now: datetime,
    issuer: x509.Certificate | None = None,
    alternative_name: str | None = None,
    not_after: datetime | None = None,
) -> x509.CertificateBuilder:
    """Give the certificate of ``profile``, to be signed by the issuer's key (its own where ``issuer`` is None).

    It starts ``profile.backdate`` before ``now`` and never outlives its issuer. ``not_after`` may shorten it.
    """
    start = now.astimezone(UTC).replace(microsecond=0) - profile.backdate
    ends = [start + profile.lifetime]
    if issuer is not None:
        ends.append(issuer.not_valid_after_utc)
    if not_after is not None:
        ends.append(not_after.astimezone(UTC).replace(microsecond=0))
    builder = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer.subject if issuer else subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(min(ends))
    )
    for extension, critical in _extensions(profile, public_key, issuer, alternative_name):
        builder = builder.add_extension(extension, critical)
    return builder


def _extensions(
    profile: Profile,
    public_key: ec.EllipticCurvePublicKey,
    issuer: x509.Certificate | None,
    alternative_name: str | None,
) -> list[tuple[x509.ExtensionType, bool]]:
    usages = {usage: usage in profile.key_usage for usage in _KEY_USAGES}
    found: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=profile.is_authority, path_length=profile.path_length), True),
        (x509.KeyUsage(**usages), True),
    ]
    if profile.extended_key_usage is not None:
        purpose = x509.ExtendedKeyUsage([profile.extended_key_usage])
        found.append((purpose, profile.extended_key_usage_critical))
    if alternative_name is not None:
        found.append((x509.SubjectAlternativeName([x509.UniformResourceIdentifier(alternative_name)]), False))
    if profile.without_revocation:
        found.append((x509.UnrecognizedExtension(ID_CE_NO_REV_AVAIL, _DER_NULL), False))
        found.append((x509.UnrecognizedExtension(ID_ETSI_VALIDITY_ASSURED, _DER_NULL), False))
    if profile.without_status:
        found.append((x509.OCSPNoCheck(), False))
    if profile.is_authority:
        found.append((x509.SubjectKeyIdentifier.from_public_key(public_key), False))
    if issuer is not None:
        identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        found.append((x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False))
    return found
