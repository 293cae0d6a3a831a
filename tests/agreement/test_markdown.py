"""The text: an allow-list of elements, numbered the same in every language, each refusal with file and line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing_service.agreement.markdown import parse_text
from signing_service.agreement.text import Block, Listing, Paragraph, Run, Text, outline, plain
from signing_service.errors import FormatError, InputError, LimitError
from tests.agreement.alliance import source

SMALL = """The *first* words.

## Purpose {#purpose}

One, as [](#aims/2) says.

1. first,
1. second:
   1. inner;
   1. other;

## **Aims** & ends {#aims}

Two \\* escaped.

- loose

See [](#purpose).

---

Done.
"""


def content(block: Block) -> tuple[Run, ...]:
    assert isinstance(block, Paragraph)
    return block.content


def parse(markdown: str, language: str = "en") -> Text:
    return parse_text(language, f"{language}.md", markdown.encode())


def test_articles_and_paragraphs_are_numbered_and_can_be_cited():
    text = parse(SMALL)
    purpose, aims = text.articles
    assert (purpose.number, purpose.label, purpose.anchor) == (1, "Article 1", "purpose")
    assert plain(aims.heading) == "Aims & ends"
    assert [block.number for block in aims.blocks if isinstance(block, Paragraph)] == ["2.1", "2.2"]
    assert plain(content(text.preamble[0])) == "The first words."
    assert [plain(content(block)) for block in text.closing] == ["Done."]


def test_lists_are_labelled_by_letters_then_roman_numbers():
    listing = parse(SMALL).articles[0].blocks[1]
    assert isinstance(listing, Listing)
    assert [item.label for item in listing.items] == ["(a)", "(b)"]
    assert [item.label for item in listing.items[1].blocks[0].items] == ["(i)", "(ii)"]


def test_references_are_spelled_out_in_each_language():
    assert plain(content(parse(SMALL).articles[0].blocks[0])) == "One, as paragraph 2 of Article 2 says."
    assert Run("第一条", "plain", "purpose") in content(parse(SMALL, "zh").articles[1].blocks[2])
    assert Run("第二条第二款", "plain", "aims-2") in content(parse(SMALL, "zh").articles[0].blocks[0])


def test_a_line_s_end_between_han_characters_is_no_space():
    text = parse("甲乙\n丙丁 abc\ndef\n戊\n\n## 题 {#a}\n\n子，\n丑\n", "zh")
    assert plain(content(text.preamble[0])) == "甲乙丙丁 abc def 戊"
    assert plain(content(text.articles[0].blocks[0])) == "子，丑"


def test_emphasis_and_strong_are_kept_as_styles():
    assert content(parse("a *b* **c** d\n\n## H {#h}\n\nx\n").preamble[0]) == (
        Run("a "), Run("b", "emphasis"), Run(" "), Run("c", "strong"), Run(" d"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("markdown", "message"),
    [
        ("# Title\n", r"en\.md:1: a heading of level 1"),
        ("x\n\n### Deep\n", r"en\.md:3: a heading of level 3"),
        ("x\n", r"en\.md:1: there is no article"),
        ("## Purpose\n\nx\n", r"en\.md:1: the article has no id"),
        ("## Purpose {#Purpose}\n\nx\n", r"en\.md:1: the article has no id"),
        ("## {#a}\n\nx\n", r"en\.md:1: the article has no heading"),
        ("## A {#a}\n", r"en\.md:1: the article is empty"),
        ("## A {#a}\n\nx\n\n## B {#a}\n\nx\n", r"en\.md:5: the id a is used twice"),
        ("## A {#a}\n\n1. x\n", r"en\.md:3: a list without a paragraph"),
        ("## A {#a}\n\nx\n\n1. a\n   1. b\n      1. c\n", r"en\.md:7: lists are nested more than 2 deep"),
        ("## A {#a}\n\nx\n\n1. a\n\n   b\n", r"en\.md:7: a list item holds more"),
        ("## A {#a}\n\nx\n\n1. > a\n", r"en\.md:5: a list item does not begin with text"),
        ("## A {#a}\n\nx [](#b)\n", r"en\.md:3: there is no article or paragraph #b"),
        ("## A {#a}\n\nx [](#a/2)\n", r"en\.md:3: there is no article or paragraph #a-2"),
        ("## A {#a}\n\nx [y](https://evil.example)\n", r"en\.md:3: the link https://evil.example leads out"),
        ("## A {#a}\n\nx\n\n---\n\ny\n\n---\n", r"en\.md:9: a second ---"),
        ("## A {#a}\n\nx\n\n---\n\n## B {#b}\n", r"en\.md:7: a heading of level 2"),
        ("## A {#a}\n\n<b>x</b>\n", r"en\.md:3: HTML is not allowed"),
        ("<div>\n\n## A {#a}\n\nx\n", r"en\.md:1: HTML is not allowed"),
        ("## A {#a}\n\n![x](y.png)\n", r"en\.md:3: an image is not allowed"),
        ("## A {#a}\n\n`x`\n", r"en\.md:3: program code is not allowed"),
        ("## A {#a}\n\n```\nx\n```\n", r"en\.md:3: program code is not allowed"),
        ("## A {#a}\n\n> x\n", r"en\.md:3: a quotation is not allowed"),
        ("## A {#a}\n\nx  \ny\n", r"en\.md:3: a forced line break is not allowed"),
        ("## A {#a}\n\nx\u202ey\n", r"en\.md:3: text holds the character U\+202E"),
        ("## A {#a}\n\nשלום\n", r"en\.md:3: text holds HEBREW LETTER SHIN .* right to left"),
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_refused_with_file_and_line(markdown, message):
    with pytest.raises(FormatError, match=message):
        parse(markdown)


def test_bytes_that_are_not_utf_8_are_refused_with_the_line():
    with pytest.raises(FormatError, match=r"en\.md:2: not UTF-8"):
        parse_text("en", "en.md", b"x\n\xff\n")


def test_a_text_above_the_limit_is_refused():
    with pytest.raises(LimitError):
        parse_text("en", "en.md", b"x" * (512 * 1024 + 1))


def test_a_tab_or_control_character_is_refused():
    with pytest.raises(FormatError, match=r"en\.md:1: text holds the character U\+0009"):
        parse("a\tb\n\n## A {#a}\n\nx\n")


@given(st.text(alphabet="ab#*[](){}<>`-_1. \n甲，\\&!|~", max_size=60))
def test_any_text_is_either_read_or_refused(markdown):
    complaint = ""
    try:
        assert parse(f"x\n\n## A {{#a}}\n\n{markdown}").articles[0].id == "a"
    except InputError as error:
        complaint = error.message
    assert not complaint or complaint.startswith("en.md")


def test_the_demo_s_texts_say_the_same_articles():
    english, chinese = source().texts["en"], source().texts["zh"]
    assert outline(english) == outline(chinese)
    assert [article.id for article in english.articles][:3] == ["purpose", "principles", "membership"]
    assert len(english.articles) == 19
