"""Names: one spelling, printable, safe beside other text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing_service.agreement.names import check_characters, check_direction, clean_name
from signing_service.errors import FormatError, LimitError


@pytest.mark.parametrize(
    ("given_name", "clean"),
    [
        ("  Ada   Specimen ", "Ada Specimen"),
        ("Nguye\u0302\u0303n Thi\u0323 Mẫu", "Nguyễn Thị Mẫu"),
        ("Ada\u00a0Specimen", "Ada Specimen"),
        ("样\u200b本", "样本"),
        ("តារា គំរូ", "តារា គំរូ"),
    ],
)
def test_a_name_gets_one_spelling(given_name, clean):
    assert clean_name(given_name) == clean
    assert clean_name(clean) == clean


HIDDEN = ["\x00", "\x07", "\u202e", "\u2066", "\u200e", "\ue000", chr(0xD800), "\u0378", "\ufeff", "\ufffd"]


@pytest.mark.parametrize(
    "name",
    ["", "   ", "12", "—"] + [f"a{hidden}b" for hidden in HIDDEN],
)
def test_what_is_no_name_is_refused(name):
    with pytest.raises(FormatError):
        clean_name(name)


def test_a_name_without_end_is_refused():
    with pytest.raises(LimitError):
        clean_name("a" * 201)


@pytest.mark.parametrize("text", ["אוניברסיטה", "جامعة", "Specimen جامعة"])
def test_right_to_left_letters_are_refused_with_a_message(text):
    with pytest.raises(FormatError, match="right to left"):
        check_direction(text)


@given(st.text(max_size=30))
def test_cleaning_is_stable_and_leaves_nothing_hidden(text):
    try:
        name = clean_name(text)
    except FormatError:
        return
    assert clean_name(name) == name
    assert unicodedata.is_normalized("NFC", name)
    assert not any(unicodedata.category(character) in ("Cc", "Co", "Cs") for character in name)


def test_the_hint_says_what_to_do():
    with pytest.raises(FormatError) as caught:
        check_characters("a\u202eb", what="party name")
    assert caught.value.message == "party name holds the character U+202E, which cannot be printed"
    assert "retype" in caught.value.hint
