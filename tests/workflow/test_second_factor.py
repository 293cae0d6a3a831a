"""Where a password needs a code: at signing in, at a proof of presence, and at approvals, which an officer admits."""

from __future__ import annotations

from collections.abc import Callable

import pyotp
import pytest

from signing_service.errors import NotAllowedError, NotFoundError
from signing_service.store.tables import CodeSeed
from signing_service.workflow.approvals import Password
from signing_service.workflow.codes import (
    admit_codes,
    begin_codes,
    codes_for_officer,
    codes_of,
    confirm_codes,
    drop_codes,
    reset_codes,
)
from signing_service.workflow.login import WrongPasswordError, session_person, sign_in
from signing_service.workflow.proof import means_of, prove_by_password
from tests.cast import LIN, OFFICER, PASSWORD, SOMCHAI
from tests.workflow.test_codes import approve, seed_of
from tests.workflow.world import World

BROWSER = {"address": "192.0.2.7", "agent": "Firefox"}
WRONG = "the e-mail address, the password or the code is wrong"


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world(PASSWORD_NEEDS_CODE="yes").publish()


@pytest.fixture
def totp(world: World) -> pyotp.TOTP:
    """Lin's app, set up and not yet admitted."""
    return set_up(world, world.ids[LIN])


def set_up(world: World, person_id: str) -> pyotp.TOTP:
    made = seed_of(begin_codes(world.service, person_id))
    confirm_codes(world.service, person_id, made.at(world.clock.now))
    world.clock.forward(minutes=1)
    return made


def admit(world: World) -> None:
    check = codes_for_officer(world.service, world.ids[LIN]).check
    admit_codes(world.service, world.officer, world.ids[LIN], check)


def test_a_password_alone_opens_a_session_that_is_unprotected_and_proves_nothing(world: World):
    person = session_person(world.service, sign_in(world.service, LIN.email, PASSWORD, **BROWSER))
    assert person is not None
    assert person.unprotected
    assert not person.fresh


def test_password_and_code_open_a_session_that_is_protected_and_fresh(world: World, totp: pyotp.TOTP):
    token = sign_in(world.service, LIN.email, PASSWORD, totp.at(world.clock.now), **BROWSER)
    person = session_person(world.service, token)
    assert person is not None
    assert (person.unprotected, person.fresh) == (False, True)
    world.clock.forward(minutes=16)
    person = session_person(world.service, token)
    assert person is not None
    assert not person.fresh


@pytest.mark.parametrize("code", ["", "000000", "not a code"])
def test_a_wrong_code_is_told_like_a_wrong_password(world: World, totp: pyotp.TOTP, code: str):
    with pytest.raises(WrongPasswordError) as refused:
        sign_in(world.service, LIN.email, PASSWORD, code, **BROWSER)
    assert refused.value.message == WRONG


def test_a_code_that_signed_in_signs_nobody_in_again(world: World, totp: pyotp.TOTP):
    code = totp.at(world.clock.now)
    sign_in(world.service, LIN.email, PASSWORD, code, **BROWSER)
    with pytest.raises(WrongPasswordError):
        sign_in(world.service, LIN.email, PASSWORD, code, **BROWSER)


def test_a_wrong_password_uses_no_code_up(world: World, totp: pyotp.TOTP):
    code = totp.at(world.clock.now)
    with pytest.raises(WrongPasswordError):
        sign_in(world.service, LIN.email, "a guess", code, **BROWSER)
    assert sign_in(world.service, LIN.email, PASSWORD, code, **BROWSER)


def test_setting_codes_up_protects_the_session_in_which_it_was_done(world: World):
    token = sign_in(world.service, LIN.email, PASSWORD, **BROWSER)
    made = seed_of(begin_codes(world.service, world.ids[LIN], token))
    confirm_codes(world.service, world.ids[LIN], made.at(world.clock.now), token)
    person = session_person(world.service, token)
    assert person is not None
    assert not person.unprotected


def test_who_has_the_mailbox_chooses_a_password_and_codes_and_still_signs_nothing(world: World, totp: pyotp.TOTP):
    with pytest.raises(NotAllowedError, match="wait for the secretariat"):
        world.signing(LIN)


