"""Universities' single sign-on: OpenID Connect Core 1.0, authorization code with PKCE, by Authlib.

The settings name a TOML file of providers, each with its own client at the university::

    [[providers]]
    id = "njupt"                                # in addresses; lower-case letters, digits, hyphens
    name = "Nanjing University of Posts and Telecommunications"
    issuer = "https://login.njupt.example"
    client_id = "signing-service"
    client_secret_file = "/etc/signing-service/njupt-secret"   # one line; without it a public client
    party = "njupt"                             # optional: only for people who act for that party

Endpoints and keys come from the issuer's discovery document. What a provider says counts for its own issuer only;
whom it signs in, officers decide (sign_on).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from signing_service.agreement.toml import parse_toml
from signing_service.errors import ConfigurationError
from signing_service.setting_values import LOCAL_HOSTS, PREFIX
from signing_service.settings import Settings

NAME = f"{PREFIX}SINGLE_SIGN_ON_FILE"
MAX_FILE = 65536  # bytes
MAX_PROVIDERS = 100
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_MEMBERS = {"id", "name", "issuer", "client_id", "client_secret_file", "party"}
_NEEDED = {"id", "name", "issuer", "client_id"}


@dataclass(frozen=True, slots=True)
class Provider:
    """One university's provider, as the settings file names it."""

    id: str
    name: str
    issuer: str
    """Exactly as the provider's tokens say it."""
    client_id: str
    client_secret: str | None = field(repr=False)
    party: str | None


def read_providers(settings: Settings) -> tuple[Provider, ...]:
    """The providers of the settings' file; none without one. Raises ConfigurationError with the provider's name."""
    path = settings.single_sign_on_file
    if path is None:
        return ()
    try:
        data = path.read_bytes()
        if len(data) > MAX_FILE:
            raise ConfigurationError(f"{NAME}: {path} is larger than {MAX_FILE} bytes")
        content = parse_toml(data.decode("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{NAME}: cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"{NAME}: {path} is not TOML: {error}") from error
    entries = content.get("providers")
    if set(content) != {"providers"} or not isinstance(entries, list) or not 1 <= len(entries) <= MAX_PROVIDERS:
        raise ConfigurationError(f"{NAME}: {path} does not hold [[providers]], 1 to {MAX_PROVIDERS}")
    found = tuple(_provider(entry, number, path) for number, entry in enumerate(entries, start=1))
    for member in ("id", "issuer"):  # two of one issuer could not be told apart
        values = [getattr(one, member) for one in found]
        if len(set(values)) < len(values):
            raise ConfigurationError(f"{NAME}: two providers have the same {member}")
    return found


def _provider(entry: Any, number: int, path: Path) -> Provider:
    place = f"{NAME}: provider {number}"
    if not isinstance(entry, dict) or not all(isinstance(value, str) and value for value in entry.values()):
        raise ConfigurationError(f"{place} is not a table of texts")
    place = f"{NAME}: provider {entry.get('id', number)}"
    unknown, missing = sorted(set(entry) - _MEMBERS), sorted(_NEEDED - set(entry))
    if unknown or missing:
        what = f"has the unknown member {unknown[0]}" if unknown else f"lacks {missing[0]}"
        raise ConfigurationError(f"{place} {what}", hint="docs/configuration.md shows one")
    if not _ID.fullmatch(entry["id"]):
        raise ConfigurationError(f"{place}: id is not 1 to 32 lower-case letters, digits and hyphens")
    _check_issuer(entry["issuer"], place)
    secret = _secret(entry, place, path)
    return Provider(entry["id"], entry["name"], entry["issuer"], entry["client_id"], secret, entry.get("party"))


def _check_issuer(issuer: str, place: str) -> None:
    parts = urlsplit(issuer)
    if parts.query or parts.fragment or not is_safe(issuer):
        raise ConfigurationError(f"{place}: issuer {issuer!r} is not an https URL without query and fragment")


def is_safe(url: object) -> bool:
    """Whether what is sent there cannot be read on the way: https, or this machine."""
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or not parts.hostname or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL_HOSTS)


def _secret(entry: dict[str, str], place: str, path: Path) -> str | None:
    if "client_secret_file" not in entry:
        return None
    file = path.parent / entry["client_secret_file"]
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{place}: cannot read client_secret_file {file}") from error
    if not text or "\n" in text:
        raise ConfigurationError(f"{place}: client_secret_file {file} does not hold exactly one line")
    return text
