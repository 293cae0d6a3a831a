"""The check of approvals: what fits passes; a replayed, foreign, expired or unverified one fails for its own reason."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing_service.approval import (
    Approval,
    Expected,
    PasskeyAssertion,
    RelyingParty,
    Statement,
    service_approval,
    verify_approval,
)
from signing_service.errors import ApprovalError, FormatError, SigningServiceError
from tests.authenticator import PRESENT, VERIFIED, Kind, Passkey, make_key
from tests.cast import NOON, ORIGIN, PUBLIC_URL
from tests.test_approval_statement import OTHERS, STATEMENT

LIN_PASSKEY = Passkey()
HERE = RelyingParty(PUBLIC_URL, ORIGIN)
EXPECTED = Expected(
    act=STATEMENT.act,
    agreement=STATEMENT.agreement,
    revision0=STATEMENT.revision0,
    signer=STATEMENT.signer,
    mandate=STATEMENT.mandate,
    consent=STATEMENT.consent,
    consent_language=STATEMENT.consent_language,
    key=STATEMENT.key,
    appearance=STATEMENT.appearance,
)


def check(approval: Approval, **changes: Any) -> Statement:
    options: dict[str, Any] = {"at": NOON, "relying_party": HERE, "credential_keys": [LIN_PASSKEY.public_key]}
    return verify_approval(approval, changes.pop("expected", EXPECTED), **options | changes)


def refusal(approval: Approval, **changes: Any) -> str:
    with pytest.raises(ApprovalError) as caught:
        check(approval, **changes)
    return caught.value.message


def used(**changes: Any) -> Approval:
    """Lin's passkey, used differently."""
    return LIN_PASSKEY.but(**changes).approve(STATEMENT)


def spoilt(**changes: Any) -> Approval:
    """A good approval with parts of its assertion replaced."""
    approval = LIN_PASSKEY.approve(STATEMENT)
    assert isinstance(approval.evidence, PasskeyAssertion)
    return replace(approval, evidence=replace(approval.evidence, **changes))


@pytest.mark.parametrize("kind", ["ES256", "EdDSA", "RS256"])
def test_a_passkey_of_each_kind_approves(kind: Kind) -> None:
    passkey = Passkey(key=make_key(kind))
    assert check(passkey.approve(STATEMENT), credential_keys=[passkey.public_key]) == STATEMENT


@pytest.mark.parametrize("method", ["password", "password+totp"])
def test_the_service_may_assert(method: str) -> None:
    approval = service_approval(STATEMENT.to_json(), method, NOON)
    assert check(approval, relying_party=None, credential_keys=()) == STATEMENT


def test_members_that_nobody_expects_may_be_anything() -> None:
    assert check(LIN_PASSKEY.approve(STATEMENT), expected=Expected()) == STATEMENT


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("act", "another act"),
        ("agreement", "another agreement"),
        ("revision0", "another text"),
        ("signer", "another signer"),
        ("mandate", "another mandate"),
        ("consent", "another consent sentence"),
        ("consent_language", "in another language"),
        ("key", "another one-time key"),
        ("appearance", "another appearance"),
    ],
)
def test_an_approval_of_something_else_fails_for_that_reason(member: str, words: str) -> None:
    change: dict[str, Any] = {member: OTHERS[member]}
    other = replace(STATEMENT, **change)
    for approval in (LIN_PASSKEY.approve(other), service_approval(other.to_json(), "password", NOON)):
        assert words in refusal(approval)


def test_an_approval_holds_until_the_second_when_it_expires() -> None:
    approval = LIN_PASSKEY.approve(STATEMENT)
    assert check(approval, at=STATEMENT.expires) == STATEMENT
    assert "expired at 2025-04-11T04:10:00Z" in refusal(approval, at=STATEMENT.expires + timedelta(seconds=1))


def test_an_assertion_by_the_service_after_the_act_is_refused() -> None:
    late = service_approval(STATEMENT.to_json(), "password", NOON + timedelta(minutes=6))
    assert "asserted after the act" in refusal(late)


def test_an_assertion_by_the_service_after_expiry_is_refused() -> None:
    late = service_approval(STATEMENT.to_json(), "password", STATEMENT.expires + timedelta(seconds=1))
    assert "asserted after it expired" in refusal(late, at=STATEMENT.expires)


def test_an_assertion_replayed_for_another_statement_is_refused() -> None:
    old = LIN_PASSKEY.approve(replace(STATEMENT, key=b"the key of an earlier attempt"))
    assert "approved another statement" in refusal(Approval(STATEMENT.to_json(), old.evidence))


def test_a_login_is_no_approval() -> None:
    login = Passkey()
    assert "not the person's confirmed approval credential" in refusal(login.approve(STATEMENT))


