"""Keys that live in a PKCS#11 token (an HSM, a smartcard, SoftHSM): they sign there and never come out. ::

    token = Token(Path("/usr/lib/softhsm/libsofthsm2.so"), "signing", pin)
    key = token.make_signing_key("seal-2025")      # ec.EllipticCurvePrivateKey as far as the service needs one
    key.sign(data, ec.ECDSA(hashes.SHA256()))

python-pkcs11 is used (the extra ``pkcs11``): kept up by the people behind pyHanko, typed, with wheels, Ed25519 included
and ``reinitialize`` for forked processes; PyKCS11 wraps the C interface more thinly and leaves all of that to us.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

from signing_service.errors import KeyStoreError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

P256 = bytes.fromhex("06082a8648ce3d030107")  # OBJECT IDENTIFIER secp256r1, as CKA_EC_PARAMS wants it
ED25519 = bytes.fromhex("130c656477617264733235353139")  # PrintableString "edwards25519" (PKCS#11 3.0 section 2.3.10)
_OCTETS = 0x04  # CKA_EC_POINT is the point in an OCTET STRING


class Token:
    """One token, logged in to on first use; one session, one signature at a time, since sessions are not for threads.

    After a fork the session is opened anew (PKCS#11 2.40 usage guide, section 2.5.2).
    """

    def __init__(self, module: Path, label: str, pin: str) -> None:
        """``module``: the PKCS#11 library; ``label``: the token's; ``pin``: the user's."""
        self._module, self._label, self._pin = module, label, pin
        self._lock = threading.RLock()
        self._session: Any = None
        self._process = 0

    def signing_key(self, label: str) -> TokenSigningKey:
        """The P-256 key of that label; raises KeyStoreError unless there is exactly one."""
        from pkcs11 import KeyType

        with self.session() as session:
            public = self._find(session, label, KeyType.EC, private=False)
            self._find(session, label, KeyType.EC, private=True)
        try:
            key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _point(public))
        except (ValueError, UnsupportedAlgorithm) as error:
            raise KeyStoreError(f"key {label!r} in the token is not on the curve P-256") from error
        return TokenSigningKey(self, label, key)

    def record_key(self, label: str) -> TokenRecordKey:
        """The Ed25519 key of that label; raises KeyStoreError unless there is exactly one."""
        from pkcs11 import KeyType

        with self.session() as session:
            public = self._find(session, label, KeyType.EC_EDWARDS, private=False)
            self._find(session, label, KeyType.EC_EDWARDS, private=True)
        return TokenRecordKey(self, label, ed25519.Ed25519PublicKey.from_public_bytes(_point(public)))

    def make_signing_key(self, label: str) -> TokenSigningKey:
        """Make a P-256 key that cannot be taken out; raises KeyStoreError if the label is taken or the token cannot."""
        from pkcs11 import KeyType, Mechanism

        self._make(label, KeyType.EC, Mechanism.EC_KEY_PAIR_GEN, P256)
        return self.signing_key(label)

    def make_record_key(self, label: str) -> TokenRecordKey:
        """Make an Ed25519 key that cannot be taken out; raises KeyStoreError if the token has none such."""
        from pkcs11 import KeyType, Mechanism

        self._make(label, KeyType.EC_EDWARDS, Mechanism.EC_EDWARDS_KEY_PAIR_GEN, ED25519)
        return self.record_key(label)

    def sign(self, label: str, data: bytes, *, edwards: bool = False) -> bytes:
        """Sign ``data``: with Ed25519, or as ``r ‖ s`` over a digest of 32 bytes. Raises UnavailableError.

        A session that the token ended meanwhile, as many do when nothing is signed for long, is opened anew once.
        """
        try:
            return self._sign(label, data, edwards=edwards)
        except UnavailableError:
            return self._sign(label, data, edwards=edwards)

    def _sign(self, label: str, data: bytes, *, edwards: bool) -> bytes:
        from pkcs11 import KeyType, Mechanism

        kind, mechanism = (KeyType.EC_EDWARDS, Mechanism.EDDSA) if edwards else (KeyType.EC, Mechanism.ECDSA)
        with self.session() as session:
            return bytes(self._find(session, label, kind, private=True).sign(data, mechanism=mechanism))

    @contextlib.contextmanager
    def session(self) -> Iterator[Any]:
        """The session, exclusively; what the token complains of becomes UnavailableError."""
        try:
            from pkcs11.exceptions import PKCS11Error
        except ModuleNotFoundError as error:
            raise KeyStoreError(
                "keys are in a PKCS#11 token, but python-pkcs11 is not installed",
                hint="pip install '.[service,pkcs11]' in the checkout",
            ) from error
        with self._lock:
            try:
                if self._session is None or self._process != os.getpid():
                    self._session, self._process = self._open(), os.getpid()
                yield self._session
            except PKCS11Error as error:
                self._session = None
                raise UnavailableError(
                    f"the token {self._label!r} refuses ({type(error).__name__}{_words(error)})",
                    hint="check that it is plugged in, PKCS11_MODULE, PKCS11_TOKEN and PKCS11_PIN",
                ) from error

    def _open(self) -> Any:
        import pkcs11

        if not self._module.is_file():
            raise KeyStoreError(f"PKCS11_MODULE {self._module} is missing", hint="name the library of your token")
        library = pkcs11.lib(str(self._module))
        if self._process:
            library.reinitialize()  # this process is a fork of the one that opened it
        return library.get_token(token_label=self._label).open(user_pin=self._pin, rw=True)

    def _find(self, session: Any, label: str, kind: Any, *, private: bool) -> Any:
        from pkcs11 import Attribute, ObjectClass

        wanted = ObjectClass.PRIVATE_KEY if private else ObjectClass.PUBLIC_KEY
        found = list(session.get_objects({Attribute.CLASS: wanted, Attribute.KEY_TYPE: kind, Attribute.LABEL: label}))
        if len(found) != 1:
            raise KeyStoreError(
                f"the token {self._label!r} holds {len(found)} keys called {label!r} where one is needed",
                hint="plug in the token that the keys were made in; its backup is the vendor's business",
            )
        return found[0]

    def _make(self, label: str, kind: Any, mechanism: Any, parameters: bytes) -> None:
        from pkcs11 import Attribute, ObjectClass

        with self.session() as session:
            if list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: label})):
                raise KeyStoreError(f"the token {self._label!r} holds a key called {label!r} already")
            domain = session.create_domain_parameters(kind, {Attribute.EC_PARAMS: parameters}, local=True)
            private = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
            domain.generate_keypair(mechanism=mechanism, store=True, label=label, private_template=private)


