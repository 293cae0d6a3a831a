"""Sentences that stand one after the other: joined by one function, which knows where a space belongs."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask_babel import force_locale
from markupsafe import Markup

from signing_service import resources
from signing_service.errors import Phrase
from signing_service.web.error_words import joined
from signing_service.web.presentation import sentence
from tests.cast import NOON

SENTENCE = r"""[.?!:]"[^{}]*\) \}\}(?:\{% endif %\})?"""
NEXT = r"""(?:\{\{ _\(|\{% if[^%]*%\}\{\{ _\(|<(?:a|span|strong|code)\b)"""
SIDE_BY_SIDE = re.compile(f"{SENTENCE} {NEXT}")


@pytest.mark.parametrize(
    ("language", "sentences", "told"),
    [
        ("en", ("One.", "Two."), "One. Two."),
        ("zh", ("第一句。", "第二句。"), "第一句。第二句。"),
        ("zh", ("Not translated.", "第二句。"), "Not translated. 第二句。"),
        ("ru", ("Раз.", "", "Два."), "Раз. Два."),
        ("th", ("ประโยคหนึ่ง", "ประโยคสอง"), "ประโยคหนึ่ง ประโยคสอง"),
        ("zh", (Markup("<b>第一句。</b>"), "<i>"), "<b>第一句。</b>&lt;i&gt;"),
    ],
)
def test_sentences_are_joined_as_their_script_wants_it(app: Flask, language: str, sentences: tuple[str], told: str):
    with app.test_request_context(), force_locale(language):
        assert joined(*sentences) == told


def test_a_moment_within_a_sentence_is_one_for_the_viewers_clock_and_all_else_is_escaped(app: Flask):
    phrase = Phrase(
        "%(person)s of %(party)s is signing with an own certificate until %(time)s",
        person="<Lin>",
        party="A & B",
        time=NOON,
    )
    with app.test_request_context(), force_locale("en"):
        assert sentence(phrase) == (
            "&lt;Lin&gt; of A &amp; B is signing with an own certificate until "
            '<time datetime="2025-04-11T04:00:00Z" data-beside>11 Apr 2025, 04:00 UTC</time>.'
        )
        assert sentence(Phrase("%(person)s", person="<Lin>")) == "<Lin>.", "which the page escapes"


def test_no_template_puts_a_space_of_its_own_between_sentences():
    found = {}
    for path in resources.templates().rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        if "mail" not in path.parts and (hits := SIDE_BY_SIDE.findall(text)):
            found[path.name] = hits
    assert found == {}, "join them by joined(…), or put gap() between"
