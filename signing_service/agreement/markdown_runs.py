"""The words within a paragraph, heading or item: their styles and references."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from signing_service.agreement.markdown_reader import refuse_token
from signing_service.agreement.names import check_characters, check_direction
from signing_service.agreement.text import Run

if TYPE_CHECKING:
    from markdown_it.token import Token

    from signing_service.agreement.markdown_reader import Reader
    from signing_service.agreement.text import Style

MAX_PARAGRAPH = 20_000  # characters, six pages; longer ones take long to set, and nobody reads them

_REFERENCE = re.compile(r"#([a-z][a-z0-9-]{0,31})(?:/([1-9][0-9]?))?")
_TABLE = re.compile(r"\|? *:?-{3,}:? *\|[-:| ]*")
_WIDE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\U00020000-\U0003ffff]")


def runs(reader: Reader, inline: Token) -> tuple[Run, ...]:
    """The stretches of one inline token; raises FormatError on what may not stand there."""
    if len(inline.content) > MAX_PARAGRAPH:
        raise reader.refuse("a paragraph of more than %(limit)s characters", hint="divide it", limit=MAX_PARAGRAPH)
    if any(_TABLE.fullmatch(line.strip()) for line in inline.content.split("\n")):
        raise reader.refuse("a table is not allowed in an agreement", hint="use a list")
    found: list[Run] = []
    styles: list[Style] = []
    target: str | None = None
    for token in inline.children or []:
        if token.type in ("text", "softbreak", "text_special"):
            text = " " if token.type == "softbreak" else _checked(reader, token.content)
            _append(found, Run(text, styles[-1] if styles else "plain", target))
        elif token.type in ("em_open", "strong_open"):
            styles.append("emphasis" if token.type == "em_open" else "strong")
        elif token.type in ("em_close", "strong_close"):
            styles.pop()
        elif token.type == "link_open":
            target = _reference(reader, str(token.attrs["href"]))
            found.append(Run("", styles[-1] if styles else "plain", target))
        elif token.type == "link_close":
            target = None
        else:
            raise refuse_token(reader, token)
    return _join_wide(found)


def _checked(reader: Reader, text: str) -> str:
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


def _reference(reader: Reader, address: str) -> str:
    match = _REFERENCE.fullmatch(address)
    if match is None:
        problem = "the link %(link)s leads out of the agreement"
        raise reader.refuse(problem, hint="refer to an article: [](#purpose)", link=address)
    target = f"{match[1]}-{match[2]}" if match[2] else match[1]
    reader.references.append((target, reader.line))
    return target
