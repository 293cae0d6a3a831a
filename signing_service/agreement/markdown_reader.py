"""The tokens of one Markdown file while they are read, and what is told of a thing that may not stand there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from signing_service.agreement.names import check_characters, check_direction
from signing_service.errors import FormatError, LimitError, Phrase, raise_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

    from signing_service.agreement.words import Words

MAX_BYTES = 512 * 1024  # of one language's text
MAX_PROBLEMS = 50  # told at once; a file in the wrong encoding has one in each line

_PLACED = "%(file)s:%(line)s: %(problem)s"
_WHAT = dict.fromkeys(("fence", "code_block", "code_inline"), Phrase("program code")) | {
    "": Phrase("such a part"), "html_block": Phrase("HTML"), "html_inline": Phrase("HTML"), "image": Phrase("an image"),
    "blockquote_open": Phrase("a quotation"), "hardbreak": Phrase("a forced line break"),
}  # fmt: skip


@dataclass
class Reader:
    """Walks the tokens of one file; ``position`` is the next token."""

    name: str
    tokens: Sequence[Token]
    words: Words
    position: int = 0
    line: int = 1
    references: list[tuple[str, int]] = field(default_factory=list)
    problems: list[FormatError] = field(default_factory=list)
    """What is wrong so far; reading goes on behind it."""

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

    def note(self, error: FormatError) -> None:
        """Keep what is wrong to be told with the rest; raises all of it where it is too much."""
        self.problems.append(error)
        if isinstance(error, LimitError) or len(self.problems) >= MAX_PROBLEMS:
            raise_all(self.told())

    def told(self) -> list[FormatError]:
        """What is wrong, from the top of the file to its end."""
        return sorted(self.problems, key=_line_of)

    def leave(self, start: int) -> None:
        """Go on behind the part that begins with the token ``start``."""
        depth, self.position = 0, start
        while self.position < len(self.tokens):
            depth += self.tokens[self.position].nesting
            self.position += 1
            if depth <= 0:
                return


def _line_of(error: FormatError) -> int:
    told = error.message.values.get("line", 0) if isinstance(error.message, Phrase) else 0
    return told if isinstance(told, int) else 0


def refuse_token(reader: Reader, token: Token) -> FormatError:
    """The error to raise for a part that an agreement may not hold there."""
    if token.type == "heading_open":
        hint = "articles begin with ## and nothing else does"
        return reader.refuse("a heading of level %(level)s", hint=hint, level=int(token.tag[1:]))
    if token.type == "hr":
        return reader.refuse("a second ---", hint="it stands once, before the closing words")
    hint = "use paragraphs, ## articles, lists and emphasis"
    return reader.refuse("%(what)s is not allowed in an agreement", hint=hint, what=_WHAT.get(token.type, _WHAT[""]))


def decode(name: str, data: bytes) -> str:
    """A file's text in NFC; raises LimitError, and FormatError with all lines that hold what cannot be printed."""
    if len(data) > MAX_BYTES:
        raise LimitError("%(file)s is larger than %(limit)s bytes", file=name, limit=MAX_BYTES)
    try:
        markdown = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FormatError("%(file)s:%(line)s: not UTF-8", hint="save it as UTF-8", file=name, line=line) from None
    lines = markdown.replace("\r\n", "\n").split("\n")
    raise_all(list(_unprintable(name, lines)))
    return "\n".join(check_characters(line_text) for line_text in lines)


def _unprintable(name: str, lines: Sequence[str]) -> Iterator[FormatError]:
    told = 0
    for number, text in enumerate(lines, 1):
        what = f"{name}:{number}: text"
        try:
            check_direction(check_characters(text, what=what), what=what)
        except FormatError as error:
            yield error
            told += 1
            if told == MAX_PROBLEMS:
                return
