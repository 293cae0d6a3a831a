"""The service's keys in files: made once by ``init``, checked at every start, used through methods only.

    keystore = KeyStore.create(Path("keys"), passphrase, "Example Alliance", now)
    keystore = KeyStore.open(Path("keys"), passphrase, now)
    keystore.sign("seal", signed_attributes)

In the directory (0700), each file 0600: ``<role>.key`` (PKCS#8, PEM, encrypted) and ``<role>.pem`` (certificate)
for root, issuing-ca, services-ca, seal and timestamp; ``issuing-ca.ocsp`` and ``services-ca.ocsp``, what the root's
responder said of them; ``record.key`` and ``record.pub`` (Ed25519). An empty file ``root.offline`` in place of
``root.key`` says that the root key was moved offline on purpose. A file ``<role>.token`` in place of ``<role>.key``
holds the label of a key in a PKCS#11 token. ``retired/`` is what served before a rotation.

Nothing is ever made again silently: whatever :meth:`KeyStore.open` does not find as it must be raises
KeyStoreError with the remedy as its hint (the table is in docs/configuration.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from signing_service.errors import KeyStoreError
from signing_service.pki import keyfiles
from signing_service.pki.authority import AUTHORITIES, PROFILES, Credential, Role, make_credentials, sign_with
from signing_service.pki.keychecks import check_credentials, check_responses
from signing_service.pki.ocsp import authority_responses
from signing_service.pki.retired import Retired, read_retired

RECORD = "record"
MAKING = "making"  # folder of a rotation that is being prepared; nothing in it counts
PENDING = "next"  # folder of a rotation that is prepared and not finished


class KeyToken(Protocol):
    """What the key store needs of a PKCS#11 token."""

    def signing_key(self, label: str) -> ec.EllipticCurvePrivateKey:
        """The P-256 key of that label."""

    def record_key(self, label: str) -> ed25519.Ed25519PrivateKey:
        """The Ed25519 key of that label."""


class KeyStore:
    """The service's certificates, and signatures by the keys that belong to them.

    The private keys may as well live in a token: what is needed of one is the interface of
    ``ec.EllipticCurvePrivateKey``, and nobody outside this class ever holds one.
    """

    __slots__ = ("_certificates", "_keys", "_record", "_responses", "_retired")

    def __init__(
        self,
        certificates: Mapping[Role, x509.Certificate],
        keys: Mapping[Role, ec.EllipticCurvePrivateKey],
        record: ed25519.Ed25519PrivateKey,
        responses: tuple[bytes, ...],
        retired: tuple[Retired, ...] = (),
    ) -> None:
        """Hold credentials that were checked already; use :meth:`create` or :meth:`open`."""
        self._certificates = dict(certificates)
        self._keys = dict(keys)
        self._record = record
        self._responses = responses
        self._retired = retired

    @classmethod
    def create(cls, directory: Path, passphrase: bytes, name: str, now: datetime) -> Self:
        """Make all keys and certificates of the service called ``name`` and write them to ``directory``.

        Raises KeyStoreError if the directory holds any of the files already or cannot be written.
        """
        keyfiles.check_passphrase(passphrase)
        check_no_keys(directory)
        made = make_credentials(name, now)
        record = ed25519.Ed25519PrivateKey.generate()
        keyfiles.prepare_directory(directory)
        for role, credential in made.items():
            keyfiles.write_private_key(directory / f"{role}.key", credential.key, passphrase)
            keyfiles.write_new_file(
                directory / f"{role}.pem", credential.certificate.public_bytes(serialization.Encoding.PEM)
            )
        responses = authority_responses(made["root"], [made[role].certificate for role in AUTHORITIES], name, now)
        for role, response in zip(AUTHORITIES, responses, strict=True):
            keyfiles.write_new_file(directory / f"{role}.ocsp", response)
        keyfiles.write_private_key(directory / f"{RECORD}.key", record, passphrase)
        keyfiles.write_public_key(directory / f"{RECORD}.pub", record.public_key())
        keyfiles.sync_directory(directory)
        return cls.in_memory(made, record, responses)

    @classmethod
    def in_memory(
        cls,
        made: Mapping[Role, Credential],
        record: ed25519.Ed25519PrivateKey,
        responses: tuple[bytes, ...],
    ) -> Self:
        """Hold credentials that were just made."""
        certificates = {role: credential.certificate for role, credential in made.items()}
        return cls(certificates, {role: credential.key for role, credential in made.items()}, record, responses)

    @classmethod
    def open(cls, directory: Path, passphrase: bytes, now: datetime, token: KeyToken | None = None) -> Self:
        """Read and check everything; raises KeyStoreError on the first thing that is not as it must be.

        Checked for each key: there, readable by its owner only, decrypts, of the right kind, belongs to its
        certificate; for each certificate: there, readable, issued by the one above it, for its purpose, valid now.
        """
        keyfiles.check_directory(directory)
        if (directory / PENDING).exists():
            raise KeyStoreError(
                f"{directory / PENDING} is there: a rotation of keys was interrupted",
                hint="signing-service keys resume finishes it, or undoes it if it was not recorded yet",
            )
        certificates = {role: keyfiles.read_certificate(directory / f"{role}.pem") for role in PROFILES}
        keys: dict[Role, ec.EllipticCurvePrivateKey] = {}
        for role in PROFILES:
            if role == "root" and (directory / "root.offline").exists() and not (directory / "root.key").exists():
                continue
            label = keyfiles.read_token_label(directory / f"{role}.token")
            if label is not None:
                keys[role] = _needed(token, role).signing_key(label)
            else:
                keys[role] = keyfiles.read_signing_key(directory / f"{role}.key", passphrase)
        check_credentials(directory, certificates, keys, now)
        responses = tuple(keyfiles.read_file(directory / f"{role}.ocsp") for role in AUTHORITIES)
        check_responses(directory, dict(zip(AUTHORITIES, responses, strict=True)), certificates)
        record = _open_record(directory, passphrase, token)
        return cls(certificates, keys, record, responses, read_retired(directory))

    @property
    def root(self) -> x509.Certificate:
        """The trust anchor of everything that the service issues."""
        return self._certificates["root"]

    @property
    def issuing_ca(self) -> x509.Certificate:
        """The authority of one-time certificates and of nothing else."""
        return self._certificates["issuing-ca"]

    @property
    def services_ca(self) -> x509.Certificate:
        """The authority of the service's own certificates: seal and timestamp."""
        return self._certificates["services-ca"]

    @property
    def seal(self) -> x509.Certificate:
        """The alliance's seal."""
        return self._certificates["seal"]

    @property
    def timestamp(self) -> x509.Certificate:
        """The built-in timestamp authority's certificate."""
        return self._certificates["timestamp"]

    @property
    def authority_responses(self) -> tuple[bytes, ...]:
        """DER OCSP responses by the root's responder: that issuing CA and services CA are good."""
        return self._responses

    @property
    def retired(self) -> tuple[Retired, ...]:
        """Certificates that served before a rotation."""
        return self._retired

    def fresh_authority_responses(self, now: datetime) -> tuple[bytes, ...]:
        """About both authorities: made now if the root's key is at hand, else what was said when they were made."""
        if "root" not in self._keys:
            return self._responses
        authorities = [self._certificates[role] for role in AUTHORITIES]
        return authority_responses(Credential(self._keys["root"], self.root), authorities, self.organisation, now)

    def root_credential(self) -> Credential:
        """The root's key with its certificate; raises KeyStoreError while it is offline."""
        return Credential(self._key("root"), self.root)

    @property
    def organisation(self) -> str:
        """The name that every certificate of the service carries."""
        return str(self.root.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value)

    def certificate(self, role: Role) -> x509.Certificate:
        """The certificate of ``role``."""
        return self._certificates[role]

    def sign(self, role: Role, data: bytes) -> bytes:
        """Sign ``data`` with the role's P-256 key: ECDSA with SHA-256, as DER ``ECDSA-Sig-Value`` (RFC 3279)."""
        return self._key(role).sign(data, ec.ECDSA(hashes.SHA256()))

    def sign_certificate(self, issuer: Role, builder: x509.CertificateBuilder) -> x509.Certificate:
        """Sign a certificate with the key of ``issuer``, which must be an authority."""
        if not PROFILES[issuer].is_authority:
            raise KeyStoreError(f"{issuer} is no certificate authority")
        return sign_with(self._key(issuer), builder)

    def record_signer(self) -> ed25519.Ed25519PrivateKey:
        """The Ed25519 key that signs the record's checkpoints."""
        return self._record

    def _key(self, role: Role) -> ec.EllipticCurvePrivateKey:
        try:
            return self._keys[role]
        except KeyError:
            raise KeyStoreError(
                f"key of {role} is offline", hint=f"bring {role}.key back for this one command (--root-key FILE)"
            ) from None

    def __repr__(self) -> str:
        """Name the certificates' owner; never anything of a key."""
        return f"<KeyStore of {self.seal.subject.rfc4514_string()}>"


