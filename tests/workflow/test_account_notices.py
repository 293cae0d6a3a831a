"""Who gains or loses a way to sign in hears of it by mail: it may have been somebody else."""

from __future__ import annotations

import pyotp
import pytest
from sqlalchemy import select

from signing_service.store import people
from signing_service.store.tables import OutboxMail
from signing_service.workflow.approval_keys import revoke
from signing_service.workflow.codes import begin_codes, codes_of, confirm_codes
from signing_service.workflow.enrolment import accept_invitation, invite
from signing_service.workflow.people import NewPerson, add_person
from tests.cast import LIN, OFFICER
from tests.workflow.devices import Devices
from tests.workflow.world import World


def told(world: World, address: str) -> list[OutboxMail]:
    """The mails about somebody's own account, the oldest first."""
    kinds = ("password-set", "codes-set", "passkey-added", "passkey-removed")
    query = select(OutboxMail).where(OutboxMail.recipient == address, OutboxMail.kind.in_(kinds))
    with world.service.database.read() as session:
        return list(session.scalars(query.order_by(OutboxMail.id)))


def test_who_chooses_a_password_is_told_when_and_what_to_do_if_it_was_somebody_else(world: World):
    person = add_person(world.service, world.officer, NewPerson("Achara", "achara@mekong.example"))
    token = invite(world.service, world.officer, person).partition("#")[2]
    accept_invitation(world.service, token, "violet harbour tram ladder", address="192.0.2.7", agent="Firefox")
    (mail,) = told(world, "achara@mekong.example")
    assert mail.kind == "password-set"
    assert "on 11 April 2025, 04:00 UTC a password was chosen for your account." in mail.text
    assert "If not, call the secretariat at once, at a number that you know." in mail.text
    assert "/account/\n" in mail.text
    assert "violet" not in mail.text


def test_each_new_passkey_is_told_of_with_what_it_is_for_and_in_the_language_of_its_person(world: World):
    world.publish()
    devices = Devices.in_(world)
    devices.add_login(world.ids[LIN])
    with world.service.database.begin() as session:
        people.get(session, world.ids[LIN]).locale = "zh"
    devices.enrol(LIN)
    first, second = told(world, LIN.email)
    assert "a passkey was made for your account, to sign in." in first.text
    assert (second.locale, second.subject) == ("zh", "您的账户创建了一个通行密钥")
    assert "用于批准您的签名" in second.text
    assert [mail.kind for mail in told(world, OFFICER.email)] == ["passkey-added"], "an officer's own one, too"


def test_who_revokes_an_own_passkey_is_told(world: World):
    world.publish()
    devices = Devices.in_(world)
    enrolled = devices.enrol(LIN)
    revoke(world.service, world.ids[LIN], enrolled.id, "lost")
    *_, mail = told(world, LIN.email)
    assert mail.kind == "passkey-removed"
    assert "was revoked, which you had to approve your signature. It no longer works." in mail.text


def test_who_sets_up_one_time_codes_is_told(world: World):
    person = world.ids[LIN]
    begin_codes(world.service, person)
    app = pyotp.TOTP(codes_of(world.service, person).secret)
    confirm_codes(world.service, person, app.at(world.clock.now))
    (mail,) = told(world, LIN.email)
    assert (mail.kind, mail.subject) == ("codes-set", "One-time codes were set up for your account")


@pytest.mark.parametrize("locale", ["en", "zh", "ru", "th"])
def test_in_each_language_it_says_what_to_do(world: World, locale: str):
    with world.service.database.begin() as session:
        people.get(session, world.ids[LIN]).locale = locale
    Devices.in_(world).add_login(world.ids[LIN])
    (mail,) = told(world, LIN.email)
    assert "/account/" in mail.text
    assert mail.html is not None
    assert "/account/" in mail.html
    assert "%(" not in mail.text + mail.html
