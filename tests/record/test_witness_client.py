"""Tests of the log's side of the witness protocol, against the real witness and against lying ones."""

from __future__ import annotations

import pytest

from signing_service.errors import ForkError, RecordError, UnavailableError
from signing_service.record.cosignature import Cosigner, add_cosignatures, verify_cosignatures
from signing_service.record.note import Signature
from signing_service.record.tree import root_of
from signing_service.record.witness_client import make_request, obtain_cosignature, read_cosignature
from signing_service.record.witness_store import Witness
from tests.cast import NOON
from tests.record.cast import ANDAMAN_WITNESS, NANJING_WITNESS
from tests.record.witnessed import LEAVES, OTHER_LEAVES, body, signed

KEY = NANJING_WITNESS.verifier_key


def read_hash(level: int, index: int, leaves: list[bytes] = LEAVES) -> bytes:
    return root_of(leaves[index << level : (index + 1) << level])


def read_other_hash(level: int, index: int) -> bytes:
    return read_hash(level, index, OTHER_LEAVES)


class Post:
    """Hands requests to a witness and remembers them."""

    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.sent: list[bytes] = []

    def __call__(self, request: bytes) -> tuple[int, bytes]:
        self.sent.append(request)
        answer = self.witness.add_checkpoint(request, NOON)
        return answer.status, answer.body


def test_a_cosignature_is_obtained_at_the_first_request_when_the_size_is_known(witness: Witness):
    post = Post(witness)
    for known, size in [(0, 7), (7, 9), (9, 9)]:
        line = obtain_cosignature(post, signed(size), KEY, read_hash, known)
        assert len(verify_cosignatures(add_cosignatures(signed(size), [line]), [KEY], 1)) == 1
    assert len(post.sent) == 3


@pytest.mark.parametrize("known", [0, 3, 40])
def test_a_witness_that_remembers_another_size_is_asked_again_from_there(witness: Witness, known: int):
    witness.add_checkpoint(body(0, 7), NOON)
    post = Post(witness)
    assert obtain_cosignature(post, signed(9), KEY, read_hash, known).name == KEY.name
    assert [request.split(b"\n")[0] for request in post.sent] == [b"old %d" % min(known, 9), b"old 7"]


def test_a_log_restored_from_an_old_copy_learns_it_from_the_witness(witness: Witness):
    witness.add_checkpoint(body(0, 9), NOON)
    with pytest.raises(ForkError, match="cosigned size 9, this checkpoint has size 7") as raised:
        obtain_cosignature(Post(witness), signed(7), KEY, read_hash)
    assert "restored from an old copy" in raised.value.hint


def test_a_forked_log_learns_it_from_the_witness(witness: Witness):
    witness.add_checkpoint(body(0, 9), NOON)
    with pytest.raises(ForkError, match="cosigned another root for size 9"):
        obtain_cosignature(Post(witness), signed(9, OTHER_LEAVES), KEY, read_other_hash, 9)
    with pytest.raises(ForkError, match=r"does not grow from what log witness witness\.njupt\.example cosigned"):
        obtain_cosignature(Post(witness), signed(12, OTHER_LEAVES), KEY, read_other_hash, 9)


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (500, b"out of order", "answers 500: out of order"),
        (403, b"unknown\xff", "answers 403"),
        (409, b"", "without a size"),
        (409, b"\xff\n", "without a size"),
        (409, b"07\n", "without a size"),
    ],
)
def test_a_witness_that_does_not_help_may_do_so_later(status: int, answer: bytes, said: str):
    with pytest.raises(UnavailableError, match=said):
        obtain_cosignature(lambda _: (status, answer), signed(7), KEY, read_hash)


def test_a_witness_that_keeps_naming_other_sizes_is_not_asked_for_ever():
    sizes = iter([b"3\n", b"5\n"])
    with pytest.raises(UnavailableError, match="answers 409"):
        obtain_cosignature(lambda _: (409, next(sizes)), signed(7), KEY, read_hash)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"no line",
        b"\xff\n",
        ANDAMAN_WITNESS.cosign(signed(7), NOON).format().encode(),
        NANJING_WITNESS.cosign(signed(9), NOON).format().encode(),
        Cosigner(KEY.name, ANDAMAN_WITNESS.private_key).cosign(signed(7), NOON).format().encode(),
        Signature(KEY.name, KEY.id, bytes(72)).format().encode(),
    ],
)
def test_an_answer_without_a_good_cosignature_is_refused(answer: bytes):
    with pytest.raises(RecordError):
        obtain_cosignature(lambda _: (200, answer), signed(7), KEY, read_hash)


def test_other_lines_in_an_answer_are_left_aside():
    own = NANJING_WITNESS.cosign(signed(7), NOON)
    answer = ANDAMAN_WITNESS.cosign(signed(9), NOON).format() + own.format()
    assert read_cosignature(signed(7), answer.encode(), KEY) == own


def test_a_request_for_an_offline_witness_is_a_file_that_it_takes(witness: Witness):
    witness.add_checkpoint(make_request(signed(7), 0, read_hash), NOON)
    answer = witness.add_checkpoint(make_request(signed(9), 7, read_hash), NOON)
    assert read_cosignature(signed(9), answer.body, KEY).name == KEY.name
    with pytest.raises(RecordError, match="no consistency proof"):
        make_request(signed(7), 9, read_hash)
