from __future__ import annotations

import functools
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from signing_service.encoding import parse_canonical_json
from signing_service.errors import FormatError, NotFoundError, RecordError
from signing_service.record.entry import parse_entry, verify_opening, verify_sequence
from signing_service.record.tiles import Tile, decode_entries, decode_tile
from signing_service.record.tree import (
    Frontier,
    ReadHash,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from signing_service.store import ledger, openings
from signing_service.store.database import Database
from signing_service.store.ledger import read_frontier, split_hashes
from signing_service.store.tree import frontier_at, hash_reader, hashes_for, read_entries, read_tile
from tests.cast import NOON
from tests.store.world import AGREEMENT, OTHER_AGREEMENT, add_events


def test_an_event_is_committed_to_by_its_entry(database: Database):
    with database.begin() as session:
        appended = ledger.append(session, AGREEMENT, "refusal", {"signer": "andaman:president"}, NOON)

    verify_opening(appended.entry, appended.event, appended.salt)
    assert parse_canonical_json(appended.event) == {
        "v": 1,
        "type": "refusal",
        "scope": AGREEMENT,
        "sequence": 0,
        "time": "2025-04-11T04:00:00Z",
        "signer": "andaman:president",
    }


def test_each_scope_counts_and_chains_its_own_entries(database: Database):
    with database.begin() as session:
        for scope in (AGREEMENT, "service", AGREEMENT, OTHER_AGREEMENT, AGREEMENT, "service"):
            ledger.append(session, scope, "release", {}, NOON)

    with database.read() as session:
        for scope, count in ((AGREEMENT, 3), ("service", 2), (OTHER_AGREEMENT, 1)):
            entries = [opening.entry for opening in openings.of_scope(session, scope)]
            verify_sequence(entries)
            assert [parse_entry(entry).sequence for entry in entries] == list(range(count))


def test_indices_are_contiguous_over_all_scopes_and_transactions(database: Database):
    indices = []
    for scope in (AGREEMENT, "service", OTHER_AGREEMENT):
        with database.begin() as session:
            indices += [appended.index for appended in add_events(session, 2, scope)]

    assert indices == list(range(6))


def test_a_rolled_back_act_leaves_no_gap(database: Database):
    with database.begin() as session:
        add_events(session, 1)
    with pytest.raises(ZeroDivisionError), database.begin() as session:
        add_events(session, 3)
        _ = 1 / 0
    with database.begin() as session:
        appended = ledger.append(session, AGREEMENT, "release", {}, NOON)

    assert (appended.index, appended.sequence) == (1, 1)
    with database.read() as session:
        assert read_frontier(session) == frontier_at(session, 2)


@pytest.mark.parametrize("member", ["v", "type", "scope", "sequence", "time"])
def test_an_events_own_members_cannot_be_given(database: Database, member: str):
    with pytest.raises(FormatError, match="cannot name"), database.begin() as session:
        ledger.append(session, AGREEMENT, "refusal", {member: 7}, NOON)


def test_an_event_that_has_no_canonical_form_is_refused(database: Database):
    with pytest.raises(FormatError), database.begin() as session:
        ledger.append(session, AGREEMENT, "refusal", {"share": 0.5}, NOON)


def test_a_scope_that_is_neither_an_agreement_nor_the_service_is_refused(database: Database):
    with pytest.raises(FormatError, match="scope"), database.begin() as session:
        ledger.append(session, "somebody", "refusal", {}, NOON)


def test_a_database_without_a_ledger_says_so(database: Database):
    with database.connect() as connection:
        connection.execute(text("DELETE FROM log_state"))

    with pytest.raises(RecordError, match="no ledger"), database.begin() as session:
        add_events(session, 1)


def test_two_entries_of_one_index_or_one_sequence_cannot_be_stored(database: Database):
    with database.begin() as session:
        add_events(session, 2)
    insert = 'INSERT INTO entries ("index", scope, sequence, data) VALUES '
    for values in ("(1, 'service', 7, :data)", f"(7, '{AGREEMENT}', 1, :data)"):
        with pytest.raises(IntegrityError), database.connect() as connection:
            connection.execute(text(insert + values), {"data": b"{}"})


def test_the_stored_tree_is_that_of_its_entries_at_every_size(database: Database):
    with database.begin() as session:
        leaves = [leaf_hash(appended.entry) for appended in add_events(session, 70)]

    with database.read() as session:
        for size in range(71):
            assert frontier_at(session, size) == Frontier().extend(leaves[:size])
        assert read_frontier(session).root() == root_of(leaves)


def test_every_entry_has_an_inclusion_proof_and_every_size_a_consistency_proof(database: Database):
    with database.begin() as session:
        leaves = [leaf_hash(appended.entry) for appended in add_events(session, 21)]

    with database.read() as session:
        read_hash = hash_reader(session)
        for size in range(1, 22):
            root = frontier_at(session, size).root()
            for index in range(size):
                verify_inclusion(index, size, leaves[index], inclusion_proof(index, size, read_hash), root)
            whole = root_of(leaves)
            verify_consistency(size, 21, root, whole, consistency_proof(size, 21, read_hash))


def test_the_hashes_of_many_proofs_are_read_together(database: Database):
    with database.begin() as session:
        leaves = [leaf_hash(appended.entry) for appended in add_events(session, 21)]

    with database.read() as session:
        for size in range(1, 22):
            read_hash = hashes_for(session, functools.partial(proofs, size))
            for index, proof in enumerate(proofs(size, read_hash)):
                verify_inclusion(index, size, leaves[index], proof, root_of(leaves[:size]))
        with pytest.raises(RecordError, match="lacks the hash 10 of level 1"):
            hashes_for(session, lambda read: proofs(22, read))


def proofs(size: int, read_hash: ReadHash) -> list[list[bytes]]:
    return [inclusion_proof(index, size, read_hash) for index in range(size)]


def test_what_is_beyond_the_record_cannot_be_read(database: Database):
    with database.begin() as session:
        add_events(session, 5)

    with database.read() as session:
        for size in (6, 8, 100):
            with pytest.raises(RecordError):
                frontier_at(session, size)
        with pytest.raises(RecordError, match="lacks the hash 1 of level 2"):
            hash_reader(session)(2, 1)
        with pytest.raises(RecordError, match="does not hold all entries"):
            read_entries(session, 3, 6)
        for tile in (Tile(0, 0, 6), Tile(1, 0, 1), Tile(None, 0, 6), Tile(None, 1, 1)):
            with pytest.raises(NotFoundError, match="has no tile"):
                read_tile(session, tile, 5)


def test_tiles_and_entry_bundles_hold_the_records_hashes_and_entries(database: Database):
    with database.begin() as session:
        entries = [appended.entry for appended in add_events(session, 515)]

    leaves = [leaf_hash(entry) for entry in entries]
    with database.read() as session:
        assert decode_tile(read_tile(session, Tile(0, 2, 3), 515), 3) == leaves[512:]
        assert decode_tile(read_tile(session, Tile(1, 0, 2), 515), 2) == [
            root_of(leaves[:256]),
            root_of(leaves[256:512]),
        ]
        assert decode_entries(read_tile(session, Tile(None, 1), 515), 256) == entries[256:512]


def test_writers_at_once_make_one_record_without_gap_or_double(open_database: Callable[..., Database]):
    databases = [open_database() for _ in range(4)]
    scopes = [AGREEMENT, OTHER_AGREEMENT, "service", AGREEMENT]

    def write(database: Database, scope: str) -> None:
        for _ in range(10):
            with database.begin() as session:
                add_events(session, 1, scope)

    threads = [threading.Thread(target=write, args=pair) for pair in zip(databases, scopes, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with databases[0].read() as session:
        entries = read_entries(session, 0, 40)
        assert read_frontier(session) == Frontier().extend(map(leaf_hash, entries))
        assert [len(openings.of_scope(session, scope)) for scope in scopes[:3]] == [20, 10, 10]
        verify_sequence(opening.entry for opening in openings.of_scope(session, AGREEMENT))


def test_openings_are_found_by_scope_type_and_index(database: Database):
    with database.begin() as session:
        ledger.append(session, "service", "release", {"version": "1.0"}, NOON)
        ledger.append(session, AGREEMENT, "publication", {}, NOON)
        ledger.append(session, AGREEMENT, "refusal", {"signer": "tonle:president"}, NOON)

    with database.read() as session:
        assert [opening.type for opening in openings.of_scope(session, AGREEMENT)] == ["publication", "refusal"]
        assert [opening.type for opening in openings.of_scope(session, AGREEMENT, size=2)] == ["publication"]
        assert [opening.index for opening in openings.of_type(session, AGREEMENT, "refusal", "signature")] == [2]
        assert [opening.scope for opening in openings.by_index(session, [2, 0])] == ["service", AGREEMENT]
        with pytest.raises(NotFoundError):
            openings.by_index(session, [0, 3])


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=64))
def test_hashes_are_joined_and_split_again(hashes: list[bytes]):
    assert split_hashes(b"".join(hashes)) == tuple(hashes)
