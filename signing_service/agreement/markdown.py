"""Reading Markdown into the tree of :mod:`~signing_service.agreement.text`; see there for what it may hold.

Works on the tokens of ``markdown-it-py`` (CommonMark). Every refusal names the file and the line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt

from signing_service.agreement.names import check_characters, check_direction
from signing_service.agreement.text import Article, Block, Item, Listing, Paragraph, Run, Text
from signing_service.agreement.words import words_for
from signing_service.errors import FormatError, LimitError, Phrase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

    from signing_service.agreement.text import Style
    from signing_service.agreement.words import Words

MAX_BYTES = 512 * 1024  # of one language's text
MAX_ARTICLES = 200
MAX_LIST_DEPTH = 2
MAX_PARAGRAPHS = 99  # of an article, and of what stands before or after the articles; a reference has two figures
MAX_ITEMS = 200  # of a list
MAX_PARAGRAPH = 20_000  # characters, six pages; longer ones take long to set, and nobody reads them

_PLACED = "%(file)s:%(line)s: %(problem)s"
_ROMAN = ((100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
_HEADING_ID = re.compile(r"(?<!\s)\s*\{#([a-z][a-z0-9-]{0,31})\}\Z")
_REFERENCE = re.compile(r"#([a-z][a-z0-9-]{0,31})(?:/([1-9][0-9]?))?")
_TABLE = re.compile(r"\|? *:?-{3,}:? *\|[-:| ]*")
_WIDE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\U00020000-\U0003ffff]")
_WHAT = dict.fromkeys(("fence", "code_block", "code_inline"), Phrase("program code")) | {
    "": Phrase("such a part"), "html_block": Phrase("HTML"), "html_inline": Phrase("HTML"), "image": Phrase("an image"),
    "blockquote_open": Phrase("a quotation"), "hardbreak": Phrase("a forced line break"),
}  # fmt: skip


@dataclass
class _Reader:
    """Walks the tokens of one file; ``position`` is the next token."""

    name: str
    tokens: Sequence[Token]
    words: Words
    position: int = 0
    line: int = 1
    references: list[tuple[str, int]] = field(default_factory=list)

    def refuse(self, message: str, *, hint: str = "", **values: object) -> FormatError:
        """The error to raise, with file and line; ``values`` are what the message names."""
        return FormatError(_PLACED, hint=hint, file=self.name, line=self.line, problem=Phrase(message, **values))

    def peek(self) -> str:
        """The type of the next token, empty at the end."""
        return self.tokens[self.position].type if self.position < len(self.tokens) else ""

    def next(self) -> Token:
        """Take the next token."""
        token = self.tokens[self.position]
        self.position += 1
        if token.map is not None:
            self.line = token.map[0] + 1
        return token


def parse_text(language: str, name: str, data: bytes, words: Words | None = None) -> Text:
    """Read one language's Markdown, UTF-8; ``name`` is the file's, for messages.

    Raises FormatError with file and line on anything outside the allow-list, on characters that cannot be
    printed, on right-to-left letters, on ids used twice and on references that lead nowhere; LimitError above limits.
    """
    markdown = _decode(name, data)
    found: dict[str, Any] = {}
    tokens = MarkdownIt("commonmark", {"maxNesting": 12}).parse(markdown, found)
    reader = _Reader(name, tokens, words or words_for(language))
    _refuse_definitions(reader, found)
    preamble = _blocks(reader, "", 0)
    articles: list[Article] = []
    while reader.peek() == "heading_open":
        articles.append(_article(reader, len(articles) + 1, {article.id for article in articles}))
        if len(articles) > MAX_ARTICLES:
            raise LimitError("%(file)s: more than %(limit)s articles", file=name, limit=MAX_ARTICLES)
    if not articles:
        raise reader.refuse("there is no article", hint="begin an article with: ## Purpose {#purpose}")
    closing: tuple[Block, ...] = ()
    if reader.peek() == "hr":
        reader.next()
        closing = _blocks(reader, "", 0)
    if reader.peek():
        raise _refuse_token(reader, reader.next())
    return _resolve(reader, Text(language, preamble, tuple(articles), closing))


def _decode(name: str, data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise LimitError("%(file)s is larger than %(limit)s bytes", file=name, limit=MAX_BYTES)
    try:
        markdown = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FormatError("%(file)s:%(line)s: not UTF-8", hint="save it as UTF-8", file=name, line=line) from None
    lines = markdown.replace("\r\n", "\n").split("\n")
    for number, line_text in enumerate(lines, 1):
        check_direction(check_characters(line_text, what=f"{name}:{number}: text"), what=f"{name}:{number}: text")
    return "\n".join(check_characters(line_text) for line_text in lines)


def _refuse_definitions(reader: _Reader, found: dict[str, Any]) -> None:
    """Definitions of links are printed nowhere, so they would be words of the source that nobody reads."""
    for label, definition in found.get("references", {}).items():
        reader.line = definition["map"][0] + 1
        problem = "the definition of the link %(label)s would not be printed"
        raise reader.refuse(problem, hint="take it out", label=repr(label.lower()))


def _refuse_token(reader: _Reader, token: Token) -> FormatError:
    if token.type == "heading_open":
        hint = "articles begin with ## and nothing else does"
        return reader.refuse("a heading of level %(level)s", hint=hint, level=int(token.tag[1:]))
    if token.type == "hr":
        return reader.refuse("a second ---", hint="it stands once, before the closing words")
    hint = "use paragraphs, ## articles, lists and emphasis"
    return reader.refuse("%(what)s is not allowed in an agreement", hint=hint, what=_WHAT.get(token.type, _WHAT[""]))


def _article(reader: _Reader, number: int, taken: set[str]) -> Article:
    opening = reader.next()
    if opening.tag != "h2":
        raise _refuse_token(reader, opening)
    inline = reader.next()
    match = _HEADING_ID.search(inline.content)
    if match is None:
        raise reader.refuse("the article has no id", hint="write: ## Purpose {#purpose}")
    if match[1] in taken:
        raise reader.refuse("the id %(id)s is used twice", id=match[1])
    heading = list(_runs(reader, inline))
    last = heading.pop()
    text = _HEADING_ID.sub("", last.text)
    heading += [replace(last, text=text)] if text else []
    if not heading:
        raise reader.refuse("the article has no heading")
    reader.next()  # heading_close
    label = reader.words.article(number)
    return Article(match[1], number, label, tuple(heading), _blocks(reader, match[1], number))


def _blocks(reader: _Reader, article: str, number: int) -> tuple[Block, ...]:
    """Paragraphs and lists up to the next heading, rule or end; numbered where ``number`` is not 0."""
    blocks: list[Block] = []
    count = 0
    while reader.peek() not in ("", "heading_open", "hr"):
        token = reader.next()
        if token.type == "paragraph_open":
            count += 1
            if count > MAX_PARAGRAPHS:
                problem = "more than %(limit)s paragraphs"
                raise reader.refuse(problem, hint="begin another article", limit=MAX_PARAGRAPHS)
            content = _runs(reader, reader.next())
            reader.next()
            numbers = (f"{number}.{count}", f"{article}-{count}") if number else ("", "")
            blocks.append(Paragraph(content, *numbers))
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            if not blocks or isinstance(blocks[-1], Listing):
                raise reader.refuse("a list without a paragraph before it")
            blocks.append(_listing(reader, token, 1))
        else:
            raise _refuse_token(reader, token)
    if number and not blocks:
        raise reader.refuse("the article is empty")
    return tuple(blocks)


def _listing(reader: _Reader, opening: Token, depth: int) -> Listing:
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
        content = _runs(reader, reader.next())
        reader.next()
        inner: list[Listing] = []
        while reader.peek() != "list_item_close":
            token = reader.next()
            if token.type not in ("bullet_list_open", "ordered_list_open") or inner:
                raise reader.refuse("a list item holds more than one paragraph and one list")
            inner.append(_listing(reader, token, depth + 1))
        reader.next()
        label = _label(len(items), depth) if ordered else "–"
        items.append(Item(label, content, tuple(inner)))
    return Listing(ordered, tuple(items))


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


def _runs(reader: _Reader, inline: Token) -> tuple[Run, ...]:
    if len(inline.content) > MAX_PARAGRAPH:
        raise reader.refuse("a paragraph of more than %(limit)s characters", hint="divide it", limit=MAX_PARAGRAPH)
    if any(_TABLE.fullmatch(line.strip()) for line in inline.content.split("\n")):
        raise reader.refuse("a table is not allowed in an agreement", hint="use a list")
    runs: list[Run] = []
    styles: list[Style] = []
    target: str | None = None
    for token in inline.children or []:
        if token.type in ("text", "softbreak", "text_special"):
            text = " " if token.type == "softbreak" else _checked(reader, token.content)
            _append(runs, Run(text, styles[-1] if styles else "plain", target))
        elif token.type in ("em_open", "strong_open"):
            styles.append("emphasis" if token.type == "em_open" else "strong")
        elif token.type in ("em_close", "strong_close"):
            styles.pop()
        elif token.type == "link_open":
            target = _reference(reader, str(token.attrs["href"]))
            runs.append(Run("", styles[-1] if styles else "plain", target))
        elif token.type == "link_close":
            target = None
        else:
            raise _refuse_token(reader, token)
    return _join_wide(runs)


def _checked(reader: _Reader, text: str) -> str:
    """What a stretch says once entities such as ``&rlm;`` are read, which hide a character from who checks the file."""
    what = f"{reader.name}:{reader.line}: text"
    return check_direction(check_characters(text, what=what), what=what)


def _append(runs: list[Run], run: Run) -> None:
    if runs and (runs[-1].style, runs[-1].target) == (run.style, run.target):
        runs[-1] = replace(runs[-1], text=runs[-1].text + run.text)
    elif run.text:
        runs.append(run)


def _join_wide(runs: list[Run]) -> tuple[Run, ...]:
    """Drop the space that a line's end makes between two wide characters, where none is written."""
    joined = [replace(run, text=re.sub(f"(?<={_WIDE.pattern}) (?={_WIDE.pattern})", "", run.text)) for run in runs]
    return tuple(run for run in joined if run.text or run.target)


def _reference(reader: _Reader, address: str) -> str:
    match = _REFERENCE.fullmatch(address)
    if match is None:
        problem = "the link %(link)s leads out of the agreement"
        raise reader.refuse(problem, hint="refer to an article: [](#purpose)", link=address)
    target = f"{match[1]}-{match[2]}" if match[2] else match[1]
    reader.references.append((target, reader.line))
    return target


def _resolve(reader: _Reader, text: Text) -> Text:
    """Spell out the references, each of which must lead somewhere."""
    spelled = {article.anchor: article.label for article in text.articles}
    for article in text.articles:
        for block in article.blocks:
            if isinstance(block, Paragraph):
                spelled[block.anchor] = reader.words.paragraph(article.number, int(block.number.split(".")[1]))
    for target, line in reader.references:
        if target not in spelled:
            reader.line = line
            raise reader.refuse("there is no article or paragraph #%(target)s", target=target)

    def spell(content: tuple[Run, ...]) -> tuple[Run, ...]:
        return tuple(replace(run, text=run.text or spelled[run.target]) if run.target else run for run in content)

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
