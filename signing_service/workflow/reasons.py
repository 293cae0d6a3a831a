"""Why somebody does what cannot be undone: a refusal, a withdrawal, an erasure, another mandate, more time."""

from __future__ import annotations

from signing_service.agreement.names import clean_name
from signing_service.errors import InputError

MAX_REASON = 2000  # characters


def clean_reason(reason: str, limit: int = MAX_REASON) -> str:
    """A reason in one line of NFC; raises InputError when it is empty or longer than ``limit`` characters."""
    reason = " ".join(reason.split())
    if not reason:
        raise InputError("no reason was given", hint="write 1 to %(limit)s", limit=limit)
    if len(reason) > limit:
        raise InputError(
            "the reason has %(count)s characters", hint="write 1 to %(limit)s", count=len(reason), limit=limit
        )
    return clean_name(reason, what="reason", max_length=limit)
