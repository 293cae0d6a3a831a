"""The schedule from a file: all of it or nothing, every mistake with its row and column."""

from __future__ import annotations

import csv
import io
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing_service.agreement.roster import RosterPerson, read_roster
from signing_service.agreement.roster_file import with_parties
from signing_service.agreement.source import parse_source
from signing_service.errors import FormatError, InputError, LimitError
from tests.agreement.alliance import AGREEMENT, files

COLUMNS = [
    "party", "name", "native_name", "native_language", "country", "time_zone", "guest", "role", "title.en", "title.zh",
    "country_name.en", "country_name.zh", "representative", "representative_native", "email",
]  # fmt: skip
NANJING = [
    "njupt", "Nanjing University of Posts and Telecommunications", "南京邮电大学", "zh", "CN", "Asia/Shanghai", "",
    "president", "President", "校长", "China", "中国", "Lin Shuyi", "林书怡", "lin@njupt.example",
]  # fmt: skip
TONLE = [
    "tonle", "Specimen University of the Great Lake", "សាកលវិទ្យាល័យគំរូបឹងទន្លេសាប", "km", "KH", "Asia/Phnom_Penh", "no",
    "rector", "Rector", "校长", "", "", "Sophea Chann", "", "sophea@tonle.example",
]  # fmt: skip
SECRETARY = ["tonle", "", "", "", "", "", "", "secretary", "Secretary", "秘书长", "", "", "", "", ""]


def table(*rows: list[str], delimiter: str = ",", encoding: str = "utf-8-sig", columns: list[str] = COLUMNS) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([columns, *rows])
    return text.getvalue().encode(encoding)


