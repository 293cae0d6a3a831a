"""Dividing words at line ends: by each language's patterns, never a name, and what is copied is still the word."""

from __future__ import annotations

import os
import re
from dataclasses import replace

import pytest

from signing_service.pdf.fonts import find_fonts, open_fonts
from signing_service.pdf.rendering.hyphenation import divided
from signing_service.pdf.rendering.lines import Line, break_lines
from signing_service.pdf.rendering.segments import Shaper, Span
from signing_service.pdf.rendering.styles import BODY
from tests.pdf.assembly import SENTENCES, in_languages
from tests.pdf.test_printed_text import base_of, printed

ENGLISH = (
    "The Parties endeavour to found, together with enterprises and research institutions, international bases in "
    "which education, research and industry work side by side, irrespective of their administrative subordination."
)


def hyphenated(text: str, language: str = "en") -> str:
    """The text with a visible sign where it may be divided."""
    return "".join(span.text for span in divided([Span(text, BODY)], language)).replace("\u00ad", "|")


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "international cooperation", "inter|na|tional cooper|a|tion"),
        ("en-GB", "international", "inter|na|tional"),
        ("ru", "преподавателями", "пре|по|да|ва|те|лями"),
        ("be", "супрацоўніцтва", "суп|ра|цоў|ні|ц|тва"),
        ("de", "rechtswissenschaftliche", "rechts|wis|sen|schaft|li|che"),
        ("pt-BR", "universidades", "uni|ver|si|da|des"),
        ("vi", "trường nghiên cứu", "trường nghiên cứu"),
        ("zh", "international", "international"),
        ("xx", "international", "international"),
    ],
)
def test_each_language_is_divided_by_its_own_patterns_or_not_at_all(language, text, expected):
    assert hyphenated(text, language) == expected


@pytest.mark.parametrize(
    "kept",
    [
        "Representatives", "UNESCO", "MacDonaldson", "well-established", "https://example.org/international",
        "international@example.org", "example.international", "version2international", "university’s", "party",
        "coop\u00aderation",
    ],
)  # fmt: skip
def test_names_acronyms_addresses_and_what_the_author_divided_are_left_alone(kept):
    assert hyphenated(f"see {kept} there") == f"see {kept} there".replace("\u00ad", "|")


def test_a_word_in_two_styles_is_divided_as_one():
    spans = divided([Span("inter", BODY), Span("national bases", BODY, "target")], "en")
    assert [span.text for span in spans] == ["inter", "na\u00adtional bases"]
    assert spans[1].target == "target"


def set_in(width: float, text: str = ENGLISH, language: str = "en") -> list[Line]:
    shaper = Shaper(open_fonts(find_fonts(os.environ)))
    return break_lines(shaper.segments([Span(text, BODY.speaking(language))]), width)


def test_a_justified_paragraph_is_divided_where_that_makes_it_even_and_its_words_stay_whole():
    lines = set_in(210)
    assert any(line.segments[-1].hyphen for line in lines)
    whole = set_in(210, language="xx")  # no patterns: nothing is divided
    assert max(line.ratio for line in lines) < max(line.ratio for line in whole) / 1.5
    words = "".join(
        "".join(piece.text for piece in segment.pieces) + (" " if segment.space else "")
        for line in lines
        for segment in line.segments
    )
    assert words == ENGLISH


@pytest.mark.parametrize("width", range(120, 440, 20))
def test_no_last_line_is_the_remnant_of_a_word(width):
    lines = set_in(width)
    if lines[-2].segments[-1].hyphen:
        assert lines[-1].natural >= width * 0.3


def test_ragged_text_is_not_divided():
    shaper = Shaper(open_fonts(find_fonts(os.environ)))
    ragged = replace(BODY, align="left")
    assert all(segment.hyphen is None for segment in shaper.segments([Span(ENGLISH, ragged)]))


def test_what_is_copied_has_soft_hyphens_at_line_ends_and_without_them_the_very_words(tmp_path):
    base = base_of(in_languages, "ru")
    for options in (("-raw",), ("-layout",), ()):
        copied = printed(tmp_path, base, *options)
        assert re.search("[а-я]\u00ad\n", copied)
        assert not re.search("\u00ad[^\n]", copied)
    assert SENTENCES["ru"] in printed(tmp_path, base, "-raw").replace("\u00ad\n", "").replace("\n", " ")
