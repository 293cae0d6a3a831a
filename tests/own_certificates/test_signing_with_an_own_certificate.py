"""From the reserved turn to the verified bundle, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from signing_service.encoding import parse_canonical_json
from signing_service.errors import (
    ConflictError,
    ForeignCertificateError,
    NotAllowedError,
    NotFoundError,
    OtherDocumentError,
)
from signing_service.store import agreements
from signing_service.verify.verdict import Verdict
from signing_service.workflow import download, own_uploads
from signing_service.workflow.own_uploads import take_upload
from signing_service.workflow.prepared import Prepared, Waiting
from signing_service.workflow.reservations import RESERVATION, Reservation, release, reservation_of, reserve
from signing_service.workflow.signing import Reprepared
from tests.cast import ALES, HOA, LIN, NANJING, SOMCHAI, Person
from tests.own_certificates import pyhanko_signer
from tests.own_certificates.authority import Authority, Identity
from tests.own_certificates.judges import judged_by_others
from tests.workflow.judging import verify_evidence
from tests.workflow.world import World


def held(world: World, who: Person = LIN) -> Reservation:
    return reserve(world.service, world.ids[who], world.agreement, who.signer, pause=lambda seconds: None)


def upload(world: World, pdf: bytes, who: Person = LIN) -> bytes:
    return take_upload(world.service, world.ids[who], world.agreement, who.signer, pdf)


def downloaded(world: World, who: Person = LIN) -> bytes:
    return download.pdf(world.service, world.ids[who], world.agreement)


def revisions(world: World) -> int:
    with world.service.database.read() as session:
        return agreements.newest_end(session, world.agreement).number


def test_it_mixes_with_one_time_signatures_and_everybody_accepts_the_whole(own_world: World, lin: Identity) -> None:
    world = own_world
    world.sign(SOMCHAI)
    held(world)
    signed = pyhanko_signer.sign(downloaded(world), LIN.signer, lin)
    receipt = parse_canonical_json(upload(world, signed))
    assert receipt["event"]["assurance"] == "own-certificate"
    assert receipt["event"]["subject"].startswith("CN=LIN Shuyi,O=Nanjing")
    assert downloaded(world).startswith(signed)
    assert reservation_of(world.service, world.agreement) is None
    assert upload(world, signed) == upload(world, signed), "the same upload again gives the same receipt"

    world.sign(ALES)
    world.sign(HOA)
    world.countersign()
    world.archive()
    report = verify_evidence(download.evidence(world.service, world.officer, world.agreement)[1], world)
    assert [check for check in report.checks if check.verdict is not Verdict.PASSED] == []
    kinds = [(item.kind, item.assurance) for item in report.signatures]
    assert kinds[2:4] == [("signature", "own-certificate"), ("timestamp", "")]
    own = report.signatures[2]
    assert "by an authority of the party's: NJUPT Certification Authority" in own.identity
    assert own.mandate.startswith("by Rector's office")
    judged_by_others(world, lin, signatures=6, timestamps=2)


def test_a_reserved_turn_keeps_everybody_else_waiting_until_it_is_released(own_world: World) -> None:
    world = own_world
    mine = held(world)
    assert mine.until == world.clock.now + RESERVATION
    assert (mine.person, mine.party) == (LIN.name, NANJING.name)
    signing = world.signing(SOMCHAI)
    waiting = signing.approve()
    assert isinstance(waiting, Waiting)
    assert waiting.reserved == mine
    with pytest.raises(ConflictError, match=f"{LIN.name} of .* is signing with an own certificate until 2025"):
        held(world, ALES)
    with pytest.raises(NotAllowedError, match="somebody else's"):
        release(world.service, world.ids[SOMCHAI], world.agreement)
    assert held(world) == mine, "who asks again has the same turn"

    release(world.service, world.officer, world.agreement)
    assert isinstance(signing.approve(), Prepared)
    signing.complete()
    with pytest.raises(NotAllowedError, match="has ended"):
        upload(world, downloaded(world))


def test_a_window_that_waits_while_its_person_uploads_keeps_nobody_waiting(own_world: World, lin: Identity) -> None:
    world = own_world
    held(world)
    window, honest = world.signing(LIN), world.signing(SOMCHAI)
    assert isinstance(window.approve(), Waiting)
    assert isinstance(honest.approve(), Waiting)
    upload(world, pyhanko_signer.sign(downloaded(world), LIN.signer, lin))
    assert isinstance(honest.approve(), Prepared)
    with pytest.raises(ConflictError, match=r"^you have signed already$"):
        window.approve()


def test_a_reserved_turn_ends_by_itself(own_world: World, lin: Identity) -> None:
    world = own_world
    held(world)
    signed = pyhanko_signer.sign(downloaded(world), LIN.signer, lin)
    world.clock.forward(minutes=30)
    assert reservation_of(world.service, world.agreement) is None
    with pytest.raises(NotAllowedError, match="has ended; nothing was stored"):
        upload(world, signed)
    world.sign(SOMCHAI)
    held(world)
    with pytest.raises(OtherDocumentError, match="continues an older state"):
        upload(world, signed)


def test_who_was_prepared_before_the_turn_was_reserved_has_to_wait(own_world: World, lin: Identity) -> None:
    """A browser that is slower than its lease must not land its signature within somebody's reserved turn."""
    world = own_world
    late = world.signing(SOMCHAI)
    assert isinstance(late.approve(), Prepared)
    world.clock.forward(seconds=11)
    held(world)
    with pytest.raises(Reprepared) as caught:
        late.complete()
    assert isinstance(caught.value.prepared, Waiting)
    assert revisions(world) == 0
    upload(world, pyhanko_signer.sign(downloaded(world), LIN.signer, lin))
    assert isinstance(late.approve(), Prepared)
    late.complete()
    assert revisions(world) == 3


def test_what_is_refused_changes_nothing_and_the_turn_stays(
    own_world: World, authority: Authority, lin: Identity
) -> None:
    world = own_world
    mine = held(world)
    stranger = pyhanko_signer.sign(downloaded(world), LIN.signer, Authority("Elsewhere").issue("LIN Shuyi"))
    with pytest.raises(ForeignCertificateError, match="leads to no trusted certificate"):
        upload(world, stranger)
    with pytest.raises(NotAllowedError):
        upload(world, stranger, SOMCHAI)
    assert revisions(world) == 0
    assert reservation_of(world.service, world.agreement) == mine
    upload(world, pyhanko_signer.sign(downloaded(world), LIN.signer, lin))
    with pytest.raises(ConflictError, match="you have signed already"):
        upload(world, stranger)


def test_of_two_different_files_at_once_one_is_stored_and_the_other_is_given_no_receipt(
    own_world: World, lin: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, store = own_world, own_uploads._store
    held(world)
    late, first = (pyhanko_signer.sign(downloaded(world), LIN.signer, lin) for _ in range(2))

    def store_late(*arguments: Any) -> None:
        monkeypatch.setattr(own_uploads, "_store", store)
        upload(world, first)
        store(*arguments)

    monkeypatch.setattr(own_uploads, "_store", store_late)
    with pytest.raises(ConflictError, match="you have signed already"):
        upload(world, late)
    assert downloaded(world).startswith(first)


def test_only_the_representative_of_a_party_that_may_reserves(own_world: World) -> None:
    world = own_world
    with pytest.raises(NotAllowedError, match="one-time keys only"):
        held(world, SOMCHAI)
    with pytest.raises(NotFoundError, match="no mandate"):
        reserve(world.service, world.ids[SOMCHAI], world.agreement, LIN.signer)
