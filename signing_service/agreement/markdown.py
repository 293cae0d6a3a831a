"""Reading Markdown into the tree of :mod:`~signing_service.agreement.text`; see there for what it may hold.

Works on the tokens of ``markdown-it-py`` (CommonMark). Every refusal names the file and the line.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt

from signing_service.agreement.markdown_marks import note_unfinished
from signing_service.agreement.markdown_reader import Reader, decode, refuse_token
from signing_service.agreement.markdown_runs import runs
from signing_service.agreement.text import Article, Block, Item, Listing, Paragraph, Run, Text
from signing_service.agreement.words import words_for
from signing_service.errors import FormatError, LimitError, raise_all

if TYPE_CHECKING:
    from markdown_it.token import Token

    from signing_service.agreement.words import Words

MAX_ARTICLES = 200
MAX_LIST_DEPTH = 2
MAX_PARAGRAPHS = 99  # of an article, and of what stands before or after the articles; a reference has two figures
MAX_ITEMS = 200  # of a list

_ROMAN = ((100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
_LISTS = ("bullet_list_open", "ordered_list_open")
_HEADING_ID = re.compile(r"(?<!\s)\s*\{#([a-z][a-z0-9-]{0,31})\}\Z")


def parse_text(language: str, name: str, data: bytes, words: Words | None = None, *, finished: bool = False) -> Text:
    """Read one language's Markdown, UTF-8; ``name`` is the file's, for messages.

    Raises FormatError with file and line on anything outside the allow-list, on characters that cannot be
    printed, on right-to-left letters, on ids used twice and on references that lead nowhere; LimitError above limits;
    SeveralErrors where several things are wrong. ``finished``: marks that were begun and not ended are refused, too.
    """
    markdown = decode(name, data)
    found: dict[str, Any] = {}
    tokens = MarkdownIt("commonmark", {"maxNesting": 12}).parse(markdown, found)
    reader = Reader(name, tokens, words or words_for(language))
    _note_definitions(reader, found)
    text = _text(reader, language)
    if not reader.problems:  # else references may lead to what could not be read
        text = _resolve(reader, text)
    if finished:
        note_unfinished(reader, markdown)
    raise_all(reader.told())
    return text


def _text(reader: Reader, language: str) -> Text:
    preamble = _blocks(reader, "", 0)
    articles: list[Article] = []
    while reader.peek() == "heading_open":
        articles.append(_article(reader, len(articles) + 1, {article.id for article in articles}))
        if len(articles) > MAX_ARTICLES:
            raise LimitError("%(file)s: more than %(limit)s articles", file=reader.name, limit=MAX_ARTICLES)
    if not articles:
        reader.note(reader.refuse("there is no article", hint="begin an article with: ## Purpose {#purpose}"))
    closing: tuple[Block, ...] = ()
    if reader.peek() == "hr":
        reader.next()
        closing = _blocks(reader, "", 0)
    if reader.peek():
        reader.note(refuse_token(reader, reader.next()))
    return Text(language, preamble, tuple(articles), closing)


def _note_definitions(reader: Reader, found: dict[str, Any]) -> None:
    """Definitions of links are printed nowhere, so they would be words of the source that nobody reads."""
    for label, definition in found.get("references", {}).items():
        reader.line = definition["map"][0] + 1
        problem = "the definition of the link %(label)s would not be printed"
        reader.note(reader.refuse(problem, hint="take it out", label=repr(label.lower())))


def _article(reader: Reader, number: int, taken: set[str]) -> Article:
    start = reader.position
    article_id, heading = "", tuple[Run, ...]()
    try:
        article_id, heading = _heading(reader, taken)
    except FormatError as error:
        reader.note(error)
    reader.leave(start)
    label = reader.words.article(number)
    return Article(article_id, number, label, heading, _blocks(reader, article_id, number))


def _heading(reader: Reader, taken: set[str]) -> tuple[str, tuple[Run, ...]]:
    """An article's id and heading."""
    opening = reader.next()
    if opening.tag != "h2":
        raise refuse_token(reader, opening)
    inline = reader.next()
    match = _HEADING_ID.search(inline.content)
    if match is None:
        raise reader.refuse("the article has no id", hint="write: ## Purpose {#purpose}")
    if match[1] in taken:
        raise reader.refuse("the id %(id)s is used twice", id=match[1])
    heading = list(runs(reader, inline))
    last = heading.pop()
    text = _HEADING_ID.sub("", last.text)
    heading += [replace(last, text=text)] if text else []
    if not heading:
        raise reader.refuse("the article has no heading")
    return match[1], tuple(heading)


