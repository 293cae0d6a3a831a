"""The record's key changes: old checkpoints hold under the new trust file, and the old key signs nothing more."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing_service.ceremony.authenticator import Authenticator
from signing_service.errors import FormatError, RecordError, VerificationError
from signing_service.evidence import TrustedOfficer, TrustFile, format_trust_file, parse_trust_file
from signing_service.evidence.record_keys import RetiredKey, verify_record_checkpoint
from signing_service.evidence.succession import sign_succession, unsigned_predecessor, verify_succession
from signing_service.record.checkpoint import Checkpoint, sign_checkpoint
from signing_service.record.note import Signer
from tests.approval.cast import authenticator
from tests.cast import OFFICER, ORIGIN, SECOND_OFFICER
from tests.evidence.cast import trust_file

OLD = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NEW = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
OLD_KEY, NEW_KEY = Signer(ORIGIN, OLD).verifier_key, Signer(ORIGIN, NEW).verifier_key
RETIRED = (RetiredKey(OLD_KEY, 40),)


@cache
def before() -> TrustFile:
    device: Authenticator = authenticator(OFFICER.id)
    officer = TrustedOfficer(OFFICER.id, OFFICER.name, (device.passkeys[0].cose_key,))
    return replace(trust_file(), officers=(officer,), record_key=OLD_KEY)


def after() -> TrustFile:
    old = before()
    predecessor = unsigned_predecessor(format_trust_file(old))
    return replace(old, record_key=NEW_KEY, retired_record_keys=RETIRED, predecessor=predecessor)


def note(size: int, key: Ed25519PrivateKey) -> bytes:
    return sign_checkpoint(Checkpoint(ORIGIN, size, bytes(32)), Signer(ORIGIN, key))


def succeed(successor: TrustFile) -> TrustFile:
    return verify_succession(format_trust_file(before()), format_trust_file(sign_succession(successor, OLD)))


def test_the_retiring_key_hands_over_to_the_next_one():
    assert succeed(after()) == parse_trust_file(format_trust_file(sign_succession(after(), OLD)))


def test_the_retiring_key_can_change_nothing_else_on_the_way():
    device = authenticator(SECOND_OFFICER.id)
    stranger = TrustedOfficer(SECOND_OFFICER.id, SECOND_OFFICER.name, (device.passkeys[0].cose_key,))
    with pytest.raises(VerificationError, match="not signed by an officer"):
        succeed(replace(after(), officers=(*before().officers, stranger)))


def test_a_successor_that_forgets_the_old_key_is_refused():
    with pytest.raises(VerificationError, match="does not keep the record's earlier keys"):
        succeed(replace(after(), retired_record_keys=()))


def test_an_old_checkpoint_holds_under_the_new_trust_file():
    assert verify_record_checkpoint(note(40, OLD), NEW_KEY, RETIRED, ORIGIN).size == 40


def test_a_new_checkpoint_holds_under_the_new_trust_file():
    assert verify_record_checkpoint(note(41, NEW), NEW_KEY, RETIRED, ORIGIN).size == 41


def test_the_old_key_signs_nothing_beyond_the_size_at_which_it_was_retired():
    with pytest.raises(RecordError, match="was retired at 40"):
        verify_record_checkpoint(note(41, OLD), NEW_KEY, RETIRED, ORIGIN)


def test_a_key_that_never_was_the_records_signs_nothing():
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    with pytest.raises(RecordError):
        verify_record_checkpoint(note(12, stranger), NEW_KEY, RETIRED, ORIGIN)


@pytest.mark.parametrize(
    "retired",
    [
        (RetiredKey(OLD_KEY, 40), RetiredKey(OLD_KEY, 50)),
        (RetiredKey(OLD_KEY, 40), RetiredKey(NEW_KEY, 30)),
        (RetiredKey(OLD_KEY, -1),),
    ],
)
def test_retired_keys_stand_in_order_and_once(retired: tuple[RetiredKey, ...]):
    with pytest.raises(FormatError):
        format_trust_file(replace(after(), retired_record_keys=retired))
