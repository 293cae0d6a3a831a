"""Certificate requests (PKCS#10, RFC 2986) from browsers: the proof that a one-time key can sign.

spki = parse_request(der)
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from signing_service.errors import FormatError, LimitError, VerificationError
from signing_service.pki.der import UNREADABLE

MAX_REQUEST_BYTES = 1024  # a P-256 request with an empty subject has about 200


def parse_request(der: bytes) -> bytes:
    """Check a PKCS#10 request and give its key as DER SubjectPublicKeyInfo.

    Accepted: DER, P-256, ecdsa-with-SHA256, signed by its own key. The subject and any attributes are not read:
    whom the certificate names is the service's knowledge, never the client's word. Raises FormatError, LimitError,
    or VerificationError where possession of the key is not proven.
    """
    if len(der) > MAX_REQUEST_BYTES:
        raise LimitError(f"certificate request is larger than {MAX_REQUEST_BYTES} bytes")
    try:
        request = x509.load_der_x509_csr(der)
        key = request.public_key()
        algorithm = request.signature_hash_algorithm
    except UNREADABLE as error:
        raise FormatError(f"certificate request cannot be read: {error}") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise FormatError("certificate request is not for a key on the curve P-256")
    if not isinstance(algorithm, hashes.SHA256):
        raise FormatError("certificate request is not signed with ecdsa-with-SHA256")
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if request.public_bytes(serialization.Encoding.DER) != der or spki not in der:
        raise FormatError("certificate request is not in DER")
    try:
        key.verify(request.signature, request.tbs_certrequest_bytes, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise VerificationError("certificate request is not signed by the key that it asks for") from error
    return spki
