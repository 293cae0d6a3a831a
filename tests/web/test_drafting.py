"""An agreement written in the browser: all mistakes at their fields, rows by buttons, copies, and drafts of files."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from signing_service.agreement.sheet_check import Composed, compose
from signing_service.agreement.terms import MAX_LANGUAGES, MAX_PARTIES
from signing_service.store import agreements, mandates
from signing_service.web.drafting_form import typed
from signing_service.workflow.drafts import replace_source
from tests.cast import LIN, OFFICER, PUBLIC_URL
from tests.web.visitor import Visitor
from tests.workflow.world import World, source

Visit = Callable[..., Visitor]
NEW = "/secretariat/agreements/new"
FIELDS: dict[str, Any] = {
    "reference": "A/1",
    "version": "1.0",
    "languages": "en",
    "title-en": "Agreement",
    "parties-0-name": "University of the Great Lake",
    "parties-0-country": "Cambodia",
    "parties-0-signers-0-title-en": "Rector",
    "parties-1-name": "",
    "texts-en": "We agree.\r\n\r\n## Aims\r\n\r\nOne.\r\n",
    "base": "",
}


@pytest.fixture
def officer(visit: Visit, draft: World) -> Visitor:
    officer = visit(OFFICER)
    officer.get(NEW)
    return officer


def url(world: World, rest: str = "") -> str:
    return f"/secretariat/agreements/{world.agreement}/{rest}"


def fields(page: str) -> dict[str, Any]:
    """What a browser would send of the form as it stands."""
    form = page[page.index('enctype="multipart/form-data"') :]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = (re.search(rf' {what}="([^"]*)"', tag) for what in ("name", "value"))
        if name and ('type="checkbox"' not in tag or " checked" in tag):
            found.setdefault(name[1], []).append(unescape(value[1]) if value else "")
    for name_of, text in re.findall(r'<textarea[^>]* name="([^"]*)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL):
        found[name_of] = unescape(text).replace("\n", "\r\n")
    return found


def error(page: str, name: str) -> str:
    """What is told at a field that is marked as wrong."""
    tag = re.search(rf'<(?:input|textarea)[^>]* id="{name}"[^>]*>', page)
    assert tag
    assert f'aria-describedby="{name}-error"' in re.sub(r'"[^" ]+-hint ', '"', tag[0])
    assert 'aria-invalid="true"' in tag[0]
    told = re.search(rf'<p class="error" id="{name}-error">([^<]*)</p>', page)
    assert told
    return unescape(told[1])


def files(officer: Visitor, agreement: str) -> dict[str, bytes]:
    data = officer.get(f"/secretariat/agreements/{agreement}/source.zip").data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_what_is_typed_becomes_a_draft(officer: Visitor):
    answer = officer.submit(NEW, **FIELDS)
    assert answer.status_code == 303
    page = officer.get(answer.headers["Location"]).text
    assert "The draft is saved." in page
    assert "University of the Great Lake" in page
    made = files(officer, answer.headers["Location"].split("/")[-2])
    assert made["en.md"] == b"We agree.\n\n## Aims {#article-1}\n\nOne.\n"
    assert b'country = "KH"' in made["agreement.toml"]


def test_all_mistakes_stand_at_their_fields_and_nothing_typed_is_lost(officer: Visitor):
    text = "We <b>agree</b>.\n\n## Aims\n\nOne."
    wrong = {"reference": "", "parties-0-country": "Atlantis", "texts-en": text, "title-en": "Ägreement"}
    answer = officer.submit(NEW, **FIELDS | wrong)
    assert answer.status_code == 400
    assert error(answer.text, "reference") == "Give it a number. For example 12C12U/2026."
    assert error(answer.text, "parties-0-country") == "Atlantis is no country. Choose one of the list."
    assert error(answer.text, "texts-en").startswith("Line 1: HTML is not allowed in an agreement.")
    assert "3 fields are not right yet." in answer.text
    sent = FIELDS | wrong
    again = fields(answer.text)
    kept = ("title-en", "parties-0-name", "parties-0-country", "parties-0-signers-0-title-en")
    assert {name: again[name] for name in kept} == {name: [sent[name]] for name in kept}
    assert again["texts-en"].split() == sent["texts-en"].split()
    assert answer.text.count("autofocus") == 1


def test_rows_are_added_and_taken_away_by_buttons_that_keep_what_was_typed(officer: Visitor):
    page = officer.submit(NEW, **FIELDS, step="add-party").text
    assert re.search(r'<input[^>]* id="parties-2-name"[^>]* autofocus', page)
    page = officer.submit(NEW, **fields(page) | {"step": "add-signer-0"}).text
    assert fields(page)["parties-0-name"] == ["University of the Great Lake"]
    assert 'id="parties-0-signers-1-title-en"' in page
    page = officer.submit(NEW, **fields(page) | {"step": "remove-0"}).text
    assert "Great Lake" not in page
    assert 'id="parties-2-name"' not in page
    assert "not right yet" not in page


def test_ticking_a_language_shows_its_fields(officer: Visitor):
    page = officer.submit(NEW, **FIELDS | {"languages": ["en", "fr"], "step": "languages"}).text
    assert re.search(r'<input[^>]* id="title-fr"[^>]* autofocus', page)
    assert 'id="texts-fr"' in page
    assert fields(page)["languages"] == ["en", "fr"]


def test_a_copy_has_parties_and_texts_and_asks_for_a_number(officer: Visitor, draft: World):
    page = officer.get(f"{NEW}?from={draft.agreement}").text
    typed = fields(page)
    assert typed["parties-0-name"] == ["Nanjing University of Posts and Telecommunications"]
    assert "The Parties establish an alliance." in typed["texts-en"]
    assert typed["reference"] == [""]
    answer = officer.submit(f"{NEW}?from={draft.agreement}", **typed | {"reference": "B/2"})
    assert answer.status_code == 303
    assert draft.agreement not in answer.headers["Location"]


def test_a_draft_of_files_is_changed_and_who_signs_stays(officer: Visitor, draft: World):
    typed = fields(officer.get(url(draft, "form")).text)
    typed["title-en"] = "Another title"
    typed["parties-0-name"] = "Nanjing University"
    assert officer.submit(url(draft, "form"), **typed).status_code == 303
    made = files(officer, draft.agreement)
    assert b"Another title" in made["agreement.toml"]
    assert made["en.md"] == source()["en.md"]
    with draft.service.database.read() as session:
        assert LIN.signer in {row.signer for row, _ in mandates.of_agreement(session, draft.agreement)}


def test_saving_over_somebody_else_s_change_is_asked_for_once_more(officer: Visitor, draft: World):
    typed = fields(officer.get(url(draft, "form")).text)
    assert officer.submit(url(draft, "form"), **typed | {"reference": "THEIRS/1"}).status_code == 303
    answer = officer.submit(url(draft, "form"), **typed | {"reference": "OURS/1"})
    assert answer.status_code == 400
    assert "Somebody changed this draft while you were writing." in answer.text
    assert b"THEIRS/1" in files(officer, draft.agreement)["agreement.toml"]
    assert officer.submit(url(draft, "form"), **fields(answer.text)).status_code == 303
    assert b"OURS/1" in files(officer, draft.agreement)["agreement.toml"]


def test_what_somebody_saves_at_the_same_moment_is_not_lost_unseen(
    officer: Visitor, draft: World, monkeypatch: pytest.MonkeyPatch
):
    typed_here = fields(officer.get(url(draft, "form")).text)
    theirs = {**source(), "agreement.toml": source()["agreement.toml"].replace(b"TEST/1", b"THEIRS/1")}

    def compose_slowly(*given: Any) -> Composed:
        replace_source(draft.service, draft.officer, draft.agreement, theirs)
        return compose(*given)

    with monkeypatch.context() as patched:
        patched.setattr("signing_service.web.drafting.compose", compose_slowly)
        answer = officer.submit(url(draft, "form"), **typed_here | {"reference": "OURS/1"})
    assert answer.status_code == 400
    assert "Somebody changed this draft while you were writing." in answer.text
    assert files(officer, draft.agreement) == theirs


def test_a_published_agreement_is_corrected_in_the_form_and_changed_no_more(officer: Visitor, world: World):
    assert officer.get(url(world, "form")).status_code == 409
    page = officer.get(url(world, "correction/form")).text
    assert fields(page)["version"] == ["1.1"], "the next one is proposed"
    answer = officer.submit(url(world, "correction/form"), **fields(page))
    assert "A corrected version" in officer.get(answer.headers["Location"]).text
    with world.service.database.read() as session:
        assert agreements.get(session, world.agreement).state == "published"


def test_an_agreement_of_very_many_parties_comes_in(officer: Visitor):
    titles = [f"signers-{signer}-title-{tag}" for signer in range(2) for tag in ("en", "zh", "ru", "th", "km", "lo")]
    names = ("id", "name", "native_name", "country", "time_zone", "native_language", *titles, *"abcdefghijklmn")
    many = {f"parties-{row}-{name}": "" for row in range(MAX_PARTIES) for name in names}
    data = {"csrf_token": officer.csrf, **many, **FIELDS}
    assert len(data) > 12_800
    answer = officer.client.post(NEW, base_url=PUBLIC_URL, data=data, content_type="multipart/form-data")
    assert answer.status_code == 303


def test_only_an_officer_sends_very_many_fields(app: Flask, visit: Visit, officer: Visitor):
    fields = {**FIELDS, **{f"parties-{index % 400}-{index}": "" for index in range(2000)}}

    def send(client: FlaskClient, token: str) -> int:
        data = {**fields, "csrf_token": token}
        return client.post(NEW, base_url=PUBLIC_URL, data=data, content_type="multipart/form-data").status_code

    representative = visit(LIN)
    assert send(app.test_client(), "") == 413
    assert send(representative.client, representative.csrf) == 413
    assert send(officer.client, officer.csrf) == 303


def test_however_many_languages_are_sent_no_party_has_texts_in_more_than_an_agreement_can_have(app: Flask):
    many = [f"{first}{second}" for first in "abcdef" for second in "klmnop"]
    with app.test_request_context():
        sheet = typed(MultiDict([*(("languages", tag) for tag in many), ("parties-0-name", "A")]))
    assert sheet.languages == tuple(many[:MAX_LANGUAGES])
    assert [*sheet.title] == [*sheet.texts] == [*sheet.parties[0].signers[0].title] == many[:MAX_LANGUAGES]


def test_a_form_that_breaks_off_is_refused_and_nothing_is_stored(officer: Visitor):
    part = '--edge\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'.format
    whole = "".join(part(name, value) for name, value in {"csrf_token": officer.csrf, **FIELDS}.items())
    sent = {"base_url": PUBLIC_URL, "content_type": "multipart/form-data; boundary=edge"}
    broken = officer.client.post(NEW, data=whole, **sent)
    assert broken.status_code == 400
    assert "Nothing was changed." in broken.text
    assert FIELDS["reference"] not in officer.get("/secretariat/").text
    assert officer.client.post(NEW, data=whole + "--edge--\r\n", **sent).status_code == 303
