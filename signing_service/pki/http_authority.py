"""Timestamp authorities over HTTP (RFC 3161 section 3.4).

authority = HttpAuthority("https://tsa.example.org/tsr", anchors)
token = authority.timestamp(digest, now)
time = authority.tell_time()  # whatever this machine's clock says
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

import httpx
from cryptography import x509

from signing_service.errors import TimestampError
from signing_service.pki.deadline import NO_REUSE, Deadline
from signing_service.pki.timestamp_check import MAX_RESPONSE_BYTES, check_response
from signing_service.pki.timestamps import TimestampToken, new_nonce, request_timestamp

QUERY_TYPE = "application/timestamp-query"
REPLY_TYPE = "application/timestamp-reply"
DIGEST_SIZE = 32  # bytes of SHA-256
TIMEOUT = 10.0  # seconds for each of connecting, sending and waiting for the next bytes
DEADLINE = 20.0  # seconds for the whole answer
TIME_DEADLINE = 5.0  # seconds for one that no signature waits for


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
        self._timeout, self._deadline = timeout, deadline
        self._client = httpx.Client(
            timeout=timeout, follow_redirects=False, headers={"Accept": REPLY_TYPE}, limits=NO_REUSE
        )

    @property
    def name(self) -> str:
        """The URL."""
        return self._url

    def timestamp(self, digest: bytes, now: datetime) -> TimestampToken:
        """Give a token over ``digest`` (SHA-256) whose every part was checked; raises TimestampError."""
        nonce = new_nonce()
        response = self._ask(request_timestamp(digest, nonce), self._deadline)
        return check_response(response, digest, nonce, self._anchors, now)

    def tell_time(self) -> datetime:
        """The authority's time (aware, UTC), signed by it a moment ago, to compare a clock with; raises TimestampError.

        The token is over a random digest and checked like any other, but for what this machine's clock says.
        """
        digest, nonce = secrets.token_bytes(DIGEST_SIZE), new_nonce()
        response = self._ask(request_timestamp(digest, nonce), min(TIME_DEADLINE, self._deadline))
        return check_response(response, digest, nonce, self._anchors, None).time

    def _ask(self, request: bytes, seconds: float) -> bytes:
        with Deadline(seconds) as deadline:
            try:
                return self._exchange(request, deadline, min(seconds, self._timeout))
            except httpx.TimeoutException as error:
                raise TimestampError("it did not answer in time") from error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                late = "it did not answer in time" if deadline.is_over else f"it cannot be reached: {error}"
                raise TimestampError(late) from error

    def _exchange(self, request: bytes, deadline: Deadline, timeout: float) -> bytes:
        headers, body = {"Content-Type": QUERY_TYPE}, b""
        with self._client.stream(
            "POST", self._url, content=request, headers=headers, timeout=timeout, extensions={"trace": deadline.trace}
        ) as answer:
            if answer.status_code != 200:
                raise TimestampError(f"it answered with HTTP status {answer.status_code}")
            if answer.headers.get("Content-Type", "").partition(";")[0].strip().lower() != REPLY_TYPE:
                raise TimestampError(f"it did not answer with {REPLY_TYPE}")
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > MAX_RESPONSE_BYTES:
                    raise TimestampError(f"answer is larger than {MAX_RESPONSE_BYTES} bytes")
        if deadline.is_over:
            raise TimestampError("it did not answer in time")
        return body

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
