"""Reading a university's seal from an uploaded PNG: decoded, put on white, made small, all else thrown away.

Example::

    mark = read_seal(request.files["seal"].read())   # an ImageMark of at most 160 × 160 pixels and 16 colours

What comes out holds pixels only: no text chunks, no colour profiles, no location, no second image.
"""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from signing_service.errors import FormatError, LimitError
from signing_service.pdf.marks import MAX_COLOURS, MAX_IMAGE_SIDE, ImageMark

MAX_BYTES = 1024 * 1024  # of the uploaded file
MAX_SIDE = 4096  # pixels of the uploaded image
WHITE = (255, 255, 255, 255)


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
    paper.thumbnail((MAX_IMAGE_SIDE, MAX_IMAGE_SIDE), Image.Resampling.LANCZOS)
    few = paper.quantize(MAX_COLOURS, dither=Image.Dither.NONE)
    used = max(few.tobytes()) + 1
    return ImageMark(few.width, few.height, bytes((few.getpalette() or [])[: 3 * used]), few.tobytes())
