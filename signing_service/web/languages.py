"""The language of the interface: chosen by hand, else the one noted for the person, else what the browser prefers."""

from __future__ import annotations

import functools
from contextlib import suppress
from typing import Any

from babel import Locale
from flask import request, session
from flask_login import current_user

from signing_service import resources
from signing_service.errors import UnavailableError
from signing_service.workflow import people
from signing_service.workflow.service import Service

DEFAULT = "en"


@functools.cache
def available() -> dict[str, str]:
    """Language tags of the interface and their own names; English and every finished catalogue."""
    tags = [DEFAULT, *sorted(path.parent.parent.name for path in resources.translations().glob("*/LC_MESSAGES/*.mo"))]
    return {tag.replace("_", "-"): Locale.parse(tag.replace("-", "_")).get_display_name() or tag for tag in tags}


def choose() -> str:
    """The language for this request, as Babel spells it."""
    noted = getattr(current_user, "locale", DEFAULT)
    for wanted in (session.get("language"), None if noted == DEFAULT else noted):  # English is noted where none was
        if wanted in available():
            return str(wanted).replace("-", "_")
    best = request.accept_languages.best_match(list(available()), default=DEFAULT)
    return best.replace("-", "_")


def note(service: Service, person_id: str, noted: str) -> None:
    """Let the person's mails be in the language of the pages from now on: chosen here, or the browser's where none was.

    English is noted where none was, so it gives way to what the browser prefers, as it does on the pages.
    """
    chosen = session.get("language") or (noted if noted != DEFAULT else choose().replace("_", "-"))
    if chosen != noted and chosen in available():
        with suppress(UnavailableError):  # a busy database is no reason to keep anybody out
            people.note_language(service, person_id, chosen)


def context() -> dict[str, Any]:
    """What templates need to offer the languages."""
    return {"interface_languages": list(available().items())}