def _point(public: Any) -> bytes:
    from pkcs11 import Attribute

    encoded = bytes(public[Attribute.EC_POINT])
    wrapped = encoded[:1] == bytes([_OCTETS]) and encoded[1:2] == bytes([len(encoded) - 2])
    return encoded[2:] if wrapped else encoded


def _words(error: Exception) -> str:
    return f": {error}" if str(error) else ""


def _never(*_: object, **__: object) -> NoReturn:
    raise KeyStoreError("a key in a token never leaves it")


class TokenSigningKey(ec.EllipticCurvePrivateKey):
    """A P-256 private key of a token, as ``cryptography`` asks for one."""

    def __init__(self, token: Token, label: str, public: ec.EllipticCurvePublicKey) -> None:
        self._token, self._label, self._public = token, label, public

    @property
    def label(self) -> str:
        """What the key is called in its token."""
        return self._label

    @property
    def curve(self) -> ec.EllipticCurve:
        """P-256."""
        return self._public.curve

    @property
    def key_size(self) -> int:
        """256 bits."""
        return self._public.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The public half, which the token showed."""
        return self._public

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """ECDSA over SHA-256 of ``data``, DER (RFC 3279)."""
        algorithm = signature_algorithm.algorithm
        if isinstance(algorithm, Prehashed) or not isinstance(algorithm, hashes.SHA256):
            raise KeyStoreError("keys in a token sign with SHA-256 only")
        raw = self._token.sign(self._label, hashlib.sha256(data).digest())
        half = len(raw) // 2
        return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))

    exchange: Callable[..., Any] = _never
    private_numbers: Callable[..., Any] = _never
    private_bytes: Callable[..., Any] = _never
    __copy__: Callable[..., Any] = _never
    __deepcopy__: Callable[..., Any] = _never


class TokenRecordKey(ed25519.Ed25519PrivateKey):
    """An Ed25519 private key of a token."""

    def __init__(self, token: Token, label: str, public: ed25519.Ed25519PublicKey) -> None:
        self._token, self._label, self._public = token, label, public

    @property
    def label(self) -> str:
        """What the key is called in its token."""
        return self._label

    def public_key(self) -> ed25519.Ed25519PublicKey:
        """The public half, which the token showed."""
        return self._public

    def sign(self, data: Any) -> bytes:
        """Ed25519 over ``data`` itself (RFC 8032), 64 bytes."""
        return self._token.sign(self._label, bytes(data), edwards=True)

    private_bytes: Callable[..., Any] = _never
    private_bytes_raw: Callable[..., Any] = _never
    __copy__: Callable[..., Any] = _never
    __deepcopy__: Callable[..., Any] = _never
