"""The visible signature: any name in any script, whole, small, and with its true text beneath."""

from __future__ import annotations

import os
import re
import subprocess
import zlib
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from signing_service.errors import FormatError, InputError, LimitError
from signing_service.pdf.appearance import AppearanceInput, TypedMark, draw_appearance
from signing_service.pdf.delta import signature_delta
from signing_service.pdf.fonts import Fonts, UncoveredCharacterError, find_fonts, open_fonts
from signing_service.pdf.grammar import read_tail
from signing_service.pdf.layout import read_layout
from tests.cast import NOON
from tests.pdf.test_rendering import demo, judged_as_pdfa

SOPHEA = AppearanceInput(
    width=427,
    height=74,
    name="Sophea Chann",
    native_name="ចាន់ សុភា",
    party="Specimen University of the Great Lake",
    role="Rector",
    time=NOON,
    time_zone="Asia/Phnom_Penh",
    mark=TypedMark("Sophea Chann"),
    assurance="password",
)
NAMES = {
    "Han": "林书怡",
    "rare Han": "龘㙱龜鬱",
    "Thai": "สมชาย ทองดี",
    "Khmer, stacked": "ស្រីស្ត្រី គំរូ",
    "Lao": "ຄຳຫລ້າ ຕົວຢ່າງ",
    "Burmese, stacked": "သီတာအောင် ကြွယ်ဝမ္မ",
    "Vietnamese": "Nguyễn Thị Hoa",
    "Cyrillic": "Алесь Новік",
    "Kazakh": "Сәуле Ахметқызы",
    "Latin with all diacritics": "Łukasz Žižek-Ångström İpek Þór ǖ",
    "Greek": "Αλέξανδρος",
}


@cache
def fonts() -> Fonts:
    return open_fonts(find_fonts(os.environ))


def draw(content: AppearanceInput) -> bytes:
    return draw_appearance(content, fonts(), 77)


def operators(body: bytes) -> str:
    head, _, rest = body.partition(b"\nstream\n")
    assert f"/Length {len(rest) - len('endstream') - 1} ".encode() in head
    return zlib.decompress(rest[: -len("\nendstream")]).decode("ascii")


def on_paper(content: AppearanceInput) -> bytes:
    """The demo agreement with this appearance in the Khmer party's field, as a delta puts it there."""
    layout = read_layout(demo(), contents_size=8192)
    body = draw_appearance(content, fonts(), layout.resources)
    delta = signature_delta(layout, read_tail(demo()), "tonle:rector", name="", reason="", time=NOON, appearance=body)
    return demo() + delta.data


