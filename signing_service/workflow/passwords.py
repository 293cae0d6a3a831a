"""Passwords: argon2id at rest, checked in similar time for known and unknown people.

The parameters are argon2-cffi's RFC 9106 low-memory profile: 64 MiB, 3 passes, 4 lanes.
"""

from __future__ import annotations

import functools
from collections.abc import Collection

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from signing_service.errors import InputError, NotAllowedError
from signing_service.workflow.guessing import check_not_guessed

MIN_PASSWORD_LENGTH = 12  # characters; NIST SP 800-63B asks for at least 8
MAX_PASSWORD_LENGTH = 256

_HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


class WrongPasswordError(NotAllowedError):
    """The password or the one-time code at a proof of presence is not the person's; attempts are to be limited."""


def hash_password(password: str, own_words: Collection[str] = ()) -> str:
    """Hash a new password; raises InputError when it is too short, too long or easy to guess.

    ``own_words``: what others know of the person, as guessing.own_words_of gives it.
    """
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        raise InputError(
            "the password has %(count)s characters",
            hint="choose one of %(least)s to %(most)s characters; a short sentence is fine",
            count=len(password),
            least=MIN_PASSWORD_LENGTH,
            most=MAX_PASSWORD_LENGTH,
        )
    check_not_guessed(password, own_words)
    return _HASHER.hash(password)


def password_matches(password: str, stored: str | None) -> bool:
    """Say whether ``password`` fits ``stored``; takes as long when there is no such person."""
    try:
        _HASHER.verify(stored or _unknown_person(), password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return stored is not None


@functools.cache
def _unknown_person() -> str:
    return _HASHER.hash("nobody has this password")
