"""Tests of the audit with a log that another program wrote, and with each kind of corrupted copy of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing_service.errors import RecordError
from signing_service.record.audit import audit
from signing_service.record.checkpoint import Checkpoint, sign_checkpoint
from signing_service.record.export import static_files
from signing_service.record.note import sign_note
from tests.cast import ORIGIN
from tests.record import reference
from tests.record.cast import IMPOSTOR, LOG
from tests.record.logs import (
    FOREIGN,
    KEYS,
    OURS,
    audited,
    fetch_from,
    found,
    log,
    own_log,
    signed,
    tiles,
    tree_hash,
)


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 512, 1300])
@pytest.mark.parametrize("workers", [0, 4])
def test_another_programs_log_audits_clean(size: int, workers: int):
    report = audited(log(size), workers=workers)
    assert (report.verdict, report.findings) == ("PASSED", ())
    assert report.checkpoint == Checkpoint(ORIGIN, size, tree_hash(size))
    assert report.own_entries == 0


def test_our_own_log_audits_clean_and_its_chains_are_followed():
    report = audited(own_log(OURS))
    assert (report.verdict, report.own_entries) == ("PASSED", 700)


def test_what_we_export_is_what_another_program_writes():
    checkpoint = signed(1300)
    files = dict(static_files(checkpoint, lambda start, end: FOREIGN[start:end]))
    assert files == log(1300)
    assert list(files)[-1] == "checkpoint"


def test_an_export_of_a_tree_that_was_not_signed_has_no_checkpoint():
    written: list[str] = []
    with pytest.raises(RecordError, match="not those of the checkpoint of size 1000"):
        for path, _ in static_files(signed(1000), lambda start, end: [b"other"] * (end - start)):
            written.append(path)
    assert "checkpoint" not in written


def test_progress_ends_at_the_logs_size():
    steps: list[tuple[int, int]] = []
    audit(fetch_from(log()), KEYS, progress=lambda done, size: steps.append((done, size)))
    assert steps == [(256, 1300), (512, 1300), (768, 1300), (1024, 1300), (1280, 1300), (1300, 1300)]


def flipped(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


BUNDLE, EDGE_BUNDLE = "tile/entries/002", "tile/entries/005.p/20"
TILE, EDGE_TILE, TOP = "tile/0/002", "tile/0/005.p/20", "tile/1/000.p/5"
EVERY = [BUNDLE, EDGE_BUNDLE, TILE, EDGE_TILE, TOP]


@pytest.mark.parametrize("path", EVERY)
def test_a_missing_resource_is_named(path: str):
    files = log()
    del files[path]
    report = audited(files)
    assert report.verdict == "FAILED"
    assert found(report) == [(path, "is missing")]


@pytest.mark.parametrize("path", EVERY)
@pytest.mark.parametrize("cut", [0, 1, -1, -32])
def test_a_truncated_resource_is_named(path: str, cut: int):
    files = log()
    files[path] = files[path][:cut]
    report = audited(files)
    assert report.verdict == "FAILED"
    assert [(name, problem[:23]) for name, problem in found(report)] == [(path, "is truncated or altered")]


@pytest.mark.parametrize("path", EVERY)
def test_an_altered_resource_is_named_and_nothing_else_is(path: str):
    files = log()
    files[path] = flipped(files[path], 40)
    report = audited(files)
    assert report.verdict == "FAILED"
    assert [name for name, _ in found(report)] == [path]
    assert "is altered" in found(report)[0][1]


def test_an_altered_entry_is_named_by_its_index():
    files = log()
    files[BUNDLE] = files[BUNDLE].replace(FOREIGN[600], FOREIGN[600][:-1] + b"!")
    assert found(audited(files)) == [(BUNDLE, "is altered: entry 600 is not what the signed tree holds")]
    files[BUNDLE] = files[BUNDLE].replace(FOREIGN[610], FOREIGN[610][:-1] + b"!")
    assert found(audited(files))[0][1].endswith("entry 600 is not what the signed tree holds, nor are 1 more")


@pytest.mark.parametrize(
    ("one", "other"),
    [("tile/entries/001", "tile/entries/002"), ("tile/0/001", "tile/0/003")],
)
def test_swapped_resources_are_named_with_where_they_belong(one: str, other: str):
    files = log()
    files[one], files[other] = files[other], files[one]
    report = audited(files)
    assert report.verdict == "FAILED"
    assert sorted(found(report)) == [
        (one, f"is swapped: it holds what belongs to {other}"),
        (other, f"is swapped: it holds what belongs to {one}"),
    ]


def test_a_bundle_with_its_tile_rewritten_is_found_by_the_level_above():
    rewritten = [*FOREIGN[:600], b"rewritten", *FOREIGN[601:]]
    files = log()
    other = reference.write_tiles(rewritten)
    files |= {path: other[path] for path in (BUNDLE, TILE)}
    report = audited(files)
    assert [name for name, _ in found(report)] == [TOP, "checkpoint"]
    assert "its root is not that of the 1300 entries" in found(report)[1][1]


def test_a_log_rewritten_throughout_contradicts_its_signed_root():
    rewritten = [*FOREIGN[:600], b"rewritten", *FOREIGN[601:]]
    report = audited(reference.write_tiles(rewritten) | {"checkpoint": signed(1300)})
    assert report.verdict == "FAILED"
    assert found(report) == [("checkpoint", "its root is not that of the 1300 entries: altered or forked")]


def test_where_all_is_gone_but_the_level_above_the_root_still_holds():
    files = log()
    del files[BUNDLE], files[TILE]
    report = audited(files)
    assert found(report) == [(BUNDLE, "is missing"), (TILE, "is missing")]
    del files[TOP]
    report = audited(files, signed(1200))
    assert [name for name, _ in found(report)] == [BUNDLE, TILE, TOP, "checkpoint", "checkpoint"]
    assert "cannot be recomputed" in found(report)[3][1]
    assert "cannot be compared" in found(report)[4][1]


def test_a_bundle_and_a_tile_that_contradict_each_other_are_judged_by_the_root_where_no_tile_is_above():
    for path in (BUNDLE, TILE):
        files = log()
        del files[TOP]
        files[path] = flipped(files[path], 40)
        assert [name for name, _ in found(audited(files))] == [TOP, path]


def test_where_neither_is_what_was_signed_both_are_named():
    files = log()
    files[EDGE_BUNDLE] = flipped(files[EDGE_BUNDLE], 40)
    files[EDGE_TILE] = flipped(files[EDGE_TILE], 200)
    report = audited(files)
    assert found(report) == [
        (EDGE_BUNDLE, f"and {EDGE_TILE} contradict each other"),
        ("checkpoint", "its root is not that of the 1300 entries: altered or forked"),
    ]


@settings(max_examples=40)
@given(st.data())
def test_no_changed_byte_of_a_log_passes(data: st.DataObject):
    files = log(520)
    path = data.draw(st.sampled_from(sorted(files)))
    position = data.draw(st.integers(0, len(files[path]) - 1))
    report = audited(files | {path: flipped(files[path], position)})
    assert report.verdict == "FAILED"
    assert path in {name for name, _ in found(report)}


def test_a_partial_tile_may_be_gone_where_the_full_one_is_there():
    files = log()
    longer = reference.write_tiles([*FOREIGN, *FOREIGN[:236]])
    for partial, full in ((EDGE_BUNDLE, "tile/entries/005"), (EDGE_TILE, "tile/0/005")):
        del files[partial]
        files[full] = longer[full]
    report = audited(files)
    assert not [finding for finding in report.findings if not finding.open_question]


def test_an_earlier_checkpoint_that_the_log_grew_from_is_consistent():
    assert audited(log(), *(signed(size) for size in (0, 1, 255, 256, 300, 1280, 1299, 1300))).verdict == "PASSED"


def test_a_rolled_back_checkpoint_is_named():
    report = audited(log(700), signed(1300))
    assert report.verdict == "FAILED"
    assert found(report) == [("checkpoint", "rolled back: it has size 700, but an earlier one has size 1300")]


@pytest.mark.parametrize("size", [1, 256, 300, 1300])
def test_a_forked_checkpoint_is_named(size: int):
    fork = sign_checkpoint(Checkpoint(ORIGIN, size, reference.tree_hash([b"forked"])), LOG)
    report = audited(log(), fork)
    assert report.verdict == "FAILED"
    assert [path for path, _ in found(report)] == ["checkpoint"]
    assert "forked" in found(report)[0][1]


def test_an_earlier_checkpoint_of_another_log_is_refused():
    report = audited(log(), signed(300, IMPOSTOR), b"no note")
    assert [problem[:47] for _, problem in found(report)] == ["the earlier checkpoint is not this log's: note "] * 2


@pytest.mark.parametrize(("size", "beyond"), [(700, "tile/entries/002"), (768, "tile/entries/003")])
def test_a_log_that_holds_more_than_its_checkpoint_says_is_a_question(size: int, beyond: str):
    report = audited(tiles(size) | tiles(1300) | {"checkpoint": signed(size)})
    assert report.verdict == "INDETERMINATE"
    assert [path for path, _ in found(report)] == [beyond]
    assert "rolled back, or the log is being written" in found(report)[0][1]


def test_a_partial_bundle_beyond_the_checkpoint_is_a_question_too():
    report = audited(tiles(700) | tiles(710) | {"checkpoint": signed(700)})
    assert (report.verdict, found(report)[0][0]) == ("INDETERMINATE", "tile/entries/002.p/198")


def test_a_log_that_grew_while_it_was_read_is_no_question():
    answers = iter([signed(700), signed(1300)])
    files = tiles(700) | tiles(1300)

    def fetch(path: str) -> bytes:
        return next(answers) if path == "checkpoint" else fetch_from(files)(path)

    assert audit(fetch, KEYS).verdict == "PASSED"


def test_a_wrong_key_is_named_with_who_did_sign():
    report = audited(log() | {"checkpoint": signed(1300, IMPOSTOR)})
    assert (report.verdict, report.checkpoint) == ("FAILED", None)
    assert "no signature of sign.example.org" in found(report)[0][1]
    assert f"signed by sign.example.org (key id {IMPOSTOR.verifier_key.id.hex()})" in found(report)[0][1]


def test_a_checkpoint_that_is_missing_malformed_or_anothers_is_named():
    files = log()
    assert found(audited({})) == [("checkpoint", "is missing")]
    assert found(audited(files | {"checkpoint": b""}))[0][1].startswith("note has no blank line")
    padded = sign_note(signed(1300).decode().split("\n\n")[0].replace("\n1300\n", "\n01300\n") + "\n", LOG)
    assert found(audited(files | {"checkpoint": padded}))[0][1].startswith("'01300' is no size or index")
    other = sign_checkpoint(Checkpoint("other.example", 1300, tree_hash(1300)), LOG)
    assert "checkpoint is of the origin 'other.example'" in found(audited(files | {"checkpoint": other}))[0][1]
    assert audit(fetch_from(files | {"checkpoint": other}), KEYS, origin="other.example").verdict == "PASSED"


def test_a_log_that_lies_about_its_size_is_not_searched_for_ever():
    lie = sign_checkpoint(Checkpoint(ORIGIN, 2**62, tree_hash(300)), LOG)
    report = audited({"checkpoint": lie})
    assert report.verdict == "FAILED"
    assert found(report)[-1] == ("checkpoint", "more is wrong than is worth listing: the audit stopped")
