"""A made-up university's seal as an image."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

SECRET = "taken at 32.11 north, 118.93 east"


def seal_png(side: int = 600) -> bytes:
    """A red ring with a star on a transparent ground, with a remark in its metadata."""
    image = Image.new("RGBA", (side, side))
    draw = ImageDraw.Draw(image)
    draw.ellipse((8, 8, side - 8, side - 8), outline=(178, 34, 34, 255), width=side // 14)
    draw.regular_polygon((side / 2, side / 2, side / 4), 5, fill=(178, 34, 34, 255))
    remark = PngInfo()
    remark.add_text("Comment", SECRET)
    data = BytesIO()
    image.save(data, "PNG", pnginfo=remark)
    return data.getvalue()
