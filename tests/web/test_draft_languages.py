"""Drafts of the interface in more languages: by hand only, said to be drafts, English where they say nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from signing_service.store import people
from tests.cast import LIN, OFFICER
from tests.web import messages
from tests.web.test_translations import HINT, PLACE_HOLDER, translations
from tests.web.visitor import Visitor
from tests.workflow.world import World

OWN_SCRIPT = {
    "be": r"[а-яёіў]",
    "kk": r"[а-яәғқңөұүһі]",
    "km": r"[\u1780-\u17ff]",
    "lo": r"[\u0e80-\u0eff]",
    "my": r"[\u1000-\u109f]",
}
SAID = "Read it in English"


@pytest.mark.parametrize("language", messages.drafts())
def test_a_drafts_place_holders_are_those_of_the_message(language: str):
    for message in messages.read(language):
        if message.id:
            original = message.id if isinstance(message.id, str) else message.id[-1]
            for text in translations(message):
                assert sorted(PLACE_HOLDER.findall(text)) == sorted(PLACE_HOLDER.findall(original)), text


@pytest.mark.parametrize("language", messages.drafts())
def test_a_draft_is_compiled_as_it_was_translated(language: str):
    catalog = messages.read(language)
    assert (messages.folder_of(language) / "messages.mo").read_bytes() == messages.compiled(catalog), HINT
    assert (messages.folder_of(language) / "messages.po").read_bytes() == messages.spelled(catalog), HINT


@pytest.mark.parametrize("language", sorted(OWN_SCRIPT.keys() & set(messages.drafts())))
def test_a_draft_is_in_its_own_script(language: str):
    texts = [text for message in messages.read(language) if message.id for text in translations(message)]
    assert texts
    for text in texts:
        assert re.search(OWN_SCRIPT[language], text, re.IGNORECASE) or "PDF" in text or "%(" in text, text


@pytest.mark.parametrize("language", messages.drafts())
def test_a_draft_that_was_chosen_says_on_each_page_that_it_is_one(
    visit: Callable[..., Visitor], world: World, language: str
):
    lin = visit(LIN)
    lin.get(f"/language/{language}")
    for path in ("/agreements/", f"/agreements/{world.agreement}/", "/help/yellow-mark"):
        page = lin.get(path).text
        assert f'<html lang="{language}">' in page
        assert SAID in page


def test_finished_languages_say_nothing_of_drafts(visit: Callable[..., Visitor]):
    lin = visit(LIN)
    for language in ("en", *messages.LANGUAGES):
        lin.get(f"/language/{language}")
        assert SAID not in lin.get("/agreements/").text


def test_no_browser_is_led_into_a_draft_by_its_preference(anybody: Visitor):
    page = anybody.get("/sign-in", headers={"Accept-Language": "be, ru;q=0.5"}).text
    assert '<html lang="ru">' in page


def test_mails_stay_in_a_finished_language(visit: Callable[..., Visitor], world: World):
    lin = visit(LIN)
    lin.get("/language/zh")
    lin.get("/language/be")
    with world.service.database.read() as session:
        assert people.get(session, world.ids[LIN]).locale == "zh"


def test_officers_note_no_draft_for_a_person(visit: Callable[..., Visitor]):
    offered = re.findall(r'<option[^>]* value="([a-z-]+)"', visit(OFFICER).get("/secretariat/people").text)
    assert set(offered) & {"en", *messages.LANGUAGES} == {"en", *messages.LANGUAGES}
    assert not set(offered) & set(messages.drafts())


def test_what_is_agreed_to_is_said_in_english_beside_a_draft(visit: Callable[..., Visitor], world: World):
    lin = visit(LIN)
    lin.get("/language/be")
    page = lin.get(f"/agreements/{world.agreement}/").text
    assert '"consent_language": "en"' in page


def test_who_prefers_a_draft_is_offered_it_in_its_language_until_a_language_is_chosen(anybody: Visitor):
    wanted = {"Accept-Language": "vi-VN,vi;q=0.9,en;q=0.8"}
    for path in ("/sign-in", "/invitation"):
        page = anybody.get(path, headers=wanted).text
        assert '<html lang="en">' in page
        assert "Đọc các trang này bằng tiếng Việt" in page
    assert "draft translation" not in anybody.get("/sign-in", headers={"Accept-Language": "ru,vi;q=0.9"}).text
    anybody.get("/language/en")
    assert "Đọc các trang này" not in anybody.get("/sign-in", headers=wanted).text


def test_two_sentences_stand_without_a_space_in_chinese(anybody: Visitor):
    page = anybody.get("/invitation", headers={"Accept-Language": "zh"}).text
    assert "。" in page
    assert "。 " not in page
