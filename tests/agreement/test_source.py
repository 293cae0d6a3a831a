"""An agreement's files: read as a whole, each mistake with file and line."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing_service.agreement.source import parse_source
from signing_service.agreement.words import han_numeral, words_for
from signing_service.errors import FormatError, InputError, LimitError, Phrase
from tests.agreement.alliance import AGREEMENT, files, source, terms


def test_the_demo_alliance_has_twelve_parties_each_in_its_own_script():
    assert len(terms().parties) == 12
    assert len({party.country for party in terms().parties}) == 12
    assert terms().parties[0].native_name == "南京邮电大学"
    assert all("Specimen" in party.name for party in terms().parties[1:])
    assert source().countries["tonle"] == {"en": "Cambodia", "zh": "柬埔寨"}


def test_a_source_keeps_its_files_and_gives_the_same_terms_again():
    again = parse_source(source().files)
    assert again.terms(AGREEMENT).to_json() == terms().to_json()
    assert again.languages == ("en", "zh")


def test_a_corrected_version_names_what_it_supersedes():
    assert source().terms(AGREEMENT, "ab" * 32).supersedes == "ab" * 32


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"toml": ("[rules]", "[rules")}, r"agreement\.toml:23: not TOML: expected ']'"),
        ({"toml": ('version = "1.0"', "version = 1")}, r"agreement\.toml:5: version is not a text"),
        ({"toml": ('version = "1.0"', 'versions = "1.0"')}, r"agreement\.toml:5: versions is unknown"),
        ({"toml": ("[rules]", "[rulez]")}, r"agreement\.toml:23: rulez is unknown"),
        ({"toml": ("[rules]", "[rules]\ncloses_at = 1")}, r"agreement\.toml:24: rules: closes_at is unknown"),
        ({"toml": ('time_zone = "Europe/Minsk"', 'timezone = "Europe/Minsk"')}, r"parties\[5\]: timezone is unknown"),
        ({"toml": ('kind = "all"', 'kind = "al"')}, r"agreement\.toml:\d+: rules\.signatures: kind 'al'"),
        ({"toml": ('country = "BY"\n', "")}, r"agreement\.toml:89: parties\[5\]: country is missing"),
        ({"toml": ("Europe/Minsk", "Europe/Minks")}, r"agreement\.toml:96: parties\[5\]: time_zone 'Europe/Minks'"),
        ({"toml": ('role = "vice-chancellor"', 'role = "Vice"')}, r"agreement\.toml:62: parties\[2\]\.signers\[0\]"),
        ({"toml": ('paper = "A4"', 'paper = "A5"')}, r"agreement\.toml:\d+: .*paper 'A5' is not one of A4, Letter"),
        ({"toml": ("Specimen University of Mayon", "جامعة")}, r"parties\[3\]: name holds ARABIC LETTER"),
        ({"toml": ("Pamantasang", "Pamantasang ")}, r"parties\[3\]: name .* doubled"),
        ({"toml": ('["en", "zh"]', '["en", "zh", "ru"]')}, r"ru is missing"),
        ({"toml": ('["en", "zh"]', '"en"')}, r"agreement\.toml:\d+: languages"),
        ({"zh": ("{#signature}", "{#sign}")}, r"zh\.md:\d+: there is no article or paragraph #signature"),
        ({"zh": ("## 语言 {#languages}", "## 语言 {#language}")}, r"zh\.md: article 18 is #language, in en"),
        ({"zh": ("\n1. 就学术诚信", "\n就学术诚信")}, r"zh\.md: article 7 \(#intelligence\) has \d+ numbers"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_file_and_line(changes, message):
    with pytest.raises(FormatError, match=message):
        parse_source(files(**changes))


def test_all_misspelt_sections_are_named_at_once_with_what_was_meant():
    toml = files()["agreement.toml"].replace(b"[rules]", b"[rulez]").replace(b"[print]", b"[prnt]")
    with pytest.raises(FormatError, match="prnt, rulez are unknown") as refused:
        parse_source({**files(), "agreement.toml": toml})
    assert refused.value.hint == "did you mean print by prnt, rules by rulez?"


VALUES = st.recursive(
    st.booleans() | st.integers(-5, 5) | st.text(alphabet="aé甲 ", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
KEYS = ["languages", "signatures", "reference", "version", "paper", "en", "id", "country_name", "role", "title"]


def in_toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {in_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(in_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


@given(st.sampled_from(KEYS), VALUES, st.integers(0, 11))
def test_a_member_of_any_kind_is_read_or_refused_and_never_breaks(key, value, which):
    toml = files()["agreement.toml"].decode()
    lines = list(re.finditer(rf"(?m)^{key} = .*$", toml))
    line = lines[which % len(lines)]
    changed = toml[: line.start()] + f"{key} = {in_toml(value)}" + toml[line.end() :]
    complaint = ""
    try:
        parse_source({**files(), "agreement.toml": changed.encode()})
    except InputError as error:
        complaint = error.message
    assert not complaint or re.match(r"(agreement\.toml:\d+: |\S+\.md)", complaint)


@pytest.mark.parametrize("table", ["parties = 1", "parties = [1]", "rules = 2", "words = 3", "print = []", "title = 4"])
def test_a_table_that_is_none_is_refused(table):
    name = table.split()[0]
    toml = files()["agreement.toml"].decode()
    cut = re.sub(rf"(?ms)^\[+{name}[\].].*?(?=^\[(?!{name})(?!\[{name})|\Z)", "", toml)
    with pytest.raises(FormatError, match=r"agreement\.toml:\d+: "):
        parse_source({**files(), "agreement.toml": f"{table}\n{cut}".encode()})


def test_a_missing_or_unknown_file_is_refused():
    with pytest.raises(FormatError, match=r"zh\.md is missing"):
        parse_source({name: data for name, data in files().items() if name != "zh.md"})
    with pytest.raises(FormatError, match=r"people\.toml is not a file of this agreement"):
        parse_source({**files(), "people.toml": b""})
    with pytest.raises(FormatError, match=r"agreement\.toml is missing"):
        parse_source({})


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(FormatError, match=r"agreement\.toml:2: not UTF-8"):
        parse_source({**files(), "agreement.toml": b"a = 1\n\xff"})
    with pytest.raises(LimitError):
        parse_source({**files(), "agreement.toml": b"#" * (512 * 1024 + 1)})


def test_a_member_of_another_form_is_answered_with_an_example():
    with pytest.raises(FormatError, match=r"agreement\.toml:5: version '1.0-rc'") as refused:
        parse_source(files(toml=('version = "1.0"', 'version = "1.0-rc"')))
    assert refused.value.hint == "write it like 1.0"


def test_a_missing_file_is_no_matter_of_a_line():
    with pytest.raises(FormatError, match=r"^zh\.md is missing"):
        parse_source({name: data for name, data in files().items() if name != "zh.md"})


@pytest.mark.parametrize("language", ["en", "zh", "zh-Hant", "fr", "es", "ru"])
def test_the_document_s_own_words_are_built_in_for_some_languages(language):
    words = words_for(language)
    assert words == words_for(language, {name: getattr(words, name) for name in words.__slots__})


def test_an_own_language_comes_with_its_words():
    words = words_for("en")
    table = {name: getattr(words, name) for name in words.__slots__} | {"article_form": "Artikel {number}"}
    assert words_for("de", table).article(3) == "Artikel 3"
    with pytest.raises(FormatError, match="no words for the language de"):
        words_for("de")
    with pytest.raises(FormatError, match=r"words\.de: preamble is missing"):
        words_for("de", {key: value for key, value in table.items() if key != "preamble"})
    with pytest.raises(FormatError, match=r"words\.de: article_form has the place holder \{nummer\}"):
        words_for("de", table | {"article_form": "Artikel {nummer}"})


@pytest.mark.parametrize(
    ("number", "han"),
    [(1, "一"), (10, "十"), (11, "十一"), (20, "二十"), (99, "九十九"), (103, "一百零三"), (215, "二百一十五")],
)
def test_articles_are_numbered_in_han_numerals(number, han):
    assert han_numeral(number) == han


def test_numbers_that_differ_between_languages_name_the_article():
    with pytest.raises(FormatError) as caught:
        parse_source(files(en=("The Alliance pursues", "\nThe Alliance pursues"), zh=("本协定无限期有效。\n", "")))
    assert "article 14 (#force)" in caught.value.message


def test_a_mistake_in_a_name_keeps_what_pages_translate_and_its_line():
    spoilt = files()["agreement.toml"].decode().replace("Asia/Shanghai", "Asia/Nowhere", 1)
    with pytest.raises(FormatError) as refused:
        parse_source({**files(), "agreement.toml": spoilt.encode()})

    message = refused.value.message
    assert isinstance(message, Phrase)
    assert message.template == "%(place)s: time_zone %(zone)s does not exist"
    assert re.fullmatch(r"agreement\.toml:\d+: parties\[\d+\]: time_zone 'Asia/Nowhere' does not exist", message)
