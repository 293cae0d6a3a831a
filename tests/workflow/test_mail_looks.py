"""How mails look and what each of them says: who did it, what comes next, until when, whom to ask."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from signing_service import resources
from signing_service.setting_values import Contact
from signing_service.store import outbox
from signing_service.store.tables import OutboxMail
from signing_service.workflow.approval_keys import enrol_again
from signing_service.workflow.confirmation import refuse
from signing_service.workflow.mail_colours import colours
from signing_service.workflow.mails import FINISHED
from signing_service.workflow.next_steps import next_step
from signing_service.workflow.questions import answer, ask, own_questions
from signing_service.workflow.withdrawal import withdraw
from tests.cast import LIN, OFFICER, SOMCHAI
from tests.workflow.devices import Devices, asking_for_passkeys
from tests.workflow.test_mandate_mails import SECOND, with_two_roles
from tests.workflow.world import World

CONTACT = Contact("Alliance secretariat", "office@alliance.example", "+86 25 5550 0123")


def told(world: World, kind: str, address: str = LIN.email) -> OutboxMail:
    with world.service.database.read() as session:
        mails = [mail for mail in outbox.of_agreement(session, world.agreement) if mail.recipient == address]
    return [mail for mail in mails if mail.kind == kind][-1]


def with_contact(world: World, contact: Contact | None) -> World:
    settings = replace(world.service.settings, secretariat=contact)
    return replace(world, service=replace(world.service, settings=settings))


def test_each_mail_names_whom_to_ask_in_its_text_and_in_its_html(world: World):
    asking = with_contact(world, CONTACT).publish()
    asking.sign(LIN)
    for kind in ("invitation", "signed"):
        mail = told(asking, kind)
        for part in (mail.text, mail.html or ""):
            assert "Do you need help?" in part
            assert all(text in part for text in ("Alliance secretariat", "office@alliance.example", "+86 25 5550 0123"))
        assert 'href="tel:+862555500123"' in (mail.html or "")


def test_where_nobody_is_named_no_mail_offers_help(world: World):
    mail = told(with_contact(world, None).publish(), "invitation")
    assert "Do you need help?" not in mail.text + (mail.html or "")


def test_mails_have_no_colour_but_those_of_the_pages_and_each_has_its_dark_one(world: World):
    html = told(world.publish(), "invitation").html or ""
    sheet = (resources.static() / "style" / "tokens.css").read_text()
    used = set(re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;\s}\"!])", re.sub(r'href="[^"]*"|>https?:[^<]*<', "", html)))
    assert used
    assert used <= set(re.findall(r"#[0-9a-f]{6}", sheet))
    light, dark = colours()["light"], colours()["dark"]
    assert light["accent"] in html
    assert dark["accent"] in html.partition("prefers-color-scheme: dark")[2]
    assert set(light) == set(dark)


def test_what_an_officer_did_is_told_with_the_officer_s_name(world: World):
    published = asking_for_passkeys(world)
    devices = Devices.in_(published)
    devices.confirm(devices.enrol(LIN))
    ask(published.service, published.ids[LIN], published.agreement, "May we sign in Thai?")
    (question,) = own_questions(published.service, published.ids[LIN], published.agreement)
    answer(published.service, published.officer, published.agreement, question.id, "Yes.")
    withdraw(published.service, published.officer, published.agreement, "The annex was missing.")
    for kind in ("confirmed", "answer", "withdrawn"):
        assert f"{OFFICER.name} of the secretariat" in told(published, kind).text, kind


def test_where_codes_differed_the_mail_names_each_signature_that_the_passkey_was_for(world: World):
    both = with_two_roles(world)
    devices = Devices.in_(both)
    enrolled = devices.enrol(LIN)
    enrol_again(both.service, both.ids[LIN], both.agreement, SECOND)
    refuse(both.service, both.officer, enrolled.id)
    mail = told(both, "differed")
    assert "as President" in mail.text
    assert "as Secretary" in mail.text
    assert f"{OFFICER.name} of the secretariat found that the codes differed" in mail.text
    assert "/passkeys/" in mail.text


@pytest.mark.parametrize("locale", FINISHED)
def test_each_notice_has_words_on_its_button_in_each_language(locale: str):
    kinds = ("signed", "turn", "enrolled", "alarm", "password-set", "something else")
    words = [next_step(kind, locale).button for kind in kinds]
    assert all(words)
    english = [next_step(kind, "en").button for kind in kinds]
    assert (words == english) is (locale == "en")


def test_an_invitation_says_what_comes_next_and_until_when_with_the_time_zone(world: World):
    mail = told(world.publish(), "invitation", SOMCHAI.email)
    assert "Next step: open the invitation." in mail.text
    assert re.search(r"The link works once, until .* \(Bangkok; .* UTC\)", mail.text)
