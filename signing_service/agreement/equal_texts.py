"""Equally authentic texts have the same articles with the same numbers in them, whatever the language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signing_service.agreement.text import outline
from signing_service.errors import FormatError, Phrase, raise_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from signing_service.agreement.text import Text


def check_equal(texts: Mapping[str, Text]) -> None:
    """Raise FormatError where articles or numbers differ from those of the first language, SeveralErrors of several."""
    first, *others = texts.values()
    raise_all([error for other in others for error in _differences(first, other)])


def _differences(first: Text, other: Text) -> Iterator[FormatError]:
    """Where a text is another than the first; behind an article that is another one nothing can be compared."""
    files = {"file": f"{other.language}.md", "first": f"{first.language}.md"}
    ours, theirs = outline(first), outline(other)
    for index, (one, two) in enumerate(zip(ours, theirs, strict=False), 1):
        if one[0] != two[0]:
            message = "%(file)s: article %(number)s is #%(id)s, in %(first)s #%(wanted)s"
            yield FormatError(message, number=index, id=two[0], wanted=one[0], **files)
            return
        if one[1] != two[1]:
            yield FormatError(
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
        yield FormatError(message, found=len(theirs), wanted=len(ours), **files)


def _spell(labels: tuple[str, ...]) -> Phrase:
    listed = f"{', '.join(labels[:12])}{', …' if len(labels) > 12 else ''}"
    return Phrase("%(count)s numbers (%(labels)s)", count=len(labels), labels=listed)
