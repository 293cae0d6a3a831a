"""Mails as triples of subject, text and HTML, in the recipient's language, from ``templates/mail``."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from babel.support import NullTranslations, Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from signing_service import resources


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail's content; the subject is a single line."""

    subject: str
    text: str
    html: str


def translations(locale: str) -> NullTranslations:
    """The interface's messages in ``locale``; English where there is no translation."""
    return Translations.load(resources.translations(), [locale.replace("-", "_")])


@functools.cache
def _environment(locale: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(resources.templates()),
        autoescape=select_autoescape(["html"]),
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.install_gettext_translations(translations(locale), newstyle=True)  # type: ignore[attr-defined]
    return environment


def compose(kind: str, locale: str, subject: str, **values: Any) -> Mail:
    """Fill the templates ``mail/<kind>.txt`` and ``.html``; line breaks in the subject become spaces."""
    subject = " ".join(subject.split())
    environment = _environment(locale)
    values |= {"subject": subject, "locale": locale}
    text, html = (environment.get_template(f"mail/{kind}.{suffix}").render(values) for suffix in ("txt", "html"))
    return Mail(subject, text, html)
