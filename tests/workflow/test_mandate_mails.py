"""What people are told when mandates change: exactly what they lost, kept or got, and nothing where nothing changed."""

from __future__ import annotations

from datetime import timedelta

from signing_service.store.tables import OutboxMail
from signing_service.workflow.approval_keys import enrol_again, revoke
from signing_service.workflow.mandates import Authority, give_mandate
from tests.cast import ANDAMAN, LIN, NANJING, SOMCHAI
from tests.workflow.devices import Devices
from tests.workflow.test_mails import mails_of, name
from tests.workflow.world import World, source

SECOND = f"{NANJING.id}:secretary"


def told(world: World, kind: str) -> OutboxMail:
    (mail,) = [mail for mail in mails_of(world) if mail.kind == kind]
    return mail


def with_two_roles(world: World) -> World:
    """Published, with Lin as president and as secretary of one party."""
    files = source()
    second = b'[[parties.signers]]\nrole = "secretary"\ntitle = { en = "Secretary" }\n'
    head, nanjing, *others = files["agreement.toml"].split(b"[[parties]]")
    files["agreement.toml"] = b"[[parties]]".join([head, nanjing + second, *others])
    both = World.of(world.service, world.officer, files, world.ids)
    authority = Authority("Council", world.clock.now.date())
    give_mandate(both.service, both.officer, both.agreement, SECOND, both.ids[LIN], authority)
    return both.publish()


def test_who_loses_one_of_two_roles_of_a_party_is_told_which_one_and_which_one_is_left(world: World):
    both = with_two_roles(world)
    authority = Authority("Council", world.clock.now.date())
    give_mandate(both.service, both.officer, both.agreement, SECOND, both.ids[SOMCHAI], authority, "Lin is too busy.")
    lost, _, kept = told(both, "replaced").text.partition("You are still to give:")
    assert f"for {NANJING.name}, as Secretary" in lost
    assert f"for {NANJING.name}, as {LIN.role.title()}" in kept
    assert "as Secretary" not in kept
    assert f"/agreements/{both.agreement}/" in kept, "which they can still open"


def test_who_signed_the_other_role_already_is_not_told_that_it_is_still_to_be_given(world: World):
    both = with_two_roles(world)
    both.sign(LIN)
    authority = Authority("Council", world.clock.now.date())
    give_mandate(both.service, both.officer, both.agreement, SECOND, both.ids[SOMCHAI], authority, "Lin is too busy.")
    assert "You are still to give" not in told(both, "replaced").text


def test_who_had_only_a_mandate_that_had_ended_lost_nothing_and_gets_no_mail(world: World):
    today = world.clock.now.date()
    give = (world.service, world.officer, world.agreement, SOMCHAI.signer, world.ids[SOMCHAI])
    give_mandate(*give, Authority("Council", today - timedelta(days=9), today))
    world.publish()
    world.clock.forward(days=1)
    name(world, SOMCHAI, world.ids[LIN], "His powers ended.")
    assert {mail.kind for mail in mails_of(world)} == {"invitation"}


def test_who_signs_as_before_by_another_mandate_is_told_by_whom_why_and_that_the_passkey_waits(world: World):
    world.publish()
    name(world, SOMCHAI, world.ids[SOMCHAI], "The days were wrong.")
    mail = told(world, "mandate")
    assert mail.recipient == SOMCHAI.email
    for words in (
        f"for {ANDAMAN.name}, as {SOMCHAI.role.title()}",
        "by Council",
        "The reason: The days were wrong.",
        "A passkey that was confirmed for the earlier mandate has to be confirmed anew.",
    ):
        assert words in mail.text
    assert not [mail for mail in mails_of(world) if mail.kind == "replaced"]


def test_who_loses_a_passkey_is_told_of_every_agreement_that_it_was_for(world: World):
    first = world.publish()
    devices = Devices.in_(first)
    enrolled = devices.enrol(LIN)
    files = source()
    files["agreement.toml"] = files["agreement.toml"].replace(b"TEST/1", b"TEST/2").replace(b"Test Agr", b"Other Agr")
    second = World.of(world.service, world.officer, files, world.ids).publish()
    enrol_again(world.service, world.ids[LIN], second.agreement, LIN.signer)
    revoke(world.service, world.officer, enrolled.id, "lost")
    mail = told(first, "revoked")
    assert mail.subject.endswith(": TEST/1, TEST/2")
    for title in ("TEST/1, Test Agreement", "TEST/2, Other Agreement"):
        assert f"– {title}: for {NANJING.name}, as {LIN.role.title()}" in mail.text
    assert f"{world.service.settings.public_url}/passkeys/" in mail.text
