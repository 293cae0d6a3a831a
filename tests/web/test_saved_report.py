"""The report as it is saved: its letters are inside, and nothing else is added."""

from __future__ import annotations

import base64
import re

import uharfbuzz

from signing_service.pdf.fonts import find_fonts, open_fonts
from signing_service.web.saved_report import MOST_LETTERS, with_fonts

PAGE = '<html lang="{}"><style>p {{ margin: 0 }}</style><p>{}</p>'
FACES = open_fonts(find_fonts({})).faces


def letters(page: str) -> set[int]:
    held: set[int] = set()
    for data in re.findall(r"data:font/ttf;base64,([A-Za-z0-9+/=]+)", page):
        held |= set(uharfbuzz.Face(uharfbuzz.Blob(base64.b64decode(data))).unicodes)
    return held


def test_the_letters_of_a_report_in_chinese_are_in_it():
    page = with_fonts(PAGE.format("zh", "真实且完整，南京邮电大学"), FACES)
    assert letters(page) >= set(map(ord, "真实且完整，南京邮电大学"))
    assert len(page) < 100_000


def test_thai_vowels_that_are_set_as_two_letters_find_both():
    page = with_fonts(PAGE.format("th", "สำนักเลขาธิการ"), FACES)
    assert letters(page) >= set(map(ord, "สำนักเลขาธิการ")) | {0x0E4D, 0x0E32}, "sara am is nikhahit and sara aa"


def test_a_report_in_latin_letters_is_left_as_it_is():
    plain = PAGE.format("en", "Genuine and complete: Universität")
    assert with_fonts(plain, FACES) == plain


def test_only_rules_for_letters_are_added():
    plain = PAGE.format("ru", "Подлинно")
    page = with_fonts(plain, FACES)
    assert re.sub(r"@font-face \{[^}]*\}\n", "", page) == plain
    assert not re.search(r"https?:|<script|url\((?!data:)", page)


def test_a_forged_report_with_all_letters_of_a_typeface_is_not_made_thirty_megabytes_of_fonts():
    every = "".join(map(chr, sorted(FACES["han"].characters)))
    assert len(with_fonts(PAGE.format("zh", every), FACES)) < 2_500_000


def test_a_report_with_more_letters_than_any_agreement_still_has_them_inside():
    many = "".join(map(chr, range(0x4E00, 0x4E00 + MOST_LETTERS)))
    assert letters(with_fonts(PAGE.format("zh", many), FACES)) >= set(map(ord, many)) & FACES["han"].characters
