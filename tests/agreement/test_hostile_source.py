"""An agreement's source from somebody who wants to hurt: each is refused by name, at once, and nothing is hidden."""

from __future__ import annotations

import pytest

from signing_service.agreement.source import parse_source
from signing_service.agreement.words import Words, words_for
from signing_service.errors import FormatError, LimitError
from tests.agreement.alliance import files

ANDAMAN = "Specimen University of the Andaman Coast"


def refused(source: dict[str, bytes], match: str, error: type[FormatError] = FormatError) -> None:
    with pytest.raises(error, match=match):
        parse_source(source)


@pytest.mark.parametrize(
    ("entity", "match"),
    [
        ("&#x202E;", r"U\+202E"), ("&rlm;", r"U\+200F"), ("&#8294;", r"U\+2066"), ("&#x5D0;", "right to left"),
        ("&NewLine;", r"U\+000A"), ("&#xE000;", r"U\+E000"), ("&#xAD;&shy;&#x202D;", r"U\+202D"),
    ],
)  # fmt: skip
def test_a_character_hidden_in_an_entity_is_refused_like_the_character(entity, match):
    refused(files(en=("recalling", f"{entity} recalling")), rf"en\.md:\d+: text holds .*{match}|{match}")


def test_an_entity_that_stands_for_a_printable_character_is_read():
    text = parse_source(files(en=("recalling", "caf&eacute; &amp; recalling"))).texts["en"]
    assert "café & recalling" in "".join(run.text for block in text.preamble for run in getattr(block, "content", ()))


@pytest.mark.parametrize("definition", ["[x]: https://example.org", "[x]: #purpose 'This Agreement is void'"])
def test_words_of_the_source_that_would_not_be_printed_are_refused(definition):
    source = files(en=("have agreed as follows:", f"have agreed as follows:\n\n{definition}"))
    refused(source, r"en\.md:\d+: the definition of the link 'x' would not be printed")


def test_a_table_is_refused_and_not_printed_as_bars():
    source = files(en=("have agreed as follows:", "have agreed as follows:\n\n| a | b |\n|---|---|\n| 1 | 2 |"))
    refused(source, r"en\.md:\d+: a table is not allowed")


def test_letters_piled_up_with_marks_are_refused():
    refused(files(en=("recalling", "r" + "\u0337" * 9 + "ecalling")), r"en\.md:\d+: text has more than 8 marks")
    accented = parse_source(files(en=("recalling", "Nguye\u0302\u0303n recalling")))
    assert "Nguyễn" in accented.texts["en"].preamble[1].content[0].text


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("x" * 20_001, "paragraph of more than 20000 characters"),
        ("*w* x " * 4000, "paragraph of more than 20000 characters"),
        ("w\n\n" * 100, "more than 99 paragraphs"),
        ("List:\n\n" + "- x\n" * 201, "list of more than 200 items"),
    ],
    ids=["a word", "emphasis", "paragraphs", "items"],
)
def test_what_would_take_long_to_set_is_refused_with_its_line(text, match):
    source = files(en=("have agreed as follows:", f"have agreed as follows:\n\n{text}"))
    refused(source, rf"en\.md:\d+: .*{match}")


CHAINS = {
    "bare": "a." * 50_000 + "a = 1",
    "double quotes": '"a" . ' * 50_000 + "b = 1",
    "single quotes": "'a'." * 50_000 + "b = 1",
    "in a table, behind an escape": 'k = {"\\"".' + "a." * 20 + "b = 1}",
    "a header": "[" + "a." * 50_000 + "a]",
}


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_a_key_of_very_many_parts_is_refused_before_it_is_read(chain):
    data = files()["agreement.toml"] + b"\n" + chain.encode()
    refused({**files(), "agreement.toml": data}, r"agreement\.toml:\d+: a key of more than 16 parts", LimitError)


@pytest.mark.parametrize("deep", ["[" * 100_000, "{a=" * 50_000], ids=["lists", "tables"])
def test_deep_nesting_is_refused(deep):
    refused({**files(), "agreement.toml": b"a = " + deep.encode()}, "not TOML: nested too deeply")


def own_words(**changed: str) -> dict[str, str]:
    return {name: getattr(words_for("en"), name) for name in Words.__slots__} | changed


@pytest.mark.parametrize(
    "holder", ["{number:1000000000}", "{number!r:>100000000}", "{number.__class__}", "{0}", "{number[0]}"]
)
def test_place_holders_are_names_and_nothing_that_a_format_could_do(holder):
    for name in ("article_form", "page", "verify"):
        with pytest.raises(FormatError, match=f"words.en: {name} has the place holder"):
            words_for("en", own_words(**{name: f"Article {holder}"}))


def test_an_article_s_form_without_a_number_is_refused():
    with pytest.raises(FormatError, match="article_form has no number"):
        words_for("en", own_words(article_form="Article"))


def test_two_parties_of_one_name_are_refused():
    same = "nanjing University of Posts and Telecommunications"
    refused(files(toml=(ANDAMAN, same)), r"agreement\.toml:43: .*that of another party")


def test_a_name_with_a_letter_of_another_alphabet_that_looks_the_same_is_refused():
    cyrillic = "Specimen Univ\u0435rsity of the Andaman Coast"
    refused(files(toml=(ANDAMAN, cyrillic)), "'Univ\u0435rsity', a word of Latin and other letters")


def test_an_id_with_such_a_letter_is_refused():
    refused(files(toml=('id = "andaman"', 'id = "\u0430ndaman"')), r"agreement\.toml:42: .*is not of the form")
