"""The mark beside the words of a visible signature: strokes drawn by hand, a university's seal."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from math import cos, pi, sin

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw
from PIL.PngImagePlugin import PngInfo

from signing_service.errors import FormatError, LimitError
from signing_service.pdf.appearance import DrawnMark, ImageMark
from signing_service.pdf.seal_image import read_seal
from tests.pdf.test_appearance import SOPHEA, draw, on_paper, operators
from tests.pdf.test_rendering import judged_as_pdfa


def drawn_by_hand(points: int = 360) -> DrawnMark:
    """Loops in three strokes, as a finger makes them."""
    turns = range(points // 3)
    return DrawnMark(
        tuple(
            tuple(
                (round(60 + 2.6 * turn + 40 * sin(turn / 7.3 + stroke)), round(150 + 90 * sin(turn / 5.1 + 2 * stroke)))
                for turn in turns
            )
            for stroke in range(3)
        )
    )


def test_a_signature_drawn_by_hand_weighs_at_most_four_kilobytes():
    assert len(draw(replace(SOPHEA, mark=drawn_by_hand()))) <= 4 * 1024


def test_points_closer_than_the_pen_is_wide_are_left_out_but_never_the_ends():
    crowd = DrawnMark((tuple((x, 100) for x in range(200, 260)),))
    assert "w 200 100 m 218 100 l 257 100 l 259 100 l S" in operators(draw(replace(SOPHEA, mark=crowd)))


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]


def test_drawn_strokes_stay_inside_their_box():
    wide = DrawnMark((((0, 0), (1000, 600), (500, 10)), ((1000, 0), (0, 600))))
    drawn = operators(draw(replace(SOPHEA, mark=wide)))
    placed = re.search(r"q ([\d.]+) 0 0 -([\d.]+) ([\d.]+) ([\d.]+) cm 1 J 1 j 7 w (.*?) Q", drawn)
    assert placed is not None
    scale, x, y = float(placed[1]), float(placed[3]), float(placed[4])
    points = numbers(placed[5])
    assert all(0 <= x + scale * value <= 427 * 0.4 for value in points[::2])
    assert all(0 <= y - scale * value <= 74 for value in points[1::2])


def test_a_dot_is_drawn_as_a_dot():
    assert "500 150 m 500 150 l S" in operators(draw(replace(SOPHEA, mark=DrawnMark((((500, 150),),)))))


POINTS = st.tuples(st.integers(0, 1000), st.integers(0, 600))
STROKES = st.lists(st.lists(POINTS, min_size=1, max_size=20).map(tuple), min_size=1, max_size=6).map(tuple)


@given(STROKES)
def test_any_strokes_within_the_pad_can_be_drawn(strokes):
    assert draw(replace(SOPHEA, mark=DrawnMark(strokes))).endswith(b"endstream")


@pytest.mark.parametrize(
    "strokes",
    [None, [], {}, "x", [1], [[]], [[1]], [[1, 2, 3]], [[-1, 0]], [[0, 601]], [[1001, 0]], [["a", "b"]], [[1.5, 2]]],
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


def scan(noise: int) -> bytes:
    """A busy seal in two colours, as a scanner sees it: two rings, a star, letters around, ``noise`` on all of it."""
    image = Image.new("RGB", (400, 400), (250, 249, 246))
    pen = ImageDraw.Draw(image)
    pen.ellipse((10, 10, 390, 390), outline=(180, 20, 30), width=12)
    pen.ellipse((90, 90, 310, 310), outline=(20, 40, 120), width=5)
    for index in range(24):
        x, y = 200 + 145 * sin(index * pi / 12), 200 - 145 * cos(index * pi / 12)
        pen.text((x - 12, y - 12), "大学章国"[index % 4], fill=(180, 20, 30), font_size=26)
    pen.polygon([(200 + 70 * sin(k * 0.8 * pi), 200 - 70 * cos(k * 0.8 * pi)) for k in range(5)], fill=(180, 20, 30))
    if noise:
        grain = Image.effect_noise(image.size, noise)
        image = Image.merge("RGB", [ImageChops.add(band, grain, 1, -128) for band in image.split()])
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_a_seal_is_made_small_and_drawn_in_its_colours():
    seal = read_seal(png())
    assert (seal.width, seal.height) == (160, 107)
    assert "/W 160 /H 107 /CS [/I /RGB" in operators(draw(replace(SOPHEA, mark=seal)))


@pytest.mark.parametrize("noise", [0, 12])
def test_a_busy_seal_is_made_smaller_until_it_weighs_little(noise):
    seal = read_seal(scan(noise))
    assert max(seal.width, seal.height) <= 160
    assert len(draw(replace(SOPHEA, mark=seal))) <= 4 * 1024
    colours = {tuple(seal.palette[at : at + 3]) for at in range(0, len(seal.palette), 3)}
    assert any(red > 2 * blue and red > 120 for red, _, blue in colours)
    assert any(blue > red for red, _, blue in colours)
    assert (255, 255, 255) in colours  # the scanner's grey is gone


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
