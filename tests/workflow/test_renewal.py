"""Renewing the proof: three generations of keys and timestamps, and what stands in the way of a renewal."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from signing_service.commands.status import read_status
from signing_service.errors import NotAllowedError, TimestampError
from signing_service.evidence.succession import verify_succession
from signing_service.pki.timestamps import BuiltInAuthority, TimestampToken
from signing_service.store import agreements, openings, outbox
from signing_service.verify.trust import read_trust
from signing_service.verify.verdict import Verdict
from signing_service.verify.verifier import verify_pdf
from signing_service.workflow import renewal
from signing_service.workflow.download import evidence
from signing_service.workflow.renewal import renew, renew_due, standings
from signing_service.workflow.worker import work_once
from tests.cast import ALES, LIN, SOMCHAI
from tests.workflow.generations import (
    IN_2034,
    IN_2043,
    live_to_2043,
    renewed,
    rotate_the_record,
    rotate_to,
    sign_everything,
)
from tests.workflow.judging import verify_evidence
from tests.workflow.world import World

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def database_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """SQLite alone: what is under test are dates and keys."""
    shutil.copyfile(migrated_sqlite, tmp_path / "service.db")
    return f"sqlite:///{tmp_path}/service.db"


def bundle_of(world: World, *, complete: bool = False) -> bytes:
    return evidence(world.service, world.officer, world.agreement, complete=complete)[1]


def test_signed_in_2025_and_renewed_twice_an_agreement_verifies_in_2050(world: World) -> None:
    live_to_2043(world)
    world.clock.now = datetime(2050, 1, 1, tzinfo=UTC)
    report = verify_evidence(bundle_of(world), world)
    assert report.verdict is Verdict.PASSED, [check for check in report.checks if check.verdict is not Verdict.PASSED]
    assert report.provable_until is not None
    assert report.provable_until.year == 2053
    assert [one.field for one in report.signatures if one.kind == "archive"] == ["archive-1", "archive-2", "archive-3"]


def pyhanko_in(year: int, world: World, folder: Path) -> list[str]:
    """What pyHanko says of each signature on the first day of ``year``, by libfaketime."""
    pdf, root = folder / "agreement.pdf", folder / "root.pem"
    with world.service.database.read() as session:
        pdf.write_bytes(agreements.read_pdf(session, world.agreement))
    root.write_bytes(world.service.keys.root.public_bytes(Encoding.PEM))
    command = [sys.executable, "-m", "tests.workflow.long_term", str(pdf), str(root)]
    done = subprocess.run(
        ["faketime", f"{year}-01-01 12:00:00", *command], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_pyhanko_agrees_in_every_generation_and_gives_up_when_the_authorities_of_2025_end(
    world: World, tmp_path: Path
) -> None:
    """It calls an expired authority a general failure of the chain, which it never tries to prove in the past."""
    names = ["seal", LIN.signer, SOMCHAI.signer, ALES.signer, "countersignature"]
    sign_everything(world)
    assert pyhanko_in(2033, world, tmp_path) == [f"{name} PASSED" for name in names] + ["timestamps 1"]
    rotate_to(world, IN_2034, "timestamp", "seal")
    renewed(world)
    assert pyhanko_in(2042, world, tmp_path) == [f"{name} PASSED" for name in names] + ["timestamps 2"]
    rotate_to(world, IN_2043, "services-ca", "issuing-ca")
    renewed(world)
    assert pyhanko_in(2045, world, tmp_path) == [f"{name} PASSED" for name in names] + ["timestamps 3"]
    assert pyhanko_in(2050, world, tmp_path) == [f"{name} INDETERMINATE" for name in names] + ["timestamps 3"]


def test_without_the_renewal_the_same_agreement_proves_nothing_in_2050(world: World) -> None:
    """The control of the test above."""
    sign_everything(world)
    world.clock.now = datetime(2050, 1, 1, tzinfo=UTC)
    report = verify_evidence(bundle_of(world), world)
    assert report.verdict is Verdict.INDETERMINATE


def test_a_bundle_of_2025_still_verifies_after_every_key_was_replaced(world: World) -> None:
    sign_everything(world)
    old = bundle_of(world)
    rotate_the_record(world)
    rotate_to(world, world.clock.now + timedelta(days=1), "services-ca", "issuing-ca", "seal", "timestamp")
    report = verify_evidence(old, world)
    assert report.verdict is Verdict.PASSED


def test_a_complete_bundle_holds_across_the_records_keys(world: World) -> None:
    sign_everything(world)
    rotate_the_record(world)
    report = verify_evidence(bundle_of(world, complete=True), world)
    assert report.verdict is Verdict.PASSED


def test_the_new_trust_file_succeeds_the_old_one_and_is_written_where_init_put_the_first(world: World) -> None:
    old = world.service.trust_bytes
    rotate_the_record(world)
    new = world.service.trust_bytes
    assert verify_succession(old, new).retired_record_keys[0].key == read_trust([old]).file.record_key
    assert world.service.settings.trust_file.read_bytes() == new


def test_a_renewal_is_recorded_as_an_archive_timestamp(world: World) -> None:
    sign_everything(world)
    rotate_to(world, IN_2034, "timestamp")
    renewed(world)
    with world.service.database.read() as session:
        found = openings.of_type(session, world.agreement, "archive-timestamp")
    assert [b'"field":"archive-%d"' % number in (one.event or b"") for number, one in enumerate(found, 1)] == [True] * 2


def test_the_pdf_alone_tells_until_when_it_can_be_proven(world: World) -> None:
    sign_everything(world)
    rotate_to(world, IN_2034, "timestamp")
    standing = renewed(world)
    with world.service.database.read() as session:
        pdf = agreements.read_pdf(session, world.agreement)
    report = verify_pdf(pdf, read_trust([world.service.trust_bytes]), world.clock.now)
    assert report.provable_until == standing.until


def test_a_renewal_that_would_gain_nothing_is_refused_and_nothing_is_stored(world: World) -> None:
    sign_everything(world)
    world.clock.now = IN_2034
    with pytest.raises(NotAllowedError, match="a new timestamp would hold until") as refusal:
        renew(world.service, world.agreement)
    assert "keys rotate timestamp" in refusal.value.hint
    assert standings(world.service)[0].field == "archive-1"


def test_after_its_end_nothing_can_be_renewed_any_more(world: World) -> None:
    sign_everything(world)
    rotate_to(world, IN_2034, "timestamp", "seal")
    world.clock.now = datetime(2036, 1, 1, tzinfo=UTC)
    with pytest.raises(NotAllowedError, match="could be verified until 2035"):
        renew(world.service, world.agreement)


def test_an_agreement_that_is_not_archived_is_not_renewed(world: World) -> None:
    world.publish()
    with pytest.raises(NotAllowedError, match="not archived yet"):
        renew(world.service, world.agreement)


def mails(world: World) -> int:
    with world.service.database.read() as session:
        return sum(mail.kind == "renewal" for mail in outbox.of_agreement(session, world.agreement))


def test_the_worker_tells_the_officers_once_a_year_ahead(world: World) -> None:
    sign_everything(world)
    renew_due(world.service)
    assert mails(world) == 0
    world.clock.now = IN_2034
    renew_due(world.service)
    world.clock.forward(days=2)
    renew_due(world.service)
    assert mails(world) == 1


class CountingAuthority(BuiltInAuthority):
    """Counts how often it is asked."""

    asked = 0

    def timestamp(self, digest: bytes, now: datetime) -> TimestampToken:
        CountingAuthority.asked += 1
        return super().timestamp(digest, now)


def test_while_nothing_is_done_the_officers_are_told_four_times_in_all(world: World) -> None:
    sign_everything(world)
    [standing] = standings(world.service)
    told = []
    for days in (366, 364, 300, 181, 179, 170, 89, 80, 29, 20, 1):
        world.clock.now = standing.until - timedelta(days=days)
        renew_due(world.service)
        told.append(mails(world))
    assert told == [0, 1, 1, 1, 2, 2, 3, 3, 4, 4, 4]


class DeadAuthority(CountingAuthority):
    """Does not answer, which takes its time."""

    def timestamp(self, digest: bytes, now: datetime) -> TimestampToken:
        super().timestamp(digest, now)
        raise TimestampError("it did not answer in time")


def test_an_authority_that_does_not_answer_is_asked_once_a_round_and_not_for_each_agreement(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_everything(world)
    world.clock.now = IN_2034
    found = standings(world.service) * 5
    monkeypatch.setattr(renewal, "_ending_before", lambda *_: found)
    monkeypatch.setattr(CountingAuthority, "asked", 0)
    renew_due(replace(world.service, authorities=(DeadAuthority(world.service.keys),)))
    assert CountingAuthority.asked == 1


def test_one_agreement_that_cannot_be_renewed_holds_up_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_everything(world)
    rotate_to(world, IN_2034, "timestamp")
    [standing] = standings(world.service)
    stumbling = [replace(standing, agreement="another"), standing]
    monkeypatch.setattr(renewal, "_ending_before", lambda *_: stumbling)
    monkeypatch.setattr(renewal, "_warn", lambda *_: 0)
    assert renew_due(world.service) == 1


def test_the_worker_renews_by_itself_what_gains_by_it(world: World) -> None:
    sign_everything(world)
    rotate_to(world, IN_2034, "timestamp")
    work_once(world.service)
    [standing] = standings(world.service)
    assert (standing.field, standing.until.year) == ("archive-2", 2044)
    world.clock.forward(days=1)
    work_once(world.service)
    assert standings(world.service) == [standing]


def test_the_worker_looks_four_times_a_day_and_not_at_every_turn(world: World) -> None:
    assert world.service.schedule.is_due("renewals", world.clock.now, timedelta(hours=6))
    assert renew_due(world.service) is None
    assert not world.service.schedule.is_due("renewals", world.clock.now, timedelta(hours=6))


def test_a_round_of_renewals_goes_on_where_the_last_look_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_everything(world)
    monkeypatch.setattr(renewal, "BATCH", 1)
    world.clock.now = IN_2034
    renew_due(world.service)
    [standing] = standings(world.service)
    assert world.service.schedule.left_at(renewal.TASK) == (standing.until, world.agreement)
    world.service.schedule.leave_at(renewal.TASK, (standing.until, world.agreement))
    monkeypatch.setattr(renewal, "_warn", lambda *_: pytest.fail("it was looked at in this round already"))
    assert renew_due(world.service) == 0
    assert world.service.schedule.left_at(renewal.TASK) is None


def test_where_one_renewal_gains_nothing_the_authority_is_not_asked_for_those_that_end_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_everything(world)
    world.clock.now = IN_2034
    found = standings(world.service) * 5
    monkeypatch.setattr(renewal, "_ending_before", lambda *_: found)
    renew_due(replace(world.service, authorities=(CountingAuthority(world.service.keys),)))
    assert CountingAuthority.asked == 1


def test_status_says_until_when_and_what_to_do(world: World) -> None:
    sign_everything(world)
    [now] = read_status(world.service).agreements
    assert (now.provable_until, now.renewal_due) == ("2035-04-09T04:00:00Z", False)
    world.clock.now = IN_2034
    [later] = read_status(world.service).agreements
    assert later.renewal_due


def test_who_was_signing_while_the_authority_was_replaced_begins_again(world: World) -> None:
    world.publish()
    signing = world.signing(LIN)
    signing.approve()
    rotate_to(world, world.clock.now + timedelta(minutes=1), "issuing-ca")
    with pytest.raises(NotAllowedError, match="keys were replaced since this attempt began"):
        signing.complete()
    assert world.sign(SOMCHAI)
