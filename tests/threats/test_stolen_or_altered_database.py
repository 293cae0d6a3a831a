"""Whoever steals the database finds nothing that signs; whoever alters its rows moves the service to nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text, update

from signing_service.errors import ApprovalError, ForkError, SigningServiceError
from signing_service.evidence.trust import TrustedOfficer, format_trust_file, parse_trust_file
from signing_service.store import installation, ledger
from signing_service.store.tables import Base, Credential, Enrolment, Mandate, Person
from signing_service.verify.trust import read_trust
from signing_service.verify.verifier import verify_bundle
from signing_service.workflow.codes import begin_codes
from signing_service.workflow.download import evidence, trust_file
from signing_service.workflow.enrolment import accept_invitation, sign_in_link
from signing_service.workflow.login import session_person
from tests.cast import LIN, PASSPHRASE, PASSWORD, SOMCHAI
from tests.workflow.devices import Devices, asking_for_passkeys
from tests.workflow.world import World

BROWSER = {"address": "192.0.2.7", "agent": "Firefox"}


@pytest.fixture
def devices(world: World) -> Devices:
    return Devices.in_(asking_for_passkeys(world))


def everything_stored(world: World) -> bytes:
    """All values of all rows, one after another."""
    with world.service.database.read() as session:
        found = []
        for table in Base.metadata.sorted_tables:
            for row in session.execute(table.select()):
                found += [value if isinstance(value, bytes) else str(value).encode() for value in row]
    return b"\n".join(found)


def test_the_database_holds_no_key_no_password_no_seed_and_no_token(devices: Devices):
    world = devices.world
    link = sign_in_link(world.service, world.ids[SOMCHAI])
    uri = begin_codes(world.service, world.ids[SOMCHAI])
    devices.confirm(devices.enrol(LIN))
    devices.sign(LIN)

    stored = everything_stored(world)

    assert LIN.email.encode() in stored  # the search finds what is there
    assert b"PRIVATE KEY" not in stored
    assert world.service.keys.record_signer().private_bytes_raw() not in stored
    for passkey in (*devices.device(world.ids[LIN]).passkeys, *devices.device(world.officer).passkeys):
        assert passkey.cose_key in stored
        assert passkey.key.private_numbers().private_value.to_bytes(32, "big") not in stored
    for secret in (PASSWORD, PASSPHRASE, uri.partition("secret=")[2].partition("&")[0]):
        assert secret.encode() not in stored
    assert link.partition("#")[2].encode() not in stored


def test_a_row_that_says_confirmed_confirms_nothing(devices: Devices):
    world = devices.world
    enrolled = devices.enrol(LIN)
    with world.service.database.begin() as session:
        session.execute(update(Enrolment).where(Enrolment.id == enrolled.id).values(state="confirmed"))
    signing = world.signing(LIN)

    with pytest.raises(ApprovalError, match="no officer confirmed"):
        devices.approve(signing)


def test_a_key_exchanged_in_a_row_approves_nothing(devices: Devices):
    world = devices.world
    devices.confirm(devices.enrol(LIN))
    mine = devices.device("operator")
    mine.create({"rp": {"id": "sign.example.org"}, "user": {"id": ""}, "challenge": ""})
    passkey = mine.passkeys[0]
    with world.service.database.begin() as session:
        changed = update(Credential).where(Credential.person == world.ids[LIN])
        session.execute(changed.values(key=passkey.cose_key, credential_id=passkey.id))

    with pytest.raises(ApprovalError, match="not enrolled"):
        devices.approve(world.signing(LIN), mine, allowCredentials=[])


def test_a_row_of_another_confirmation_confirms_nothing(devices: Devices):
    world = devices.world
    somchai, lin = devices.enrol(SOMCHAI), devices.enrol(LIN)
    devices.confirm(somchai)
    with world.service.database.begin() as session:
        other = session.get_one(Enrolment, somchai.id)
        index, other.confirmation_index = other.confirmation_index, None
        session.flush()
        row = session.get_one(Enrolment, lin.id)
        row.state, row.confirmation_index = "confirmed", index

    with pytest.raises(ApprovalError, match="no officer confirmed"):
        devices.approve(world.signing(LIN))


def test_a_mandate_given_in_a_row_is_not_one_in_the_record(devices: Devices):
    world = devices.world
    devices.confirm(devices.enrol(LIN))
    with world.service.database.begin() as session:
        given = update(Mandate).where(Mandate.agreement == world.agreement, Mandate.signer == LIN.signer)
        session.execute(given.values(digest="0" * 64, json=b"{}"))

    with pytest.raises(SigningServiceError):
        devices.approve(world.signing(LIN))


def test_an_officer_written_into_the_stored_trust_file_counts_for_no_auditor(devices: Devices):
    """The service believes its own database here; the auditor's trust file does not know that officer."""
    world = devices.world
    auditors = trust_file(world.service)
    rogue = devices.device("operator")
    options = {"rp": {"id": "sign.example.org"}, "user": {"id": ""}, "challenge": ""}
    rogue.create(options)
    with world.service.database.begin() as session:
        trusted = parse_trust_file(auditors)
        [officer] = trusted.officers
        false = TrustedOfficer(officer.id, officer.name, (rogue.passkeys[0].cose_key,))
        object.__setattr__(trusted, "officers", (false,))
        installation.replace_trust_file(session, format_trust_file(trusted))
        mine = update(Credential).where(Credential.person == world.officer)
        session.execute(mine.values(key=rogue.passkeys[0].cose_key, credential_id=rogue.passkeys[0].id))
    devices.of[world.officer] = rogue
    devices.confirm(devices.enrol(LIN))
    devices.sign(LIN)

    _, bundle = evidence(world.service, world.officer, world.agreement)
    report = verify_bundle(bundle, read_trust([auditors]), world.clock.now)

    assert report.exit_code == 1
    assert any("not one of officer" in check.message for check in report.problems)


