"""Signature and hash algorithms: what they are called, how long they may be relied on, how they are checked.

The dates are those of ETSI TS 119 312 as the validation policy of the European Commission's DSS applies them: until
then a signature made with the algorithm is evidence by itself; afterwards only a proof that it existed earlier helps.
What is not in the tables is unsupported and makes a verdict INDETERMINATE, with its name.

    scheme = signature_scheme(Algorithm(ECDSA_SHA256, None), hash_algorithm(Algorithm(SHA256, None)))
    check_signature(public_key, scheme, signature, data)       # raises CheckError SIG_CRYPTO_FAILURE
    scheme.weak_at(public_key, moment)                         # "" or "SHA-1 may not be relied on after 2012-08-31"
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from signing_service.verify.der import Algorithm, read_pss_parameters
from signing_service.verify.scheme_oids import DSA_WITH, ECDSA_WITH, RSA_WITH
from signing_service.verify.speech import marked as _l
from signing_service.verify.verdict import SubIndication, failure, unproven

SHA256 = "2.16.840.1.101.3.4.2.1"
ECDSA_SHA256 = "1.2.840.10045.4.3.2"
RSA = "1.2.840.113549.1.1.1"
RSASSA_PSS = "1.2.840.113549.1.1.10"

_NULL = b"\x05\x00"
_SHAKE256_LEN = "2.16.840.1.101.3.4.2.18"
_SHAKE256_512 = b"\x02\x02\x02\x00"  # its parameter: 512 bits
_EDDSA_HASHES = {"Ed25519": "sha512", "Ed448": "shake_256"}  # RFC 8419 3.1, ISO/TS 32002
_FAR = datetime(9999, 12, 31, tzinfo=UTC)  # no end is foreseen


@dataclass(frozen=True, slots=True)
class Hash:
    """A hash algorithm: its printed name, hashlib's name, and the last moment at which it is collision-proof."""

    title: str
    name: str
    until: datetime

    def digest(self, *parts: bytes | memoryview) -> bytes:
        """Hash the parts one after the other; SHAKE256 gives 512 bits (RFC 8702 3.1)."""
        machine = hashlib.new(self.name, usedforsecurity=False)
        for part in parts:
            machine.update(part)
        return machine.digest(64) if self.name == "shake_256" else machine.digest()  # type: ignore[call-arg]

    def weak_at(self, moment: datetime) -> str:
        """Say that it may no longer be relied on at ``moment``; empty if it may."""
        return f"{self.title} may not be relied on after {self.until:%Y-%m-%d}" if moment > self.until else ""

    def primitive(self) -> hashes.HashAlgorithm:
        """The same for ``cryptography``; SHAKE256 has no signature schemes there."""
        made = _PRIMITIVES.get(self.name)
        if made is None:
            raise _unsupported(f"signature with {self.title}")
        return made


_PRIMITIVES: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),  # noqa: S303 - judged weak by its date
    "sha1": hashes.SHA1(),  # noqa: S303 - judged weak by its date
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3_224": hashes.SHA3_224(),
    "sha3_256": hashes.SHA3_256(),
    "sha3_384": hashes.SHA3_384(),
    "sha3_512": hashes.SHA3_512(),
}


def _hash(title: str, name: str, until: tuple[int, int, int] | None = None) -> Hash:
    return Hash(title, name, datetime(*until, tzinfo=UTC) if until else _FAR)


HASHES = {
    "1.2.840.113549.2.5": _hash("MD5", "md5", (2004, 8, 31)),
    "1.3.14.3.2.26": _hash("SHA-1", "sha1", (2012, 8, 31)),
    "2.16.840.1.101.3.4.2.4": _hash("SHA-224", "sha224", (2029, 12, 31)),
    SHA256: _hash("SHA-256", "sha256"),
    "2.16.840.1.101.3.4.2.2": _hash("SHA-384", "sha384"),
    "2.16.840.1.101.3.4.2.3": _hash("SHA-512", "sha512"),
    "2.16.840.1.101.3.4.2.7": _hash("SHA3-224", "sha3_224", (2029, 12, 31)),
    "2.16.840.1.101.3.4.2.8": _hash("SHA3-256", "sha3_256"),
    "2.16.840.1.101.3.4.2.9": _hash("SHA3-384", "sha3_384"),
    "2.16.840.1.101.3.4.2.10": _hash("SHA3-512", "sha3_512"),
    "2.16.840.1.101.3.4.2.12": _hash("SHAKE256", "shake_256"),
    "2.16.840.1.101.3.4.2.18": _hash("SHAKE256", "shake_256"),
}
_BY_NAME = {item.name: item for item in HASHES.values()}