def changed(row: list[str], **cells: str) -> list[str]:
    return [cells.get(column.replace(".", "_"), cell) for column, cell in zip(COLUMNS, row, strict=True)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_spreadsheet_programs_export_becomes_an_agreement_s_parties(delimiter, encoding):
    roster = read_roster(table(NANJING, TONLE, SECRETARY, delimiter=delimiter, encoding=encoding), ("en", "zh"))
    assert roster.errors == []
    source = parse_source({**files(), "agreement.toml": with_parties(files()["agreement.toml"], roster)})
    terms = source.terms(AGREEMENT)
    assert [signer.id for signer in terms.signers()] == ["njupt:president", "tonle:rector", "tonle:secretary"]
    assert terms.party("tonle").native_name == "សាកលវិទ្យាល័យគំរូបឹងទន្លេសាប"
    assert source.countries["njupt"]["zh"] == "中国"
    assert roster.people[0] == RosterPerson("njupt", "president", "Lin Shuyi", "林书怡", "lin@njupt.example")
    assert len(roster.people) == 2


@pytest.mark.parametrize(
    ("cells", "column", "message"),
    [
        ({"party": "NJUPT"}, "party", "small letters"),
        ({"role": ""}, "role", "the cell is empty"),
        ({"party": "secretariat"}, "party", "the depositary"),
        ({"country": "Atlantis"}, "country", "'Atlantis' is no country; write its two letters or its name"),
        ({"native_language": "Chinese"}, "native_language", "a tag like"),
        ({"time_zone": "Beijing"}, "time_zone", "'Beijing' is not a time zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone", "not a time zone"),
        ({"guest": "perhaps"}, "guest", "neither yes nor no"),
        ({"name": ""}, "name", "the cell is empty"),
        ({"name": "?"}, "name", "holds no letter"),
        ({"native_name": "جامعة"}, "native_name", "right to left"),
        ({"title_zh": "校\u202e长"}, "title.zh", "U+202E"),
        ({"representative": "=cmd()"}, "representative", "begins like a formula"),
        ({"email": "nobody"}, "email", "not an e-mail address"),
        ({"email": "a@b.example,c@d.example"}, "email", "not an e-mail address"),
    ],
)
def test_a_mistake_is_reported_with_its_row_and_column(cells, column, message):
    roster = read_roster(table(TONLE, changed(NANJING, **cells)), ("en", "zh"))
    assert [(error.row, error.column) for error in roster.errors] == [(3, column)]
    assert message in roster.errors[0].message
    with pytest.raises(InputError, match="row 3"):
        with_parties(files()["agreement.toml"], roster)


@pytest.mark.parametrize("country", ["CN", "cn", "China", " china ", "中国"])
def test_a_country_is_known_by_its_letters_and_by_its_name(country: str):
    roster = read_roster(table(changed(NANJING, country=country)), ("en", "zh"))
    assert roster.errors == []
    assert roster.parties["njupt"]["country"] == "CN"


def test_a_further_row_may_spell_the_country_otherwise():
    roster = read_roster(table(TONLE, changed(SECRETARY, country="Cambodia")), ("en", "zh"))
    assert roster.errors == []


@pytest.mark.parametrize("column", ["name", "native_name"])
def test_a_party_that_is_called_like_another_is_told_with_both_rows(column: str):
    called = NANJING[COLUMNS.index(column)]
    roster = read_roster(table(NANJING, changed(TONLE, **{column: f" {called.upper()}."})), ("en", "zh"))
    told = [(error.row, error.column, error.message) for error in roster.errors]
    assert told == [(3, column, "the party of row 2 has this name already")]


def test_a_name_in_its_own_script_may_stay_empty_as_in_the_form():
    named = changed(NANJING, native_language="")
    plain = changed(TONLE, native_name="", native_language="")
    roster = read_roster(table(named, plain), ("en", "zh"))
    assert roster.errors == []
    called = {one["id"]: (one["native_name"], one["native_language"]) for one in roster.parties.values()}
    name = TONLE[COLUMNS.index("name")]
    assert called == {"njupt": (NANJING[COLUMNS.index("native_name")], "zh"), "tonle": (name, "en")}


def test_a_row_may_say_who_authorised_its_person():
    columns = [*COLUMNS, "authorised_by"]
    roster = read_roster(table([*NANJING, "Council of the University"], [*TONLE, ""], columns=columns), ("en", "zh"))
    assert [person.organ for person in roster.people] == ["Council of the University", ""]
    wrong = table([*NANJING, "=cmd()"], [*SECRETARY, "Senate"], columns=columns)
    errors = [(error.row, error.column, error.message) for error in read_roster(wrong, ("en", "zh")).errors]
    assert errors[0] == (2, "authorised_by", "'=cmd()' begins like a formula")
    assert (3, "authorised_by", "the row names nobody who is authorised") in errors


def test_all_mistakes_are_reported_at_once():
    roster = read_roster(table(changed(NANJING, country="c", role="R"), changed(TONLE, email="x")), ("en", "zh"))
    assert [(error.row, error.column) for error in roster.errors] == [(2, "role"), (2, "country"), (3, "email")]


def test_rows_that_contradict_or_repeat_each_other_are_reported():
    roster = read_roster(table(TONLE, changed(SECRETARY, name="Another"), TONLE), ("en", "zh"))
    assert [error.message for error in roster.errors] == [
        "tonle was 'Specimen University of the Great Lake' above",
        "row 2 has the role rector of tonle already",
    ]


def test_empty_rows_are_passed_over_and_long_rows_reported():
    roster = read_roster(table(NANJING, [""] * 15, [*TONLE, "more"]), ("en", "zh"))
    assert [error.message for error in roster.errors] == ["the row has 16 cells for 15 columns"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"\xff\x00", "not UTF-8"),
        (table(), "names no party"),
        (table(NANJING[1:], columns=COLUMNS[1:]), "columns are missing: party"),
        (table([*NANJING, ""], columns=[*COLUMNS, "salary"]), "columns are unknown: 'salary'"),
        (table([*NANJING, ""], columns=[*COLUMNS, "email"]), "columns stand twice: email"),
        (table(NANJING, columns=TONLE), "row 1 holds no names of columns"),
        (table(NANJING, columns=[*COLUMNS[:4], "cuntry", *COLUMNS[5:]]), r"country; .*unknown: 'cuntry' \(country\?\)"),
        (b"PK\x03\x04 and so on", "a workbook, not CSV"),
        (b'party,"name\n', "not CSV"),
    ],
)
def test_what_is_no_roster_is_refused(data, message):
    with pytest.raises(FormatError, match=message):
        read_roster(data, ("en", "zh"))


