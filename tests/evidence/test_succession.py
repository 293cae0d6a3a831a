"""Successors of a trust file: signed by an officer of the predecessor, whoever holds the server's keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing_service.ceremony.authenticator import Authenticator
from signing_service.errors import ApprovalError, VerificationError
from signing_service.evidence import TrustedOfficer, TrustFile, format_trust_file
from signing_service.evidence.succession import (
    sign_succession,
    succession_challenge,
    unsigned_predecessor,
    verify_succession,
)
from signing_service.record.note import Signer
from tests.approval.cast import authenticator
from tests.cast import NOON, OFFICER, ORIGIN, SECOND_OFFICER, Person
from tests.evidence.cast import certificate, trust_file

RECORD_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture
def mei() -> Authenticator:
    return authenticator(OFFICER.id)


@pytest.fixture
def ruslan() -> Authenticator:
    return authenticator(SECOND_OFFICER.id)


def trusted(person: Person, device: Authenticator) -> TrustedOfficer:
    return TrustedOfficer(person.id, person.name, (device.passkeys[0].cose_key,))


def first() -> TrustFile:
    """As init writes it: no officer has a key yet."""
    return replace(trust_file(), officers=(), record_key=Signer(ORIGIN, RECORD_KEY).verifier_key)


def successor(old: TrustFile, *officers: TrustedOfficer) -> TrustFile:
    return replace(old, officers=officers, predecessor=unsigned_predecessor(format_trust_file(old)))


def with_mei(mei: Authenticator) -> TrustFile:
    return sign_succession(successor(first(), trusted(OFFICER, mei)), RECORD_KEY)


def test_the_first_officer_comes_in_under_the_records_key(mei: Authenticator):
    verify_succession(format_trust_file(first()), format_trust_file(with_mei(mei)))


def test_a_second_officer_is_signed_in_by_the_first(mei: Authenticator, ruslan: Authenticator):
    old = with_mei(mei)
    new = successor(old, *old.officers, trusted(SECOND_OFFICER, ruslan))
    signed = sign_succession(new, mei.approve(succession_challenge(new)))

    after = verify_succession(format_trust_file(old), format_trust_file(signed))

    assert after.officer(SECOND_OFFICER.id) is not None


def test_the_server_with_all_its_keys_cannot_add_an_officer(mei: Authenticator, ruslan: Authenticator):
    old = with_mei(mei)
    forged = sign_succession(successor(old, *old.officers, trusted(SECOND_OFFICER, ruslan)), RECORD_KEY)
    with pytest.raises(VerificationError, match="not signed by an officer"):
        verify_succession(format_trust_file(old), format_trust_file(forged))


def test_an_officer_cannot_sign_himself_in(mei: Authenticator, ruslan: Authenticator):
    old = with_mei(mei)
    new = successor(old, *old.officers, trusted(SECOND_OFFICER, ruslan))
    forged = sign_succession(new, ruslan.approve(succession_challenge(new)))
    with pytest.raises(VerificationError, match="does not name"):
        verify_succession(format_trust_file(old), format_trust_file(forged))


def test_an_officer_who_left_signs_no_successor(mei: Authenticator, ruslan: Authenticator):
    old = replace(with_mei(mei), officers=(replace(trusted(OFFICER, mei), until=NOON), trusted(SECOND_OFFICER, ruslan)))
    new = successor(old, *old.officers)
    forged = sign_succession(new, mei.approve(succession_challenge(new)))
    with pytest.raises(VerificationError, match="does not name"):
        verify_succession(format_trust_file(old), format_trust_file(forged))


def test_a_changed_successor_is_refused(mei: Authenticator, ruslan: Authenticator):
    old = with_mei(mei)
    new = successor(old, *old.officers)
    signed = sign_succession(new, mei.approve(succession_challenge(new)))
    changed = replace(signed, officers=(*old.officers, trusted(SECOND_OFFICER, ruslan)))
    with pytest.raises(ApprovalError):
        verify_succession(format_trust_file(old), format_trust_file(changed))


@pytest.mark.parametrize("member", ["web_origin", "relying_party_id", "record_origin"])
def test_what_is_fixed_for_ever_stays(mei: Authenticator, member: str):
    old = with_mei(mei)
    other: Any = {"web_origin": "https://sign.example.net"}.get(member, "sign.example.net")
    new = successor(replace(old, **{member: other}), *old.officers)
    new = replace(new, predecessor=unsigned_predecessor(format_trust_file(old)))
    signed = sign_succession(new, mei.approve(succession_challenge(new)))
    with pytest.raises(VerificationError, match=member):
        verify_succession(format_trust_file(old), format_trust_file(signed))


def test_a_successor_of_another_file_is_refused(mei: Authenticator):
    old = with_mei(mei)
    new = successor(replace(old, name="Another Alliance"), *old.officers)
    signed = sign_succession(new, mei.approve(succession_challenge(new)))
    with pytest.raises(VerificationError, match="predecessor"):
        verify_succession(format_trust_file(old), format_trust_file(signed))


def test_another_root_is_refused_though_an_officer_signed_it(mei: Authenticator):
    old = with_mei(mei)
    honest = successor(old, *old.officers)
    changed = replace(honest, root=certificate("Another Root"))
    signed, forged = (sign_succession(new, mei.approve(succession_challenge(new))) for new in (honest, changed))
    assert verify_succession(format_trust_file(old), format_trust_file(signed)).root == old.root
    with pytest.raises(VerificationError, match="root"):
        verify_succession(format_trust_file(old), format_trust_file(forged))
