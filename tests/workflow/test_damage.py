"""What a disk or a hand changed in the database is never built upon: not signed, not timestamped, not proven."""

from __future__ import annotations

import contextlib
import logging
import re
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from signing_service.encoding import parse_canonical_json, sha256_hex
from signing_service.errors import DamagedError
from signing_service.record.entry import make_event_and_entry, parse_entry
from signing_service.store import acts, agreements, attempts
from signing_service.store.backup import backup
from signing_service.store.tables import Entry, Event, Node, Revision
from signing_service.verify.verdict import Verdict
from signing_service.workflow.download import evidence
from signing_service.workflow.prefixes import Prefixes
from signing_service.workflow.receipts import own_receipt
from signing_service.workflow.worker import work_once
from tests.cast import ALES, LIN, SOMCHAI
from tests.workflow.generations import IN_2034, renewed, rotate_to, sign_everything
from tests.workflow.judging import verify_evidence
from tests.workflow.world import World

Damage = Callable[[World], None]


@pytest.fixture
def database_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """SQLite alone: what is under test is what is read."""
    shutil.copyfile(migrated_sqlite, tmp_path / "service.db")
    return f"sqlite:///{tmp_path}/service.db"


def change_a_digit(delta: bytes) -> bytes:
    """Another digit within the signature's value: still a PDF, still hexadecimal."""
    place = delta.index(b"/Contents <") + 900
    return delta[:place] + (b"1" if delta[place : place + 1] == b"0" else b"0") + delta[place + 1 :]


def rot(world: World, number: int = 1) -> None:
    """Change one byte of a stored revision, and forget what the process had read of it before."""
    of = (Revision.agreement == world.agreement, Revision.number == number)
    with world.service.database.begin() as session:
        delta = session.scalars(select(Revision.delta).where(*of)).one()
        session.execute(update(Revision).where(*of).values(delta=change_a_digit(delta)))
    world.service = replace(world.service, prefixes=Prefixes())


def rot_with_its_digests(world: World, number: int = 1) -> None:
    """As a hand would: the digests beside the revisions fit the changed bytes."""
    rot(world, number)
    with world.service.database.begin() as session:
        for end in agreements.ends(session, world.agreement)[number:]:
            digest = sha256_hex(agreements.read_pdf(session, world.agreement, end.number))
            of = (Revision.agreement == world.agreement, Revision.number == end.number)
            session.execute(update(Revision).where(*of).values(sha256=digest))


def length(world: World) -> int:
    with world.service.database.read() as session:
        return agreements.newest_end(session, world.agreement).number


def test_nobody_signs_on_bytes_that_are_not_those_that_were_stored(world: World) -> None:
    world.publish()
    world.sign(LIN)
    signing = world.signing(SOMCHAI)
    rot(world)
    with pytest.raises(DamagedError, match="holds other bytes of agreement"):
        signing.approve()
    assert length(world) == 1


def test_who_prepared_before_the_damage_is_not_stored_after_it(world: World) -> None:
    world.publish()
    world.sign(LIN)
    signing = world.signing(SOMCHAI)
    signing.approve()
    rot(world)
    with pytest.raises(DamagedError):
        signing.complete()
    assert length(world) == 1


def test_a_process_that_begins_anew_signs_on_sound_bytes(world: World) -> None:
    """The control: what is read again is the same, and all of it verifies."""
    world.publish()
    world.sign(LIN)
    world.service = replace(world.service, prefixes=Prefixes())
    world.sign(SOMCHAI)
    world.service = replace(world.service, prefixes=Prefixes())
    world.sign(ALES)
    world.countersign()
    world.archive()
    assert verify_evidence(evidence(world.service, world.officer, world.agreement)[1], world).verdict is Verdict.PASSED


@pytest.mark.parametrize("damage", [rot, rot_with_its_digests])
def test_no_renewal_covers_bytes_that_are_not_those_in_the_record(world: World, damage: Damage) -> None:
    sign_everything(world)
    rotate_to(world, IN_2034, "timestamp")
    damage(world)
    with pytest.raises(DamagedError):
        renewed(world)
    assert length(world) == 5


