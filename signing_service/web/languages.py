"""The language of the interface: chosen by hand, else that of the link, else the one noted for the person, else what
the browser prefers.

A language is finished when its catalogue is complete and was read by who speaks it; any other catalogue is a draft. A
draft shows English where it has no translation, says on each page that it is one, and is only ever chosen by hand:
neither a browser's preference nor a mail leads anybody into it.
"""

from __future__ import annotations

import functools
from contextlib import suppress
from typing import Any

from babel import Locale
from flask import request, session
from flask_babel import force_locale, gettext
from flask_login import current_user

from signing_service import resources
from signing_service.errors import UnavailableError
from signing_service.workflow import people
from signing_service.workflow.mails import DEFAULT, FINISHED
from signing_service.workflow.service import Service

INVITED = ("account.invitation", "api.open_invitation", "api.accept_invitation")
"""Endpoints of links, which say in which language they were sent."""


@functools.cache
def finished() -> dict[str, str]:
    """Tags and own names of the languages that pages and mails are in."""
    return {tag: _own_name(tag) for tag in FINISHED}


@functools.cache
def drafts() -> dict[str, str]:
    """Tags and own names of the languages that there are drafts in, by name."""
    tags = {path.parent.parent.name for path in resources.translations().glob("*/LC_MESSAGES/*.mo")}
    named = {tag.replace("_", "-"): _own_name(tag) for tag in tags - set(FINISHED)}
    return dict(sorted(named.items(), key=lambda item: item[1].casefold()))


def _own_name(tag: str) -> str:
    return Locale.parse(tag.replace("-", "_")).get_display_name() or tag


def choose() -> str:
    """The language for this request, as Babel spells it."""
    noted = getattr(current_user, "locale", DEFAULT)
    chosen = session.get("language")
    if chosen in drafts():
        return str(chosen).replace("-", "_")
    link = request.args.get("language") if request.endpoint in INVITED else None
    for wanted in (chosen, link, None if noted == DEFAULT else noted):  # English is noted where none was
        if wanted in FINISHED:
            return str(wanted)
    return request.accept_languages.best_match(FINISHED, default=DEFAULT)


def note(service: Service, person_id: str, noted: str) -> None:
    """Let the person's mails be in the language of the pages from now on: chosen here, or the browser's where none was.

    English is noted where none was, so it gives way to what the browser prefers, as it does on the pages.
    """
    chosen = session.get("language") or (noted if noted != DEFAULT else choose())
    if chosen != noted and chosen in FINISHED:
        with suppress(UnavailableError):  # a busy database is no reason to keep anybody out
            people.note_language(service, person_id, chosen)


def context() -> dict[str, Any]:
    """What templates need to offer the languages."""
    return {"interface_languages": finished(), "draft_languages": drafts(), "draft_offered": offered()}


def offered() -> dict[str, str] | None:
    """The draft that the browser prefers to every finished language, and the words that offer it, in its language."""
    if "language" in session:
        return None
    primary = (tag.replace("_", "-").split("-")[0].lower() for tag in request.accept_languages.values())
    known = next((tag for tag in primary if tag in FINISHED or tag in drafts()), DEFAULT)
    if known in FINISHED:
        return None
    with force_locale(known):
        return {"tag": known, "text": gettext("Read these pages in a draft translation")}
