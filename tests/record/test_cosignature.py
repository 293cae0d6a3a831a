"""Tests of record/cosignature.py against C2SP tlog-cosignature v1."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from signing_service.errors import FormatError, RecordError
from signing_service.record.checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from signing_service.record.cosignature import Cosigner, add_cosignatures, verify_cosignatures
from signing_service.record.note import COSIGNATURE, Signature, VerifierKey
from signing_service.record.tree import EMPTY_ROOT
from tests.cast import NOON
from tests.record.cast import ANDAMAN_WITNESS, LOG, NANJING_WITNESS, STEPPE_WITNESS

SIGNED = sign_checkpoint(Checkpoint(LOG.name, 0, EMPTY_ROOT), LOG)
WITNESSES = [witness.verifier_key for witness in (NANJING_WITNESS, ANDAMAN_WITNESS, STEPPE_WITNESS)]
COSIGNED = add_cosignatures(SIGNED, [witness.cosign(SIGNED, NOON) for witness in (NANJING_WITNESS, ANDAMAN_WITNESS)])


def test_cosignatures_are_found_with_their_times_and_the_log_still_verifies():
    found = verify_cosignatures(COSIGNED, WITNESSES, 2)
    assert [(item.key.name, item.time) for item in found] == [
        ("witness.njupt.example", NOON),
        ("witness.andaman.example", NOON),
    ]
    assert verify_checkpoint(COSIGNED, LOG.verifier_key).size == 0


def test_the_signed_message_is_the_one_that_the_specification_spells():
    signature = NANJING_WITNESS.cosign(SIGNED, NOON)
    text = SIGNED.decode().split("\n\n")[0] + "\n"
    message = f"cosignature/v1\ntime {int(NOON.timestamp())}\n{text}".encode()
    NANJING_WITNESS.private_key.public_key().verify(signature.value[8:], message)
    assert signature.value[:8] == int(NOON.timestamp()).to_bytes(8, "big")


def test_too_few_witnesses_are_named():
    with pytest.raises(RecordError, match="by 2 of the 3 witnesses") as raised:
        verify_cosignatures(COSIGNED, WITNESSES, 3)
    assert raised.value.hint == "missing: witness.steppe.example"


def test_cosignatures_of_unknown_witnesses_do_not_count():
    assert verify_cosignatures(COSIGNED, WITNESSES[2:]) == ()
    with pytest.raises(RecordError, match="by 0 of the 1"):
        verify_cosignatures(COSIGNED, WITNESSES[2:], 1)


def test_one_key_under_two_names_counts_once():
    alias = Cosigner("alias.example", NANJING_WITNESS.private_key)
    note = add_cosignatures(SIGNED, [NANJING_WITNESS.cosign(SIGNED, NOON), alias.cosign(SIGNED, NOON)])
    with pytest.raises(RecordError, match="by 1 of the 2"):
        verify_cosignatures(note, [NANJING_WITNESS.verifier_key, alias.verifier_key], 2)


def test_the_earliest_of_several_cosignatures_counts():
    later = NANJING_WITNESS.cosign(SIGNED, NOON + timedelta(days=1))
    note = add_cosignatures(SIGNED, [later, NANJING_WITNESS.cosign(SIGNED, NOON)])
    assert [item.time for item in verify_cosignatures(note, WITNESSES)] == [NOON]


def test_a_cosignature_of_another_checkpoint_is_wrong():
    other = sign_checkpoint(Checkpoint("other.example", 0, EMPTY_ROOT), LOG)
    note = add_cosignatures(SIGNED, [NANJING_WITNESS.cosign(other, NOON)])
    with pytest.raises(RecordError, match=r"signature of witness\.njupt\.example is wrong"):
        verify_cosignatures(note, WITNESSES)


def test_a_changed_time_is_noticed():
    good = NANJING_WITNESS.cosign(SIGNED, NOON)
    bad = Signature(good.name, good.key_id, bytes(8) + good.value[8:])
    with pytest.raises(RecordError, match="is wrong"):
        verify_cosignatures(add_cosignatures(SIGNED, [bad]), WITNESSES)


@pytest.mark.parametrize("value", [b"\x00", bytes(71), bytes(73), b"\xff" * 72])
def test_a_malformed_cosignature_of_a_known_witness_is_refused(value: bytes):
    bad = Signature(NANJING_WITNESS.name, NANJING_WITNESS.verifier_key.id, value)
    with pytest.raises(RecordError, match="not a version 1 cosignature"):
        verify_cosignatures(add_cosignatures(SIGNED, [bad]), WITNESSES)


def test_a_logs_own_key_is_no_witness():
    with pytest.raises(RecordError, match="not a version 1 cosignature"):
        verify_cosignatures(SIGNED, [LOG.verifier_key], 1)
    disguised = VerifierKey(LOG.name, COSIGNATURE, LOG.verifier_key.public_key)
    with pytest.raises(RecordError, match="by 0 of the 1"):
        verify_cosignatures(SIGNED, [disguised], 1)


def test_a_time_before_1970_cannot_be_cosigned():
    with pytest.raises(FormatError, match="between 1970 and 9999"):
        NANJING_WITNESS.cosign(SIGNED, datetime(1969, 1, 1, tzinfo=UTC))