def forge_the_entry_too(world: World) -> None:
    """Revisions, digests, event and entry fit each other: only the tree, and so the guard, knows better."""
    rot_with_its_digests(world)
    with world.service.database.begin() as session:
        index = acts.archive_timestamps(session, world.agreement)[-1].entry_index
        event, entry = session.get_one(Event, index), session.get_one(Entry, index)
        digest = agreements.newest_end(session, world.agreement).sha256
        forged = {**parse_canonical_json(event.event or b""), "pdf_sha256": digest}
        event.event, entry.data = make_event_and_entry(forged, event.salt or b"", parse_entry(entry.data).previous)


def test_no_renewal_rests_on_an_entry_that_the_guard_does_not_vouch_for(world: World) -> None:
    sign_everything(world)
    rotate_to(world, IN_2034, "timestamp")
    forge_the_entry_too(world)
    with pytest.raises(DamagedError, match=r"is not the one in the record: .*inclusion"):
        renewed(world)


def test_no_renewal_covers_bytes_whose_event_was_taken_away(world: World) -> None:
    sign_everything(world)
    rotate_to(world, IN_2034, "timestamp")
    rot_with_its_digests(world)
    with world.service.database.begin() as session:
        event = session.get_one(Event, acts.archive_timestamps(session, world.agreement)[-1].entry_index)
        event.event = event.salt = None
    with pytest.raises(DamagedError, match="its event is not there any more"):
        renewed(world)


def test_no_renewal_is_fooled_by_an_event_that_its_entry_does_not_open(world: World) -> None:
    sign_everything(world)
    rotate_to(world, IN_2034, "timestamp")
    with world.service.database.begin() as session:
        sound = acts.archive_timestamps(session, world.agreement)[-1].entry_index
        entry = session.get_one(Entry, sound).data
    forge_the_entry_too(world)
    with world.service.database.begin() as session:
        session.get_one(Entry, sound).data = entry
    with pytest.raises(DamagedError, match=r"is not the one in the record: .*commits"):
        renewed(world)


def test_a_receipt_is_never_made_of_a_damaged_tree(world: World) -> None:
    world.publish()
    world.sign(LIN)
    with world.service.database.begin() as session:
        signature = acts.signature(session, world.agreement, LIN.signer)
        assert signature is not None
        kept = attempts.find(session, signature.attempt or "").receipt
        attempts.change(session, signature.attempt or "", receipt=None)
        nodes = list(session.scalars(select(Node)))
        sound = [node.hash for node in nodes]
        for node in nodes:
            node.hash = bytes(32)
    with pytest.raises(DamagedError, match="the record is damaged at entry"):
        own_receipt(world.service, world.ids[LIN], world.agreement, LIN.signer)
    with world.service.database.begin() as session:
        for node, value in zip(session.scalars(select(Node)), sound, strict=True):
            node.hash = value
    assert own_receipt(world.service, world.ids[LIN], world.agreement, LIN.signer) == kept


def test_a_damaged_agreement_holds_up_no_other_work_and_is_tried_again_an_hour_later(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.publish()
    for person in (LIN, SOMCHAI, ALES):
        world.sign(person)
    world.countersign()
    rot(world)
    with caplog.at_level(logging.ERROR):
        assert [work_once(world.service)[1] for _ in range(3)] == [True] * 3
        assert caplog.text.count("it is tried again later") == 1
        world.clock.forward(hours=1)
        work_once(world.service)
    assert caplog.text.count("it is tried again later") == 2


def test_the_bytes_of_an_earlier_backup_bring_the_document_back(world: World, tmp_path: Path) -> None:
    """By the very words of docs/operations.md."""
    world.publish()
    world.sign(LIN)
    backup(world.service.database, tmp_path / "monday.signing")
    rot(world)
    words = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    attach, repair = re.findall(r"`((?:ATTACH|UPDATE)[^`]*)`", words)
    with contextlib.closing(sqlite3.connect(tmp_path / "service.db", isolation_level=None)) as connection:
        connection.execute(attach.replace("/backup/monday.signing", str(tmp_path / "monday.signing")))
        connection.execute(repair.replace("= '…'", f"= '{world.agreement}'").replace("<= …", "<= 1"))
    world.sign(SOMCHAI)
    assert length(world) == 2
