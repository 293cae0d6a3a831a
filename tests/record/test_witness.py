"""Tests of the witness: a transcript of good and bad requests, and the state file."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing_service.errors import UnavailableError
from signing_service.record.checkpoint import Checkpoint, sign_checkpoint
from signing_service.record.cosignature import add_cosignatures, verify_cosignatures
from signing_service.record.note import parse_signatures
from signing_service.record.tree import EMPTY_ROOT, leaf_hash, root_of
from signing_service.record.witness import (
    MAX_REQUEST,
    Refusal,
    Request,
    WitnessState,
    advance,
    authenticate,
    configure_logs,
    format_request,
    parse_request,
)
from signing_service.record.witness_store import MAX_FORKS, Answer, Witness, WitnessStore
from tests.cast import NOON, ORIGIN
from tests.record.cast import IMPOSTOR, LOG, NANJING_WITNESS
from tests.record.witnessed import LEAVES, LOGS, OTHER_LEAVES, body, proof, signed


def cosigned(answer: Answer, checkpoint: bytes) -> bool:
    note = add_cosignatures(checkpoint, parse_signatures(answer.body.decode()))
    return answer.status == 200 and len(verify_cosignatures(note, [NANJING_WITNESS.verifier_key], 1)) == 1


def test_a_growing_log_is_cosigned_step_by_step(witness: Witness):
    for old, new in [(0, 0), (0, 3), (3, 3), (3, 8), (8, 9), (9, 40)]:
        assert cosigned(witness.add_checkpoint(body(old, new), NOON), signed(new)), (old, new)
    assert witness.store.state(ORIGIN) == WitnessState(40, root_of(LEAVES), signed(40))


def test_the_cosignature_carries_the_time_it_was_made(witness: Witness):
    for later in (timedelta(0), timedelta(days=1)):
        old = witness.store.state(ORIGIN).size
        answer = witness.add_checkpoint(body(old, 5), NOON + later)
        note = add_cosignatures(signed(5), parse_signatures(answer.body.decode()))
        assert verify_cosignatures(note, [NANJING_WITNESS.verifier_key])[0].time == NOON + later


REWRITTEN = replace(Request(7, proof(7, 9, OTHER_LEAVES), signed(9, OTHER_LEAVES)))
TRANSCRIPT: dict[str, tuple[bytes, int, bytes]] = {
    "a stale size": (body(5, 9), 409, b"7\n"),
    "a size that is not yet seen": (body(8, 9), 409, b"7\n"),
    "the first request again": (body(0, 7), 409, b"7\n"),
    "another root of the same size": (body(7, 7, OTHER_LEAVES), 409, b"7\n"),
    "an old size beyond the checkpoint": (format_request(Request(8, (), signed(7))), 400, b"old size 8 is beyond"),
    "a rolled-back checkpoint": (format_request(Request(7, (), signed(6))), 400, b"old size 7 is beyond"),
    "a rewritten history": (format_request(REWRITTEN), 422, b"consistency proof does not lead"),
    "no proof": (format_request(Request(7, (), signed(9))), 422, b"consistency proof"),
    "a proof of another step": (format_request(Request(7, proof(6, 9), signed(9))), 422, b"consistency proof"),
    "a proof between equal sizes": (
        format_request(Request(7, (LEAVES[0],), signed(7))),
        422,
        b"consistency proof between equal sizes",
    ),
    "a short hash": (format_request(Request(7, (b"short",), signed(9))), 400, b"a proof line does not hold 32 bytes"),
    "an unknown log": (
        format_request(Request(0, (), signed(9, origin="other.example"))),
        404,
        b"no log 'other.example'",
    ),
    "a checkpoint signed by nobody known": (
        format_request(Request(7, proof(7, 9), signed(9, signer=IMPOSTOR))),
        403,
        b"note carries no signature",
    ),
    "a bad signature": (body(7, 9).replace(b"\n9\n", b"\n10\n"), 403, b"signature of sign.example.org is wrong"),
    "nothing": (b"", 400, b"request is too large, or"),
    "no old size": (b"\n\n" + signed(9), 400, b"request does not begin"),
    "a padded old size": (body(7, 9).replace(b"old 7", b"old 07"), 400, b"'07' is no size"),
    "a negative old size": (body(7, 9).replace(b"old 7", b"old -7"), 400, b"'-7' is no size"),
    "a proof line that is not base64": (body(7, 9).replace(b"old 7\n", b"old 7\n!\n"), 400, b"'!' is not base64"),
    "too many proof lines": (
        format_request(Request(7, (LEAVES[0],) * 64, signed(9))),
        400,
        b"request has more than 63",
    ),
    "bytes that are not ASCII": (b"old \xff\n\n" + signed(9), 400, b"request is too large, or no ASCII"),
    "a checkpoint that is none": (b"old 7\n\n" + b"text\n\n", 400, b"note has no"),
    "a checkpoint of two lines": (b"old 7\n\n" + signed(9).replace(b"\n9\n", b"\n"), 400, b"checkpoint is not"),
    "a request that never ends": (bytes(MAX_REQUEST + 1), 400, b"request is too large"),
}


@pytest.mark.parametrize(("request_body", "status", "answer"), TRANSCRIPT.values(), ids=TRANSCRIPT)
def test_a_witness_at_size_seven_refuses(witness: Witness, request_body: bytes, status: int, answer: bytes):
    assert witness.add_checkpoint(body(0, 7), NOON).status == 200
    found = witness.add_checkpoint(request_body, NOON)
    assert (found.status, found.body[: len(answer)]) == (status, answer)
    assert found.content_type == ("text/x.tlog.size" if status == 409 else "text/plain; charset=utf-8")
    assert witness.store.state(ORIGIN) == WitnessState(7, root_of(LEAVES[:7]), signed(7))
    assert witness.add_checkpoint(body(7, 9), NOON).status == 200


def test_a_first_checkpoint_needs_an_empty_proof(witness: Witness):
    answer = witness.add_checkpoint(format_request(Request(0, (LEAVES[0],), signed(9))), NOON)
    assert (answer.status, answer.body) == (422, b"a proof from size 0 must be empty\n")


def test_an_empty_log_with_another_root_is_refused(witness: Witness):
    lying = sign_checkpoint(Checkpoint(ORIGIN, 0, LEAVES[0]), LOG)
    assert witness.add_checkpoint(format_request(Request(0, (), lying)), NOON).status == 409


def test_a_fork_is_kept_as_evidence_once_for_each_root(witness: Witness):
    witness.add_checkpoint(body(0, 7), NOON)
    for _ in range(2):
        witness.add_checkpoint(body(7, 7, OTHER_LEAVES), NOON)
    witness.add_checkpoint(body(7, 9), NOON)
    assert witness.store.forks(ORIGIN) == [signed(7, OTHER_LEAVES)]


def test_a_log_cannot_fill_the_disk_with_forks(witness: Witness):
    for number in range(MAX_FORKS + 5):
        lying = Checkpoint(ORIGIN, 0, leaf_hash(str(number).encode()))
        witness.store.keep_fork(lying, b"signed", NOON)
    assert len(witness.store.forks(ORIGIN)) == MAX_FORKS


def test_two_keys_of_one_log_are_both_known():
    logs = configure_logs([LOG.verifier_key, IMPOSTOR.verifier_key])
    for signer in (LOG, IMPOSTOR):
        request = Request(0, (), signed(9, signer=signer))
        assert authenticate(request, logs) == Checkpoint(ORIGIN, 9, root_of(LEAVES[:9]))


def test_a_request_reads_back_the_same():
    request = Request(7, proof(7, 9), signed(9))
    assert parse_request(format_request(request)) == request


@given(st.binary(max_size=80))
def test_any_bytes_are_a_request_or_refused(data: bytes):
    for tail in (b"", b"\n\n" + signed(9)):
        request = parse_request(b"old " + data + tail)
        assert isinstance(request, Refusal) or format_request(request) == b"old " + data + tail


@given(st.data())
def test_a_witness_never_cosigns_two_histories(data: st.DataObject):
    state, history = WitnessState(), data.draw(st.sampled_from([LEAVES, OTHER_LEAVES]))
    for _ in range(4):
        old, new = data.draw(st.integers(0, 40)), data.draw(st.integers(0, 40))
        leaves = data.draw(st.sampled_from([LEAVES, OTHER_LEAVES]))
        request = Request(old, proof(old, new, leaves), signed(new, leaves))
        outcome = advance(state, request, Checkpoint(ORIGIN, new, root_of(leaves[:new])))
        if isinstance(outcome, WitnessState):
            if state.size > 5 and outcome.size > 5:
                assert leaves == history
            assert outcome.size >= state.size
            state, history = outcome, leaves if outcome.size > 5 else history


def test_the_state_outlives_the_witness(tmp_path: Path):
    path = tmp_path / "witness.db"
    with WitnessStore(path) as store:
        Witness(NANJING_WITNESS, LOGS, store).add_checkpoint(body(0, 7), NOON)
    with WitnessStore(path) as store:
        witness = Witness(NANJING_WITNESS, LOGS, store)
        assert witness.add_checkpoint(body(0, 9), NOON).body == b"7\n"
        assert witness.add_checkpoint(body(7, 9), NOON).status == 200


def test_of_many_requests_at_once_each_size_is_stepped_to_once(tmp_path: Path):
    stores = [WitnessStore(tmp_path / "witness.db") for _ in range(2)]  # as two processes have
    witnesses = [Witness(NANJING_WITNESS, LOGS, store) for store in stores]
    witnesses[0].add_checkpoint(body(0, 7), NOON)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda n: witnesses[n % 2].add_checkpoint(body(7, 8 + n % 8), NOON).status, range(16)))
    assert sorted(statuses) == [200] + [409] * 15
    for store in stores:
        store.__exit__(None, None, None)


def test_nothing_is_cosigned_when_the_state_cannot_be_kept(tmp_path: Path):
    path = tmp_path / "witness.db"
    with WitnessStore(path) as store:
        witness = Witness(NANJING_WITNESS, LOGS, store)
        with sqlite3.connect(path, isolation_level=None) as other:
            other.execute("DROP TABLE logs")
        with pytest.raises(UnavailableError, match="state file cannot be written"):
            witness.add_checkpoint(body(0, 7), NOON)
    with pytest.raises(UnavailableError, match="cannot be used"):
        WitnessStore(tmp_path / "no folder" / "witness.db")


def test_the_empty_state_is_the_empty_tree():
    assert WitnessState() == WitnessState(0, EMPTY_ROOT, b"")
