"""Equally authentic texts have the same articles with the same numbers in them, whatever the language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signing_service.agreement.text import outline
from signing_service.errors import FormatError, Phrase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from signing_service.agreement.text import Text


def check_equal(texts: Mapping[str, Text]) -> None:
    """Raise FormatError where articles or numbers differ from those of the first language."""
    first, *others = texts.values()
    for other in others:
        files = {"file": f"{other.language}.md", "first": f"{first.language}.md"}
        ours, theirs = outline(first), outline(other)
        for index, (one, two) in enumerate(zip(ours, theirs, strict=False), 1):
            if one[0] != two[0]:
                message = "%(file)s: article %(number)s is #%(id)s, in %(first)s #%(wanted)s"
                raise FormatError(message, number=index, id=two[0], wanted=one[0], **files)
            if one[1] != two[1]:
                raise FormatError(
                    "%(file)s: article %(number)s (#%(id)s) has %(found)s, in %(first)s %(wanted)s",
                    hint="equally authentic texts have the same paragraphs and list items",
                    number=index,
                    id=one[0],
                    found=_spell(two[1]),
                    wanted=_spell(one[1]),
                    **files,
                )
        if len(ours) != len(theirs):
            message = "%(file)s has %(found)s articles, %(first)s %(wanted)s"
            raise FormatError(message, found=len(theirs), wanted=len(ours), **files)


def _spell(labels: tuple[str, ...]) -> Phrase:
    listed = f"{', '.join(labels[:12])}{', …' if len(labels) > 12 else ''}"
    return Phrase("%(count)s numbers (%(labels)s)", count=len(labels), labels=listed)
