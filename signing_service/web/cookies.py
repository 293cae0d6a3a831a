"""The session cookie, signed but not dated: how long a session lives is the database's to say.

Flask refuses a cookie that is "younger than now". With several machines, or after a clock was set right, that would
sign out people in the middle of their work because two clocks differ by a second.
"""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer


class UndatedSessions(SecureCookieSessionInterface):
    """Flask's own sessions, whatever the time says."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Flask's, which looks at no date when it reads."""
        serializer = super().get_signing_serializer(app)
        if serializer is not None:
            serializer.loads = _undated(serializer.loads)  # type: ignore[method-assign]
        return serializer


def _undated(loads: Any) -> Any:
    return lambda value, max_age=None, **options: loads(value, **options)
