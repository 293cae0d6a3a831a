"""The sheet that rows draw on: ReportLab's canvas, with our text, tags, links and bookmarks on top."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from reportlab.pdfgen.canvas import Canvas

from signing_service.pdf.inscription import number
from signing_service.pdf.rendering.painting import FontBook, Painter
from signing_service.pdf.rendering.structure import Content, Element

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from signing_service.pdf.rendering.document import Widget
    from signing_service.pdf.rendering.lines import Line
    from signing_service.pdf.rendering.segments import Piece, Shaper
    from signing_service.pdf.rendering.styles import Colour, Paper


class _BareCanvas(Canvas):  # type: ignore[misc]  # ReportLab has no types
    """A canvas that begins pages without selecting Helvetica, which is not embedded."""

    def _make_preamble(self) -> None:
        self._preamble = "1 0 0 1 0 0 cm"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something begins: a page from 0 and a height above the page's foot."""

    page: int
    top: float


@dataclass(frozen=True, slots=True)
class LinkArea:
    """A rectangle that leads to an anchor."""

    page: int
    rectangle: tuple[float, float, float, float]
    target: str
    element: Element
    words: str
    """What the link says, for who cannot see where it stands."""


class Sheet:
    """All pages of one document while they are drawn, one after another."""

    def __init__(self, paper: Paper, shaper: Shaper, places: Mapping[str, Place], pages: int) -> None:
        self.paper = paper
        self.shaper = shaper
        self.places = places
        """Where each anchor is; known before drawing."""
        self.pages = pages
        self.page = 0
        self.book = FontBook()
        self.links: list[LinkArea] = []
        self.widgets: list[tuple[Widget, Element]] = []
        self._painter = Painter(self.book)
        self._buffer = BytesIO()
        self._canvas = _BareCanvas(
            self._buffer, pagesize=(paper.width, paper.height), invariant=1, pageCompression=0, pdfVersion=(1, 7)
        )
        self._marked = 0
        self._open: Element | None = None
        self._artifact = False

    def next_page(self) -> None:
        """Finish the page."""
        self.close()
        self._canvas.showPage()
        self.page += 1
        self._marked = 0

    def finish(self) -> bytes:
        """The drawn pages as ReportLab writes them, still without fonts."""
        self._canvas.save()
        return self._buffer.getvalue()

    def mark(self, element: Element) -> None:
        """What is drawn from now on belongs to ``element``."""
        if self._open is element or self._artifact:
            return
        self.close()
        self._canvas.addLiteral(f"/{element.kind} <</MCID {self._marked}>> BDC")
        element.kids.append(Content(self.page, self._marked))
        self._marked += 1
        self._open = element

    def close(self) -> None:
        """End the open element's or artifact's content on this page."""
        if self._open is not None or self._artifact:
            self._canvas.addLiteral("EMC")
        self._open, self._artifact = None, False

    @contextmanager
    def artifact(self, kind: str = "/Layout") -> Iterator[None]:
        """What is drawn inside is no content: rules, ornaments, running lines (ISO 32000-1 table 330)."""
        if self._artifact:
            yield
            return
        self.close()
        self._canvas.addLiteral(f"/Artifact <</Type {kind}>> BDC")
        self._artifact = True
        yield
        self.close()

    def line(self, line: Line, left: float, baseline: float, references: Sequence[Element]) -> None:
        """Draw a broken line of the open element; what refers to something goes to ``references``, in order."""
        element = self._open
        waiting = iter(references)
        for target, operators in self._painter.line(line, left, baseline):
            if element is not None:  # in an artifact there is none
                self.mark(element if target is None else element.adopt(next(waiting)))
            self._canvas.addLiteral(operators)

    def pieces(self, pieces: Sequence[Piece], left: float, baseline: float) -> None:
        """Draw shaped pieces."""
        self._canvas.addLiteral(self._painter.pieces(pieces, left, baseline))

    def rule(self, left: float, right: float, y: float, thickness: float, colour: Colour) -> None:
        """Draw a horizontal rule; the caller makes it an artifact."""
        self.literal(f"{_rgb(colour)} RG {number(thickness)} w {_points(left, y)} m {_points(right, y)} l S")

    def frame(self, left: float, bottom: float, right: float, top: float, thickness: float, colour: Colour) -> None:
        """Draw a rectangle's outline."""
        box = f"{_points(left, bottom)} {_points(right - left, top - bottom)} re"
        self.literal(f"{_rgb(colour)} RG {number(thickness)} w {box} S")

    def literal(self, operators: str) -> None:
        """Draw with raw operators, the graphics state kept."""
        self._canvas.addLiteral(f"q {operators} Q")

    def link(self, rectangle: tuple[float, float, float, float], target: str, element: Element, words: str) -> None:
        """Make a rectangle of an element lead to an anchor."""
        self.links.append(LinkArea(self.page, rectangle, target, element, words))

    def bookmark(self, key: str, title: str, level: int, top: float) -> None:
        """Add an entry to the outline that leads here."""
        self._canvas.bookmarkHorizontal(key, 0, top)
        self._canvas.addOutlineEntry(title, key, level, closed=level > 0)


def _rgb(colour: Colour) -> str:
    return " ".join(number(part) for part in colour)


def _points(x: float, y: float) -> str:
    return f"{number(x)} {number(y)}"
