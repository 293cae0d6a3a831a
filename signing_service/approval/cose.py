"""COSE public keys of passkeys (RFC 9052, RFC 9053): ES256, EdDSA and RS256, in CTAP2's canonical CBOR only.

key = parse_cose_key(data)
key.verify(signature, signed_bytes)
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from signing_service.errors import ApprovalError, FormatError

MAX_KEY_BYTES = 1100  # RSA-4096 has about 530
MIN_RSA_BITS, MAX_RSA_BITS = 2048, 8192
MAX_MEMBERS = 5

_KTY, _ALG = 1, 3  # labels common to all keys, RFC 9052 section 7.1
_ES256, _EDDSA, _RS256 = -7, -8, -257  # RFC 9053 section 2, RFC 8812 section 2
_UNSIGNED, _NEGATIVE, _BYTES, _MAP = 0, 1, 2, 5  # CBOR major types, RFC 8949 section 3.1
_ARGUMENT_BYTES = {24: 1, 25: 2}  # longer arguments do not occur

CoseValue = int | bytes


@dataclass(frozen=True, slots=True)
class CoseKey:
    """A passkey's public key with the one algorithm that it is for."""

    algorithm: int
    """-7 ES256, -8 EdDSA, -257 RS256 (IANA COSE Algorithms)."""
    key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey

    def verify(self, signature: bytes, data: bytes) -> None:
        """Verify ``signature`` over ``data``; raises ApprovalError if it is not the key's."""
        try:
            if isinstance(self.key, ec.EllipticCurvePublicKey):
                self.key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
            elif isinstance(self.key, rsa.RSAPublicKey):
                self.key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
            else:
                self.key.verify(signature, data)
        except InvalidSignature:
            raise ApprovalError("passkey's signature does not verify") from None


def parse_cose_key(data: bytes) -> CoseKey:
    """Read a COSE_Key; raises FormatError unless it has exactly the members of one of the three kinds."""
    if len(data) > MAX_KEY_BYTES:
        raise FormatError(f"COSE key is larger than {MAX_KEY_BYTES} bytes")
    members = _read_map(data)
    kind = (members.get(_KTY), members.get(_ALG))
    try:
        if kind == (2, _ES256) and set(members) == {1, 3, -1, -2, -3} and members[-1] == 1:
            return CoseKey(_ES256, _p256(members[-2], members[-3]))
        if kind == (1, _EDDSA) and set(members) == {1, 3, -1, -2} and members[-1] == 6:
            return CoseKey(_EDDSA, ed25519.Ed25519PublicKey.from_public_bytes(_octets(members[-2], 32)))
        if kind == (3, _RS256) and set(members) == {1, 3, -1, -2}:
            return CoseKey(_RS256, _rsa(members[-1], members[-2]))
    except ValueError as error:
        raise FormatError(f"COSE key holds no valid public key: {error}") from error
    raise FormatError("COSE key is neither ES256 nor EdDSA nor RS256")


def _p256(x: CoseValue, y: CoseValue) -> ec.EllipticCurvePublicKey:
    point = b"\x04" + _octets(x, 32) + _octets(y, 32)
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def _rsa(n: CoseValue, e: CoseValue) -> rsa.RSAPublicKey:
    if not isinstance(n, bytes) or not isinstance(e, bytes) or n[:1] == b"\0" or e[:1] == b"\0" or len(e) > 4:
        raise FormatError("COSE key's modulus or exponent is malformed")
    key = rsa.RSAPublicNumbers(int.from_bytes(e, "big"), int.from_bytes(n, "big")).public_key()
    if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        raise FormatError(f"COSE key has {key.key_size} bits, not {MIN_RSA_BITS} to {MAX_RSA_BITS}")
    return key


def _octets(value: CoseValue, length: int) -> bytes:
    if not isinstance(value, bytes) or len(value) != length:
        raise FormatError(f"COSE key's coordinate has not {length} bytes")
    return value


def _read_map(data: bytes) -> dict[int, CoseValue]:
    """Read a definite map of integers to integers and byte strings in canonical order (CTAP 2.1 section 8)."""
    major, count, position = _read_head(data, 0)
    if major != _MAP or count > MAX_MEMBERS:
        raise FormatError("COSE key is no small CBOR map")
    members: dict[int, CoseValue] = {}
    previous = b""
    for _ in range(count):
        start = position
        label, position = _read_item(data, position)
        encoded = data[start:position]
        if not isinstance(label, int) or (len(encoded), encoded) <= (len(previous), previous):
            raise FormatError("COSE key's labels are not integers in canonical order")
        previous = encoded
        members[label], position = _read_item(data, position)
    if position != len(data):
        raise FormatError("COSE key has bytes after its end")
    return members


def _read_item(data: bytes, position: int) -> tuple[CoseValue, int]:
    major, argument, position = _read_head(data, position)
    if major == _UNSIGNED:
        return argument, position
    if major == _NEGATIVE:
        return -1 - argument, position
    if major == _BYTES and position + argument <= len(data):
        return data[position : position + argument], position + argument
    raise FormatError("COSE key holds something else than integers and byte strings, or is cut off")


def _read_head(data: bytes, position: int) -> tuple[int, int, int]:
    """Give major type, argument and the position after them; only shortest forms (RFC 8949 section 4.2.1)."""
    head = data[position : position + 1]
    if not head:
        raise FormatError("COSE key is cut off")
    major, argument = head[0] >> 5, head[0] & 0x1F
    if argument < 24:
        return major, argument, position + 1
    size = _ARGUMENT_BYTES.get(argument)
    octets = data[position + 1 : position + 1 + (size or 0)]
    if size is None or len(octets) != size:
        raise FormatError("COSE key is cut off or holds a number of unexpected size")
    value = int.from_bytes(octets, "big")
    if value < (24 if size == 1 else 256):
        raise FormatError("COSE key is not in canonical CBOR")
    return major, value, position + 1 + size
