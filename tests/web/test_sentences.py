"""Sentences that stand one after the other: joined by one function, which knows where a space belongs."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask_babel import force_locale
from markupsafe import Markup

from signing_service import resources
from signing_service.web.error_words import joined

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


def test_no_template_puts_a_space_of_its_own_between_sentences():
    found = {}
    for path in resources.templates().rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        if "mail" not in path.parts and (hits := SIDE_BY_SIDE.findall(text)):
            found[path.name] = hits
    assert found == {}, "join them by joined(…), or put gap() between"