def test_a_mailbox_opens_the_invitation_and_signs_nothing(devices: Devices):
    """An invitation alone: a thief of the mail may come in and enrol, and still needs an officer to confirm."""
    world = devices.world
    token = sign_in_link(world.service, world.ids[LIN]).partition("#")[2]
    session = accept_invitation(world.service, token, None, with_passkey=True, **BROWSER)
    thief = session_person(world.service, session)
    assert thief is not None
    assert thief.person_id == world.ids[LIN]
    with pytest.raises(SigningServiceError, match="you need an approval passkey"):
        world.signing(LIN)
    devices.enrol(LIN)
    with pytest.raises(SigningServiceError, match="waits for the secretariat"):
        world.signing(LIN)


def test_an_older_backup_takes_no_more_events(devices: Devices, tmp_path: Path):
    world = devices.world
    database = world.service.database
    world.service.publish()
    with database.read() as session:
        before = ledger.read_frontier(session)
    devices.enrol(LIN)  # published: the guard has seen it
    with database.begin() as session:
        for statement in (
            "DELETE FROM enrolments",
            f'DELETE FROM events WHERE "index" >= {before.size}',
            f'DELETE FROM nodes WHERE level = 0 AND "index" >= {before.size}',
            f"DELETE FROM checkpoints WHERE size > {before.size}",
            f'DELETE FROM entries WHERE "index" >= {before.size}',
        ):
            session.execute(text(statement))
        values = {"size": before.size, "frontier": b"".join(before.hashes)}
        session.execute(text("UPDATE log_state SET size = :size, frontier = :frontier"), values)

    with pytest.raises(ForkError), database.begin() as session:
        ledger.append(session, "service", "release", {"version": "1.0"}, world.clock.now)


def test_a_person_who_left_does_not_come_back_by_a_row(devices: Devices):
    world = devices.world
    with world.service.database.begin() as session:
        session.execute(update(Person).where(Person.id == world.ids[LIN]).values(office="officer"))
    enrolled = devices.enrol(SOMCHAI)

    with pytest.raises(SigningServiceError, match="no passkey of yours is in the trust file"):
        devices.confirm(enrolled, world.ids[LIN])
