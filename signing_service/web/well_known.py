"""Addresses that programs ask every site for: its icon, what crawlers shall leave alone, whom to tell of a weakness."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import getaddresses
from urllib.parse import quote

from flask import Blueprint, Response, current_app

from signing_service.errors import NotFoundError
from signing_service.settings import Settings
from signing_service.web.visitor import the_service

blueprint = Blueprint("well_known", __name__)

PUBLIC = ("static", "public.", "hall.", "record.", "verification.", "well_known.")  # what anybody may read and list
VALID = timedelta(days=180)  # RFC 9116 section 2.5.5: less than a year


@blueprint.get("/favicon.ico")
def favicon() -> Response:
    """The icon that pages link, for what asks without having read one."""
    response = current_app.send_static_file("emblem.svg")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


@blueprint.get("/robots.txt")
def robots() -> Response:
    """RFC 9309: everything that is not for everybody, by the first part of its address."""
    lines = ["User-agent: *", *(f"Disallow: /{part}" for part in private_parts())]
    return _text(lines)


def private_parts() -> list[str]:
    """The first parts of all addresses behind which something is that not anybody may read."""
    rules = current_app.url_map.iter_rules()
    return sorted({rule.rule.split("/")[1] for rule in rules if not rule.endpoint.startswith(PUBLIC)} - {""})


@blueprint.get("/.well-known/security.txt")
def security() -> Response:
    """RFC 9116; raises NotFoundError where the settings name nobody."""
    service = the_service()
    contact = contact_of(service.settings)
    if contact is None:
        raise NotFoundError("there is no such page")
    return _text(security_lines(contact, service.settings.public_url, service.clock()))


def security_lines(contact: str, public_url: str, now: datetime) -> list[str]:
    """The fields of security.txt; they are the same for a whole day."""
    expires = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + VALID
    canonical = [f"Canonical: {public_url}/.well-known/security.txt"] if public_url.startswith("https:") else []
    return [f"Contact: {contact}", f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}", "Preferred-Languages: en", *canonical]


def contact_of(settings: Settings) -> str | None:
    """Whom to tell of a weakness, as a URI: the contact for it, else where answers to mails go, else their sender."""
    given = settings.security_contact or settings.mail_reply_to or settings.mail_from
    if given is None or given.startswith("https://"):
        return given
    [(_, address)] = getaddresses([given])
    return f"mailto:{quote(address, safe='@+')}"


def _text(lines: list[str]) -> Response:
    body = "".join(f"{line}\n" for line in lines)
    return Response(body, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "public, max-age=3600"})
