"""Reading a university's seal from an uploaded PNG: decoded, put on white, made small, all else thrown away.

Example::

    mark = read_seal(request.files["seal"].read())   # an ImageMark of at most 160 × 160 pixels and 16 colours

A busy image gets fewer of both. What comes out holds pixels only: no text chunks, no colour profiles, no location, no
second image.
"""

from __future__ import annotations

import zlib
from io import BytesIO

from PIL import Image

from signing_service.errors import FormatError, LimitError
from signing_service.pdf.marks import MAX_COLOURS, MAX_IMAGE_SIDE, ImageMark

MAX_BYTES = 1024 * 1024  # of the uploaded file
MAX_SIDE = 4096  # pixels of the uploaded image
WHITE = (255, 255, 255, 255)
STEPS = (
    (MAX_IMAGE_SIDE, MAX_COLOURS),
    (144, 12),
    (144, 8),
    (128, 8),
    (112, 8),
    (96, 6),
    (80, 4),
)  # sides and colours, tried in this order until the pixels weigh no more than
MAX_WEIGHT = 2100  # bytes, compressed
GROUND = 236  # of 255: a channel from here on counts as white


def read_seal(data: bytes) -> ImageMark:
    """Re-encode a PNG; raises FormatError on anything else, LimitError above the limits."""
    if len(data) > MAX_BYTES:
        raise LimitError("the seal's image is larger than %(limit)s bytes", limit=MAX_BYTES)
    try:
        with Image.open(BytesIO(data), formats=("PNG",)) as opened:
            if max(opened.size) > MAX_SIDE:
                raise LimitError("the seal's image has more than %(limit)s pixels a side", limit=MAX_SIDE)
            image = opened.convert("RGBA")
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise FormatError("the seal's image is not a PNG that can be read", hint="save it as PNG again") from error
    paper = Image.alpha_composite(Image.new("RGBA", image.size, WHITE), image).convert("RGB")
    for side, colours in STEPS:
        seal = _reduced(paper, side, colours)
        if len(zlib.compress(seal.pixels.hex()[1::2].encode(), 9)) <= MAX_WEIGHT:
            break
    return seal


def _reduced(paper: Image.Image, side: int, colours: int) -> ImageMark:
    """At most ``side`` pixels a side in ``colours``; a scan's grey ground becomes the paper's white."""
    small = paper.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    clean = small.point([255 if level >= GROUND else level for level in range(256)] * 3)
    few = clean.quantize(colours, kmeans=4, dither=Image.Dither.NONE)
    pixels = few.tobytes()
    return ImageMark(few.width, few.height, bytes((few.getpalette() or [])[: 3 * (max(pixels) + 1)]), pixels)
