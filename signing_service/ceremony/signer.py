"""Signing as the page does it (DESIGN 4a): fresh key, approval, all checks, signature, receipt."""

from __future__ import annotations

import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signing_service.approval import Approval, challenge_of
from signing_service.ceremony.authenticator import Authenticator
from signing_service.ceremony.browser import Browser
from signing_service.encoding import canonical_json, from_base64url, parse_canonical_json, sha256_hex, to_base64url
from signing_service.errors import VerificationError
from signing_service.evidence.receipt import parse_receipt, verify_receipt
from signing_service.evidence.record_keys import verify_record_checkpoint
from signing_service.evidence.trust import TrustFile
from signing_service.pki.cms import signed_attributes
from signing_service.record.entry import verify_opening
from signing_service.record.proof import parse_proof, verify_proof


class SoftwareKey:
    """A one-time P-256 key in memory; nothing ever writes it down."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def spki(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def request(self) -> bytes:
        """A PKCS#10 request (DER) with an empty subject."""
        builder = x509.CertificateSigningRequestBuilder(x509.Name([]))
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)

    def sign(self, data: bytes) -> bytes:
        """``r ‖ s``, 64 bytes."""
        r, s = decode_dss_signature(self._key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody is about to sign."""

    agreement: str
    signer: str
    mark: str
    """The typed signature."""
    revision0: bytes
    """The bytes of revision 0, as the person has read them."""


def sign(
    browser: Browser, act: Act, secret: str | Authenticator, trust: TrustFile, key: SoftwareKey | None = None
) -> bytes:
    """Sign, approving by password or by passkey, and return the receipt; with a fresh one-time key if none is given.

    Raises VerificationError if anything is not what was approved.
    """
    body = {"signer": act.signer, "mark": {"typed": act.mark}, "consent_language": "en"}
    _, attempt = browser.post(f"/api/agreements/{act.agreement}/attempts", body)
    key = key or SoftwareKey()
    statement = _statement(attempt, act, key)
    approval = {
        "request": to_base64url(key.request()),
        "statement": to_base64url(statement),
        "approval": _approval(attempt, statement, secret),
    }
    path = f"/api/attempts/{attempt['attempt']}"
    base = act.revision0
    prepared = _approve(browser, path, approval, base)
    while True:
        base = _extended(browser, act, base, prepared)
        signature = _checked_signature(act, key, statement, prepared, trust, base)
        answer = {"signature": signature, "revision": prepared["revision"], "have": len(base)}
        status, result = browser.post(f"{path}/signature", answer, accept=(200, 409))
        if status == 200:
            receipt = canonical_json(result["receipt"])
            verify_receipt(parse_receipt(receipt), trust)
            return receipt
        prepared = result.get("prepared") or _approve(browser, path, approval, base)


def _approval(attempt: dict[str, Any], statement: bytes, secret: str | Authenticator) -> dict[str, Any]:
    if isinstance(secret, str):
        return {"password": secret}
    challenge = to_base64url(challenge_of(statement))
    return {"passkey": secret.get({**attempt["approvals"]["passkey"], "challenge": challenge})}


def _approve(browser: Browser, path: str, approval: dict[str, Any], base: bytes) -> dict[str, Any]:
    while True:
        status, answer = browser.post(f"{path}/approval", {**approval, "have": len(base)}, accept=(200, 202))
        if status == 200:
            prepared: dict[str, Any] = answer["prepared"]
            return prepared
        time.sleep(answer["retry_after_ms"] / 1000)


def _statement(attempt: dict[str, Any], act: Act, key: SoftwareKey) -> bytes:
    """Complete the statement, after checking that it says what this person means to approve."""
    proposed = attempt["statement"]
    _require(proposed["agreement"] == act.agreement, "the statement is about another agreement")
    _require(proposed["revision0"] == sha256_hex(act.revision0), "the statement is about another text")
    _require(proposed["signer"] == act.signer, "the statement is for another signer")
    appearance = from_base64url(attempt["appearance"])
    _require(proposed["appearance"] == sha256_hex(appearance), "the statement is about another appearance")
    return canonical_json({**proposed, "key": to_base64url(key.spki)})


def _extended(browser: Browser, act: Act, base: bytes, prepared: dict[str, Any]) -> bytes:
    """The base of a prepared delta: what is known of it, and what came along with the delta or is still to be had."""
    end = prepared.get("base_end")
    if end is not None and end["start"] == len(base):
        base += from_base64url(end["bytes"])
    if len(base) >= prepared["base_length"]:
        return base
    return base + browser.download(f"/agreements/{act.agreement}/revisions/{prepared['revision'] - 1}.pdf", len(base))


def _checked_signature(
    act: Act, key: SoftwareKey, statement: bytes, prepared: dict[str, Any], trust: TrustFile, base: bytes
) -> str:
    delta = from_base64url(prepared["delta"])
    attributes = from_base64url(prepared["signed_attributes"])
    certificate = x509.load_der_x509_certificate(from_base64url(prepared["certificate"]))
    _require(base.startswith(act.revision0), "the base does not begin with what was read")
    _require(len(base) == prepared["base_length"], "the base has another length")
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    _require(spki == key.spki, "the certificate is for another key")
    approval = _logged_approval(prepared["issuance"], certificate, trust)
    _require(Approval.from_der(approval).statement == statement, "the approval is for another statement")
    expected = signed_attributes(_digest(base, delta), certificate, approval)
    _require(attributes == expected, "the attributes are not exactly those of this revision")
    return to_base64url(key.sign(attributes))


def _digest(base: bytes, delta: bytes) -> bytes:
    """SHA-256 of what ByteRange covers: all but the room for the signature."""
    start = delta.index(b" /Contents <") + len(b" /Contents ")
    end = delta.index(b">", start) + 1
    _require(set(delta[start + 1 : end - 1]) == {ord("0")}, "the room for the signature is not empty")
    return sha256(base + delta[:start] + delta[end:]).digest()


def _logged_approval(issuance: dict[str, Any], certificate: x509.Certificate, trust: TrustFile) -> bytes:
    """Check that the certificate's issuance is in the record; return the approval that it names."""
    event, entry = from_base64url(issuance["event"]), from_base64url(issuance["entry"])
    verify_opening(entry, event, from_base64url(issuance["salt"]))
    proof = parse_proof(issuance["proof"].encode())
    keys = trust.record_key, trust.retired_record_keys
    verify_proof(proof, entry, verify_record_checkpoint(proof.checkpoint, *keys, trust.record_origin))
    members = parse_canonical_json(event)
    logged = from_base64url(members["certificate"])
    _require(logged == certificate.public_bytes(Encoding.DER), "another certificate was recorded")
    return from_base64url(members["approval"])


def _require(condition: bool, complaint: str) -> None:
    if not condition:
        raise VerificationError(f"{complaint}; nothing was signed", hint="keep what the service sent, and report it")
