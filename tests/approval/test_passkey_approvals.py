"""A passkey's approval stands for one act; everything else is refused, each for its own reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from signing_service.approval import Approval, PasskeyAssertion, verify_approval
from signing_service.ceremony.authenticator import Authenticator, Behaviour
from signing_service.encoding import sha256_hex
from signing_service.errors import ApprovalError, FormatError
from tests.approval.cast import PARTY, add_passkey, approval, authenticator, expected, statement
from tests.cast import NOON, SOMCHAI


@pytest.fixture
def device() -> Authenticator:
    return authenticator()


def check(given: Approval, device: Authenticator, **changes: object) -> None:
    keys = [device.passkeys[0].cose_key]
    verify_approval(given, expected(**changes), at=NOON, relying_party=PARTY, credential_keys=keys)


def test_an_honest_approval_stands(device: Authenticator):
    check(approval(device), device)


def test_it_survives_its_der(device: Authenticator):
    check(Approval.from_der(approval(device).to_der()), device)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"act": "countersignature"}, "another act"),
        ({"agreement": "b" * 26}, "another agreement"),
        ({"signer": SOMCHAI.signer}, "another signer"),
        ({"mandate": sha256_hex(b"older")}, "another mandate"),
        ({"revision0": sha256_hex(b"other text")}, "another text"),
        ({"key": b"another"}, "another one-time key"),
        ({"appearance": sha256_hex(b"blank")}, "another appearance"),
        ({"consent": "I sign twice."}, "another consent"),
        ({"consent_language": "zh"}, "another language"),
    ],
)
def test_an_approval_of_something_else_is_refused_for_that_reason(
    device: Authenticator, changes: dict[str, object], reason: str
):
    with pytest.raises(ApprovalError, match=reason):
        check(approval(device, statement(**changes)), device)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (Behaviour(user_verified=False), "without verifying the person"),
        (Behaviour(user_present=False), "without the person being present"),
        (Behaviour(origin="https://sign.example.net"), "foreign page"),
        (Behaviour(cross_origin=True), "inside a page of somebody else"),
        (Behaviour(relying_party_id="example.net"), "another relying party"),
    ],
)
def test_a_passkey_used_otherwise_is_refused_for_that_reason(device: Authenticator, behaviour: Behaviour, reason: str):
    device.behaviour = behaviour
    with pytest.raises(ApprovalError, match=reason):
        check(approval(device), device)


def test_an_assertion_replayed_for_another_statement_is_refused(device: Authenticator):
    earlier = approval(device)
    later = statement(expires=NOON + timedelta(minutes=30))
    with pytest.raises(ApprovalError, match="approved another statement"):
        check(Approval(later.to_json(), earlier.evidence), device)


def test_an_expired_approval_is_refused(device: Authenticator):
    with pytest.raises(ApprovalError, match="expired"):
        check(approval(device, statement(expires=NOON - timedelta(seconds=1))), device)


def test_the_persons_login_credential_does_not_approve(device: Authenticator):
    add_passkey(device)
    with pytest.raises(ApprovalError, match="not the person's confirmed approval credential"):
        check(approval(device), device)


@pytest.mark.parametrize(
    "change",
    [
        lambda made: replace(made, signature=made.signature[:-1] + bytes([made.signature[-1] ^ 1])),
        lambda made: replace(made, authenticator_data=made.authenticator_data[:36] + b"\x63"),
        lambda made: replace(
            made, client_data=made.client_data.replace(b'"crossOrigin":false', b'"crossOrigin": false')
        ),
    ],
    ids=["signature", "authenticator-data", "client-data"],
)
def test_a_changed_assertion_does_not_verify(
    device: Authenticator, change: Callable[[PasskeyAssertion], PasskeyAssertion]
):
    made = approval(device)
    assert isinstance(made.evidence, PasskeyAssertion)
    with pytest.raises((ApprovalError, FormatError), match="does not verify"):
        check(replace(made, evidence=change(made.evidence)), device)
