"""Whether keys and certificates fit together: the part of the key store's table that needs no files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

from signing_service.encoding import format_time
from signing_service.errors import KeyStoreError
from signing_service.pki.authority import ISSUERS, PROFILES, Role


def check_credentials(
    directory: Path,
    certificates: Mapping[Role, x509.Certificate],
    keys: Mapping[Role, ec.EllipticCurvePrivateKey],
    now: datetime,
) -> None:
    """Raise KeyStoreError unless each certificate has its issuer, purpose, key and is valid at ``now``."""
    for role, certificate in certificates.items():
        path = directory / f"{role}.pem"
        _check_issuer(path, certificate, ISSUERS[role], certificates[ISSUERS[role]])
        _check_purpose(path, role, certificate)
        if role in keys and keys[role].public_key() != certificate.public_key():
            raise KeyStoreError(
                f"{directory / role}.key is mismatched: it does not belong to {role}.pem",
                hint="restore both files from the same backup",
            )
        _check_validity(path, role, certificate, now)


def check_responses(
    directory: Path, responses: Mapping[Role, bytes], certificates: Mapping[Role, x509.Certificate]
) -> None:
    """Raise KeyStoreError unless each response is about the authority that it is filed under."""
    for role, der in responses.items():
        path = directory / f"{role}.ocsp"
        try:
            response = ocsp.load_der_ocsp_response(der)
            serial_number, status = response.serial_number, response.certificate_status
        except ValueError as error:
            raise KeyStoreError(
                f"{path} is corrupt: it holds no OCSP response", hint="restore it from your backup"
            ) from error
        if serial_number != certificates[role].serial_number or status is not ocsp.OCSPCertStatus.GOOD:
            raise KeyStoreError(
                f"{path} is mismatched: it is not about {role}.pem", hint="restore both files from the same backup"
            )


def _check_issuer(path: Path, certificate: x509.Certificate, issuer_role: Role, issuer: x509.Certificate) -> None:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise KeyStoreError(
            f"{path} is mismatched: it was not issued by {issuer_role}.pem",
            hint="restore all files from the same backup",
        ) from error


def _check_purpose(path: Path, role: Role, certificate: x509.Certificate) -> None:
    profile = PROFILES[role]
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        purposes: list[x509.ObjectIdentifier] = []
        if profile.extended_key_usage is not None:
            purposes = list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except (x509.ExtensionNotFound, ValueError) as error:
        raise KeyStoreError(f"{path} is mismatched: it is no {profile.title} certificate") from error
    wanted = [profile.extended_key_usage] if profile.extended_key_usage else []
    if constraints.ca != profile.is_authority or purposes != wanted:
        raise KeyStoreError(
            f"{path} is mismatched: it is no {profile.title} certificate",
            hint="two files were swapped; restore all of them from the same backup",
        )


def _check_validity(path: Path, role: Role, certificate: x509.Certificate, now: datetime) -> None:
    if now < certificate.not_valid_before_utc:
        raise KeyStoreError(
            f"{path} is not valid before {format_time(certificate.not_valid_before_utc)}",
            hint=f"it is {format_time(now)} by the clock of this machine: set it if that is wrong; if it is right, "
            "it was wrong where the keys were made",
        )
    if now > certificate.not_valid_after_utc:
        raise KeyStoreError(
            f"{path} is expired since {format_time(certificate.not_valid_after_utc)}",
            hint=f"it is {format_time(now)} by the clock of this machine: set it if that is wrong; if it is right, "
            f"signing-service keys rotate {role} makes the next one; old signatures stay valid",
        )
