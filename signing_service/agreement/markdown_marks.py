"""Marks of a text that were begun and not ended, which CommonMark prints as they stand.

``The term is **five years.`` would be sealed with its stars. Whoever wants the character itself puts a backslash
before it: ``\\*``. What is sealed already is read all the same, so this is asked of drafts only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from signing_service.errors import Phrase

if TYPE_CHECKING:
    from markdown_it.token import Token

    from signing_service.agreement.markdown_reader import Reader

AROUND = 24  # characters shown on each side of a mark

_UNFINISHED = re.compile(
    r"(?P<star>\*+)"
    r"|(?P<underscore>(?<![\w])_{1,2}(?=[^\W_])|(?<=[^\W_])_{1,2}(?!\w))"  # in_a_word and ____ are no marks
    r"|(?P<link>\[[^\[\]]*\]\()"
    r"|(?P<id>\{#)"
    r"|(?P<code>`+)"
)
_HASHES = re.compile(r"#{1,6}(?=[^\W\d])")  # #5 is a number
_ID_AT_END = re.compile(r"\{#[a-z][a-z0-9-]{0,31}\}\Z")
_HINTS = {
    "star": Phrase("put as many on each side of the words, right against a letter; \\* prints a star"),
    "underscore": Phrase("put as many on each side of the words, right against a letter; \\_ prints the character"),
    "link": Phrase("refer to an article: [](#purpose)"),
    "id": Phrase("it stands once, at the end of a heading, in small letters: ## Purpose {#purpose}"),
    "code": Phrase("take it out, or write \\` for the character"),
    "heading": Phrase("write a space behind it: ## Purpose"),
}


def note_unfinished(reader: Reader, markdown: str) -> None:
    """Note every mark that would be printed as it stands, with its line and the words around it."""
    tokens = MarkdownIt("commonmark", {"maxNesting": 12}).disable("text_join").parse(markdown)
    before = ""
    for token in tokens:
        if token.type == "inline":
            reader.line = token.map[0] + 1 if token.map else reader.line
            _note_inline(reader, token.children or [], heading=before == "heading_open")
        before = token.type


def _note_inline(reader: Reader, children: list[Token], *, heading: bool) -> None:
    begins = True
    for index, token in enumerate(children):
        if token.type == "softbreak":
            reader.line += 1
        if token.type == "text":  # an escaped character is a token of another type
            text = token.content
            if begins and not heading and (hashes := _HASHES.match(text)):
                _note(reader, "heading", hashes, text)
            id_at_end = _ID_AT_END.search(text) if heading and index == len(children) - 1 else None
            for match in _UNFINISHED.finditer(text, 0, id_at_end.start() if id_at_end else len(text)):
                _note(reader, str(match.lastgroup), match, text)
        begins = begins and not token.content


def _note(reader: Reader, kind: str, match: re.Match[str], text: str) -> None:
    start, end = match.start() - AROUND, match.end() + AROUND
    words = f"{'…' if start > 0 else ''}{text[max(start, 0) : end].strip()}{'…' if end < len(text) else ''}"
    mark = "[](" if kind == "link" else match[0]
    problem = "in “%(words)s” the mark %(mark)s would be printed as it stands"
    reader.note(reader.refuse(problem, hint=_HINTS[kind], mark=mark, words=words))
