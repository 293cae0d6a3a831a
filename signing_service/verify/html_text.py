"""Texts for the report's page: escaped, cleaned, and marked with their language where it is not the page's.

    told_text(check.message, words)       # in the reader's language, or in English and marked so
"""

from __future__ import annotations

from html import escape

from signing_service.verify.speech import ENGLISH, Words
from signing_service.verify.text import clean


def in_language(text: str, language: str, words: Words) -> str:
    """A text that is in ``language``; marked as such where the page is in another, for its letters and for speech."""
    shown = escape(clean(text))
    if not shown or language in ("", words.language):
        return shown
    return f'<span lang="{escape(language)}">{shown}</span>'


def told_text(text: str, words: Words) -> str:
    """What a step made, in the page's language, or else in English."""
    told = words.told(text) if text else ""
    return in_language(text, ENGLISH, words) if told is None else in_language(told, words.language, words)
