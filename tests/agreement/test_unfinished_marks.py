"""A mark that was begun and not ended is never sealed unnoticed: a draft's check names it, with its line and words."""

from __future__ import annotations

import pytest

from signing_service.agreement.markdown import parse_text
from signing_service.agreement.text import plain
from signing_service.errors import FormatError, SigningServiceError, all_of

HEAD = "We agree.\n\n## Aims {#aims}\n\n"


def told(markdown: str) -> list[SigningServiceError]:
    """What a draft's check says of a text."""
    try:
        parse_text("en", "en.md", markdown.encode(), finished=True)
    except FormatError as error:
        return list(all_of(error))
    return []


@pytest.mark.parametrize(
    ("words", "mark"),
    [
        ("The term is **five years.", "**"),
        ("The term is five years**.", "**"),
        ("The term is ** five years **.", "**"),
        ("The term is *five years.", "*"),
        ("The term is ***five** years.", "*"),
        ("The term is _five years.", "_"),
        ("The term is five years__.", "__"),
        ("As [](#aims says.", "[]("),
        ("As [](#aims one) says.", "[]("),
        ("A heading's mark {#aims} here.", "{#"),
        ("The `term is five years.", "`"),
        ("##Term", "##"),
    ],
)
def test_a_mark_without_its_partner_is_refused_with_its_line(words: str, mark: str):
    first = told(f"{HEAD}One.\n\n{words}\n")[0]
    assert first.message.startswith("en.md:7: in “")
    assert first.message.endswith(f" the mark {mark} would be printed as it stands")
    assert first.hint, "it says what to do"


@pytest.mark.parametrize(
    "words",
    [
        "Two \\* three \\_four \\`five \\[](#x \\#\\#six.",
        "*All* **of** _these_ __are__ ***whole***.",
        "Write to first_last@lake.example, or fill in: ____ and _______.",
        "As [](#aims) and [that article](#aims) say [sic].",
        "No. #5 (c) &ast; one.",
    ],
)
def test_whole_marks_and_characters_that_are_meant_are_taken(words: str):
    assert told(f"{HEAD}{words}\n") == []


def test_a_backslash_prints_the_star_alone():
    text = parse_text("en", "en.md", f"{HEAD}Two \\* three.\n".encode(), finished=True)
    block = text.articles[0].blocks[0]
    assert plain(block.content) == "Two * three."


def test_the_line_is_that_of_the_mark_and_its_words_are_shown():
    found = told(f"{HEAD}One\ntwo\nthree **four and five\nsix.\n\n1. seven,\n2. **eight\n")
    assert [error.message for error in found] == [
        "en.md:7: in “three **four and five” the mark ** would be printed as it stands",
        "en.md:11: in “**eight” the mark ** would be printed as it stands",
    ]


def test_a_heading_may_end_with_its_id_and_holds_no_other():
    assert told("We agree.\n\n## **Aims** {#aims}\n\nOne.\n") == []
    second = told("We agree.\n\n## Aims {#Aims} {#aims}\n\nOne.\n")
    assert [error.message.partition("”")[2] for error in second] == [" the mark {# would be printed as it stands"]


def test_in_han_text_a_mark_beside_punctuation_is_told_too():
    """CommonMark opens no emphasis between a character and a quotation mark, as who writes Chinese expects."""
    assert "** would be printed" in told(f"{HEAD}期限为**“五年”**整。\n")[0].message


def test_what_was_sealed_with_such_marks_is_read_all_the_same():
    text = parse_text("en", "en.md", f"{HEAD}The term is **five years.\n".encode())
    assert plain(text.articles[0].blocks[0].content) == "The term is **five years."


def test_everything_wrong_in_a_text_is_told_at_once_from_top_to_bottom():
    lists = "- list\n\n- a\n\n  b\n\n"
    markdown = f"> q\n\n{HEAD}One **two.\n\n{lists}## No id\n\n<b>three</b>\n\n## Aims {{#aims}}\n\nFour.\n"
    lines = [error.message.split(": ")[0] for error in told(markdown)]
    assert lines == ["en.md:1", "en.md:7", "en.md:13", "en.md:15", "en.md:17", "en.md:19"]


def test_a_reference_that_leads_nowhere_is_told_beside_another():
    found = [error.message for error in told(f"{HEAD}See [](#a) and [](#b).\n\nAnd [](#aims/2).\n")]
    assert [message.rpartition("#")[2] for message in found] == ["a", "b"]


def test_very_many_mistakes_are_told_up_to_a_limit():
    assert len(told(HEAD + "One **two.\n\n" * 90)) == 50
