"""What becomes of the links that somebody has when they are given another one."""

from __future__ import annotations

import pytest

from signing_service.agreement.acts import Acts
from signing_service.store.tables import OutboxMail
from signing_service.workflow import links, state
from signing_service.workflow.delivery import without_tokens
from signing_service.workflow.enrolment import invite, open_invitation
from signing_service.workflow.links import SIGN_IN_LIFETIME, new_link
from signing_service.workflow.mandates import Authority, give_mandate
from tests.cast import LIN, SOMCHAI
from tests.workflow.test_mails import mails_of
from tests.workflow.test_people import token_of
from tests.workflow.world import World, source

MORE = "There are more: you find all of them on your page."


@pytest.mark.parametrize("purpose", ["password", "sign-in", "officer"])
def test_who_is_invited_or_newly_named_keeps_the_links_they_got_for_something_else(world: World, purpose: str) -> None:
    world.publish()
    with world.service.database.begin() as session:
        link = new_link(session, world.service, world.ids[LIN], purpose, world.clock(), SIGN_IN_LIFETIME)
    invite(world.service, world.officer, world.ids[LIN])
    authority = Authority("Both councils", world.clock.now.date())
    give_mandate(
        world.service, world.officer, world.agreement, SOMCHAI.signer, world.ids[LIN], authority, "Somchai is ill."
    )
    assert open_invitation(world.service, token_of(link)).person_name == LIN.name


@pytest.mark.parametrize("asked", ["", "?language=zh", "?language=zh-Hant"])
def test_a_link_that_names_a_language_loses_its_token_like_any_other_once_the_mail_is_out(asked: str):
    page = f"https://sign.example.org/invitation{asked}"
    assert without_tokens(f"open {page}#{43 * 'x'}\n") == f"open {page}#…\n"


def with_many(world: World, count: int) -> list[World]:
    """So many published agreements in which everybody is named, the oldest first."""
    made = []
    for number in range(count):
        files = source()
        files["agreement.toml"] = files["agreement.toml"].replace(b"TEST/1", b"MANY/%d." % number)
        made.append(World.of(world.service, world.officer, files, world.ids).publish())
        world.clock.forward(minutes=1)
    return made


def test_who_has_much_to_sign_is_told_the_newest_of_it_and_that_there_is_more(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(links, "MOST_TOLD", 2)
    made = with_many(world, 4)
    told = [mail.text for one in made for mail in mails_of(one) if mail.recipient == LIN.email]
    named = [[number for number in range(4) if f"MANY/{number}." in text] for text in told]
    assert named == [[0], [0, 1], [1, 2], [2, 3]]
    assert [MORE in text for text in told] == [False, False, True, True]
    link = invite(world.service, world.officer, world.ids[LIN], made[0].agreement)
    assert open_invitation(world.service, token_of(link)).more_roles
    again = next(mail for mail in mails_of(made[0]) if mail.recipient == LIN.email)
    assert MORE in (again.html or "")
    assert again.text.index("MANY/0.") < again.text.index("MANY/3."), "what the mail is about comes first"


def body(mail: OutboxMail) -> str:
    return (mail.html or "").partition("<body")[2]  # the head names the subject


def test_a_mail_about_several_agreements_has_its_link_above_them(world: World):
    """The list may be longer than a telephone is high; of one agreement one reads first what it is."""
    made = with_many(world, 2)
    both, one = (next(mail for mail in mails_of(each) if mail.recipient == LIN.email) for each in reversed(made))
    assert "the agreements that are listed below" in both.text
    assert "the following agreement:" in one.text
    for text in (both.text, body(both)):
        assert text.index("/invitation") < text.index("MANY/1.") < text.index("MANY/0.")
    for text in (one.text, body(one)):
        assert text.index("MANY/0.") < text.index("/invitation")


def test_who_signs_one_agreement_twice_is_invited_to_one(world: World):
    authority = Authority("Both councils", world.clock.now.date())
    give_mandate(world.service, world.officer, world.agreement, SOMCHAI.signer, world.ids[LIN], authority)
    world.publish()
    mail = next(mail for mail in mails_of(world) if mail.recipient == LIN.email)
    assert mail.text.count("TEST/1") == 2
    assert "the following agreement:" in mail.text


def test_of_what_somebody_signs_elsewhere_a_publication_looks_at_no_more_than_its_mail_tells(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(links, "MOST_TOLD", 2)
    with_many(world, 6)
    looked: list[str] = []

    def load(_: object, agreement: str) -> Acts:
        looked.append(agreement)
        return Acts()

    monkeypatch.setattr(state, "load_acts", load)
    with world.service.database.read() as session:
        links.roles_of(session, world.ids[LIN], "en", world.clock())
    assert len(looked) == 3