_NAME_SPELLINGS = {"sha3-224": "sha3_224", "sha3-256": "sha3_256", "sha3-384": "sha3_384", "sha3-512": "sha3_512"}


def hash_named(name: str) -> Hash:
    """Look up a hash by the name that ``cryptography`` or hashlib has for it; raises CheckError (INDETERMINATE)."""
    known = _BY_NAME.get(_NAME_SPELLINGS.get(name, name))
    if known is None:
        raise _unsupported(f"hash algorithm {name}")
    return known


_EDDSA = {"1.3.101.112": "Ed25519", "1.3.101.113": "Ed448"}
_KEY_ONLY = dict.fromkeys(("1.2.840.10045.2.1", "1.2.840.10045.4"), "ECDSA")  # the hash stands elsewhere
_KEY_ONLY |= {RSA: "RSA", "1.2.840.10040.4.1": "DSA"}

# Least bits of a key, and the last day on which that many are enough, strongest first.
_RSA_SIZES = ((3000, _FAR), (1900, datetime(2029, 12, 31, tzinfo=UTC)), (1536, datetime(2019, 12, 31, tzinfo=UTC)))
_EC_SIZES = ((256, _FAR), (224, datetime(2016, 12, 31, tzinfo=UTC)))
_DSA_SIZES = ((3000, _FAR), (2048, datetime(2029, 12, 31, tzinfo=UTC)))


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a signature value is checked."""

    family: str
    """``RSA``, ``RSA-PSS``, ``ECDSA``, ``DSA``, ``Ed25519`` or ``Ed448``."""
    hash: Hash
    mask_hash: Hash | None = None
    """Of RSA-PSS: the hash in MGF1."""
    salt_length: int = 0

    @property
    def title(self) -> str:
        """For people: ``ECDSA with SHA-256``."""
        return self.family if self.family.startswith("Ed") else f"{self.family} with {self.hash.title}"

    def until(self, key: PublicKeyTypes) -> datetime:
        """The last moment at which hash and key are both strong enough."""
        return min(self.hash.until, key_until(key))

    def weak_at(self, key: PublicKeyTypes, moment: datetime) -> str:
        """Say what may no longer be relied on at ``moment``; empty if nothing."""
        return self.hash.weak_at(moment) or weak_key_at(key, moment)


def weak_key_at(key: PublicKeyTypes, moment: datetime) -> str:
    """Say that a key is too short to be relied on at ``moment``; empty if it is not."""
    until = key_until(key)
    return f"a {key_title(key)} key may not be relied on after {until:%Y-%m-%d}" if moment > until else ""


def key_title(key: PublicKeyTypes) -> str:
    """``RSA-2048``, ``secp256r1``, ``Ed25519``."""
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA-{key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.name
    if isinstance(key, dsa.DSAPublicKey):
        return f"DSA-{key.key_size}"
    return type(key).__name__.removesuffix("PublicKey")


def key_until(key: PublicKeyTypes) -> datetime:
    """The last moment at which a key of this size may be relied on; in 2000 for what never was enough."""
    sizes: tuple[tuple[int, datetime], ...] = ()
    bits = 0
    if isinstance(key, rsa.RSAPublicKey):
        bits, sizes = key.key_size, _RSA_SIZES
    elif isinstance(key, ec.EllipticCurvePublicKey):
        bits, sizes = key.curve.key_size, _EC_SIZES
    elif isinstance(key, dsa.DSAPublicKey):
        bits, sizes = key.key_size, _DSA_SIZES
    elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return _FAR
    return next((until for least, until in sizes if bits >= least), datetime(2000, 1, 1, tzinfo=UTC))


def hash_algorithm(algorithm: Algorithm) -> Hash:
    """Look up a digest algorithm; raises CheckError (INDETERMINATE) for an unknown one."""
    known = HASHES.get(algorithm.oid)
    usual = (_SHAKE256_512,) if algorithm.oid == _SHAKE256_LEN else (None, _NULL)
    if known is None or algorithm.parameters not in usual:
        raise _unsupported(f"hash algorithm {algorithm.oid}")
    return known


def signature_scheme(algorithm: Algorithm, digest: Hash) -> Scheme:
    """Work out how a signature is checked from its algorithm and the digest algorithm beside it (RFC 5652 5.3).

    Raises CheckError: INDETERMINATE for an unknown algorithm, FAILED where the two contradict each other.
    """
    oid, plain = algorithm.oid, algorithm.parameters in (None, _NULL)
    if oid in _EDDSA and algorithm.parameters is None:
        if digest.name != _EDDSA_HASHES[_EDDSA[oid]]:
            raise failure(SubIndication.SIG_CONSTRAINTS_FAILURE, f"{_EDDSA[oid]} must not be used with {digest.title}")
        return Scheme(_EDDSA[oid], digest)
    if oid == RSASSA_PSS:
        return _pss_scheme(algorithm, digest)
    if oid in _KEY_ONLY and (plain or oid != RSA):
        return Scheme(_KEY_ONLY[oid], digest)
    for family, table in (("RSA", RSA_WITH), ("ECDSA", ECDSA_WITH), ("DSA", DSA_WITH)):
        if oid in table and plain:
            if table[oid] != digest.name:
                raise failure(
                    SubIndication.SIG_CRYPTO_FAILURE,
                    f"digest algorithm {digest.title} and signature algorithm contradict each other",
                )
            return Scheme(family, digest)
    raise _unsupported(f"signature algorithm {oid}")


def certificate_scheme(algorithm: Algorithm) -> Scheme:
    """Work out how a certificate, CRL or OCSP response is signed, where no digest algorithm stands beside it."""
    for table in (RSA_WITH, ECDSA_WITH, DSA_WITH):
        if algorithm.oid in table:
            return signature_scheme(algorithm, _BY_NAME[table[algorithm.oid]])
    if algorithm.oid == RSASSA_PSS:
        hash_oid = read_pss_parameters(algorithm.parameters).hash.oid
        return signature_scheme(algorithm, hash_algorithm(Algorithm(hash_oid, None)))
    if algorithm.oid in _EDDSA:
        return signature_scheme(algorithm, _BY_NAME[_EDDSA_HASHES[_EDDSA[algorithm.oid]]])
    raise _unsupported(f"signature algorithm {algorithm.oid}")


def _pss_scheme(algorithm: Algorithm, digest: Hash) -> Scheme:
    parameters = read_pss_parameters(algorithm.parameters)
    own, mask = hash_algorithm(parameters.hash), hash_algorithm(parameters.mask_hash)
    if own != digest:
        raise failure(
            SubIndication.SIG_CRYPTO_FAILURE, f"digest algorithm {digest.title} and RSA-PSS with {own.title} contradict"
        )
    return Scheme("RSA-PSS", own, mask, parameters.salt_length)


def check_signature(key: PublicKeyTypes, scheme: Scheme, signature: bytes, data: bytes | None, digest: bytes) -> None:
    """Raise CheckError unless ``signature`` is the key's over data whose digest by ``scheme.hash`` is given.

    ``data`` itself is needed by Ed25519 and Ed448 alone, which sign without hashing first (RFC 8419).
    """
    try:
        _check(key, scheme, signature, data, digest)
    except InvalidSignature as error:
        message = _l("the signature value does not fit the key and data")
        raise failure(SubIndication.SIG_CRYPTO_FAILURE, message) from error
    except (UnsupportedAlgorithm, TypeError, ValueError) as error:
        raise _unsupported(f"{scheme.title} with a {key_title(key)} key") from error


def _check(key: PublicKeyTypes, scheme: Scheme, signature: bytes, data: bytes | None, digest: bytes) -> None:
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey) and scheme.family == key_title(key):
        if data is None:
            raise _unsupported(f"{scheme.title} without signed attributes")
        key.verify(signature, data)
        return
    prehashed = Prehashed(scheme.hash.primitive())
    if isinstance(key, rsa.RSAPublicKey) and scheme.family == "RSA":
        key.verify(signature, digest, padding.PKCS1v15(), prehashed)
    elif isinstance(key, rsa.RSAPublicKey) and scheme.family == "RSA-PSS":
        mask = padding.MGF1((scheme.mask_hash or scheme.hash).primitive())
        key.verify(signature, digest, padding.PSS(mask, scheme.salt_length), prehashed)
    elif isinstance(key, ec.EllipticCurvePublicKey) and scheme.family == "ECDSA":
        key.verify(signature, digest, ec.ECDSA(prehashed))
    elif isinstance(key, dsa.DSAPublicKey) and scheme.family == "DSA":
        key.verify(signature, digest, prehashed)
    else:
        raise failure(SubIndication.SIG_CRYPTO_FAILURE, f"{scheme.title} cannot be by a {key_title(key)} key")


def _unsupported(name: str) -> Exception:
    return unproven(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, f"{name} is not supported")
