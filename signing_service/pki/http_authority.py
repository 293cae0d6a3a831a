"""Timestamp authorities over HTTP (RFC 3161 section 3.4).

authority = HttpAuthority("https://tsa.example.org/tsr", anchors)
token = authority.timestamp(digest, now)
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

import httpx
from cryptography import x509

from signing_service.errors import TimestampError
from signing_service.pki.timestamp_check import MAX_RESPONSE_BYTES, check_response
from signing_service.pki.timestamps import TimestampToken, new_nonce, request_timestamp

QUERY_TYPE = "application/timestamp-query"
REPLY_TYPE = "application/timestamp-reply"
TIMEOUT = 10.0  # seconds for each of connecting, sending and waiting for the next bytes
DEADLINE = 20.0  # seconds for the whole answer


class HttpAuthority:
    """An RFC 3161 authority at a URL, believed as far as ``anchors`` reach. Safe to share between threads."""

    def __init__(
        self,
        url: str,
        anchors: Sequence[x509.Certificate],
        *,
        timeout: float = TIMEOUT,
        deadline: float = DEADLINE,
    ) -> None:
        """Ask at ``url``; ``timeout`` and ``deadline`` are in seconds. Redirections are not followed."""
        self._url = url
        self._anchors = tuple(anchors)
        self._deadline = deadline
        self._client = httpx.Client(timeout=timeout, follow_redirects=False, headers={"Accept": REPLY_TYPE})

    @property
    def name(self) -> str:
        """The URL."""
        return self._url

    def timestamp(self, digest: bytes, now: datetime) -> TimestampToken:
        """Give a token over ``digest`` (SHA-256) whose every part was checked; raises TimestampError."""
        nonce = new_nonce()
        response = self._ask(request_timestamp(digest, nonce))
        return check_response(response, digest, nonce, self._anchors, now)

    def _ask(self, request: bytes) -> bytes:
        deadline = time.monotonic() + self._deadline
        try:
            with self._client.stream(
                "POST", self._url, content=request, headers={"Content-Type": QUERY_TYPE}
            ) as answer:
                if answer.status_code != 200:
                    raise TimestampError(f"it answered with HTTP status {answer.status_code}")
                if answer.headers.get("Content-Type", "").partition(";")[0].strip().lower() != REPLY_TYPE:
                    raise TimestampError(f"it did not answer with {REPLY_TYPE}")
                body = b""
                for chunk in answer.iter_bytes():
                    body += chunk
                    if time.monotonic() > deadline:
                        raise TimestampError("it did not answer in time")
                    if len(body) > MAX_RESPONSE_BYTES:
                        raise TimestampError(f"answer is larger than {MAX_RESPONSE_BYTES} bytes")
                return body
        except httpx.TimeoutException as error:
            raise TimestampError("it did not answer in time") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TimestampError(f"it cannot be reached: {error}") from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
