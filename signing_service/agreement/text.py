"""The text of an agreement in one language, as an allow-listed tree of elements.

Markdown (CommonMark) is read into a handful of elements; the PDF and the web page are both made from this tree
and so say the same. Anything else (HTML, images, code, tables, other headings) is refused with file and line::

    text = parse_text("en", "en.md", data)
    for article in text.articles:
        article.number, article.id, plain(article.heading)
        for block in article.blocks: ...

What the Markdown may hold:

* paragraphs before the first article: the preamble, unnumbered;
* ``## Heading {#id}``: an article, numbered from 1; its paragraphs are numbered 1.1, 1.2 …;
* ordered or bulleted lists, two levels deep: (a), (b) … and (i), (ii) …;
* ``*emphasis*`` and ``**strong**``; ``\\*`` is the star itself, and one without its partner is refused in a draft;
* ``[](#id)`` and ``[](#id/2)``: a reference to an article or one of its paragraphs, spelled out by the service;
* ``---``, once, after the articles: the closing words follow, unnumbered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Style = Literal["plain", "emphasis", "strong"]


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one style, on one line or many; no line breaks of its own."""

    text: str
    style: Style = "plain"
    target: str | None = None
    """The anchor (Article.anchor, Paragraph.anchor) that a reference leads to."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; in an article it has a number that can be cited."""

    content: tuple[Run, ...]
    number: str = ""
    """``1.2`` in an article, empty in the preamble and the closing words."""
    anchor: str = ""
    """``<article id>-<paragraph>``, unique in the text; empty without a number."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list."""

    label: str
    """``(a)``, ``(i)`` in ordered lists, ``–`` in others."""
    content: tuple[Run, ...]
    blocks: tuple[Listing, ...] = ()
    """A list inside the item."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list; it belongs to the paragraph before it."""

    ordered: bool
    items: tuple[Item, ...]


Block = Paragraph | Listing


@dataclass(frozen=True, slots=True)
class Article:
    """A numbered article."""

    id: str
    """The author's, equal in all languages."""
    number: int
    label: str
    """``Article 3``, ``第三条``: how the language writes the number."""
    heading: tuple[Run, ...]
    blocks: tuple[Block, ...]

    @property
    def anchor(self) -> str:
        """What references to the article lead to."""
        return self.id


@dataclass(frozen=True, slots=True)
class Text:
    """The whole text in one language."""

    language: str
    preamble: tuple[Block, ...]
    articles: tuple[Article, ...]
    closing: tuple[Block, ...]


def plain(content: tuple[Run, ...]) -> str:
    """The characters of some runs without their styles."""
    return "".join(run.text for run in content)


def outline(text: Text) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The ids of articles and the numbers and labels in each, which must be equal in all languages."""
    return tuple((article.id, tuple(_labels(article.blocks))) for article in text.articles)


def _labels(blocks: tuple[Block, ...]) -> list[str]:
    labels: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph):
            labels.append(block.number)
        else:
            for item in block.items:
                labels += [item.label, *_labels(item.blocks)]
    return labels