def check_no_keys(directory: Path) -> None:
    """Raise KeyStoreError if the directory holds any key or certificate of a service."""
    names = [f"{role}{suffix}" for role in (*PROFILES, RECORD) for suffix in (".key", ".pem", ".pub", ".ocsp")]
    present = [found for found in names if (directory / found).exists()]
    if present:
        raise KeyStoreError(
            f"{directory} holds {present[0]} already; keys are never made twice",
            hint="bring back the database that they belong to (signing-service restore FILE), or, for a new service, "
            "name an empty directory",
        )


def _needed(token: KeyToken | None, role: str) -> KeyToken:
    if token is None:
        raise KeyStoreError(
            f"{role}.token says that the key of {role} is in a PKCS#11 token, but none is configured",
            hint="set PKCS11_MODULE, PKCS11_TOKEN and PKCS11_PIN",
        )
    return token


def _open_record(directory: Path, passphrase: bytes, token: KeyToken | None) -> ed25519.Ed25519PrivateKey:
    public = directory / f"{RECORD}.pub"
    label = keyfiles.read_token_label(directory / f"{RECORD}.token")
    if label is None:
        return keyfiles.read_record_key(directory / f"{RECORD}.key", public, passphrase)
    key = _needed(token, RECORD).record_key(label)
    keyfiles.check_record_key(directory / f"{RECORD}.token", key, public)
    return key


def read_passphrase(path: Path, keys_directory: Path) -> bytes:
    """Read the passphrase of the keys from a file outside their directory, without its line feed.

    Raises KeyStoreError if the file is missing, empty, readable by others, or lies beside the keys that it protects.
    """
    keyfiles.check_private_file(path)
    if keys_directory.resolve() in path.resolve().parents:
        raise KeyStoreError(
            f"passphrase file {path} lies in the directory of the keys that it protects",
            hint=f"move it out of {keys_directory}, so that a copy of the keys is worth nothing alone",
        )
    passphrase = path.read_bytes().rstrip(b"\r\n")
    keyfiles.check_passphrase(passphrase)
    return passphrase
