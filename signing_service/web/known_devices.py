"""Browsers in which somebody has signed in before: a cookie that opens nothing, but that a stranger cannot have.

Where an account gets wrong passwords from strangers it is closed to strangers; who has signed in with this browser
before still comes in (OWASP's "device cookies"). So nobody can lock somebody else out.
"""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Flask, Response, current_app, g, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

LIFETIME = 365 * 86400  # seconds
MOST = 4  # people who share a browser
SALT = "signing-service/known-device"


def register(app: Flask) -> None:
    """Send the cookie with the answer to whoever signs in."""
    app.after_request(_send)


def remember(email: str) -> None:
    """This browser is one of the person's."""
    own = _mark(email)
    g.known_device = [own, *(one for one in _known() if one != own)][:MOST]


def is_known(email: str) -> bool:
    """Whether the person with that address has signed in with this browser before."""
    return _mark(email) in _known()


def own_mark() -> str:
    """A name of this browser that only the service can give; empty where nobody has signed in with it."""
    return next(iter(_known()), "")


def mark(*names: str) -> str:
    """Names a person to the service alone."""
    return hashlib.sha256(f"{SALT}:{current_app.secret_key!r}:{names}".encode()).hexdigest()[:32]


def _mark(email: str) -> str:
    return mark(email.strip().lower())


def _known() -> list[str]:
    try:
        found = _serializer().loads(request.cookies.get(_name(), ""), max_age=LIFETIME)
    except BadSignature:
        return []
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _send(response: Response) -> Response:
    if "known_device" in g:
        secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
        content = str(_serializer().dumps(g.known_device))
        how: dict[str, Any] = {"secure": secure, "httponly": True, "samesite": "Strict", "path": "/"}
        response.set_cookie(_name(), content, max_age=LIFETIME, **how)
    return response


def _name() -> str:
    return "__Host-device" if current_app.config["SESSION_COOKIE_SECURE"] else "device"


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt=SALT)
