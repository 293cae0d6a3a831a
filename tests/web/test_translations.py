"""The interface's languages: complete, with the same place holders, compiled, and chosen as people expect."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from flask import Flask

from signing_service.errors import Phrase
from signing_service.store import people
from signing_service.web.error_words import listed, translated
from signing_service.workflow.people import note_language
from tests.cast import ANDAMAN, LIN, NANJING, NOON, OFFICER, SOMCHAI
from tests.web import messages
from tests.web.visitor import Visitor
from tests.workflow.world import World

PLACE_HOLDER = re.compile(r"%\(\w+\)s|%s|\{\w+\}")
HINT = "run: python -m tests.web.messages, then translate what it prints"


def translations(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_no_message_lacks_its_translation(language: str):
    catalog = messages.read(language)
    known = {message.id for message in catalog if message.id and all(translations(message))}
    missing = [str(message.id) for message in messages.extract() if message.id and message.id not in known]
    assert missing == [], HINT


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_place_holders_are_those_of_the_message(language: str):
    for message in messages.read(language):
        if not message.id:
            continue
        original = message.id if isinstance(message.id, str) else message.id[-1]
        for text in translations(message):
            assert sorted(PLACE_HOLDER.findall(text)) == sorted(PLACE_HOLDER.findall(original)), text


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_what_is_compiled_is_what_was_translated(language: str):
    catalog = messages.read(language)
    assert (messages.folder_of(language) / "messages.mo").read_bytes() == messages.compiled(catalog), HINT
    assert (messages.folder_of(language) / "messages.po").read_bytes() == messages.spelled(catalog), HINT


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_translation_is_in_its_own_script(language: str):
    script = {"zh": r"[\u4e00-\u9fff]", "ru": r"[а-яё]", "th": r"[\u0e00-\u0e7f]"}[language]
    same = {"PDF", "%(quorum)s of %(total)s"}
    for message in messages.read(language):
        if (
            not message.id
            or str(message.id) in same
            or "Adobe" in str(message.id)
            or "Trusted Certificates" in str(message.id)
        ):
            continue
        for text in translations(message):
            assert re.search(script, text, re.IGNORECASE), text
            english = re.findall(r"(?:[A-Za-z’,]+ ){6,}[A-Za-z]+", re.sub(r"[“«][^”»]*[”»]", "", text))
            assert english == [], text  # the rest of another message, or a sentence that was forgotten


@pytest.mark.parametrize("path", messages.speaking_modules(), ids=lambda path: path.stem)
def test_no_error_that_people_meet_is_put_together_out_of_pieces(path: Path):
    """Else it has no entry in the catalogues: what varies goes in as a named value."""
    assert messages.pieces(path) == []


def test_an_error_with_values_is_told_in_the_readers_language(visit: Callable[..., Visitor], world: World):
    lin = visit(LIN)
    lin.get("/language/zh")
    world.sign(LIN)
    answer = lin.post(
        f"/api/agreements/{world.agreement}/attempts",
        {"signer": LIN.signer, "mark": {"typed": "Lin"}, "consent_language": "en"},
    )
    assert answer.json["error"] == f"{NANJING.name} 已经签署"


def test_a_moment_in_an_error_is_written_as_the_readers_language_writes_it(app: Flask):
    with app.test_request_context(headers={"Accept-Language": "ru"}):
        phrase = Phrase("signing opens at %(time)s", time=NOON)
        assert translated(phrase) == "подписание откроется 11 апр. 2025\u202fг., 04:00 UTC"
        assert phrase == "signing opens at 2025-04-11T04:00:00Z"


@pytest.mark.parametrize(
    ("language", "moment", "names"),
    [
        ("zh", "2025年4月11日 04:00 UTC", "南京、胡志明"),
        ("th", "11 เมษายน ค.ศ. 2025 04:00 UTC", "南京, 胡志明"),
        ("ru", "11 апр. 2025\u202fг., 04:00 UTC", "南京, 胡志明"),
        ("en", "11 Apr 2025, 04:00 UTC", "南京, 胡志明"),
    ],
)
def test_what_stands_between_a_day_and_its_minute_and_between_names_is_the_language_s_own(
    app: Flask, language: str, moment: str, names: str
):
    with app.test_request_context(headers={"Accept-Language": language}):
        assert translated(Phrase("%(time)s", time=NOON)) == moment
        assert listed(["南京", "胡志明"]) == names


def test_scripts_with_signs_above_and_below_have_taller_lines(anybody: Visitor, world: World):
    sheet = anybody.get("/static/style/base.css").text
    for tag in ("th", "lo", "hi", "my", "km"):
        rules = re.findall(rf"([^\n]*:lang\({tag}\)[^\n]*) {{ line-height: ([\d.]+); }}", sheet)
        assert {selector.startswith(":is(h1") for selector, _ in rules} == {True, False}, "headings and the rest"
        assert all(float(height) >= 1.45 for _, height in rules)
    page = anybody.get(f"/ceremony/{world.agreement}").text
    assert f'lang="{ANDAMAN.native_language}">{ANDAMAN.native_name}' in page, "the language is what the rules go by"


def test_the_history_is_told_in_the_readers_language(visit: Callable[..., Visitor], world: World):
    officer = visit(OFFICER)
    world.sign(LIN)
    officer.get("/language/th")
    for page in ("history", "history.csv"):
        text = officer.get(f"/secretariat/agreements/{world.agreement}/{page}").text
        assert "ออกใบรับรองใช้ครั้งเดียวแก่" in text
        assert "may act for" not in text


@pytest.mark.parametrize(
    ("preferred", "words"), [("zh-CN,zh;q=0.9", "登录"), ("ru", "Войти"), ("th-TH", "เข้าสู่ระบบ"), ("sw", "Sign in")]
)
def test_the_browsers_language_is_spoken_where_it_is_known(anybody: Visitor, world: World, preferred: str, words: str):
    page = anybody.get("/sign-in", headers={"Accept-Language": preferred})
    assert words in page.text
    assert f'<html lang="{preferred[:2] if words != "Sign in" else "en"}">' in page.text


def test_a_chosen_language_stays_after_signing_in(anybody: Visitor, world: World):
    anybody.get("/language/th")
    anybody.sign_in(LIN)
    assert "ความตกลงของท่าน" in anybody.get("/agreements/").text


def test_mails_are_in_the_language_of_the_pages_from_then_on(anybody: Visitor, world: World):
    def noted() -> str:
        with world.service.database.read() as session:
            return people.get(session, world.ids[LIN]).locale

    before = noted()
    assert before != "th"
    anybody.get("/language/th")
    anybody.sign_in(LIN)
    assert noted() == "th"
    anybody.get("/language/ru", headers={"Sec-Fetch-Site": "cross-site"})
    assert noted() == "th", "another site's page chooses nobody's mails"
    assert "ความตกลงของท่าน" in anybody.get("/agreements/").text, "nor anybody's pages"
    anybody.get("/language/ru", headers={"Sec-Fetch-Site": "same-origin"})
    assert noted() == "ru"


@pytest.mark.parametrize(("officer_noted", "mailed"), [("en", "zh"), ("th", "th")])
def test_where_no_language_is_noted_mails_go_by_the_browser(
    anybody: Visitor, world: World, officer_noted: str, mailed: str
):
    note_language(world.service, world.ids[LIN], officer_noted)
    anybody.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "zh-CN"
    anybody.sign_in(LIN)
    with world.service.database.read() as session:
        assert people.get(session, world.ids[LIN]).locale == mailed


def test_who_signs_in_where_somebody_was_takes_over_no_language(anybody: Visitor, world: World):
    note_language(world.service, world.ids[SOMCHAI], "th")
    note_language(world.service, world.ids[LIN], "en")
    anybody.sign_in(SOMCHAI)
    anybody.sign_in(LIN)
    with world.service.database.read() as session:
        assert people.get(session, world.ids[LIN]).locale == "en"


def test_errors_are_told_in_the_same_language(anybody: Visitor, world: World):
    anybody.get("/language/ru")
    anybody.get("/sign-in")
    assert (
        "Адрес электронной почты, пароль или код неверны."
        in anybody.submit("/sign-in", email=LIN.email, password="wrong").text
    )
    answer = anybody.post("/api/invitations/open", {"token": "x" * 43})
    assert answer.json["error"] == "эта ссылка недействительна"


@pytest.mark.parametrize("language", messages.LANGUAGES)
@pytest.mark.parametrize("person", [LIN, OFFICER], ids=["representative", "officer"])
def test_every_page_is_rendered_in_every_language(
    visit: Callable[..., Visitor], world: World, language: str, person: object
):
    visitor = visit(person)
    visitor.get(f"/language/{language}")
    paths = ["/verify", "/trust", "/record/", "/help/yellow-mark", f"/ceremony/{world.agreement}"]
    paths += [f"/agreements/{world.agreement}/"]
    if person is OFFICER:
        paths += ["/secretariat/", "/secretariat/people", f"/secretariat/agreements/{world.agreement}/"]
    for path in paths:
        answer = visitor.get(path)
        assert answer.status_code == 200, path
        assert f'<html lang="{language}">' in answer.text
