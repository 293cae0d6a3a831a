"""Fonts and lines: each character in a face that has it, and paragraphs broken evenly."""

from __future__ import annotations

import os
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing_service.errors import ConfigurationError
from signing_service.pdf.fonts import Fonts, UncoveredCharacterError, find_fonts, open_fonts
from signing_service.pdf.rendering.lines import break_lines
from signing_service.pdf.rendering.rows import Row, fill_pages, kept
from signing_service.pdf.rendering.segments import Piece, Segment, Shaper, Span
from signing_service.pdf.rendering.styles import BODY
from tests.pdf.assembly import SENTENCES

ENGLISH = (
    "The Parties promote the exchange of students, teachers, researchers and administrative staff. They conclude "
    "such bilateral or multilateral arrangements as an exchange requires; these name the numbers, the duration, "
    "the costs and who bears them."
)


@cache
def fonts() -> Fonts:
    return open_fonts(find_fonts(os.environ))


@cache
def shaper() -> Shaper:
    return Shaper(fonts())


def faces(text: str, style: str = "serif", language: str = "en") -> list[tuple[str, str]]:
    return [(face.name, part) for face, part in fonts().split(text, style, language)]


def test_each_script_gets_the_face_that_has_it():
    assert faces("AB南京กขកងຄວကခ") == [
        ("serif", "AB"), ("han", "南京"), ("thai", "กข"), ("khmer", "កង"), ("lao", "ຄວ"), ("myanmar", "ကခ"),
    ]  # fmt: skip
    assert faces("AБ", "serif-bold") == [("serif-bold", "AБ")]


def test_marks_stay_with_their_letter():
    assert faces("ក្ម") == [("khmer", "ក្ម")]
    assert faces("x\u0323y") == [("serif", "x\u0323y")]


def test_quotation_marks_are_wide_in_chinese_and_narrow_elsewhere():
    assert faces("甲“乙”", language="zh") == [("han", "甲“乙”")]
    assert faces("a “b”", language="en") == [("serif", "a “b”")]


def test_break_opportunities_are_not_printed():
    assert faces("a\u200bb\u00adc") == [("serif", "abc")]


@pytest.mark.parametrize("character", ["😀", "𠮷", "ꦲ", "\u0c15"])
def test_a_character_that_no_face_has_is_named(character):
    with pytest.raises(UncoveredCharacterError, match=f"U\\+{ord(character):04X}"):
        fonts().check(f"text {character}")


@given(st.text(max_size=20))
def test_any_text_is_split_whole_or_refused(text):
    try:
        parts = fonts().split(text, "serif", "en")
    except UncoveredCharacterError:
        return
    assert "".join(part for _, part in parts) == "".join(c for c in text if c not in "\u200b\u00ad\u2060")


def test_khmer_letters_are_stacked_and_the_cluster_knows_its_text():
    khmer = fonts().faces["khmer"]
    glyphs = khmer.shape("ស្ត្រី")
    assert len(glyphs) < len("ស្ត្រី")
    assert "".join(glyph.text for glyph in glyphs) == "ស្ត្រី"


def test_a_subset_holds_the_asked_glyphs_and_little_more():
    serif = fonts().faces["serif"]
    program, numbers = serif.subset({serif.glyph("A"), serif.glyph("Ё")})
    assert {serif.glyph("A"), serif.glyph("Ё")} <= set(numbers)
    assert len(program) < 4096
    assert serif.subset({serif.glyph("A"), serif.glyph("Ё")})[0] == program


def test_a_folder_without_fonts_is_named_with_the_remedy(tmp_path):
    with pytest.raises(ConfigurationError, match="no fonts in") as caught:
        find_fonts({"SIGNING_SERVICE_FONTS": str(tmp_path)})
    assert "make fonts" in caught.value.hint
    with pytest.raises(ConfigurationError, match="no fonts in") as caught:
        open_fonts(tmp_path)
    assert "make fonts" in caught.value.hint


def lines_of(text: str, language: str, width: float = 300) -> list[str]:
    style = BODY.speaking(language)
    segments = shaper().segments([Span(text, style)])
    lines = break_lines(segments, width, justify=style.align == "justify")
    for line in lines:
        assert line.natural <= width * 1.08
        assert -1 <= line.ratio <= 12
    return ["".join(piece.text for segment in line.segments for piece in written(segment)) for line in lines]


def written(segment: Segment) -> list[Piece]:
    return [*segment.pieces, *([segment.space] if segment.space else [])]


@pytest.mark.parametrize("language", sorted(SENTENCES))
def test_breaking_loses_no_character(language):
    assert "".join(lines_of(SENTENCES[language], language)) == SENTENCES[language]


def test_a_paragraph_is_even_and_ends_in_no_stub():
    lines = lines_of(ENGLISH, "en")
    assert len(lines) == 4
    assert len(lines[-1]) > 10


def test_thai_breaks_between_words():
    assert lines_of("มหาวิทยาลัยตัวอย่างแห่งนี้ร่วมมือกับสมาชิก", "th", 72) == [
        "มหาวิทยาลัย", "ตัวอย่างแห่งนี้ร่วม", "มือกับสมาชิก",
    ]  # fmt: skip


def test_no_line_of_chinese_begins_with_a_closing_mark():
    text = "缔约各方，在平等、相互尊重、互利与开放的基础上（以下简称“基础”），开展合作。" * 6
    for line in lines_of(text, "zh", 120):
        assert line[0] not in "，。、）》”；："
        assert line[-1] not in "（《“"


def test_no_line_ends_in_a_hyphen_that_is_not_soft():
    assert not any(line.rstrip().endswith("-") for line in lines_of("well-known co-operation " * 12, "en", 140))


def test_a_soft_hyphen_breaks_a_word_where_its_author_allows_it():
    segments = shaper().segments([Span("in\u00adter\u00adna\u00adtion\u00adal", BODY)])
    lines = break_lines(segments, 30)
    assert len(lines) > 1
    assert lines[0].segments[-1].hyphen is not None


def rows(*heights: float) -> list[Row]:
    return [Row(height=height, before=5) for height in heights]


def test_pages_are_filled_from_above_and_space_at_their_top_is_left_out():
    pages = fill_pages(rows(40, 40, 40), 100, 0)
    assert [[top for _, top in page.rows] for page in pages] == [[100, 55], [100]]


def test_rows_that_belong_together_move_together():
    pages = fill_pages([*rows(60), *kept(rows(20)), *rows(40)], 100, 0)
    assert [len(page.rows) for page in pages] == [1, 2]


def test_a_scrap_on_the_last_page_is_taken_in():
    pages = fill_pages(rows(*[14] * 6), 104, 0)
    assert len(pages) == 1
