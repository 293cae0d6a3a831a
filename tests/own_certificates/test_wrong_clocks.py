"""Timestamps inside an uploaded signature, by authorities whose clock is not ours; on both databases.

Verifiers fail for good a signature that is two minutes older than one which it contains.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from signing_service.errors import MistimedSignatureError
from signing_service.pki.timestamps import BuiltInAuthority, TimestampToken
from signing_service.verify.verdict import Verdict
from signing_service.workflow import download
from signing_service.workflow.own_uploads import take_upload
from signing_service.workflow.reservations import reservation_of, reserve
from tests.cast import ALES, HOA, LIN, SOMCHAI, Person
from tests.own_certificates import pyhanko_signer
from tests.own_certificates.authority import Identity
from tests.workflow.judging import verify_evidence
from tests.workflow.world import World

Sign = Callable[[World, int], bytes]


@pytest.fixture
def sign(lin: Identity) -> Sign:
    """Lin's signature over the newest state, in a reserved turn; its timestamp's clock is so many seconds ahead."""

    def signed(world: World, ahead: int) -> bytes:
        reserve(world.service, world.ids[LIN], world.agreement, LIN.signer, pause=lambda seconds: None)
        pdf = download.pdf(world.service, world.ids[LIN], world.agreement)
        authority, there = BuiltInAuthority(world.service.keys), world.clock.now + timedelta(seconds=ahead)
        stamper = pyhanko_signer.Stamper(authority, there)
        return pyhanko_signer.sign(pdf, LIN.signer, lin, stamper=stamper)

    return signed


def upload(world: World, pdf: bytes) -> None:
    take_upload(world.service, world.ids[LIN], world.agreement, LIN.signer, pdf)


def behind(world: World, seconds: int) -> None:
    """From now on the service's own timestamps are by a clock that is behind its own."""
    authority = BuiltInAuthority(world.service.keys)

    class Behind:
        name = "behind"

        def timestamp(self, digest: bytes, now: datetime) -> TimestampToken:
            return authority.timestamp(digest, now - timedelta(seconds=seconds))

    world.service = replace(world.service, authorities=(Behind(),))


@pytest.mark.parametrize("ahead", [-60, 60])
def test_clocks_that_are_off_by_a_minute_do_no_harm(own_world: World, sign: Sign, ahead: int) -> None:
    own_world.clock.forward(minutes=5)
    own_world.sign(SOMCHAI)
    upload(own_world, sign(own_world, ahead))
    behind(own_world, 60)
    own_world.sign(ALES)
    own_world.sign(HOA)
    own_world.countersign()
    own_world.archive()
    report = verify_evidence(download.evidence(own_world.service, own_world.officer, own_world.agreement)[1], own_world)
    assert [check for check in report.checks if check.verdict is not Verdict.PASSED] == []


@pytest.mark.parametrize("ahead", [115, 1200], ids=["as verifiers allow", "far"])
def test_a_timestamp_of_the_future_is_taken_once_its_time_has_come(own_world: World, sign: Sign, ahead: int) -> None:
    """The next signature's would have looked too old."""
    signed = sign(own_world, ahead)
    turn = reservation_of(own_world.service, own_world.agreement)
    with pytest.raises(MistimedSignatureError, match="lies in the future"):
        upload(own_world, signed)
    assert reservation_of(own_world.service, own_world.agreement) == turn
    own_world.clock.forward(seconds=ahead - 60)
    upload(own_world, signed)
    assert reservation_of(own_world.service, own_world.agreement) is None


@pytest.mark.parametrize("others", [(), (SOMCHAI,)], ids=["the seal", "another signature"])
def test_a_timestamp_that_is_older_than_what_it_contains_is_refused(
    own_world: World, sign: Sign, others: tuple[Person, ...]
) -> None:
    """It had been stored, and made the agreement FAILED for good."""
    own_world.clock.forward(minutes=30)
    for person in others:
        own_world.sign(person)
    ahead = -61 if others else -30 * 60 - 61
    before = download.pdf(own_world.service, own_world.ids[LIN], own_world.agreement)
    with pytest.raises(MistimedSignatureError, match="is older than what you signed"):
        upload(own_world, sign(own_world, ahead))
    assert download.pdf(own_world.service, own_world.ids[LIN], own_world.agreement) == before
    upload(own_world, sign(own_world, ahead + 1))
