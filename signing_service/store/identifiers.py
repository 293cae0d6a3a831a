"""Random ids and tokens, and how a token is kept: as its hash.

Example::

    >>> new_id()
    'kq3v…'  # 26 characters
    >>> token = new_token()
    >>> invitation = session.get(Invitation, hash_token(token))
"""

from __future__ import annotations

import base64
import hashlib
import secrets

from signing_service.encoding import to_base64url

ID_BYTES = 16  # 128 bits (docs/formats.md 1)
TOKEN_BYTES = 32  # 256 bits


def new_id() -> str:
    """128 random bits as 26 characters of lower-case base32."""
    return base64.b32encode(secrets.token_bytes(ID_BYTES)).decode("ascii").rstrip("=").lower()


def new_token() -> str:
    """256 random bits as 43 characters of base64url, for links and cookies."""
    return to_base64url(secrets.token_bytes(TOKEN_BYTES))


def hash_token(token: str) -> bytes:
    """SHA-256 of a token; 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
