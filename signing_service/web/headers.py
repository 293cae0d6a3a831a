"""What every response says to the browser: where scripts, pictures and frames may come from, and what to remember."""

from __future__ import annotations

from flask import Flask, Response, request
from flask_login import current_user

from signing_service.errors import NotAllowedError

# Scripts, styles and fonts only from our own files; no inline script or style, no frames, nothing from anywhere else.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "img-src 'self' blob:",  # blob: the preview of one's own signature
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
HSTS = "max-age=63072000; includeSubDomains"  # two years
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def register(app: Flask) -> None:
    """Set the headers of every response, and refuse what another site's page sends."""
    app.before_request(refuse_other_sites)
    app.after_request(set_headers)


def refuse_other_sites() -> None:
    """Refuse requests that change something and come from a page of another site; CSRF tokens are checked besides."""
    if request.method not in SAFE_METHODS and not is_of_this_site():
        raise NotAllowedError("this request comes from a page of another site")


def is_of_this_site() -> bool:
    """Whether the request comes from a page of this site or from the person's own hand (Fetch Metadata)."""
    return request.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")


def set_headers(response: Response) -> Response:
    """Add the security headers; pages for a person who is signed in are kept in no cache."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", HSTS)
    if "Cache-Control" not in response.headers and request.endpoint != "static":
        private = bool(current_user and current_user.is_authenticated)
        response.headers["Cache-Control"] = "no-store" if private else "no-cache"
    return response
