"""Mails as triples of subject, text and HTML, in the recipient's language, from ``templates/mail``."""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from babel.support import NullTranslations, Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from signing_service import resources
from signing_service.workflow.mail_colours import colours

if TYPE_CHECKING:
    from signing_service.workflow.service import Service


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail's content; the subject is a single line."""

    subject: str
    text: str
    html: str


DEFAULT = "en"
"""Noted where no language was."""
FINISHED = (DEFAULT, "zh", "ru", "th")
"""What pages and mails are in; any other catalogue is a draft."""


@functools.cache
def translations(locale: str) -> NullTranslations:
    """The interface's messages in ``locale``; English where there is no translation.

    A catalogue is read once a process: reading it takes longer than all else that a signature says by mail.
    """
    return Translations.load(resources.translations(), [locale.replace("-", "_")])


_SCRIPTS = {"zh": "CJK", "ru": "CYRILLIC", "th": "THAI"}
"""How the names of a language's letters begin in Unicode; all other languages of mails are written in Latin letters."""


def addressed(name: str, native_name: str | None, locale: str) -> str:
    """How a mail in ``locale`` addresses a person: by the native name where it is in that language's letters.

    林书怡 in a Chinese mail, Lin Shuyi in an English one.
    """
    script = _SCRIPTS.get(locale.partition("-")[0], "LATIN")
    letters = [character for character in native_name or "" if character.isalpha()]
    fits = all(unicodedata.name(letter, "").startswith(script) for letter in letters)
    return native_name if native_name and letters and fits else name


def colon(locale: str) -> str:
    """Between what something is and what it says: as wide as the letters in Chinese, followed by a space elsewhere."""
    return "：" if locale.partition("-")[0] == "zh" else ": "


@functools.cache
def _environment(locale: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(resources.templates()),
        autoescape=select_autoescape(["html"]),
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(colours(), colon=colon(locale))
    environment.install_gettext_translations(translations(locale), newstyle=True)  # type: ignore[attr-defined]
    return environment


def letterhead(service: Service) -> dict[str, Any]:
    """What every mail says of its sender: the service, where it is, and whom to ask."""
    contact = service.settings.secretariat
    dialled = "".join(one for one in (contact.telephone or "" if contact else "") if one in "+0123456789")
    return {
        "service_name": service.name,
        "public_url": service.settings.public_url,
        "contact": contact,
        "dialled": dialled,
    }


def compose(kind: str, locale: str, subject: str, **values: Any) -> Mail:
    """Fill the templates ``mail/<kind>.txt`` and ``.html``; line breaks in the subject become spaces."""
    subject = " ".join(subject.split())
    environment = _environment(locale)
    values |= {"subject": subject, "locale": locale}
    text, html = (environment.get_template(f"mail/{kind}.{suffix}").render(values) for suffix in ("txt", "html"))
    return Mail(subject, text, html)
