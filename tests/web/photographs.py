"""Pictures of pages for the documentation: on a phone and on a desktop, light and dark, at most 150 KB each."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from PIL import Image

from tests.web.screen import Screen

SIZES = {"360": (360, 780), "1280": (1280, 860)}  # CSS pixels
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
MAX_BYTES = 150_000
COLOURS = (128, 64, 32)  # tried in turn until a picture is small enough


def photograph(window: Screen, name: str, folder: Path, themes: Sequence[Theme]) -> None:
    """Take ``<name>-<width>-<theme>.png`` of what the window shows, from the top of the page."""
    before = window.page.viewport_size
    for size, (width, height) in SIZES.items():
        window.page.set_viewport_size({"width": width, "height": height})
        for theme in themes:
            window.page.emulate_media(color_scheme=theme)
            window.page.evaluate("scrollTo(0, 0)")
            keep(window.page.screenshot(), folder / f"{name}-{size}-{theme}.png")
    window.page.emulate_media(color_scheme="light")
    if before is not None:
        window.page.set_viewport_size(before)


def keep(png: bytes, path: Path) -> None:
    """Write a picture with as many colours as fit into MAX_BYTES."""
    with Image.open(io.BytesIO(png)) as picture:
        for colours in COLOURS:
            picture.convert("RGB").quantize(colors=colours).save(path, optimize=True)
            if path.stat().st_size <= MAX_BYTES:
                return
    raise AssertionError(f"{path} is larger than {MAX_BYTES} bytes")