def test_without_codes_a_password_approves_nothing(world: World):
    with pytest.raises(NotAllowedError, match="neither an approval passkey nor one-time codes"):
        world.signing(LIN)


def test_codes_that_an_officer_admitted_approve(world: World, totp: pyotp.TOTP):
    admit(world)
    approve(world, Password(PASSWORD, totp.at(world.clock.now)))


def test_codes_that_are_set_up_anew_meanwhile_are_not_those_that_were_compared(world: World, totp: pyotp.TOTP):
    compared = codes_for_officer(world.service, world.ids[LIN]).check
    drop_codes(world.service, world.ids[LIN])
    set_up(world, world.ids[LIN])
    with pytest.raises(NotAllowedError, match="other codes"):
        admit_codes(world.service, world.officer, world.ids[LIN], compared)


def test_only_officers_admit_and_never_their_own(world: World, totp: pyotp.TOTP):
    check = codes_for_officer(world.service, world.ids[LIN]).check
    with pytest.raises(NotAllowedError):
        admit_codes(world.service, world.ids[SOMCHAI], world.ids[LIN], check)
    set_up(world, world.officer)
    own = codes_for_officer(world.service, world.officer).check
    with pytest.raises(NotAllowedError, match="of their own"):
        admit_codes(world.service, world.officer, world.officer, own)
    assert codes_of(world.service, world.ids[LIN]).state == "waiting"


def test_a_lost_device_is_reset_by_an_officer_and_the_new_codes_are_admitted_anew(world: World, totp: pyotp.TOTP):
    admit(world)
    token = sign_in(world.service, LIN.email, PASSWORD, totp.at(world.clock.now), **BROWSER)
    reset_codes(world.service, world.officer, world.ids[LIN])
    assert session_person(world.service, token) is None, "whoever has the device is signed out"
    assert codes_of(world.service, world.ids[LIN]).state == "none"
    set_up(world, world.ids[LIN])
    with pytest.raises(NotAllowedError, match="wait for the secretariat"):
        world.signing(LIN)


def test_nobody_but_an_officer_resets_codes(world: World, totp: pyotp.TOTP):
    with pytest.raises(NotAllowedError):
        reset_codes(world.service, world.ids[SOMCHAI], world.ids[LIN])
    with pytest.raises(NotFoundError):
        reset_codes(world.service, world.officer, world.ids[SOMCHAI])
    assert codes_of(world.service, world.ids[LIN]).state == "waiting"


def test_the_seed_is_shown_until_it_was_tried_and_never_again(world: World):
    begin_codes(world.service, world.ids[LIN])
    begun = codes_of(world.service, world.ids[LIN])
    assert begun.uri.startswith("otpauth://totp/")
    assert begun.secret in begun.uri
    assert codes_for_officer(world.service, world.ids[LIN]).secret == ""
    confirm_codes(world.service, world.ids[LIN], pyotp.TOTP(begun.secret).at(world.clock.now))
    tried = codes_of(world.service, world.ids[LIN])
    assert (tried.uri, tried.secret) == ("", "")
    with world.service.database.read() as session:
        row = session.get_one(CodeSeed, world.ids[LIN])
    assert begun.secret.encode() not in row.sealed


def test_a_proof_of_presence_takes_password_and_code_and_lasts_a_while(world: World, totp: pyotp.TOTP):
    token = sign_in(world.service, LIN.email, PASSWORD, totp.at(world.clock.now), **BROWSER)
    world.clock.forward(minutes=16)
    for password, code in (("a guess", totp.at(world.clock.now)), (PASSWORD, "000000")):
        with pytest.raises(WrongPasswordError):
            prove_by_password(world.service, world.ids[LIN], token, password, code)
    prove_by_password(world.service, world.ids[LIN], token, PASSWORD, totp.at(world.clock.now))
    person = session_person(world.service, token)
    assert person is not None
    assert person.fresh


def test_a_password_without_codes_proves_nothing(world: World):
    token = sign_in(world.service, OFFICER.email, PASSWORD, **BROWSER)
    assert not means_of(world.service, world.officer).any
    with pytest.raises(NotAllowedError, match="needs a one-time code"):
        prove_by_password(world.service, world.officer, token, PASSWORD, "")
