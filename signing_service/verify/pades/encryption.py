"""Reading encrypted files that open without a password: the standard security handler, revisions 2 to 6.

    handler = open_encryption(trailer, resolve)       # None where the file is not encrypted
    handler.string(data, number, generation)
    handler.stream(data, number, generation)

Signatures are over the encrypted bytes; decryption is needed only to follow object streams and to read field names.
A file that wants a password, or a certificate, cannot be judged: INDETERMINATE.

Clauses: ISO 32000-2 7.6.3 to 7.6.6 (algorithms 1, 1.A, 2, 2.A, 2.B).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from signing_service.errors import FormatError
from signing_service.verify.objects import Stream
from signing_service.verify.verdict import SubIndication, unproven

_PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
_BLOCK = 16


@dataclass(frozen=True, slots=True)
class Encryption:
    """A file key, and the methods for strings and streams: ``RC4``, ``AESV2``, ``AESV3`` or ``Identity``."""

    key: bytes
    string_method: str
    stream_method: str

    def string(self, data: bytes, number: int, generation: int) -> bytes:
        """Decrypt a string of an object."""
        return self._decrypt(self.string_method, data, number, generation)

    def stream(self, data: bytes, number: int, generation: int) -> bytes:
        """Decrypt a stream's bytes."""
        return self._decrypt(self.stream_method, data, number, generation)

    def decrypted(self, value: Any, number: int, generation: int) -> Any:
        """An object with its strings in the clear; a signature's /Contents always is (ISO 32000-2 7.6.2)."""
        if isinstance(value, bytes):
            return self.string(value, number, generation)
        if isinstance(value, list):
            return [self.decrypted(item, number, generation) for item in value]
        if isinstance(value, Stream):
            return Stream(self.decrypted(value.dictionary, number, generation), value.start)
        if isinstance(value, dict):
            kept = {"Contents"} if "ByteRange" in value else set()
            return {
                key: item if key in kept else self.decrypted(item, number, generation) for key, item in value.items()
            }
        return value

    def _decrypt(self, method: str, data: bytes, number: int, generation: int) -> bytes:
        if method == "Identity":
            return data
        if method == "AESV3":
            return _aes(self.key, data)
        salt = b"sAlT" if method == "AESV2" else b""
        digest = _md5(self.key + number.to_bytes(3, "little") + generation.to_bytes(2, "little") + salt)
        key = digest[: min(len(self.key) + 5, 16)]
        return _aes(key, data) if method == "AESV2" else _rc4(key, data)


def open_encryption(trailer: Mapping[str, Any], resolve: Callable[[Any], Any]) -> Encryption | None:
    """Open the file with the empty user password; raises CheckError (INDETERMINATE) where that is not enough."""
    if trailer.get("Encrypt") is None:
        return None
    dictionary = resolve(trailer["Encrypt"])
    if not isinstance(dictionary, dict) or resolve(dictionary.get("Filter")) != "Standard":
        raise _closed("the file is encrypted for certificates")
    values = {key: resolve(value) for key, value in dictionary.items()}
    identifier = resolve(trailer.get("ID"))
    first = resolve(identifier[0]) if isinstance(identifier, list) and identifier else b""
    try:
        version, revision = int(values.get("V", 0)), int(values["R"])
        if version in (1, 2, 3):
            return Encryption(_key_up_to_4(values, revision, first), "RC4", "RC4")
        key = _key_from_5(values, revision) if version == 5 else _key_up_to_4(values, revision, first)
        return Encryption(key, _method(values, "StrF", resolve), _method(values, "StmF", resolve))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise FormatError("the encryption dictionary is broken") from error


def _method(values: Mapping[str, Any], which: str, resolve: Callable[[Any], Any]) -> str:
    name = values.get(which, "Identity")
    if name == "Identity":
        return "Identity"
    filters = values.get("CF")
    entry = resolve(filters.get(name)) if isinstance(filters, dict) else None
    method = str(resolve(entry.get("CFM"))) if isinstance(entry, dict) else ""
    known = {"V2": "RC4", "AESV2": "AESV2", "AESV3": "AESV3", "None": "Identity"}
    if method not in known:
        raise _closed(f"the encryption method {method!r} is not supported")
    return known[method]


def _key_up_to_4(values: Mapping[str, Any], revision: int, identifier: bytes) -> bytes:
    """Algorithm 2, then algorithm 6 to see whether the empty password is the user's."""
    permissions = (int(values["P"]) & 0xFFFFFFFF).to_bytes(4, "little")
    length = 5 if revision == 2 else _length(values)
    plain = b"" if revision < 4 or values.get("EncryptMetadata", True) is not False else b"\xff" * 4
    key = _md5(_PADDING + values["O"][:32] + permissions + identifier + plain)
    if revision >= 3:
        for _ in range(50):
            key = _md5(key[:length])
    key = key[:length]
    if revision == 2:
        expected = _rc4(key, _PADDING)
    else:
        expected = _rc4(key, _md5(_PADDING + identifier))
        for step in range(1, 20):
            expected = _rc4(bytes(octet ^ step for octet in key), expected)
    if values["U"][: len(expected)] != expected:
        raise _closed("the file is encrypted and wants a password")
    return key


def _length(values: Mapping[str, Any]) -> int:
    bits = int(values.get("Length", 128 if values.get("V") == 4 else 40))
    if bits % 8 or not 40 <= bits <= 128:
        raise ValueError(bits)
    return bits // 8


def _key_from_5(values: Mapping[str, Any], revision: int) -> bytes:
    """Algorithm 2.A with the empty password."""
    user = values["U"]
    if _hash(user[32:40], revision) != user[:32]:
        raise _closed("the file is encrypted and wants a password")
    cipher = Cipher(AES(_hash(user[40:48], revision)), modes.CBC(bytes(_BLOCK))).decryptor()
    return cipher.update(values["UE"][:32]) + cipher.finalize()


def _hash(salt: bytes, revision: int) -> bytes:
    """Algorithm 2.B with the empty password; revision 5 hashes once."""
    key = hashlib.sha256(salt).digest()
    if revision < 6:
        return key
    number = 0
    while True:
        cipher = Cipher(AES(key[:16]), modes.CBC(key[16:32])).encryptor()
        encrypted = cipher.update(key * 64) + cipher.finalize()
        machine = (hashlib.sha256, hashlib.sha384, hashlib.sha512)[sum(encrypted[:16]) % 3]
        key = machine(encrypted).digest()
        number += 1
        if number >= 64 and encrypted[-1] <= number - 32:
            return key[:32]


def _aes(key: bytes, data: bytes) -> bytes:
    """AES-CBC; the first block is the initialisation vector, the padding is PKCS#7's."""
    if len(data) < 2 * _BLOCK or len(data) % _BLOCK:
        return b""
    cipher = Cipher(AES(key), modes.CBC(data[:_BLOCK])).decryptor()
    plain = cipher.update(data[_BLOCK:]) + cipher.finalize()
    return plain[: -plain[-1]] if 1 <= plain[-1] <= _BLOCK else plain


def _rc4(key: bytes, data: bytes) -> bytes:
    cipher = Cipher(ARC4(key), mode=None).encryptor()
    return cipher.update(data) + cipher.finalize()


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _closed(message: str) -> Exception:
    return unproven(SubIndication.GENERIC, message, hint="take the encryption off before signing")
