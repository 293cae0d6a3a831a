"""Lines for people: within the width in every script, nothing lost, and what is copied stays whole."""

from __future__ import annotations

import re

import pytest

from signing_service.verify.wrapping import columns, kept, wrapped

CHINESE = "本人已阅读《十二国十二校国际联盟协议》第一点零版，并以校长身份代表南京邮电大学签署本协议。" * 2
THAI = "ข้าพเจ้าได้อ่านข้อตกลงพันธมิตรระหว่างประเทศสิบสองประเทศสิบสองมหาวิทยาลัยแล้วและลงนามในนามของมหาวิทยาลัย" * 2
RUSSIAN = "Я прочитал соглашение международного альянса двенадцати стран и университетов и подписываю его. " * 2
DIGEST = "a9364fb01e878291884a1b31bdc852ef55bda23cbc383dd5c7e89f630223390b"
PRINTED = "wgjx euhz hjfu tzqo iyrh ohtb orh2 7ccr"


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("text", [CHINESE, THAI, RUSSIAN], ids=["zh", "th", "ru"])
def test_every_script_keeps_within_the_width_and_loses_nothing(text: str, width: int):
    rows = list(wrapped(f"    approved: {text}", width))

    assert len(rows) > 1
    assert max(map(columns, rows)) <= width
    assert squeezed("".join(rows)) == squeezed(f"approved: {text}")
    assert all(row.startswith("        ") for row in rows[1:]), "what follows hangs under what it continues"


def test_a_chinese_letter_takes_two_columns_and_a_thai_vowel_above_another_none():
    assert (columns("南京邮电大学"), columns("ที่"), columns("Ünï"), columns("\x1b[32mgood\x1b[0m")) == (12, 1, 3, 4)


def test_a_line_begins_with_no_closing_mark_and_no_vowel_that_belongs_to_the_letter_before():
    rows = [row.strip() for text in (CHINESE, THAI) for width in range(40, 90) for row in wrapped(text, width)]

    assert not {row[0] for row in rows} & set("，。》、ะาำๆ\u0e34\u0e38\u0e48")
    assert not {row[-1] for row in rows} & set("《เแโใไ")


def test_a_name_in_chinese_goes_to_the_next_line_as_a_whole():
    line = "good signature: Nanjing University of Posts and Telecommunications / 南京邮电大学 [njupt:president]"
    assert list(wrapped(line, 80))[1] == "    南京邮电大学 [njupt:president]"


@pytest.mark.parametrize(
    "whole",
    [
        DIGEST,
        PRINTED,
        "2025-04-11 04:00:00 UTC",
        "`verify --trust OLD NEW`",
        "/archive/2025/agreements/evidence-12c12u-1042.zip",
        "uniqueness not checked",
        "not witnessed",
    ],
)
def test_what_is_copied_or_searched_for_is_never_broken(whole: str):
    for before in range(60):
        assert any(whole in row for row in wrapped(f"hint: {'x' * before} get {whole} from elsewhere, then verify", 70))


def test_a_path_with_spaces_stays_whole_where_it_is_marked_as_one():
    path = "my own papers/evidence.zip"
    assert any(path in row for row in wrapped(f"it is {kept(path)}", 41))


def test_the_text_of_a_labelled_line_hangs_under_its_text():
    rows = list(wrapped("Record      sign.example.org, 17 entries, cosigned by one.example, two.example", 50))
    assert [row[:12] for row in rows] == ["Record      ", " " * 12]


def test_without_a_width_or_room_no_line_is_broken():
    assert list(wrapped(RUSSIAN, 0)) == [RUSSIAN]
    assert list(wrapped(RUSSIAN, 20)) == [RUSSIAN]


def test_a_million_spaces_behind_a_forged_name_are_not_searched_from_each_of_them_anew(monkeypatch):
    searched: list[str] = []
    whole = re.findall

    def counted(pattern: str, text: str) -> list[str]:
        searched.append(text)
        return [text] if text.endswith(" ") else whole(pattern, text)

    monkeypatch.setattr("signing_service.verify.wrapping.re.findall", counted)
    list(wrapped("Identity    CN=Rector" + " " * 1_000_000, 80))
    assert searched == ["Identity    CN=Rector"]


def test_spaces_between_words_are_kept_and_those_behind_the_last_one_go():
    assert list(wrapped("Identity    CN=Rector  of   all   ", 80)) == ["Identity    CN=Rector  of   all"]