def _blocks(reader: Reader, article: str, number: int) -> tuple[Block, ...]:
    """Paragraphs and lists up to the next heading, rule or end; numbered where ``number`` is not 0."""
    blocks: list[Block] = []
    count, before = 0, ""
    while reader.peek() not in ("", "heading_open", "hr"):
        start = reader.position
        token = reader.next()
        count += token.type == "paragraph_open"
        try:
            blocks.append(_block(reader, token, before, count, (article, number)))
        except FormatError as error:
            reader.note(error)
        reader.leave(start)
        before = token.type
    if number and not before:
        reader.note(reader.refuse("the article is empty"))
    return tuple(blocks)


def _block(reader: Reader, token: Token, before: str, count: int, within: tuple[str, int]) -> Block:
    """The paragraph or list that begins with ``token``, behind one of the type ``before``."""
    if token.type == "paragraph_open":
        if count == MAX_PARAGRAPHS + 1:
            raise reader.refuse("more than %(limit)s paragraphs", hint="begin another article", limit=MAX_PARAGRAPHS)
        (article, number), content = within, runs(reader, reader.next())
        return Paragraph(content, *((f"{number}.{count}", f"{article}-{count}") if number else ("", "")))
    if token.type not in _LISTS:
        raise refuse_token(reader, token)
    if before in ("", *_LISTS):
        raise reader.refuse("a list without a paragraph before it")
    return _listing(reader, token, 1)


def _listing(reader: Reader, opening: Token, depth: int) -> Listing:
    ordered = opening.type == "ordered_list_open"
    if depth > MAX_LIST_DEPTH:
        raise reader.refuse("lists are nested more than %(limit)s deep", limit=MAX_LIST_DEPTH)
    items: list[Item] = []
    while reader.next().type == "list_item_open":
        if len(items) >= MAX_ITEMS:
            raise reader.refuse("a list of more than %(limit)s items", limit=MAX_ITEMS)
        if reader.peek() != "paragraph_open":
            raise reader.refuse("a list item does not begin with text")
        reader.next()
        content = _words(reader, reader.next())
        reader.next()
        inner: list[Listing] = []
        while reader.peek() != "list_item_close":
            token = reader.next()
            if token.type not in _LISTS or inner:
                raise reader.refuse("a list item holds more than one paragraph and one list")
            inner.append(_listing(reader, token, depth + 1))
        reader.next()
        label = _label(len(items), depth) if ordered else "–"
        items.append(Item(label, content, tuple(inner)))
    return Listing(ordered, tuple(items))


def _words(reader: Reader, inline: Token) -> tuple[Run, ...]:
    """An item's words; what is wrong with them stands in the way of no other item."""
    try:
        return runs(reader, inline)
    except FormatError as error:
        reader.note(error)
        return ()


def _label(index: int, depth: int) -> str:
    """(a) … (z), (aa) … on the first level, (i), (ii) … on the second."""
    if depth == 1:
        return f"({'' if index < 26 else chr(96 + index // 26)}{chr(97 + index % 26)})"
    roman = ""
    rest = index + 1
    for value, letters in _ROMAN:
        roman += letters * (rest // value)
        rest %= value
    return f"({roman})"


def _resolve(reader: Reader, text: Text) -> Text:
    """Spell out the references, each of which must lead somewhere."""
    spelled = {article.anchor: article.label for article in text.articles}
    for article in text.articles:
        for block in article.blocks:
            if isinstance(block, Paragraph):
                spelled[block.anchor] = reader.words.paragraph(article.number, int(block.number.split(".")[1]))
    for target, line in reader.references:
        if target not in spelled:
            reader.line = line
            reader.note(reader.refuse("there is no article or paragraph #%(target)s", target=target))

    def spell(content: tuple[Run, ...]) -> tuple[Run, ...]:
        said = (run.text or spelled.get(run.target or "", "") for run in content)
        return tuple(replace(run, text=text) for run, text in zip(content, said, strict=True))

    def walk(block: Block) -> Block:
        if isinstance(block, Paragraph):
            return replace(block, content=spell(block.content))
        return walk_list(block)

    def walk_list(listing: Listing) -> Listing:
        items = (replace(i, content=spell(i.content), blocks=tuple(map(walk_list, i.blocks))) for i in listing.items)
        return replace(listing, items=tuple(items))

    articles = tuple(replace(article, blocks=tuple(map(walk, article.blocks))) for article in text.articles)
    return replace(
        text, preamble=tuple(map(walk, text.preamble)), articles=articles, closing=tuple(map(walk, text.closing))
    )
