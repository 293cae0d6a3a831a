"""What a browser knows of an approval by passkey, and the signed attributes that must repeat it."""

from __future__ import annotations

from typing import Any

from cryptography import x509

from signing_service.approval import Approval, Statement
from signing_service.encoding import to_base64url
from signing_service.pki.cms import signed_attributes
from tests.approval.cast import authenticator
from tests.cast import ORIGIN, SOMCHAI


def passkey_answer(statement: Statement, certificate: bytes) -> dict[str, Any]:
    """Somchai's approval of a statement, and a registration beside."""
    device = authenticator(SOMCHAI.id)
    made = device.approve(statement.challenge())
    approval = Approval(statement.to_json(), made).to_der()
    attributes = signed_attributes(bytes(32), x509.load_der_x509_certificate(certificate), approval)
    registration = device.create({"rp": {"id": ORIGIN}, "user": {"id": ""}, "challenge": ""})
    response = {
        "authenticatorData": to_base64url(made.authenticator_data),
        "clientDataJSON": to_base64url(made.client_data),
        "signature": to_base64url(made.signature),
    }
    return {
        "answer": {"id": to_base64url(made.credential_id), "response": response},
        "challenge": to_base64url(statement.challenge()),
        "certificate": to_base64url(certificate),
        "signed_attributes": to_base64url(attributes),
        "attestation_object": registration["response"]["attestationObject"],
        "key": to_base64url(device.passkeys[-1].cose_key),
    }
