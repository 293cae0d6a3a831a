"""One-time codes beside the password: sealed seeds, each code once, and what the report says of them."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from sqlalchemy import update

from signing_service.approval import Approval, ServiceAssertion
from signing_service.encoding import from_base64url, parse_canonical_json
from signing_service.errors import ConflictError, NotFoundError, UnavailableError
from signing_service.store import openings
from signing_service.store.tables import CodeSeed
from signing_service.workflow.approvals import Password
from signing_service.workflow.codes import begin_codes, check, codes_of, confirm_codes
from signing_service.workflow.login import WrongPasswordError
from signing_service.workflow.signing import approve_attempt
from tests.cast import LIN, PASSWORD, SOMCHAI
from tests.workflow.generations import rotate_the_record
from tests.workflow.world import World


def seed_of(uri: str) -> pyotp.TOTP:
    return pyotp.TOTP(parse_qs(urlsplit(uri).query)["secret"][0])


@pytest.fixture
def totp(world: World) -> pyotp.TOTP:
    """Lin's app, set up."""
    made = seed_of(begin_codes(world.service, world.ids[LIN]))
    confirm_codes(world.service, world.ids[LIN], made.at(world.clock.now))
    world.clock.forward(minutes=1)
    return made


def approve(world: World, answer: Password) -> None:
    signing = world.signing(LIN)
    attempt = signing.attempt["attempt"]
    approve_attempt(world.service, world.ids[LIN], attempt, signing.key.request, signing.statement, answer)


def test_password_and_code_approve_and_the_approval_says_so(world: World, totp: pyotp.TOTP):
    world.publish()
    approve(world, Password(PASSWORD, totp.at(world.clock.now)))
    with world.service.database.read() as session:
        [issuance] = openings.of_type(session, world.agreement, "issuance")
    approval = Approval.from_der(from_base64url(parse_canonical_json(issuance.event or b"")["approval"]))
    assert isinstance(approval.evidence, ServiceAssertion)
    assert approval.evidence.method == "password+totp"


@pytest.mark.parametrize("code", ["", "000000", "12345a", "１２３４５６"])
def test_without_a_right_code_the_password_approves_nothing(world: World, totp: pyotp.TOTP, code: str):
    world.publish()
    with pytest.raises(WrongPasswordError):
        approve(world, Password(PASSWORD, code))


def test_a_code_is_good_once(world: World, totp: pyotp.TOTP):
    code = totp.at(world.clock.now)
    check(world.service, world.ids[LIN], code)
    with pytest.raises(WrongPasswordError):
        check(world.service, world.ids[LIN], code)


def test_a_code_of_the_neighbouring_half_minute_is_taken_and_no_other(world: World, totp: pyotp.TOTP):
    now = world.clock.now
    with pytest.raises(WrongPasswordError):
        check(world.service, world.ids[LIN], totp.at(now.timestamp() + 120))
    check(world.service, world.ids[LIN], totp.at(now.timestamp() + 30))


def test_who_has_no_codes_needs_none(world: World):
    check(world.service, world.ids[SOMCHAI], "")
    begin_codes(world.service, world.ids[SOMCHAI])  # never confirmed
    check(world.service, world.ids[SOMCHAI], "")


def test_codes_are_set_up_once(world: World, totp: pyotp.TOTP):
    with pytest.raises(ConflictError):
        begin_codes(world.service, world.ids[LIN])


def test_no_seed_stands_in_the_clear_and_none_serves_another_person(world: World, totp: pyotp.TOTP):
    service = world.service
    other = seed_of(begin_codes(service, world.ids[SOMCHAI]))
    with service.database.begin() as session:
        sealed = session.get_one(CodeSeed, world.ids[LIN]).sealed
        assert totp.secret.encode() not in sealed
        session.execute(update(CodeSeed).where(CodeSeed.person == world.ids[SOMCHAI]).values(sealed=sealed))
    with pytest.raises(NotFoundError):
        confirm_codes(service, world.ids[SOMCHAI], other.at(world.clock.now))
    with service.database.begin() as session:
        session.execute(update(CodeSeed).where(CodeSeed.person == world.ids[SOMCHAI]).values(confirmed=world.clock.now))
    with pytest.raises(UnavailableError):
        check(service, world.ids[SOMCHAI], totp.at(world.clock.now))


def test_codes_outlive_the_records_key(world: World, totp: pyotp.TOTP):
    begin_codes(world.service, world.ids[SOMCHAI])
    rotate_the_record(world)
    check(world.service, world.ids[LIN], totp.at(world.clock.now))
    with pytest.raises(WrongPasswordError):
        check(world.service, world.ids[LIN], totp.at(world.clock.now))
    assert codes_of(world.service, world.ids[SOMCHAI]).state == "none", "to be begun again"