def test_a_passkey_that_nobody_confirmed_is_refused() -> None:
    assert "not the person's confirmed" in refusal(LIN_PASSKEY.approve(STATEMENT), credential_keys=[])


def test_a_passkey_cannot_be_checked_without_the_relying_party() -> None:
    assert "without the relying party" in refusal(LIN_PASSKEY.approve(STATEMENT), relying_party=None)


def test_a_passkey_used_on_a_foreign_page_is_refused() -> None:
    assert "foreign page, 'https://evil.example'" in refusal(used(origin="https://evil.example"))


@pytest.mark.parametrize("origin", ["http://sign.example.org", "https://sign.example.org:8443", PUBLIC_URL + "/"])
def test_another_scheme_port_or_spelling_is_a_foreign_page(origin: str) -> None:
    assert "foreign page" in refusal(used(origin=origin))


def test_a_passkey_used_in_a_frame_is_refused() -> None:
    for data in ({"crossOrigin": True}, {"crossOrigin": False, "topOrigin": "https://evil.example"}):
        assert "inside a page of somebody else" in refusal(used(more_client_data=data))


def test_a_client_that_says_nothing_of_frames_is_accepted() -> None:
    assert check(used(more_client_data={})) == STATEMENT


def test_members_that_browsers_add_are_accepted() -> None:
    assert check(used(more_client_data={"other_keys_can_be_added_here": "do not compare clientDataJSON"})) == STATEMENT


def test_a_registration_is_no_assertion() -> None:
    assert "something else than an assertion" in refusal(used(ceremony="webauthn.create"))


def test_a_passkey_of_another_relying_party_is_refused() -> None:
    assert "another relying party" in refusal(used(relying_party_id="evil.example"))


def test_a_passkey_without_user_verification_is_refused() -> None:
    assert "without verifying the person" in refusal(used(flags=PRESENT))


def test_a_passkey_without_user_presence_is_refused() -> None:
    assert "without the person being present" in refusal(used(flags=VERIFIED))


def test_backup_flags_are_no_reason_to_refuse() -> None:
    assert check(used(flags=PRESENT | VERIFIED | 0x18)) == STATEMENT


def test_extensions_of_the_authenticator_are_accepted_if_the_flags_say_so() -> None:
    assert check(used(flags=PRESENT | VERIFIED | 0x80, extensions=b"\xa0")) == STATEMENT


@pytest.mark.parametrize(
    "changes",
    [
        {"extensions": b"\xa0"},
        {"flags": PRESENT | VERIFIED | 0x80},
        {"flags": PRESENT | VERIFIED | 0x40},
        {"flags": PRESENT | VERIFIED | 0x80, "extensions": bytes(1000)},
    ],
)
def test_authenticator_data_that_their_flags_belie_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(FormatError, match="authenticator data"):
        check(used(**changes))


def test_a_signature_by_another_key_is_refused() -> None:
    other = Passkey().approve(STATEMENT).evidence
    assert isinstance(other, PasskeyAssertion)
    assert "signature does not verify" in refusal(spoilt(signature=other.signature))


@pytest.mark.parametrize(
    "client_data",
    [b"", b"[]", b"\xff", b'{"type":"webauthn.get","type":"webauthn.get"}', b"[" * 4000, b" " * 5000],
)
def test_client_data_that_are_no_plain_object_are_refused(client_data: bytes) -> None:
    with pytest.raises(FormatError, match="client data"):
        check(spoilt(client_data=client_data))


PARTS = st.sampled_from(["authenticator_data", "client_data", "signature", "public_key"])


@given(PARTS, st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_anywhere_in_the_assertion_is_refused(part: str, position: int, change: int) -> None:
    value = bytearray(getattr(LIN_PASSKEY.approve(STATEMENT).evidence, part))
    value[position % len(value)] ^= change
    with pytest.raises(SigningServiceError):
        check(spoilt(**{part: bytes(value)}))


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_in_the_approvals_der_is_refused(position: int, change: int) -> None:
    """All but the credential's id, which names nothing that is trusted."""
    der = bytearray(LIN_PASSKEY.approve(STATEMENT).to_der())
    position %= len(der)
    der[position] ^= change
    try:
        approval = Approval.from_der(bytes(der))
        check(approval)
    except SigningServiceError:
        return
    assert isinstance(approval.evidence, PasskeyAssertion)
    assert approval.evidence.credential_id != b"credential"


def test_the_hash_of_the_relying_party_is_what_authenticators_sign() -> None:
    evidence = LIN_PASSKEY.approve(STATEMENT).evidence
    assert isinstance(evidence, PasskeyAssertion)
    assert evidence.authenticator_data[:32] == hashlib.sha256(b"sign.example.org").digest()