def text_of(folder: Path, content: AppearanceInput) -> str:
    (folder / "signed.pdf").write_bytes(on_paper(content))
    command = ["pdftotext", "-f", "17", "-l", "17", "-raw", "signed.pdf", "-"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def test_the_body_is_spelled_as_the_format_says():
    assert re.fullmatch(
        rb"<< /BBox \[0 0 427 74\] /Filter /FlateDecode /FormType 1 /Length [1-9]\d* /Resources 77 0 R "
        rb"/Subtype /Form /Type /XObject >>\nstream\n.*\nendstream",
        draw(SOPHEA),
        re.DOTALL,
    )


def test_the_same_signature_gives_the_same_bytes():
    assert draw(SOPHEA) == draw(replace(SOPHEA))


@pytest.mark.parametrize("native_name", NAMES.values(), ids=NAMES.keys())
def test_a_name_in_any_script_can_be_copied_out_again(native_name, tmp_path):
    text = text_of(tmp_path, replace(SOPHEA, native_name=native_name))
    assert native_name in text
    assert "Sophea Chann" in text


def test_capacity_both_times_and_assurance_are_shown(tmp_path):
    text = text_of(tmp_path, SOPHEA)
    assert "Rector, Specimen University of the Great Lake" in text
    assert "2025-04-11 04:00:00 UTC (11:00 Asia/Phnom_Penh)" in text
    assert "Assurance: password" in text


def test_another_day_at_the_party_s_place_is_named(tmp_path):
    late = replace(SOPHEA, time=NOON.replace(hour=20))
    assert "2025-04-11 20:00:00 UTC (2025-04-12 03:00 Asia/Phnom_Penh)" in text_of(tmp_path, late)


def test_utc_is_not_said_twice(tmp_path):
    assert "2025-04-11 04:00:00 UTC\n" in text_of(tmp_path, replace(SOPHEA, time_zone="UTC"))


def test_one_name_suffices_and_is_shown_once(tmp_path):
    text = text_of(tmp_path, replace(SOPHEA, native_name=None))
    assert text.count("Sophea Chann") == 1


@pytest.mark.parametrize("native_name", NAMES.values(), ids=NAMES.keys())
def test_a_signed_document_stays_pdf_a_3b(native_name):
    with pikepdf.open(BytesIO(on_paper(replace(SOPHEA, native_name=native_name)))) as pdf:
        for field in pdf.Root.AcroForm.Fields:
            if "/V" in field:
                del field["/V"]
        buffer = BytesIO()
        pdf.save(buffer)
    assert [finding.message for finding in judged_as_pdfa(buffer.getvalue()).findings] == []


LONG_NAMES = {
    "Thai": "ศาสตราจารย์เกียรติคุณ ดร. ประเสริฐศักดิ์ วัฒนาพานิชกุล",
    "Khmer": "ឯកឧត្តមសាស្ត្រាចារ្យ ស្រីស្ត្រី គំរូព្រះសីហនុ",
    "Burmese": "ပါမောက္ခချုပ် ဒေါက်တာ သီတာအောင်ကြွယ်ဝမ္မ",
}


@pytest.mark.parametrize("script", sorted(set(NAMES) - {"rare Han", "Latin with all diacritics"}))
def test_an_ordinary_signature_weighs_at_most_four_kilobytes(script):
    name = NAMES[script]
    assert len(draw(replace(SOPHEA, native_name=name, mark=TypedMark(name)))) <= 4 * 1024


@pytest.mark.parametrize("name", [*LONG_NAMES.values(), NAMES["rare Han"]])
def test_one_of_forty_letters_or_of_the_most_intricate_ones_weighs_little_more(name):
    assert len(draw(replace(SOPHEA, native_name=name, mark=TypedMark(name)))) <= 6 * 1024


def test_a_typed_mark_that_repeats_the_name_costs_little_beside_the_name():
    thai = LONG_NAMES["Thai"]
    once = len(draw(replace(SOPHEA, native_name=thai, mark=TypedMark("x"))))
    both = len(draw(replace(SOPHEA, native_name=thai, mark=TypedMark(thai))))
    assert both - once < (once - len(draw(replace(SOPHEA, native_name="x", mark=TypedMark("x"))))) / 2


def size_of(text: str, content: AppearanceInput) -> float:
    letters = text.encode("utf-16-be").hex()
    found = re.search(rf"/F1 ([\d.]+) Tf [\d.]+ [\d.]+ Td <{letters}> Tj", operators(draw(content)))
    assert found is not None
    return float(found[1])


def test_a_long_name_shrinks_and_is_not_clipped(tmp_path):
    long = " ".join(["Maximiliana"] * 9)
    assert size_of(long, replace(SOPHEA, name=long)) < size_of("Sophea Chann", SOPHEA)
    assert long in text_of(tmp_path, replace(SOPHEA, name=long)).replace("\n", " ")


def test_a_name_too_long_to_be_read_is_refused():
    with pytest.raises(LimitError, match="too long to be read"):
        draw(replace(SOPHEA, party="Specimen University " * 9, role="Rector of it all " * 6))


def test_what_no_font_has_is_named():
    with pytest.raises(UncoveredCharacterError, match=r"U\+1F600"):
        draw(replace(SOPHEA, native_name="Ada 😀"))


@pytest.mark.parametrize("native_name", ["سارة", "Ada\u202e", "", "—"])
def test_a_name_that_could_mislead_is_refused(native_name):
    with pytest.raises(FormatError):
        draw(replace(SOPHEA, native_name=native_name or " "))


def test_a_time_zone_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match="Asia/Nowhere"):
        draw(replace(SOPHEA, time_zone="Asia/Nowhere"))
