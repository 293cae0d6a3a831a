"""A draft's files are judged whole: every file's mistakes at once, each with its line."""

from __future__ import annotations

import pytest

from signing_service.agreement import source_check
from signing_service.agreement.source import TOML, parse_source, with_line
from signing_service.agreement.source_check import check_source
from signing_service.errors import FormatError, LimitError, SeveralErrors, all_of
from tests.agreement.alliance import AGREEMENT, files
from tests.cast import ANDAMAN, NANJING


def told(**changed: bytes) -> list[str]:
    with pytest.raises(FormatError) as refused:
        check_source({**files(), **{name.replace("_", "."): data for name, data in changed.items()}})
    return [error.message for error in all_of(refused.value)]


def with_terms(*changes: tuple[str, str]) -> bytes:
    toml = files()[TOML].decode()
    for old, new in changes:
        assert old in toml
        toml = toml.replace(old, new, 1)
    return toml.encode()


def test_what_is_right_is_read_as_ever():
    assert check_source(files()) == parse_source(files())


def test_mistakes_of_all_files_are_told_at_once():
    toml = with_terms(
        ('country = "CN"', 'country = "China"'), ('time_zone = "Asia/Bangkok"', 'time_zone = "Asia/Bankok"')
    )
    english, chinese = files()["en.md"] + b"\n\nmore **of it\n", files()["zh.md"] + b"\n> q\n"
    found = told(agreement_toml=toml, en_md=english, zh_md=chinese)
    assert len(found) == 4
    assert "country 'China' is not of the form" in found[0]
    assert "time_zone 'Asia/Bankok' does not exist" in found[1]
    assert found[2].startswith("en.md:")
    assert found[3].startswith("zh.md:")


def test_several_mistakes_of_one_party_are_told_at_once():
    spelled = ('country = "CN"', 'country = "China"'), ('native_language = "zh"', 'native_language = "Chinese"')
    toml = with_terms(*spelled)
    assert {message.partition(": ")[2].split()[0] for message in told(agreement_toml=toml)} == {"parties[0]:"}
    assert len(told(agreement_toml=toml)) == 2


def test_one_mistake_is_one_error():
    with pytest.raises(FormatError) as refused:
        check_source({**files(), "en.md": files()["en.md"] + b"\n\nmore **of it\n"})
    assert not isinstance(refused.value, SeveralErrors)


def test_what_is_above_a_limit_is_refused_at_once():
    with pytest.raises(LimitError):
        check_source({**files(), TOML: b"x" * (512 * 1024 + 1)})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (ANDAMAN.name, NANJING.name.upper()),
        (ANDAMAN.name, f"{NANJING.name}."),
        (ANDAMAN.native_name, NANJING.native_name),
        (ANDAMAN.native_name, NANJING.name),
    ],
)
def test_parties_that_nobody_could_tell_apart_are_refused_in_a_draft(old: str, new: str):
    assert "is that of another party" in told(agreement_toml=with_terms((f'"{old}"', f'"{new}"')))[0]


def test_an_agreement_that_was_sealed_with_one_native_name_twice_is_read_all_the_same():
    toml = with_terms((f'"{ANDAMAN.native_name}"', f'"{NANJING.native_name}"'))
    terms = parse_source({**files(), TOML: toml}).terms(AGREEMENT)
    assert terms.party(ANDAMAN.id).native_name == NANJING.native_name


def test_texts_that_differ_in_several_articles_are_told_of_each():
    english = files()["en.md"].decode().split("\n## ")
    english[1] += "\n\nOne more.\n"
    english[3] += "\n\nAnd one more.\n"
    found = told(en_md="\n## ".join(english).encode())
    assert [message.split(" (#")[0] for message in found] == ["zh.md: article 1", "zh.md: article 3"]


def lines_looked_for(toml: bytes, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often the whole file is gone through for the line of a mistake."""
    looked: list[str] = []

    def counted(text: str, error: FormatError) -> FormatError:
        looked.append(text)
        return with_line(text, error)

    monkeypatch.setattr(source_check, "with_line", counted)
    assert told(agreement_toml=toml)
    return len(looked)


BROKEN = b'languages = ["en"]\n' + b"[[parties]]\n" * 390


def test_hundreds_of_broken_parties_are_looked_for_no_oftener_than_is_told(monkeypatch):
    assert 0 < lines_looked_for(BROKEN, monkeypatch) <= 2 * source_check.MAX_TOLD


def test_in_a_file_of_half_a_million_empty_lines_only_the_first_mistake_is_looked_for(monkeypatch):
    assert lines_looked_for(BROKEN + b"\n" * 500_000, monkeypatch) == 0
