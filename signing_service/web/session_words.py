"""What each page tells its script about the session: how long it lasts, and what is said before it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from signing_service.web import known_devices
from signing_service.web.visitor import the_service, visitor

WARN = timedelta(minutes=5)  # before the end; WCAG 2.2.1 asks for 20 seconds
WARN_AT_TABLE = timedelta(minutes=1)


def session_words() -> dict[str, Any]:
    """For templates, where somebody is signed in."""
    person = visitor()
    warn = WARN_AT_TABLE if person.at_table else WARN
    return {
        "person": known_devices.mark(person.name, person.person_id),
        "left": seconds(person.expires - the_service().clock()),
        "page": {
            "warn": seconds(warn),
            "urls": {
                "clock": url_for("own.clock"),
                "stay": url_for("own.stay"),
                "sign_in": url_for("account.sign_in"),
            },
            "words": {
                "soon": _("You have not done anything here for a while and will be signed out in {minutes} min."),
                "last": _("Your session ends in {minutes} min. Sign in again now; what you typed or drew is kept."),
                "over": _("You are signed out. What you typed or drew is kept in this window; sign in to go on."),
            },
        },
    }


def seconds(span: timedelta) -> int:
    """Whole seconds, not below nothing."""
    return max(0, round(span / timedelta(seconds=1)))
