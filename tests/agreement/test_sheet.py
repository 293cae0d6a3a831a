"""The form's fields and the source files are the same agreement, whichever of them it begins with."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing_service.agreement.places import time_zones_of
from signing_service.agreement.sheet import PartySheet, Sheet, SignerSheet, after
from signing_service.agreement.sheet_check import compose
from signing_service.agreement.sheet_completed import completed
from signing_service.agreement.sheet_files import copied, read_sheet, write_sheet
from signing_service.agreement.source import TOML, parse_source
from tests.agreement.alliance import source

RECTOR = SignerSheet(title={"en": "Rector", "zh": "校长"})
LAKE = PartySheet(name="University of the Great Lake", native_name="សាកលវិទ្យាល័យ", country="KH", signers=(RECTOR,))
NANJING = PartySheet(
    name="Nanjing University", native_name="南京大学", country="CN", time_zone="Asia/Shanghai", signers=(RECTOR,)
)
ENGLISH = "We agree.\n\n## Aims\n\nOne.\n\n## Term\n\nTwo.\n"
CHINESE = "我们同意。\n\n## 目的\n\n一。\n\n## 期限\n\n二。\n"
WRITTEN = Sheet(
    reference="A/1",
    languages=("en", "zh"),
    title={"en": "Agreement", "zh": "协定"},
    parties=(LAKE, NANJING, PartySheet()),
    texts={"en": ENGLISH, "zh": CHINESE},
)



def specimen() -> dict[str, bytes]:
    return dict(source().files)


_words = st.text("abcdefgh éßÅñ\"'\\#=[]{}", min_size=1, max_size=20).map(lambda text: f"A{' '.join(text.split())}")
_chinese = st.text("南京大学协定", min_size=1, max_size=8)
_both = st.fixed_dictionaries({"en": _words, "zh": _chinese})
_optional = st.one_of(st.just({"en": "", "zh": ""}), _both)


@st.composite
def _parties(draw: st.DrawFn) -> tuple[PartySheet, ...]:
    return tuple(
        PartySheet(
            name=f"{draw(_words)} {index}",
            native_name=draw(st.sampled_from(("", f"{draw(_chinese)}{index}"))),
            native_language="zh",
            country=draw(st.sampled_from(("CN", "TH", "US"))),
            time_zone=draw(st.sampled_from(("Asia/Shanghai", "UTC"))),
            guest=draw(st.booleans()) if index else False,
            country_name=draw(_optional),
            signers=tuple(draw(st.lists(st.builds(SignerSheet, st.just(""), _both), min_size=1, max_size=4))),
        )
        for index in range(draw(st.integers(1, 4)))
    )


_sheets = st.builds(
    Sheet,
    reference=_words,
    version=st.sampled_from(("1.0", "2")),
    languages=st.just(("en", "zh")),
    title=_both,
    place=_optional,
    notice=_optional,
    paper=st.sampled_from(("A4", "Letter")),
    parties=_parties(),
    texts=st.just({"en": ENGLISH, "zh": CHINESE}),
)


@given(_sheets)
@settings(max_examples=25, deadline=None)
def test_what_a_form_says_is_read_out_of_the_files_that_it_makes(sheet: Sheet):
    composed = compose(sheet)
    assert composed.mistakes == {}
    whole = completed(sheet)
    empty = {"en": "", "zh": ""}
    again = read_sheet(composed.files)
    assert replace(again, place=again.place or empty, notice=again.notice or empty) == whole
    assert compose(again, composed.files).files == composed.files


def test_files_in_which_the_form_changes_nothing_keep_their_bytes_and_comments():
    files = specimen()
    assert b"#" in files[TOML]
    assert write_sheet(read_sheet(files), files) == files
    texts = dict(read_sheet(files).texts)
    changed = compose(replace(read_sheet(files), texts=texts | {"en": texts["en"] + "\nMore.\n"}), files).files
    assert changed == {**files, "en.md": files["en.md"].rstrip() + b"\n\nMore.\n"}


def test_what_the_form_does_not_ask_for_stays():
    files = specimen()
    files[TOML] = files[TOML].replace(b'kind = "all"', b'kind = "at-least", count = 2')
    changed = compose(replace(read_sheet(files), reference="B/2"), files).files
    old, new = (tomllib.loads(one[TOML].decode()) for one in (files, changed))
    assert new == old | {"reference": "B/2"}
    assert {name: changed[name] for name in changed if name != TOML} == {n: files[n] for n in files if n != TOML}


def test_a_copy_begins_with_rules_that_ask_all_of_its_parties():
    files = specimen()
    files[TOML] = files[TOML].replace(b'kind = "all"', b'kind = "at-least", count = 2')
    assert parse_source(copied(files)).terms("a" * 26).rules.signatures.kind == "all"
    assert read_sheet(copied(files)) == read_sheet(files)


def test_ids_countries_and_headings_are_filled_in_alike_in_all_languages():
    whole = completed(WRITTEN)
    lake, nanjing = whole.parties
    assert (lake.id, lake.native_language, lake.time_zone) == ("great-lake", "km", "Asia/Phnom_Penh")
    assert lake.country_name == {"en": "Cambodia", "zh": "柬埔寨"}
    assert lake.signers[0].role == "rector"
    assert nanjing.time_zone == "Asia/Shanghai"
    assert "## Term {#article-2}" in whole.texts["en"]
    assert "## 期限 {#article-2}" in whole.texts["zh"]


def test_an_article_put_in_between_gets_an_id_of_its_own_and_the_others_keep_theirs():
    first = read_sheet(compose(WRITTEN).files)
    more = {language: text.replace("\n## ", "\n## X\n\nZ.\n\n## ", 1) for language, text in first.texts.items()}
    for text in completed(replace(first, texts=more)).texts.values():
        assert [line.partition("{")[2] for line in text.split("\n") if line.startswith("##")] == [
            "#article-1-2}",
            "#article-1}",
            "#article-2}",
        ]


def test_another_language_follows_the_ids_that_the_first_has():
    texts = {"en": ENGLISH.replace("## Aims", "## Aims {#aims}"), "zh": CHINESE}
    assert "## 目的 {#aims}" in completed(replace(WRITTEN, texts=texts)).texts["zh"]


def test_a_heading_with_very_many_spaces_in_it_is_read_at_once():
    spaces = " " * 19_000
    texts = dict.fromkeys(("en", "zh"), f"W.\n\n## A{spaces}b{spaces}{{#a}}{spaces}\n\nO.\n")
    whole = completed(replace(WRITTEN, texts={"en": texts["en"], "zh": texts["zh"].replace(" {#a}", "")}))
    assert whole.texts["zh"].count("{#a}") == 1
    assert whole.texts["en"] == texts["en"]
    many = "".join(f"## A{spaces}b {{#a-{number}}}\n\nO.\n\n" for number in range(20))
    assert compose(replace(WRITTEN, texts={"en": f"W.\n\n{many}", "zh": f"W.\n\n{many}"})).mistakes == {}


def test_two_parties_or_functions_of_one_name_get_different_ids():
    twins = (replace(LAKE, signers=(RECTOR, RECTOR)), replace(LAKE, name="Great Lake, University"))
    one, two = completed(replace(WRITTEN, parties=twins)).parties
    assert (one.id, two.id) == ("great-lake", "great-lake-2")
    assert [signer.role for signer in one.signers] == ["rector", "rector-2"]


def test_all_mistakes_are_told_at_once_each_at_its_field():
    wrong = replace(
        WRITTEN,
        reference="",
        version="one",
        title={"en": "Agreement"},
        place={"en": "Done at Nanjing"},
        parties=(replace(LAKE, country="Atlantis"), replace(NANJING, name="Nаnjing", time_zone="Nanjing"), RUSSIA),
        texts={"en": ENGLISH.replace("One.", "<b>One.</b>")},
    )
    assert set(compose(wrong).mistakes) == {
        *("reference", "version", "title-zh", "place-zh", "parties-0-country", "parties-0-native_language"),
        *("parties-1-name", "parties-1-time_zone", "parties-2-time_zone", "parties-2-signers-0-title-en"),
        *("parties-2-signers-0-title-zh", "texts-en", "texts-zh"),
    }


@pytest.mark.parametrize(
    ("country", "said"), [("CN", "the country has several time zones: Asia/Shanghai, Asia/Urumqi"), ("RU", "zones")]
)
def test_a_country_of_few_time_zones_is_told_with_them(country: str, said: str):
    mistakes = compose(replace(WRITTEN, parties=(LAKE, replace(NANJING, country=country, time_zone="")))).mistakes
    assert mistakes["parties-1-time_zone"].message.endswith(said)


RUSSIA = PartySheet(name="University on the Neva", country="RU")


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"texts": {"en": ENGLISH.replace("One.", "> One."), "zh": CHINESE}}, "texts-en", "line 5: a quotation is not"),
        ({"texts": {"en": ENGLISH, "zh": CHINESE + "\n三。\n"}}, "texts-zh", "has 2 numbers (2.1, 2.2)"),
        ({"parties": ()}, "parties", "there is no party that counts"),
        ({"parties": (replace(LAKE, guest=True),)}, "parties", "there is no party that counts"),
        ({"parties": (LAKE, replace(LAKE, native_name=""))}, "parties-1-name", "another party has this name"),
        ({"parties": (replace(LAKE, id="No id"),)}, "parties-0-name", "this page is too old"),
        ({"languages": ()}, "languages", "choose at least one language"),
        ({"reference": "x" * 65}, "reference", "longer than 64"),
    ],
)
def test_a_mistake_says_what_is_wrong(changes: dict[str, object], field: str, said: str):
    mistakes = compose(replace(WRITTEN, **changes)).mistakes  # type: ignore[arg-type]
    assert said in mistakes[field].message


def test_rules_that_a_removed_party_was_named_in_refuse_the_rest():
    files = compose(WRITTEN).files
    named = b'signatures = {kind = "named", parties = ["great-lake"]}'
    files = {**files, TOML: files[TOML].replace(b'signatures = {kind = "all"}', named)}
    assert compose(read_sheet(files), files).files == files
    mistakes = compose(replace(read_sheet(files), parties=read_sheet(files).parties[1:]), files).mistakes
    assert list(mistakes) == ["parties"]
    assert "University of the Great Lake" in mistakes["parties"].message
    assert "Who must sign" in mistakes["parties"].hint


@pytest.mark.parametrize("without", [{"guest": True}, None], ids=["a guest by now", "taken out"])
def test_fewer_parties_than_the_rule_asks_for_are_told_with_the_rule_to_change(without: dict[str, bool] | None):
    files = compose(WRITTEN).files
    two = b'signatures = {kind = "at-least", count = 2}'
    files = {**files, TOML: files[TOML].replace(b'signatures = {kind = "all"}', two)}
    one, other = read_sheet(files).parties
    left = (one, replace(other, guest=True)) if without else (one,)
    mistake = compose(replace(read_sheet(files), parties=left), files).mistakes["parties"]
    assert mistake.message == "at least 2 parties must sign, but only 1 would be left that count"
    assert "change the rule “Who must sign”" in mistake.hint


def test_a_copy_of_an_agreement_asks_all_of_the_parties_that_are_left():
    files = compose(WRITTEN).files
    two = b'signatures = {kind = "at-least", count = 2}'
    present = copied({**files, TOML: files[TOML].replace(b'signatures = {kind = "all"}', two)})
    fewer = replace(read_sheet(present), parties=read_sheet(present).parties[:1])
    assert parse_source(compose(fewer, present).files).terms("a" * 26).rules.signatures.kind == "all"


def test_all_marks_that_were_left_unfinished_are_told_at_the_text_they_stand_in():
    texts = {"en": ENGLISH.replace("One.", "**One.").replace("Two.", "_Two."), "zh": CHINESE.replace("一。", "*一。")}
    mistakes = compose(replace(WRITTEN, texts=texts)).mistakes
    english, chinese = mistakes["texts-en"], mistakes["texts-zh"]
    assert [one.message for one in (english, *english.more)] == [
        "line 5: in “**One.” the mark ** would be printed as it stands",
        "line 9: in “_Two.” the mark _ would be printed as it stands",
    ]
    assert chinese.message.startswith("line 5: in “*一。”")
    assert "prints a star" in chinese.hint


@pytest.mark.parametrize(
    ("twin", "field"),
    [
        (replace(NANJING, name="NANJING  university", native_name=""), "parties-1-name"),
        (replace(NANJING, name="Another"), "parties-1-native_name"),
    ],
)
def test_parties_that_nobody_could_tell_apart_are_told_at_the_second(twin: PartySheet, field: str):
    mistake = compose(replace(WRITTEN, parties=(NANJING, twin))).mistakes[field]
    assert (mistake.message, mistake.hint) == ("another party has this name", "it is party 1: name each party once")


def test_rows_come_and_go_by_steps_and_others_change_nothing():
    one, two, _ = WRITTEN.parties
    assert after(WRITTEN, "add-party").parties[3:] == (PartySheet(),)
    assert after(WRITTEN, "remove-0").parties[0] == two
    assert after(WRITTEN, "raise-1").parties[:2] == (two, one)
    more = after(WRITTEN, "add-signer-1")
    assert len(more.parties[1].signers) == 2
    assert after(more, "remove-signer-1-1") == WRITTEN
    assert after(WRITTEN, "remove-signer-1-0").parties[1].signers == (SignerSheet(),)
    for step in ("raise-0", "remove-9", "languages", "remove-signer-0-7"):
        assert after(WRITTEN, step) == WRITTEN


def test_a_country_knows_its_clocks():
    assert time_zones_of("TH") == ("Asia/Bangkok",)
    assert len(time_zones_of("RU")) > 5


@pytest.mark.parametrize(("version", "following"), [("1.0", "1.1"), ("2", "3"), ("1.9", "1.10"), ("final", "final 2")])
def test_a_corrected_version_is_proposed_as_the_next_one(version: str, following: str):
    assert Sheet(version=version).of_next_version().version == following
