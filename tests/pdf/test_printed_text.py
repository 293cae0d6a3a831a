"""What is printed: copying gives back the same characters in every script, and no party's box is split."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from signing_service.agreement.source import Source, parse_source
from signing_service.agreement.text import Block, Listing, plain
from signing_service.errors import FormatError
from signing_service.pdf.fonts import UncoveredCharacterError
from signing_service.pdf.layout import read_layout
from signing_service.pdf.rendering import render_base
from tests.agreement import alliance
from tests.pdf.assembly import SENTENCES, in_languages, of_parties


@cache
def base_of(source_of: object, *arguments: object) -> bytes:
    assert callable(source_of)
    source: Source = source_of(*arguments)
    return render_base(source, source.terms(alliance.AGREEMENT), verification_url="https://sign.example.org/verify")


def printed(folder: Path, base: bytes, *options: str) -> str:
    (folder / "base.pdf").write_bytes(base)
    command = ["pdftotext", *options, "base.pdf", "-"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def wrapped(text: str) -> re.Pattern[str]:
    """The text with a line's end wherever one may have come in, and nowhere a space that is not in it.

    Within a word a soft hyphen may stand before the line's end (ISO 32000-1 14.8.2.2.3).
    """
    return re.compile(
        r"(?:\u00ad?\n)?".join(r"[ \n]" if character == " " else re.escape(character) for character in text)
    )


@pytest.mark.parametrize("language", sorted(SENTENCES))
def test_copying_gives_back_each_script_character_for_character(language, tmp_path):
    base = base_of(in_languages, language)
    found = wrapped(SENTENCES[language]).findall(printed(tmp_path, base, "-raw"))
    assert len(found) >= 8  # once, once, and six times over, wherever the lines break


def contents(blocks: tuple[Block, ...]) -> list[str]:
    found = []
    for block in blocks:
        if isinstance(block, Listing):
            for item in block.items:
                found += [plain(item.content), *contents(item.blocks)]
        else:
            found.append(plain(block.content))
    return found


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_paragraph_of_the_agreement_is_printed_word_for_word(language, tmp_path):
    text = alliance.source().texts[language]
    page_break = re.compile(r"\n[^\n]*\n[^\n]*\n[^\n]*\n?\x0c[^\n]*\n[^\n]*\n")  # foot of one page, head of the next
    whole = printed(tmp_path, base_of(alliance.source), "-raw")
    joined = page_break.sub("\n", whole)
    for article in text.articles:
        for paragraph in contents(article.blocks):
            assert wrapped(paragraph).search(whole) or wrapped(paragraph).search(joined), paragraph


def test_every_party_stands_in_both_names_in_the_schedule_and_on_its_box(tmp_path):
    text = printed(tmp_path, base_of(alliance.source))
    for party in alliance.terms().parties:
        assert len(wrapped(party.native_name).findall(text)) >= 2, party.native_name
        assert len(wrapped(party.name).findall(text)) >= 2, party.name


def test_pages_are_numbered_and_carry_the_agreement_s_id(tmp_path):
    pages = printed(tmp_path, base_of(alliance.source), "-layout").split("\x0c")[:-1]
    assert len(pages) == 17
    for number, page in enumerate(pages[1:], 2):
        assert f"Page {number} of 17" in page or f"第 {number} 页，共 17 页" in page
        assert alliance.AGREEMENT in page


@pytest.mark.parametrize(("parties", "paper"), [(1, "A4"), (12, "Letter"), (40, "A4")])
def test_each_field_lies_whole_on_its_page_and_none_overlaps_another(parties, paper):
    layout = read_layout(base_of(of_parties, parties, paper), contents_size=8192)
    taken: dict[int, list[tuple[float, float]]] = {}
    for slot in layout.fields.values():
        if slot.height != "0":
            rectangle = re.search(rb"/Rect \[ ([\d. ]+) \]", slot.body)
            assert rectangle is not None
            _, bottom, _, top = map(float, rectangle[1].split())
            assert 60 < bottom < top < 800
            assert all(top <= low or bottom >= high for low, high in taken.get(slot.page, []))
            taken.setdefault(slot.page, []).append((bottom, top))
    assert sum(map(len, taken.values())) == parties + 1


def test_a_party_with_two_signers_has_two_fields_in_one_box_and_a_guest_is_called_one():
    toml = (
        'title = { en = "President", zh = "校长" }\n[[parties.signers]]\nrole = "secretary"\n'
        'title = { en = "Secretary", zh = "秘书长" }'
    )
    source = parse_source(alliance.files(toml=('title = { en = "President", zh = "校长" }', toml)) | _with_guest(toml))
    layout = read_layout(base_of(lambda: source), contents_size=8192)
    president, secretary = layout.fields["njupt:president"], layout.fields["njupt:secretary"]
    assert president.page == secretary.page


def _with_guest(toml: str) -> dict[str, bytes]:
    data = alliance.files(toml=('title = { en = "President", zh = "校长" }', toml))["agreement.toml"]
    return {"agreement.toml": data.replace(b'id = "irrawaddy"', b'id = "irrawaddy"\nguest = true')}


def test_a_guest_s_box_says_that_it_attests(tmp_path):
    source = parse_source(alliance.files() | _with_guest('title = { en = "President", zh = "校长" }'))
    assert printed(tmp_path, base_of(lambda: source)).count("Guest, attesting") == 2


@pytest.mark.parametrize(
    ("character", "name"),
    [("😀", "U+1F600 GRINNING FACE"), ("𠮷", "U+20BB7"), ("ꦲ", "U+A9B2 JAVANESE LETTER HA")],
)
def test_a_character_that_no_font_has_is_an_error_that_names_it(character, name):
    source = parse_source(alliance.files(en=("recalling", f"recalling {character}")))
    with pytest.raises(UncoveredCharacterError, match=rf"^en\.md:3: .*{re.escape(name)}"):
        render_base(source, source.terms(alliance.AGREEMENT))


def test_a_right_to_left_name_is_refused_and_never_printed_wrong():
    with pytest.raises(FormatError, match="right to left"):
        parse_source(alliance.files(toml=("Universiti Spesimen Selat Melaka", "جامعة العينة")))


def test_mixed_scripts_within_one_word_are_printed_right(tmp_path):
    mixed = "ABмирกขค中文АБВxyzកាក"
    source = parse_source(alliance.files(en=("The Parties hereby establish", f"{mixed} hereby establish")))
    assert mixed in printed(tmp_path, base_of(lambda: source), "-raw")


def test_a_very_long_name_is_wrapped_and_not_clipped(tmp_path):
    long = "Specimen University of " + " and of ".join(f"Place Number {number}" for number in range(7))
    source = parse_source(alliance.files(toml=("Specimen University of Mayon", long)))
    assert len(wrapped(long).findall(printed(tmp_path, base_of(lambda: source)))) == 2