def test_of_very_many_unknown_columns_the_first_are_told():
    with pytest.raises(FormatError, match="columns are unknown: 'a0'") as refused:
        read_roster(table(NANJING, columns=[*COLUMNS, *(f"a{number}" for number in range(20_000))]), ("en", "zh"))
    assert len(refused.value.message) < 500


def test_every_column_that_there_may_be_is_named_where_one_is_missing():
    with pytest.raises(FormatError) as refused:
        read_roster(b"name;country\n", ("en", "zh"))
    assert "party, native_name, native_language, time_zone, role, title.en, title.zh" in refused.value.message
    assert all(column in refused.value.hint for column in COLUMNS)
    assert "country_name.zh" in refused.value.hint


def test_what_spreadsheet_programs_add_is_read_over():
    """Excel's line about the delimiter, columns that once held something, and heads as people write them."""
    heads = [column.replace("_", " ").title() if "." not in column else column for column in COLUMNS]
    data = b"sep=;\r\n" + table([*NANJING, "", ""], columns=[*heads, "", ""], delimiter=";", encoding="utf-8")
    assert read_roster(data, ("en", "zh")) == read_roster(table(NANJING), ("en", "zh"))


def test_an_empty_cell_is_called_that():
    roster = read_roster(table(changed(NANJING, role="", time_zone="")), ("en", "zh"))
    assert {(error.column, error.message) for error in roster.errors} == {
        ("role", "the cell is empty"),
        ("time_zone", "the cell is empty"),
    }


def test_a_roster_above_the_limits_is_refused():
    with pytest.raises(LimitError):
        read_roster(b"x" * (1024 * 1024 + 1), ("en",))
    with pytest.raises(LimitError):
        read_roster(table(*[NANJING] * 1601), ("en", "zh"))


def test_parties_are_replaced_wherever_they_stand_and_nothing_else_is():
    toml = files()["agreement.toml"]
    last = b'\n[after]\nthe = "parties"  # kept\n'
    roster = read_roster(table(TONLE), ("en", "zh"))
    changed_toml = with_parties(toml + last, roster)
    assert last in changed_toml
    assert [party["id"] for party in tomllib.loads(changed_toml.decode())["parties"]] == ["tonle"]


def test_parties_in_a_single_line_cannot_be_replaced():
    with pytest.raises(InputError, match="cannot be replaced"):
        with_parties(b'reference = "X"\nparties = [{id = "njupt"}]\n', read_roster(table(TONLE), ("en", "zh")))


@pytest.mark.parametrize("broken", ["[" * 10_000, '"'], ids=["nested too deeply", "no TOML"])
def test_parties_of_a_broken_file_are_refused_as_it_is(broken: str):
    toml = f"broken = {broken}\n".encode()
    with pytest.raises(FormatError, match="not TOML"):
        parse_source({**files(), "agreement.toml": with_parties(toml, read_roster(table(TONLE), ("en", "zh")))})


@given(st.lists(st.lists(st.text(max_size=6), min_size=15, max_size=15), max_size=3))
def test_any_cells_are_taken_or_reported(rows):
    try:
        roster = read_roster(table(*rows, encoding="utf-8"), ("en", "zh"))
    except (FormatError, UnicodeEncodeError):
        return
    assert roster.errors or roster.parties
