"""Tests of record/note.py and checkpoint.py against C2SP signed-note and tlog-checkpoint."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing_service.errors import FormatError, LimitError, RecordError
from signing_service.record.checkpoint import (
    Checkpoint,
    format_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
    verify_checkpoint,
)
from signing_service.record.note import (
    ED25519,
    MAX_NOTE,
    Note,
    Signature,
    VerifierKey,
    format_secret_key,
    format_verifier_key,
    parse_note,
    parse_secret_key,
    parse_verifier_key,
    sign_note,
    verify_note,
)
from signing_service.record.tree import EMPTY_ROOT, leaf_hash
from tests.record.cast import IMPOSTOR, LOG, NANJING_WITNESS

# The documentation of Go's golang.org/x/mod/sumdb/note, and the Go checksum database's public key.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SUMDB = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
PETERS_NOTE = """\
If you think cryptography is the answer to your problem,
then you don't know what your problem is.

\N{EM DASH} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
"""
ROOT = leaf_hash(b"the only entry")
CHECKPOINT = Checkpoint(LOG.name, 1, ROOT)
SIGNED = sign_checkpoint(CHECKPOINT, LOG)
KEY = LOG.verifier_key


def unknown(number: int) -> Signature:
    return Signature(f"witness-{number}.example", number.to_bytes(4, "big"), bytes(64))


def test_a_note_that_go_signed_verifies():
    note = verify_note(PETERS_NOTE.encode(), [parse_verifier_key(PETER)])
    assert note.text.startswith("If you think cryptography")


@pytest.mark.parametrize("vkey", [PETER, SUMDB, str(KEY), str(NANJING_WITNESS.verifier_key)])
def test_a_verifier_key_reads_back_the_same(vkey: str):
    assert format_verifier_key(parse_verifier_key(vkey)) == vkey


@pytest.mark.parametrize(
    ("vkey", "reason"),
    [
        ("", "not of the form"),
        ("sum.golang.org+033de0ae", "not of the form"),
        (SUMDB.replace("033de0ae", "033de0af"), "does not have the id 033de0af"),
        (SUMDB.replace("033de0ae", "033DE0AE"), "does not have the id"),
        (SUMDB.replace("sum.golang.org", "sum.golang.com"), "does not have the id"),
        (SUMDB.replace("sum.", "sum "), "cannot be a key's name"),
        (SUMDB[:-4], "32 bytes|needed"),
        (SUMDB + "=", "not base64|not canonical"),
        ("name+00000000+" + base64.b64encode(b"\x02" + bytes(32)).decode(), "signature type 02"),
        ("name+00000000+", "signature type none"),
    ],
)
def test_a_wrong_verifier_key_is_refused(vkey: str, reason: str):
    with pytest.raises(FormatError, match=reason):
        parse_verifier_key(vkey)


def test_a_secret_key_reads_back_the_same():
    text = format_secret_key(LOG.name, ED25519, LOG.private_key)
    name, key_type, private_key = parse_secret_key(text)
    assert format_secret_key(name, key_type, private_key) == text
    assert VerifierKey(name, key_type, private_key.public_key().public_bytes_raw()) == KEY


@pytest.mark.parametrize("change", [lambda text: text[12:], lambda text: text.replace(LOG.name, "other.example")])
def test_a_wrong_secret_key_is_refused(change):
    with pytest.raises(FormatError, match="secret key"):
        parse_secret_key(change(format_secret_key(LOG.name, ED25519, LOG.private_key)))


def test_a_note_reads_back_the_same():
    assert parse_note(SIGNED).format() == SIGNED
    assert parse_note(PETERS_NOTE.encode()).format() == PETERS_NOTE.encode()


@given(st.text(alphabet="ab \n\u00e9\u2014+", max_size=30), st.integers(1, 3))
def test_any_text_is_signed_and_verified_or_refused(text: str, signers: int):
    try:
        note = sign_note(text, *(LOG, IMPOSTOR, LOG)[:signers])
    except FormatError:
        assert not text.endswith("\n")
        return
    assert verify_note(note, [KEY]).text == text


@given(st.binary(max_size=60) | st.text(alphabet="\n— ab+=", max_size=60).map(str.encode))
def test_any_bytes_are_a_note_or_refused(data: bytes):
    try:
        note = parse_note(data)
    except FormatError:
        return
    assert note.format() == data


def test_the_last_blank_line_ends_the_text():
    text = "origin\n\n\N{EM DASH} not a signature\n\n\n"
    assert verify_note(sign_note(text, LOG), [KEY]).text == text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no blank line"),
        (b"text\n", "no blank line"),
        (b"text\n\n", "no signature"),
        (SIGNED[:-1], "does not end in a line feed"),
        (SIGNED.replace(b"\n\n", b"\n"), "no blank line"),
        (SIGNED.replace(b"\n", b"\r\n"), "control character"),
        (SIGNED + b"\x00\n", "control character"),
        (SIGNED + b"\xff\n", "not UTF-8"),
        (SIGNED + b"no signature\n", "is no signature line"),
        (SIGNED + b"- sign.example.org AAAAAAAA\n", "is no signature line"),
        (SIGNED + "— sign.example.org\n".encode(), "is no signature line"),
        (SIGNED + "—  AAAAAAAA\n".encode(), "cannot be a key's name"),
        (SIGNED + "— a+b AAAAAAAA\n".encode(), "cannot be a key's name"),
        (SIGNED + "— a\u3000b AAAAAAAA\n".encode(), "cannot be a key's name"),
        (SIGNED + "— a AAAAAA==\n".encode(), "too short"),
        (SIGNED + "— a AAAAAAA\n".encode(), "not base64"),
        (SIGNED + "— a AAAAAAB=\n".encode(), "not canonical"),
        (SIGNED + "— a AAAA AAAA\n".encode(), "not base64"),
    ],
)
def test_a_malformed_note_is_refused(data: bytes, reason: str):
    with pytest.raises(FormatError, match=reason):
        parse_note(data)


def test_a_note_beyond_its_limits_is_refused():
    with pytest.raises(LimitError, match="larger than"):
        parse_note(b"a" * MAX_NOTE + b"\n\n")
    with pytest.raises(LimitError, match="more than 100 signatures"):
        parse_note(parse_note(SIGNED).with_signatures(unknown(n) for n in range(100)).format())


def test_a_text_that_does_not_end_in_a_line_feed_cannot_be_signed():
    with pytest.raises(FormatError):
        sign_note("no line feed", LOG)


def test_signatures_of_unknown_keys_are_ignored_even_sixteen_of_them():
    note = Note(parse_note(SIGNED).text, tuple(unknown(n) for n in range(16))).with_signatures(
        parse_note(SIGNED).signatures
    )
    assert len(verify_note(note.format(), [KEY]).signatures) == 17


def test_a_key_that_shares_only_the_name_or_only_the_id_is_unknown():
    same_name = Signature(LOG.name, b"\x00\x00\x00\x00", bytes(64))
    same_id = Signature("other.example", KEY.id, bytes(64))
    note = parse_note(SIGNED).with_signatures([same_name, same_id])
    verify_note(note.format(), [KEY])
    with pytest.raises(RecordError, match=r"no signature of sign\.example\.org"):
        verify_note(Note(note.text, (same_name, same_id)).format(), [KEY])


def test_a_bad_signature_of_a_known_key_spoils_the_note():
    bad = Signature(LOG.name, KEY.id, bytes(64))
    for signatures in ((bad,), (*parse_note(SIGNED).signatures, bad), (bad, *parse_note(SIGNED).signatures)):
        with pytest.raises(RecordError, match=r"signature of sign\.example\.org is wrong"):
            verify_note(Note(parse_note(SIGNED).text, signatures).format(), [KEY])


@pytest.mark.parametrize("length", [0, 1, 63, 65])
def test_a_signature_of_another_length_is_wrong(length: int):
    signature = Signature(LOG.name, KEY.id, bytes(length) or b"\x00")
    with pytest.raises(RecordError, match="is wrong"):
        verify_note(Note(parse_note(SIGNED).text, (signature,)).format(), [KEY])


def test_another_key_of_the_same_name_is_not_the_logs():
    with pytest.raises(RecordError, match=r"no signature of sign\.example\.org"):
        verify_note(SIGNED, [IMPOSTOR.verifier_key])


def test_no_key_verifies_no_note():
    with pytest.raises(RecordError, match="no signature of nobody"):
        verify_note(SIGNED, [])


def test_a_checkpoint_reads_back_the_same():
    for checkpoint in (
        CHECKPOINT,
        Checkpoint("a b", 0, EMPTY_ROOT),
        Checkpoint("x", 2**63 - 1, ROOT, ("more", "lines")),
    ):
        assert parse_checkpoint(format_checkpoint(checkpoint)) == checkpoint


def test_the_specifications_example_reads():
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    checkpoint = parse_checkpoint(text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert format_checkpoint(checkpoint) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "\n", "origin\n", "origin\n1\n", "origin\n1\nAAAA\n", "\n1\n{root}\n", "origin\n\n{root}\n",
        "origin\n01\n{root}\n",
        "origin\n+1\n{root}\n", "origin\n-1\n{root}\n", "origin\n 1\n{root}\n", "origin\n1_0\n{root}\n",
        "origin\n٣\n{root}\n",
        "origin\n9223372036854775808\n{root}\n", "origin\n99999999999999999999\n{root}\n", "origin\n1\n{root}",
        "origin\n1\n{root} \n",
        "origin\n1\n{root}\n\n", "origin\n1\n{root}\n\nextension\n", "origin\n1\n{url}\n",
    ],
)  # fmt: skip
def test_a_malformed_checkpoint_is_refused(text: str):
    encoded = base64.b64encode(b"\xff" * 32).decode()
    url = base64.urlsafe_b64encode(b"\xff" * 32).decode()
    with pytest.raises(FormatError):
        parse_checkpoint(text.replace("{root}", encoded).replace("{url}", url))


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint("", 1, ROOT),
        Checkpoint("a\nb", 1, ROOT),
        Checkpoint("a", -1, ROOT),
        Checkpoint("a", 1, ROOT[:-1]),
        Checkpoint("a", 1, ROOT, ("",)),
        Checkpoint("a", 1, ROOT, ("b\nc",)),
    ],
)
def test_a_checkpoint_that_would_not_read_back_is_not_written(checkpoint: Checkpoint):
    with pytest.raises(FormatError):
        format_checkpoint(checkpoint)


def test_a_signed_checkpoint_verifies_by_the_logs_key_only():
    assert verify_checkpoint(SIGNED, KEY) == CHECKPOINT
    assert verify_checkpoint(SIGNED, [KEY, IMPOSTOR.verifier_key]) == CHECKPOINT
    with pytest.raises(RecordError):
        verify_checkpoint(SIGNED, IMPOSTOR.verifier_key)


def test_a_checkpoint_of_another_log_is_refused_even_under_the_right_key():
    other = sign_checkpoint(Checkpoint("other.example", 1, ROOT), LOG)
    with pytest.raises(RecordError, match=r"of the origin 'other\.example', not of 'sign\.example\.org'"):
        verify_checkpoint(other, KEY)
    assert verify_checkpoint(other, KEY, "other.example").origin == "other.example"


def test_an_empty_tree_has_only_one_root():
    assert verify_checkpoint(sign_checkpoint(Checkpoint(LOG.name, 0, EMPTY_ROOT), LOG), KEY).size == 0
    with pytest.raises(RecordError, match="empty tree"):
        verify_checkpoint(sign_checkpoint(Checkpoint(LOG.name, 0, ROOT), LOG), KEY)
