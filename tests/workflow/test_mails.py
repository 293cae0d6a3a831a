"""What mails say, and to whom: in the recipient's language, by the recipient's own name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from signing_service.store import acts, agreements, outbox, people
from signing_service.store.tables import OutboxMail
from signing_service.workflow.drafts import create_correction, replace_source
from signing_service.workflow.links import roles_of
from signing_service.workflow.mails import addressed, translations
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.moments import told
from signing_service.workflow.notification import tell_about_contradiction
from signing_service.workflow.people import NewPerson, add_person
from signing_service.workflow.withdrawal import withdraw
from tests.cast import ALES, ANDAMAN, HOA, LIN, NOON, SOMCHAI, Person
from tests.workflow.world import World, corrected, source


@pytest.mark.parametrize(
    ("native", "locale", "called"),
    [
        ("林书怡", "zh", "林书怡"),
        ("林书怡", "zh-Hant", "林书怡"),
        ("林书怡", "en", "Lin"),
        ("林书怡", "th", "Lin"),
        ("Алесь Берёза", "ru", "Алесь Берёза"),
        ("สมชาย ใจดี", "th", "สมชาย ใจดี"),
        ("สมชาย ใจดี", "fr", "Lin"),
        ("Nguyễn Văn An", "en", "Nguyễn Văn An"),
        (None, "zh", "Lin"),
        ("", "zh", "Lin"),
        ("···", "zh", "Lin"),
    ],
)
def test_a_mail_calls_people_by_their_own_name_where_it_is_in_the_letters_of_its_language(
    native: str | None, locale: str, called: str
):
    assert addressed("Lin", native, locale) == called


@pytest.mark.parametrize(
    ("language", "zone", "words"),
    [
        ("en", "UTC", "11 April 2025, 04:00 UTC"),
        ("zh", "Asia/Shanghai", "2025年4月11日 12:00 (上海; 04:00 UTC)"),
        ("zh", "Asia/Ho_Chi_Minh", "2025年4月11日 11:00 (胡志明市; 04:00 UTC)"),
        ("ru", "Europe/Minsk", "11 апреля 2025\u202fг., 07:00 (Минск; 04:00 UTC)"),
        ("th", "Asia/Bangkok", "11 เมษายน ค.ศ. 2025 11:00 (กรุงเทพ; 04:00 UTC)"),
        ("en", "Pacific/Honolulu", "10 April 2025, 18:00 (Honolulu; 11 April 2025, 04:00 UTC)"),
    ],
)
def test_a_mail_tells_moments_in_its_language_by_the_university_s_clock_and_in_utc(
    language: str, zone: str, words: str
):
    assert told(NOON, language, zone) == words


def test_a_representative_is_told_of_the_signature_by_the_own_university_s_clock(world: World):
    world.publish()
    world.sign(LIN)
    with world.service.database.read() as session:
        told = [mail for mail in outbox.of_agreement(session, world.agreement) if mail.kind == "signed"]
    assert "your signature was recorded on 11 April 2025, 12:0" in told[0].text
    assert "(Shanghai; 04:0" in told[0].text
    assert "If this was not you, please tell the secretariat at once." in told[0].text
    assert f"/agreements/{world.agreement}/receipts/{LIN.signer}/\n" in told[0].text


def test_the_mail_about_an_alarm_calls_the_record_no_agreement(world: World):
    with world.service.database.begin() as session:
        tell_about_contradiction(session, world.service, "the witness saw other entries", "", NOON)
    with world.service.database.begin() as session:
        (mail,) = outbox.claim(session, now=NOON, lease=timedelta(minutes=5))
    assert "\nThe record\n" in mail.text


def test_an_invitation_in_chinese_greets_in_chinese(world: World):
    with world.service.database.begin() as session:
        people.get(session, world.ids[LIN]).locale = "zh"
    world.publish()
    with world.service.database.read() as session:
        told = [mail for mail in outbox.of_agreement(session, world.agreement) if mail.recipient == LIN.email]
    assert f"尊敬的{LIN.native_name}：" in told[0].text
    assert f"尊敬的{LIN.native_name}：" in (told[0].html or "")


def test_a_mail_in_chinese_has_chinese_colons_before_the_agreement_and_the_link(world: World):
    with world.service.database.begin() as session:
        people.get(session, world.ids[LIN]).locale = "zh"
    world.publish()
    world.sign(LIN)
    with world.service.database.read() as session:
        told = [mail for mail in outbox.of_agreement(session, world.agreement) if mail.kind == "signed"]
    assert "：" in told[0].subject
    assert ": " not in told[0].subject
    assert "打开您的回执：\nhttp" in told[0].text


def name(world: World, place: Person, chosen: str, reason: str = "") -> None:
    authority = Authority("Council", world.clock.now.date())
    give_mandate(world.service, world.officer, world.agreement, place.signer, chosen, authority, reason)


def mails_of(world: World) -> list[OutboxMail]:
    with world.service.database.read() as session:
        return outbox.of_agreement(session, world.agreement)


def test_who_is_newly_named_is_invited_at_once_and_the_former_one_told_each_in_their_language(world: World):
    world.publish()
    successor = add_person(world.service, world.officer, NewPerson("Achara", "achara@mekong.example", locale="zh"))
    with world.service.database.begin() as session:
        people.get(session, world.ids[SOMCHAI]).locale = "th"
    invited = {mail.id for mail in mails_of(world)}
    name(world, SOMCHAI, successor, "The council elected another president.")
    told = {mail.recipient: mail for mail in mails_of(world) if mail.id not in invited}
    assert {address: (mail.kind, mail.locale) for address, mail in told.items()} == {
        "achara@mekong.example": ("invitation", "zh"),
        SOMCHAI.email: ("replaced", "th"),
    }
    assert ANDAMAN.native_name in told[SOMCHAI.email].text
    assert world.agreement not in told[SOMCHAI.email].text, "they cannot open it any more"


def test_the_invitation_to_a_corrected_version_does_not_name_the_one_that_it_ends(world: World):
    world.publish()
    earlier = {mail.id for mail in mails_of(world)}
    draft = create_correction(world.service, world.officer, world.agreement, corrected())
    replace(world, agreement=draft).publish()
    (mail,) = [mail for mail in mails_of(replace(world, agreement=draft)) if mail.recipient == LIN.email]
    assert "TEST/1 · version 1.1" in mail.text
    assert "version 1.0" not in mail.text
    assert {mail.kind for mail in mails_of(world) if mail.id not in earlier} == {"withdrawn"}


def test_an_invitation_asks_once_what_was_done_under_an_agreement_for_which_somebody_signs_four_times(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    for person in (SOMCHAI, ALES, HOA):
        name(world, person, world.ids[LIN])
    world.publish()
    asked: list[str] = []

    def note(real: Callable[..., object]) -> Callable[..., object]:
        def noted(session: Session, agreement: str) -> object:
            asked.append(agreement)
            return real(session, agreement)

        return noted

    monkeypatch.setattr(acts, "summary", note(acts.summary))
    monkeypatch.setattr(agreements, "get", note(agreements.get))
    with world.service.database.read() as session:
        assert len(roles_of(session, world.ids[LIN], "en", NOON).told) == 4
    assert asked == [world.agreement] * 2, "its row, and what was done under it"


def test_in_a_draft_and_after_the_end_nobody_is_told_who_is_named(world: World):
    name(world, SOMCHAI, world.ids[LIN])
    assert mails_of(world) == []
    world.publish()
    withdraw(world.service, world.officer, world.agreement, "The annex was missing.")
    name(world, SOMCHAI, world.ids[SOMCHAI], "Back from leave.")
    assert {mail.kind for mail in mails_of(world)} == {"invitation", "withdrawn"}
    assert [mail.recipient for mail in mails_of(world)].count(SOMCHAI.email) == 0


def test_an_invitation_says_until_when_one_can_sign_before_it_says_how_long_its_link_works(world: World):
    rules = 'signatures = { kind = "all" }\ncloses = "2025-12-31T16:00:00Z"\n'
    replace_source(world.service, world.officer, world.agreement, source(rules=rules))
    world.publish()
    (mail,) = [mail for mail in mails_of(world) if mail.recipient == LIN.email]
    for content in (mail.text, mail.html or ""):
        end = content.index("Signing is open until 1 January 2026, 00:00 (Shanghai; 31 December 2025, 16:00 UTC).")
        link = content.index("The link works once, until 25 April 2025, 12:00 (Shanghai; 04:00 UTC)")
        assert content.index("TEST/1 · version 1.0") < end < link


@pytest.mark.parametrize(("zone", "year"), [("Factory", 2025), ("localtime", 2025), ("Asia/Shanghai", 9999)])
def test_a_zone_that_is_no_place_and_the_end_of_all_time_stop_no_mail(zone: str, year: int):
    """A mail is written within the transaction of an act: it must not make a signature impossible."""
    moment = datetime(year, 12, 31, 23, 0, tzinfo=UTC)
    assert told(moment, "en", zone) == f"31 December {year}, 23:00 UTC"


def test_a_catalogue_is_read_once_and_each_language_has_its_own():
    assert translations("zh") is translations("zh")
    assert translations("zh").gettext("Open the agreement") != translations("ru").gettext("Open the agreement")
