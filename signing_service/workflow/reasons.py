"""Why somebody does what cannot be undone: a refusal, a withdrawal, an erasure, another mandate."""

from __future__ import annotations

from signing_service.agreement.names import clean_name
from signing_service.errors import InputError

MAX_REASON = 2000  # characters


def clean_reason(reason: str) -> str:
    """A reason in one line of NFC; raises InputError when it is empty or too long."""
    if not reason.strip():
        raise InputError("no reason was given", hint="write 1 to %(limit)s", limit=MAX_REASON)
    reason = clean_name(" ".join(reason.split()))
    if not 1 <= len(reason) <= MAX_REASON:
        raise InputError(
            "the reason has %(count)s characters", hint="write 1 to %(limit)s", count=len(reason), limit=MAX_REASON
        )
    return reason
