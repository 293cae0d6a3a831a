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
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from signing_service.errors import FormatError, InputError, LimitError
from signing_service.pdf.appearance import AppearanceInput, DrawnMark, ImageMark, TypedMark, draw_appearance
from signing_service.pdf.delta import signature_delta
from signing_service.pdf.fonts import Fonts, UncoveredCharacterError, find_fonts, open_fonts
from signing_service.pdf.grammar import read_tail
from signing_service.pdf.layout import read_layout
from signing_service.pdf.seal_image import read_seal
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


@pytest.mark.parametrize("script", sorted(set(NAMES) - {"rare Han", "Latin with all diacritics"}))
def test_an_ordinary_signature_weighs_a_few_kilobytes(script):
    name = NAMES[script]
    assert len(draw(replace(SOPHEA, native_name=name, mark=TypedMark(name)))) < 6 * 1024


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


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]


def test_drawn_strokes_stay_inside_their_box():
    wide = DrawnMark((((0, 0), (1000, 300), (500, 10)), ((1000, 0), (0, 300))))
    drawn = operators(draw(replace(SOPHEA, mark=wide)))
    placed = re.search(r"q ([\d.]+) 0 0 -([\d.]+) ([\d.]+) ([\d.]+) cm 1 J 1 j 7 w (.*?) Q", drawn)
    assert placed is not None
    scale, x, y = float(placed[1]), float(placed[3]), float(placed[4])
    points = numbers(placed[5])
    assert all(0 <= x + scale * value <= 427 * 0.4 for value in points[::2])
    assert all(0 <= y - scale * value <= 74 for value in points[1::2])


def test_a_dot_is_drawn_as_a_dot():
    assert "500 150 m 500 150 l S" in operators(draw(replace(SOPHEA, mark=DrawnMark((((500, 150),),)))))


POINTS = st.tuples(st.integers(0, 1000), st.integers(0, 300))
STROKES = st.lists(st.lists(POINTS, min_size=1, max_size=20).map(tuple), min_size=1, max_size=6).map(tuple)


@given(STROKES)
def test_any_strokes_within_the_pad_can_be_drawn(strokes):
    assert draw(replace(SOPHEA, mark=DrawnMark(strokes))).endswith(b"endstream")


@pytest.mark.parametrize(
    "strokes",
    [None, [], {}, "x", [1], [[]], [[1]], [[1, 2, 3]], [[-1, 0]], [[0, 301]], [[1001, 0]], [["a", "b"]], [[1.5, 2]]],
)
def test_strokes_that_no_pad_gives_are_refused(strokes):
    with pytest.raises(FormatError):
        DrawnMark.from_flat(strokes)


def test_strokes_without_end_are_refused():
    with pytest.raises(LimitError):
        DrawnMark.from_flat([[1, 1] * 4001])
    with pytest.raises(LimitError):
        DrawnMark.from_flat([[1, 1]] * 201)


def test_strokes_are_read_as_a_browser_sends_them():
    assert DrawnMark.from_flat([[1, 2, 3, 4], [5, 6]]).strokes == (((1, 2), (3, 4)), ((5, 6),))


def png(size: tuple[int, int] = (300, 200), **options: object) -> bytes:
    """A red ring on transparent ground."""
    image = Image.new("RGBA", size)
    ImageDraw.Draw(image).ellipse((10, 10, size[0] - 10, size[1] - 10), outline=(200, 0, 0, 255), width=12)
    buffer = BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()


def test_a_seal_is_made_small_and_drawn_in_its_colours():
    seal = read_seal(png())
    assert (seal.width, seal.height) == (160, 107)
    body = draw(replace(SOPHEA, mark=seal))
    assert "/W 160 /H 107 /CS [/I /RGB" in operators(body)
    assert len(body) < 6 * 1024


def test_a_seal_s_image_keeps_nothing_but_pixels():
    secret = PngInfo()
    secret.add_text("Location", "32.0603 N 118.7969 E")
    assert read_seal(png(pnginfo=secret)) == read_seal(png())


def test_a_document_with_a_seal_stays_pdf_a_3b():
    with pikepdf.open(BytesIO(on_paper(replace(SOPHEA, mark=read_seal(png()))))) as pdf:
        for field in pdf.Root.AcroForm.Fields:
            if "/V" in field:
                del field["/V"]
        buffer = BytesIO()
        pdf.save(buffer)
    assert [finding.message for finding in judged_as_pdfa(buffer.getvalue()).findings] == []


@pytest.mark.parametrize("data", [b"", b"GIF89a", png()[:100], png().replace(b"IDAT", b"IDAX"), b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_png_is_refused(data):
    with pytest.raises(FormatError, match="not a PNG"):
        read_seal(data)


def test_an_image_above_the_limits_is_refused():
    with pytest.raises(LimitError, match="more than 4096"):
        read_seal(png((4097, 30)))
    with pytest.raises(LimitError, match="larger than"):
        read_seal(png() + bytes(1024 * 1024))


@pytest.mark.parametrize(
    ("width", "palette", "pixels"),
    [(3, b"abc", b"\0\0"), (2, b"ab", b"\0\0"), (2, b"abc", b"\0\1"), (2, b"abc" * 17, b"\0\0")],
)
def test_pixels_that_do_not_fit_their_palette_are_refused(width, palette, pixels):
    with pytest.raises(FormatError):
        ImageMark(width, 1, palette, pixels)
